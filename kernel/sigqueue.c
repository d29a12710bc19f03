/*
 * Signals, the sender's half: what is pending, who may send, and whether the receiver is to be woken.
 *
 *   send_signal: ignored? -> drop    else -> p->pending or signal->shared_pending -> TIF_SIGPENDING, wake p
 *   later, p itself: dequeue_signal, from get_signal of signal.c
 *
 * A signal below SIGRTMIN is pending once, realtime ones are queued, each with its siginfo. Of those pending the
 * ones a fault caused come first, then the lowest number. SIGSTOP and its like remove a pending SIGCONT, SIGCONT
 * removes them and wakes the group when it is *sent*, whether or not it is blocked.
 *
 * Locks: tasklist_lock > sighand->siglock, which guards action, pending, blocked and signal->flags.
 * Left out: choosing a thread (a group has one). In Linux: the first half of kernel/signal.c.
 */
#include "string.h"
#include "trace.h"
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

bool sig_ignored(struct task_struct *p, int sig)
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

int send_sig(int sig, struct task_struct *p, bool priv)
{
	siginfo_t info = from_user(sig, SI_USER);
	u64 flags = spin_lock_irqsave(&tasklist_lock);
	int err = send_sig_info(sig, priv ? NULL : &info, p, true);
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
