/* The permissions of everything that changes priorities. */
#include "../abi.h"

#define NOWHERE ((void *)8)

static long policy(pid_t pid, int policy, int prio)
{
	struct sched_param sp = { .sched_priority = prio };

	return syscall(SYS_sched_setscheduler, pid, policy, &sp);
}

TEST(param_errors)
{
	struct sched_param sp = { 0 };
	unsigned long mask[128];

	CHECK_ERR(syscall(SYS_sched_setscheduler, 0, -1, &sp), EINVAL);
	CHECK_ERR(syscall(SYS_sched_setscheduler, 0, 0, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_sched_setscheduler, 0, 0, NOWHERE), EFAULT);
	CHECK_ERR(syscall(SYS_sched_setscheduler, -1, 0, NOWHERE), EINVAL);
	CHECK_ERR(syscall(SYS_sched_setparam, 0, NOWHERE), EFAULT);
	CHECK_ERR(syscall(SYS_sched_getparam, 0, NOWHERE), EFAULT);
	CHECK_ERR(syscall(SYS_sched_getparam, 0, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getparam, 999999, NOWHERE), ESRCH);
	CHECK_OK(syscall(SYS_sched_setparam, 0, &sp));
	sp.sched_priority = 3;
	CHECK_ERR(syscall(SYS_sched_setparam, 0, &sp), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 3, mask), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 1021, mask), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 999999, 1024, mask), ESRCH);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 1024, NOWHERE), EFAULT);
	CHECK(syscall(SYS_sched_getaffinity, 0, 1024, mask) >= 8);
	memset(mask, 0, sizeof(mask));
	CHECK_ERR(syscall(SYS_sched_setaffinity, 0, 1024, mask), EINVAL);
	CHECK_ERR(syscall(SYS_sched_setaffinity, 999999, 1024, NOWHERE), EFAULT);
	CHECK_ERR(syscall(SYS_sched_setaffinity, 999999, 1024, mask), ESRCH);
	CHECK_ERR(setpriority(3, 0, 0), EINVAL);
	CHECK_ERR(setpriority(PRIO_PGRP, 999999, 0), ESRCH);
	CHECK_ERR(setpriority(PRIO_USER, 54321, 0), ESRCH);
}

TEST(ordinary_users_may_only_give)
{
	struct rlimit none = { 0, 0 };
	pid_t parent = getppid();

	setrlimit(RLIMIT_NICE, &none);
	setrlimit(RLIMIT_RTPRIO, &none);
	CHECK_OK(syscall(SYS_setresuid, 1000, 1000, 1000));
	CHECK_ERR(policy(0, SCHED_FIFO, 1), EPERM);
	CHECK_ERR(policy(parent, SCHED_OTHER, 0), EPERM);
	CHECK_ERR(setpriority(PRIO_PROCESS, parent, 5), EPERM);
	CHECK_OK(policy(0, SCHED_BATCH, 0));
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 3));
	CHECK_ERR(setpriority(PRIO_PROCESS, 0, 2), EACCES);
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 3));
	CHECK_OK(policy(0, SCHED_IDLE, 0));
	CHECK_ERR(policy(0, SCHED_OTHER, 0), EPERM);	/* up again */
}

TEST(limits_allow_some)
{
	struct rlimit nice = { 25, 25 }, rt = { 10, 10 };

	if (setrlimit(RLIMIT_NICE, &nice) || setrlimit(RLIMIT_RTPRIO, &rt))
		return;			/* a container's root may lack CAP_SYS_RESOURCE */
	CHECK_OK(syscall(SYS_setresuid, 1000, 1000, 1000));
	CHECK_OK(setpriority(PRIO_PROCESS, 0, -5));
	CHECK_ERR(setpriority(PRIO_PROCESS, 0, -6), EACCES);
	CHECK_ERR(policy(0, SCHED_FIFO, 11), EPERM);
	CHECK_OK(policy(0, SCHED_FIFO, 10));
	CHECK_OK(policy(0, SCHED_OTHER, 0));
}

TEST(by_user)
{
	int ready[2];
	pid_t pid;
	char c;

	CHECK_OK(pipe(ready));
	pid = fork();
	if (!pid) {
		syscall(SYS_setresuid, 4321, 4321, 4321);
		write(ready[1], "x", 1);
		pause();
		_exit(0);
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	CHECK_OK(setpriority(PRIO_USER, 4321, 9));
	CHECK_EQ(getpriority(PRIO_USER, 4321), 9);
	CHECK_EQ(getpriority(PRIO_PROCESS, pid), 9);
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0);
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);	/* the user has nobody left: the test of RLIMIT_NPROC counts them */
}
