/* madvise(DONTNEED), mincore, msync, mlock: what they promise. */
#include "../abi.h"

#define RW	(PROT_READ | PROT_WRITE)

TEST(dontneed_zeroes_anonymous)
{
	char *p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(p, 1, 4 * PAGE);
	CHECK_OK(madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED));
	CHECK_EQ(p[0], 1);
	CHECK_EQ(p[PAGE], 0);
	CHECK_EQ(p[3 * PAGE - 1], 0);
	CHECK_EQ(p[3 * PAGE], 1);
}

TEST(dontneed_goes_back_to_the_file)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	char *p;

	CHECK_EQ(write(fd, "file", 4), 4);
	p = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
	p[0] = 'X';
	CHECK_OK(madvise(p, PAGE, MADV_DONTNEED));
	CHECK_EQ(p[0], 'f');
}

TEST(dontneed_keeps_shared)
{
	char *p = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	p[0] = 7;
	CHECK_OK(madvise(p, PAGE, MADV_DONTNEED));
	CHECK_EQ(p[0], 7);
}

TEST(frees_memory)
{
	size_t len = 1024 * PAGE;
	char *p = mmap(NULL, len, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long size, resident, before;

	memset(p, 1, len);
	CHECK_EQ(sscanf(read_file("/proc/self/statm"), "%ld %ld", &size, &before), 2);
	CHECK_OK(madvise(p, len, MADV_DONTNEED));
	CHECK_EQ(sscanf(read_file("/proc/self/statm"), "%ld %ld", &size, &resident), 2);
	CHECK(before - resident > 700);		/* Linux counts roughly, on each processor */
}

TEST(errors)
{
	char *p = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK_ERR(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
	CHECK_ERR(madvise(p, PAGE, 12345), EINVAL);
	CHECK_OK(munmap(p + PAGE, PAGE));
	CHECK_ERR(madvise(p, 2 * PAGE, MADV_DONTNEED), ENOMEM);
	CHECK_OK(madvise(p, 0, MADV_DONTNEED));
	CHECK_ERR(msync(p + PAGE, PAGE, MS_SYNC), ENOMEM);
	CHECK_ERR(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
}
