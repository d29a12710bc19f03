/* Time never goes back, on whichever processor it is asked: what one process has read, no other reads less later. */
#include "../abi.h"

#define ROUNDS 5000

struct shared {
	int taken;
	long last, worst;
};

static void compare(struct shared *s, int cpu, int rounds)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);	/* as many as there are: a failure is no harm */
	for (int i = 0; i < rounds; i++) {
		struct timespec ts;

		while (__atomic_exchange_n(&s->taken, 1, __ATOMIC_ACQUIRE))
			sched_yield();
		clock_gettime(CLOCK_MONOTONIC, &ts);
		long now = ts.tv_sec * 1000000000L + ts.tv_nsec;

		if (s->last - now > s->worst)
			s->worst = s->last - now;
		s->last = now;
		__atomic_store_n(&s->taken, 0, __ATOMIC_RELEASE);
	}
}

TEST(no_processor_reads_an_older_time)
{
	struct shared *s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int n = sysconf(_SC_NPROCESSORS_ONLN), st;

	n = n < 2 ? 2 : n > 8 ? 8 : n;
	for (int cpu = 0; cpu < n; cpu++) {
		pid_t pid = fork();

		CHECK_OK(pid);
		if (!pid) {
			compare(s, cpu, ROUNDS);
			_exit(0);
		}
	}
	while (wait(&st) > 0)
		CHECK_EQ(st, 0);
	CHECK_EQ(s->worst, 0);
}
