/* fork, vfork, clone and its flags that need no threads. */
#include "../abi.h"
#include <sys/time.h>

TEST(ids)
{
	pid_t me = getpid(), seen[2];
	int fds[2], st;
	pid_t pid;

	CHECK_OK(pipe(fds));
	pid = fork();
	if (!pid) {
		seen[0] = getpid();
		seen[1] = getppid();
		CHECK_EQ(write(fds[1], seen, sizeof(seen)), sizeof(seen));
		_exit(0);
	}
	CHECK_EQ(read(fds[0], seen, sizeof(seen)), sizeof(seen));
	CHECK_EQ(seen[0], pid);
	CHECK_EQ(seen[1], me);
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(getpgid(0), getpgrp());
}

TEST(file_offsets_are_shared_tables_are_not)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);

	CHECK_EQ(write(fd, "abcdef", 6), 6);
	lseek(fd, 0, SEEK_SET);
	CHECK_CHILD(
		char c;
		CHECK_EQ(read(fd, &c, 1), 1);
		CHECK_EQ(c, 'a');
		close(fd));
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 1);
}

TEST(inherits)
{
	sigset_t set, old;
	struct sigaction sa;

	umask(027);
	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 3));
	kill(getpid(), SIGUSR2);	/* pending here, not in the child */
	alarm(50);
	CHECK_CHILD(
		CHECK_EQ(umask(0), 027);
		sigaction(SIGUSR1, NULL, &sa);
		CHECK(sa.sa_handler == SIG_IGN);
		sigprocmask(SIG_BLOCK, NULL, &old);
		CHECK(sigismember(&old, SIGUSR2));
		sigpending(&old);
		CHECK(!sigismember(&old, SIGUSR2));
		CHECK_EQ(alarm(0), 0);
		CHECK_EQ(getpriority(PRIO_PROCESS, 0), 3);
		char here[200]; char *ok = getcwd(here, sizeof(here));
		CHECK(ok && !strcmp(here, scratch)));
	CHECK(alarm(0) > 40);
}

TEST(cwd_is_copied)
{
	CHECK_OK(mkdir("d", 0755));
	CHECK_CHILD(CHECK_OK(chdir("d")));
	CHECK_OK(access("d", F_OK));
}

TEST(vfork_waits_for_exec_or_exit)
{
	static volatile int shared;
	pid_t pid = vfork();
	int st;

	if (!pid) {
		sleep_ms(50);
		shared = 7;	/* the same memory */
		_exit(3);
	}
	CHECK_EQ(shared, 7);
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(WEXITSTATUS(st), 3);
	pid = vfork();
	if (!pid) {
		execl("/bin/busybox", "true", NULL);
		_exit(9);
	}
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(st, 0);
}

static char child_stack[65536] __attribute__((aligned(16)));
static volatile int touched;

static int clone_fn(void *arg)
{
	touched = (int)(long)arg;
	return 5;
}

static pid_t do_clone(int (*fn)(void *), int flags, void *arg)
{
	return clone(fn, child_stack + sizeof(child_stack), flags, arg);
}

TEST(clone_vm)
{
	int st;
	pid_t pid = do_clone(clone_fn, CLONE_VM | SIGCHLD, (void *)11);

	CHECK(pid > 0);
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(WEXITSTATUS(st), 5);
	CHECK_EQ(touched, 11);
	touched = 0;
	pid = do_clone(clone_fn, SIGCHLD, (void *)12);
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(touched, 0);
}

static int close_fn(void *arg)
{
	return close((int)(long)arg);
}

TEST(clone_files)
{
	int fd = open("/dev/null", O_RDONLY), st;
	pid_t pid = do_clone(close_fn, CLONE_FILES | CLONE_VM | SIGCHLD, (void *)(long)fd);

	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(st, 0);
	CHECK_ERR(close(fd), EBADF);
}

static int chdir_fn(void *arg)
{
	umask(0111);
	return chdir(arg);
}

TEST(clone_fs)
{
	char here[200], want[200];
	int st;
	pid_t pid;

	CHECK_OK(mkdir("sub", 0755));
	umask(0);
	pid = do_clone(chdir_fn, CLONE_FS | SIGCHLD, "sub");
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(st, 0);
	snprintf(want, sizeof(want), "%s/sub", scratch);
	CHECK(getcwd(here, sizeof(here)) && !strcmp(here, want));
	CHECK_EQ(umask(0), 0111);
}

static int handler_fn(void *arg)
{
	(void)arg;
	signal(SIGUSR1, SIG_IGN);
	return 0;
}

TEST(clone_sighand)
{
	struct sigaction sa;
	int st;
	pid_t pid = do_clone(handler_fn, CLONE_SIGHAND | CLONE_VM | SIGCHLD, NULL);

	CHECK_EQ(waitpid(pid, &st, 0), pid);
	sigaction(SIGUSR1, NULL, &sa);
	CHECK(sa.sa_handler == SIG_IGN);
	CHECK_ERR(syscall(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0), EINVAL);
}

TEST(clone_set_tid)
{
	static pid_t parent_tid, child_tid;
	volatile pid_t *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int st;
	pid_t pid = syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD,
			    0, &parent_tid, &child_tid, 0);

	if (!pid) {
		shared[0] = child_tid;
		_exit(child_tid == getpid() ? 0 : 1);
	}
	CHECK_EQ(parent_tid, pid);
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(st, 0);
	CHECK_EQ(child_tid, 0);		/* the child's copy, not ours */
	CHECK_EQ(shared[0], pid);
}

TEST(clone_child_cleartid)
{
	static volatile pid_t tid = 77;
	int st;
	pid_t pid = clone(clone_fn, child_stack + sizeof(child_stack),
			  CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD, (void *)1,
			  NULL, NULL, &tid);

	CHECK(pid > 0);
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(WEXITSTATUS(st), 5);
	CHECK_EQ(tid, 0);	/* cleared in the shared memory at its exit */
}

TEST(clone_without_sigchld)
{
	int st;
	pid_t pid = syscall(SYS_clone, 0, 0, 0, 0, 0);

	if (!pid)
		_exit(4);
	CHECK_ERR(waitpid(pid, &st, 0), ECHILD);
	CHECK_EQ(waitpid(pid, &st, __WCLONE), pid);
	CHECK_EQ(WEXITSTATUS(st), 4);
	pid = syscall(SYS_clone, 0, 0, 0, 0, 0);
	if (!pid)
		_exit(4);
	CHECK_EQ(waitpid(pid, &st, __WALL), pid);
}

static long bare(long nr, long a, long b, long c, long d, long e)
{
	register long r10 asm("r10") = d, r8 asm("r8") = e;
	long ret;

	asm volatile("syscall" : "=a"(ret)
		     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
		     : "rcx", "r11", "memory");
	return ret;
}

TEST(clone_settls)
{
	static char tls[64];
	unsigned long base = 0;
	int st;
	pid_t pid = bare(SYS_clone, CLONE_SETTLS | SIGCHLD, 0, 0, 0, (long)tls);

	if (!pid) {	/* no libc here: its thread pointer is gone */
		bare(SYS_arch_prctl, 0x1003, (long)&base, 0, 0, 0);
		bare(SYS_exit_group, base != (unsigned long)tls, 0, 0, 0, 0);
	}
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(st, 0);
}

TEST(many_children)
{
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 64; i++) {
			pid_t pid = fork();

			CHECK(pid >= 0);
			if (!pid)
				_exit(i);
		}
		for (int i = 0; i < 64; i++)
			CHECK(wait(NULL) > 0);
		CHECK_ERR(wait(NULL), ECHILD);
	}
}

TEST(orphans_go_to_init)
{
	volatile pid_t *seen = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	CHECK_CHILD(
		child = getpid();
		if (!fork()) {
			while (getppid() == child)
				sleep_ms(5);
			*seen = getppid();
			_exit(0);
		});
	for (int i = 0; i < 4000 && !*seen; i++)
		sleep_ms(5);
	CHECK_EQ(*seen, 1);
}

TEST(arch_prctl_fs)
{
	unsigned long fs, gs = 1;

	CHECK_OK(syscall(SYS_arch_prctl, 0x1003, &fs));
	CHECK(fs != 0);
	CHECK_OK(syscall(SYS_arch_prctl, 0x1001, 0x12345000));
	CHECK_OK(syscall(SYS_arch_prctl, 0x1004, &gs));
	CHECK_EQ(gs, 0x12345000);
	CHECK_CHILD(	/* and it is inherited */
		gs = 0;
		CHECK_OK(syscall(SYS_arch_prctl, 0x1004, &gs));
		CHECK_EQ(gs, 0x12345000));
	CHECK_ERR(syscall(SYS_arch_prctl, 0x1002, 0xffff800000000000UL), EPERM);
	CHECK_ERR(syscall(SYS_arch_prctl, 0x1003, 8), EFAULT);
	CHECK_ERR(syscall(SYS_arch_prctl, 0x9999, 0), EINVAL);
}
