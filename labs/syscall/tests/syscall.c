/* A call's way through the table: values, bad pointers, errno, locks, and what must not leak. Passes on Linux too. */
#include "lab.h"
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#define KERNEL_ADDRESS ((void *)0xffffffff80100000UL)
#define HOLE_ADDRESS ((void *)0x00007ffffffff000UL)	/* the first byte above user space */

struct info {			/* the kernel's struct sysinfo, without libc's tail */
	long uptime;
	unsigned long loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	unsigned short procs, pad;
	unsigned gap;
	unsigned long totalhigh, freehigh;
	unsigned mem_unit, rest;
};

/* The address behind one page that may be read and written; nothing is mapped there. */
static char *page_end(void)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	CHECK_OK(munmap(p + PAGE, PAGE));
	memset(p, 0xee, PAGE);
	return p + PAGE;
}

static char *read_only(void)
{
	char *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* ---- getcpu ---- */

TEST(getcpu_answers)
{
	unsigned cpu[3] = { 77, 77, 77 }, node[3] = { 77, 77, 77 };

	CHECK_EQ(syscall(SYS_getcpu, &cpu[1], &node[1], NULL), 0);
	CHECK(cpu[1] < 64);
	CHECK_EQ(node[1], 0);
	CHECK(cpu[0] == 77 && cpu[2] == 77 && node[0] == 77 && node[2] == 77);
	cpu[1] = node[1] = 77;
	CHECK_EQ(syscall(SYS_getcpu, &cpu[1], NULL, NULL), 0);
	CHECK(cpu[1] < 64);
	CHECK_EQ(syscall(SYS_getcpu, NULL, &node[1], NULL), 0);
	CHECK_EQ(node[1], 0);
	CHECK_EQ(syscall(SYS_getcpu, NULL, NULL, (void *)8), 0);	/* the third is not used */
}

TEST(getcpu_bad_pointers)
{
	char *end = page_end();
	unsigned ok = 77;

	CHECK_EQ(syscall(SYS_getcpu, end - 4, NULL, NULL), 0);
	CHECK_ERR(syscall(SYS_getcpu, end - 2, NULL, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_getcpu, end, NULL, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_getcpu, (void *)8, NULL, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_getcpu, KERNEL_ADDRESS, NULL, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_getcpu, NULL, HOLE_ADDRESS, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_getcpu, NULL, -4L, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_getcpu, read_only(), NULL, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_getcpu, &ok, read_only(), NULL), EFAULT);
	CHECK(ok < 64);			/* the first was good, and written */
}

/* ---- uname and sethostname ---- */

static void set_name(const char *name)
{
	CHECK_EQ(syscall(SYS_sethostname, name, strlen(name)), 0);
}

static const char *node_name(void)
{
	static struct utsname u;

	CHECK_EQ(syscall(SYS_uname, &u), 0);
	return u.nodename;
}

TEST(uname_fields)
{
	struct { struct utsname u; char behind[8]; } x;
	const char *field = (const char *)&x.u;

	memset(&x, 0x11, sizeof(x));
	CHECK_EQ(syscall(SYS_uname, &x.u), 0);
	CHECK(!strcmp(x.u.sysname, "Linux"));
	CHECK(!strcmp(x.u.machine, "x86_64"));
	CHECK(strchr(x.u.release, '.') && x.u.version[0] == '#');
	for (int i = 0; i < 6; i++, field += 65)
		CHECK(memchr(field, 0, 65));
	for (int i = 0; i < 8; i++)
		CHECK_EQ(x.behind[i], 0x11);
}

TEST(uname_fault)
{
	char *end = page_end();

	CHECK_ERR(syscall(SYS_uname, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_uname, end - 389), EFAULT);
	CHECK_EQ(syscall(SYS_uname, end - 390), 0);
	CHECK_ERR(syscall(SYS_uname, KERNEL_ADDRESS), EFAULT);
	CHECK_ERR(syscall(SYS_uname, read_only()), EFAULT);
}

TEST(locks_given_back)
{
	CHECK_EQ(syscall(SYS_uname, page_end() - 389), -1);
	STATE("failed", 0, 0, 0);
	CHECK_EQ(syscall(SYS_sethostname, 8, 4), -1);
	STATE("failed", 0, 0, 0);
	set_name("still-here");
	CHECK(!strcmp(node_name(), "still-here"));
	STATE("worked", 0, 0, 0);
}

TEST(hostname_goes_round)
{
	char full[65] = { 0 };

	set_name("a-rather-long-name-of-a-machine");
	CHECK(!strcmp(node_name(), "a-rather-long-name-of-a-machine"));
	set_name("short");
	CHECK(!strcmp(node_name(), "short"));
	STATE("is", "short", 5, 0);
	memset(full, 'x', 64);
	CHECK_EQ(syscall(SYS_sethostname, full, 64), 0);
	CHECK(!strcmp(node_name(), full));
	STATE("is", full, 64, 0);
	CHECK_EQ(syscall(SYS_sethostname, full, 0), 0);
	STATE("is", "", 0, 0);
	CHECK_EQ(syscall(SYS_setdomainname, "lab", 3), 0);
	set_name("end");
	STATE("is", "end", 3, 0);
}

TEST(hostname_errors)
{
	char name[100] = "grader";

	set_name("before");
	CHECK_ERR(syscall(SYS_sethostname, name, -1), EINVAL);
	CHECK_ERR(syscall(SYS_sethostname, name, 65), EINVAL);
	CHECK_ERR(syscall(SYS_sethostname, NULL, 65), EINVAL);		/* the length first */
	CHECK_ERR(syscall(SYS_sethostname, NULL, 3), EFAULT);
	CHECK_ERR(syscall(SYS_sethostname, KERNEL_ADDRESS, 3), EFAULT);
	CHECK_EQ(syscall(SYS_sethostname, NULL, 0), 0);			/* nothing is read */
	CHECK_CHILD(
		CHECK_OK(syscall(SYS_setuid, 1000));
		CHECK_ERR(syscall(SYS_sethostname, name, 6), EPERM);
		CHECK_ERR(syscall(SYS_sethostname, name, -1), EPERM);	/* who you are, before all */
		CHECK_ERR(syscall(SYS_sethostname, NULL, 6), EPERM));
}

TEST(hostname_all_or_nothing)
{
	char *end = page_end();

	set_name("unharmed");
	memcpy(end - 4, "evil", 4);
	CHECK_ERR(syscall(SYS_sethostname, end - 4, 12), EFAULT);	/* four bytes can be read */
	STATE("is", "unharmed", 8, 0);
	CHECK(!strcmp(node_name(), "unharmed"));
	CHECK_ERR(syscall(SYS_sethostname, end - 4, 65), EINVAL);
	STATE("is", "unharmed", 8, 0);
}

/* ---- sysinfo ---- */

TEST(sysinfo_values)
{
	struct { struct info i; char behind[8]; } a, b;
	pid_t pid[3];

	memset(&a, 0x22, sizeof(a));
	CHECK_EQ(syscall(SYS_sysinfo, &a.i), 0);
	STATE("sysinfo", &a.i, 0, 0);
	CHECK(a.i.totalram && a.i.freeram && a.i.mem_unit);
	CHECK(a.i.freeram <= a.i.totalram);
	for (int i = 0; i < 8; i++)
		CHECK_EQ(a.behind[i], 0x22);
	for (int i = 0; i < 3; i++) {
		pid[i] = fork();
		if (!pid[i])
			for (;;)
				pause();
	}
	CHECK_EQ(syscall(SYS_sysinfo, &b.i), 0);
	STATE("sysinfo", &b.i, 0, 0);
	CHECK_EQ(b.i.procs, a.i.procs + 3);
	for (int i = 0; i < 3; i++) {
		kill(pid[i], SIGKILL);
		CHECK_EQ(waitpid(pid[i], NULL, 0), pid[i]);
	}
	CHECK_ERR(syscall(SYS_sysinfo, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_sysinfo, page_end() - 100), EFAULT);
}

/* The grader fills the kernel stack with a pattern before each call; what it holds must not come out. */
TEST(nothing_leaks)
{
	struct info i;
	struct utsname u;
	const char *field = (const char *)&u;

	memset(&i, 0xee, sizeof(i));
	memset(&u, 0xee, sizeof(u));
	set_name("leak");
	STATE("poison", 0, 0, 0);
	CHECK_EQ(syscall(SYS_sysinfo, &i), 0);
	CHECK_EQ(i.pad, 0);
	CHECK_EQ(i.gap, 0);
	CHECK_EQ(i.rest, 0);
	CHECK(!i.bufferram && !i.totalswap && !i.freeswap && !i.totalhigh && !i.freehigh);
	STATE("poison", 0, 0, 0);
	CHECK_EQ(syscall(SYS_uname, &u), 0);
	for (int f = 0; f < 6; f++, field += 65)
		for (int n = strlen(field); n < 65; n++)
			if (field[n])
				FAIL("byte %d of uname's string %d is %#x: it comes from the kernel's stack", n, f, field[n] & 0xff);
	STATE("poison", 0, 0, 0);
	CHECK_EQ(syscall(SYS_sethostname, "new", 3), 0);
	STATE("name", "new", 3, 0);
}

/* ---- prlimit64 ---- */

struct limit {
	unsigned long cur, max;
};

static long prlimit64_(pid_t pid, int what, const void *new, void *old)
{
	return syscall(SYS_prlimit64, pid, what, new, old);
}

TEST(prlimit_values)
{
	struct limit old = { 1, 1 }, x = { 100, 200 };

	CHECK_EQ(prlimit64_(0, RLIMIT_NOFILE, &x, &old), 0);
	CHECK_EQ(old.cur, 1024);
	STATE("nofile", 100, 200, 0);
	x = (struct limit){ 50, 150 };
	CHECK_EQ(prlimit64_(0, RLIMIT_NOFILE, &x, &x), 0);	/* one struct for both */
	CHECK(x.cur == 100 && x.max == 200);
	STATE("nofile", 50, 150, 0);
	CHECK_EQ(prlimit64_(getpid(), RLIMIT_NOFILE, NULL, &x), 0);
	CHECK(x.cur == 50 && x.max == 150);
	x.cur = 40;
	CHECK_EQ(prlimit64_(0, RLIMIT_NOFILE, &x, NULL), 0);
	STATE("nofile", 40, 150, 0);
	CHECK_EQ(prlimit64_(0, RLIMIT_NOFILE, NULL, NULL), 0);
}

TEST(prlimit_errors)
{
	struct limit x = { 10, 20 }, bad = { 20, 10 };

	CHECK_ERR(prlimit64_(0, RLIMIT_NOFILE, (void *)8, NULL), EFAULT);
	CHECK_ERR(prlimit64_(0, RLIMIT_NOFILE, KERNEL_ADDRESS, &x), EFAULT);
	CHECK_ERR(prlimit64_(999999, 99, (void *)8, NULL), EFAULT);	/* read first, then looked for */
	CHECK_ERR(prlimit64_(999999, RLIMIT_NOFILE, NULL, &x), ESRCH);
	CHECK_ERR(prlimit64_(0, 16, NULL, &x), EINVAL);
	CHECK_ERR(prlimit64_(0, -1, NULL, &x), EINVAL);
	CHECK_ERR(prlimit64_(0, RLIMIT_NOFILE, &bad, NULL), EINVAL);
	CHECK_ERR(prlimit64_(0, RLIMIT_NOFILE, NULL, (void *)8), EFAULT);
	CHECK_ERR(prlimit64_(0, 16, NULL, (void *)8), EINVAL);		/* nothing to write, so no fault */
	CHECK(x.cur == 10 && x.max == 20);
	CHECK_CHILD(
		CHECK_OK(syscall(SYS_setuid, 1000));
		CHECK_ERR(prlimit64_(1, RLIMIT_NOFILE, NULL, &x), EPERM));
}

/* ---- numbers that nobody has ---- */

static long int80(long nr)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(nr), "b"(0), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

TEST(unknown_number)
{
	CHECK_ERR(syscall(400, 1, 2, 3), ENOSYS);
	CHECK_ERR(syscall(1000, 1, 2, 3), ENOSYS);
	CHECK_ERR(syscall(-1L), ENOSYS);
	CHECK_ERR(syscall(0x7fffffff), ENOSYS);
	CHECK_ERR(syscall(402, 0, 0, 0), ENOSYS);
	CHECK_EQ((int)int80(425), -ENOSYS);
	CHECK_EQ((int)int80(100000), -ENOSYS);
}

TEST(unknown_is_told_once)
{
	static const char *const names[] = { "lab-one", "lab-two" };

	for (int i = 0; i < 2; i++) {
		CHECK_EQ(syscall(SYS_prctl, 15 /* PR_SET_NAME */, names[i], 0, 0, 0), 0);
		for (int n = 0; n < 5; n++) {
			CHECK_ERR(syscall(401), ENOSYS);
			CHECK_ERR(syscall(29), ENOSYS);
		}
	}
	STATE("told", getpid(), 0, 0);
}

/* ---- what must not break ---- */

TEST(other_calls)
{
	struct rlimit r;
	struct timespec ts;
	char name[16];

	CHECK_EQ(syscall(SYS_getpid), getpid());
	CHECK_EQ(getppid(), 1);
	CHECK_EQ(syscall(SYS_getrlimit, RLIMIT_STACK, &r), 0);
	CHECK_EQ(r.rlim_cur, 8 << 20);
	CHECK_EQ(syscall(SYS_prctl, 16 /* PR_GET_NAME */, name, 0, 0, 0), 0);
	CHECK_EQ(syscall(SYS_clock_gettime, 1, &ts), 0);
	CHECK_ERR(syscall(SYS_clock_gettime, 1, KERNEL_ADDRESS), EFAULT);
	CHECK_ERR(write(1, KERNEL_ADDRESS, 1), EFAULT);
	CHECK_ERR(close(99), EBADF);
}
