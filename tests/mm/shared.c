/* MAP_SHARED of a tmpfs file and of anonymous memory, across fork and exec. */
#include "../abi.h"

#define RW	(PROT_READ | PROT_WRITE)

int exec_main(int argc, char **argv)
{
	int fd = open(argv[2], O_RDWR);
	char *p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);

	(void)argc;
	if (p == MAP_FAILED || p[0] != 'P')
		return 1;
	p[1] = 'C';
	return 0;
}

TEST(parent_and_child)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	volatile char *p;

	CHECK_OK(ftruncate(fd, 64 * PAGE));
	p = mmap(NULL, 64 * PAGE, RW, MAP_SHARED, fd, 0);
	CHECK_CHILD(
		for (int i = 0; i < 64; i++) {
			CHECK_EQ(p[i * PAGE], 0);
			p[i * PAGE] = i;
		});
	for (int i = 0; i < 64; i++)
		CHECK_EQ(p[i * PAGE], i);
}

TEST(across_exec)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	volatile char *p;

	CHECK_OK(ftruncate(fd, PAGE));
	p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	p[0] = 'P';
	CHECK_CHILD(execl(self_path, self_path, "@map", "f", NULL); _exit(2));
	CHECK_EQ(p[1], 'C');
}

TEST(ping_pong_in_memory)
{
	volatile int *turn = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();

	for (int i = 0; i < 200; i++) {
		while (*turn != 2 * i + !pid)
			sched_yield();
		++*turn;
	}
	if (!pid)
		_exit(0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK_EQ(*turn, 400);
}

TEST(write_and_map_agree)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	volatile char *p;
	char buf[16];

	CHECK_EQ(pwrite(fd, "0123456789", 10, 0), 10);
	p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	CHECK_EQ(p[9], '9');
	p[3] = 'x';
	CHECK_EQ(pread(fd, buf, 10, 0), 10);
	CHECK(!memcmp(buf, "012x456789", 10));
	CHECK_EQ(pwrite(fd, "y", 1, 4), 1);
	CHECK_EQ(p[4], 'y');
	CHECK_EQ(p[100], 0);
}

TEST(child_outlives_parents_mapping)
{
	volatile char *p = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fds[2], st;
	char c;
	pid_t pid;

	CHECK_OK(pipe(fds));
	p[0] = 'k';
	pid = fork();
	if (!pid) {
		CHECK_EQ(read(fds[0], &c, 1), 1);
		CHECK_EQ(p[0], 'k');
		_exit(0);
	}
	CHECK_OK(munmap((void *)p, PAGE));
	CHECK_EQ(write(fds[1], "", 1), 1);
	waitpid(pid, &st, 0);
	CHECK_EQ(st, 0);
}

TEST(hole_reads_zero_and_fills)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	volatile char *p;
	struct stat st;

	CHECK_OK(ftruncate(fd, 100 * PAGE));
	p = mmap(NULL, 100 * PAGE, RW, MAP_SHARED, fd, 0);
	CHECK_EQ(p[50 * PAGE], 0);
	p[60 * PAGE] = 1;
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 100 * PAGE);
	CHECK(st.st_blocks >= 8);
}

/* The page that a write fills comes into the file while it copies: by the fault on its own source, or somebody else's. */
TEST(hole_is_written_from_itself)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644), st;
	char *p, page[PAGE];
	pid_t pid;

	memset(page, 'w', PAGE);
	CHECK_OK(ftruncate(fd, 256 * PAGE));
	p = mmap(NULL, 256 * PAGE, RW, MAP_SHARED, fd, 0);
	CHECK_EQ(pwrite(fd, p + PAGE, PAGE, PAGE), PAGE);
	CHECK_EQ(p[PAGE], 0);
	pid = fork();
	if (!pid)
		for (;; madvise(p, 256 * PAGE, MADV_DONTNEED))
			for (int i = 0; i < 256; i++)
				p[i * PAGE + 1] += 0 * p[i * PAGE];
	for (long round = 0, end = now_ms() + 20000; round < 200 && now_ms() < end; round++) {
		CHECK_OK(ftruncate(fd, PAGE));
		CHECK_OK(ftruncate(fd, 256 * PAGE));
		for (int i = 2; i < 256; i++)
			CHECK_EQ(pwrite(fd, page, PAGE, i * PAGE), PAGE);
	}
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &st, 0), pid);
}
