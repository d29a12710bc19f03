/* Copy-on-write: fork shares, a write copies one page, the last user reuses. */
#include "../abi.h"

#define N 256

static char data[4 * PAGE] = { 1 };
static char bss[4 * PAGE];

static char *anon(int flags)
{
	char *p = mmap(NULL, N * PAGE, PROT_READ | PROT_WRITE,
		       flags | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	madvise(p, N * PAGE, MADV_NOHUGEPAGE);
	for (int i = 0; i < N; i++)
		p[i * PAGE] = i;
	return p;
}

static long minor_faults(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return ru.ru_minflt;
}

TEST(child_writes_are_its_own)
{
	char *p = anon(MAP_PRIVATE), stack[PAGE];

	stack[0] = 'p';
	CHECK_CHILD(
		p[0] = data[0] = bss[0] = stack[0] = 99;
		for (int i = 1; i < N; i++) {
			CHECK_EQ(p[i * PAGE], (char)i);
			p[i * PAGE] = 99;
		});
	CHECK_EQ(data[0], 1);
	CHECK_EQ(bss[0], 0);
	CHECK_EQ(stack[0], 'p');
	for (int i = 0; i < N; i++)
		CHECK_EQ(p[i * PAGE], (char)i);
}

TEST(parent_writes_are_not_seen)
{
	char *p = anon(MAP_PRIVATE), c;
	int go[2], st;
	pid_t pid;

	CHECK_OK(pipe(go));
	pid = fork();
	if (!pid) {
		CHECK_EQ(read(go[0], &c, 1), 1);
		for (int i = 0; i < N; i++)
			CHECK_EQ(p[i * PAGE], (char)i);
		_exit(0);
	}
	for (int i = 0; i < N; i++)
		p[i * PAGE] = 77;
	CHECK_EQ(write(go[1], "", 1), 1);
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(st, 0);
}

TEST(shared_anonymous_is_shared)
{
	char *p = anon(MAP_SHARED);

	CHECK_CHILD(for (int i = 0; i < N; i++) p[i * PAGE] = 5);
	for (int i = 0; i < N; i++)
		CHECK_EQ(p[i * PAGE], 5);
}

TEST(each_page_faults_once)
{
	char *p = anon(MAP_PRIVATE);

	CHECK_CHILD(
		long before = minor_faults();
		for (int round = 0; round < 3; round++)
			for (int i = 0; i < N; i++)
				p[i * PAGE]++;
		long taken = minor_faults() - before;
		CHECK(taken >= N && taken < N + 32));
}

TEST(reading_copies_nothing)
{
	char *p = anon(MAP_PRIVATE);
	volatile char sum = 0;

	CHECK_CHILD(
		long before = minor_faults();
		for (int i = 0; i < N; i++)
			sum += p[i * PAGE];
		CHECK(minor_faults() - before < 32));
}

TEST(three_generations)
{
	char *p = anon(MAP_PRIVATE);

	CHECK_CHILD(
		p[0] = 'c';
		CHECK_CHILD(
			p[0] = 'g';
			CHECK_CHILD(CHECK_EQ(p[0], 'g'); p[0] = 'h');
			CHECK_EQ(p[0], 'g'));
		CHECK_EQ(p[0], 'c'));
	CHECK_EQ(p[0], 0);
}

TEST(kernel_writes_copy_too)
{
	char *p = anon(MAP_PRIVATE);
	int fds[2];

	CHECK_OK(pipe(fds));
	CHECK_EQ(write(fds[1], "kernel", 6), 6);
	CHECK_CHILD(CHECK_EQ(read(fds[0], p + PAGE - 3, 6), 6));
	CHECK_EQ(p[PAGE - 3], 0);
	CHECK_EQ(p[PAGE], 1);
}

TEST(zero_page_is_never_written)
{
	char *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 64; i++)	/* all map the zero page now */
		CHECK_EQ(((volatile char *)p)[i * PAGE], 0);
	CHECK_CHILD(p[0] = 1);
	p[PAGE] = 1;
	for (int i = 2; i < 64; i++)
		CHECK_EQ(((volatile char *)p)[i * PAGE], 0);
	CHECK_EQ(p[0], 0);
}

TEST(private_file_pages)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	char *p, c;

	CHECK_OK(ftruncate(fd, PAGE));
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	p[0] = 1;
	CHECK_CHILD(CHECK_EQ(p[0], 1); p[0] = 2);
	CHECK_EQ(p[0], 1);
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	CHECK_EQ(c, 0);
}
