/*
 * latency SECONDS CALL: how late a real-time task wakes that sleeps for 1 ms on the processor where another task is in
 * long system calls, one kind (CALL: a name below) at a time. Prints the worst in us.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB (1UL << 20)
static ssize_t size = 64 * MIB;

static char *memory(size_t n)
{
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(9);
	for (size_t i = 0; i < n; i += 4096)
		p[i] = 1;
	return p;
}

static void do_file(void)		/* big writes, reads and truncates of tmpfs */
{
	char *p = memory(size);
	int fd = open("/tmp/latency", O_RDWR | O_CREAT, 0600);

	for (;;) {
		if (pwrite(fd, p, size, 0) != size || pread(fd, p, size, 0) != size)
			_exit(8);
		if (ftruncate(fd, 0))
			_exit(7);
	}
}

static void do_munmap(void)
{
	for (;;)
		munmap(memory(size), size);
}

static void do_exit(void)
{
	for (;;) {
		if (!fork()) {
			memory(size);
			_exit(0);
		}
		wait(NULL);
	}
}

static void do_fork(void)
{
	char *p = memory(size);

	for (;;) {
		if (!fork())
			_exit(0);
		wait(NULL);
		mprotect(p, size, PROT_READ);
		mprotect(p, size, PROT_READ | PROT_WRITE);
	}
}

static void do_exec(void)
{
	for (;;) {
		if (!vfork()) {
			execl("/proc/self/exe", "latency", NULL);
			_exit(6);
		}
		wait(NULL);
	}
}

static void do_readdir(void)		/* by two, so that neither finds where it was */
{
	int d[2] = { open("/tmp/many", O_RDONLY), open("/tmp/many", O_RDONLY) };
	static char buf[1 << 16];

	for (int i = 0;; i = !i)
		if (syscall(SYS_getdents64, d[i], buf, sizeof(buf)) <= 0)
			lseek(d[i], 0, SEEK_SET);
}

static void do_proc(void)
{
	static const char *const files[] = { "/proc/self/maps", "/proc/self/smaps", "/proc/self/status", "/proc/meminfo", "/proc/slabinfo",
		"/proc/interrupts", "/proc/stat", "/proc/sched_debug", "/proc/self/pagemap", "/proc/buddyinfo", "/proc/mounts", "/proc/kmsg" };
	static char buf[1 << 16];

	memory(size);
	for (int k = 0; k < 1000; k++)
		mmap(NULL, 4096, k % 2 ? PROT_READ : PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0;; i = (i + 1) % 11) {
		int fd = open(files[i], O_RDONLY), n = 200;

		while (n-- && read(fd, buf, sizeof(buf)) > 0)
			;
		close(fd);
	}
}

static void do_truncate(void)		/* of what is mapped */
{
	int fd = open("/tmp/latency", O_RDWR | O_CREAT, 0600);
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	for (;;) {
		if (ftruncate(fd, size))
			_exit(7);
		for (ssize_t i = 0; i < size; i += 4096)
			p[i] = 1;
		if (ftruncate(fd, 0))
			_exit(7);
	}
}

static void do_mremap(void)
{
	char *p = memory(size), *q = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *t;

	for (;; t = p, p = q, q = t)
		if (mremap(p, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, q) != q)
			_exit(5);
}

static void do_tasks(void)		/* there are many, and /proc shows them */
{
	for (int i = 0; i < 1000; i++)
		if (!fork())
			for (;;)
				pause();
	for (;;) {
		DIR *d = opendir("/proc");

		while (readdir(d))
			;
		closedir(d);
	}
}

static const struct { const char *name; void (*run)(void); } calls[] = {
	{ "file", do_file }, { "munmap", do_munmap }, { "exit", do_exit }, { "fork", do_fork }, { "exec", do_exec },
	{ "readdir", do_readdir }, { "proc", do_proc }, { "tasks", do_tasks }, { "truncate", do_truncate }, { "mremap", do_mremap },
};

static long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000L + ts.tv_nsec / 1000;
}

static void make_names(int n)
{
	char name[64];

	mkdir("/tmp/many", 0700);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "/tmp/many/%d", i);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
}

int main(int argc, char **argv)
{
	cpu_set_t one;
	long worst = 0, end, sum = 0, n = 0;
	pid_t pid = 0;

	if (argc < 3)
		return 0;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	if (argc > 3)
		size = atol(argv[3]) * MIB;
	if (!strcmp(argv[2], "readdir"))
		make_names(argc > 4 ? atoi(argv[4]) : 100000);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(calls[i].name, argv[2]) && !(pid = fork())) {
			setpgid(0, 0);
			calls[i].run();
		}
	if (syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &(struct sched_param){ .sched_priority = 10 }))
		return 1;
	for (end = now_us() + atol(argv[1]) * 1000000; now_us() < end; n++) {
		long until = now_us() + 1000, late;

		usleep(1000);
		late = now_us() - until;
		sum += late;
		worst = late > worst ? late : worst;
	}
	kill(-pid, SIGKILL);
	printf("latency %s: mean %ld worst %ld us\n", argv[2], sum / n, worst);
	return waitpid(pid, NULL, WNOHANG) != 0;
}
