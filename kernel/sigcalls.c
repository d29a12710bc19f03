/*
 * The system calls about signals: actions, masks, waiting, sending.
 * In Linux: the second half of kernel/signal.c.
 */
#include "err.h"
#include "string.h"
#include "asm/uaccess.h"
#include "kernel/signal.h"
#include "kernel/syscall.h"

#define SA_KNOWN (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_RESTORER | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND | \
		  0x800 /* SA_EXPOSE_TAGBITS */)

/* ---- actions and masks ---- */

static void check_action(struct sigaction *sa)
{
	sa->sa_flags &= SA_KNOWN;
	sa->sa_mask &= ~SIG_UNBLOCKABLE;
}

/* POSIX 3.3.1.3: a pending signal that is to be ignored now is discarded, blocked or not. => siglock */
static void drop_ignored(const struct sigaction *sa)
{
	sigset_t mask = BIT((struct k_sigaction *)sa - current->sighand->action);
	if (sa->sa_handler == SIG_IGN || (sa->sa_handler == SIG_DFL && (mask & SIG_DEFAULT_IGNORE)))
		flush_pending(current, mask);
}

static noinline long drop_ignored_lock(const struct sigaction *sa)
{
	spin_lock_irq(&current->sighand->siglock);
	drop_ignored(sa);
	spin_unlock_irq(&current->sighand->siglock);
	return 0;
}

static noinline long sigaction_locked(int sig, const struct sigaction __user *act, struct sigaction __user *oact)
{
	struct sighand_struct *sighand = current->sighand;
	struct sigaction new, old;
	if (act && IS_ERR(get_user_32_bytes(&new, act)))
		return -EFAULT;
	if (sig < 1 || sig > _NSIG || (act && (sigmask(sig) & SIG_UNBLOCKABLE)))
		return -EINVAL;
	struct sigaction *sa = &sighand->action[sig - 1].sa;
	spin_lock_irq(&sighand->siglock);
	if (oact)
		old = *sa;
	if (act) {
		*sa = new;
		check_action(sa);
		drop_ignored(sa);
	}
	spin_unlock_irq(&sighand->siglock);
	return oact && copy_to_user(oact, &old, sizeof(old)) ? -EFAULT : 0;
}

/*
 * The usual call sets a handler of a table that nobody shares. Senders look at sa_handler only, one word, but for
 * SIGCHLD, where the flags count too: so siglock is taken only for that, and when a signal may have to be dropped.
 */
static long sigaction_unlocked(struct sigaction *sa, const struct sigaction __user *act)
{
	sa = get_user_32_bytes(sa, act);
	if (IS_ERR(sa))
		return PTR_ERR(sa);
	check_action(sa);
	if ((u64)sa->sa_handler <= (u64)SIG_IGN)
		return drop_ignored_lock(sa);
	return 0;
}

long sys_rt_sigaction(int sig, const struct sigaction __user *act, struct sigaction __user *oact, size_t sigsetsize)
{
	struct sighand_struct *sighand = current->sighand;
	unsigned i = sig - 1;
	if (sigsetsize != sizeof(sigset_t))
		return -EINVAL;
	if (oact || i >= _NSIG || atomic_read(&sighand->count) > 1 || (SIG_UNBLOCKABLE | sigmask(SIGCHLD)) >> i & 1)
		return sigaction_locked(sig, act, oact);
	return act ? sigaction_unlocked(&sighand->action[i].sa, act) : 0;
}

long sys_rt_sigprocmask(int how, sigset_t __user *nset, sigset_t __user *oset, size_t sigsetsize)
{
	sigset_t old = current->blocked, set;
	if (sigsetsize != sizeof(sigset_t))
		return -EINVAL;
	if (nset) {
		if (get_user(set, nset))
			return -EFAULT;
		if (how == SIG_BLOCK)
			set |= old;
		else if (how == SIG_UNBLOCK)
			set = old & ~set;
		else if (how != SIG_SETMASK)
			return -EINVAL;
		sigprocmask_set(set);
	}
	return oset && put_user(old, oset) ? -EFAULT : 0;
}

long sys_rt_sigpending(sigset_t __user *uset, size_t sigsetsize)
{
	if (sigsetsize > sizeof(sigset_t))
		return -EINVAL;
	spin_lock_irq(&current->sighand->siglock);
	sigset_t set = (current->pending.signal | current->signal->shared_pending.signal) & current->blocked;
	spin_unlock_irq(&current->sighand->siglock);
	return copy_to_user(uset, &set, sigsetsize) ? -EFAULT : 0;
}

/* ---- the alternate stack ---- */

bool current_on_altstack(u64 sp)
{
	struct task_struct *p = current;
	return !(p->sas_ss_flags & SS_AUTODISARM) && sp > p->sas_ss_sp && sp - p->sas_ss_sp <= p->sas_ss_size;
}

void sigaltstack_save(stack_t *ss, u64 sp)
{
	memset(ss, 0, sizeof(*ss));
	ss->ss_sp = (void *)current->sas_ss_sp;
	ss->ss_size = current->sas_ss_size;
	ss->ss_flags = (current->sas_ss_flags & SS_AUTODISARM) |
		       (!current->sas_ss_size ? SS_DISABLE : current_on_altstack(sp) ? SS_ONSTACK : 0);
}

int sigaltstack_restore(const stack_t *ss, u64 sp)
{
	unsigned mode = ss->ss_flags & ~SS_AUTODISARM;
	if (current_on_altstack(sp))
		return -EPERM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode != SS_DISABLE && ss->ss_size < MINSIGSTKSZ)
		return -ENOMEM;
	current->sas_ss_sp = mode == SS_DISABLE ? 0 : (u64)ss->ss_sp;
	current->sas_ss_size = mode == SS_DISABLE ? 0 : ss->ss_size;
	current->sas_ss_flags = ss->ss_flags;
	return 0;
}

long sys_sigaltstack(const stack_t __user *uss, stack_t __user *uoss)
{
	u64 sp = task_pt_regs(current)->rsp;
	stack_t new, old;
	int err = 0;

	if (uss && copy_from_user(&new, uss, sizeof(new)))
		return -EFAULT;
	sigaltstack_save(&old, sp);
	if (uss)
		err = sigaltstack_restore(&new, sp);
	if (!err && uoss && copy_to_user(uoss, &old, sizeof(old)))
		err = -EFAULT;
	return err;
}

/* ---- waiting ---- */

/* Takes one of the signals in which, waiting at most ns. Its number, -EAGAIN, -EINTR. */
static int do_sigtimedwait(sigset_t which, siginfo_t *info, u64 ns)
{
	struct task_struct *p = current;
	sigset_t mask = ~(which & ~SIG_UNBLOCKABLE);
	spin_lock_irq(&p->sighand->siglock);
	int sig = dequeue_signal(p, mask, info);
	if (!sig && ns) {
		/* Unblocked for the wait; real_blocked keeps a default action from killing meanwhile. */
		p->real_blocked = p->blocked;
		p->blocked &= mask;
		recalc_sigpending();
		set_current_state(TASK_INTERRUPTIBLE);
		spin_unlock_irq(&p->sighand->siglock);
		p->wchan = "do_sigtimedwait";
		if (!signal_pending(p))
			ns = schedule_timeout_ns(ns);
		__set_current_state(TASK_RUNNING);
		spin_lock_irq(&p->sighand->siglock);
		p->blocked = p->real_blocked;
		p->real_blocked = 0;
		sig = dequeue_signal(p, mask, info);
		recalc_sigpending();
	}
	spin_unlock_irq(&p->sighand->siglock);
	return sig ? sig : ns ? -EINTR : -EAGAIN;
}

long sys_rt_sigtimedwait(const sigset_t __user *uthese, siginfo_t __user *uinfo, const struct timespec64 __user *uts, size_t sigsetsize)
{
	siginfo_t info;
	sigset_t these;
	u64 ns = ~0UL;

	if (sigsetsize != sizeof(sigset_t))
		return -EINVAL;
	if (get_user(these, uthese))
		return -EFAULT;
	int ret = uts ? get_timespec(&ns, uts) : 0;
	if (ret)
		return ret;
	ret = do_sigtimedwait(these, &info, ns);
	if (ret > 0 && uinfo && copy_to_user(uinfo, &info, sizeof(info)))
		return -EFAULT;
	return ret;
}

long sys_pause(void)
{
	current->wchan = "sys_pause";
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (signal_pending(current))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return -ERESTARTNOHAND;
}

long sys_rt_sigsuspend(sigset_t __user *unewset, size_t sigsetsize)
{
	sigset_t set;
	if (sigsetsize != sizeof(sigset_t))
		return -EINVAL;
	if (get_user(set, unewset))
		return -EFAULT;
	current->saved_sigmask = current->blocked;
	sigprocmask_set(set);
	set_tsk_thread_flag(current, TIF_RESTORE_SIGMASK);
	return sys_pause();
}

long sys_restart_syscall(void)
{
	int type = current->restart.type;
	current->restart.type = RESTART_NONE;
	return type == RESTART_NANOSLEEP ? nanosleep_restart() : type == RESTART_POLL ? poll_restart() : -EINTR;
}

/* ---- sending ---- */

/* To a process, or one thread of it; tgid -1: of whatever group. */
static int send_to(pid_t tgid, pid_t pid, int sig, siginfo_t *info, bool group)
{
	int err = -ESRCH;
	spin_lock_irq(&tasklist_lock);
	struct task_struct *p = find_task_by_pid(pid);
	if (p && (tgid < 0 || p->tgid == tgid))
		err = user_send_sig(sig, info, p, group);
	spin_unlock_irq(&tasklist_lock);
	return err;
}

/* Everybody but init and the caller. */
static int send_to_all(int sig, siginfo_t *info)
{
	struct task_struct *p;
	int err = 0, one, count = 0;
	spin_lock_irq(&tasklist_lock);
	for_each_process(p) {
		if (p->pid <= 1 || p == current->group_leader)
			continue;
		one = user_send_sig(sig, info, p, true);
		count++;
		if (one != -EPERM)
			err = one;
	}
	spin_unlock_irq(&tasklist_lock);
	return count ? err : -ESRCH;
}

long sys_kill(pid_t pid, int sig)
{
	siginfo_t info = from_user(sig, SI_USER);
	if (pid > 0)
		return send_to(-1, pid, sig, &info, true);
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid == -1)
		return send_to_all(sig, &info);
	return kill_pgrp(pid ? -pid : current->signal->pgrp, sig, false);
}

long sys_tkill(pid_t pid, int sig)
{
	siginfo_t info = from_user(sig, SI_TKILL);
	return pid <= 0 ? -EINVAL : send_to(-1, pid, sig, &info, false);
}

long sys_tgkill(pid_t tgid, pid_t pid, int sig)
{
	siginfo_t info = from_user(sig, SI_TKILL);
	return pid <= 0 || tgid <= 0 ? -EINVAL : send_to(tgid, pid, sig, &info, false);
}

/* Nobody may pretend to be the kernel or kill(2), except to itself. */
static bool may_pretend(const siginfo_t *info, pid_t pid)
{
	return (info->si_code < 0 && info->si_code != SI_TKILL) || pid == current->pid;
}

long sys_rt_sigqueueinfo(pid_t pid, int sig, siginfo_t __user *uinfo)
{
	siginfo_t info;
	if (copy_from_user(&info, uinfo, sizeof(info)))
		return -EFAULT;
	info.si_signo = sig;
	return may_pretend(&info, pid) ? send_to(-1, pid, sig, &info, true) : -EPERM;
}
