/* mprotect: rights change at once, ranges split, errors leave a prefix changed. */
#include "../abi.h"

#define RW	(PROT_READ | PROT_WRITE)

static char *anon(size_t len)
{
	char *p = mmap(NULL, len, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

TEST(write_protect_and_back)
{
	volatile char *p = anon(PAGE);

	p[0] = 1;
	for (int i = 0; i < 10; i++) {
		CHECK_OK(mprotect((void *)p, PAGE, PROT_READ));
		CHECK_SIGNAL(SIGSEGV, p[0] = 2);
		CHECK_EQ(p[0], 1);
		CHECK_OK(mprotect((void *)p, PAGE, RW));
		p[0] = 1;
	}
}

TEST(none_keeps_the_data)
{
	volatile char *p = anon(PAGE);

	p[10] = 77;
	CHECK_OK(mprotect((void *)p, PAGE, PROT_NONE));
	CHECK_SIGNAL(SIGSEGV, (void)p[10]);
	CHECK_OK(mprotect((void *)p, PAGE, PROT_READ));
	CHECK_EQ(p[10], 77);
}

TEST(middle_of_a_mapping)
{
	volatile char *p = anon(3 * PAGE);

	CHECK_OK(mprotect((void *)(p + PAGE), PAGE, PROT_READ));
	p[0] = p[2 * PAGE] = 1;
	CHECK_SIGNAL(SIGSEGV, p[PAGE] = 1);
	CHECK_SIGNAL(SIGSEGV, p[2 * PAGE - 1] = 1);
}

TEST(cow_after_mprotect)
{
	volatile char *p = anon(PAGE);

	p[0] = 1;
	CHECK_CHILD(
		CHECK_OK(mprotect((void *)p, PAGE, PROT_READ));
		CHECK_OK(mprotect((void *)p, PAGE, RW));
		p[0] = 2);	/* still shared with the parent: must copy */
	CHECK_EQ(p[0], 1);
}

TEST(errors)
{
	char *p = anon(3 * PAGE);
	int fd = open("f", O_RDWR | O_CREAT, 0644), rd;

	CHECK_OK(munmap(p + 2 * PAGE, PAGE));
	CHECK_ERR(syscall(SYS_mprotect, p + 1, PAGE, PROT_READ), EINVAL);
	CHECK_ERR(mprotect(p, 3 * PAGE, PROT_READ), ENOMEM);
	CHECK_OK(syscall(SYS_mprotect, p, 0, PROT_READ));
	CHECK_ERR(mprotect((void *)0x7fffffff0000UL, 1UL << 50, PROT_READ), ENOMEM);
	CHECK_OK(ftruncate(fd, PAGE));
	rd = open("f", O_RDONLY);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, rd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_ERR(mprotect(p, PAGE, RW), EACCES);
}

TEST(kernel_obeys_too)
{
	char *p = anon(PAGE);
	int fd = open("/dev/zero", O_RDONLY);

	p[0] = 1;
	CHECK_OK(mprotect(p, PAGE, PROT_READ));
	CHECK_ERR(read(fd, p, 1), EFAULT);
	CHECK_EQ(p[0], 1);
	CHECK_OK(mprotect(p, PAGE, PROT_NONE));
	CHECK_ERR(write(open("f", O_CREAT | O_WRONLY, 0600), p, 1), EFAULT);
}
