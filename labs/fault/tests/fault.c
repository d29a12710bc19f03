/* The page fault: memory on demand, pages of files, the stack that grows, and accesses that are not allowed. */
#include "lab.h"
#include <setjmp.h>
#include <sys/sysinfo.h>

static char *map(long pages, int prot, int flags, int fd, long page_offset)
{
	char *p = mmap(NULL, pages * PAGE, prot, flags, fd, page_offset * PAGE);

	CHECK(p != MAP_FAILED);
	return p;
}

static char *anon(long pages)
{
	return map(pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static int file_of(int pages)
{
	int fd = open("/tmp/file", O_RDWR | O_CREAT | O_TRUNC, 0644);
	char block[PAGE];

	CHECK(fd >= 0);
	for (int i = 0; i < pages; i++) {
		memset(block, 'a' + i, PAGE);
		CHECK_EQ(write(fd, block, PAGE), PAGE);
	}
	return fd;
}

static long faults_so_far(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return ru.ru_minflt + ru.ru_majflt;
}

/* ---- signals ---- */

static sigjmp_buf back;
static volatile int got_signal, got_code;
static char *volatile got_address;
static char signal_stack[16384];

static void on_fault(int sig, siginfo_t *si, void *context)
{
	(void)context;
	got_signal = sig;
	got_code = si->si_code;
	got_address = si->si_addr;
	siglongjmp(back, 1);
}

static void catch_faults(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t ss = { .ss_sp = signal_stack, .ss_size = sizeof(signal_stack) };

	CHECK_OK(sigaltstack(&ss, NULL));
	CHECK_OK(sigaction(SIGSEGV, &sa, NULL));
	CHECK_OK(sigaction(SIGBUS, &sa, NULL));
}

/* The block must end in this signal with this code at this address. */
#define CHECK_FAULT(sig, code, address, ...)								\
	do {												\
		got_signal = 0;										\
		if (!sigsetjmp(back, 1)) {								\
			__VA_ARGS__;									\
		}											\
		if (!got_signal)									\
			FAIL("%s: no signal", #__VA_ARGS__);						\
		if (got_signal != (sig) || got_code != (code) || got_address != (char *)(address))	\
			FAIL("%s: signal %d, si_code %d, si_addr %p instead of %s, %s, %p", #__VA_ARGS__, got_signal,	\
			     got_code, got_address, #sig, #code, (void *)(address));			\
	} while (0)

static void peek(char *p)
{
	__asm__("" : "+r"(p));		/* gcc is not to know what we do */
	(void)*(volatile char *)p;
}

static void poke(char *p)
{
	__asm__("" : "+r"(p));
	*(volatile char *)p = 1;
}

/* ---- memory on demand ---- */

TEST(memory_is_zero)
{
	for (int round = 0; round < 3; round++) {
		char *p = anon(200);

		for (int i = 0; i < 200; i++)
			for (int k = 0; k < (int)PAGE; k += 512)
				CHECK_EQ(p[i * PAGE + k], 0);
		for (int i = 0; i < 200; i++) {
			p[i * PAGE + 100] = 1;	/* the page that comes now was somebody's */
			for (int k = 0; k < (int)PAGE; k += 256)
				CHECK_EQ(p[i * PAGE + k], 0);
			memset(p + i * PAGE, 0x55, PAGE);
		}
		CHECK_OK(munmap(p, 200 * PAGE));
	}
}

TEST(reading_takes_nothing)
{
	char *p = anon(32);

	for (int i = 0; i < 32; i++)
		peek(p + i * PAGE);
	STATE("read", p, 32, 0);
	for (int i = 0; i < 32; i += 4)
		p[i * PAGE] = i + 1;
	STATE("written", p, 32, 4);
	for (int i = 0; i < 32; i++)
		CHECK_EQ(p[i * PAGE], i % 4 ? 0 : i + 1);
	CHECK_OK(munmap(p, 32 * PAGE));
	STATE("gone", p, 32, 0);
}

TEST(only_what_is_touched)
{
	const long n = 16384;			/* 64 MiB: as much as the machine has */
	char *p = anon(n);
	long before;

	STATE("mapped", p, 0, 0);
	p[5 * PAGE] = p[700 * PAGE] = p[n * PAGE - 1] = 1;
	STATE("touched", p, 3, n);
	before = faults_so_far();
	for (int i = 1000; i < 1064; i++)
		p[i * PAGE] = p[i * PAGE + 8] = 1;
	long taken = faults_so_far() - before;

	STATE("more", p, 67, n);
	if (taken < 64 || taken > 72)
		FAIL("64 new pages took %ld faults", taken);
}

/* ---- files ---- */

TEST(file_pages_are_shared)
{
	int fd = file_of(20);
	char *p = map(20, PROT_READ, MAP_SHARED, fd, 0), *q = map(8, PROT_READ, MAP_PRIVATE, fd, 9), c;
	long before = faults_so_far();

	for (int i = 0; i < 20; i++)
		CHECK_EQ(p[i * PAGE + i], 'a' + i);
	long taken = faults_so_far() - before;

	for (int i = 0; i < 8; i++)
		CHECK_EQ(q[i * PAGE], 'a' + 9 + i);
	STATE("mapped", p, q, 0);
	if (taken > 8)
		FAIL("20 pages that are in the page cache took %ld faults", taken);
	p = map(20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p[3 * PAGE] = 'X';
	CHECK_EQ(pread(fd, &c, 1, 3 * PAGE), 1);
	CHECK_EQ(c, 'X');
	STATE("written", p, 0, 0);
	CHECK_OK(munmap(p, 20 * PAGE));
	close(fd);
	CHECK_OK(unlink("/tmp/file"));
}

TEST(private_is_private)
{
	int fd = file_of(6);
	volatile char *p = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 2);
	char c;

	p[0] = 'X';				/* write first */
	CHECK_EQ(p[1], 'c');
	CHECK_EQ(p[2 * PAGE], 'e');		/* read first */
	p[2 * PAGE] = 'Y';
	STATE("written", p, 0, 0);
	for (int i = 0; i < 6; i++) {
		CHECK_EQ(pread(fd, &c, 1, i * PAGE), 1);
		CHECK_EQ(c, 'a' + i);
	}
	CHECK_EQ(p[3 * PAGE], 'f');
	CHECK_OK(munmap((void *)p, 4 * PAGE));
	close(fd);
	CHECK_OK(unlink("/tmp/file"));
}

TEST(behind_the_end)
{
	int fd = file_of(2);
	char *p = map(4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *q = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	catch_faults();
	CHECK_EQ(p[2 * PAGE - 1], 'b');
	CHECK_FAULT(SIGBUS, BUS_ADRERR, p + 2 * PAGE, peek(p + 2 * PAGE));
	CHECK_FAULT(SIGBUS, BUS_ADRERR, p + 3 * PAGE + 5, poke(p + 3 * PAGE + 5));
	CHECK_FAULT(SIGBUS, BUS_ADRERR, q + 2 * PAGE, poke(q + 2 * PAGE));
	CHECK_OK(ftruncate(fd, 3 * PAGE));
	CHECK_EQ(p[2 * PAGE], 0);		/* now it is there */
	CHECK_OK(ftruncate(fd, PAGE));
	CHECK_FAULT(SIGBUS, BUS_ADRERR, p + PAGE, peek(p + PAGE));
}

/* ---- who may not ---- */

TEST(nothing_there)
{
	char *p = anon(2000);

	catch_faults();
	CHECK_OK(munmap(p + 4 * PAGE, 1000 * PAGE));
	CHECK_FAULT(SIGSEGV, SEGV_MAPERR, p + 4 * PAGE, peek(p + 4 * PAGE));
	CHECK_FAULT(SIGSEGV, SEGV_MAPERR, p + 1004 * PAGE - 1, poke(p + 1004 * PAGE - 1));	/* a mapping right above, but no stack */
	CHECK_FAULT(SIGSEGV, SEGV_MAPERR, 8, peek((char *)8));
	CHECK_FAULT(SIGSEGV, SEGV_MAPERR, 0xffff888000000000, peek((char *)0xffff888000000000));
	CHECK_FAULT(SIGSEGV, SEGV_MAPERR, p + 5 * PAGE, ((void (*)(void))(p + 5 * PAGE))());
	p[3 * PAGE] = p[1004 * PAGE] = 1;
}

TEST(not_allowed)
{
	char *p = anon(8);

	catch_faults();
	p[0] = p[PAGE] = 1;
	CHECK_OK(mprotect(p, 2 * PAGE, PROT_READ));
	CHECK_FAULT(SIGSEGV, SEGV_ACCERR, p, poke(p));
	CHECK_EQ(p[0], 1);
	CHECK_OK(mprotect(p, 2 * PAGE, PROT_NONE));
	CHECK_FAULT(SIGSEGV, SEGV_ACCERR, p + PAGE, peek(p + PAGE));
	CHECK_FAULT(SIGSEGV, SEGV_ACCERR, p + PAGE, poke(p + PAGE));
	CHECK_OK(mprotect(p + 2 * PAGE, 2 * PAGE, PROT_READ));	/* never touched */
	CHECK_FAULT(SIGSEGV, SEGV_ACCERR, p + 2 * PAGE, poke(p + 2 * PAGE));
	CHECK_OK(mprotect(p + 4 * PAGE, PAGE, PROT_NONE));
	CHECK_FAULT(SIGSEGV, SEGV_ACCERR, p + 4 * PAGE, peek(p + 4 * PAGE));
	p[6 * PAGE] = (char)0xc3;		/* ret */
	CHECK_FAULT(SIGSEGV, SEGV_ACCERR, p + 6 * PAGE, ((void (*)(void))(p + 6 * PAGE))());
	CHECK_OK(mprotect(p + 6 * PAGE, PAGE, PROT_READ | PROT_EXEC));
	((void (*)(void))(p + 6 * PAGE))();
	CHECK_OK(mprotect(p, 2 * PAGE, PROT_READ | PROT_WRITE));
	CHECK_EQ(p[PAGE], 1);
	p[0] = 2;
}

TEST(system_calls_say_efault)
{
	char *p = anon(8);
	int fds[2];

	CHECK_OK(pipe(fds));
	CHECK_OK(mprotect(p + PAGE, PAGE, PROT_READ));
	CHECK_OK(mprotect(p + 2 * PAGE, PAGE, PROT_NONE));
	CHECK_OK(munmap(p + 3 * PAGE, PAGE));
	CHECK_EQ(write(fds[1], p, 10), 10);	/* untouched memory is fine */
	CHECK_EQ(write(fds[1], p + PAGE, 10), 10);
	CHECK_ERR(write(fds[1], p + 2 * PAGE, 10), EFAULT);
	CHECK_ERR(write(fds[1], p + 3 * PAGE, 10), EFAULT);
	CHECK_EQ(read(fds[0], p, 10), 10);
	CHECK_ERR(read(fds[0], p + PAGE, 1), EFAULT);
	CHECK_ERR(read(fds[0], p + 2 * PAGE, 1), EFAULT);
	CHECK_ERR(read(fds[0], p + 3 * PAGE, 1), EFAULT);
}

/* ---- the stack ---- */

static __attribute__((noinline)) int deep(int pages)
{
	volatile char frame[PAGE];

	frame[0] = pages;
	frame[PAGE - 1] = pages;
	return pages ? deep(pages - 1) + frame[0] - frame[PAGE - 1] : 0;
}

static char *stack_pointer(void)
{
	char *sp;

	__asm__("mov %%rsp, %0" : "=r"(sp));
	return sp;
}

TEST(the_stack_grows)
{
	char *here = stack_pointer();
	int fd = open("/dev/zero", O_RDONLY);

	STATE("before", here, 0, 0);
	CHECK_EQ(deep(100), 0);
	STATE("deep", here - 100 * PAGE, 0, 0);
	char *below = (char *)((long)here & -PAGE) - 300 * PAGE;

	poke(below);				/* far below rsp: Linux lets that grow it too */
	STATE("touched", below, 1, 0);
	below -= 50 * PAGE;
	CHECK_EQ(read(fd, below, 16), 16);	/* the fault comes in the kernel */
	STATE("kernel", below, 1, 0);
	CHECK_CHILD(
		CHECK_EQ(deep(500), 0);
		STATE("child", here - 500 * PAGE, 0, 0));
}

TEST(the_stack_ends)
{
	struct rlimit rl = { 1 << 20, 1 << 20 };
	char *page = (char *)((long)stack_pointer() & -PAGE), *wall;

	catch_faults();
	CHECK_CHILD(
		CHECK_OK(setrlimit(RLIMIT_STACK, &rl));
		poke(page - 200 * PAGE);
		CHECK_FAULT(SIGSEGV, SEGV_MAPERR, page - 300 * PAGE, poke(page - 300 * PAGE)));
	wall = mmap(page - 1000 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK_EQ(wall, page - 1000 * PAGE);
	poke(page - 700 * PAGE);
	CHECK_FAULT(SIGSEGV, SEGV_MAPERR, page - 800 * PAGE, poke(page - 800 * PAGE));
	CHECK_OK(munmap(wall, PAGE));
	poke(page - 800 * PAGE);
}

/* ---- all at once ---- */

TEST(any_order)
{
	int fd = file_of(20);
	pid_t pid[3];

	for (int c = 0; c < 3; c++) {
		pid[c] = fork();
		if (pid[c])
			continue;
		char *p = anon(40), *q = map(20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		for (int i = 0; i < 20; i++) {
			int k = (i * 7 + c) % 20;

			p[2 * k * PAGE] = 100 + k;
			spin(30000);
			q[k * PAGE + 1 + c] = 50 + c;
			CHECK_EQ(q[k * PAGE], 'a' + k);
			CHECK_EQ(p[(2 * k + 1) * PAGE], 0);
		}
		for (int k = 0; k < 20; k++)
			CHECK_EQ(p[2 * k * PAGE], 100 + k);
		_exit(0);
	}
	for (int c = 0, status; c < 3; c++) {
		CHECK_EQ(waitpid(pid[c], &status, 0), pid[c]);
		CHECK_EQ(status, 0);
	}
	for (int k = 0; k < 20; k++) {
		char block[4];

		CHECK_EQ(pread(fd, block, 4, k * PAGE), 4);
		for (int c = 0; c < 3; c++)
			CHECK_EQ(block[1 + c], 50 + c);
	}
}
