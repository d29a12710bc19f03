/* mremap: grow in place, move with the pages, shrink, fixed, errors. */
#include "../abi.h"

#define RW	(PROT_READ | PROT_WRITE)

static char *anon(size_t len)
{
	char *p = mmap(NULL, len, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void fill(char *p, int from, int to)
{
	for (int i = from; i < to; i++)
		memset(p + i * PAGE, 'a' + i, PAGE);
}

static void check(char *p, int from, int to)
{
	for (int i = from; i < to; i++)
		CHECK(p[i * PAGE] == 'a' + i && p[i * PAGE + PAGE - 1] == 'a' + i);
}

TEST(shrink)
{
	char *p = anon(4 * PAGE);

	fill(p, 0, 4);
	CHECK(mremap(p, 4 * PAGE, 2 * PAGE, 0) == p);
	check(p, 0, 2);
	CHECK_SIGNAL(SIGSEGV, p[2 * PAGE] = 1);
}

TEST(grow_in_place)
{
	char *p = anon(8 * PAGE);

	fill(p, 0, 2);
	CHECK_OK(munmap(p + 2 * PAGE, 6 * PAGE));
	CHECK(mremap(p, 2 * PAGE, 8 * PAGE, 0) == p);
	check(p, 0, 2);
	CHECK_EQ(p[7 * PAGE], 0);
	p[7 * PAGE] = 1;
}

TEST(blocked_without_maymove)
{
	char *p = anon(4 * PAGE);

	CHECK_OK(mprotect(p + 2 * PAGE, 2 * PAGE, PROT_READ));
	CHECK_ERR(mremap(p, 2 * PAGE, 3 * PAGE, 0), ENOMEM);
}

TEST(move_takes_the_pages)
{
	char *p = anon(4 * PAGE), *q;

	fill(p, 0, 2);
	CHECK_OK(mprotect(p + 2 * PAGE, 2 * PAGE, PROT_READ));
	q = mremap(p, 2 * PAGE, 600 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q != p);
	check(q, 0, 2);
	CHECK_EQ(q[599 * PAGE], 0);
	CHECK_SIGNAL(SIGSEGV, p[0] = 1);
	CHECK_EQ(p[2 * PAGE], 0);
}

TEST(fixed)
{
	char *p = anon(2 * PAGE), *to = anon(4 * PAGE);

	fill(p, 0, 2);
	memset(to, 'z', 4 * PAGE);
	CHECK(mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE) == to + PAGE);
	check(to + PAGE, 0, 2);
	CHECK_EQ(to[0], 'z');
	CHECK_EQ(to[3 * PAGE], 'z');
	CHECK_SIGNAL(SIGSEGV, p[0] = 1);
}

TEST(shared_file_moves)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	char *p, *q, c;

	CHECK_OK(ftruncate(fd, 4 * PAGE));
	p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, PAGE);
	p[0] = 'M';
	q = mremap(p, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED);
	CHECK_EQ(q[0], 'M');
	q[2 * PAGE] = 'N';
	CHECK_EQ(pread(fd, &c, 1, 3 * PAGE), 1);
	CHECK_EQ(c, 'N');
}

TEST(cow_survives_a_move)
{
	char *p = anon(2 * PAGE), *q;

	fill(p, 0, 2);
	CHECK_CHILD(
		q = mremap(p, 2 * PAGE, 1000 * PAGE, MREMAP_MAYMOVE);
		CHECK(q != MAP_FAILED);
		check(q, 0, 2);
		q[0] = 'X');
	check(p, 0, 2);
}

TEST(errors)
{
	char *p = anon(2 * PAGE);

	CHECK_ERR(mremap(p + 1, PAGE, PAGE, 0), EINVAL);
	CHECK_ERR(mremap(p, PAGE, 0, 0), EINVAL);
	CHECK_ERR(mremap(p, PAGE, PAGE, 64), EINVAL);
	CHECK_ERR(mremap(p, PAGE, PAGE, MREMAP_FIXED, p + PAGE), EINVAL);
	CHECK_ERR(mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, p + PAGE), EINVAL);
	CHECK_OK(munmap(p, 2 * PAGE));
	CHECK_ERR(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
}
