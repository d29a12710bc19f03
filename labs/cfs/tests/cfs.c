/* The fair class, by what programs get of the CPU; some scenes are set by the grader, which moves vruntimes exactly. */
#include "lab.h"

#define MS 1000000L
#define MAX_HOGS 16

static struct shared {
	volatile long count[MAX_HOGS];
	volatile int ready, first, flag;
} *sh;
static pid_t hogs[MAX_HOGS];
static int nr_hogs;

static void begin(void)
{
	sh = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK((void *)sh != MAP_FAILED);
}

/* A process that does nothing but count. */
static pid_t hog(int nice)
{
	int n = nr_hogs++;
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		CHECK_OK(setpriority(PRIO_PROCESS, 0, nice));
		__atomic_add_fetch(&sh->ready, 1, __ATOMIC_SEQ_CST);
		for (;;)
			sh->count[n]++;
	}
	return hogs[n] = pid;
}

/* Until all hogs count. */
static void all_run(void)
{
	while (sh->ready < nr_hogs)
		sleep_ms(2);
}

static void kill_hogs(void)
{
	for (int i = 0; i < nr_hogs; i++)
		kill(hogs[i], SIGKILL);
	for (int i = 0; i < nr_hogs; i++)
		CHECK_EQ(waitpid(hogs[i], NULL, 0), hogs[i]);
	nr_hogs = sh->ready = 0;
}

/* CPU time of a process in ns. */
static long cpu_ns(pid_t pid)
{
	struct timespec ts;

	CHECK_EQ(syscall(SYS_clock_gettime, (~pid << 3) | 2, &ts), 0);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

/* ---- what must not break ---- */

TEST(everybody_runs)
{
	long before[4];

	begin();
	for (int i = 0; i < 4; i++)
		hog(0);
	all_run();
	for (int i = 0; i < 4; i++)
		before[i] = sh->count[i];
	sleep_ms(90);
	for (int i = 0; i < 4; i++)
		CHECK(sh->count[i] > before[i]);
	kill_hogs();
}

TEST(time_is_booked)
{
	long start = instructions(), used = cpu_ns(getpid());

	spin(20 * MS);
	used = cpu_ns(getpid()) - used;
	start = instructions() - start;
	CHECK(used > start - MS && used < start + MS);
}

TEST(fifo_first)
{
	struct sched_param sp = { .sched_priority = 10 };
	long before;

	begin();
	hog(0);
	hog(-20);
	all_run();
	CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &sp));
	before = sh->count[0] + sh->count[1];
	spin(30 * MS);
	CHECK_EQ(sh->count[0] + sh->count[1], before);
	kill_hogs();
}

/* ---- weights and virtual time ---- */

/* a's part of what a and b get in so many ms, in thousandths. */
static long share(int nice_a, int nice_b, long ms)
{
	pid_t a = hog(nice_a), b = hog(nice_b);
	long na, nb;

	all_run();
	sleep_ms(20);			/* what they had as newborns is past */
	na = cpu_ns(a), nb = cpu_ns(b);
	sleep_ms(ms);
	na = cpu_ns(a) - na, nb = cpu_ns(b) - nb;
	kill_hogs();
	CHECK(na + nb > ms * MS * 8 / 10);
	return na * 1000 / (na + nb);
}

TEST(shares)
{
	long part;

	begin();
	part = share(0, 5, 200);
	if (part < 753 - 25 || part > 753 + 25)
		FAIL("nice 0 beside nice 5 gets %ld of 1000, not 753", part);
	part = share(0, -10, 150);
	if (part < 97 - 25 || part > 97 + 25)
		FAIL("nice 0 beside nice -10 gets %ld of 1000, not 97", part);
}

TEST(vruntime_rate)
{
	begin();
	hog(0), hog(5), hog(-5);
	all_run();
	STATE("first", hogs[0], hogs[1], hogs[2]);
	sleep_ms(60);
	STATE("second", hogs[0], hogs[1], hogs[2]);
	CHECK_OK(setpriority(PRIO_PROCESS, hogs[0], 19));
	STATE("nice", hogs[0], 19, 0);
	CHECK_OK(setpriority(PRIO_PROCESS, hogs[0], -20));
	STATE("nice", hogs[0], -20, 0);
	CHECK_OK(syscall(SYS_sched_setscheduler, hogs[1], SCHED_IDLE, &(struct sched_param){ 0 }));
	STATE("idle", hogs[1], 0, 0);
	kill_hogs();
}

TEST(queue_in_order)
{
	static const int nice[6] = { -5, -2, 0, 3, 6, 10 };

	begin();
	for (int i = 0; i < 6; i++)
		hog(nice[i]);
	all_run();
	CHECK_OK(setpriority(PRIO_PROCESS, 0, -10));	/* our own vruntime hardly grows */
	for (int i = 0; i < 6; i++) {
		sleep_ms(i & 1 ? 4 : 25);
		STATE("look", 0, 0, 0);
		spin(MS / 2);
		STATE("look", 0, 0, 0);
	}
	kill_hogs();
	spin(MS);
	STATE("alone", 0, 0, 0);
}

/* ---- slices and turns ---- */

/* A child that stays where it was put: where that is says how long its slice would be. */
static void born(void)
{
	pid_t pid;

	sleep_ms(5);				/* so that we are behind the hogs */
	pid = fork();
	if (!pid)
		_exit(0);
	STATE("born", pid, 0, 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

TEST(slice_lengths)
{
	begin();
	hog(0);
	all_run();
	born();					/* three of a kind: 2 ms */
	hog(5);
	all_run();
	born();					/* three and a light one */
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 5));
	born();					/* we and the child are light ourselves */
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 0));
	while (nr_hogs < 12)
		hog(0);
	all_run();
	born();					/* fourteen: 0.75 ms for each */
	kill_hogs();
}

TEST(turns)
{
	begin();
	hog(0), hog(0);
	all_run();
	sleep_ms(10);
	STATE("first", hogs[0], hogs[1], 0);
	sleep_ms(80);
	STATE("second", hogs[0], hogs[1], 80);
	kill_hogs();
}

/* ---- placement ---- */

TEST(newborn_waits)
{
	begin();
	hog(0);
	all_run();
	for (int i = 0; i < 5; i++) {
		pid_t pid;

		sleep_ms(3);		/* we are behind the hog now */
		STATE("before", 0, 0, 0);
		pid = fork();
		if (!pid) {
			sh->flag++;
			_exit(0);
		}
		STATE("born", pid, i, 0);
		CHECK_EQ(sh->flag, i);	/* it has not run */
		CHECK_EQ(waitpid(pid, NULL, 0), pid);
		CHECK_EQ(sh->flag, i + 1);
	}
	kill_hogs();
}

TEST(sleeper_credit)
{
	long mine, its;

	begin();
	hog(0);
	all_run();
	STATE("sleeps", 0, 0, 0);
	sleep_ms(60);
	STATE("woke", 60, 0, 0);
	mine = cpu_ns(getpid()), its = cpu_ns(hogs[0]);
	for (long end = instructions() + 40 * MS; instructions() < end;)
		spin(1000);
	mine = cpu_ns(getpid()) - mine, its = cpu_ns(hogs[0]) - its;
	if (its * 100 / (mine + its) < 30)
		FAIL("in the 40 ms after a sleep the hog gets %ld %%: the sleeper has too much credit", its * 100 / (mine + its));
	hog(0);
	all_run();
	for (int i = 0; i < 8; i++) {
		spin(3 * MS);			/* as far as we get at a stretch */
		STATE("sleeps", 0, 0, 0);
		sleep_ms(1);
		STATE("woke", 1, 0, 0);
	}
	kill_hogs();
}

/* ---- who preempts whom ---- */

/* A hog wakes us in the middle between two ticks, when it has run 2 ms longer than we. */
TEST(wakes_in_time)
{
	sigset_t set;
	siginfo_t info;

	begin();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	hogs[nr_hogs++] = fork();
	if (!hogs[0])
		for (long i = 0;; i++) {
			spin(2400 * 1000 + i * 37000);
			sh->count[0] = instructions();
			kill(getppid(), SIGUSR1);
		}
	for (int i = 0; i < 12; i++) {
		CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR1);
		long late = instructions() - sh->count[0];

		if (late > 100000)
			FAIL("wake-up %d takes %ld us: it waits for a tick", i, late / 1000);
	}
	kill_hogs();
}

/* Sets the flag each time that it is sent SIGUSR1. */
static pid_t sleeper(int nice, int policy)
{
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	pid = fork();
	CHECK_OK(pid);
	if (!pid) {
		CHECK_OK(setpriority(PRIO_PROCESS, 0, nice));
		if (policy)
			CHECK_OK(syscall(SYS_sched_setscheduler, 0, policy, &(struct sched_param){ 0 }));
		for (;;) {
			siginfo_t info;

			if (sigwaitinfo(&set, &info) == SIGUSR1) {
				sh->flag = 1;
				__sync_val_compare_and_swap(&sh->first, 0, getpid());
			}
		}
	}
	wait_state(pid, 'S');
	return hogs[nr_hogs++] = pid;
}

/*
 * A scene: pid's vruntime is set to ours plus so many microseconds, at the moment when STATE returns. The machine stands still
 * while the grader works, and the tick that was next comes at once when it goes on; so a first STATE brings us to a tick.
 */
static void scene(pid_t pid, long us, pid_t right)	/* right: it stands 0.3 ms right of pid */
{
	sleep_ms(2);				/* a fresh slice for us */
	STATE("align", 0, 0, 0);
	STATE("set", pid, us, right);
}

/* The sleeper is us microseconds behind us: does its wake-up preempt us? */
static void wakes(pid_t pid, long us, int preempts, const char *what)
{
	sh->flag = 0;
	scene(pid, -us, 0);
	CHECK_OK(kill(pid, SIGUSR1));
	if (sh->flag != preempts)
		FAIL("%s that wakes %ld us behind the running task %s it", what, us, preempts ? "does not preempt" : "preempts");
	sleep_ms(10);
	CHECK_EQ(sh->flag, 1);			/* in the end it ran */
}

TEST(wakeup_granularity)
{
	pid_t plain, important, humble, batch;

	begin();
	plain = sleeper(0, 0);
	wakes(plain, 900, 0, "a task");
	wakes(plain, 1200, 1, "a task");
	wakes(plain, -500, 0, "a task");
	important = sleeper(-10, 0);		/* 1 ms is 107 us by its clock */
	wakes(important, 60, 0, "a task of nice -10");
	wakes(important, 300, 1, "a task of nice -10");
	humble = sleeper(3, 0);			/* 1 ms is 1.95 ms by its clock */
	wakes(humble, 1700, 0, "a task of nice 3");
	wakes(humble, 2500, 1, "a task of nice 3");
	batch = sleeper(0, SCHED_BATCH);
	wakes(batch, 2500, 0, "a SCHED_BATCH task");
	kill_hogs();
}

/* A hog that says when it runs first. */
static pid_t announcer(void)
{
	int n = nr_hogs++;
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		__atomic_add_fetch(&sh->ready, 1, __ATOMIC_SEQ_CST);
		for (;;) {
			__sync_val_compare_and_swap(&sh->first, 0, getpid());
			sh->count[n]++;
		}
	}
	return hogs[n] = pid;
}

TEST(pick_in_order)
{
	pid_t other, woken;
	long before;

	begin();
	other = announcer();
	all_run();
	for (int i = 0; i < 3; i++) {
		scene(other, 500, 0);		/* it is a little ahead of us: who yields lets it run */
		before = sh->count[0];
		sched_yield();
		if (sh->count[0] == before)
			FAIL("one task yields and runs again, though another is only 0.5 ms further right");
		scene(other, 2500, 0);		/* too far ahead */
		before = sh->count[0];
		sched_yield();
		if (sh->count[0] != before)
			FAIL("one task yields to another that is 2.5 ms further right");
		STATE("buddies", 0, 0, 0);
	}
	woken = sleeper(0, 0);
	scene(other, -1800, woken);		/* the leftmost, by a little */
	sh->first = 0;
	CHECK_OK(kill(woken, SIGUSR1));
	if (sh->first != woken)
		FAIL("%s ran first, and not the task that the wake-up chose", sh->first == other ? "the leftmost" : "nobody");
	sleep_ms(5);
	STATE("buddies", 0, 0, 0);
	kill_hogs();
}

TEST(vruntime_wraps)
{
	long before[3];

	begin();
	hog(0), hog(0), hog(5);
	all_run();
	STATE("shift", 12, 0, 0);		/* 12 ms to go */
	for (int i = 0; i < 3; i++)
		before[i] = sh->count[i];
	sleep_ms(60);
	STATE("wrapped", 0, 0, 0);
	for (int i = 0; i < 3; i++)
		if (sh->count[i] == before[i])
			FAIL("hog %d does not run any more when vruntime has wrapped", i);
	kill_hogs();
}
