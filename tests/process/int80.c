/* int 0x80: i386 numbers and registers from a 64-bit program. */
#include "../abi.h"

/* i386 passes 32-bit pointers: what it points to must lie below 4 GiB. */
static char low[256];
static int fds[2];
static unsigned ts[2], rest[3];

static int call(int nr, long a, long b, long c, long d, long e)
{
	register long rbp_in asm("r9") = 0;
	int ret;

	asm volatile("int $0x80" : "=a"(ret)
		     : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "r"(rbp_in)
		     : "r8", "r10", "r11", "memory");
	return ret;
}

/* Linux without i386 emulation (ia32_emulation=0, some virtual machines) faults on int 0x80. */
static void need_int80(void)
{
	int status;

	IN_CHILD(status, no_core(); call(20, 0, 0, 0, 0, 0));
	if (status)
		SKIP("int 0x80 is off");
}

#define CALL(nr, a, b, c) call(nr, (long)(a), (long)(b), (long)(c), 0, 0)

TEST(files)
{
	need_int80();
	int fd;

	strcpy(low, "file");
	fd = CALL(5, low, O_CREAT | O_RDWR, 0644);
	CHECK(fd >= 0);
	strcpy(low, "hello");
	CHECK_EQ(CALL(4, fd, low, 5), 5);
	CHECK_EQ(CALL(19, fd, 1, SEEK_SET), 1);
	memset(low, 0, sizeof(low));
	CHECK_EQ(CALL(3, fd, low, 10), 4);
	CHECK(!strcmp(low, "ello"));
	CHECK_EQ(CALL(63, fd, 40, 0), 40);
	CHECK_EQ(CALL(6, 40, 0, 0), 0);
	CHECK_EQ(CALL(6, 40, 0, 0), -EBADF);
	CHECK_EQ(CALL(54, fd, 0x5401, low), -ENOTTY);
	strcpy(low, "none");
	CHECK_EQ(CALL(5, low, O_RDONLY, 0), -ENOENT);
	CHECK_EQ(CALL(5, 0, O_RDONLY, 0), -EFAULT);
}

TEST(pipe_and_fork)
{
	need_int80();
	int pid, st;

	CHECK_EQ(CALL(42, fds, 0, 0), 0);
	pid = CALL(2, 0, 0, 0);
	if (!pid) {
		low[0] = 'c';
		CALL(4, fds[1], low, 1);
		CALL(1, 5, 0, 0);
	}
	CHECK(pid > 0);
	CHECK_EQ(CALL(3, fds[0], low, 1), 1);
	CHECK_EQ(low[0], 'c');
	static int status;
	CHECK_EQ(CALL(7, pid, &status, 0), pid);
	st = status;
	CHECK(WIFEXITED(st) && WEXITSTATUS(st) == 5);
}

TEST(exec)
{
	need_int80();
	static char path[] = "/bin/busybox", arg[] = "true";
	static unsigned argv[2], envp[1];
	int st;

	IN_CHILD(st,
		argv[0] = (unsigned)(unsigned long)arg;
		CALL(11, path, argv, envp);	/* arrays of 32-bit pointers */
		_exit(9));
	CHECK_EQ(st, 0);
}

TEST(ids_and_kill)
{
	need_int80();
	int st;

	CHECK_EQ(CALL(20, 0, 0, 0), getpid());
	CHECK_EQ(CALL(37, getpid(), 0, 0), 0);
	CHECK_EQ(CALL(37, 999999, 0, 0), -ESRCH);
	IN_CHILD(st, CALL(37, getpid(), SIGTERM, 0));
	CHECK_EQ(st, SIGTERM);
}

TEST(memory)
{
	need_int80();
	unsigned top = CALL(45, 0, 0, 0);
	long p;

	CHECK_EQ(top, (unsigned)syscall(SYS_brk, 0));
	/* mmap2: length, offset in pages; low enough for a 32-bit result */
	p = (unsigned)call(192, 0x10000000, 8192, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1);
	CHECK_EQ(p, 0x10000000);
	*(volatile int *)p = 1;
}

TEST(sleep_and_unknown)
{
	need_int80();
	long start = now_ms();

	ts[0] = 0;
	ts[1] = 20000000;
	CHECK_EQ(CALL(162, ts, 0, 0), 0);
	CHECK(now_ms() - start >= 19);
	CHECK_EQ(CALL(9999, 0, 0, 0), -ENOSYS);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* Behind this door too it goes on after a stop, and tells a handler's interruption what is left, in 32-bit words. */
TEST(sleep_is_restarted)
{
	need_int80();
	struct sigaction act = { .sa_handler = on_signal };
	long start = now_ms();
	int st;
	pid_t pid = fork();

	ts[0] = 0;
	ts[1] = 300000000;
	if (!pid)
		_exit(CALL(162, ts, 0, 0) ? 1 : now_ms() - start < 299 ? 2 : 0);
	wait_states(pid, "SZ");		/* a busy host may come late: then it is over */
	kill(pid, SIGSTOP);
	wait_states(pid, "TZ");
	kill(pid, SIGCONT);
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(st, 0);

	sigaction(SIGUSR1, &act, NULL);
	signal_when_asleep(SIGUSR1);
	ts[0] = 1000;
	ts[1] = 0;
	rest[0] = rest[2] = 7;
	CHECK_EQ(CALL(162, ts, rest, 0), -EINTR);
	CHECK(rest[0] >= 900 && rest[0] < 1000);
	CHECK(rest[1] > 0 && rest[1] < 1000000000 && rest[2] == 7);
}

TEST(registers_are_kept)
{
	need_int80();
	unsigned long rbx = 0x1111222233334444, rcx, rdx, rsi, r12;
	int ret;

	asm volatile("mov $0x1212121212121212, %%r12; int $0x80; mov %%r12, %5"
		     : "=a"(ret), "=b"(rbx), "=c"(rcx), "=d"(rdx), "=S"(rsi), "=r"(r12)
		     : "0"(20), "1"(0x5555666677778888), "2"(0x99), "3"(0xaa), "4"(0xbb)
		     : "r8", "r9", "r10", "r11", "r12", "memory");
	CHECK_EQ(ret, getpid());
	CHECK_EQ(rbx, 0x5555666677778888);
	CHECK(rcx == 0x99 && rdx == 0xaa && rsi == 0xbb);
	CHECK_EQ(r12, 0x1212121212121212);
}
