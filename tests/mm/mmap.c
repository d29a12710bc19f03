/* mmap and munmap: kinds of mapping, fixed addresses, holes, errors, faults. */
#include "../abi.h"

#define RW	(PROT_READ | PROT_WRITE)
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)

static char *anon(size_t len)
{
	char *p = mmap(NULL, len, RW, ANON, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static int file_of(size_t len, char fill)
{
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0);
	for (size_t i = 0; i < len; i++)
		CHECK_EQ(write(fd, &fill, 1), 1);
	return fd;
}

static void *volatile seen_addr;

static void on_fault(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	_exit(sig == SIGSEGV ? 40 + si->si_code : 80 + si->si_code);
}

/* The exit status of a child that does one access: 40+code, 80+code or 0 */
static int access_gives(volatile char *p, int write)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	int st;

	IN_CHILD(st,
		sigaction(SIGSEGV, &sa, NULL);
		sigaction(SIGBUS, &sa, NULL);
		if (write)
			*p = 1;
		else
			(void)*p);
	CHECK(WIFEXITED(st));
	return WEXITSTATUS(st);
}

TEST(anonymous_is_zero)
{
	char *p = anon(64 * PAGE);

	for (size_t i = 0; i < 64 * PAGE; i += 64)
		CHECK_EQ(p[i], 0);
	memset(p, 7, 64 * PAGE);
	for (size_t i = 0; i < 64 * PAGE; i += 64)
		CHECK_EQ(p[i], 7);
	CHECK_OK(munmap(p, 64 * PAGE));
	/* The same place again is zero again. */
	CHECK(mmap(p, 64 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == p);
	for (size_t i = 0; i < 64 * PAGE; i += 64)
		CHECK_EQ(p[i], 0);
}

TEST(lengths_are_rounded_up)
{
	char *p = anon(1);

	p[PAGE - 1] = 1;
	CHECK_OK(munmap(p, 1));
	CHECK_EQ(access_gives(p, 0), 40 + SEGV_MAPERR);
}

TEST(hint_is_honoured_when_free)
{
	char *p = anon(4 * PAGE);

	CHECK_OK(munmap(p, 4 * PAGE));
	CHECK(mmap(p, PAGE, RW, ANON, -1, 0) == p);
	CHECK(mmap(p, PAGE, RW, ANON, -1, 0) != p);
	CHECK_EQ((long)mmap(p + 2 * PAGE + 5, PAGE, RW, ANON, -1, 0), (long)p + 2 * PAGE);
}

TEST(fixed_replaces)
{
	char *p = anon(3 * PAGE);

	memset(p, 5, 3 * PAGE);
	CHECK(mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) == p + PAGE);
	CHECK_EQ(p[0], 5);
	CHECK_EQ(p[PAGE], 0);
	CHECK_EQ(p[2 * PAGE], 5);
	CHECK_ERR(mmap(p, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	CHECK_OK(munmap(p, 3 * PAGE));
	CHECK(mmap(p, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == p);
}

TEST(munmap_makes_holes)
{
	char *p = anon(5 * PAGE);

	memset(p, 3, 5 * PAGE);
	CHECK_OK(munmap(p + PAGE, PAGE));
	CHECK_OK(munmap(p + 3 * PAGE, PAGE));
	CHECK_EQ(p[0] + p[2 * PAGE] + p[4 * PAGE], 9);
	CHECK_EQ(access_gives(p + PAGE, 0), 40 + SEGV_MAPERR);
	CHECK_EQ(access_gives(p + 3 * PAGE, 1), 40 + SEGV_MAPERR);
	CHECK_OK(munmap(p, 5 * PAGE));	/* holes in the range are no error */
	CHECK_OK(munmap(p, 5 * PAGE));
	CHECK_EQ(access_gives(p + 4 * PAGE, 0), 40 + SEGV_MAPERR);
}

TEST(errors)
{
	int fd = file_of(10, 'a'), rd = open("f", O_RDONLY), wr = open("f", O_WRONLY);
	char *p = anon(PAGE);

	CHECK_ERR(mmap(NULL, 0, RW, ANON, -1, 0), EINVAL);
	CHECK_ERR(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
	CHECK_ERR(mmap(NULL, PAGE, RW, MAP_PRIVATE, -1, 0), EBADF);
	CHECK_ERR(mmap(NULL, PAGE, RW, MAP_SHARED, rd, 0), EACCES);
	CHECK_ERR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, wr, 0), EACCES);
	CHECK_ERR(syscall(SYS_mmap, 0, PAGE, RW, MAP_PRIVATE, fd, 5), EINVAL);
	CHECK_ERR(mmap(NULL, 1UL << 47, RW, ANON, -1, 0), ENOMEM);
	CHECK_ERR(mmap(p + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0), EINVAL);
	CHECK_ERR(munmap(p + 1, PAGE), EINVAL);
	CHECK_ERR(syscall(SYS_munmap, p, 0), EINVAL);
	CHECK_ERR(syscall(SYS_munmap, 0xffff800000000000UL, PAGE), EINVAL);
	CHECK_ERR(mmap(NULL, PAGE, RW, MAP_PRIVATE, open(".", O_RDONLY), 0), ENODEV);
	CHECK(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE, fd, 0) != MAP_FAILED);
	CHECK_ERR(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0), EOPNOTSUPP);
	CHECK_ERR(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0), EINVAL);
	/* A private mapping of a file open for reading may be written. */
	CHECK(mmap(NULL, PAGE, RW, MAP_PRIVATE, rd, 0) != MAP_FAILED);
}

TEST(faults_tell_why)
{
	char *p = anon(2 * PAGE);

	CHECK_OK(mprotect(p, PAGE, PROT_READ));
	CHECK_EQ(access_gives(p, 0), 0);
	CHECK_EQ(access_gives(p, 1), 40 + SEGV_ACCERR);
	CHECK_OK(mprotect(p, PAGE, PROT_NONE));
	CHECK_EQ(access_gives(p, 0), 40 + SEGV_ACCERR);
	CHECK_EQ(access_gives((char *)16, 1), 40 + SEGV_MAPERR);
	CHECK_EQ(access_gives(p + PAGE, 1), 0);
}

static void check_addr(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	_exit(sig == SIGSEGV && si->si_addr == seen_addr && si->si_signo == SIGSEGV ? 0 : 1);
}

TEST(fault_address_is_exact)
{
	struct sigaction sa = { .sa_sigaction = check_addr, .sa_flags = SA_SIGINFO };
	char *p = anon(PAGE);
	int st;

	munmap(p, PAGE);
	seen_addr = p + 123;
	IN_CHILD(st, sigaction(SIGSEGV, &sa, NULL); p[123] = 1; _exit(2));
	CHECK_EQ(st, 0);
}

TEST(no_execute)
{
	char *p = anon(PAGE);
	int st;

	p[0] = (char)0xc3;
	CHECK_SIGNAL(SIGSEGV, ((void (*)(void))p)());
	CHECK_OK(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	IN_CHILD(st, ((void (*)(void))p)());
	CHECK_EQ(st, 0);
}

TEST(private_file_is_not_written_back)
{
	int fd = file_of(100, 'x');
	char *p = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0), c;

	CHECK_EQ(p[99], 'x');
	CHECK_EQ(p[100], 0);	/* the rest of the last page is zero */
	p[0] = 'Y';
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	CHECK_EQ(c, 'x');
	/* A page not yet written shows what is written to the file. */
	char *q = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
	CHECK_EQ(pwrite(fd, "Z", 1, 1), 1);
	CHECK_EQ(q[1], 'Z');
	CHECK_EQ(p[1], 'x');
}

TEST(shared_file_is_written)
{
	int fd = file_of(100, 'x');
	char *p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	char *q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), c;

	CHECK(p != MAP_FAILED && q != MAP_FAILED);
	p[5] = 'S';
	CHECK_EQ(q[5], 'S');
	CHECK_EQ(pread(fd, &c, 1, 5), 1);
	CHECK_EQ(c, 'S');
	CHECK_EQ(pwrite(fd, "T", 1, 6), 1);
	CHECK_EQ(p[6], 'T');
	CHECK_OK(close(fd));	/* the mapping keeps the file */
	CHECK_OK(unlink("f"));
	CHECK_EQ(p[6], 'T');
	CHECK_OK(msync(p, PAGE, MS_SYNC));
}

TEST(file_offset)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);

	for (int i = 0; i < 4; i++) {
		char page[PAGE];

		memset(page, '0' + i, PAGE);
		CHECK_EQ(write(fd, page, PAGE), PAGE);
	}
	char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 2 * PAGE);

	CHECK_EQ(p[0], '2');
	CHECK_EQ(p[PAGE], '3');
}

TEST(beyond_the_end_is_sigbus)
{
	int fd = file_of(10, 'x');
	char *p = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0);

	CHECK_EQ(p[PAGE - 1], 0);
	CHECK_EQ(access_gives(p + PAGE, 0), 80 + BUS_ADRERR);
	CHECK_EQ(access_gives(p + PAGE, 1), 80 + BUS_ADRERR);
	CHECK_OK(ftruncate(fd, 2 * PAGE));
	CHECK_EQ(p[PAGE], 0);
	CHECK_EQ(access_gives(p + 2 * PAGE, 0), 80 + BUS_ADRERR);
}

TEST(truncate_takes_pages_away)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	char *p;

	CHECK_OK(ftruncate(fd, 3 * PAGE));
	p = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0);
	memset(p, 9, 3 * PAGE);
	CHECK_OK(ftruncate(fd, PAGE + 10));
	CHECK_EQ(p[PAGE + 9], 9);
	CHECK_EQ(p[PAGE + 10], 0);	/* zeroed on the way down */
	CHECK_EQ(access_gives(p + 2 * PAGE, 0), 80 + BUS_ADRERR);
	CHECK_OK(ftruncate(fd, 3 * PAGE));
	CHECK_EQ(p[2 * PAGE], 0);
}

TEST(truncate_reaches_private_copies)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	char *p;

	CHECK_OK(ftruncate(fd, 2 * PAGE));
	p = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
	p[0] = 1;
	p[PAGE] = 1;
	CHECK_OK(ftruncate(fd, PAGE));
	CHECK_EQ(p[0], 1);
	CHECK_EQ(access_gives(p + PAGE, 0), 80 + BUS_ADRERR);
}

TEST(populate)
{
	char *p = mmap(NULL, 64 * PAGE, RW, ANON | MAP_POPULATE, -1, 0);
	struct rusage a, b;

	CHECK(p != MAP_FAILED);
	getrusage(RUSAGE_SELF, &a);
	for (int i = 0; i < 64; i++)
		p[i * PAGE] = 1;
	getrusage(RUSAGE_SELF, &b);
	CHECK(b.ru_minflt - a.ru_minflt < 32);
}

TEST(dev_zero)
{
	int fd = open("/dev/zero", O_RDWR);
	char *p = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);

	CHECK(p != MAP_FAILED);
	CHECK_EQ(p[17], 0);
	p[17] = 1;
	CHECK_EQ(p[17], 1);
}

static int maps_lines(const char *start, const char *perms)
{
	char want[64], *line;
	int n = 0;

	snprintf(want, sizeof(want), " %s ", perms);
	line = strtok(read_file("/proc/self/maps"), "\n");
	for (; line; line = strtok(NULL, "\n"))
		if (!strncmp(line, start, strlen(start)) && strstr(line, want))
			n++;
	return n;
}

TEST(maps_show_merge_and_split)
{
	char *p = anon(8 * PAGE), range[64];

	CHECK_OK(munmap(p, 8 * PAGE));
	for (int i = 1; i < 7; i++)	/* neighbours become one mapping */
		CHECK(mmap(p + i * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) != MAP_FAILED);
	CHECK_OK(mprotect(p + 3 * PAGE, PAGE, PROT_READ));
	snprintf(range, sizeof(range), "%lx-%lx", (long)p + PAGE, (long)p + 3 * PAGE);
	CHECK_EQ(maps_lines(range, "rw-p"), 1);
	snprintf(range, sizeof(range), "%lx-%lx", (long)p + 3 * PAGE, (long)p + 4 * PAGE);
	CHECK_EQ(maps_lines(range, "r--p"), 1);
	CHECK_OK(mprotect(p + 3 * PAGE, PAGE, RW));
	snprintf(range, sizeof(range), "%lx-%lx", (long)p + PAGE, (long)p + 7 * PAGE);
	CHECK_EQ(maps_lines(range, "rw-p"), 1);
}

TEST(many_mappings)
{
	char *p = anon(2000 * PAGE);

	for (int i = 0; i < 2000; i += 2)
		CHECK_OK(mprotect(p + i * PAGE, PAGE, PROT_READ));
	for (int i = 1; i < 2000; i += 2)
		p[i * PAGE] = 1;
	for (int i = 0; i < 2000; i += 2)
		CHECK_EQ(p[i * PAGE], 0);
	CHECK_OK(munmap(p, 2000 * PAGE));
}

TEST(kernel_copies_fault_pages_in)
{
	int fds[2];
	char *p = anon(4 * PAGE);

	CHECK_OK(pipe(fds));
	CHECK_EQ(write(fds[1], "hello", 5), 5);
	CHECK_EQ(read(fds[0], p + PAGE - 2, 5), 5);	/* two new pages */
	CHECK(!memcmp(p + PAGE - 2, "hello", 5));
	CHECK_OK(mprotect(p + 3 * PAGE, PAGE, PROT_READ));
	CHECK_EQ(write(fds[1], "world", 5), 5);
	CHECK_ERR(read(fds[0], p + 3 * PAGE, 5), EFAULT);
}
