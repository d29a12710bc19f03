/*
 * Signals: queued by whoever sends, taken by the receiver itself on its way to user mode.
 *
 *   send_signal: ignored? -> drop    else -> p->pending or signal->shared_pending -> TIF_SIGPENDING, wake p
 *   do_signal:   dequeue -> ignore | stop | die (do_group_exit) | frame for the handler (sigframe.c)
 *
 * A signal below SIGRTMIN is pending once, realtime ones are queued, each with its siginfo. Of those pending the
 * ones a fault caused come first, then the lowest number. SIGSTOP and its like remove a pending SIGCONT, SIGCONT
 * removes them and wakes the group when it is *sent*, whether or not it is blocked.
 *
 * Locks: tasklist_lock > sighand->siglock, which guards action, pending, blocked and signal->flags.
 * Left out: choosing a thread (a group has one), core files. In Linux: kernel/signal.c. The system calls are in
 * kernel/sigcalls.c.
 */
#include "err.h"
#include "string.h"
#include "trace.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/signal.h"
#include "mm/mm.h"

struct sigqueue {
	struct list_head list;
	siginfo_t info;
};
static struct kmem_cache *sigqueue_cache;

void __init signals_init(void) { sigqueue_cache = kmem_cache_create("sigqueue", sizeof(struct sigqueue), 8); }

/* ---- pending or not ---- */

bool signal_pending(struct task_struct *p) { return test_tsk_thread_flag(p, TIF_SIGPENDING); }
bool fatal_signal_pending(struct task_struct *p) { return signal_pending(p) && (p->pending.signal & sigmask(SIGKILL)); }

/* Does a signal end a sleep in this state? (P5) */
bool signal_pending_state(unsigned state, struct task_struct *p)
{
	if (!(state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) || !signal_pending(p))
		return false;
	return (state & TASK_INTERRUPTIBLE) || fatal_signal_pending(p);
}

void recalc_sigpending(void)
{
	struct task_struct *p = current;
	if ((p->pending.signal | p->signal->shared_pending.signal) & ~p->blocked)
		set_tsk_thread_flag(p, TIF_SIGPENDING);
	else if (signal_pending(p))
		clear_tsk_thread_flag(p, TIF_SIGPENDING);
}

/* => siglock */
static void signal_wake_up(struct task_struct *p, bool fatal)
{
	set_tsk_thread_flag(p, TIF_SIGPENDING);
	if (p != current)
		try_to_wake_up(p, TASK_INTERRUPTIBLE | (fatal ? TASK_WAKEKILL : 0));
}

void sigprocmask_set(sigset_t set)
{
	spin_lock_irq(&current->sighand->siglock);
	current->blocked = set & ~SIG_UNBLOCKABLE;
	recalc_sigpending();
	spin_unlock_irq(&current->sighand->siglock);
}

/* Would p not notice sig at all? forced: only init's protection counts less. => siglock */
static bool sig_task_ignored(struct task_struct *p, int sig, bool forced)
{
	void *handler = p->sighand->action[sig - 1].sa.sa_handler;
	if ((p->signal->flags & SIGNAL_UNKILLABLE) && handler == SIG_DFL && !(forced && (sigmask(sig) & SIG_UNBLOCKABLE)))
		return true;
	if (p->flags & PF_KTHREAD)
		return handler == SIG_DFL && !forced;
	return handler == SIG_IGN || (handler == SIG_DFL && (sigmask(sig) & SIG_DEFAULT_IGNORE));
}

static bool sig_ignored(struct task_struct *p, int sig)
{
	if ((p->blocked | p->real_blocked) & sigmask(sig))	/* it may have a handler when it is unblocked */
		return false;
	return sig_task_ignored(p, sig, false);
}

/* ---- queues ---- */

void flush_sigqueue(struct task_struct *p, struct sigpending *q, sigset_t mask)
{
	struct sigqueue *s, *n;
	if (!(q->signal & mask))
		return;
	q->signal &= ~mask;
	list_for_each_entry_safe(s, n, &q->list, list) {
		if (sigmask(s->info.si_signo) & mask) {
			list_del(&s->list);
			p->signal->nr_sigqueue--;
			kmem_cache_free(sigqueue_cache, s);
		}
	}
}

void flush_pending(struct task_struct *p, sigset_t mask)
{
	flush_sigqueue(p, &p->pending, mask);
	flush_sigqueue(p, &p->signal->shared_pending, mask);
}

static int next_signal(sigset_t pending)
{
	if (pending & SIG_SYNCHRONOUS)
		pending &= SIG_SYNCHRONOUS;
	return ffs64(pending) + 1;
}

/* Takes sig out of q into info; an info that got lost for want of memory reads as from nobody. */
static void collect_signal(struct task_struct *p, struct sigpending *q, int sig, siginfo_t *info)
{
	struct sigqueue *s, *first = NULL;
	bool more = false;
	list_for_each_entry(s, &q->list, list) {
		if (s->info.si_signo != sig)
			continue;
		more = first;
		if (more)
			break;
		first = s;
	}
	if (!more)
		q->signal &= ~sigmask(sig);
	if (first) {
		list_del(&first->list);
		p->signal->nr_sigqueue--;
		*info = first->info;
		kmem_cache_free(sigqueue_cache, first);
	} else {
		memset(info, 0, sizeof(*info));
		info->si_signo = sig;
	}
}

int dequeue_signal(struct task_struct *p, sigset_t mask, siginfo_t *info)
{
	struct sigpending *q = &p->pending;
	if (!(q->signal & ~mask))
		q = &p->signal->shared_pending;
	if (!(q->signal & ~mask))
		return 0;
	int sig = next_signal(q->signal & ~mask);
	collect_signal(p, q, sig, info);
	recalc_sigpending();
	return sig;
}

/* ---- sending ---- */

/* Stop and continue cancel each other when they are sent. Returns whether the signal is to be queued. */
static bool prepare_signal(int sig, struct task_struct *p, bool forced)
{
	struct signal_struct *signal = p->signal;
	unsigned why = 0;
	if (sigmask(sig) & SIG_STOP_SIGNALS) {
		flush_pending(p, sigmask(SIGCONT));
	} else if (sig == SIGCONT) {
		flush_pending(p, SIG_STOP_SIGNALS);
		if (signal->flags & SIGNAL_STOP_STOPPED)
			why = SIGNAL_CLD_CONTINUED;
		else if (signal->group_stop_count)
			why = SIGNAL_CLD_STOPPED;
		if (why) {	/* the task tells its parent itself, when it runs (get_signal) */
			signal->flags = (signal->flags & SIGNAL_UNKILLABLE) | why | SIGNAL_STOP_CONTINUED;
			signal->group_stop_count = 0;
			signal->group_exit_code = 0;
		}
		try_to_wake_up(p, __TASK_STOPPED);
	}
	if ((p->blocked | p->real_blocked) & sigmask(sig))
		return true;
	return !sig_task_ignored(p, sig, forced);
}

/* Queued: now somebody must look. A signal that is certain to kill is turned into SIGKILL at once. */
static void complete_signal(int sig, struct task_struct *p)
{
	struct signal_struct *signal = p->signal;
	sigset_t mask = sigmask(sig);
	if ((p->blocked & mask) || (p->flags & PF_EXITING))
		return;
	if (sig != SIGKILL && (p->state & (__TASK_STOPPED | __TASK_TRACED)))
		return;			/* it will look when it goes on */
	if (!(signal->flags & SIGNAL_GROUP_EXIT) && !(p->real_blocked & mask) &&
	    p->sighand->action[sig - 1].sa.sa_handler == SIG_DFL &&
	    !(mask & (SIG_DEFAULT_IGNORE | SIG_STOP_SIGNALS | SIG_DEFAULT_CORE))) {
		signal->flags = (signal->flags & SIGNAL_UNKILLABLE) | SIGNAL_GROUP_EXIT;
		signal->group_exit_code = sig;
		signal->group_stop_count = 0;
		p->pending.signal |= sigmask(SIGKILL);
		signal_wake_up(p, true);
		return;
	}
	signal_wake_up(p, sig == SIGKILL);
}

int send_signal(int sig, siginfo_t *info, struct task_struct *p, bool group)
{
	struct sigpending *q = group ? &p->signal->shared_pending : &p->pending;
	struct sigqueue *s = NULL;
	bool must = !info || (sig < SIGRTMIN && info->si_code >= 0);	/* the limit is for those who queue */

	if (!prepare_signal(sig, p, !info))
		return 0;
	if (sig < SIGRTMIN && (q->signal & sigmask(sig)))
		return 0;		/* once is enough */
	if (sig != SIGKILL && (must || p->signal->nr_sigqueue < p->signal->rlim[RLIMIT_SIGPENDING].rlim_cur))
		s = kmem_cache_alloc(sigqueue_cache, GFP_ATOMIC);
	if (s) {
		p->signal->nr_sigqueue++;
		if (info)
			s->info = *info;
		else
			s->info = (siginfo_t){ .si_code = SI_KERNEL };
		s->info.si_signo = sig;
		list_add_tail(&s->list, &q->list);
	} else if (sig >= SIGRTMIN && info && info->si_code != SI_USER) {
		return -EAGAIN;		/* sigqueue and timers are told; kill(2) sends it without the info */
	}
	q->signal |= sigmask(sig);
	trace_signal_generate(sig, info, p, group);
	complete_signal(sig, p);
	return 0;
}

int send_sig_info(int sig, siginfo_t *info, struct task_struct *p, bool group)
{
	if (!p->sighand)
		return -ESRCH;
	u64 flags = spin_lock_irqsave(&p->sighand->siglock);
	int err = send_signal(sig, info, p, group);
	spin_unlock_irqrestore(&p->sighand->siglock, flags);
	return err;
}

int do_send_sig(int sig, struct task_struct *p)
{
	/* What a call sends to its own caller looks like kill(2) by itself, as in Linux. */
	siginfo_t self = { .si_code = SI_USER, .kill = { p->tgid, p->cred->uid } };
	u64 flags = spin_lock_irqsave(&tasklist_lock);
	int err = send_sig_info(sig, sig == SIGPIPE || sig == SIGXFSZ ? &self : NULL, p, true);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return err;
}

static bool may_kill(const struct task_struct *p, int sig)
{
	const struct cred *c = current->cred, *t = p->cred;
	if (c->euid == t->suid || c->euid == t->uid || c->uid == t->suid || c->uid == t->uid || capable(CAP_KILL))
		return true;
	return sig == SIGCONT && p->signal->session == current->signal->session;
}

/* The checks of kill(2), then the signal; sig 0 only checks. => tasklist_lock */
int user_send_sig(int sig, siginfo_t *info, struct task_struct *p, bool group)
{
	if (sig < 0 || sig > _NSIG)
		return -EINVAL;
	if (info->si_code <= 0 && !may_kill(p, sig))
		return -EPERM;
	return sig ? send_sig_info(sig, info, p, group) : 0;
}

int kill_pgrp(pid_t pgrp, int sig, bool from_kernel)
{
	siginfo_t info = { .si_signo = sig, .kill = { current->tgid, current_uid() } };
	int err = -ESRCH, one;
	bool success = false;
	struct task_struct *p;
	u64 flags = spin_lock_irqsave(&tasklist_lock);

	for_each_in_pgrp(p, pgrp) {
		one = from_kernel ? send_sig_info(sig, NULL, p, true) : user_send_sig(sig, &info, p, true);
		success |= !one;
		err = one;
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return success ? 0 : err;
}

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
