/* Page tables: what the walk makes, what munmap leaves, and what the TLB still knows. */
#include "lab.h"
#include <setjmp.h>

#define MiB (1UL << 20)
#define GiB (1UL << 30)

static char *map_at(unsigned long addr, unsigned long pages)
{
	char *p = mmap((void *)addr, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (addr ? MAP_FIXED : 0), -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static sigjmp_buf back;
static char *volatile fault_address;

static void on_segv(int sig, siginfo_t *si, void *context)
{
	(void)sig, (void)context;
	fault_address = si->si_addr;
	siglongjmp(back, 1);
}

static void catch_segv(void)
{
	struct sigaction sa = { .sa_sigaction = on_segv, .sa_flags = SA_SIGINFO };

	CHECK_OK(sigaction(SIGSEGV, &sa, NULL));
}

/* Does an access to p end in SIGSEGV? */
static bool faults(char *p, bool write)
{
	fault_address = NULL;
	if (sigsetjmp(back, 1))
		return fault_address == p;
	if (write)
		*(volatile char *)p = 1;
	else
		(void)*(volatile char *)p;
	return false;
}

/* ---- the walk ---- */

/* One address for each index that an address has, and pairs that differ in one index only. */
static const unsigned long places[] = {
	0x20000000, 0x20001000, 0x201ff000, 0x20200000, 0x3fe00000, 0x50000000, 0x90000000,
	0x7fc0000000, 0x8000000000, 0x10000000000, 0x180c0a09000, 0x3fffffff0000,
};
#define PLACES (sizeof(places) / sizeof(places[0]))

TEST(walk)
{
	for (unsigned i = 0; i < PLACES; i++) {
		char *p = map_at(places[i], 1);

		p[i] = i + 1;
		STATE("mapped", p, i, i + 1);
	}
	for (unsigned i = 0; i < PLACES; i++)
		CHECK_EQ(((char *)places[i])[i], i + 1);
	STATE("all", getpid(), 0, 0);
}

TEST(tables_are_shared)
{
	char *p = map_at(0x600000000000, 1024);

	STATE("ready", 0, 0, 0);		/* from here on checkpoint() has its page */
	STATE("none", p, 0, 0);
	p[PAGE] = 1;
	STATE("first", p, 3, 0);
	for (int i = 0; i < 512; i++)
		if (i != 1)
			p[i * PAGE] = 1;
	STATE("same table", p, 3, 0);
	p[1023 * PAGE] = 1;
	STATE("next table", p, 4, 0);
	p[600 * PAGE] = 1;
	STATE("again", p, 4, 0);
	for (int i = 0; i < 512; i++)
		CHECK_EQ(p[i * PAGE], 1);
}

static unsigned long pagemap(int fd, void *p)
{
	unsigned long entry = 0;

	CHECK_EQ(pread(fd, &entry, 8, (unsigned long)p / PAGE * 8), 8);
	return entry;
}

TEST(lookup)
{
	char *p = map_at(0x500000000000, 8), *far = map_at(0x300000000000, 3 * 512);
	char *near = map_at(0x500000000000 + (4UL << 21), 512), *next = map_at(0x500000000000 + (1UL << 30), 512);
	int fd = open("/proc/self/pagemap", O_RDONLY);
	unsigned char resident[8];

	CHECK(fd >= 0);
	for (int i = 0; i < 8; i += 2)
		p[i * PAGE] = i + 1;
	for (int i = 0; i < 8; i++) {
		unsigned long e = pagemap(fd, p + i * PAGE);

		CHECK_EQ(e >> 63, !(i & 1));
		STATE("pagemap", p + i * PAGE, e >> 63, e & ((1UL << 55) - 1));
	}
	STATE("before", getpid(), 0, 0);
	CHECK_EQ(pagemap(fd, far), 0);
	CHECK_EQ(pagemap(fd, far + 3 * 512 * PAGE - PAGE), 0);
	CHECK_EQ(pagemap(fd, (void *)0x200000000000), 0);
	for (int i = 0; i < 512; i++) {		/* the tables above are there, these are not */
		CHECK_EQ(pagemap(fd, near + i * PAGE), 0);
		CHECK_EQ(pagemap(fd, next + i * PAGE), 0);
	}
	STATE("after", getpid(), 0, 0);
	CHECK_OK(mincore(p, 8 * PAGE, resident));
	for (int i = 0; i < 8; i++)
		CHECK_EQ(resident[i] & 1, !(i & 1));
}

/* ---- dropping ---- */

TEST(unmap_gives_back)
{
	static const int sizes[] = { 1, 5, 127, 128, 129, 300, 700 };

	map_at(0x20000000, 1)[0] = 1;		/* a neighbour: the table stays */
	for (unsigned k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		int n = sizes[k];
		char *p = map_at(0x20010000, n);

		for (int i = 0; i < n; i++)
			p[i * PAGE] = 1;
		STATE("touched", p, n, 0);
		CHECK_OK(munmap(p, n * PAGE));
		STATE("unmapped", p, n, 0);
		p = map_at(0x20010000, n);
		for (int i = 0; i < n; i++)
			CHECK_EQ(p[i * PAGE], 0);
		CHECK_OK(munmap(p, n * PAGE));
	}
}

TEST(shared_and_special)
{
	int fd = open("/tmp/file", O_RDWR | O_CREAT, 0644);
	char *zeros = map_at(0, 40), *p, c;

	CHECK_OK(ftruncate(fd, 4 * PAGE));
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (int i = 0; i < 40; i++)
		CHECK_EQ(((volatile char *)zeros)[i * PAGE], 0);
	CHECK_EQ(((volatile char *)p)[0], 0);
	p[2 * PAGE] = 2;
	STATE("mapped", p, 4, zeros);
	CHECK_OK(munmap(zeros, 40 * PAGE));
	CHECK_OK(munmap(p, 4 * PAGE));
	STATE("unmapped", p, 4, zeros);
	CHECK_EQ(pread(fd, &c, 1, 2 * PAGE), 1);
	CHECK_EQ(c, 2);
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	p[0] = 7;				/* a private copy goes with the file's end too */
	CHECK_EQ(((volatile char *)p)[2 * PAGE], 2);
	CHECK_OK(ftruncate(fd, 0));
	STATE("truncated", p, 4, zeros);
}

/* ---- the TLB ---- */

TEST(unmapped_is_gone)
{
	static const int sizes[] = { 1, 4, 32, 33, 100 };

	catch_segv();
	for (unsigned k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		int n = sizes[k];
		char *p = map_at(0x40000000 + k * 16 * MiB, n);

		for (int i = 0; i < n; i++)
			p[i * PAGE] = 1;
		for (int i = 0; i < n; i += 1 + n / 3) {
			CHECK_EQ(p[i * PAGE], 1);	/* in the TLB for sure */
			CHECK_EQ(p[(n - 1) * PAGE], 1);
		}
		CHECK_OK(munmap(p, n * PAGE));
		for (int i = 0; i < n; i += 1 + n / 3)
			if (!faults(p + i * PAGE, false))
				FAIL("page %d of %d is still there after munmap", i, n);
		if (!faults(p + (n - 1) * PAGE, false))
			FAIL("the last page of %d is still there after munmap", n);
	}
}

TEST(protection_at_once)
{
	static const int sizes[] = { 1, 4, 32, 33, 100 };

	catch_segv();
	for (unsigned k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		int n = sizes[k];
		char *p = map_at(0x40000000 + k * 16 * MiB, n);

		for (int i = 0; i < n; i++)
			p[i * PAGE] = 1;
		CHECK_OK(mprotect(p, n * PAGE, PROT_READ));
		for (int i = n - 1; i >= 0; i -= 1 + n / 3)
			if (!faults(p + i * PAGE, true))
				FAIL("page %d of %d can still be written after mprotect", i, n);
		CHECK_EQ(p[0], 1);
		CHECK_OK(mprotect(p, n * PAGE, PROT_READ | PROT_WRITE));
		p[0] = p[(n - 1) * PAGE] = 2;
	}
}

TEST(fork_sees_no_old_rights)
{
	char *p = map_at(0, 4), c = 'r';
	int go[2], status;

	CHECK_OK(pipe(go));
	for (int round = 1; round <= 6; round++) {
		for (int i = 0; i < 4; i++)
			p[i * PAGE] = round;
		pid_t pid = fork();

		if (pid)
			for (int i = 0; i < 4; i++)
				p[i * PAGE] = 100;	/* no switch since fork: what does the TLB say? */
		if (!pid) {
			CHECK_EQ(read(go[0], &c, 1), 1);
			for (int i = 0; i < 4; i++)
				if (p[i * PAGE] != round)
					FAIL("round %d: the child sees what the parent wrote after fork", round);
			_exit(0);
		}
		CHECK_OK(pid);
		CHECK_EQ(write(go[1], &c, 1), 1);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
	}
}

/* ---- the tables ---- */

TEST(tables_go_too)
{
	STATE("ready", 0, 0, 0);
	for (int round = 0; round < 3; round++) {
		char *p = map_at(0x700000000000, 3 * 512), *q = map_at(0x700000000000 + 2 * GiB, 1);

		STATE("before", getpid(), round, 0);
		p[0] = p[513 * PAGE] = p[1535 * PAGE] = q[0] = 'x';
		STATE("touched", getpid(), 0, 0);
		CHECK_OK(munmap(p, 3 * 512 * PAGE));
		CHECK_OK(munmap(q, PAGE));
		STATE("unmapped", getpid(), round, 0);
	}
	char *p = map_at(0x700000000000, 1);

	p[0] = 'y';
	CHECK_EQ(p[0], 'y');
}

TEST(neighbours_stay)
{
	char *a = map_at(0x680000000000, 2), *b = map_at(0x680000000000 + 4 * PAGE, 2), *c = map_at(0x680000000000 + 1000 * PAGE, 600);

	a[0] = 'a';
	b[0] = 'b';
	c[0] = 'c';
	c[599 * PAGE] = 'C';
	STATE("mapped", a, b, c);
	CHECK_OK(munmap(b, 2 * PAGE));
	CHECK_EQ(a[0], 'a');
	CHECK_EQ(c[0], 'c');
	CHECK_OK(munmap(c + 300 * PAGE, PAGE));
	CHECK_EQ(c[0], 'c');
	CHECK_EQ(c[599 * PAGE], 'C');
	STATE("neighbours", a, c, c + 599 * PAGE);
	CHECK_OK(munmap(a, 2 * PAGE));
	CHECK_EQ(c[0], 'c');
	STATE("neighbours", c, c, c + 599 * PAGE);
}

/* ---- an address space that is not the one in CR3 ---- */

int exec_main(int argc, char **argv)
{
	char *p = map_at(0x40000000, 200);

	for (int i = 0; i < 200; i++)
		p[i * PAGE] = argc;
	return atoi(argv[2]);
}

TEST(exec_leaves_the_old)
{
	int status;

	for (int round = 1; round < 4; round++) {
		IN_CHILD(status,
			 char *p = map_at(0x30000000, 300);
			 for (int i = 0; i < 300; i++)
				 p[i * PAGE] = round;
			 map_at(0x6f0000000000, 1)[0] = 1;
			 char number[2] = { '0' + round };
			 execl("/proc/self/exe", "pt", "@exec", number, NULL));
		CHECK(WIFEXITED(status));
		CHECK_EQ(WEXITSTATUS(status), round);
	}
}
