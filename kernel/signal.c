/*
 * Signals, the receiver's half: taken by the receiver itself on its way to user mode. They were sent by sigqueue.c.
 *
 *   do_signal:   dequeue -> ignore | stop | die (do_group_exit) | frame for the handler (sigframe.c)
 *                restart_call: the system call that was interrupted goes on, or says EINTR
 *                the mask: what the handler blocks, and what is blocked when it returns
 *
 * A fault is a signal that the receiver sends to itself, and cannot refuse. A parent hears by SIGCHLD that a child died,
 * stopped or goes on: who stops says so itself, before it sleeps here, inside get_signal.
 *
 * Locks: tasklist_lock > sighand->siglock, which guards action, pending, blocked and signal->flags.
 * Left out: core files. In Linux: kernel/signal.c, the end of arch/x86/kernel/signal.c. The system calls are in
 * kernel/sigcalls.c.
 */
#include "trace.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/signal.h"

/* ---- faults ---- */

static void force_sig_info(int sig, siginfo_t *info)
{
	struct task_struct *p = current;
	struct k_sigaction *ka = &p->sighand->action[sig - 1];
	u64 flags = spin_lock_irqsave(&p->sighand->siglock);

	if ((p->blocked & sigmask(sig)) || ka->sa.sa_handler == SIG_IGN) {
		ka->sa.sa_handler = SIG_DFL;
		p->blocked &= ~sigmask(sig);
		recalc_sigpending();
	}
	if (ka->sa.sa_handler == SIG_DFL)
		p->signal->flags &= ~SIGNAL_UNKILLABLE;	/* not even init survives its own faults */
	send_signal(sig, info, p, false);
	spin_unlock_irqrestore(&p->sighand->siglock, flags);
}

void force_sig(int sig) { force_sig_info(sig, NULL); }

void force_sig_fault(int sig, int code, u64 addr)
{
	siginfo_t info = { .si_signo = sig, .si_code = code, .fault.addr = (void *)addr };
	force_sig_info(sig, &info);
}

/* ---- news for the parent ---- */

/* Tells parent of p by sig: cause is CLD_*. => siglock of parent */
static void send_chld(int sig, struct task_struct *p, struct task_struct *parent, int cause, int status)
{
	const u64 clock = NSEC_PER_SEC / USER_HZ;
	u64 utime, stime;
	task_cputime_adjusted(p, &utime, &stime);
	siginfo_t info = { .si_signo = sig, .si_code = cause,
			   .chld = { p->pid, p->cred->uid, status, utime / clock, stime / clock } };
	send_signal(sig, &info, parent, true);
}

/* p is dead. A parent that ignores SIGCHLD, or said SA_NOCLDWAIT, will not wait. */
bool do_notify_parent(struct task_struct *p, int sig)
{
	struct task_struct *parent = p->parent;
	struct sigaction *sa = &parent->sighand->action[SIGCHLD - 1].sa;
	int code = p->signal->flags & SIGNAL_GROUP_EXIT ? p->signal->group_exit_code : p->exit_code;

	u64 flags = spin_lock_irqsave(&parent->sighand->siglock);
	bool autoreap = sig == SIGCHLD && (sa->sa_handler == SIG_IGN || (sa->sa_flags & SA_NOCLDWAIT));
	if (sig == SIGCHLD && sa->sa_handler == SIG_IGN)
		sig = 0;		/* not even if it is blocked */
	if (sig > 0 && sig <= _NSIG && !sig_ignored(parent, sig))
		send_chld(sig, p, parent, code & 0x7f ? CLD_KILLED : CLD_EXITED, code & 0x7f ? code & 0x7f : code >> 8);
	spin_unlock_irqrestore(&parent->sighand->siglock, flags);
	if (waitqueue_active(&parent->signal->wait_chldexit))
		wake_up_interruptible_all(&parent->signal->wait_chldexit);
	return autoreap;
}

/* p stopped or goes on: why is CLD_STOPPED or CLD_CONTINUED. => tasklist_lock */
static void do_notify_parent_cldstop(struct task_struct *p, int why)
{
	struct task_struct *parent = p->real_parent;
	struct sigaction *sa = &parent->sighand->action[SIGCHLD - 1].sa;
	u64 flags = spin_lock_irqsave(&parent->sighand->siglock);
	if (sa->sa_handler != SIG_IGN && !(sa->sa_flags & SA_NOCLDSTOP))
		send_chld(SIGCHLD, p, parent, why, why == CLD_CONTINUED ? SIGCONT : p->signal->group_exit_code & 0x7f);
	spin_unlock_irqrestore(&parent->sighand->siglock, flags);
	wake_up_interruptible_all(&parent->signal->wait_chldexit);
}

/* ---- receiving ---- */

/* Stops the group, unless a SIGCONT came between, or nobody could ever continue it. => siglock, dropped meanwhile */
static void do_signal_stop(int sig)
{
	struct task_struct *p = current;
	struct signal_struct *signal = p->signal;
	signal->group_stop_count = 1;	/* a stop under way: SIGCONT clears it */
	spin_unlock_irq(&p->sighand->siglock);
	spin_lock_irq(&tasklist_lock);
	spin_lock(&p->sighand->siglock);
	if (!signal->group_stop_count || (signal->flags & SIGNAL_GROUP_EXIT) ||
	    (sig != SIGSTOP && is_orphaned_pgrp(signal->pgrp, NULL))) {
		signal->group_stop_count = 0;
		spin_unlock(&p->sighand->siglock);
		spin_unlock_irq(&tasklist_lock);
		spin_lock_irq(&p->sighand->siglock);
		return;
	}
	signal->group_stop_count = 0;
	signal->flags = (signal->flags & SIGNAL_UNKILLABLE) | SIGNAL_STOP_STOPPED;
	signal->group_exit_code = sig;
	set_special_state(TASK_STOPPED);	/* before anyone can send SIGCONT */
	spin_unlock(&p->sighand->siglock);
	do_notify_parent_cldstop(p, CLD_STOPPED);
	spin_unlock_irq(&tasklist_lock);
	p->wchan = "do_signal_stop";
	schedule();
	spin_lock_irq(&p->sighand->siglock);
}

/* A SIGCONT was sent since we stopped: the parent hears it from us. => siglock, dropped meanwhile */
static void notify_continued(void)
{
	struct task_struct *p = current;
	int why = p->signal->flags & SIGNAL_CLD_CONTINUED ? CLD_CONTINUED : CLD_STOPPED;
	p->signal->flags &= ~(SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED);
	spin_unlock_irq(&p->sighand->siglock);
	spin_lock_irq(&tasklist_lock);
	do_notify_parent_cldstop(p, why);
	spin_unlock_irq(&tasklist_lock);
	spin_lock_irq(&p->sighand->siglock);
}

/* Takes signals until one has a handler: its number, ka is a copy. 0: none. Does not return from a fatal one. */
static int get_signal(struct k_sigaction *ka_copy, siginfo_t *info)
{
	struct task_struct *p = current;
	struct signal_struct *signal = p->signal;
	struct k_sigaction *ka;
	int sig;

	spin_lock_irq(&p->sighand->siglock);
	for (;;) {
		if (signal->flags & (SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED))
			notify_continued();
		if (signal->flags & SIGNAL_GROUP_EXIT) {
			trace_signal_deliver(SIGKILL, NULL, NULL);
			break;
		}
		sig = dequeue_signal(p, p->blocked, info);
		if (!sig) {
			recalc_sigpending();
			spin_unlock_irq(&p->sighand->siglock);
			return 0;
		}
		ka = &p->sighand->action[sig - 1];
		trace_signal_deliver(sig, info, &ka->sa);
		if (ka->sa.sa_handler == SIG_IGN)
			continue;
		if (ka->sa.sa_handler != SIG_DFL) {
			*ka_copy = *ka;
			if (ka->sa.sa_flags & SA_RESETHAND)
				ka->sa.sa_handler = SIG_DFL;
			spin_unlock_irq(&p->sighand->siglock);
			return sig;
		}
		if (sigmask(sig) & SIG_DEFAULT_IGNORE)
			continue;
		if ((signal->flags & SIGNAL_UNKILLABLE) && !(sigmask(sig) & SIG_UNBLOCKABLE))
			continue;
		if (!(sigmask(sig) & SIG_STOP_SIGNALS)) {
			signal->flags |= SIGNAL_GROUP_EXIT;
			signal->group_exit_code = sig;
			break;
		}
		do_signal_stop(sig);
	}
	spin_unlock_irq(&p->sighand->siglock);
	p->flags |= PF_SIGNALED;
	do_group_exit(signal->group_exit_code);
}

/* The call that was interrupted goes on, or says EINTR, as its -ERESTART code and the handler's flags tell. */
static void restart_call(struct pt_regs *regs, const struct k_sigaction *ka)
{
	u16 door = 0;
	if ((s64)regs->orig_rax < 0)
		return;			/* no system call */
	switch (-(s64)regs->rax) {
	case ERESTART_RESTARTBLOCK:
		if (ka)
			goto interrupted;
		regs->rip -= 2;		/* syscall and int 0x80 are two bytes both */
		get_user(door, (u16 __user *)regs->rip);
		regs->rax = door == 0x80cd ? 0 : 219;	/* restart_syscall behind either door */
		return;
	case ERESTARTNOHAND:
		if (ka)
			goto interrupted;
		break;
	case ERESTARTSYS:
		if (ka && !(ka->sa.sa_flags & SA_RESTART))
			goto interrupted;
		break;
	case ERESTARTNOINTR:
		break;
	default: return;
	}
	regs->rax = regs->orig_rax;
	regs->rip -= 2;
	return;
interrupted:
	regs->rax = -EINTR;
}

void sigprocmask_set(sigset_t set)
{
	spin_lock_irq(&current->sighand->siglock);
	current->blocked = set & ~SIG_UNBLOCKABLE;
	recalc_sigpending();
	spin_unlock_irq(&current->sighand->siglock);
}

/* The mask to come back to: what was blocked, or what sigsuspend put aside. */
static sigset_t sigmask_to_save(struct task_struct *p)
{
	if (!test_tsk_thread_flag(p, TIF_RESTORE_SIGMASK))
		return p->blocked;
	clear_tsk_thread_flag(p, TIF_RESTORE_SIGMASK);
	return p->saved_sigmask;
}

/* The handler will run: what its action says is blocked until it returns. */
static void signal_delivered(int sig, const struct k_sigaction *ka)
{
	sigset_t block = current->blocked | ka->sa.sa_mask;
	if (!(ka->sa.sa_flags & SA_NODEFER))
		block |= sigmask(sig);
	if (block != current->blocked)
		sigprocmask_set(block);
}

void do_signal(struct pt_regs *regs)
{
	struct task_struct *p = current;
	struct k_sigaction ka;
	siginfo_t info;
	int sig = 0;

	if (signal_pending(p))
		sig = get_signal(&ka, &info);
	restart_call(regs, sig ? &ka : NULL);
	sigset_t oldset = sigmask_to_save(p);
	if (!sig) {
		if (oldset != p->blocked)
			sigprocmask_set(oldset);
	} else if (!setup_rt_frame(sig, &ka, &info, &oldset, regs)) {
		signal_delivered(sig, &ka);
	} else {
		if (sig == SIGSEGV)	/* no use to ask that handler again */
			p->sighand->action[SIGSEGV - 1].sa.sa_handler = SIG_DFL;
		force_sig(SIGSEGV);
	}
}

/* ---- fork, exec, exit ---- */

void flush_signal_handlers(struct task_struct *p, bool force_default)
{
	struct k_sigaction *ka = p->sighand->action;
	for (int i = 0; i < _NSIG; i++, ka++)
		ka->sa = (struct sigaction){ .sa_handler = !force_default && ka->sa.sa_handler == SIG_IGN ? SIG_IGN : SIG_DFL };
}

/* From here on no signal finds p. */
void exit_signals(struct task_struct *p)
{
	spin_lock_irq(&p->sighand->siglock);
	p->flags |= PF_EXITING;
	spin_unlock_irq(&p->sighand->siglock);
}
