/* Copy-on-write: fork shares every page, a write copies one, the last sharer keeps its page. */
#include "lab.h"

#define N 8

/* n pages, page i filled with a byte of its own. */
static char *pages(int n, int flags)
{
	char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	for (int i = 0; i < n; i++)
		p[i * PAGE] = i + 1;
	return p;
}

static int to_parent[2], to_child[2], at_last[2];

static void pipes(void)
{
	CHECK_OK(pipe(to_parent));
	CHECK_OK(pipe(to_child));
	CHECK_OK(pipe(at_last));
}

static void tell(int *pipe)
{
	CHECK_EQ(write(pipe[1], "", 1), 1);
}

static void hear(int *pipe)
{
	char c;

	CHECK_EQ(read(pipe[0], &c, 1), 1);
}

static void reap(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

static long free_ram(void)
{
	char *line = strstr(read_file("/proc/meminfo"), "MemFree:");

	CHECK(line);
	return atol(line + 8) / 4;
}

/* ---- what fork that copies does right already ---- */

TEST(child_writes_are_its_own)
{
	char *p = pages(N, MAP_PRIVATE), stack[64] = "p";
	static char data[PAGE] = "d";

	for (int round = 0; round < 2; round++) {
		CHECK_CHILD(
			for (int i = 0; i < N; i++) {
				CHECK_EQ(p[i * PAGE], i + 1);
				p[i * PAGE] = 99;
			}
			data[0] = stack[0] = 99);
		CHECK_EQ(data[0], 'd');
		CHECK_EQ(stack[0], 'p');
		for (int i = 0; i < N; i++)
			CHECK_EQ(p[i * PAGE], i + 1);
	}
}

TEST(parent_writes_are_its_own)
{
	char *p = pages(N, MAP_PRIVATE);
	pid_t pid;

	pipes();
	pid = fork();
	if (!pid) {
		hear(to_child);
		for (int i = 0; i < N; i++)
			CHECK_EQ(p[i * PAGE], i + 1);
		_exit(0);
	}
	for (int i = 0; i < N; i++)
		p[i * PAGE] = 77;
	tell(to_child);
	reap(pid);
}

TEST(shared_stays_shared)
{
	char *p = pages(N, MAP_SHARED);

	CHECK_CHILD(for (int i = 0; i < N; i++) p[i * PAGE] = 50 + i);
	for (int i = 0; i < N; i++)
		CHECK_EQ(p[i * PAGE], 50 + i);
}

TEST(the_kernel_writes_too)
{
	char *p = pages(2, MAP_PRIVATE);

	pipes();
	CHECK_EQ(write(to_child[1], "kernel", 6), 6);
	CHECK_CHILD(
		CHECK_EQ(read(to_child[0], p + PAGE - 3, 6), 6);	/* a fault inside copy_to_user */
		CHECK(!memcmp(p + PAGE - 3, "kernel", 6)));
	CHECK_EQ(p[PAGE - 3], 0);
	CHECK_EQ(p[PAGE], 2);
}

TEST(zero_page_stays_zero)
{
	char *p = mmap(NULL, N * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < N; i++)
		CHECK_EQ(((volatile char *)p)[i * PAGE], 0);
	CHECK_CHILD(
		p[0] = 1;
		CHECK_CHILD(p[PAGE] = 1);
		STATE("sharing", getpid(), getppid(), p));
	p[2 * PAGE] = 1;
	for (int i = 0; i < N; i++)
		CHECK_EQ(((volatile char *)p)[i * PAGE], i == 2);
	STATE("sharing", getpid(), 0, p);
}

TEST(pages_of_files)
{
	int fd = open("/tmp/f", O_RDWR | O_CREAT, 0644);
	char *p, c;

	CHECK_OK(ftruncate(fd, 3 * PAGE));
	p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK_EQ(((volatile char *)p)[0], 0);	/* the file's page */
	p[PAGE] = 1;				/* a copy */
	CHECK_CHILD(
		CHECK_EQ(p[PAGE], 1);
		p[0] = p[PAGE] = p[2 * PAGE] = 2;
		STATE("files", getpid(), getppid(), p));
	CHECK_EQ(p[0], 0);
	CHECK_EQ(p[PAGE], 1);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(pread(fd, &c, 1, i * PAGE), 1);
		CHECK_EQ(c, 0);
	}
}

/* ---- the lab ---- */

TEST(fork_shares_pages)
{
	char *p = mmap(NULL, 3 * N * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	CHECK(p != MAP_FAILED);
	for (int i = 0; i < 3 * N; i += 3) {	/* written, read, never touched */
		p[i * PAGE] = i + 1;
		CHECK_EQ(((volatile char *)p)[(i + 1) * PAGE], 0);
	}
	pid = fork();
	if (!pid) {
		STATE("shared", getppid(), getpid(), p);
		for (int i = 0; i < 3 * N; i++)
			CHECK_EQ(((volatile char *)p)[i * PAGE], i % 3 ? 0 : i + 1);
		_exit(0);
	}
	reap(pid);
}

TEST(large_and_sparse)
{
	static const long at[] = { 0, 1, 300, 511, 512, 700, 1023, 1024, 2048, 5000, 8191 };
	char *p = mmap(NULL, 8192 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	const int n = sizeof(at) / sizeof(at[0]);

	CHECK(p != MAP_FAILED);
	for (int i = 0; i < n; i++)
		p[at[i] * PAGE] = i + 1;
	CHECK_CHILD(
		for (int i = 0; i < n; i++)
			STATE("page", getppid(), getpid(), p + at[i] * PAGE);
		for (int i = 0; i < n; i++)
			CHECK_EQ(p[at[i] * PAGE], i + 1));
}

TEST(a_write_copies_one_page)
{
	char *p = pages(N, MAP_PRIVATE);
	pid_t pid;

	pipes();
	pid = fork();
	if (!pid) {
		STATE("before", getppid(), getpid(), p);
		p[3 * PAGE + 5] = 33;
		CHECK_EQ(p[3 * PAGE], 4);
		STATE("child wrote", getppid(), getpid(), p);
		tell(to_parent);
		hear(to_child);
		STATE("parent wrote", getppid(), getpid(), p);
		_exit(0);
	}
	hear(to_parent);
	p[5 * PAGE] = 55;
	tell(to_child);
	reap(pid);
	CHECK_EQ(p[3 * PAGE + 5], 0);
}

TEST(the_last_one_keeps_its_page)
{
	char *p = pages(N, MAP_PRIVATE);

	CHECK_CHILD(STATE("shared", getpid(), 0, p); p[0] = 9);
	STATE("alone", getpid(), 0, p);
	for (int i = 0; i < N; i++)
		p[i * PAGE]++;
	STATE("wrote", getpid(), 0, p);
}

TEST(many_sharers)
{
	char *p = pages(N, MAP_PRIVATE);
	pid_t pid[4];

	pipes();
	for (int i = 0; i < 4; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			hear(to_child);
			for (int k = 0; k <= i; k++)
				p[k * PAGE] = 100 + i;
			tell(to_parent);
			hear(at_last);
			for (int k = 0; k < N; k++)
				CHECK_EQ(p[k * PAGE], k <= i ? 100 + i : k + 1);
			_exit(0);
		}
	}
	STATE("five", getpid(), 0, p);
	for (int i = 0; i < 4; i++)
		tell(to_child);
	for (int i = 0; i < 4; i++)
		hear(to_parent);
	STATE("wrote", getpid(), 0, p);
	for (int i = 0; i < 4; i++)
		tell(at_last);
	for (int i = 0; i < 4; i++)
		reap(pid[i]);
	for (int k = 0; k < N; k++)
		CHECK_EQ(p[k * PAGE], k + 1);
	STATE("alone", getpid(), 0, p);
}

TEST(fork_is_cheap)
{
	const int n = 2000;
	char *p = pages(n, MAP_PRIVATE);
	long before = free_ram(), start, took;
	pid_t pid;

	pipes();
	start = instructions();
	pid = fork();
	took = instructions() - start;
	if (!pid) {
		hear(to_child);
		_exit(0);
	}
	long used = before - free_ram();

	tell(to_child);
	reap(pid);
	CHECK_EQ(p[0], 1);
	if (used > 100)
		FAIL("fork of a process with %d pages took %ld pages of memory", n, used);
	if (took > 400000)
		FAIL("fork of a process with %d pages took %ld instructions", n, took);
}

TEST(nothing_is_lost)
{
	char *p = pages(64, MAP_PRIVATE);

	for (int round = 0; round < 4; round++) {
		CHECK_CHILD(
			for (int i = round; i < 64; i += 3)
				p[i * PAGE]++;
			CHECK_CHILD(
				for (int i = 0; i < 64; i += 2)
					p[i * PAGE]++;
				STATE("grandchild", getpid(), getppid(), p));
			STATE("child", getpid(), getppid(), p));
		for (int i = round; i < 64; i += 5)
			p[i * PAGE]++;
	}
	STATE("parent", getpid(), 0, p);
}

/* Parent and children write to the same pages, whenever the timer lets them. */
TEST(at_any_moment)
{
	const int children = 3, n = 24, rounds = 30;
	char *p = pages(n, MAP_PRIVATE);
	pid_t pid[3];

	for (int c = 0; c < children; c++) {
		pid[c] = fork();
		for (int r = 0, me = pid[c] ? 100 : c; r < rounds; r++) {
			int i = (r * 7 + me) % n;

			((volatile char *)p)[i * PAGE + 8 + me % 50] = me;
			spin(40000);
			CHECK_EQ(p[i * PAGE + 8 + me % 50], me);
		}
		if (!pid[c]) {
			for (int i = 0; i < n; i++)
				for (int other = 0; other < children; other++)
					CHECK(other <= c || !p[i * PAGE + 8 + other]);
			_exit(0);
		}
	}
	for (int c = 0; c < children; c++)
		reap(pid[c]);
	for (int i = 0; i < n; i++)
		for (int c = 1; c < children; c++)
			CHECK_EQ(p[i * PAGE + 8 + c], 0);
}
