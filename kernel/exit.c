/*
 * exit and wait: how a task ends, and who is told.
 *
 *   do_exit: signals, mm, files, fs, terminal ── exit_notify ──> ZOMBIE ── wait4/waitid ──> release_task
 *                                                  │                 (or at once, when nobody will wait)
 *                                                  └─ children get a new parent: the next subreaper above, or init
 *
 * A job that loses the last parent who could continue it gets SIGHUP and SIGCONT (orphaned process group).
 *
 * Locks: tasklist_lock guards family links and exit_state. A waiter puts itself on wait_chldexit while it still
 * holds it, and notifiers wake under it, so no exit is missed (S2).
 * In Linux: kernel/exit.c.
 */
#include "err.h"
#include "printk.h"
#include "string.h"
#include "trace.h"
#include "asm/uaccess.h"
#include "fs/fs.h"
#include "kernel/hooks.h"
#include "kernel/process.h"
#include "kernel/syscall.h"

void (*disassociate_ctty_hook)(struct task_struct *leader);
u32 (*tty_nr_hook)(struct task_struct *p, pid_t *pgrp);

/* ---- release ---- */

/* A dead task leaves all lists and loses its number; may be the caller itself. => tasklist_lock */
static void release_task(struct task_struct *p)
{
	struct sighand_struct *sighand = p->sighand;
	p->exit_state = EXIT_DEAD;
	detach_pid(p);
	list_del_init(&p->sibling);
	list_del_init(&p->tasks);
	flush_sigqueue(p, &p->pending, ~0UL);
	flush_sigqueue(p, &p->signal->shared_pending, ~0UL);
	p->sighand = NULL;
	atomic_long_dec(&nr_tasks);
	put_sighand(sighand);
	put_task_struct(p);
}

/* ---- exit ---- */

static bool has_stopped_jobs(pid_t pgrp)
{
	struct task_struct *p;
	for_each_in_pgrp(p, pgrp)
		if (p->signal->flags & SIGNAL_STOP_STOPPED)
			return true;
	return false;
}

/*
 * p's group might lose its last link to its session: p exits (parent NULL), or p's parent does (parent). POSIX
 * wants stopped jobs told. => tasklist_lock
 */
static void kill_orphaned_pgrp(struct task_struct *p, struct task_struct *parent)
{
	struct task_struct *ignored = parent ? NULL : p, *member;
	pid_t pgrp = p->signal->pgrp;
	if (!parent)
		parent = p->real_parent;
	if (parent->signal->pgrp == pgrp || parent->signal->session != p->signal->session)
		return;
	if (!is_orphaned_pgrp(pgrp, ignored) || !has_stopped_jobs(pgrp))
		return;
	for_each_in_pgrp(member, pgrp) {
		send_sig_info(SIGHUP, NULL, member, true);
		send_sig_info(SIGCONT, NULL, member, true);
	}
}

/* P2: who takes father's children. */
static struct task_struct *find_new_reaper(struct task_struct *father)
{
	for (struct task_struct *t = father->real_parent; t != init_process && t != &init_task; t = t->real_parent)
		if (t->signal->is_child_subreaper && !(t->flags & PF_EXITING))
			return t;
	return init_process;
}

/* => tasklist_lock */
static void forget_original_parent(struct task_struct *father)
{
	struct task_struct *p, *n;
	if (list_empty(&father->children))
		return;
	struct task_struct *reaper = find_new_reaper(father);
	list_for_each_entry_safe(p, n, &father->children, sibling) {
		p->real_parent = p->parent = reaper;
		p->ppid = reaper->tgid;
		list_move_tail(&p->sibling, &reaper->children);
		if (p->pdeath_signal)
			send_sig_info(p->pdeath_signal, NULL, p, true);
		p->exit_signal = SIGCHLD;
		kill_orphaned_pgrp(p, father);
		if (p->exit_state == EXIT_ZOMBIE && do_notify_parent(p, p->exit_signal))
			release_task(p);	/* nobody will wait for it */
	}
}

static void exit_notify(struct task_struct *p, bool group_dead)
{
	spin_lock_irq(&tasklist_lock);
	forget_original_parent(p);
	if (group_dead)
		kill_orphaned_pgrp(p->group_leader, NULL);
	p->exit_state = EXIT_ZOMBIE;
	if (p != p->group_leader || p->flags & PF_KTHREAD || do_notify_parent(p, p->exit_signal))
		release_task(p);
	spin_unlock_irq(&tasklist_lock);
}

static void exit_mm(struct task_struct *p)
{
	struct mm_struct *mm = p->mm;
	if (!mm)
		return;
	mm_release(p);
	p->signal->maxrss = max(p->signal->maxrss, max(get_mm_rss(mm), mm->hiwater_rss));
	mmgrab(mm);			/* the page tables stay loaded until the next switch: active_mm */
	atomic_inc(&nr_mms_leaving);
	spin_lock_irq(&tasklist_lock);	/* get_task_mm */
	p->mm = NULL;
	spin_unlock_irq(&tasklist_lock);
	mmput(mm);
	atomic_dec(&nr_mms_leaving);
}

/* Out of the task before they go: /proc looks at a dying task's files. */
static void exit_files(struct task_struct *p)
{
	struct files_struct *files = p->files;
	struct fs_struct *fs = p->fs;
	spin_lock_irq(&tasklist_lock);
	p->files = NULL;
	p->fs = NULL;
	spin_unlock_irq(&tasklist_lock);
	put_files_struct(files);
	put_fs_struct(fs);
}

void do_exit(int code)
{
	struct task_struct *p = current;
	if (in_atomic())
		panic("Aiee, killing interrupt handler!");
	if (p == &init_task)
		panic("Attempted to kill the idle task!");
	exit_signals(p);
	trace_sched_process_exit(p);
	bool group_dead = atomic_dec_and_test(&p->signal->live);
	if (group_dead) {
		if (p->group_leader == init_process)
			panic("Attempted to kill init! exitcode=0x%08x", p->signal->group_exit_code ?: code);
		timer_cancel(&p->signal->real_timer);
	}
	p->exit_code = code;
	exit_mm(p);
	exit_files(p);
	if (group_dead && p->signal->leader && disassociate_ctty_hook)
		disassociate_ctty_hook(p);
	exit_notify(p, group_dead);
	set_special_state(TASK_DEAD);
	schedule();			/* puts the last reference, on the next task's stack */
	BUG();
}

/* The whole thread group dies with code, unless it is dying of another one already. */
void do_group_exit(int code)
{
	struct signal_struct *sig = current->signal;
	spin_lock_irq(&current->sighand->siglock);
	if (sig->flags & SIGNAL_GROUP_EXIT) {
		code = sig->group_exit_code;
	} else {
		sig->flags = (sig->flags & SIGNAL_UNKILLABLE) | SIGNAL_GROUP_EXIT;
		sig->group_exit_code = code;	/* and with threads: SIGKILL to the others */
	}
	spin_unlock_irq(&current->sighand->siglock);
	do_exit(code);
}

long sys_exit(int error_code) { do_exit((error_code & 0xff) << 8); }
long sys_exit_group(int error_code) { do_group_exit((error_code & 0xff) << 8); }

/* ---- wait ---- */

struct wait_opts {
	int type;			/* P_ALL, P_PID, P_PGID */
	pid_t nr;
	int options;
	bool want_ru;
	/* found: */
	pid_t pid;
	uid_t uid;
	int stat;			/* wait4's status */
	int cause, status;		/* waitid's si_code, si_status */
	struct rusage ru;
};

static bool eligible_child(const struct wait_opts *wo, const struct task_struct *p)
{
	if (wo->type == P_PID && p->pid != wo->nr)
		return false;
	if (wo->type == P_PGID && p->signal->pgrp != wo->nr)
		return false;
	/* A clone child is one that reports by another signal than SIGCHLD. */
	return (wo->options & __WALL) || (p->exit_signal != SIGCHLD) == !!(wo->options & __WCLONE);
}

static void fill_found(struct wait_opts *wo, struct task_struct *p, int stat, int cause, int status)
{
	wo->pid = p->pid;
	wo->uid = p->cred->uid;
	wo->stat = stat;
	wo->cause = cause;
	wo->status = status;
	if (wo->want_ru)
		wo->ru = getrusage_of(p, RUSAGE_BOTH);
}

/* Has p something to report? Then wo is filled, and a zombie released. => tasklist_lock */
static bool wait_consider_task(struct wait_opts *wo, struct task_struct *p)
{
	struct signal_struct *sig = p->signal;
	int code;
	if (p->exit_state == EXIT_ZOMBIE) {
		code = sig->flags & SIGNAL_GROUP_EXIT ? sig->group_exit_code : p->exit_code;
		fill_found(wo, p, code, code & 0x7f ? code & 0x80 ? CLD_DUMPED : CLD_KILLED : CLD_EXITED,
			   code & 0x7f ? code & 0x7f : code >> 8);
		if (!(wo->options & WNOWAIT)) {
			struct usage u = usage_of(p, RUSAGE_BOTH);
			add_usage(&current->signal->children, &u);
			release_task(p);
		}
		return true;
	}
	if ((wo->options & WSTOPPED) && (sig->flags & SIGNAL_STOP_STOPPED) && sig->group_exit_code) {
		code = sig->group_exit_code;
		fill_found(wo, p, code << 8 | 0x7f, CLD_STOPPED, code);
		if (!(wo->options & WNOWAIT))
			sig->group_exit_code = 0;
		return true;
	}
	if ((wo->options & WCONTINUED) && (sig->flags & SIGNAL_STOP_CONTINUED)) {
		fill_found(wo, p, 0xffff, CLD_CONTINUED, SIGCONT);
		if (!(wo->options & WNOWAIT))
			sig->flags &= ~SIGNAL_STOP_CONTINUED;
		return true;
	}
	return false;
}

/* The child's pid, 0 with WNOHANG and nothing to report, -ECHILD, -ERESTARTSYS. */
static long do_wait(struct wait_opts *wo)
{
	struct wait_queue_head *wq = &current->signal->wait_chldexit;
	struct wait_queue_entry wait;
	struct task_struct *p;
	long ret;

	for (;;) {
		ret = -ECHILD;
		spin_lock_irq(&tasklist_lock);
		list_for_each_entry(p, &current->children, sibling) {
			if (!eligible_child(wo, p) || (p->exit_state == EXIT_ZOMBIE && !(wo->options & WEXITED)))
				continue;
			ret = 0;
			if (!wait_consider_task(wo, p))
				continue;
			ret = wo->pid;
			break;
		}
		if (ret || (wo->options & WNOHANG))
			break;
		ret = -ERESTARTSYS;
		if (signal_pending(current))
			break;
		init_wait_entry(&wait);
		prepare_to_wait(wq, &wait, TASK_INTERRUPTIBLE);
		spin_unlock_irq(&tasklist_lock);
		current->wchan = "do_wait";
		schedule();
		finish_wait(wq, &wait);
	}
	spin_unlock_irq(&tasklist_lock);
	return ret;
}

long sys_wait4(pid_t pid, int __user *status, int options, struct rusage __user *ru)
{
	struct wait_opts wo = { .type = P_PID, .nr = pid, .options = options | WEXITED, .want_ru = ru };
	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid == -1) {
		wo.type = P_ALL;
	} else if (pid <= 0) {
		wo.type = P_PGID;
		wo.nr = pid ? -pid : current->signal->pgrp;
	}
	long ret = do_wait(&wo);
	if (ret <= 0)
		return ret;
	if (status && put_user(wo.stat, status))
		return -EFAULT;
	if (ru && copy_to_user(ru, &wo.ru, sizeof(*ru)))
		return -EFAULT;
	return ret;
}

static int check_waitid(struct wait_opts *wo, int which, pid_t pid)
{
	if (wo->options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
		return -EINVAL;
	if (!(wo->options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	if (which == P_PID && pid <= 0)
		return -EINVAL;
	if (which == P_PGID && pid < 0)
		return -EINVAL;
	if (which == P_PIDFD)
		return pid < 0 ? -EINVAL : -EBADF;	/* there are no pidfds */
	if (which != P_ALL && which != P_PID && which != P_PGID)
		return -EINVAL;
	if (which == P_PGID && !pid)
		wo->nr = current->signal->pgrp;
	return 0;
}

long sys_waitid(int which, pid_t pid, siginfo_t __user *infop, int options, struct rusage __user *ru)
{
	struct wait_opts wo = { .type = which, .nr = pid, .options = options, .want_ru = ru };
	siginfo_t info;
	long ret = check_waitid(&wo, which, pid);

	if (!ret)
		ret = do_wait(&wo);
	memset(&info, 0, sizeof(info));
	if (ret > 0) {
		info.si_signo = SIGCHLD;
		info.si_code = wo.cause;
		info.chld.pid = wo.pid;
		info.chld.uid = wo.uid;
		info.chld.status = wo.status;
		ret = 0;
		if (ru && copy_to_user(ru, &wo.ru, sizeof(*ru)))
			return -EFAULT;
	}
	/* Linux writes the first 28 bytes only, and writes them after an error too. */
	if (infop && copy_to_user(infop, &info, offsetof(siginfo_t, chld.status) + sizeof(int)))
		return -EFAULT;
	return ret;
}
