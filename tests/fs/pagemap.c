/* /proc/PID/pagemap: Linux's bits, and what fork and a write do to them. */
#include <sys/prctl.h>
#include "../abi.h"

#define PRESENT		(1UL << 63)
#define FILE_PAGE	(1UL << 61)
#define EXCLUSIVE	(1UL << 56)
#define FRAME(e)	((e) & ((1UL << 55) - 1))

static uint64_t entry(const volatile void *p)
{
	uint64_t e = ~0UL;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	CHECK(fd >= 0);
	CHECK_EQ(pread(fd, &e, 8, (uintptr_t)p / PAGE * 8), 8);
	close(fd);
	return e;
}

static volatile char *pages(int n, int flags, int fd)
{
	char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	CHECK(p != MAP_FAILED);
	madvise(p, n * PAGE, MADV_NOHUGEPAGE);
	return p;
}

TEST(present_when_touched)
{
	volatile char *p = pages(4, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	CHECK_EQ(entry(p), 0);
	p[PAGE] = 1;
	CHECK_EQ(entry(p), 0);
	CHECK(entry(p + PAGE) & PRESENT);
	CHECK(entry(p + PAGE) & EXCLUSIVE);
	CHECK(!(entry(p + PAGE) & FILE_PAGE));
	CHECK(FRAME(entry(p + PAGE)));
	CHECK_OK(munmap((void *)p, 4 * PAGE));
	CHECK_EQ(entry(p + PAGE), 0);
}

TEST(reading_shows_the_zero_page)
{
	volatile char *p = pages(2, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	CHECK_EQ(p[0] + p[PAGE], 0);
	CHECK(entry(p) & PRESENT);
	if (strstr(read_file("/proc/cmdline"), "no_zero_page"))	/* a word of some virtual machines' Linux */
		SKIP("no zero page");
	CHECK_EQ(FRAME(entry(p)), FRAME(entry(p + PAGE)));
	CHECK(!(entry(p) & (FILE_PAGE | EXCLUSIVE)));
}

TEST(one_page_becomes_two)
{
	volatile char *p = pages(1, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uint64_t before, frame;

	*p = 1;
	before = entry(p);
	frame = FRAME(before);
	CHECK_CHILD(
		CHECK_EQ(FRAME(entry(p)), frame);
		CHECK(!(entry(p) & EXCLUSIVE));
		*p = 2;
		CHECK(FRAME(entry(p)) != frame);
		CHECK(entry(p) & EXCLUSIVE));
	CHECK(entry(p) & EXCLUSIVE);
	*p = 3;
	CHECK_EQ(FRAME(entry(p)), frame);
}

TEST(file_and_shared_pages)
{
	volatile char *shared = pages(1, MAP_SHARED | MAP_ANONYMOUS, -1), *file, *copy;
	int fd = open("file", O_RDWR | O_CREAT, 0600);

	*shared = 1;
	CHECK((entry(shared) & (PRESENT | FILE_PAGE)) == (PRESENT | FILE_PAGE));
	CHECK_OK(ftruncate(fd, PAGE));
	file = pages(1, MAP_SHARED, fd);
	copy = pages(1, MAP_PRIVATE, fd);
	*file = 1;
	CHECK_EQ(*copy, 1);
	CHECK_EQ(FRAME(entry(file)), FRAME(entry(copy)));
	CHECK(entry(copy) & FILE_PAGE);
	*copy = 2;
	CHECK(!(entry(copy) & FILE_PAGE));
	CHECK(FRAME(entry(file)) != FRAME(entry(copy)));
}

TEST(reads_of_whole_entries)
{
	uint64_t two[2];
	int fd = open("/proc/self/pagemap", O_RDONLY);

	CHECK_ERR(pread(fd, two, 7, 0), EINVAL);
	CHECK_ERR(pread(fd, two, 8, 4), EINVAL);
	CHECK_EQ(pread(fd, two, 16, 0), 16);
	CHECK_EQ(two[0], 0);
	CHECK_EQ(pread(fd, two, 8, 1L << 48), 0);
	CHECK_EQ(pread(fd, two, 0, 0), 0);
	close(fd);
}

TEST(frames_are_for_root)
{
	volatile char *p = pages(1, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	*p = 1;
	CHECK_OK(setuid(1000));
	CHECK_OK(prctl(PR_SET_DUMPABLE, 1));
	CHECK(entry(p) & PRESENT);
	CHECK_EQ(FRAME(entry(p)), 0);
	CHECK_ERR(open("/proc/1/pagemap", O_RDONLY), EACCES);
}
