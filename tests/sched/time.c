/* Clocks, sleeps and interval timers: results, errors and their order. */
#include "../abi.h"
#include <sys/time.h>
#include <sys/times.h>

#define NOWHERE ((void *)8)

static void nothing(int sig)
{
	(void)sig;
}

static volatile sig_atomic_t hits;

static void count(int sig)
{
	(void)sig;
	hits++;
}

static void burn_ms(long ms)
{
	struct rusage ru;
	struct timespec ts;

	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	while (ts.tv_sec * 1000 + ts.tv_nsec / 1000000 < ms);
	getrusage(RUSAGE_SELF, &ru);
}

TEST(clock_errors)
{
	static const int known[] = { 0, 1, 2, 3, 4, 5, 6, 7, 11 };
	struct timespec ts;

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		CHECK_OK(syscall(SYS_clock_gettime, known[i], &ts));
		CHECK_OK(syscall(SYS_clock_getres, known[i], &ts));
		CHECK(ts.tv_sec == 0 && ts.tv_nsec > 0 && ts.tv_nsec <= 10000000);
		CHECK_OK(syscall(SYS_clock_getres, known[i], NULL));
		CHECK_ERR(syscall(SYS_clock_gettime, known[i], NOWHERE), EFAULT);
	}
	CHECK_ERR(syscall(SYS_clock_gettime, 12, &ts), EINVAL);
	CHECK_ERR(syscall(SYS_clock_gettime, 77, NOWHERE), EINVAL);
	CHECK_ERR(syscall(SYS_clock_getres, 12, NULL), EINVAL);
	ts.tv_nsec = 1000000000;
	CHECK_ERR(syscall(SYS_clock_settime, 0, &ts), EINVAL);
	CHECK_ERR(syscall(SYS_clock_settime, 0, NOWHERE), EFAULT);
	CHECK_ERR(syscall(SYS_clock_settime, 1, &ts), EINVAL);
	CHECK_ERR(syscall(SYS_clock_settime, 2, &ts), EINVAL);
	CHECK_ERR(syscall(SYS_gettimeofday, NOWHERE, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_gettimeofday, NULL, NOWHERE), EFAULT);
	CHECK_OK(syscall(SYS_gettimeofday, NULL, NULL));
	CHECK_ERR(syscall(SYS_time, NOWHERE), EFAULT);
	CHECK_ERR(syscall(SYS_times, NOWHERE), EFAULT);
}

TEST(only_root_sets_the_clock)
{
	struct timespec ts;

	CHECK_OK(clock_gettime(CLOCK_REALTIME, &ts));
	CHECK_OK(syscall(SYS_setuid, 1000));
	CHECK_ERR(syscall(SYS_clock_settime, 0, &ts), EPERM);
}

TEST(cpu_clocks_of_processes)
{
	clockid_t clock;
	struct timespec a, b;
	pid_t pid = fork();

	if (!pid)
		for (;;)
			;
	CHECK_EQ(clock_getcpuclockid(pid, &clock), 0);
	CHECK_OK(clock_gettime(clock, &a));
	for (int i = 0; i < 1000; i++) {	/* until it has run */
		sleep_ms(20);
		CHECK_OK(clock_gettime(clock, &b));
		if (b.tv_sec > a.tv_sec || b.tv_nsec > a.tv_nsec)
			break;
	}
	CHECK(b.tv_sec > a.tv_sec || b.tv_nsec > a.tv_nsec);
	CHECK_ERR(syscall(SYS_clock_settime, clock, &a), EPERM);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK_ERR(clock_gettime(clock, &a), EINVAL);
}

TEST(sleep_errors)
{
	struct timespec ts = { 0, 1000000000 }, neg = { -1, 0 }, ok = { 0, 1 };

	CHECK_ERR(syscall(SYS_nanosleep, NOWHERE, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_nanosleep, &ts, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_nanosleep, &neg, NULL), EINVAL);
	CHECK_OK(syscall(SYS_nanosleep, &ok, NOWHERE));	/* rmtp is only for the interrupted */
	CHECK_ERR(syscall(SYS_clock_nanosleep, 12, 0, &ok, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_clock_nanosleep, 77, 0, NOWHERE, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, NOWHERE, NULL), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &ok, NULL), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_COARSE, 0, &ok, NULL), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &neg, NULL), EINVAL);
}

TEST(interrupted_sleep_tells_what_is_left)
{
	struct timespec ts = { 1000, 0 }, left = { 0 };

	signal(SIGUSR1, nothing);
	signal_when_asleep(SIGUSR1);
	CHECK_ERR(syscall(SYS_nanosleep, &ts, &left), EINTR);
	CHECK(left.tv_sec >= 900 && left.tv_sec < 1000 && left.tv_nsec < 1000000000);
	signal_when_asleep(SIGUSR1);
	CHECK_ERR(syscall(SYS_nanosleep, &ts, NOWHERE), EFAULT);
	CHECK_OK(clock_gettime(CLOCK_REALTIME, &ts));
	ts.tv_sec += 1000;
	signal_when_asleep(SIGUSR1);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &ts, NOWHERE), EINTR);
}

/* What alarm (musl's is a setitimer) says is left of a timer of so many ms, within `soon`: again, if a busy host took longer. */
static unsigned left_of(long ms, long soon)
{
	struct itimerval it = { .it_value = { ms / 1000, ms % 1000 * 1000 } };
	unsigned left;
	long start;

	do {
		start = now_ms();
		CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
		left = syscall(SYS_alarm, 0);
	} while (now_ms() - start >= soon);
	return left;
}

TEST(alarm_counts)
{
	unsigned left = alarm(20);

	signal(SIGALRM, nothing);
	CHECK(left > 30 && left <= 60);	/* the frame's own */
	left = alarm(0);
	CHECK(left > 0 && left <= 20);
	CHECK_EQ(alarm(0), 0);
	CHECK_EQ(left_of(20000, 400), 20);
	CHECK_EQ(left_of(7600, 90), 8);
	CHECK_EQ(left_of(300, 250), 1);	/* never 0 while it is pending */
	alarm(30);
}

TEST(itimer_errors)
{
	struct itimerval it = { .it_value = { 1, 1000000 } }, old;

	CHECK_ERR(syscall(SYS_setitimer, 0, &it, NULL), EINVAL);
	it.it_value = (struct timeval){ -1, 0 };
	CHECK_ERR(syscall(SYS_setitimer, 0, &it, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_setitimer, 3, NOWHERE, NULL), EFAULT);
	it.it_value = (struct timeval){ 100, 0 };
	CHECK_ERR(syscall(SYS_setitimer, 3, &it, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_setitimer, -1, &it, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_getitimer, 3, NOWHERE), EINVAL);
	CHECK_ERR(syscall(SYS_getitimer, 0, NOWHERE), EFAULT);
	CHECK_ERR(syscall(SYS_setitimer, 0, &it, NOWHERE), EFAULT);	/* and it is set all the same */
	CHECK_OK(syscall(SYS_getitimer, 0, &old));
	CHECK(old.it_value.tv_sec >= 50 && old.it_value.tv_sec <= 100);
	CHECK_OK(syscall(SYS_setitimer, 0, NULL, &old));
	CHECK_OK(syscall(SYS_getitimer, 0, &old));
	CHECK(!old.it_value.tv_sec && !old.it_value.tv_usec);
	alarm(30);
}

TEST(real_timer_repeats)
{
	struct itimerval it = { { 0, 20000 }, { 0, 20000 } };
	long start = now_ms();

	signal(SIGALRM, count);
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
	while (hits < 10)
		pause();
	CHECK(now_ms() - start >= 195);
	CHECK_OK(getitimer(ITIMER_REAL, &it));
	CHECK(it.it_interval.tv_usec == 20000 && it.it_value.tv_usec <= 20000);
	alarm(30);
}

TEST(cpu_timers)
{
	struct itimerval it = { { 0, 10000 }, { 0, 30000 } };
	struct timespec ts;
	int early;

	signal(SIGVTALRM, count);
	signal(SIGPROF, nothing);
	CHECK_OK(setitimer(ITIMER_VIRTUAL, &it, NULL));
	CHECK_OK(setitimer(ITIMER_PROF, &it, NULL));
	sleep_ms(100);				/* no CPU time, no signal */
	early = hits;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	CHECK(!early || ts.tv_sec || ts.tv_nsec >= 30000000);	/* a busy host may take that from us at a stretch */
	while (hits < 3)
		;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	CHECK(ts.tv_sec || ts.tv_nsec >= 35000000);
	CHECK_OK(getitimer(ITIMER_PROF, &it));
	CHECK(it.it_interval.tv_usec >= 9000 && it.it_interval.tv_usec <= 12000);
	CHECK(it.it_value.tv_usec > 0 && it.it_value.tv_usec <= 34000);
}

TEST(prof_kills_by_default)
{
	struct itimerval it = { .it_value.tv_usec = 20000 };

	CHECK_SIGNAL(SIGPROF, setitimer(ITIMER_PROF, &it, NULL); for (;;) getppid());
	CHECK_SIGNAL(SIGVTALRM, setitimer(ITIMER_VIRTUAL, &it, NULL); for (;;) ;);
}

TEST(timers_and_exec_and_fork)
{
	struct itimerval it = { .it_value.tv_sec = 50 };

	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
	CHECK_CHILD(
		CHECK_OK(getitimer(ITIMER_REAL, &it));
		CHECK_EQ(it.it_value.tv_sec, 0);
		CHECK_EQ(it.it_value.tv_usec, 0));
	CHECK_CHILD(
		alarm(40);
		execl(self_path, self_path, "@left", NULL));
}

int exec_main(int argc, char **argv)
{
	(void)argc, (void)argv;
	unsigned left = alarm(0);

	return left > 0 && left <= 40 ? 0 : 1;
}

TEST(cpu_limit)
{
	struct rlimit limit = { 1, 2 };
	struct timespec ts;
	int st;

	CHECK_SIGNAL(SIGXCPU, limit.rlim_max = 5; setrlimit(RLIMIT_CPU, &limit); for (;;) ;);
	IN_CHILD(st,
		signal(SIGXCPU, count);
		CHECK_OK(setrlimit(RLIMIT_CPU, &limit));
		while (!hits)
			;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
		CHECK(ts.tv_sec * 1000 + ts.tv_nsec / 1000000 >= 500);	/* Linux counts ticks: on a busy host far too many */
		for (;;)
			;);
	CHECK(WIFSIGNALED(st));
	CHECK_EQ(WTERMSIG(st), SIGKILL);
}

static long ms_of_children(struct rusage *ru)
{
	CHECK_OK(getrusage(RUSAGE_CHILDREN, ru));
	return ru->ru_utime.tv_sec * 1000 + ru->ru_utime.tv_usec / 1000 + ru->ru_stime.tv_sec * 1000 + ru->ru_stime.tv_usec / 1000;
}

TEST(usage_of_self_and_children)
{
	struct rusage ru;
	struct tms t;
	long ms, before;
	int tries = 0;

	do {			/* a child pays for the time that a busy host takes from it */
		before = ms_of_children(&ru);
		CHECK_CHILD(burn_ms(200));
		ms = ms_of_children(&ru);
		CHECK(ms - before >= 195);
	} while (ms - before >= 400 && ++tries < 5);
	CHECK(ms - before < 400);
	CHECK(ru.ru_minflt > 0);
	CHECK(times(&t) >= 0);
	CHECK(labs(t.tms_cutime + t.tms_cstime - ms / 10) <= 2);
	CHECK_ERR(syscall(SYS_getrusage, 5, &ru), EINVAL);
	CHECK_ERR(syscall(SYS_getrusage, 0, NOWHERE), EFAULT);
	CHECK_OK(syscall(SYS_getrusage, 1, &ru));
	burn_ms(20);
	for (int i = 0; i < 100; i++) {
		sleep_ms(10);		/* no switch when the time was up before we slept */
		CHECK_OK(getrusage(RUSAGE_SELF, &ru));
		if (ru.ru_nvcsw)
			break;
	}
	CHECK(ru.ru_nvcsw > 0);
}
