/*
 * The scheduler's system calls: policies, priorities, nice values, affinity; who may change whose.
 *
 * The rule (Linux's): one may give one's own tasks less, never more, than RLIMIT_NICE and RLIMIT_RTPRIO allow;
 * CAP_SYS_NICE may do everything.
 *
 * In Linux: kernel/sched/core.c (now syscalls.c), kernel/sys.c. Left out: SCHED_DEADLINE, utilization clamps.
 */
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "string.h"

#define KEEP_POLICY (-1)
#define SCHED_DEADLINE 6
#define ATTR_SIZE_VER0 48		/* without the clamps */
#define ATTR_RESET_ON_FORK 0x01
#define ATTR_KEEP_POLICY 0x08
#define ATTR_KEEP_PARAMS 0x10
#define ATTR_UTIL_CLAMP 0x60
#define ATTR_ALL 0x7f
#define MASK_SIZE (NR_CPUS / 8)

struct sched_attr {			/* uapi */
	u32 size, policy;
	u64 flags;
	s32 nice;
	u32 priority;
	u64 runtime, deadline, period;
	u32 util_min, util_max;
};

/* pid's task with a reference, 0: oneself; NULL. */
static struct task_struct *get_task(pid_t pid) { return pid ? get_task_by_pid(pid) : get_task_struct(current); }

static bool same_owner(struct task_struct *p)
{
	return current_euid() == p->cred->euid || current_euid() == p->cred->uid;
}

static bool rt_policy(int policy) { return policy == SCHED_FIFO || policy == SCHED_RR; }

/* Does p's own RLIMIT_NICE allow nice? */
static bool limit_allows(struct task_struct *p, int nice)
{
	return (u64)(20 - nice) <= p->signal->rlim[RLIMIT_NICE].rlim_cur;
}

/* Would the change give p more than it may take itself? */
static bool needs_privilege(struct task_struct *p, int policy, int prio, int nice, bool reset)
{
	u64 limit = p->signal->rlim[RLIMIT_RTPRIO].rlim_cur;
	if (!rt_policy(policy) && nice < task_nice(p) && !limit_allows(p, nice))
		return true;
	if (rt_policy(policy) && ((policy != p->policy && !limit) || (prio > p->rt_priority && (u64)prio > limit)))
		return true;
	if (p->policy == SCHED_IDLE && policy != SCHED_IDLE && !limit_allows(p, task_nice(p)))
		return true;
	return !same_owner(p) || (p->sched_reset_on_fork && !reset);
}

/* policy KEEP_POLICY keeps policy and reset-on-fork both. */
static int set_policy(struct task_struct *p, int policy, int prio, int nice, bool reset)
{
	if (policy == KEEP_POLICY) {
		policy = p->policy;
		reset = p->sched_reset_on_fork;
	}
	if (policy < 0 || policy > SCHED_IDLE || policy == 4)
		return -EINVAL;
	if ((unsigned)prio >= MAX_RT_PRIO || rt_policy(policy) != (prio != 0))
		return -EINVAL;
	if (needs_privilege(p, policy, prio, nice, reset) && !capable(CAP_SYS_NICE))
		return -EPERM;
	int err = sched_setscheduler(p, policy, prio);
	if (err)
		return err;
	p->sched_reset_on_fork = reset;
	if (!rt_policy(policy) && nice != task_nice(p))
		set_user_nice(p, nice);
	return 0;
}

static int do_setscheduler(pid_t pid, int policy, struct sched_param __user *param)
{
	bool reset = policy != KEEP_POLICY && policy & SCHED_RESET_ON_FORK;
	struct sched_param sp;
	int err;

	if (!param || pid < 0)
		return -EINVAL;
	if (copy_from_user(&sp, param, sizeof(sp)))
		return -EFAULT;
	struct task_struct *p = get_task(pid);
	if (!p)
		return -ESRCH;
	err = set_policy(p, policy == KEEP_POLICY ? policy : policy & ~SCHED_RESET_ON_FORK, sp.sched_priority, task_nice(p), reset);
	put_task_struct(p);
	return err;
}

long sys_sched_yield(void)
{
	yield();
	return 0;
}

long sys_sched_setscheduler(pid_t pid, int policy, struct sched_param __user *param)
{
	return policy < 0 ? -EINVAL : do_setscheduler(pid, policy, param);
}

long sys_sched_setparam(pid_t pid, struct sched_param __user *param)
{
	return do_setscheduler(pid, KEEP_POLICY, param);
}

long sys_sched_getscheduler(pid_t pid)
{
	if (pid < 0)
		return -EINVAL;
	struct task_struct *p = get_task(pid);
	if (!p)
		return -ESRCH;
	int policy = p->policy | (p->sched_reset_on_fork ? SCHED_RESET_ON_FORK : 0);
	put_task_struct(p);
	return policy;
}

long sys_sched_getparam(pid_t pid, struct sched_param __user *param)
{
	struct sched_param sp;
	if (!param || pid < 0)
		return -EINVAL;
	struct task_struct *p = get_task(pid);
	if (!p)
		return -ESRCH;
	sp.sched_priority = p->rt_priority;
	put_task_struct(p);
	return copy_to_user(param, &sp, sizeof(sp)) ? -EFAULT : 0;
}

long sys_sched_get_priority_max(int policy)
{
	if (rt_policy(policy))
		return MAX_RT_PRIO - 1;
	return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_get_priority_min(int policy) { return rt_policy(policy) ? 1 : sys_sched_get_priority_max(policy); }

long sys_sched_rr_get_interval(pid_t pid, struct timespec64 __user *interval)
{
	if (pid < 0)
		return -EINVAL;
	struct task_struct *p = get_task(pid);
	if (!p)
		return -ESRCH;
	u64 ns = p->sched_class->get_rr_interval(&runqueues[p->cpu], p);
	put_task_struct(p);
	struct timespec64 ts = { ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };
	return copy_to_user(interval, &ts, sizeof(ts)) ? -EFAULT : 0;
}

/* ---- attributes: all of the above in one ---- */

/* 0, -EFAULT, -E2BIG (and the size we know, to the user) */
static int copy_attr(struct sched_attr *a, void __user *from)
{
	u32 size;
	u8 rest;
	if (get_user(size, (u32 __user *)from))
		return -EFAULT;
	size = size ? size : ATTR_SIZE_VER0;
	if (size < ATTR_SIZE_VER0 || size > PAGE_SIZE)
		goto bad_size;
	memset(a, 0, sizeof(*a));
	if (copy_from_user(a, from, min(size, (u32)sizeof(*a))))
		return -EFAULT;
	for (u32 i = sizeof(*a); i < size; i++) {	/* a newer program: all that we don't know must be 0 */
		if (get_user(rest, (u8 __user *)from + i))
			return -EFAULT;
		if (rest)
			goto bad_size;
	}
	if (a->flags & ATTR_UTIL_CLAMP && size < sizeof(*a))
		return -EINVAL;
	a->nice = min(max(a->nice, -20), 19);
	return 0;

bad_size:
	return put_user((u32)sizeof(*a), (u32 __user *)from) ? -EFAULT : -E2BIG;
}

long sys_sched_setattr(pid_t pid, void __user *uattr, unsigned flags)
{
	struct sched_attr a;
	if (!uattr || pid < 0 || flags)
		return -EINVAL;
	int err = copy_attr(&a, uattr);
	if (err)
		return err;
	if ((int)a.policy < 0)
		return -EINVAL;
	struct task_struct *p = get_task(pid);
	if (!p)
		return -ESRCH;
	if (a.flags & ATTR_KEEP_POLICY)
		a.policy = KEEP_POLICY;
	if (a.flags & ATTR_KEEP_PARAMS) {
		a.priority = p->rt_priority;
		a.nice = task_nice(p);
	}
	err = a.flags & ~(u64)ATTR_ALL ? -EINVAL : a.flags & ATTR_UTIL_CLAMP ? -EOPNOTSUPP :
	      set_policy(p, a.policy, a.priority, a.nice, a.flags & ATTR_RESET_ON_FORK);
	put_task_struct(p);
	return err;
}

long sys_sched_getattr(pid_t pid, void __user *uattr, unsigned size, unsigned flags)
{
	struct sched_attr a = { .size = min(size, (unsigned)sizeof(a)) };
	if (!uattr || pid < 0 || size > PAGE_SIZE || size < ATTR_SIZE_VER0 || flags)
		return -EINVAL;
	struct task_struct *p = get_task(pid);
	if (!p)
		return -ESRCH;
	a.policy = p->policy;
	a.flags = p->sched_reset_on_fork ? ATTR_RESET_ON_FORK : 0;
	if (rt_policy(p->policy))
		a.priority = p->rt_priority;
	else
		a.nice = task_nice(p);
	put_task_struct(p);
	return copy_to_user(uattr, &a, a.size) ? -EFAULT : 0;
}

/* ---- affinity ---- */

long sys_sched_setaffinity(pid_t pid, unsigned len, unsigned long __user *mask)
{
	DECLARE_BITMAP(new, NR_CPUS) = { 0 };
	struct task_struct *p;
	int err = 0;
	if (copy_from_user(new, mask, min(len, (unsigned)MASK_SIZE)))
		return -EFAULT;
	p = get_task(pid);
	if (!p)
		return -ESRCH;
	if (!same_owner(p) && !capable(CAP_SYS_NICE))
		err = -EPERM;
	else if (find_next_bit(new, nr_cpus, 0) >= nr_cpus)
		err = -EINVAL;		/* no CPU of them runs */
	else
		memcpy(p->cpus_mask, new, MASK_SIZE);
	put_task_struct(p);
	return err;
}

long sys_sched_getaffinity(pid_t pid, unsigned len, unsigned long __user *mask)
{
	DECLARE_BITMAP(out, NR_CPUS);
	struct task_struct *p;
	if (len < MASK_SIZE || len & (sizeof(long) - 1))
		return -EINVAL;
	p = get_task(pid);
	if (!p)
		return -ESRCH;
	for (unsigned i = 0; i < ARRAY_SIZE(out); i++)
		out[i] = p->cpus_mask[i] & (nr_cpus < NR_CPUS ? BIT(nr_cpus) - 1 : ~0UL);
	put_task_struct(p);
	return copy_to_user(mask, out, MASK_SIZE) ? -EFAULT : MASK_SIZE;
}

/* ---- nice values ---- */

static int set_one_nice(struct task_struct *p, int nice, int err)
{
	if (p->cred->uid != current_euid() && p->cred->euid != current_euid() && !capable(CAP_SYS_NICE))
		return -EPERM;
	if (nice < task_nice(p) && !limit_allows(p, nice) && !capable(CAP_SYS_NICE))
		return -EACCES;
	set_user_nice(p, nice);
	return err == -ESRCH ? 0 : err;
}

/* Calls fn for all tasks that which and who name; gives back the last result, -ESRCH when there were none. */
static int for_all_named(int which, int who, int (*fn)(struct task_struct *p, int arg, int result), int arg)
{
	int ret = -ESRCH;
	struct task_struct *p;
	spin_lock_irq(&tasklist_lock);
	if (which == PRIO_PROCESS) {
		p = who ? find_task_by_pid(who) : current;
		if (p)
			ret = fn(p, arg, ret);
	} else if (which == PRIO_PGRP) {
		for_each_in_pgrp(p, who ? who : current->signal->pgrp)
			ret = fn(p, arg, ret);
	} else {
		for_each_process(p)
			if (p->cred->uid == (who ? (uid_t)who : current_uid()))
				ret = fn(p, arg, ret);
	}
	spin_unlock_irq(&tasklist_lock);
	return ret;
}

long sys_setpriority(int which, int who, int niceval)
{
	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	return for_all_named(which, who, set_one_nice, min(max(niceval, -20), 19));
}

static int best_nice(struct task_struct *p, int arg, int result) { return max(result, 20 - task_nice(p)); }

/* 20 - nice, so that a result is never negative: 1 to 40; the most favoured task's. */
long sys_getpriority(int which, int who)
{
	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	return for_all_named(which, who, best_nice, 0);
}
