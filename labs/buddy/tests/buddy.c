/* The tests of lab buddy. Programs can't ask for blocks: they use memory in ways that make the kernel ask. */
#include "lab.h"

static char *map(long pages)
{
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* Writes each page's number into it, having found it zero. */
static void use(char *p, long pages)
{
	for (long i = 0; i < pages; i++) {
		unsigned long *word = (unsigned long *)(p + i * PAGE);

		CHECK(!word[0] && !word[511]);
		word[0] = word[511] = i + 1;
	}
}

static void still_there(char *p, long pages)
{
	for (long i = 0; i < pages; i++) {
		unsigned long *word = (unsigned long *)(p + i * PAGE);

		CHECK_EQ(word[0], i + 1);
		CHECK_EQ(word[511], i + 1);
	}
}

/* Moves what was freed from the processor's stack to the buddy: a hundred pages are used and freed. */
static void unuse(char *p, long pages)
{
	CHECK_OK(munmap(p, pages * PAGE));
}

TEST(fresh_pages)
{
	char *p = map(100);

	use(p, 100);
	still_there(p, 100);
}

TEST(used_again)
{
	for (int i = 0; i < 20; i++) {
		char *p = map(40);

		use(p, 40);
		still_there(p, 40);
		unuse(p, 40);
	}
}

TEST(nothing_wasted)
{
	char *p = map(1024);

	STATE("before", 0, 0, 0);
	use(p, 1024);
	STATE("after", 1024, 0, 0);
	still_there(p, 1024);
	unuse(p, 1024);
	STATE("freed", 0, 0, 0);
}

/* A descriptor of 8000 makes the kernel ask for a table of 8192 pointers. */
TEST(large_blocks)
{
	struct rlimit limit = { 10000, 10000 };

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
	CHECK_OK(dup2(0, 1000));
	STATE("before", 0, 0, 0);
	CHECK_EQ(dup2(0, 8000), 8000);
	STATE("table", 8000, 0, 0);
}

TEST(every_page_once)
{
	char *p = map(700);

	use(p, 700);
	STATE("look", 0, 0, 0);
	for (int i = 0; i < 700; i += 3)
		unuse(p + i * PAGE, 1);
	STATE("look", 0, 0, 0);
}

TEST(smallest_first)
{
	char *p = map(600), *q = map(200);	/* more than a CPU's stack of pages holds */

	use(p, 600);
	for (int i = 0; i < 600; i += 2)	/* many small blocks */
		unuse(p + i * PAGE, 1);
	STATE("before", 0, 0, 0);
	use(q, 200);
	STATE("after", 200, 0, 0);
}

TEST(all_merged)
{
	char *p = map(2000);

	use(p, 2000);
	STATE("look", 0, 0, 0);
	unuse(p, 2000);
	STATE("look", 0, 0, 0);
}

TEST(out_of_order)
{
	enum { PAGES = 4096 };
	char *p = map(PAGES);
	unsigned at = 0;

	STATE("before", 0, 0, 0);
	use(p, PAGES);
	for (int i = 0; i < PAGES; i++) {	/* 1365 and 4096 have no common factor: each page once */
		at = (at + 1365) % PAGES;
		unuse(p + at * PAGE, 1);
	}
	STATE("after", 0, 0, 0);
}

TEST(most_of_memory)
{
	long pages = sysconf(_SC_AVPHYS_PAGES) * 3 / 4;

	CHECK(pages > 16000);			/* of 128 MiB */
	for (int i = 0; i < 2; i++) {
		char *p = map(pages);

		use(p, pages);
		unuse(p, pages);
	}
}

static unsigned seed;
static unsigned rnd(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

TEST(churn)
{
	STATE("before", 0, 0, 0);
	for (int child = 0; child < 6; child++)
		if (!fork()) {
			seed = child + instructions();	/* the phase of the timer */
			for (int i = 0; i < 20; i++) {
				long pages = 1 + rnd(150);
				char *p = map(pages);

				use(p, pages);
				still_there(p, pages);
				if (rnd(2))
					unuse(p, pages);
			}
			_exit(0);
		}
	for (int child = 0, status; child < 6; child++) {
		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
	STATE("after", 0, 0, 0);
}
