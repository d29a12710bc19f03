/*
 * stress WORKERS OPS SEED SECONDS: everything at once, on all processors. Each worker draws one thing after the other
 * (fork, exec, shared and private memory, truncate, pipes, signals, names, orphans, /proc) from numbers that SEED decides, and
 * checks what came out. Ends after OPS of them, or after SECONDS; then everybody must be gone, the shared counters must
 * be what the workers counted themselves, and what the kernel has in use the same as before (tests/snapshot.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include "../../snapshot.h"

#define PAGE 4096
#define MAX_WORKERS 64
#define COMMON 16			/* pages that all workers map */

static struct board {			/* shared by all */
	long ops, failed, stop;
	long kinds[16];
	pid_t worker[MAX_WORKERS];
	long added[MAX_WORKERS], signals;
} *board;
static uint64_t rng;
static int me, workers, common_fd;
static volatile uint64_t *common;	/* a page: one counter at its start, its number at its end */
static char dir[] = "/tmp/stress";

static unsigned draw(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng >> 20) % n;
}

static void fail(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	dprintf(1, "# stress: worker %d: %s (errno %d)\n", me, text, errno);
	__atomic_add_fetch(&board->failed, 1, __ATOMIC_SEQ_CST);
	board->stop = 1;
}

static int must_wait(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) {
			fail("wait for %d", pid);
			return -1;
		}
	return status;
}

static pid_t must_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	return pid;
}

static void do_fork(void)
{
	int code = draw(200);
	pid_t pid = must_fork();

	if (!pid)
		_exit(code);
	if (pid > 0 && must_wait(pid) != code << 8)
		fail("the child's status is not %d", code);
}

static void do_exec(void)
{
	char *argv[] = { "stress", "exit", NULL };
	pid_t pid = draw(2) ? vfork() : must_fork();

	if (!pid) {
		execv("/proc/self/exe", argv);
		_exit(99);
	}
	if (pid > 0 && must_wait(pid) != 7 << 8)
		fail("exec");
}

/* Both write private copies of what they shared, and see their own only. */
static void do_cow(void)
{
	size_t n = 1 + draw(32);
	uint32_t *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t mine = draw(1 << 30);

	if (p == MAP_FAILED) {
		fail("mmap");
		return;
	}
	for (size_t i = 0; i < n; i++)
		p[i * PAGE / 4] = mine + i;
	pid_t pid = must_fork();
	for (size_t i = 0; i < n; i++) {
		if (p[i * PAGE / 4] != mine + i)
			fail("page %zu of a private mapping is not mine", i);
		p[i * PAGE / 4] = mine + i + (pid ? 1 : 2);
	}
	for (size_t i = 0; i < n; i++)
		if (p[i * PAGE / 4] != mine + i + (pid ? 1 : 2))
			fail("page %zu of a private copy is not mine", i);
	if (!pid)
		_exit(0);
	if (pid > 0 && must_wait(pid))
		fail("the child of a copy on write");
	munmap(p, n * PAGE);
}

/* A child fills shared memory through rights that come and go. */
static void do_shared(void)
{
	size_t n = 1 + draw(8);
	unsigned char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), c = draw(256);

	if (p == MAP_FAILED) {
		fail("mmap shared");
		return;
	}
	pid_t pid = must_fork();
	if (!pid) {
		if (mprotect(p, n * PAGE, PROT_READ) || mprotect(p, n * PAGE, PROT_READ | PROT_WRITE))
			_exit(1);
		memset(p, c, n * PAGE);
		_exit(0);
	}
	mprotect(p, PAGE, PROT_NONE);
	mprotect(p, PAGE, PROT_READ);
	if (pid > 0 && must_wait(pid))
		fail("the child of a shared mapping");
	for (size_t i = 0; i < n * PAGE; i += 509)
		if (p[i] != c)
			fail("byte %zu of a shared mapping is %d, not %d", i, p[i], c);
	munmap(p, n * PAGE);
}

/* Counters that all workers have mapped, while each of them unmaps, protects and maps its view again. */
static void do_common(void)
{
	size_t k = draw(COMMON);
	volatile uint64_t *page = common + k * PAGE / 8;

	__atomic_add_fetch(page, 1, __ATOMIC_SEQ_CST);
	board->added[me]++;
	if (page[PAGE / 8 - 1] != k)
		fail("page %zu of the common file says %lu", k, (unsigned long)page[PAGE / 8 - 1]);
	switch (draw(8)) {
	case 0:
		munmap((void *)page, PAGE);
		if (mmap((void *)page, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, common_fd, k * PAGE) != page)
			fail("mmap of the common file");
		break;
	case 1:
		if (mprotect((void *)page, PAGE, PROT_READ) || mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE))
			fail("mprotect");
		break;
	case 2:
		madvise((void *)page, PAGE, MADV_DONTNEED);
	}
}

static void do_pipe(void)
{
	int a[2], b[2];
	long rounds = 1 + draw(10), i, got;

	if (pipe(a) || pipe(b)) {
		fail("pipe");
		return;
	}
	pid_t pid = must_fork();
	if (!pid) {
		close(a[1]);
		close(b[0]);
		while (read(a[0], &got, sizeof(got)) == sizeof(got))
			if (got++, write(b[1], &got, sizeof(got)) != sizeof(got))
				_exit(1);
		_exit(0);
	}
	close(a[0]);
	close(b[1]);
	for (i = 0; i < rounds; i++)
		if (write(a[1], &i, sizeof(i)) != sizeof(i) || read(b[0], &got, sizeof(got)) != sizeof(got) || got != i + 1)
			fail("round %ld of a pipe", i);
	close(a[1]);
	if (pid > 0 && must_wait(pid))
		fail("the child of a pipe");
	close(b[0]);
}

static void on_usr1(int sig)
{
	(void)sig;
	__atomic_add_fetch(&board->signals, 1, __ATOMIC_SEQ_CST);
}

static void do_signal(void)
{
	pid_t pid;

	if (draw(2)) {
		pid_t to = board->worker[draw(workers)];

		if (to > 0)
			kill(to, SIGUSR1);
		return;
	}
	pid = must_fork();
	if (!pid)
		for (;;)
			pause();
	if (pid < 0)
		return;
	if (draw(2)) {
		int status;

		kill(pid, SIGSTOP);
		while (waitpid(pid, &status, WUNTRACED) < 0 && errno == EINTR)
			;
		if (!WIFSTOPPED(status))
			fail("stopped child: status %#x", status);
		kill(pid, SIGCONT);
	}
	kill(pid, SIGTERM);
	int status = must_wait(pid);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM)
		fail("killed child: status %#x", status);
}

/* Few names that all workers make, rename and remove. */
static void do_names(void)
{
	char a[64], b[64];
	int fd;

	snprintf(a, sizeof(a), "%s/d%u/f%u", dir, draw(3), draw(6));
	snprintf(b, sizeof(b), "%s/d%u/f%u", dir, draw(3), draw(6));
	switch (draw(4)) {
	case 0:
		fd = open(a, O_RDWR | O_CREAT, 0600);
		if (fd < 0)
			fail("open %s", a);
		if (write(fd, a, draw(60) + 1) < 0)
			fail("write");
		close(fd);
		break;
	case 1:
		if (rename(a, b) && errno != ENOENT)
			fail("rename %s %s", a, b);
		break;
	case 2:
		if (unlink(a) && errno != ENOENT)
			fail("unlink %s", a);
		break;
	case 3:
		if (link(a, b) && errno != ENOENT && errno != EEXIST)
			fail("link %s %s", a, b);
	}
}

/* Few directories that all workers make, fill, rename over each other and remove. */
static void do_dirs(void)
{
	char a[64], b[64];
	struct stat st;
	int d, fd;

	snprintf(a, sizeof(a), "%s/d%u/s%u", dir, draw(3), draw(3));
	snprintf(b, sizeof(b), "%s/d%u/s%u", dir, draw(3), draw(3));
	switch (draw(4)) {
	case 0:
		if (mkdir(a, 0700) && errno != EEXIST)
			fail("mkdir %s", a);
		break;
	case 1:
		if (rename(a, b) && errno != ENOENT && errno != ENOTEMPTY)
			fail("rename of directory %s to %s", a, b);
		break;
	case 2:
		if (rmdir(a) && errno != ENOENT && errno != ENOTEMPTY)
			fail("rmdir %s", a);
		break;
	case 3:
		d = open(a, O_RDONLY | O_DIRECTORY);
		fd = d < 0 ? d : openat(d, "x", O_CREAT | O_EXCL | O_WRONLY, 0600);
		if (fd < 0 && errno != ENOENT && errno != EEXIST)
			fail("a name in %s", a);
		if (fd >= 0 && (fstat(d, &st) || st.st_nlink != 2 || unlinkat(d, "x", 0)))
			fail("%s went with a name in it", a);	/* it has one, so it stays where it is */
		close(fd);
		close(d);
	}
}

/* A file shrinks while one process writes to its mapping and the other moves it. */
static void do_truncate(void)
{
	size_t n = 2 + draw(30), keep = draw(n);
	char path[64];

	snprintf(path, sizeof(path), "%s/t%d", dir, me);
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	char *p = ftruncate(fd, n * PAGE) ? MAP_FAILED : mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	unlink(path);
	if (p == MAP_FAILED) {
		fail("a file to truncate");
		return;
	}
	for (size_t i = 0; i < n; i++)
		p[i * PAGE] = i + 1;
	pid_t pid = must_fork();
	if (!pid) {
		for (int round = 0; round < 3; round++)
			for (size_t i = 0; i < n; i++)
				p[i * PAGE + 1] = round;
		_exit(0);
	}
	p = mremap(p, n * PAGE, 2 * n * PAGE, MREMAP_MAYMOVE);
	if (p == MAP_FAILED || ftruncate(fd, keep * PAGE))
		fail("mremap and truncate");
	int status = pid > 0 ? must_wait(pid) : 0;
	if (status && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS))
		fail("who writes behind the end: status %#x", status);
	for (size_t i = 0; i < keep; i++)
		if (p[i * PAGE] != (char)(i + 1))
			fail("page %zu of a shorter file", i);
	munmap(p, 2 * n * PAGE);
	close(fd);
}

/* A family whose middle dies first: its child goes to the subreaper, who is main. */
static void do_orphan(void)
{
	pid_t pid = must_fork();

	if (!pid) {
		if (!fork()) {
			struct timespec ts = { 0, draw(2000000) };

			nanosleep(&ts, NULL);
			_exit(0);
		}
		_exit(0);
	}
	if (pid > 0)
		must_wait(pid);
}

static void do_proc(void)
{
	static const char *const files[] = { "stat", "status", "maps", "cmdline", "statm", "wchan" };
	char path[64], buf[2048];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", board->worker[draw(workers)] + draw(4), files[draw(6)]);
	fd = open(path, O_RDONLY);
	while (fd >= 0 && read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

static void do_sleep(void)
{
	struct itimerval it = { { 0, 0 }, { 0, 1 + draw(3000) } };
	struct pollfd none = { .fd = -1 };

	if (draw(2))
		setitimer(ITIMER_REAL, &it, NULL);
	poll(&none, 1, draw(3));
}

static void do_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i < 8; i++)
		if (draw(2))
			CPU_SET(i, &set);
	sched_setaffinity(0, sizeof(set), &set);	/* EINVAL when it names no processor of ours */
	setpriority(PRIO_PROCESS, 0, draw(5));
	sched_yield();
	memset(&set, 0xff, sizeof(set));
	sched_setaffinity(0, sizeof(set), &set);
}

static const struct {
	const char *name;
	void (*run)(void);
	unsigned weight;
} kinds[] = {
	{ "fork", do_fork, 6 }, { "exec", do_exec, 2 }, { "cow", do_cow, 5 }, { "shared", do_shared, 4 }, { "common", do_common, 40 },
	{ "pipe", do_pipe, 4 }, { "signal", do_signal, 8 }, { "names", do_names, 30 }, { "orphan", do_orphan, 2 }, { "proc", do_proc, 6 },
	{ "sleep", do_sleep, 2 }, { "cpu", do_cpu, 3 }, { "dirs", do_dirs, 15 }, { "truncate", do_truncate, 4 },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void __attribute__((noreturn)) work(long ops, uint64_t seed)
{
	rng = seed * 0x9e3779b97f4a7c15 + me + 1;
	for (int i = 0; i < 10; i++)
		draw(2);
	while (!board->stop && __atomic_add_fetch(&board->ops, 1, __ATOMIC_SEQ_CST) <= ops) {
		unsigned total = 0, at, k;

		for (k = 0; k < KINDS; k++)
			total += kinds[k].weight;
		for (at = draw(total), k = 0; at >= kinds[k].weight; k++)
			at -= kinds[k].weight;
		kinds[k].run();
		__atomic_add_fetch(&board->kinds[k], 1, __ATOMIC_SEQ_CST);
	}
	_exit(0);
}

static void start(long ops, uint64_t seed)
{
	common_fd = open("/tmp/stress/common", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (common_fd < 0 || ftruncate(common_fd, COMMON * PAGE))
		fail("the common file");
	common = mmap(NULL, COMMON * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, common_fd, 0);
	for (size_t k = 0; k < COMMON; k++)
		common[(k + 1) * PAGE / 8 - 1] = k;
	for (me = 0; me < workers; me++) {
		pid_t pid = fork();

		if (!pid)
			work(ops, seed);
		board->worker[me] = pid;
	}
	me = -1;
}

static long finish(void)
{
	long sum = 0, added = 0;

	for (int i = 0; i < workers; i++) {
		for (size_t k = 0; k < COMMON && !i; k++)
			sum += common[k * PAGE / 8];
		added += board->added[i];
	}
	if (sum != added)
		fail("the common counters are %ld, the workers added %ld", sum, added);
	munmap((void *)common, COMMON * PAGE);
	close(common_fd);
	for (int d = 0; d < 3; d++)
		for (int f = 0; f < 6; f++) {
			char path[64];

			snprintf(path, sizeof(path), "%s/d%d/f%d", dir, d, f);
			unlink(path);
		}
	for (int s = 0; s < 9; s++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/d%d/s%d", dir, s / 3, s % 3);
		rmdir(path);
	}
	unlink("/tmp/stress/common");
	return added;
}

static void run(long ops, uint64_t seed, long seconds)
{
	time_t end = time(NULL) + seconds, told = time(NULL);
	int left = workers;

	memset(board, 0, sizeof(*board));
	signal(SIGTERM, SIG_DFL);	/* fill_caches leaves it ignored */
	signal(SIGUSR1, on_usr1);	/* before there is anybody to send it */
	signal(SIGALRM, on_usr1);
	start(ops, seed);
	for (int status; left;) {
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid < 0)
			break;
		for (int i = 0; pid > 0 && i < workers; i++)
			if (board->worker[i] == pid) {
				left--;
				if (status)
					fail("worker %d ended with status %#x", i, status);
			}
		if (!pid)
			usleep(20000);
		if (time(NULL) >= end)
			board->stop = 1;
		if (time(NULL) >= told + 10) {
			told = time(NULL);
			printf("# stress: %ld operations\n", board->ops);
			fflush(stdout);
		}
	}
	while (wait(NULL) > 0)		/* orphans */
		;
	finish();
}

int main(int argc, char **argv)
{
	if (argc == 2)
		return 7;
	if (argc != 5)
		return 2;
	workers = atoi(argv[1]);
	if (workers < 1 || workers > MAX_WORKERS)
		return 2;
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	mkdir(dir, 0700);
	for (int d = 0; d < 3; d++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/d%d", dir, d);
		mkdir(path, 0700);
	}
	for (volatile long i = atol(argv[3]) * 977; i > 0; i--)	/* the seed is also where in a tick we begin */
		;
	setpgid(0, 0);
	fill_caches();
	run(workers * 20, 1, 60);				/* lazy things are made */
	take_before(1);
	run(atol(argv[2]), strtoul(argv[3], NULL, 0), atol(argv[4]));
	int bad = board->failed + compare_with_before(1);
	printf("# stress:");
	for (size_t k = 0; k < KINDS; k++)
		printf(" %s %ld", kinds[k].name, board->kinds[k]);
	printf(", signals taken %ld\nstress %s: %ld operations, %s\n", board->signals, argv[3], board->ops > atol(argv[2]) ? atol(argv[2]) : board->ops,
	       bad ? "FAILED" : "nothing wrong, nothing left");
	return bad != 0;
}
