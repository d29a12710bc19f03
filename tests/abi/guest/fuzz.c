/*
 * fuzz SEED N: N system calls with arguments at random, made by children that die of it and are replaced.
 *
 * Numbers are those of the table below: all that the kernel has, less what would end the machine (reboot), hang the
 * test (pause, reads that wait are bounded by an alarm) or hit others: kill and its like get our own pid or none.
 * Each child lives in a tmpfs of its own, which is unmounted at its end, and without rights over others. At the end
 * memory and slab objects in use are compared with the beginning.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../processors.h"

#define PAGE	4096
#define BATCH	20000		/* calls that one child makes if it lives so long */

static uint64_t state;
static volatile uint64_t *done;	/* shared with the children */
static char *area;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Not here: exit (a child ends too soon), reboot, kill (see below), pause, vfork and clone with memory shared. */
static const short calls[] = {
	SYS_read, SYS_write, SYS_open, SYS_close, SYS_stat, SYS_fstat, SYS_lstat, SYS_poll, SYS_lseek, SYS_mmap, SYS_mprotect,
	SYS_munmap, SYS_brk, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_ioctl, SYS_pread64, SYS_pwrite64, SYS_readv, SYS_writev,
	SYS_access, SYS_pipe, SYS_select, SYS_sched_yield, SYS_mremap, SYS_msync, SYS_mincore, SYS_madvise, SYS_dup, SYS_dup2,
	SYS_getitimer, SYS_getpid, SYS_sendfile, SYS_fork, SYS_execve, SYS_wait4, SYS_uname, SYS_fcntl, SYS_flock, SYS_fsync,
	SYS_truncate, SYS_ftruncate, SYS_getdents64, SYS_getcwd, SYS_chdir, SYS_fchdir, SYS_rename, SYS_mkdir, SYS_rmdir,
	SYS_creat, SYS_link, SYS_unlink, SYS_symlink, SYS_readlink, SYS_chmod, SYS_fchmod, SYS_chown, SYS_fchown, SYS_lchown,
	SYS_umask, SYS_gettimeofday, SYS_getrlimit, SYS_getrusage, SYS_sysinfo, SYS_times, SYS_getuid, SYS_setpgid, SYS_getppid,
	SYS_setsid, SYS_getgroups, SYS_setgroups, SYS_getresuid, SYS_capget, SYS_rt_sigpending, SYS_rt_sigtimedwait, SYS_sigaltstack,
	SYS_utime, SYS_mknod, SYS_personality, SYS_statfs, SYS_fstatfs, SYS_getpriority, SYS_setpriority, SYS_sched_setparam,
	SYS_sched_getparam, SYS_sched_getscheduler, SYS_mlock, SYS_munlock, SYS_prctl, SYS_arch_prctl,
	SYS_sync, SYS_mount, SYS_umount2, SYS_gettid, SYS_time, SYS_sched_setaffinity, SYS_sched_getaffinity, SYS_set_tid_address,
	SYS_clock_gettime, SYS_clock_getres, SYS_openat, SYS_mkdirat, SYS_mknodat, SYS_fchownat, SYS_newfstatat, SYS_unlinkat,
	SYS_renameat, SYS_linkat, SYS_symlinkat, SYS_readlinkat, SYS_fchmodat, SYS_faccessat, SYS_pselect6, SYS_ppoll,
	SYS_set_robust_list, SYS_utimensat, SYS_fallocate, SYS_dup3, SYS_pipe2, SYS_preadv, SYS_pwritev,
	SYS_prlimit64, SYS_renameat2, SYS_getrandom, SYS_execveat, SYS_statx,
	SYS_rt_sigreturn, SYS_waitid, SYS_setitimer, SYS_getsid, SYS_getpgid, SYS_chroot, SYS_kill, SYS_tgkill, SYS_rt_sigqueueinfo,
};

static const char *const paths[] = {
	"a", "b", "a/b", "..", ".", "a/c", "/proc/self/maps", "/proc/self/stat", "/dev/null", "/dev/zero", "l", "", "/", "p", "../x",
	"/proc/self/fd/3", "/proc/meminfo", "/dev/full", "tmpfs", "proc",
};

static uint64_t pointer(void)
{
	switch (rnd() % 12) {
	case 0: return 0;
	case 1: return rnd();
	case 2: return 0xffff888000000000 + (rnd() & 0xfffffff);
	case 3: return 0x7ffffffff000 - rnd() % 64;
	case 4: return (uint64_t)area + 16 * PAGE - rnd() % 32;		/* the end */
	default: return (uint64_t)area + rnd() % (16 * PAGE);
	}
}

static uint64_t number(void)
{
	static const uint64_t odd[] = { 0, 1, 2, 3, 7, 8, 16, 64, 255, 4095, 4096, 4097, 65536, 1 << 20, 0x7fffffff, 0x80000000,
		0xffffffff, 1UL << 32, 1UL << 47, 1UL << 63, -1UL, -2UL, -4096UL, -100UL };

	return rnd() % 3 ? odd[rnd() % (sizeof(odd) / sizeof(odd[0]))] : rnd() >> (rnd() % 64);
}

static uint64_t argument(void)
{
	switch (rnd() % 8) {
	case 0: case 1: return pointer();
	case 2: case 3: return rnd() % 12;		/* a descriptor, a small number */
	case 4: case 5: return (uint64_t)paths[rnd() % (sizeof(paths) / sizeof(paths[0]))];
	default: return number();
	}
}

/* Things that are about other processes get our own, or none. */
static void tame(long nr, uint64_t *a)
{
	switch (nr) {
	case SYS_kill: case SYS_tgkill: case SYS_rt_sigqueueinfo:
		a[0] = rnd() % 2 ? (uint64_t)getpid() : 999999;
		break;
	case SYS_setpriority: case SYS_setpgid: case SYS_sched_setparam: case SYS_prlimit64:
	case SYS_sched_setaffinity:
		a[nr == SYS_setpriority] = 0;
		if (nr == SYS_setpriority)
			a[0] = 0, a[2] = rnd() % 20;	/* no more than others */
		break;
	case SYS_mmap:
		a[1] &= 0xfffff;			/* memory is not what is tested */
		if (rnd() % 2)
			a[3] = 0x22, a[4] = -1;
		break;
	case SYS_mremap:
		a[2] &= 0xfffff;
		break;
	case SYS_chroot:			/* root would leave its tmpfs by .. */
	case SYS_brk:
		a[0] = 0;
		break;
	case SYS_fallocate: case SYS_ftruncate: case SYS_truncate:
		a[1] &= 0xfffff, a[2] &= 0xfffff, a[3] &= 0xfffff;
		break;
	}
}

static void child(const char *dir)
{
	struct rlimit as = { 256 << 20, 256 << 20 }, procs = { 20, 20 }, none = { 0, 0 }, files = { 64, 64 };

	if (setsid() < 0 || mount("none", dir, "tmpfs", 0, "size=4m,mode=777") || chdir(dir))
		_exit(1);
	for (int fd = 0; fd < 9; fd++)
		close(fd);
	open("/dev/null", O_RDWR);
	if (dup(0) != 1 || dup(0) != 2)
		_exit(1);
	open("a", O_RDWR | O_CREAT, 0666);
	open("/dev/zero", O_RDWR);
	open(".", O_RDONLY);
	syscall(SYS_pipe2, area, O_NONBLOCK);
	setrlimit(RLIMIT_AS, &as);
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_NPROC, &procs);
	syscall(SYS_setgid, 1234);
	if (rnd() % 8 ? syscall(SYS_setuid, 1234) : chroot("."))	/* root sees nothing else */
		_exit(1);
	for (size_t i = 0; i < 16 * PAGE; i++)
		area[i] = rnd() % 3 ? 0 : rnd();
	alarm(2);
	for (int i = 0; i < BATCH; i++) {
		long nr = calls[rnd() % (sizeof(calls) / sizeof(calls[0]))];
		uint64_t a[6] = { argument(), argument(), argument(), argument(), argument(), argument() };

		if ((nr == SYS_fork || nr == SYS_rt_sigreturn || nr == SYS_kill || nr == SYS_tgkill || nr == SYS_select ||
		     nr == SYS_pselect6 || nr == SYS_poll || nr == SYS_ppoll || nr == SYS_rt_sigtimedwait) && rnd() % 64)
			continue;
		tame(nr, a);
		++*done;
		syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	}
	_exit(0);
}

/* Ends all that a child left alive, in whatever session and group it hides. */
static void sweep(const char *dir)
{
	static DIR *proc;
	struct dirent *d;

	if (!proc)
		proc = opendir("/proc");
	rewinddir(proc);
	while ((d = readdir(proc))) {
		pid_t pid = atoi(d->d_name);

		if (pid > 2 && pid != getpid() && pid != getppid())
			kill(pid, SIGKILL);
	}
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	while (umount2(dir, MNT_DETACH) == 0)
		;
}

/* A child that does not get on (it sleeps in a call, or it killed its own alarm) is ended. */
static void one_child(const char *dir)
{
	uint64_t last = 0;
	int idle = 0;
	pid_t pid = fork();

	if (!pid)
		child(dir);
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		usleep(1000);
		idle = *done == last ? idle + 1 : 0;
		last = *done;
		if (idle > 15)
			kill(pid, SIGKILL);
	}
	sweep(dir);
}

static char before[24576], after[24576];

static void take(char *buf, size_t size)
{
	visit_processors();
	static const char *const files[] = { "/proc/slabinfo", "/proc/meminfo" };
	size_t len = 0;

	for (int i = 0; i < 2; i++) {
		int fd = open(files[i], O_RDONLY);
		ssize_t n;

		while ((n = read(fd, buf + len, size - 1 - len)) > 0)
			len += n;
		close(fd);
	}
	buf[len] = 0;
}

static long number_after(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	return p ? atol(p + strlen(key)) : -1;
}

/* Objects in use of the caches that hold what a call can leave behind. */
static int compare(void)
{
	static const char *const keys[] = { "\ntask_struct", "\nmm_struct", "\nvm_area_struct", "\nfilp", "\nfiles_cache", "\ndentry",
		"\ninode_cache", "\nsigqueue", "\ncred_jar", "\nnames_cache", "\nmnt_cache", "\nShmem:", "\nAnonPages:", "\nPageTables:" };
	int bad = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		long a = number_after(before, keys[i]), b = number_after(after, keys[i]);

		if (a != b)
			bad++, printf("# %s: %ld before, %ld after\n", keys[i] + 1, a, b);
	}
	return bad;
}

int main(int argc, char **argv)
{
	uint64_t total = argc > 2 ? strtoul(argv[2], NULL, 0) : 100000;
	const char *dir = "/fuzz/mnt";
	int bad = 1;

	state = (argc > 1 ? strtoul(argv[1], NULL, 0) : 1) * 0x9e3779b97f4a7c15 + 1;
	area = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	done = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mkdir("/fuzz", 0755);		/* not writable by them: what they make goes with their tmpfs */
	mkdir(dir, 0777);
	for (int i = 0; i < 3; i++)
		rnd(), one_child(dir);
	usleep(200000);
	take(before, sizeof(before));
	take(before, sizeof(before));
	*done = 0;
	while (*done < total) {
		rnd();
		one_child(dir);
	}
	for (int i = 0; i < 5 && bad; i++) {	/* what is only late is gone the next time, a leak is not */
		usleep(300000);
		take(after, sizeof(after));
		bad = compare();
	}
	printf("fuzz: %lu calls, %s\n", *done, bad ? "LEAKED" : "nothing left");
	return bad != 0;
}
