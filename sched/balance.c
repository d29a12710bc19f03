/*
 * Many processors: which of them a task runs on.
 *
 *   placed   when it is new or wakes (select_task_rq): where it was if nothing runs there, else where nothing runs
 *   pulled   by a processor with nothing to do: before it halts, and in each tick after
 *   pulled   by a processor with less to do than another, every 100 ms
 *
 * Only who has less to do acts, and it takes only what waits: who runs is not disturbed. A pull must not make the
 * difference larger, but may turn it round: three equal tasks on two processors change places for ever, the one that
 * has been in its queue longest goes each time, and so each runs alone for a third of the time.
 *
 *   cpu 0 [A B]  [A]    [C A]  [C]    [B C]
 *   cpu 1 [C]    [B C]  [B]    [A B]  [A]     ... A, B and C have 2/3 of a processor each
 *
 * What a queue has to do is the sum of the weights in it; a real-time task counts so much that fair ones leave.
 *
 * vruntime says how far a task is ahead of its queue's min_vruntime; a move keeps that distance. Never are two queues
 * locked: on_rq is TASK_ON_RQ_MIGRATING while p is between them, and task_rq_lock() waits for the arrival.
 *
 * Locks: other queues' nr_running and load are read without theirs: the guess may be old, the move itself is not.
 * In Linux: kernel/sched/fair.c select_task_rq_fair, load_balance, newidle_balance; there by topology (caches, NUMA)
 * and by load over time (PELT). Left out: exec as an occasion to move, pushing real-time tasks.
 */
#include "sched/sched.h"
#include "printk.h"
#include "smp.h"

#define BALANCE_INTERVAL (100 * NSEC_PER_MSEC)
#define RT_LOAD (1UL << 20)

static u64 rq_load(const struct rq *rq)
{
	return READ_ONCE(rq->cfs.load.weight) + READ_ONCE(rq->rt.nr_running) * RT_LOAD;
}

/* It has nothing to do, or nothing that wants to be more than nothing (SCHED_IDLE). */
static bool cpu_is_idle(unsigned cpu)
{
	return READ_ONCE(runqueues[cpu].nr_running) == READ_ONCE(runqueues[cpu].cfs.h_nr_idle);
}

/* Is a a better place for p than b, when neither is idle? */
static bool better_place(const struct task_struct *p, const struct rq *a, const struct rq *b)
{
	if (p->sched_class == &rt_sched_class)
		return READ_ONCE(a->rt.curr_prio) > READ_ONCE(b->rt.curr_prio);
	return rq_load(a) < rq_load(b);
}

unsigned select_task_rq(struct task_struct *p, unsigned flags)
{
	u64 allowed = p->cpus_mask[0] & cpu_online_mask();
	unsigned this = smp_processor_id(), best = allowed >> p->cpu & 1 ? p->cpu : __builtin_ctzl(allowed);
	/* A reader comes to its writer, which is about to sleep. */
	if (flags & WAKE_SYNC && allowed >> this & 1 && runqueues[this].nr_running <= 1)
		return this;
	if (cpu_is_idle(best))
		return best;
	bool stay = !(flags & ENQUEUE_NEW) && p->sched_class == &fair_sched_class && !runqueues[best].rt.nr_running;
	for (; allowed; allowed &= allowed - 1) {
		unsigned cpu = __builtin_ctzl(allowed);
		if (cpu_is_idle(cpu))
			return cpu;
		if (!stay && better_place(p, &runqueues[cpu], &runqueues[best]))
			best = cpu;
	}
	return best;
}

struct rq *move_task(struct rq *rq, struct task_struct *p, unsigned cpu)
{
	struct rq *to = &runqueues[cpu];
	if (to == rq)
		return rq;
	BUG_ON(p->on_cpu);		/* S8 */
	p->se.vruntime += READ_ONCE(to->cfs.min_vruntime) - rq->cfs.min_vruntime;
	p->se.moved = jiffies;
	p->on_rq = TASK_ON_RQ_MIGRATING;
	__atomic_store_n(&p->cpu, cpu, __ATOMIC_RELEASE);
	spin_unlock_no_resched(&rq->lock);
	spin_lock_irq(&to->lock);
	return to;
}

/* What waits in rq, may run on cpu, is not heavier than limit, and came longest ago; a real-time task first.
 * NULL also when that is the running one: another tick finds it waiting. => rq->lock */
static struct task_struct *find_movable(struct rq *rq, struct rq *to, u64 limit)
{
	struct task_struct *p, *best = NULL;
	for (int prio = 0; rq->rt.nr_running && prio < to->rt.curr_prio; prio++)
		list_for_each_entry(p, &rq->rt.queue[prio], rt.run_list)
			if (cpu_allowed(p, to->cpu))
				return p;
	for (struct rb_node *n = rq->cfs.tasks_timeline.leftmost; n; n = rb_next(n)) {
		p = container_of(n, struct task_struct, se.run_node);
		if (cpu_allowed(p, to->cpu) && p->se.load.weight <= limit && (!best || p->se.moved < best->se.moved))
			best = p;
	}
	p = rq->curr;
	bool rather = rq->cfs.curr && cpu_allowed(p, to->cpu) && p->se.load.weight <= limit;
	return best && to->nr_running && rather && p->se.moved < best->se.moved ? NULL : best;
}

/* One task comes from busiest to rq, if there is one. */
static bool pull_task(struct rq *rq, struct rq *busiest, u64 limit)
{
	u64 flags = spin_lock_irqsave(&busiest->lock);
	struct task_struct *p = find_movable(busiest, rq, limit);
	if (p) {
		update_rq_clock(busiest);
		busiest->next_balance = busiest->clock + BALANCE_INTERVAL;	/* it does not fetch it back at once */
		dequeue_task(busiest, p, 0);
		busiest = move_task(busiest, p, rq->cpu);
		attach_task(rq, p);
	}
	spin_unlock_irqrestore(&busiest->lock, flags);
	return p;
}

void load_balance(struct rq *rq, bool idle)
{
	bool pulled = false, waits = false;
	for (unsigned i = 1; i < nr_cpus && !(idle && pulled); i++) {
		struct rq *other = &runqueues[(rq->cpu + i) % nr_cpus];
		for (s64 diff; READ_ONCE(other->nr_running) > 1 && (diff = rq_load(other) - rq_load(rq)) > 0; pulled = true)
			if (!pull_task(rq, other, pulled ? diff / 2 : diff)) {
				waits |= !pulled;
				break;
			}
	}
	rq->next_balance = rq->clock + (waits && !pulled ? NSEC_PER_MSEC : BALANCE_INTERVAL);
}
