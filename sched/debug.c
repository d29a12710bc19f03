/*
 * The scheduler made visible: /proc/sched_debug, and SysRq-T's list of all tasks.
 * In Linux: kernel/sched/debug.c, show_state_filter() of core.c.
 */
#include "sched/lock.h"
#include "kallsyms.h"
#include "printk.h"

static char state_letter(const struct task_struct *p)
{
	unsigned state = p->state | p->exit_state;
	return state & EXIT_ZOMBIE ? 'Z' : state & (EXIT_DEAD | TASK_DEAD) ? 'X' : state & __TASK_TRACED ? 't' :
	       state & __TASK_STOPPED ? 'T' : state & TASK_UNINTERRUPTIBLE ? 'D' : state & TASK_INTERRUPTIBLE ? 'S' : 'R';
}

static void show_task(struct task_struct *p)
{
	u64 *sp = (u64 *)p->thread.sp;
	printk("task:%-15.15s state:%c pid:%-5d ppid:%-5d flags:0x%08x\n", p->comm, state_letter(p), p->pid,
	       p->real_parent->pid, p->flags);
	if (p == current || p->on_cpu || p->exit_state)
		return;
	/* the stack of a switched-out task: switch.asm draws it; rbp leads to the frames above __schedule's */
	for (u64 *bp = (u64 *)sp[5], n = 0; n < 8 && bp >= sp && (char *)bp < (char *)p->stack + KSTACK_SIZE - 16; n++) {
		const char *name = kallsyms_lookup(bp[1], NULL);
		if (!name)
			break;
		printk("  %s\n", name);
		bp = (u64 *)bp[0];
	}
	show_held_locks(p);
}

/* For the keyboard: takes no lock, so that it works when the machine hangs. */
void show_state(void)
{
	struct task_struct *p, *t;
	printk("  state and stack of all tasks, %lu runnable\n", nr_running());
	list_for_each_entry(p, &init_task.tasks, tasks) {
		show_task(p);
		list_for_each_entry(t, &p->thread_group, thread_group)
			show_task(t);
	}
}

static void show_entity(struct rq *rq, struct task_struct *p, void (*emit)(void *ctx, const char *fmt, ...), void *ctx)
{
	emit(ctx, " %c %-15.15s %5d %5d %6lu.%06lu %9lu %6lu %10lu.%06lu\n", p == rq->curr ? '>' : ' ', p->comm, p->pid,
	     p->prio, p->se.vruntime / 1000000, p->se.vruntime % 1000000, p->nvcsw + p->nivcsw, p->se.load.weight,
	     p->se.sum_exec_runtime / 1000000, p->se.sum_exec_runtime % 1000000);
}

static void show_rq(struct rq *rq, void (*emit)(void *ctx, const char *fmt, ...), void *ctx)
{
	u64 flags = spin_lock_irqsave(&rq->lock);
	emit(ctx, "\ncpu#%u\n  .nr_running : %u\n  .nr_switches : %lu\n  .nr_uninterruptible : %ld\n", rq->cpu,
	     rq->nr_running, rq->nr_switches, rq->nr_uninterruptible);
	emit(ctx, "  .clock : %lu.%06lu\n  .curr->pid : %d\n", rq->clock / 1000000, rq->clock % 1000000, rq->curr->pid);
	emit(ctx, "\ncfs_rq[%u]\n  .min_vruntime : %lu.%06lu\n  .nr_running : %u\n  .load : %lu\n", rq->cpu,
	     rq->cfs.min_vruntime / 1000000, rq->cfs.min_vruntime % 1000000, rq->cfs.nr_running, rq->cfs.load.weight);
	emit(ctx, "\nrt_rq[%u]\n  .rt_nr_running : %u\n\nrunnable tasks:\n", rq->cpu, rq->rt.nr_running);
	emit(ctx, " S %-15s %5s %5s %13s %9s %6s %17s\n", "task", "PID", "prio", "vruntime-ms", "switches", "weight", "sum-exec-ms");
	if (rq->curr != rq->idle)
		show_entity(rq, rq->curr, emit, ctx);
	for (struct rb_node *n = rq->cfs.tasks_timeline.leftmost; n; n = rb_next(n))
		show_entity(rq, container_of(n, struct task_struct, se.run_node), emit, ctx);
	for (int i = 0; i < MAX_RT_PRIO; i++) {
		struct task_struct *p;
		list_for_each_entry(p, &rq->rt.queue[i], rt.run_list)
			show_entity(rq, p, emit, ctx);
	}
	spin_unlock_irqrestore(&rq->lock, flags);
}

/* => emit must not sleep */
void sched_debug_show(void (*emit)(void *ctx, const char *fmt, ...), void *ctx)
{
	emit(ctx, "Sched Debug Version: v0.11, Cutaway\nktime : %lu.%06lu\njiffies : %lu\n", ktime_get() / 1000000,
	     ktime_get() % 1000000, jiffies);
	emit(ctx, "sysctl_sched\n  .sysctl_sched_latency : %lu.%06lu\n  .sysctl_sched_min_granularity : %lu.%06lu\n"
	     "  .sysctl_sched_wakeup_granularity : %lu.%06lu\n", sysctl_sched_latency / 1000000, sysctl_sched_latency % 1000000,
	     sysctl_sched_min_granularity / 1000000, sysctl_sched_min_granularity % 1000000,
	     sysctl_sched_wakeup_granularity / 1000000, sysctl_sched_wakeup_granularity % 1000000);
	for (unsigned i = 0; i < nr_cpus; i++)
		show_rq(&runqueues[i], emit, ctx);
}
