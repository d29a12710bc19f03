/*
 * task_struct: the first one, and how others are made and freed.
 *
 *   usage 2 at the start: one ends in release_task (somebody waited),
 *                         one when it has been switched away from for ever
 *   usage 0               __put_task_struct: cred, signal_struct, FPU state, kernel stack, the task itself
 *
 * What several tasks may share (signal_struct, sighand_struct, cred) has counts of its own.
 *
 * In Linux: kernel/fork.c, init/init_task.c.
 */
#include "string.h"
#include "fs/fs.h"
#include "kernel/process.h"

struct spinlock tasklist_lock = SPINLOCK_INIT("tasklist_lock", RANK_TASKLIST);
struct task_struct *init_process;
atomic_long_t nr_tasks, total_forks;
long max_threads;
struct kmem_cache *task_cache, *signal_cache, *sighand_cache, *cred_jar;

static struct signal_struct init_signals = {
	.sigcnt = ATOMIC_INIT(1), .live = ATOMIC_INIT(1),
	.shared_pending.list = LIST_HEAD_INIT(init_signals.shared_pending.list),
	.wait_chldexit = WAIT_QUEUE_HEAD_INIT(init_signals.wait_chldexit),
	.cred_guard_mutex = MUTEX_INIT(init_signals.cred_guard_mutex, RANK_EXEC),
	.rlim = {
		[0 ... RLIM_NLIMITS - 1] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_STACK] = { 8 << 20, RLIM_INFINITY },
		[RLIMIT_CORE] = { 0, RLIM_INFINITY },
		[RLIMIT_NOFILE] = { 1024, 4096 },
		[RLIMIT_MEMLOCK] = { 8 << 20, 8 << 20 },
		[RLIMIT_MSGQUEUE] = { 819200, 819200 },
		[RLIMIT_NICE] = { 0, 0 }, [RLIMIT_RTPRIO] = { 0, 0 },
		/* RLIMIT_NPROC and RLIMIT_SIGPENDING: fork_init */
	},
};
static struct sighand_struct init_sighand = {
	.siglock = SPINLOCK_INIT("siglock", RANK_SIGHAND), .count = ATOMIC_INIT(1),
};
struct task_struct init_task = {
	.usage = ATOMIC_INIT(2), .flags = PF_KTHREAD | PF_IDLE, .comm = "swapper/0",
	.prio = NICE_TO_PRIO(0), .static_prio = NICE_TO_PRIO(0), .normal_prio = NICE_TO_PRIO(0),
	.active_mm = &init_mm,
	.real_parent = &init_task, .parent = &init_task, .group_leader = &init_task,
	.children = LIST_HEAD_INIT(init_task.children), .sibling = LIST_HEAD_INIT(init_task.sibling),
	.tasks = LIST_HEAD_INIT(init_task.tasks), .thread_group = LIST_HEAD_INIT(init_task.thread_group),
	.cred = &init_cred, .fs = &init_fs, .files = &init_files,
	.signal = &init_signals, .sighand = &init_sighand,
	.pending.list = LIST_HEAD_INIT(init_task.pending.list),
};

/* As many tasks as fill an eighth of memory with their stacks; a user may have half of them. */
void __init fork_init(void)
{
	task_cache = kmem_cache_create("task_struct", sizeof(struct task_struct), 64);
	signal_cache = kmem_cache_create("signal_cache", sizeof(struct signal_struct), 8);
	sighand_cache = kmem_cache_create("sighand_cache", sizeof(struct sighand_struct), 8);
	cred_jar = kmem_cache_create("cred_jar", sizeof(struct cred), 8);
	signals_init();
	max_threads = max_t(long, totalram_pages * PAGE_SIZE / (KSTACK_SIZE * 8), 20);
	init_signals.rlim[RLIMIT_NPROC] = (struct rlimit){ max_threads / 2, max_threads / 2 };
	init_signals.rlim[RLIMIT_SIGPENDING] = init_signals.rlim[RLIMIT_NPROC];
}

struct task_struct *dup_task_struct(struct task_struct *orig)
{
	struct task_struct *p = kmem_cache_alloc(task_cache, GFP_KERNEL);
	if (!p)
		return NULL;
	*p = *orig;
	p->stack = alloc_kstack();
	if (!p->stack) {
		kmem_cache_free(task_cache, p);
		return NULL;
	}
	p->thread.fpu.state = NULL;	/* copy_thread */
	atomic_set(&p->usage, 2);
	return p;
}

/* PID 0 of a further processor: in no list, shares what init_task has. NULL: no memory */
struct task_struct *fork_idle(unsigned cpu)
{
	struct task_struct *p = dup_task_struct(&init_task);
	if (!p)
		return NULL;
	snprintf(p->comm, sizeof(p->comm), "swapper/%u", cpu);
	for (struct list_head **l = (struct list_head *[]){ &p->children, &p->sibling, &p->tasks, &p->thread_group, &p->pending.list, NULL }; *l; l++)
		INIT_LIST_HEAD(*l);
	p->real_parent = p->parent = p->group_leader = p;
	mmgrab(p->active_mm = &init_mm);
	init_idle(p, cpu);
	return p;
}

void free_task(struct task_struct *p)
{
	fpu_free(p);
	free_kstack(p->stack);
	kmem_cache_free(task_cache, p);
}

void put_signal_struct(struct signal_struct *sig)
{
	if (atomic_dec_and_test(&sig->sigcnt))
		kmem_cache_free(signal_cache, sig);
}

/* The last reference is gone: nobody finds it, nothing runs on its stack. Any context. */
void __put_task_struct(struct task_struct *p)
{
	BUG_ON(!p->exit_state);
	put_cred(p->cred);
	put_signal_struct(p->signal);
	free_task(p);
}

void put_task_struct(struct task_struct *p)
{
	if (atomic_dec_and_test(&p->usage))
		__put_task_struct(p);
}

struct sighand_struct *alloc_sighand(struct sighand_struct *old)
{
	struct sighand_struct *sh = kmem_cache_alloc(sighand_cache, GFP_KERNEL);
	if (!sh)
		return NULL;
	spin_lock_init(&sh->siglock, "siglock", RANK_SIGHAND);
	atomic_set(&sh->count, 1);
	spin_lock_irq(&old->siglock);
	memcpy(sh->action, old->action, sizeof(sh->action));
	spin_unlock_irq(&old->siglock);
	return sh;
}

void put_sighand(struct sighand_struct *sh)
{
	if (atomic_dec_and_test(&sh->count))
		kmem_cache_free(sighand_cache, sh);
}
