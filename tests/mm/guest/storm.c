/*
 * storm WORKERS SECONDS SEED: memory under many processors. Workers map one file, shared and private, fork, copy on write,
 * protect, move, unmap, truncate what others have mapped, move the break, exec; each page says what belongs in it, and is
 * looked at again and again. At the end the shared counters are what was added, and as much memory is free as before.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include "../../snapshot.h"

#define PAGE 4096
#define PAGES 48			/* of the common file: a counter and a name in each */
#define SHORT 40			/* pages of the file that is truncated */

static struct board { long failed, stop, added, ops[16]; } *board;
static volatile long *common;
static int common_fd, short_fd;
static uint64_t rng;
static sigjmp_buf fault;
static volatile int expected;		/* a signal that may come now */

static unsigned draw(unsigned n)
{
	rng ^= rng << 13, rng ^= rng >> 7, rng ^= rng << 17;
	return (rng >> 20) % n;
}

static void fail(const char *what, long a, long b)
{
	dprintf(1, "# storm: %d: %s: %#lx, %#lx (errno %d)\n", getpid(), what, a, b, errno);
	__atomic_add_fetch(&board->failed, 1, __ATOMIC_SEQ_CST);
	board->stop = 1;
	_exit(1);
}
#define MUST(cond) do { if (!(cond)) fail(#cond, __LINE__, 0); } while (0)

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (sig != expected)
		fail(sig == SIGBUS ? "SIGBUS at" : "SIGSEGV at", (long)info->si_addr, info->si_code);
	siglongjmp(fault, 1);
}

static void reap(pid_t pid)
{
	int status;

	MUST(pid > 0);
	while (waitpid(pid, &status, 0) < 0)
		MUST(errno == EINTR);
	if (status)
		fail("a child's status", status, pid);
}

/* ---- pages that say whose they are ---- */

static long name_of(long owner, long i) { return (owner << 24 | i) * 0x9e3779b97f4a7c15; }

static void fill(char *p, int pages, long owner)
{
	for (int i = 0; i < pages; i++)
		*(volatile long *)(p + i * PAGE) = *(volatile long *)(p + i * PAGE + PAGE - 8) = name_of(owner, i);
}

static void look(char *p, int pages, long owner)
{
	for (int i = 0; i < pages; i++) {
		long a = *(volatile long *)(p + i * PAGE), b = *(volatile long *)(p + i * PAGE + PAGE - 8);

		if (a != name_of(owner, i) || b != a)
			fail("a page is not one's own", a, b);
	}
}

static char *anon(int pages)
{
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(p != MAP_FAILED);
	return p;
}

/* ---- what is done ---- */

/* Three generations change their memory at once. */
static void do_cow(void)
{
	int pages = 1 + draw(60);
	char *p = anon(pages);
	long owner = getpid();

	fill(p, pages, owner);
	for (int depth = 0; depth < 3; depth++) {
		pid_t kids[2];

		for (int k = 0; k < 2; k++) {
			kids[k] = fork();
			MUST(kids[k] >= 0);
			if (kids[k])
				continue;
			look(p, pages, owner);
			for (int i = k; i < pages; i += 2)
				p[i * PAGE + 100] = k + 1;
			sched_yield();
			look(p, pages, owner);
			for (int i = 0; i < pages; i++)
				if (p[i * PAGE + 100] != (i % 2 == k ? k + 1 : 0))
					fail("another child's write", i, p[i * PAGE + 100]);
			fill(p, pages, getpid());
			look(p, pages, getpid());
			_exit(0);
		}
		fill(p, pages, ++owner);
		look(p, pages, owner);
		reap(kids[0]);
		reap(kids[1]);
		look(p, pages, owner);
		for (int i = 0; i < pages; i++)
			if (p[i * PAGE + 100])
				fail("a child's write", i, p[i * PAGE + 100]);
	}
	munmap(p, pages * PAGE);
}

/* Adds to counters that all share, through new mappings of parts of the file. */
static void do_shared(void)
{
	int from = draw(PAGES), pages = 1 + draw(PAGES - from), i = draw(pages), n = draw(50);
	volatile long *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, common_fd, (long)from * PAGE);

	MUST(p != MAP_FAILED);
	for (int k = 0; k < n; k++)
		__atomic_add_fetch(&p[i * 512], 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&board->added, n, __ATOMIC_SEQ_CST);
	for (i = 0; i < pages; i++)
		if (p[i * 512 + 511] != name_of(1, from + i))
			fail("a page of the file", from + i, p[i * 512 + 511]);
	munmap((void *)p, pages * PAGE);
}

/* What is written to a private mapping stays there. */
static void do_private(void)
{
	long *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, common_fd, 0);
	int mine = draw(PAGES);
	pid_t pid;

	MUST(p != MAP_FAILED);
	MUST(p[mine * 512 + 511] == name_of(1, mine));
	p[mine * 512 + 510] = getpid();
	pid = fork();
	MUST(pid >= 0);
	MUST(p[mine * 512 + 510] == (pid ? getpid() : getppid()));
	p[mine * 512 + 510] = -getpid();
	for (int i = 0; i < PAGES; i++)
		MUST(p[i * 512 + 511] == name_of(1, i) && common[i * 512 + 510] == 0);
	MUST(p[mine * 512 + 510] == -getpid());
	if (!pid)
		_exit(0);
	munmap(p, PAGES * PAGE);
	reap(pid);
}

static void do_protect(void)
{
	int pages = 3 + draw(40), i = draw(pages);
	char *p = anon(pages);
	pid_t pid;

	fill(p, pages, 7);
	MUST(!mprotect(p, pages * PAGE, PROT_READ));
	expected = SIGSEGV;
	if (!sigsetjmp(fault, 1)) {
		p[i * PAGE] = 1;
		fail("a write to read-only memory", i, 0);
	}
	expected = 0;
	pid = fork();
	MUST(pid >= 0);
	MUST(!mprotect(p + i * PAGE, PAGE, PROT_NONE) && !mprotect(p, pages * PAGE, PROT_READ | PROT_WRITE));
	look(p, pages, 7);
	fill(p, pages, 8 + !pid);
	look(p, pages, 8 + !pid);
	if (!pid)
		_exit(0);
	reap(pid);
	look(p, pages, 8);
	munmap(p, pages * PAGE);
}

static void do_move(void)
{
	int pages = 2 + draw(30), more = pages + draw(600);
	char *p = anon(pages), *q;
	pid_t pid;

	fill(p, pages, 3);
	pid = draw(2) ? fork() : -1;
	q = mremap(p, pages * PAGE, more * PAGE, MREMAP_MAYMOVE);
	MUST(q != MAP_FAILED);
	look(q, pages, 3);
	MUST(!q[(more - 1) * PAGE] || more == pages);
	fill(q, more, 4);
	MUST(!munmap(q + PAGE, PAGE));
	look(q, 1, 4);
	expected = SIGSEGV;
	if (!sigsetjmp(fault, 1)) {
		q[PAGE] = 1;
		fail("a write to what was unmapped", 0, 0);
	}
	expected = 0;
	munmap(q, more * PAGE);
	if (!pid)
		_exit(0);
	if (pid > 0)
		reap(pid);
}

/* A file that others make shorter and longer while it is mapped: a page is there with its name, or empty, or SIGBUS. */
static void do_truncate(void)
{
	volatile long *p = mmap(NULL, SHORT * PAGE, PROT_READ | PROT_WRITE, draw(3) ? MAP_SHARED : MAP_PRIVATE, short_fd, 0);
	volatile int i;

	MUST(p != MAP_FAILED);
	for (i = 0; i < 60; i++) {
		int k = draw(SHORT);

		if (draw(12) == 0)
			MUST(!ftruncate(short_fd, draw(SHORT + 1) * PAGE));
		expected = SIGBUS;
		if (!sigsetjmp(fault, 1)) {
			long v = p[k * 512];

			if (v && v != name_of(2, k))
				fail("a page of the truncated file", k, v);
			if (draw(2))
				p[k * 512] = name_of(2, k);
		}
		expected = 0;
	}
	if (draw(4) == 0) {
		pid_t pid = fork();

		MUST(pid >= 0);
		if (!pid)
			_exit(ftruncate(short_fd, draw(SHORT) * PAGE) != 0);
		reap(pid);
	}
	munmap((void *)p, SHORT * PAGE);
}

static void do_break(void)
{
	int pages = 1 + draw(100);
	long start = syscall(SYS_brk, 0);
	char *p = (char *)((start + PAGE - 1) & -PAGE);

	MUST(syscall(SYS_brk, p + pages * PAGE) == (long)(p + pages * PAGE));
	for (int i = 0; i < pages; i++)
		MUST(!*(long *)(p + i * PAGE));
	fill(p, pages, 5);
	look(p, pages, 5);
	MUST(syscall(SYS_brk, start) == start);
}

static void do_drop(void)
{
	int pages = 1 + draw(200), i = draw(pages);
	char *p = anon(pages);

	fill(p, pages, 6);
	MUST(!madvise(p + i * PAGE, (pages - i) * PAGE, MADV_DONTNEED));
	look(p, i, 6);
	for (; i < pages; i++)
		MUST(!*(long *)(p + i * PAGE));
	munmap(p, pages * PAGE);
}

static void do_exec(void)
{
	char *argv[] = { "storm", "looks", NULL };
	pid_t pid = draw(2) ? vfork() : fork();

	if (!pid) {
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	reap(pid);
}

/* /proc reads the memory of others while they change it. */
static void do_proc(void)
{
	static const char *const names[] = { "maps", "smaps", "status", "statm", "pagemap", "stat", "cmdline" };
	char path[64], buf[2048];

	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", getpid() - 4 + (int)draw(8), names[draw(7)]);
		int fd = open(path, O_RDONLY);

		while (fd >= 0 && read(fd, buf, sizeof(buf)) == sizeof(buf) && !strstr(path, "pagemap"))
			;
		close(fd);
	}
}

static const struct { const char *name; void (*run)(void); } kinds[] = {
	{ "cow", do_cow }, { "shared", do_shared }, { "private", do_private }, { "protect", do_protect }, { "move", do_move },
	{ "truncate", do_truncate }, { "break", do_break }, { "drop", do_drop }, { "exec", do_exec }, { "proc", do_proc },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void work(uint64_t seed, time_t end)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	rng = seed;
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	while (!board->stop && time(NULL) < end) {
		int k = draw(KINDS);

		kinds[k].run();
		__atomic_add_fetch(&board->ops[k], 1, __ATOMIC_SEQ_CST);
	}
	_exit(0);
}

static void run(int workers, int seconds, uint64_t seed)
{
	long sum = 0;

	common_fd = open("/tmp/storm.common", O_RDWR | O_CREAT | O_TRUNC, 0600);
	short_fd = open("/tmp/storm.short", O_RDWR | O_CREAT | O_TRUNC, 0600);
	MUST(!ftruncate(common_fd, PAGES * PAGE) && !ftruncate(short_fd, SHORT * PAGE));
	common = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, common_fd, 0);
	board->added = 0;
	for (int i = 0; i < PAGES; i++)
		common[i * 512 + 511] = name_of(1, i);
	for (int i = 0; i < workers; i++) {
		pid_t pid = fork();

		MUST(pid >= 0);
		if (!pid)
			work((seed * 64 + i + 1) * 0x9e3779b97f4a7c15, time(NULL) + seconds);
	}
	for (int status; wait(&status) > 0;)
		if (status)
			board->failed += 1;
	for (int i = 0; i < PAGES; i++)
		sum += common[i * 512];
	if (sum != board->added)
		dprintf(1, "# storm: the counters are %ld, added were %ld\n", sum, board->added), board->failed++;
	munmap((void *)common, PAGES * PAGE);
	close(common_fd);
	close(short_fd);
	unlink("/tmp/storm.common");
	unlink("/tmp/storm.short");
}

int main(int argc, char **argv)
{
	if (argc == 2) {		/* after exec: memory is fresh */
		static char zero[8 * PAGE];

		for (size_t i = 0; i < sizeof(zero); i += 64)
			if (zero[i]++)
				return 1;
		return 0;
	}
	if (argc != 4)
		return 2;
	board = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setpgid(0, 0);
	fill_caches();
	run(atoi(argv[1]), 2, 1);	/* lazy things are made */
	take_before(1);
	memset(board->ops, 0, sizeof(board->ops));
	run(atoi(argv[1]), atoi(argv[2]), strtoul(argv[3], NULL, 0));
	int bad = board->failed + compare_with_before(1);
	printf("#");
	for (size_t k = 0; k < KINDS; k++)
		printf(" %s %ld", kinds[k].name, board->ops[k]);
	printf("\nstorm %s: %s\n", argv[3], bad ? "FAILED" : "nothing wrong, nothing left");
	return bad != 0;
}
