/*
 * bench: what the kernel's ways cost, one row a line: `name value unit`.
 *
 * Made to be /init under QEMU's -icount shift=0, where the TSC counts guest
 * instructions at 1 GHz: a nanosecond in the output is then one instruction,
 * and each run gives the same digits.  `make bench` runs the same file on
 * Debian's Linux and on Cutaway and divides.  BENCH_CLOCK=mono (environment
 * or kernel command line) gives real nanoseconds instead, for plain TCG.
 *
 * Calls go through musl's wrappers, as programs make them.  On Debian's Linux
 * 6.1 this gives within a few per cent the numbers that the design aims at
 * (null system call 346, read 556, signal 3,297, fork 109,000 ...).
 *
 * A row is a function that does its thing n times and returns the ticks that
 * took.  It runs once to warm up and then in rounds; the quickest counts, as
 * a timer tick can only make a round slower.  Arguments select rows by prefix.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096UL
#define ROUNDS		5
#define FILE_BYTES	(4UL << 20)
#define CHUNK		65536UL
#define NAMES		1000

static char chunk[CHUNK] __attribute__((aligned(4096)));
static const char *self = "/init";
static uint64_t *shared;	/* a page that children write their times to */

static inline uint64_t now(void)
{
	uint32_t lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

static void die(const char *what)
{
	perror(what);
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	exit(1);
}

static void *map(size_t len, int flags, int fd)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		die("mmap");
	/* Linux would give 2 MiB pages: the rows are about single ones. */
	madvise(p, len, MADV_NOHUGEPAGE);
	return p;
}

static void touch(volatile char *p, size_t len)
{
	for (size_t i = 0; i < len; i += PAGE)
		p[i] = 1;
}

static pid_t must_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	return pid;
}

/* Doors and small calls */

static uint64_t null_syscall(unsigned long n)
{
	uint64_t start = now();

	while (n--)
		syscall(SYS_getppid);
	return now() - start;
}

static uint64_t null_int80(unsigned long n)
{
	uint64_t start = now();
	long ret;

	while (n--)	/* 64 is getppid in the i386 table */
		asm volatile("int $0x80" : "=a"(ret) : "a"(64)
			     : "r8", "r9", "r10", "r11", "memory");
	return now() - start;
}

static uint64_t read_zero(unsigned long n)
{
	int fd = open("/dev/zero", O_RDONLY);
	uint64_t start = now();
	char c;

	while (n--)
		read(fd, &c, 1);
	start = now() - start;
	close(fd);
	return start;
}

static uint64_t write_null(unsigned long n)
{
	int fd = open("/dev/null", O_WRONLY);
	uint64_t start = now();
	char c = 0;

	while (n--)
		write(fd, &c, 1);
	start = now() - start;
	close(fd);
	return start;
}

static uint64_t open_close(unsigned long n)
{
	uint64_t start = now();

	while (n--)
		close(open("/tmp/file", O_RDONLY));
	return now() - start;
}

static uint64_t stat_path(unsigned long n)
{
	uint64_t start = now();
	struct stat st;

	while (n--)
		stat("/tmp/file", &st);
	return now() - start;
}

static uint64_t create_unlink(unsigned long n)
{
	uint64_t start = now();

	while (n--) {
		close(open("/tmp/new", O_CREAT | O_WRONLY, 0644));
		unlink("/tmp/new");
	}
	return now() - start;
}

/* One iteration is one name. */
static uint64_t readdir_names(unsigned long n)
{
	uint64_t start = now();

	for (; n >= NAMES; n -= NAMES) {
		DIR *dir = opendir("/tmp/names");

		while (readdir(dir))
			;
		closedir(dir);
	}
	return now() - start;
}

/* Signals */

static void nothing(int sig)
{
	(void)sig;
}

static uint64_t sigaction_set(unsigned long n)
{
	struct sigaction sa = { .sa_handler = nothing };
	uint64_t start = now();

	while (n--)
		sigaction(SIGUSR2, &sa, NULL);
	return now() - start;
}

static uint64_t signal_self(unsigned long n)
{
	struct sigaction sa = { .sa_handler = nothing };
	pid_t pid = getpid();
	uint64_t start;

	sigaction(SIGUSR1, &sa, NULL);
	start = now();
	while (n--)
		kill(pid, SIGUSR1);
	return now() - start;
}

/* Switches */

/* One iteration is one switch: two of them for each yield of the parent. */
static uint64_t yield_pair(unsigned long n)
{
	volatile uint64_t *stage = shared;
	uint64_t start;
	pid_t pid;

	*stage = 0;
	pid = must_fork();
	if (!pid) {
		for (*stage = 1; *stage == 1; )
			sched_yield();
		_exit(0);
	}
	while (!*stage)
		sched_yield();
	start = now();
	for (unsigned long i = 0; i < n / 2; i++)
		sched_yield();
	start = now() - start;
	*stage = 2;
	waitpid(pid, NULL, 0);
	return start;
}

/*
 * A token goes round n processes; one iteration is one hop, which should cost
 * one switch, however many they are.
 */
static void pass_on(int from, int to, unsigned long laps)
{
	char c = 0;

	while (laps--) {
		read(from, &c, 1);
		write(to, &c, 1);
	}
}

static uint64_t send_round(int to, int from, unsigned long laps)
{
	uint64_t start = now();
	char c = 0;

	while (laps--) {
		write(to, &c, 1);
		read(from, &c, 1);
	}
	return now() - start;
}

static uint64_t ring(unsigned long n, int size)
{
	int fds[32][2];
	uint64_t ticks;

	for (int i = 0; i < size; i++)
		if (pipe(fds[i]))
			die("pipe");
	for (int i = 1; i < size; i++)
		if (!must_fork()) {
			pass_on(fds[i - 1][0], fds[i][1], n / size + 1);
			_exit(0);
		}
	send_round(fds[0][1], fds[size - 1][0], 1);	/* all are awake */
	ticks = send_round(fds[0][1], fds[size - 1][0], n / size);
	for (int i = 1; i < size; i++)
		wait(NULL);
	for (int i = 0; i < size; i++) {
		close(fds[i][0]);
		close(fds[i][1]);
	}
	return ticks;
}

static uint64_t pipe_round_trip(unsigned long n)
{
	return ring(2 * n, 2);
}

static uint64_t ring_2(unsigned long n)  { return ring(n, 2); }
static uint64_t ring_8(unsigned long n)  { return ring(n, 8); }
static uint64_t ring_16(unsigned long n) { return ring(n, 16); }
static uint64_t ring_32(unsigned long n) { return ring(n, 32); }

/* Processes */

static uint64_t fork_exit(unsigned long n)
{
	uint64_t start = now();

	while (n--) {
		pid_t pid = must_fork();

		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	return now() - start;
}

static uint64_t fork_big(unsigned long n)
{
	size_t len = 64UL << 20;
	char *p = map(len, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uint64_t ticks;

	touch(p, len);
	ticks = fork_exit(n);
	munmap(p, len);
	return ticks;
}

static void exec_self(void)
{
	char *argv[] = { (char *)self, "exit", NULL }, *envp[] = { NULL };

	execve(self, argv, envp);
	_exit(127);
}

static uint64_t vfork_exec(unsigned long n)
{
	uint64_t start = now();

	while (n--) {
		pid_t pid = vfork();

		if (!pid)
			exec_self();
		waitpid(pid, NULL, 0);
	}
	return now() - start;
}

static uint64_t fork_exec(unsigned long n)
{
	uint64_t start = now();

	while (n--) {
		pid_t pid = must_fork();

		if (!pid)
			exec_self();
		waitpid(pid, NULL, 0);
	}
	return now() - start;
}

/* Memory */

static uint64_t anon_fault(unsigned long n)
{
	char *p = map(n * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uint64_t start = now();

	touch(p, n * PAGE);
	start = now() - start;
	munmap(p, n * PAGE);
	return start;
}

static uint64_t cow_fault(unsigned long n)
{
	char *p = map(n * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	pid_t pid;

	touch(p, n * PAGE);
	pid = must_fork();
	if (!pid) {
		uint64_t start = now();

		touch(p, n * PAGE);
		*shared = now() - start;
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	munmap(p, n * PAGE);
	return *shared;
}

static uint64_t file_fault(unsigned long n, int writing)
{
	int fd = open("/tmp/big", O_RDWR);
	char *p = map(n * PAGE, MAP_PRIVATE, fd);
	volatile char *v = p;
	uint64_t start = now();

	if (writing)
		touch(p, n * PAGE);
	else
		for (size_t i = 0; i < n * PAGE; i += PAGE)
			(void)v[i];
	start = now() - start;
	munmap(p, n * PAGE);
	close(fd);
	return start;
}

static uint64_t file_read_fault(unsigned long n)  { return file_fault(n, 0); }
static uint64_t file_write_fault(unsigned long n) { return file_fault(n, 1); }

static uint64_t map_unmap(unsigned long n, int touching)
{
	uint64_t start = now();

	while (n--) {
		char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (touching)
			*p = 1;
		munmap(p, PAGE);
	}
	return now() - start;
}

static uint64_t mmap_munmap(unsigned long n) { return map_unmap(n, 0); }
static uint64_t mmap_touch_munmap(unsigned long n) { return map_unmap(n, 1); }

static uint64_t brk_up_down(unsigned long n)
{
	long top = syscall(SYS_brk, 0);
	uint64_t start = now();

	while (n--) {
		syscall(SYS_brk, top + PAGE);
		syscall(SYS_brk, top);
	}
	return now() - start;
}

static uint64_t mprotect_page(unsigned long n)
{
	char *p = map(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uint64_t start;

	*p = 1;
	start = now();
	while (n--)
		mprotect(p, PAGE, n & 1 ? PROT_READ : PROT_READ | PROT_WRITE);
	start = now() - start;
	munmap(p, PAGE);
	return start;
}

/* Bandwidth: one iteration is one chunk of 64 KiB. */

static uint64_t pipe_bw(unsigned long n)
{
	int fds[2];
	pid_t pid;
	uint64_t start;

	if (pipe(fds))
		die("pipe");
	pid = must_fork();
	if (!pid) {
		close(fds[0]);
		while (n--)
			if (write(fds[1], chunk, CHUNK) != CHUNK)
				_exit(1);
		_exit(0);
	}
	close(fds[1]);
	start = now();
	while (read(fds[0], chunk, CHUNK) > 0)
		;
	start = now() - start;
	close(fds[0]);
	waitpid(pid, NULL, 0);
	return start;
}

static uint64_t tmpfs_io(unsigned long n, long nr, int flags)
{
	int fd = open("/tmp/bw", O_RDWR | O_CREAT | flags, 0644);
	uint64_t start = now();

	while (n--)
		syscall(nr, fd, chunk, CHUNK);
	start = now() - start;
	close(fd);
	return start;
}

static uint64_t tmpfs_write(unsigned long n)
{
	return tmpfs_io(n, SYS_write, O_TRUNC);
}

static uint64_t tmpfs_read(unsigned long n)
{
	return tmpfs_io(n, SYS_read, 0);
}

static const struct row {
	const char *name;
	uint64_t (*run)(unsigned long n);
	unsigned long n;
	const char *unit;
} rows[] = {
	{ "null_syscall",	null_syscall,	 20000, "ns" },
	{ "null_int80",		null_int80,	 20000, "ns" },
	{ "read_zero_1",	read_zero,	 20000, "ns" },
	{ "write_null_1",	write_null,	 20000, "ns" },
	{ "open_close",		open_close,	  5000, "ns" },
	{ "stat",		stat_path,	  5000, "ns" },
	{ "sigaction",		sigaction_set,	 20000, "ns" },
	{ "signal",		signal_self,	  5000, "ns" },
	{ "pipe_round_trip",	pipe_round_trip,  2000, "ns" },
	{ "yield_switch",	yield_pair,	 20000, "ns" },
	{ "fork_exit_wait",	fork_exit,	   200, "ns" },
	{ "fork_64mib",		fork_big,	     8, "ns" },
	{ "vfork_exec_wait",	vfork_exec,	   100, "ns" },
	{ "fork_exec_wait",	fork_exec,	   100, "ns" },
	{ "anon_fault",		anon_fault,	  1024, "ns" },
	{ "cow_fault",		cow_fault,	  1024, "ns" },
	{ "file_read_fault",	file_read_fault,  1024, "ns" },
	{ "file_write_fault",	file_write_fault, 1024, "ns" },
	{ "mmap_munmap",	mmap_munmap,	  2000, "ns" },
	{ "mmap_touch_munmap",	mmap_touch_munmap, 2000, "ns" },
	{ "brk_up_down",	brk_up_down,	  2000, "ns" },
	{ "mprotect",		mprotect_page,	  4000, "ns" },
	{ "create_unlink",	create_unlink,	  2000, "ns" },
	{ "readdir_name",	readdir_names,	 10000, "ns" },
	{ "pipe_bw",		pipe_bw,	   256, "MB/s" },
	{ "tmpfs_write_bw",	tmpfs_write,	   128, "MB/s" },
	{ "tmpfs_read_bw",	tmpfs_read,	   128, "MB/s" },
	{ "ring_2",		ring_2,		  4096, "ns" },
	{ "ring_8",		ring_8,		  4096, "ns" },
	{ "ring_16",		ring_16,	  4096, "ns" },
	{ "ring_32",		ring_32,	  4096, "ns" },
};

static void make_file(const char *path, size_t len)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);

	for (size_t done = 0; done < len; done += CHUNK)
		if (write(fd, chunk, CHUNK) != CHUNK)
			die(path);
	close(fd);
}

static void set_up(void)
{
	char path[64];
	int fd;

	if (getpid() == 1) {
		mkdir("/tmp", 0755);
		mkdir("/dev", 0755);
		mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
		if (mount("tmpfs", "/tmp", "tmpfs", 0, NULL))
			die("tmpfs");
	}
	fd = open("/dev/random", O_RDONLY);	/* or Linux seeds at each exec */
	if (fd < 0 || read(fd, path, 16) < 1)
		die("/dev/random");
	close(fd);
	make_file("/tmp/file", CHUNK);
	make_file("/tmp/big", FILE_BYTES);
	mkdir("/tmp/names", 0755);
	for (int i = 0; i < NAMES; i++) {
		snprintf(path, sizeof(path), "/tmp/names/name%d", i);
		close(open(path, O_CREAT | O_WRONLY, 0644));
	}
	shared = map(PAGE, MAP_SHARED | MAP_ANONYMOUS, -1);
	touch((char *)shared, PAGE);
}

/* Ticks of the TSC in a nanosecond: 1 unless real time was asked for. */
static double ticks_per_ns(void)
{
	const char *clock = getenv("BENCH_CLOCK");
	struct timespec a, b;
	uint64_t start;

	if (!clock || strcmp(clock, "mono"))
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &a);
	start = now();
	do {
		clock_gettime(CLOCK_MONOTONIC, &b);
	} while ((b.tv_sec - a.tv_sec) * 1e9 + b.tv_nsec - a.tv_nsec < 1e8);
	return (now() - start) /
		((b.tv_sec - a.tv_sec) * 1e9 + b.tv_nsec - a.tv_nsec);
}

static void print_row(const struct row *row, double scale)
{
	uint64_t best = ~0UL, ticks;

	row->run(row->n);
	for (int i = 0; i < ROUNDS; i++) {
		ticks = row->run(row->n);
		if (ticks < best)
			best = ticks;
	}
	if (!strcmp(row->unit, "ns"))
		printf("%s %.0f ns\n", row->name, best / scale / row->n);
	else
		printf("%s %.0f MB/s\n", row->name,
		       row->n * CHUNK * 1000.0 / (best / scale));
	fflush(stdout);
}

static int named(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strncmp(name, argv[i], strlen(argv[i])))
			return 1;
	return 0;
}

/* Words that name no row (Linux gives PID 1 those it does not know) don't count. */
static int wanted(const char *name, int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (named(rows[i].name, argc, argv))
			return named(name, argc, argv);
	return 1;
}

int main(int argc, char **argv)
{
	double scale;

	if (argc == 2 && !strcmp(argv[1], "exit"))
		_exit(0);
	if (getpid() != 1)
		self = argv[0];
	set_up();
	scale = ticks_per_ns();
	printf("bench: begin\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (wanted(rows[i].name, argc, argv))
			print_row(&rows[i], scale);
	printf("bench: end\n");
	fflush(stdout);
	if (getpid() == 1) {
		sync();
		reboot(RB_POWER_OFF);
	}
	return 0;
}
