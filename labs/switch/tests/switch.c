/*
 * Switching, sleeping, waking. The sweeps at the end put the timer's interrupt on one instruction after the other of a system
 * call: one instruction is one nanosecond here, and a tick comes each 999847 of them, so it can be aimed at.
 */
#include "lab.h"

#define ARCH_SET_GS 0x1001
#define ARCH_GET_GS 0x1004
#define TICK 999847L

static struct shared {
	volatile long a, b, c, d;
} *sh;

static void begin(void)
{
	sh = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK((void *)sh != MAP_FAILED);
}

static void nap(long ns)
{
	struct timespec ts = { 0, ns };

	nanosleep(&ts, NULL);
}

/* ---- the switch ---- */

/* Fills the registers that C keeps over a call, yields n times, and says which of them changed: bits 0 to 5. */
static long yield_with(unsigned long pattern, long n)
{
	unsigned long changed;

	__asm__ volatile(
		"sub $128, %%rsp; push %%rbp; push %%rbx\n"	/* the red zone is the compiler's */
		"mov %1, %%rbx; lea 1(%1), %%rbp; lea 2(%1), %%r12; lea 3(%1), %%r13; lea 4(%1), %%r14; lea 5(%1), %%r15\n"
		"push %2; push %1\n"
		"1: mov $24, %%eax; syscall\n"
		"decq 8(%%rsp); jnz 1b\n"
		"pop %%rdi; pop %%rsi; xor %%eax, %%eax; xor %%ecx, %%ecx\n"
		"cmp %%rdi, %%rbx; setne %%al; inc %%rdi\n"
		"cmp %%rdi, %%rbp; setne %%cl; shl $1, %%ecx; or %%ecx, %%eax; xor %%ecx, %%ecx; inc %%rdi\n"
		"cmp %%rdi, %%r12; setne %%cl; shl $2, %%ecx; or %%ecx, %%eax; xor %%ecx, %%ecx; inc %%rdi\n"
		"cmp %%rdi, %%r13; setne %%cl; shl $3, %%ecx; or %%ecx, %%eax; xor %%ecx, %%ecx; inc %%rdi\n"
		"cmp %%rdi, %%r14; setne %%cl; shl $4, %%ecx; or %%ecx, %%eax; xor %%ecx, %%ecx; inc %%rdi\n"
		"cmp %%rdi, %%r15; setne %%cl; shl $5, %%ecx; or %%ecx, %%eax\n"
		"pop %%rbx; pop %%rbp; add $128, %%rsp\n"
		: "=&a"(changed), "+D"(pattern), "+S"(n) : : "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
	return changed;
}

TEST(registers_survive)
{
	pid_t pid[3];
	int status;

	for (int i = 0; i < 3; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			long changed = yield_with(0x1111111111111111UL * (i + 1), 300);

			if (changed)
				FAIL("registers changed during 300 switches: bits %#lx of rbx rbp r12 r13 r14 r15", changed);
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(waitpid(pid[i], &status, 0), pid[i]);
		CHECK_EQ(status, 0);
	}
}

static __thread long of_my_own;

TEST(fpu_and_tls_survive)
{
	pid_t pid[2];
	int status;

	for (int i = 0; i < 2; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			unsigned long mine = 0x0123456789abcdefUL + i, base = (unsigned long)&sh + i * 4096, seen;

			of_my_own = mine;
			CHECK_EQ(syscall(SYS_arch_prctl, ARCH_SET_GS, base), 0);
			for (int n = 0; n < 60; n++) {
				long ret = SYS_sched_yield;

				__asm__ volatile("movq %2, %%xmm3; syscall; movq %%xmm3, %1" : "+a"(ret), "=r"(seen) : "r"(mine)
						 : "rcx", "r11", "xmm3", "memory");
				CHECK_EQ(seen, mine);
				CHECK_EQ(of_my_own, mine);
				CHECK_EQ(syscall(SYS_arch_prctl, ARCH_GET_GS, &seen), 0);
				CHECK_EQ(seen, base);
			}
			_exit(0);
		}
	}
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(waitpid(pid[i], &status, 0), pid[i]);
		CHECK_EQ(status, 0);
	}
}

TEST(stacks_of_the_others)
{
	int p[2];
	pid_t pid[4];

	begin();
	CHECK_OK(pipe(p));
	for (int i = 0; i < 4; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			char c;

			if (i == 0)
				read(p[0], &c, 1);
			else if (i == 1)
				nap(500000000);
			else if (i == 2)
				pause();
			else
				for (;;)
					sh->a++;
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++) {
		sleep_ms(3);
		STATE("look", 0, 0, 0);
	}
	CHECK(sh->a);
	for (int i = 0; i < 4; i++) {
		kill(pid[i], SIGKILL);
		CHECK_EQ(waitpid(pid[i], NULL, 0), pid[i]);
	}
}

/* While everybody sleeps the idle task borrows the address space of the last who ran; some of these are dead by then. */
TEST(borrowed_spaces)
{
	for (int i = 0; i < 16; i++) {
		pid_t pid = fork();

		if (!pid) {
			if (i & 1)
				nap(1000000);
			_exit(0);
		}
		nap(1500000);
		CHECK_EQ(waitpid(pid, NULL, 0), pid);
		STATE("look", 0, 0, 0);
	}
}

/* ---- sleeping and waking ---- */

static pid_t reader(int fd, volatile long *got)
{
	pid_t pid = fork();
	char c;

	CHECK_OK(pid);
	if (pid)
		return pid;
	long n = read(fd, &c, 1);
	if (got)
		__sync_fetch_and_add(got, 1);
	_exit(n < 0 ? errno : n);
}

TEST(sleeper_is_asleep)
{
	int p[2], status;
	pid_t pid;

	CHECK_OK(pipe(p));
	pid = reader(p[0], NULL);
	nap(5000000);
	STATE("first", pid, p[0], 0);
	nap(20000000);
	STATE("second", pid, p[0], 0);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), 1);
}

TEST(all_are_woken)
{
	int p[2];
	pid_t pid[5];

	begin();
	CHECK_OK(pipe(p));
	for (int i = 0; i < 5; i++)
		pid[i] = reader(p[0], &sh->a);
	nap(5000000);
	CHECK_EQ(write(p[1], "xyz", 3), 3);	/* for three of them; the others look, and go on sleeping */
	nap(5000000);
	CHECK_EQ(sh->a, 3);
	close(p[1]);				/* our end was one of six */
	CHECK_EQ(sh->a, 3);
	for (int i = 0; i < 5; i++)
		kill(pid[i], SIGKILL);
	for (int i = 0; i < 5; i++)
		CHECK_EQ(waitpid(pid[i], NULL, 0), pid[i]);
}

static void nothing(int sig)
{
	(void)sig;
}

TEST(queue_left_clean)
{
	struct sigaction sa = { .sa_handler = nothing };
	int p[2], status;
	pid_t pid;

	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	CHECK_OK(pipe(p));
	for (int i = 0; i < 6; i++) {
		pid = fork();
		if (!pid) {
			char c;
			long n = read(p[0], &c, 1);

			STATE("awake", 0, 0, 0);
			_exit(n == 1 ? 1 : errno);
		}
		nap(3000000);
		if (i & 1)
			CHECK_OK(kill(pid, SIGUSR1));
		else
			CHECK_EQ(write(p[1], "x", 1), 1);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(WEXITSTATUS(status), i & 1 ? EINTR : 1);
		STATE("clean", p[0], 0, 0);
	}
}

TEST(another_kind_of_wakeup)
{
	int p[2];
	pid_t pid;

	CHECK_OK(pipe(p));
	pid = reader(p[0], NULL);
	nap(3000000);
	STATE("first", pid, 0, 0);
	for (int i = 0; i < 5; i++) {
		CHECK_OK(kill(pid, SIGCONT));	/* wakes those that are stopped, and only them */
		nap(2000000);
	}
	STATE("second", pid, 0, 0);
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

TEST(woken_preempts)
{
	struct sched_param sp = { .sched_priority = 10 };
	pid_t hog = fork();

	if (!hog)
		for (;;)
			;
	nap(3000000);
	CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &sp));
	for (int i = 0; i < 6; i++) {
		long start = instructions();

		nap(3000000);
		if (instructions() - start > 3000000 + TICK + 100000)
			FAIL("a FIFO task wakes from 3 ms of sleep after %ld us", (instructions() - start) / 1000);
	}
	kill(hog, SIGKILL);
	CHECK_EQ(waitpid(hog, NULL, 0), hog);
}

/* ---- completions: vfork's parent waits for one ---- */

static pid_t last_child;

static void vforked(void (*child)(pid_t parent), pid_t parent)
{
	long ret = SYS_vfork;

	/* The child returns first, on our stack: it must not return from here. */
	__asm__ volatile("syscall\n\ttest %%eax, %%eax\n\tjnz 1f\n\tmov %2, %%edi\n\tsub $4096, %%rsp\n\tand $-16, %%rsp\n\tcall *%1\n1:"
			 : "+a"(ret) : "b"(child), "r"((int)parent) : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
	CHECK(ret > 0);
	last_child = ret;
	CHECK_EQ(waitpid(ret, NULL, 0), ret);
}

static void look_at_parent(pid_t parent)
{
	nap(4000000);
	STATE("first", parent, 0, 0);
	nap(10000000);
	STATE("second", parent, 0, 0);
	_exit(0);
}

TEST(vfork_waits)
{
	vforked(look_at_parent, getpid());
	STATE("after", 0, 0, 0);
}

static void sleep_long(pid_t parent)
{
	(void)parent;
	sh->a = getpid();
	nap(60000000);
	_exit(0);
}

TEST(vfork_can_be_killed)
{
	long start;
	pid_t pid;

	begin();
	pid = fork();
	if (!pid)
		vforked(sleep_long, 0);
	while (!sh->a)
		nap(1000000);
	start = instructions();
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	if (instructions() - start > 10000000)
		FAIL("a killed process waits %ld ms for its vfork child", (instructions() - start) / 1000000);
	nap(80000000);			/* the child goes on, and must not find its parent's stack */
}

/* ---- the sweeps: no wake-up is lost, wherever the timer's interrupt falls ---- */

/* When the n-th tick comes after the one at origin: the PIT divides its 1193182 Hz by 1193. */
static long origin;

static long tick_at(long n)
{
	return origin + n * 1193 * 1000000 / 1193182 * 1000 + n * 1193 * 1000000 % 1193182 * 1000 / 1193182;
}

/* Looks for two gaps between two looks at the clock that are a tick apart: other gaps are page faults. */
static void find_tick(void)
{
	long a = instructions(), b, before = 0;

	for (;; a = b) {
		b = instructions();
		if (b - a < 150)
			continue;
		if (labs(a - before - TICK) < 100)
			break;
		before = a;
	}
	origin = a;
}

/* Exactly n instructions, or one more. */
static void burn(long n)
{
	if ((n /= 2) > 0)
		__asm__ volatile("1:\tdec %0\n\tjnz 1b" : "+r"(n) : : "cc");
}

/* Sleeps to the next tick, and goes on until so many instructions before the n-th after that. */
static void aim(long n, long before)
{
	nap(20000);
	long now = instructions(), target = tick_at((now - origin) / TICK + n) - before;

	burn(target - now - 400);
	burn(target - 30 - instructions());
}

#define STEP 8

/* Woken by each tick, a writer puts one byte into the pipe: perhaps just when the reader is about to sleep. */
TEST(no_wakeup_lost)
{
	int p[2];
	char c;
	pid_t writer;
	long shift = instructions() % STEP;

	find_tick();
	begin();
	CHECK_OK(pipe(p));
	writer = fork();
	if (!writer)
		for (;;) {
			nap(20000);
			if (sh->a) {
				sh->a = 0;
				sh->b++;
				write(p[1], "x", 1);
			}
		}
	nap(5000000);
	for (long before = 700 + shift; before > -60; before -= STEP) {
		aim(1, before);
		sh->a = 1;
		CHECK_EQ(read(p[0], &c, 1), 1);
		CHECK_EQ(++sh->c, sh->b);	/* one byte was written, and one was read */
	}
	kill(writer, SIGKILL);
	CHECK_EQ(waitpid(writer, NULL, 0), writer);
}

/* A sleep that ends at the tick that comes while it begins. */
TEST(timer_not_lost)
{
	long shift = instructions() % STEP;

	find_tick();
	for (long before = 700 + shift; before > -60; before -= STEP) {
		aim(1, before);
		long start = instructions();

		nap(150);
		if (instructions() - start > 3 * TICK)
			FAIL("a sleep of 150 ns takes %ld us", (instructions() - start) / 1000);
	}
}

static volatile long child_began, parent_went;

static void leave(pid_t parent)
{
	(void)parent;
	child_began = instructions();
	_exit(0);
}

/*
 * A helper that each tick wakes makes the new child a real-time task: it runs at once, exits, and completes, perhaps just when its
 * parent is about to wait. First it is measured how long the call takes until the parent sleeps and the child runs.
 */
TEST(completion_not_lost)
{
	long length = 0, shift = instructions() % STEP;
	struct sched_param high = { .sched_priority = 50 }, low = { .sched_priority = 1 };
	pid_t helper;

	begin();
	find_tick();
	helper = fork();
	if (!helper) {
		CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &high));
		for (;;) {
			nap(20000);
			if (sh->a)
				syscall(SYS_sched_setscheduler, sh->a, SCHED_FIFO, &low);
		}
	}
	for (int i = 0; i < 3; i++) {		/* the last one has everything in place */
		nap(20000);
		parent_went = instructions();
		vforked(leave, 0);
		length = child_began - parent_went;
	}
	CHECK(length > 0 && length < TICK);
	for (long before = length - 200 + shift; before > length - 1000; before -= STEP) {
		sh->a = last_child + 1;		/* PIDs are given in order */
		aim(1, before);
		vforked(leave, 0);
	}
	kill(helper, SIGKILL);
	CHECK_EQ(waitpid(helper, NULL, 0), helper);
}
