/* Many processors: affinity, moving, and waking from one to another. Passes with any number of them. */
#include "../abi.h"

static unsigned long online(void)
{
	unsigned long mask[16] = { 0 };

	CHECK(syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask) >= 8);
	return mask[0];
}

static int pin(pid_t pid, unsigned long mask) { return syscall(SYS_sched_setaffinity, pid, sizeof(mask), &mask); }

static unsigned where(void)
{
	unsigned cpu = ~0u, node = ~0u;

	CHECK_OK(syscall(SYS_getcpu, &cpu, &node, NULL));
	CHECK_EQ(node, 0);
	return cpu;
}

static int *shared_page(void)
{
	int *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* So often, or for 15 s on a busy machine: each move waits for a processor that the host may have taken away. */
#define ROUNDS(n) for (long round = 0, end_ = now_ms() + 15000; round < (n) && now_ms() < end_; round++)

TEST(goes_where_it_is_sent)
{
	unsigned long all = online();

	ROUNDS(200)
		for (int cpu = 0; cpu < 64; cpu++)
			if (all >> cpu & 1) {
				CHECK_OK(pin(0, 1UL << cpu));
				CHECK_EQ(where(), cpu);
				CHECK_EQ(sched_getcpu(), cpu);
				CHECK_EQ(online(), 1UL << cpu);
			}
}

TEST(others_are_sent_too)
{
	unsigned long all = online();
	volatile int *page = shared_page();
	pid_t runs = fork(), sleeps;

	if (!runs)
		for (;;)
			page[0] = where();
	if (!(sleeps = fork())) {
		for (page[2] = 1;;) {
			sleep_ms(1);
			page[1] = where();
			__atomic_add_fetch(&page[2], 1, __ATOMIC_SEQ_CST);
		}
	}
	ROUNDS(20)
		for (int cpu = 0; cpu < 64; cpu++)
			if (all >> cpu & 1) {
				CHECK_OK(pin(runs, 1UL << cpu));
				CHECK_OK(pin(sleeps, 1UL << cpu));
				int seen = page[2];
				while (page[0] != cpu)
					sched_yield();
				while (page[2] < seen + 2)
					sleep_ms(1);
				CHECK_EQ(page[1], cpu);
			}
	CHECK_OK(kill(runs, SIGKILL));
	CHECK_OK(kill(sleeps, SIGKILL));
	CHECK_EQ(waitpid(runs, NULL, 0), runs);
	CHECK_EQ(waitpid(sleeps, NULL, 0), sleeps);
}

TEST(children_inherit_the_mask)
{
	unsigned long all = online(), last = all & ~(all >> 1);

	CHECK_OK(pin(0, last));
	CHECK_CHILD(CHECK_EQ(online(), last); CHECK_EQ(1UL << where(), last));
}

TEST(errors)
{
	unsigned long mask[16] = { 1 };

	CHECK_ERR(pin(0, 0), EINVAL);
	CHECK_ERR(pin(999999, 1), ESRCH);
	CHECK_ERR(syscall(SYS_sched_setaffinity, 0, 8, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 999999, sizeof(mask), mask), ESRCH);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0, sizeof(mask), NULL), EFAULT);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 0, mask), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 12, mask), EINVAL);
	CHECK_OK(syscall(SYS_sched_setaffinity, 0, 1, mask));		/* one byte of mask */
	CHECK_EQ(online(), 1);
	CHECK_ERR(syscall(SYS_getcpu, 8, NULL, NULL), EFAULT);
	CHECK_OK(syscall(SYS_getcpu, NULL, NULL, NULL));
	CHECK_CHILD(CHECK_OK(syscall(SYS_setuid, 1000)); CHECK_ERR(pin(1, 1), EPERM));
}

/* Numbers in general and vector registers, checked while somebody moves the process about. */
TEST(a_move_is_not_seen_in_the_registers)
{
	unsigned long all = online();
	volatile int *moved = shared_page();
	pid_t pid = fork();

	if (!pid) {
		double x[4] = { 1, 2, 3, 4 };

		while (!*moved)
			for (long k = 0; k < 20000; k++) {
				double y = 0;

				__asm__ volatile("movupd (%1), %%xmm6; movupd 16(%1), %%xmm7; mov %2, %%r12; mov %%r12, %%r13;"
						 "1: dec %%r13; jnz 1b; addpd %%xmm6, %%xmm7; haddpd %%xmm7, %%xmm7;"
						 "cmp %2, %%r12; jne 2f; movsd %%xmm7, %0; 2:"
						 : "=m"(y) : "r"(x), "r"(100L), "m"(x) : "r12", "r13", "xmm6", "xmm7", "cc");
				if (y != 10)
					_exit(1);
			}
		_exit(0);
	}
	ROUNDS(300)
		for (int cpu = 0; cpu < 64; cpu++)
			if (all >> cpu & 1)
				CHECK_OK(pin(pid, 1UL << cpu));
	*moved = 1;
	int status;
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

/* A byte goes round a ring of n processes; each wakes the next, on another processor where there is one. The alarm after
 * 60 s is for a wake-up that was lost. */
static void ring(int n, int rounds, int pinned)
{
	unsigned long all = online();
	int fd[8][2], cpu = __builtin_ctzl(all), status;
	char c, back;

	CHECK_OK(pin(0, pinned ? 1UL << cpu : all));
	for (int i = 0; i < n; i++)
		CHECK_OK(pipe(fd[i]));
	for (int i = 1; i < n; i++) {
		do
			cpu = (cpu + 1) % 64;
		while (!(all >> cpu & 1));
		if (!fork()) {
			CHECK_OK(pin(0, pinned ? 1UL << cpu : all));
			for (int k = 0; k < n; k++) {	/* so that the end of one is the end of the next */
				if (k != i - 1)
					close(fd[k][0]);
				if (k != i)
					close(fd[k][1]);
			}
			while (read(fd[i - 1][0], &c, 1) == 1)
				CHECK_EQ(write(fd[i][1], &c, 1), 1);
			_exit(0);
		}
	}
	for (int k = 0; k < n; k++)
		close(fd[k][k ? 1 : 0]);
	ROUNDS(rounds) {
		c = round;
		CHECK_EQ(write(fd[0][1], &c, 1), 1);
		CHECK_EQ(read(fd[n - 1][0], &back, 1), 1);
		CHECK_EQ(back, c);
	}
	close(fd[0][1]);
	for (int i = 1; i < n; i++) {
		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
}

TEST(ping_pong_anywhere) { ring(2, 20000, 0); }
TEST(ping_pong_across) { ring(2, 100000, 1); }
TEST(ring_of_eight) { ring(8, 1000, 1); }

/* Everybody forks, sleeps, wakes, changes weights and masks; nobody is lost. */
TEST(storm)
{
	unsigned long all = online();
	pid_t pid[8];
	int status;

	for (int i = 0; i < 8; i++)
		if (!(pid[i] = fork())) {
			unsigned seed = i;

			for (int k = 0; k < 150; k++) {
				unsigned long mask = (rand_r(&seed) & 0xff & all) ?: all;
				struct sched_param sp = { .sched_priority = rand_r(&seed) % 9 == 0 };

				CHECK_OK(pin(0, mask));
				CHECK_OK(syscall(SYS_sched_setscheduler, 0, sp.sched_priority ? SCHED_RR : SCHED_OTHER, &sp));
				CHECK_OK(setpriority(PRIO_PROCESS, 0, rand_r(&seed) % 5));
				if (k % 3 == 0)
					CHECK_CHILD(sched_yield());
				else if (k % 3 == 1)
					usleep(rand_r(&seed) % 500);
				else
					pin(pid[rand_r(&seed) % (i + 1)], all);	/* a brother, if it is there already */
			}
			_exit(0);
		}
	for (int i = 0; i < 8; i++) {
		CHECK_EQ(waitpid(pid[i], &status, 0), pid[i]);
		CHECK_EQ(status, 0);
	}
}
