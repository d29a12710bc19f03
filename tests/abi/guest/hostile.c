/*
 * hostile: each pointer of each system call bad in eight ways, each number absurd; prints what came of it, one case
 * a line: `name ARG KIND result`. test_hostile.py runs it on the host's Linux and in the guest and compares.
 *
 * A row of the table is a call that would succeed (or fail for a reason that is no pointer's), with a letter for each
 * argument: p a pointer to data that is there, s a path, f an open file, n any other number. p and s are made bad one
 * at a time, f and n absurd. What blocks, ends us or gives an answer that differs from machine to machine is not here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static char *page;		/* data of ours; behind it nothing is mapped */
static char *read_only, *no_access;
static long zero_fd, file_fd, dir_fd, pipe_in, pipe_out;

struct row {
	const char *name;
	int nr;
	const char *kinds;
	long args[6];
};

#define P	((long)(page))
#define ROW(call, kinds, ...) { #call, SYS_##call, kinds, { __VA_ARGS__ } }

static struct row *rows(size_t *n)
{
	static struct row table[160];
	struct row all[] = {
		ROW(read, "fpn", zero_fd, P, 16), ROW(write, "fpn", file_fd, P, 16),
		ROW(pread64, "fpnn", file_fd, P, 16, 0), ROW(pwrite64, "fpnn", file_fd, P, 16, 0),
		ROW(readv, "fpn", zero_fd, P, 1), ROW(writev, "fpn", file_fd, P, 1),
		ROW(open, "snn", P, O_RDONLY, 0), ROW(openat, "fsnn", AT_FDCWD, P, O_RDONLY, 0), ROW(creat, "sn", P, 0644),
		ROW(stat, "sp", P, P), ROW(lstat, "sp", P, P), ROW(fstat, "fp", file_fd, P),
		ROW(newfstatat, "fspn", AT_FDCWD, P, P, 0), ROW(access, "sn", P, 0), ROW(faccessat, "fsn", AT_FDCWD, P, 0),
		ROW(chdir, "s", P), ROW(fchdir, "f", file_fd), ROW(mkdir, "sn", P, 0755), ROW(mkdirat, "fsn", AT_FDCWD, P, 0755),
		ROW(rmdir, "s", P), ROW(unlink, "s", P), ROW(unlinkat, "fsn", AT_FDCWD, P, 0), ROW(symlink, "ss", P, P),
		ROW(link, "ss", P, P), ROW(linkat, "fsfsn", AT_FDCWD, P, AT_FDCWD, P, 0), ROW(rename, "ss", P, P),
		ROW(renameat, "fsfs", AT_FDCWD, P, AT_FDCWD, P), ROW(readlink, "spn", P, P, 64), ROW(readlinkat, "fspn", AT_FDCWD, P, P, 64),
		ROW(chmod, "sn", P, 0644), ROW(fchmod, "fn", file_fd, 0644), ROW(chown, "snn", P, 0, 0), ROW(lchown, "snn", P, 0, 0),
		ROW(fchown, "fnn", file_fd, 0, 0), ROW(truncate, "sn", P, 10), ROW(ftruncate, "fn", file_fd, 10),
		ROW(utimensat, "fspn", AT_FDCWD, P, P, 0), ROW(statfs, "sp", P, P), ROW(fstatfs, "fp", file_fd, P),
		ROW(getdents64, "fpn", dir_fd, P, 1000), ROW(getcwd, "pn", P, 300), ROW(lseek, "fnn", file_fd, 0, 0),
		ROW(mknod, "snn", P, S_IFREG | 0644, 0), ROW(mount, "sssnp", P, P, P, 0, P), ROW(umount2, "sn", P, 0), ROW(chroot, "s", P),
		ROW(pipe, "p", P), ROW(pipe2, "pn", P, 0), ROW(dup, "f", file_fd), ROW(dup2, "fn", file_fd, 60), ROW(dup3, "fnn", file_fd, 60, 0),
		ROW(fcntl, "fnn", file_fd, F_GETFL, 0), ROW(ioctl, "fnp", file_fd, 0x5401, P), ROW(poll, "pnn", P, 1, 0),
		ROW(ppoll, "pnppn", P, 1, P + 64, P + 128, 8), ROW(select, "npppp", 1, P, P + 128, P + 256, P + 512),
		ROW(pselect6, "nppppp", 1, P, P + 128, P + 256, P + 512, 0), ROW(sendfile, "ffp", file_fd, zero_fd, P + 1024, 16),
		ROW(close, "f", 300), ROW(fsync, "f", file_fd),
		ROW(rt_sigaction, "nppn", SIGUSR1, P, P + 64, 8), ROW(rt_sigprocmask, "nppn", SIG_BLOCK, P, P + 64, 8),
		ROW(rt_sigpending, "pn", P, 8), ROW(rt_sigtimedwait, "pppn", P, P + 64, P + 256, 8), ROW(sigaltstack, "pp", P, P + 64),
		ROW(rt_sigqueueinfo, "nnp", 999999, SIGUSR1, P), ROW(kill, "nn", 999999, 0), ROW(tgkill, "nnn", 999999, 999999, 0),
		ROW(wait4, "npnp", 999999, P, WNOHANG, P), ROW(waitid, "nnpnp", P_PID, 999999, P, WEXITED | WNOHANG, P),
		ROW(getrusage, "np", RUSAGE_SELF, P), ROW(getrlimit, "np", RLIMIT_CORE, P), ROW(setrlimit, "np", RLIMIT_CORE, P),
		ROW(prlimit64, "nnpp", 0, RLIMIT_CORE, P, P + 64), ROW(times, "p", P), ROW(uname, "p", P), ROW(sysinfo, "p", P),
		ROW(gettimeofday, "pp", P, P + 64), ROW(time, "p", P), ROW(clock_gettime, "np", CLOCK_MONOTONIC, P),
		ROW(clock_getres, "np", CLOCK_MONOTONIC, P), ROW(nanosleep, "pp", P, P + 64), ROW(clock_nanosleep, "nnpp", CLOCK_MONOTONIC, 0, P, P + 64),
		ROW(getitimer, "np", ITIMER_REAL, P), ROW(setitimer, "npp", ITIMER_REAL, P, P + 64),
		ROW(sched_setparam, "np", 0, P), ROW(sched_getparam, "np", 0, P), ROW(sched_setscheduler, "nnp", 0, SCHED_OTHER, P),
		ROW(sched_getscheduler, "n", 0), ROW(sched_getaffinity, "nnp", 0, 128, P), ROW(sched_setaffinity, "nnp", 0, 128, P + 1024),
		ROW(sched_get_priority_max, "n", 0), ROW(getpriority, "nn", 0, 0), ROW(setpriority, "nnn", 0, 0, 0),
		ROW(getgroups, "np", 0, P), ROW(setgroups, "np", 0, P), ROW(getresuid, "ppp", P, P + 8, P + 16), ROW(getresgid, "ppp", P, P + 8, P + 16),
		ROW(getpgid, "n", 0), ROW(getsid, "n", 0), ROW(setpgid, "nn", 0, 0), ROW(capget, "pp", P, P + 64),
		ROW(getrandom, "pnn", P, 16, 0), ROW(execve, "spp", P + 2000, P + 1600, P + 1600), ROW(execveat, "fsppn", AT_FDCWD, P + 2000, P + 1600, P + 1600, 0),
		ROW(arch_prctl, "np", 0x1003, P), ROW(set_robust_list, "pn", P, 24),
		ROW(prctl, "np", 16, P), ROW(prctl, "np", 15, P), ROW(sethostname, "pn", P, 100), ROW(mincore, "nnp", P, PAGE, P),
		ROW(munmap, "nn", P + 1, PAGE), ROW(mprotect, "nnn", P + 1, PAGE, 3), ROW(madvise, "nnn", P, PAGE, 0), ROW(msync, "nnn", P, PAGE, 4),
		ROW(mremap, "nnnn", P + 1, PAGE, PAGE, 0), ROW(mmap, "nnnnfn", 0, PAGE, 3, 2, file_fd, 0),
		ROW(umask, "n", 022), ROW(clone, "-nppn", 0x10000, 0, 0, 0, 0),
	};

	memcpy(table, all, sizeof(all));
	*n = sizeof(all) / sizeof(all[0]);
	return table;
}

static const char *err_name(int e)
{
	static char name[20];

	snprintf(name, sizeof(name), "errno %d", e);
	return name;
}

static void fill_page(void)
{
	memset(page, 0, PAGE);
	strcpy(page, "no-such-file");
	strcpy(page + 2000, "no-such-program");
}

/* A call in a child of its own, which may end by it; prints errno, or "ok". */
static void try(const struct row *row, int arg, const char *kind, long value)
{
	long a[6], ret;
	pid_t pid;
	int status;

	memcpy(a, row->args, sizeof(a));
	if (arg >= 0)
		a[arg] = value;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		signal(SIGXFSZ, SIG_IGN);
		alarm(10);
		fill_page();
		errno = 0;
		ret = syscall(row->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		if (row->nr == SYS_clone && !ret)
			_exit(0);
		printf("%s(%d) %d %s %s\n", row->name, row->nr, arg, kind, ret < 0 && ret >= -1 ? err_name(errno) : "ok");
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (status)
		printf("%s(%d) %d %s died %#x\n", row->name, row->nr, arg, kind, status);
}

static void try_pointers(const struct row *row, int arg)
{
	const struct { const char *kind; long value; } bad[] = {
		{ "null", 0 }, { "low", 0x10 }, { "none", (long)no_access }, { "readonly", (long)read_only },
		{ "edge", (long)page + PAGE - 1 }, { "kernel", 0xffff888000001000 }, { "image", 0xffffffff80100000 },
		{ "odd", 0x800000000000 }, { "top", 0x7ffffffff000 }, { "last", -1 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		try(row, arg, bad[i].kind, bad[i].value);
}

static void try_numbers(const struct row *row, int arg, int is_fd)
{
	const struct { const char *kind; long value; } bad[] = {
		{ "-1", -1 }, { "int-max", 0x7fffffff }, { "int-min", -0x80000000L }, { "huge", 1L << 62 | 30000 }, { "odd", 0x3fffffff },
	};
	const struct { const char *kind; long value; } fds[] = {
		{ "dir", dir_fd }, { "pipe-in", pipe_in }, { "pipe-out", pipe_out },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		try(row, arg, bad[i].kind, bad[i].value);
	for (size_t i = 0; is_fd && i < sizeof(fds) / sizeof(fds[0]); i++)
		try(row, arg, fds[i].kind, fds[i].value);
}

static void *map(int prot)
{
	return mmap(NULL, PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void set_up(void)
{
	static char path[] = "hostile.XXXXXX";
	int fds[2];

	page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(page + PAGE, PAGE);
	mmap(page + PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	read_only = map(PROT_READ);
	no_access = map(PROT_NONE);
	if (!mkdtemp(path) || chdir(path) || pipe2(fds, O_NONBLOCK))
		exit(1);
	zero_fd = open("/dev/zero", O_RDWR);
	file_fd = open("file", O_RDWR | O_CREAT, 0644);
	dir_fd = open(".", O_RDONLY);
	pipe_in = fds[0];
	pipe_out = fds[1];
	if (write(file_fd, "some text of a file", 19) != 19)
		exit(1);
}

int main(int argc, char **argv)
{
	size_t n;
	struct row *table;

	signal(SIGPIPE, SIG_IGN);
	set_up();
	table = rows(&n);
	for (size_t i = 0; i < n; i++) {
		if (argc > 1 && strcmp(argv[1], table[i].name))
			continue;
		try(&table[i], -1, "plain", 0);
		for (int arg = 0; table[i].kinds[arg]; arg++)
			switch (table[i].kinds[arg]) {
			case 'p': case 's': try_pointers(&table[i], arg); break;
			case 'f': try_numbers(&table[i], arg, 1); break;
			case 'n': try_numbers(&table[i], arg, 0); break;
			}
	}
	return 0;
}
