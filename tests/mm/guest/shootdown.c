/*
 * The TLB shootdown: what one processor takes away no other may use any longer. A partner shares the memory (clone with
 * CLONE_VM) and runs on another processor; it uses a page without pause while this side unmaps, protects, moves, copies
 * or forks it. After the call has returned the partner must fault, or see and hit what is there now; and a frame that
 * was given back must never be seen or written to through an old entry.
 *
 * With one processor the same is asked of the switch. Passes on Linux.
 */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <setjmp.h>
#include "../../abi.h"

#define ROUNDS 50			/* or for 30 s, on a busy host */
#define SPAN (64 * PAGE)		/* more than is flushed page by page */

static struct {
	volatile long round;		/* what the partner shall do next; -1: the end */
	volatile long using;		/* the round in which it has used the page */
	volatile long gone;		/* the round whose call has returned */
	volatile long done;		/* the round it has finished with */
	volatile long counted;		/* its last write that went through */
	const char *volatile wrong;
} *ctl;
static volatile long *page;		/* the one they quarrel about */
static sigjmp_buf fault;
static char stack[64 * 1024];
static pid_t partner;

static void on_fault(int sig) { siglongjmp(fault, 1); }

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);	/* fails with one processor, and that is fine */
}

static void fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static int alone;			/* one processor: who waits for the other must let it run */
static void relax(void) { sched_yield(); }
static void used(long r)
{
	ctl->using = r;
	if (alone)
		relax();
}

/* Reads until it faults: each value must be the round's, and once the call has returned there must be a fault. */
static void reader(long r)
{
	for (;;) {
		long gone = ctl->gone;

		fence();
		if (*page != r)
			ctl->wrong = "another page was seen";
		used(r);
		if (gone == r) {
			ctl->wrong = "an old entry was read through";
			return;
		}
	}
}

/* Counts up in the page until it faults. */
static void writer(long r)
{
	for (long n = 1;; n++) {
		long gone = ctl->gone;

		fence();
		*page = ctl->counted = n;
		used(r);
		if (gone == r) {
			ctl->wrong = "an old entry was written through";
			return;
		}
	}
}

/* Reads without end of the round's: after the call has returned it must be the new value. */
static void watcher(long r)
{
	for (;;) {
		long gone = ctl->gone;

		fence();
		long v = *page;

		used(r);
		if (gone == r) {
			if (v != -r)
				ctl->wrong = "old contents were read";
			return;
		}
	}
}

/* Writes two words alike for as long as the round lasts. */
static void doubler(long r)
{
	for (long n = 1; ctl->gone != r; n++) {
		page[0] = n;
		fence();
		page[SPAN / sizeof(long) - 1] = n;
		used(r);
	}
}

static void (*job)(long r);

static int partner_main(void *unused)
{
	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	stay_on(1);
	for (volatile long r = 1;; r++) {
		while (ctl->round < r && ctl->round >= 0)
			relax();
		if (ctl->round < 0)
			return 0;
		if (!sigsetjmp(fault, 1))
			job(r);
		fence();
		ctl->done = r;
	}
}

/* One round: before() makes the page, the partner uses it, then take() takes it away, and after() looks. */
static void quarrel(void (*what)(long r), void (*before)(long r), void (*take)(long r), void (*after)(long r))
{
	ctl = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(ctl != MAP_FAILED);
	job = what;
	alone = sysconf(_SC_NPROCESSORS_ONLN) == 1;
	stay_on(0);
	partner = clone(partner_main, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	CHECK_OK(partner);
	for (long r = 1, end = now_ms() + 30000; r <= ROUNDS && now_ms() < end && !ctl->wrong; r++) {
		before(r);
		fence();
		ctl->round = r;
		while (ctl->using != r && ctl->done != r)
			relax();
		take(r);
		fence();
		ctl->gone = r;
		if (after)
			after(r);
		while (ctl->done != r)
			relax();
	}
	ctl->round = -1;

	int status;

	CHECK_EQ(waitpid(partner, &status, 0), partner);
	if (ctl->wrong)
		FAIL("%s", ctl->wrong);
	CHECK_EQ(status, 0);
	munmap(ctl, PAGE);
}

/* ---- what is taken away, and how ---- */

static char *area = (char *)0x200000000000;

static void map_at(char *at, long r)
{
	area = mmap(at, SPAN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(area != MAP_FAILED);
	madvise(area, SPAN, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < SPAN; i += PAGE)
		*(long *)(area + i) = r;
	page = (long *)(area + (r & 1 ? 0 : SPAN - PAGE));
}
static void map_area(long r) { map_at((char *)0x200000000000, r); }
static void map_far(long r) { map_at((char *)0x200000000000 + (r % 3 << 30), r); }	/* each time in tables of its own */

static void unmap_one(long r) { CHECK_OK(munmap((void *)page, PAGE)); }
static void unmap_all(long r) { CHECK_OK(munmap(area, SPAN)); }
static void protect(long r) { CHECK_OK(mprotect(r & 2 ? area : (void *)page, r & 2 ? SPAN : PAGE, PROT_READ)); }
static void forbid(long r) { CHECK_OK(mprotect((void *)page, PAGE, PROT_NONE)); }

/* The frames that came back are used for something else at once; what is written there stays. */
static char *other;
static void reuse(long r)
{
	other = mmap((char *)0x220000000000, SPAN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(other != MAP_FAILED);
	memset(other, 0xee, SPAN);
	for (int look = 0; look < 4; look++) {
		for (size_t i = 0; i < SPAN; i += 8)
			CHECK_EQ(*(long *)(other + i), 0xeeeeeeeeeeeeeeeeL);
		sched_yield();
	}
	CHECK_OK(munmap(other, SPAN));
}

TEST(munmap_one_page) { quarrel(reader, map_area, unmap_one, reuse); }
TEST(munmap_many_pages) { quarrel(reader, map_area, unmap_all, reuse); }
TEST(munmap_under_a_writer) { quarrel(writer, map_area, unmap_one, reuse); }
TEST(munmap_many_under_a_writer) { quarrel(writer, map_area, unmap_all, reuse); }
TEST(mprotect_under_a_writer) { quarrel(writer, map_area, protect, NULL); }
TEST(mprotect_none) { quarrel(reader, map_area, forbid, NULL); }

TEST(tables_go_too) { quarrel(writer, map_far, unmap_all, reuse); }

/* What was written before the page moved is there after it, and nothing comes later. */
static void move(long r)
{
	char *to = mremap((void *)page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (char *)0x210000000000);

	CHECK_EQ(to, 0x210000000000);
}
static void moved_whole(long r)
{
	volatile long *to = (long *)0x210000000000;
	long n = *to;

	while (ctl->done != r)
		relax();
	/* The last write was either made and counted, or faulted after it had been counted. */
	CHECK(n == ctl->counted || n == ctl->counted - 1);
	CHECK_EQ(*to, n);
	CHECK_OK(munmap((void *)to, PAGE));
}
TEST(mremap_under_a_writer) { quarrel(writer, map_area, move, moved_whole); }

/* Pages of a file go from every address space when it becomes shorter. */
static void map_file(long r)
{
	int fd = open("file", O_RDWR | O_CREAT, 0600);

	CHECK_OK(ftruncate(fd, SPAN));
	area = mmap(area, SPAN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	CHECK(area != MAP_FAILED);
	for (size_t i = 0; i < SPAN; i += PAGE)
		*(long *)(area + i) = r;
	page = (long *)(area + (r & 1 ? 0 : SPAN - PAGE));
	close(fd);
}
static void cut(long r) { CHECK_OK(truncate("file", r & 1 ? 0 : SPAN - PAGE)); }
TEST(truncate_under_a_reader) { quarrel(reader, map_file, cut, reuse); }
TEST(truncate_under_a_writer) { quarrel(writer, map_file, cut, reuse); }

/* ---- what becomes something else ---- */

static void drop_and_fill(long r)
{
	CHECK_OK(madvise((void *)page, PAGE, MADV_DONTNEED));
	CHECK_EQ(*page, 0);
	*page = -r;
}
TEST(dontneed_gives_a_new_page) { quarrel(watcher, map_area, drop_and_fill, NULL); }

static void map_over(long r)
{
	void *p = mmap((void *)page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0);

	CHECK_EQ(p, page);
	*page = -r;
}
TEST(mmap_over_it) { quarrel(watcher, map_area, map_over, NULL); }

/* A page that a child shares is copied when we write: the partner, who has the old one in its TLB, sees the copy. */
static int to_child[2];
static pid_t child;
static void map_shared_with_child(long r)
{
	map_area(r);
	CHECK_OK(pipe(to_child));
	child = fork();
	CHECK_OK(child);
	if (!child) {
		long v = *page, c;

		close(to_child[1]);
		(void)!read(to_child[0], &c, 1);
		_exit(v == r && *page == r ? 0 : 1);
	}
	CHECK_EQ(*page, r);
}
static void write_copy(long r) { *page = -r; }
static void end_child(long r)
{
	int status;

	close(to_child[0]);
	close(to_child[1]);
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
}
TEST(copy_on_write_is_seen) { quarrel(watcher, map_shared_with_child, write_copy, end_child); }

/* fork while the partner writes: the child's memory stands still, and is of one moment as far as order goes. */
static void fork_still(long r)
{
	int status;
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		volatile long *last = page + SPAN / sizeof(long) - 1;
		long a = page[0], b = *last;

		if (b > a || a - b > 1)
			_exit(2);
		for (int i = 0; i < 2000; i++)
			if (page[0] != a || *last != b)
				_exit(3);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (status)
		FAIL("the child saw %s", status == 0x200 ? "half of a write" : "its memory change");
}
static void map_doubled(long r)
{
	map_area(1);
	for (size_t i = 0; i < SPAN; i += PAGE)
		*(long *)(area + i) = 0;
	page = (long *)area;
}
TEST(fork_under_a_writer) { quarrel(doubler, map_doubled, fork_still, NULL); }
