/*
 * Real-time tasks: SCHED_FIFO and SCHED_RR. The highest priority that is runnable runs, always, before any fair task.
 *
 *   active  bitmap of 100, a bit for each list that is not empty
 *   queue   [0] -> task -> task     prio 0 is rt_priority 99, the most urgent
 *           [1]
 *           ...
 *
 * FIFO runs until it sleeps or yields. RR gives the CPU on after a slice of 100 ms. Who is preempted comes back to the
 * head of its list; whose slice ended (time_slice 0), to the tail.
 *
 * In each second all of them together have 950 ms while anybody else wants to run: a FIFO loop can still be killed.
 *
 * Locks: rq->lock. In Linux: kernel/sched/rt.c. Left out: pushing a task on when one more urgent comes.
 */
#include "sched/sched.h"

#define RR_TIMESLICE 100		/* ticks of 1 ms */
#define RT_PERIOD NSEC_PER_SEC
#define RT_RUNTIME (950 * NSEC_PER_MSEC)

static void rt_add(struct rt_rq *rt, struct task_struct *p, bool head)
{
	if (head)
		list_add(&p->rt.run_list, &rt->queue[p->prio]);
	else
		list_add_tail(&p->rt.run_list, &rt->queue[p->prio]);
	set_bit(p->prio, rt->active);
}

static void rt_remove(struct rt_rq *rt, struct task_struct *p)
{
	list_del_init(&p->rt.run_list);
	if (list_empty(&rt->queue[p->prio]))
		clear_bit(p->prio, rt->active);
}

static void update_curr_rt(struct rq *rq)
{
	struct task_struct *p = rq->curr;
	s64 delta = rq->clock - p->se.exec_start;
	if (p->sched_class != &rt_sched_class || delta <= 0)
		return;
	p->se.sum_exec_runtime += delta;
	p->se.exec_start = rq->clock;
	rq->rt.rt_time += delta;
}

void rt_throttle_tick(struct rq *rq)
{
	struct rt_rq *rt = &rq->rt;
	if (rq->clock - rt->period_start >= RT_PERIOD) {
		rt->period_start = rq->clock;
		rt->rt_time = 0;
		if (rt->throttled && rt->nr_running)
			resched_curr(rq);
		rt->throttled = false;
	} else if (!rt->throttled && rt->rt_time > RT_RUNTIME && rq->cfs.nr_running) {
		rt->throttled = true;
		resched_curr(rq);
	}
}

static void enqueue_task_rt(struct rq *rq, struct task_struct *p, int flags)
{
	if (!p->rt.time_slice)
		p->rt.time_slice = RR_TIMESLICE;
	rt_add(&rq->rt, p, false);
	rq->rt.nr_running++;
}

/* The running task is in no list (S1). */
static void dequeue_task_rt(struct rq *rq, struct task_struct *p, int flags)
{
	update_curr_rt(rq);
	if (!list_empty(&p->rt.run_list))
		rt_remove(&rq->rt, p);
	rq->rt.nr_running--;
}

static void yield_task_rt(struct rq *rq) { rq->curr->rt.time_slice = 0; }

static void check_preempt_rt(struct rq *rq, struct task_struct *p)
{
	if (p->prio < rq->curr->prio)
		resched_curr(rq);
}

static void set_next_task_rt(struct rq *rq, struct task_struct *p)
{
	p->se.exec_start = rq->clock;
	rq->rt.curr_prio = p->prio;
	rt_remove(&rq->rt, p);
}

static struct task_struct *pick_next_task_rt(struct rq *rq)
{
	unsigned prio = rq->rt.nr_running ? find_next_bit(rq->rt.active, MAX_RT_PRIO, 0) : MAX_RT_PRIO;
	if (prio == MAX_RT_PRIO || (rq->rt.throttled && rq->cfs.nr_running))
		return NULL;
	struct task_struct *p = list_first_entry(&rq->rt.queue[prio], struct task_struct, rt.run_list);
	set_next_task_rt(rq, p);
	return p;
}

static void put_prev_task_rt(struct rq *rq, struct task_struct *p)
{
	bool head = p->rt.time_slice;
	update_curr_rt(rq);
	rq->rt.curr_prio = MAX_RT_PRIO;
	if (p->on_rq != TASK_ON_RQ_QUEUED)
		return;
	if (!head)
		p->rt.time_slice = RR_TIMESLICE;
	rt_add(&rq->rt, p, head);
}

static void task_tick_rt(struct rq *rq, struct task_struct *p)
{
	update_curr_rt(rq);
	if (p->policy != SCHED_RR || --p->rt.time_slice)
		return;
	if (list_empty(&rq->rt.queue[p->prio]))
		p->rt.time_slice = RR_TIMESLICE;	/* nobody to give it to */
	else
		resched_curr(rq);
}

const struct sched_class rt_sched_class = {
	.name = "rt",
	.next = &fair_sched_class,
	.enqueue_task = enqueue_task_rt,
	.dequeue_task = dequeue_task_rt,
	.yield_task = yield_task_rt,
	.check_preempt_curr = check_preempt_rt,
	.pick_next_task = pick_next_task_rt,
	.put_prev_task = put_prev_task_rt,
	.set_next_task = set_next_task_rt,
	.task_tick = task_tick_rt,
	.update_curr = update_curr_rt,
};
