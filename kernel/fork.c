/*
 * fork, vfork, clone: a new task is a copy of the current one, part by part.
 *
 *   kernel_clone ── copy_process ──┬─ dup_task_struct   task, kernel stack
 *                                  ├─ copy_files, copy_fs, copy_sighand, copy_signal, copy_mm
 *                                  │                    shared when its CLONE_ flag says so, else copied
 *                                  ├─ copy_thread       registers, FPU: the child returns 0 from the same call
 *                                  └─ alloc_pid, publish    under tasklist_lock; nothing fails after it
 *              └─ wake_up_new_task, and with CLONE_VFORK a wait until the child has left the shared memory
 *
 * Credentials are never changed in place, so the child just takes a reference.
 *
 * Left out: CLONE_THREAD (structures are ready for it), namespaces, pidfds, clone3 (libc falls back to clone).
 * In Linux: kernel/fork.c.
 */
#include "err.h"
#include "string.h"
#include "trace.h"
#include "asm/uaccess.h"
#include "fs/fs.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "uapi/capability.h"

#define CLONE_UNSUPPORTED (CLONE_THREAD | CLONE_PIDFD | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | \
			   CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

static DEFINE_SPINLOCK(vfork_lock, RANK_MISC);	/* p->vfork_done, which lies on the parent's stack */

/* ---- parts ---- */

static int copy_files(u64 flags, struct task_struct *p)
{
	if (flags & CLONE_FILES) {
		atomic_inc(&p->files->count);
		return 0;
	}
	p->files = dup_fd(current->files);
	return IS_ERR(p->files) ? PTR_ERR(p->files) : 0;
}

static int copy_fs(u64 flags, struct task_struct *p)
{
	if (flags & CLONE_FS) {
		atomic_inc(&p->fs->users);
		return 0;
	}
	p->fs = copy_fs_struct(current->fs);
	return p->fs ? 0 : -ENOMEM;
}

static int copy_sighand(u64 flags, struct task_struct *p)
{
	if (flags & CLONE_SIGHAND) {
		atomic_inc(&p->sighand->count);
		return 0;
	}
	p->sighand = alloc_sighand(current->sighand);
	if (!p->sighand)
		return -ENOMEM;
	return 0;
}

static int copy_signal(struct task_struct *p)
{
	struct signal_struct *old = current->signal, *sig = kmem_cache_alloc(signal_cache, GFP_KERNEL);
	if (!sig)
		return -ENOMEM;
	memset(sig, 0, sizeof(*sig));
	atomic_set(&sig->sigcnt, 1);
	atomic_set(&sig->live, 1);
	INIT_LIST_HEAD(&sig->shared_pending.list);
	init_waitqueue_head(&sig->wait_chldexit);
	mutex_init(&sig->cred_guard_mutex, "cred_guard", RANK_EXEC);
	memcpy(sig->rlim, old->rlim, sizeof(sig->rlim));
	sig->oom_score_adj = old->oom_score_adj;
	p->signal = sig;		/* pgrp, session, tty: when it is published */
	return 0;
}

static int copy_mm(u64 flags, struct task_struct *p)
{
	struct mm_struct *mm = current->mm;
	p->mm = p->active_mm = NULL;
	if (!mm)
		return 0;
	if (flags & CLONE_VM)
		mmget(mm);
	else
		mm = dup_mm(mm);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	p->mm = p->active_mm = mm;
	return 0;
}

/* ---- the whole ---- */

static int check_clone_flags(const struct kernel_clone_args *args)
{
	u64 flags = args->flags;
	if (flags & CLONE_UNSUPPORTED)
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	/* A sibling of init would have no parent that reaps it. */
	if ((flags & CLONE_PARENT) && (current->signal->flags & SIGNAL_UNKILLABLE))
		return -EINVAL;
	return 0;
}

/* RLIMIT_NPROC binds all but root. In Linux each user has a count; here the rare caller it binds counts. */
static int check_task_limits(void)
{
	struct task_struct *p;
	uid_t uid = current_uid();
	u64 n = 0;

	if (atomic_long_read(&nr_tasks) >= max_threads)
		return -EAGAIN;
	if (uid == 0 || rlimit(RLIMIT_NPROC) == RLIM_INFINITY)
		return 0;
	u64 flags = spin_lock_irqsave(&tasklist_lock);
	for_each_process(p)
		n += p->cred->uid == uid;
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (n >= rlimit(RLIMIT_NPROC) && !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN))
		return -EAGAIN;
	return 0;
}

/* What a copied task_struct must not have in common with its model. */
static void reset_task(struct task_struct *p, const struct kernel_clone_args *args)
{
	u64 flags = args->flags;
	p->ti_flags = 0;
	p->flags = (p->flags & ~(PF_KTHREAD | PF_IDLE | PF_SIGNALED | PF_EXITING)) | PF_FORKNOEXEC;
	if (args->fn)
		p->flags |= PF_KTHREAD;
	p->exit_state = 0;
	p->utime = p->stime = p->min_flt = p->maj_flt = p->nvcsw = p->nivcsw = 0;
	p->start_time = ktime_get();
	p->wchan = NULL;
	p->nr_held_sleeping = 0;
	p->hung_switches = ~0UL;
	INIT_LIST_HEAD(&p->children);
	INIT_LIST_HEAD(&p->sibling);
	INIT_LIST_HEAD(&p->thread_group);
	INIT_LIST_HEAD(&p->pending.list);
	p->pending.signal = p->real_blocked = 0;
	p->restart.type = RESTART_NONE;
	p->pdeath_signal = 0;
	p->vfork_done = NULL;
	p->kthread = NULL;
	p->fail_nth = 0;
	p->set_child_tid = flags & CLONE_CHILD_SETTID ? args->child_tid : NULL;
	p->clear_child_tid = flags & CLONE_CHILD_CLEARTID ? args->child_tid : NULL;
	if ((flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM) {	/* two tasks must not use one alternate stack */
		p->sas_ss_sp = p->sas_ss_size = 0;
		p->sas_ss_flags = SS_DISABLE;
	}
}

/* Puts p into all lists. -ERESTARTNOINTR when a signal came meanwhile: it might be for the child too, were it there. */
static int publish(struct task_struct *p, const struct kernel_clone_args *args)
{
	struct signal_struct *sig = p->signal, *old = current->signal;
	bool sibling = args->flags & CLONE_PARENT;
	p->tgid = p->pid;
	p->group_leader = p;
	p->exit_signal = sibling ? current->group_leader->exit_signal : args->exit_signal;
	spin_lock_irq(&tasklist_lock);
	if (signal_pending(current)) {
		spin_unlock_irq(&tasklist_lock);
		return -ERESTARTNOINTR;
	}
	p->real_parent = p->parent = sibling ? current->real_parent : current;
	p->ppid = p->real_parent->tgid;
	sig->pgrp = old->pgrp;
	sig->session = old->session;
	sig->tty = old->tty;
	if (p->pid == 1) {
		init_process = p;
		sig->flags |= SIGNAL_UNKILLABLE;
	}
	list_add_tail(&p->sibling, &p->real_parent->children);
	list_add_tail(&p->tasks, &init_task.tasks);
	attach_pid(p);
	atomic_long_inc(&nr_tasks);
	atomic_long_inc(&total_forks);
	this_cpu->nr_forks++;
	spin_unlock_irq(&tasklist_lock);	/* Visible from here on. */
	return 0;
}

/* A task that is in all lists but does not run yet; ERR_PTR. */
static struct task_struct *copy_process(const struct kernel_clone_args *args)
{
	int err = check_clone_flags(args);
	if (!err)
		err = check_task_limits();
	if (err)
		return ERR_PTR(err);
	struct task_struct *p = dup_task_struct(current);
	if (!p)
		return ERR_PTR(-ENOMEM);
	reset_task(p, args);
	sched_fork(p);
	get_cred(p->cred);
	err = copy_files(args->flags, p);
	if (err)
		goto put_cred;
	err = copy_fs(args->flags, p);
	if (err)
		goto put_files;
	err = copy_sighand(args->flags, p);
	if (err)
		goto put_fs;
	err = copy_signal(p);
	if (err)
		goto put_sighand;
	err = copy_mm(args->flags, p);
	if (err)
		goto free_signal;
	err = copy_thread(p, args);
	if (err)
		goto put_mm;
	err = p->pid = alloc_pid();
	if (err < 0)
		goto put_mm;
	err = publish(p, args);
	if (err)
		goto free_pid;
	return p;

free_pid:
	free_pid(p->pid);
put_mm:
	if (p->mm)
		mmput(p->mm);
free_signal:
	put_signal_struct(p->signal);
put_sighand:
	put_sighand(p->sighand);
put_fs:
	put_fs_struct(p->fs);
put_files:
	put_files_struct(p->files);
put_cred:
	put_cred(p->cred);
	free_task(p);
	return ERR_PTR(err);
}

/* Waits until the child execs or exits. A kill of the parent ends the wait: then the child must forget it. */
static void wait_for_vfork_done(struct task_struct *child, struct completion *vfork)
{
	if (wait_for_completion_killable(vfork)) {
		u64 flags = spin_lock_irqsave(&vfork_lock);
		child->vfork_done = NULL;
		spin_unlock_irqrestore(&vfork_lock, flags);
	}
	put_task_struct(child);
}

/* The child's pid or -errno. May sleep (vfork) */
static pid_t kernel_clone(struct kernel_clone_args *args)
{
	struct completion vfork;
	struct task_struct *p = copy_process(args);
	if (IS_ERR(p))
		return PTR_ERR(p);
	pid_t pid = p->pid;
	trace_sched_process_fork(p);
	if (args->flags & CLONE_PARENT_SETTID)
		put_user(pid, args->parent_tid);
	if (args->flags & CLONE_VFORK) {
		init_completion(&vfork);
		p->vfork_done = &vfork;
		get_task_struct(p);
	}
	wake_up_new_task(p);
	if (args->flags & CLONE_VFORK)
		wait_for_vfork_done(p, &vfork);
	return pid;
}

pid_t kernel_thread(int (*fn)(void *), void *arg, u64 flags)
{
	struct kernel_clone_args args = {
		.flags = (flags & ~CSIGNAL) | CLONE_VM | CLONE_UNTRACED,
		.exit_signal = flags & CSIGNAL,
		.fn = fn, .fn_arg = arg,
	};

	return kernel_clone(&args);
}

/* p (current) stops using its mm: tells who waits for that. => before p->mm changes */
void mm_release(struct task_struct *p)
{
	if (p->clear_child_tid) {
		if (atomic_read(&p->mm->mm_users) > 1)
			put_user(0, p->clear_child_tid);	/* and futex_wake, when there are futexes */
		p->clear_child_tid = NULL;
	}
	if (!p->vfork_done)
		return;
	u64 flags = spin_lock_irqsave(&vfork_lock);
	if (p->vfork_done) {
		complete(p->vfork_done);
		p->vfork_done = NULL;
	}
	spin_unlock_irqrestore(&vfork_lock, flags);
}

/* ---- system calls ---- */

long sys_fork(void)
{
	struct kernel_clone_args args = { .exit_signal = SIGCHLD };
	return kernel_clone(&args);
}

long sys_vfork(void)
{
	struct kernel_clone_args args = { .flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD };
	return kernel_clone(&args);
}

long sys_clone(u64 flags, u64 newsp, int __user *parent_tid, int __user *child_tid, u64 tls)
{
	struct kernel_clone_args args = {
		.flags = (u32)flags & ~CSIGNAL, .exit_signal = flags & CSIGNAL,
		.stack = newsp, .tls = tls, .parent_tid = parent_tid, .child_tid = child_tid,
	};

	return kernel_clone(&args);
}

long sys_set_tid_address(int __user *tidptr)
{
	current->clear_child_tid = tidptr;
	return current->pid;
}
