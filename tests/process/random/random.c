/*
 * random CALLS SEED: system calls with random numbers and arguments, some of which make sense. Processes that break
 * themselves are killed and new ones go on. For the guest only: as root it takes whatever machine it runs on apart.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS_EACH 2000
#define NR_CALLS 452

static uint64_t state;
static char *buf;			/* two pages, and nothing behind them */
static volatile long *made;		/* calls, of all processes; shared */

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static uint64_t argument(void)
{
	static const uint64_t odd[] = { 0, 1, 2, 3, 4, 8, 16, 64, 255, 4096, 4097, -1, -2, 0x7fffffff, 0x80000000, 0x7ffffffff000,
		0x7fffffffe000, 0x800000000000, 0xffff888000000000, 0xffffffff80000000, 0x8000000000000000, 100000 };

	switch (rnd() % 6) {
	case 0: return odd[rnd() % (sizeof(odd) / sizeof(odd[0]))];
	case 1: return (uint64_t)(buf + rnd() % 8192);
	case 2: return (uint64_t)(buf + 8192 - rnd() % 16);
	case 3: return rnd() % 64;
	case 4: return rnd();
	default: return rnd() & 0xffff;
	}
}

/* Calls that would end the test, or leave it waiting too often. */
static void call(void)
{
	long nr = rnd() % NR_CALLS, pid;

	switch (nr) {
	case SYS_reboot: case SYS_pause: case SYS_rt_sigsuspend: case SYS_rt_sigreturn: case SYS_exit: case SYS_exit_group:
	case SYS_alarm: case SYS_setitimer: case SYS_clone3:
		return;
	case SYS_kill: case SYS_tkill: case SYS_tgkill: case SYS_rt_sigqueueinfo: case SYS_rt_tgsigqueueinfo:
		if (rnd() % 10)
			return;
		syscall(nr, getpid(), rnd() % 3 ? rnd() % 65 : argument(), argument(), argument());
		return;
	case SYS_fork: case SYS_vfork: case SYS_clone:
		if (rnd() % 20)
			return;
		pid = nr == SYS_clone ? syscall(nr, (rnd() & 0x0f80feff) | SIGCHLD, 0, buf, buf + 64, 0) : fork();
		if (!pid)
			_exit(0);
		return;
	case SYS_wait4:
		syscall(nr, argument(), argument(), argument() | WNOHANG, argument());
		return;
	case SYS_waitid:
		syscall(nr, argument(), argument(), argument(), argument() | WNOHANG, argument());
		return;
	case SYS_chroot: case SYS_mount: case SYS_umount2: case SYS_pivot_root: case SYS_clock_settime: case SYS_settimeofday:
		if (rnd() % 50)
			return;
	}
	syscall(nr, argument(), argument(), argument(), argument(), argument(), argument());
}

static void limit(int resource, rlim_t n)
{
	setrlimit(resource, &(struct rlimit){ n, n });
}

static void child(void)
{
	setpgid(0, 0);
	for (int i = 1; i < 32; i++)
		signal(i, SIG_DFL);
	buf = mmap(0, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(buf + 8192, 4096);
	for (int i = 0; i < 8192; i++)
		buf[i] = rnd() % 5 ? 0 : rnd();
	limit(RLIMIT_AS, 64 << 20);
	limit(RLIMIT_FSIZE, 16 << 20);
	if (rnd() % 2)
		setgid(1000), setuid(1000);
	limit(RLIMIT_NPROC, 30);
	for (int i = 0; i < CALLS_EACH; i++, ++*made)
		call();
	kill(-getpgrp(), SIGKILL);
	_exit(0);
}

int main(int argc, char **argv)
{
	long calls = argc > 1 ? atol(argv[1]) : 100000;

	made = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	state = 7919 * (argc > 2 ? atol(argv[2]) : 1) + 1;
	for (int i = 1; i < 32; i++)
		signal(i, i == SIGCHLD ? SIG_DFL : SIG_IGN);
	if (chdir("/tmp"))
		return 1;
	while (*made < calls) {
		uint64_t seed = rnd() | 1;
		pid_t pid = fork();

		if (!pid) {
			state = seed;
			child();
		}
		for (int ms = 0; waitpid(pid, NULL, WNOHANG) != pid; ms += 2) {
			usleep(2000);
			if (ms > 100)		/* stopped, or waiting for what never comes */
				kill(pid, SIGKILL);
			if (ms > 20000) {
				printf("%d does not die\n", pid);
				return 1;
			}
		}
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	return 0;
}
