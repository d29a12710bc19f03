/*
 * abi.h: the frame of the programs that test Linux's system call ABI.
 *
 *	TEST(name) { ... CHECK(...); ... }
 *
 * Each test runs in a child of its own, with a time limit; the program
 * prints a TAP line for each and exits with 0 when all passed.  A failed
 * CHECK ends the process it is in.  The programs are static, link nothing
 * but libc, and must pass unchanged on Linux: it is the specification.
 */
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096UL
#define TIME_LIMIT	60	/* seconds for one TEST */

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

static struct test *first_test, **last_test = &first_test;

#define TEST(fn)							\
	static void fn(void);						\
	static struct test test_##fn = { #fn, fn, NULL };		\
	__attribute__((constructor)) static void add_##fn(void)		\
	{								\
		*last_test = &test_##fn;				\
		last_test = &test_##fn.next;				\
	}								\
	static void fn(void)

#define FAIL(...)							\
	do {								\
		int saved_errno = errno;				\
		dprintf(1, "# %s:%d: ", __FILE__, __LINE__);		\
		dprintf(1, __VA_ARGS__);				\
		dprintf(1, " (errno %d)\n", saved_errno);		\
		_exit(1);						\
	} while (0)

#define CHECK(cond)							\
	do {								\
		if (!(cond))						\
			FAIL("%s", #cond);				\
	} while (0)

#define CHECK_EQ(a, b)							\
	do {								\
		long a_ = (long)(a), b_ = (long)(b);			\
		if (a_ != b_)						\
			FAIL("%s is %ld (%#lx), not %s = %ld", #a, a_,	\
			     (unsigned long)a_, #b, b_);		\
	} while (0)

/* This host's Linux lacks what the test is about. In the guest a skipped test is a failure (test_abi.py). */
#define SKIPPED		77
#define SKIP(why)							\
	do {								\
		dprintf(1, "# SKIP %s\n", why);				\
		_exit(SKIPPED);						\
	} while (0)

/* expr gives -1 (or MAP_FAILED) and this errno */
#define CHECK_ERR(expr, err)						\
	do {								\
		long r_;						\
		errno = 0;						\
		r_ = (long)(expr);					\
		if (r_ != -1 || errno != (err))				\
			FAIL("%s gives %ld, not %s", #expr, r_, #err);	\
	} while (0)

#define CHECK_OK(expr)							\
	do {								\
		if ((long)(expr) == -1)					\
			FAIL("%s", #expr);				\
	} while (0)

/* Runs the block in a child and leaves its wait status in `status`. */
#define IN_CHILD(status, ...)						\
	do {								\
		pid_t pid_ = fork();					\
		CHECK_OK(pid_);						\
		if (!pid_) {						\
			__VA_ARGS__;					\
			_exit(0);					\
		}							\
		CHECK_EQ(waitpid(pid_, &(status), 0), pid_);		\
	} while (0)

#define CHECK_CHILD(...)						\
	do {								\
		int st_;						\
		IN_CHILD(st_, __VA_ARGS__);				\
		CHECK_EQ(st_, 0);					\
	} while (0)

/* The block must be killed by SIGSEGV, SIGBUS ...: code and address kept. */
#define CHECK_SIGNAL(sig, ...)						\
	do {								\
		int st_;						\
		IN_CHILD(st_, no_core(); __VA_ARGS__);			\
		CHECK(WIFSIGNALED(st_));				\
		CHECK_EQ(WTERMSIG(st_), sig);				\
	} while (0)

static inline void no_core(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
}

static inline void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static inline long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The state letter of /proc/PID/stat, 0 if it is not there. */
static inline char state_of(pid_t pid)
{
	char path[40], line[512], *p;
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	line[n > 0 ? n : 0] = 0;
	p = strrchr(line, ')');
	return p ? p[2] : 0;
}

/* Waits until the task is in one of these states: R S D T Z. */
static inline void wait_states(pid_t pid, const char *states)
{
	char state = 0;

	for (int i = 0; i < 4000; i++) {
		state = state_of(pid);
		if (state && strchr(states, state))
			return;
		sleep_ms(5);
	}
	FAIL("pid %d is in state %c, not %s", pid, state ?: '-', states);
}

static inline void wait_state(pid_t pid, char state)
{
	wait_states(pid, (char[]){ state, 0 });
}

/* A child that sends us the signal when we have slept, however long that takes on a busy host; Linux's timers end up to 50 us late. */
static inline pid_t signal_when_asleep(int sig)
{
	pid_t parent = getpid(), pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		wait_state(parent, 'S');
		sleep_ms(1);
		kill(parent, sig);
		_exit(0);
	}
	return pid;
}

static inline void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	CHECK_OK(close(fd));
}

/* The whole file as a string; a static buffer. */
static inline char *read_file(const char *path)
{
	static char buf[65536];
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	CHECK(fd >= 0);
	while ((n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += n;
	buf[len] = 0;
	close(fd);
	return buf;
}

/* A directory of our own, current; gone when the program, whose PID is in the name, ends: others may run beside it. */
static char scratch[64];

static inline void enter_scratch(void)
{
	snprintf(scratch, sizeof(scratch), "/tmp/abi.%d.XXXXXX", getppid());
	if (!mkdtemp(scratch) || chdir(scratch))
		FAIL("scratch directory");
}

/* A program that execs itself comes here with "@word" as its argv[1]. */
__attribute__((weak)) int exec_main(int argc, char **argv);

static char self_path[256];

static inline int run_one(struct test *t, int number)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		setpgid(0, 0);
		alarm(TIME_LIMIT);
		enter_scratch();
		t->run();
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	kill(-pid, SIGKILL);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		status = 0;
	if (status)
		dprintf(1, "not ok %d %s # wait status %#x\n", number, t->name, status);
	else
		dprintf(1, "ok %d %s\n", number, t->name);
	return status != 0;
}

int main(int argc, char **argv)
{
	int failed = 0, number = 0;
	ssize_t n = readlink("/proc/self/exe", self_path, sizeof(self_path) - 1);

	self_path[n > 0 ? n : 0] = 0;
	if (argc > 1 && argv[1][0] == '@')
		return exec_main ? exec_main(argc, argv) : 99;
	for (int sig = 1; sig < 65; sig++)	/* whoever started us may differ */
		signal(sig, SIG_DFL);
	sigprocmask(SIG_SETMASK, &(sigset_t){ 0 }, NULL);
	signal(SIGTTOU, SIG_IGN);
	for (struct test *t = first_test; t; t = t->next)
		if (argc < 2 || !strcmp(argv[1], t->name))
			failed += run_one(t, ++number);
	dprintf(1, "1..%d\n", number);
	snprintf(scratch, sizeof(scratch), "rm -rf /tmp/abi.%d.??????", getpid());
	if (system(scratch))
		return 1;
	return failed ? 1 : 0;
}
