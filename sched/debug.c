/* The scheduler made visible: /proc/sched_debug. In Linux: kernel/sched/debug.c. */
#include "sched/sched.h"

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
