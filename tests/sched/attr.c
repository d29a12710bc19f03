/* sched_setattr and the permissions of everything that changes priorities. */
#include "../abi.h"

#define NOWHERE ((void *)8)
#define RESET_ON_FORK 0x40000000

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
	uint64_t beyond;
};

static long set(pid_t pid, struct attr *a, unsigned flags)
{
	return syscall(SYS_sched_setattr, pid, a, flags);
}

static long get(pid_t pid, struct attr *a, unsigned size, unsigned flags)
{
	memset(a, 0xff, sizeof(*a));
	return syscall(SYS_sched_getattr, pid, a, size, flags);
}

static long policy(pid_t pid, int policy, int prio)
{
	struct sched_param sp = { .sched_priority = prio };

	return syscall(SYS_sched_setscheduler, pid, policy, &sp);
}

TEST(attr_round_trip)
{
	struct attr a = { .size = 48, .policy = SCHED_BATCH, .nice = 7 }, b;

	CHECK_OK(set(0, &a, 0));
	CHECK_OK(get(0, &b, 48, 0));
	CHECK_EQ(b.size, 48);
	CHECK_EQ(b.policy, SCHED_BATCH);
	CHECK_EQ(b.nice, 7);
	CHECK_EQ(b.priority, 0);
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 7);
	a = (struct attr){ .size = 48, .policy = SCHED_RR, .priority = 12, .flags = 1 };
	CHECK_OK(set(0, &a, 0));
	CHECK_OK(get(0, &b, 56, 0));
	CHECK_EQ(b.size, 56);
	CHECK_EQ(b.policy, SCHED_RR);
	CHECK_EQ(b.priority, 12);
	CHECK_EQ(b.flags, 1);
	CHECK_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_RR | RESET_ON_FORK);
	CHECK_CHILD(
		CHECK_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER);
		CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0));
	a = (struct attr){ .size = 0, .policy = SCHED_OTHER, .nice = -5 };	/* 0 means the first version */
	CHECK_OK(set(0, &a, 0));
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), -5);
	CHECK_CHILD(CHECK_EQ(getpriority(PRIO_PROCESS, 0), -5));
	a.flags = 1;
	CHECK_OK(set(0, &a, 0));
	CHECK_CHILD(CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0));
}

TEST(attr_errors)
{
	struct attr a = { .size = 48, .policy = SCHED_OTHER };

	CHECK_ERR(set(0, NULL, 0), EINVAL);
	CHECK_ERR(set(-1, &a, 0), EINVAL);
	CHECK_ERR(set(0, &a, 1), EINVAL);
	CHECK_ERR(set(0, NOWHERE, 0), EFAULT);
	CHECK_ERR(set(999999, &a, 0), ESRCH);
	a.size = 40;
	CHECK_ERR(set(0, &a, 0), E2BIG);
	CHECK_EQ(a.size, 56);
	a = (struct attr){ .size = 64, .beyond = 1 };
	CHECK_ERR(set(0, &a, 0), E2BIG);
	a = (struct attr){ .size = 64 };
	CHECK_OK(set(0, &a, 0));
	a = (struct attr){ .size = 48, .policy = 4 };
	CHECK_ERR(set(0, &a, 0), EINVAL);
	a = (struct attr){ .size = 48, .policy = SCHED_FIFO };
	CHECK_ERR(set(0, &a, 0), EINVAL);
	a = (struct attr){ .size = 48, .policy = SCHED_OTHER, .priority = 1 };
	CHECK_ERR(set(0, &a, 0), EINVAL);
	a = (struct attr){ .size = 48, .policy = SCHED_OTHER, .flags = 0x1000 };
	CHECK_ERR(set(0, &a, 0), EINVAL);
	a = (struct attr){ .size = 48, .policy = SCHED_OTHER, .nice = 100 };
	CHECK_OK(set(0, &a, 0));
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 19);
	CHECK_ERR(get(0, &a, 40, 0), EINVAL);
	CHECK_ERR(get(0, &a, 5000, 0), EINVAL);
	CHECK_ERR(get(0, &a, 48, 1), EINVAL);
	CHECK_ERR(get(999999, &a, 48, 0), ESRCH);
	CHECK_ERR(syscall(SYS_sched_getattr, 0, NULL, 48, 0), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getattr, 0, NOWHERE, 48, 0), EFAULT);
}

TEST(param_errors)
{
	struct sched_param sp = { 0 };
	struct timespec ts;
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
	CHECK_ERR(syscall(SYS_sched_rr_get_interval, -1, &ts), EINVAL);
	CHECK_ERR(syscall(SYS_sched_rr_get_interval, 999999, &ts), ESRCH);
	CHECK_ERR(syscall(SYS_sched_rr_get_interval, 0, NOWHERE), EFAULT);
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
	struct attr a = { .size = 48, .policy = SCHED_OTHER, .nice = -1 };

	setrlimit(RLIMIT_NICE, &none);
	setrlimit(RLIMIT_RTPRIO, &none);
	CHECK_OK(syscall(SYS_setresuid, 1000, 1000, 1000));
	CHECK_ERR(policy(0, SCHED_FIFO, 1), EPERM);
	CHECK_ERR(set(0, &a, 0), EPERM);
	CHECK_ERR(policy(parent, SCHED_OTHER, 0), EPERM);
	CHECK_ERR(setpriority(PRIO_PROCESS, parent, 5), EPERM);
	CHECK_OK(policy(0, SCHED_BATCH, 0));
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 3));
	CHECK_ERR(setpriority(PRIO_PROCESS, 0, 2), EACCES);
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 3));
	CHECK_OK(policy(0, SCHED_IDLE, 0));
	CHECK_ERR(policy(0, SCHED_OTHER, 0), EPERM);	/* up again */
	CHECK_OK(policy(0, SCHED_IDLE | RESET_ON_FORK, 0));
	CHECK_ERR(policy(0, SCHED_IDLE, 0), EPERM);	/* the mark stays */
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
}
