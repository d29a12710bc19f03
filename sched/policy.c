/*
 * What a task is told to be: its nice value, its policy with a priority, the processors that it may use.
 *
 *   setpriority, nice          set_user_nice        -> change_task    nice 0 is 120, -20 is 100, 19 is 139
 *   sched_setscheduler, ..     sched_setscheduler   -> change_task    FIFO, RR: rt; NORMAL, BATCH, IDLE: fair
 *   sched_setaffinity          set_cpus_allowed
 *
 * The first two change what a queue is sorted by, the last one which queue is right. So a task that is in a queue is taken
 * out, changed, and put where it now belongs. Who runs on a wrong processor can't be taken away, because it uses its
 * stack: it is asked to switch, and finish_task_switch() of core.c moves it (S9). Sleepers are placed when they wake.
 * Who may do this to whom is decided in kernel/sched_sys.c.
 *
 * Locks: rq->lock of the task's queue, from before it is taken out until it is back.
 * In Linux: kernel/sched/core.c (now syscalls.c): __sched_setscheduler(), set_user_nice(), __set_cpus_allowed_ptr().
 */
#include "sched/sched.h"

/* Changes p while it is in no queue, and puts it back where it now belongs. */
static void change_task(struct task_struct *p, int policy, int static_prio, int rt_priority)
{
	u64 flags;
	struct rq *rq = task_rq_lock(p, &flags);
	bool queued = p->on_rq, running = rq->curr == p;
	const struct sched_class *old = p->sched_class;
	int old_prio = p->prio;

	update_rq_clock(rq);
	if (queued)
		dequeue_task(rq, p, 0);
	if (running)
		p->sched_class->put_prev_task(rq, p);
	p->policy = policy;
	p->static_prio = static_prio;
	p->rt_priority = rt_priority;
	p->prio = p->normal_prio = rt_priority ? MAX_RT_PRIO - 1 - rt_priority : static_prio;
	p->sched_class = rt_priority ? &rt_sched_class : &fair_sched_class;
	set_load_weight(p);
	if (p->sched_class != old && p->sched_class->switched_to)
		p->sched_class->switched_to(rq, p);
	if (queued)
		enqueue_task(rq, p, 0);
	if (running)
		p->sched_class->set_next_task(rq, p);
	if (running && (p->sched_class != old || p->prio > old_prio))
		resched_curr(rq);
	else if (queued && !running)
		check_preempt_curr(rq, p);
	spin_unlock_irqrestore(&rq->lock, flags);
}

void set_cpus_allowed(struct task_struct *p, u64 mask)
{
	u64 flags;
	struct rq *rq = task_rq_lock(p, &flags);
	bool must_leave;
	p->cpus_mask[0] = mask;
	must_leave = p->on_rq && !cpu_allowed(p, p->cpu);	/* a sleeper is placed when it wakes */
	if (must_leave && rq->curr == p) {
		rq->must_leave = true;
		resched_curr(rq);
	} else if (must_leave) {
		update_rq_clock(rq);
		dequeue_task(rq, p, 0);
		rq = move_task(rq, p, select_task_rq(p, 0));
		attach_task(rq, p);
	}
	spin_unlock_irqrestore(&rq->lock, flags);	/* current moves here */
	while (READ_ONCE(p->on_cpu) && !cpu_allowed(p, READ_ONCE(p->cpu)))
		cpu_relax();
}

void set_user_nice(struct task_struct *p, int nice) { change_task(p, p->policy, NICE_TO_PRIO(nice), p->rt_priority); }

bool sched_policy_valid(int policy, int rt_priority)
{
	if (policy == SCHED_FIFO || policy == SCHED_RR)
		return rt_priority >= 1 && rt_priority < MAX_RT_PRIO;
	return (policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE) && !rt_priority;
}

int sched_setscheduler(struct task_struct *p, int policy, int rt_priority)
{
	if (!sched_policy_valid(policy, rt_priority))
		return -EINVAL;
	change_task(p, policy, p->static_prio, rt_priority);
	return 0;
}
