/*
 * The scheduler's system calls: policies, priorities, nice values, affinity; who may change whose.
 *
 * The rule (Linux's): one may give one's own tasks less, never more, than RLIMIT_NICE and RLIMIT_RTPRIO allow;
 * CAP_SYS_NICE may do everything.
 *
 * In Linux: kernel/sched/core.c (now syscalls.c), kernel/sys.c. Left out: SCHED_DEADLINE, sched_setattr, reset-on-fork.
 */
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "smp.h"
#include "string.h"

#define KEEP_POLICY (-1)
#define SCHED_DEADLINE 6
#define MASK_SIZE (NR_CPUS / 8)

/* tasklist_lock keeps p's credentials: another processor may be in its commit_creds(). */
static bool same_owner(struct task_struct *p)
{
	u64 flags = spin_lock_irqsave(&tasklist_lock);
	bool same = current_euid() == p->cred->euid || current_euid() == p->cred->uid;
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return same;
}

static bool rt_policy(int policy) { return policy == SCHED_FIFO || policy == SCHED_RR; }

/* Does p's own RLIMIT_NICE allow nice? */
static bool limit_allows(struct task_struct *p, int nice)
{
	return (u64)(20 - nice) <= p->signal->rlim[RLIMIT_NICE].rlim_cur;
}

/* Would the change give p more than it may take itself? */
static bool needs_privilege(struct task_struct *p, int policy, int prio)
{
	u64 limit = p->signal->rlim[RLIMIT_RTPRIO].rlim_cur;
	if (rt_policy(policy) && ((policy != p->policy && !limit) || (prio > p->rt_priority && (u64)prio > limit)))
		return true;
	if (p->policy == SCHED_IDLE && policy != SCHED_IDLE && !limit_allows(p, task_nice(p)))
		return true;
	return !same_owner(p);
}

static int do_setscheduler(pid_t pid, int policy, struct sched_param __user *param)
{
	struct sched_param sp;
	if (!param || pid < 0)
		return -EINVAL;
	if (copy_from_user(&sp, param, sizeof(sp)))
		return -EFAULT;
	struct task_struct *p __cleanup(put_task) = get_task(pid);
	if (!p)
		return -ESRCH;
	if (policy == KEEP_POLICY)
		policy = p->policy;
	if (!sched_policy_valid(policy, sp.sched_priority))
		return -EINVAL;
	if (needs_privilege(p, policy, sp.sched_priority) && !capable(CAP_SYS_NICE))
		return -EPERM;
	return sched_setscheduler(p, policy, sp.sched_priority);
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
	struct task_struct *p __cleanup(put_task) = get_task(pid);
	return p ? (long)p->policy : -ESRCH;
}

long sys_sched_getparam(pid_t pid, struct sched_param __user *param)
{
	if (!param || pid < 0)
		return -EINVAL;
	struct task_struct *p __cleanup(put_task) = get_task(pid);
	return p ? put_user(p->rt_priority, &param->sched_priority) : -ESRCH;
}

long sys_sched_get_priority_max(int policy)
{
	if (rt_policy(policy))
		return MAX_RT_PRIO - 1;
	return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_get_priority_min(int policy) { return rt_policy(policy) ? 1 : sys_sched_get_priority_max(policy); }

/* ---- affinity ---- */

long sys_sched_setaffinity(pid_t pid, unsigned len, unsigned long __user *mask)
{
	DECLARE_BITMAP(new, NR_CPUS) = { 0 };
	if (copy_from_user(new, mask, min(len, (unsigned)MASK_SIZE)))
		return -EFAULT;
	struct task_struct *p __cleanup(put_task) = get_task(pid);
	if (!p)
		return -ESRCH;
	if (!same_owner(p) && !capable(CAP_SYS_NICE))
		return -EPERM;
	if (find_next_bit(new, nr_cpus, 0) >= nr_cpus)
		return -EINVAL;		/* no CPU of them runs */
	set_cpus_allowed(p, new[0]);
	return 0;
}

long sys_sched_getaffinity(pid_t pid, unsigned len, unsigned long __user *mask)
{
	DECLARE_BITMAP(out, NR_CPUS);
	if (len < MASK_SIZE || len & (sizeof(long) - 1))
		return -EINVAL;
	struct task_struct *p __cleanup(put_task) = get_task(pid);
	if (!p)
		return -ESRCH;
	for (unsigned i = 0; i < ARRAY_SIZE(out); i++)
		out[i] = p->cpus_mask[i] & cpu_online_mask();
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
