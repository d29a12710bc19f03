/*
 * The core: who runs next, and how the processor goes from one task to another.
 *
 *   tick or wake-up ---> resched_curr: TIF_NEED_RESCHED      task sleeps, yields, exits
 *                                |                                       |
 *      way out of the kernel, end of an interrupt, preempt_enable        |
 *                                +-------------------+-------------------+
 *                                                    v
 *                                               __schedule
 *          dequeue a sleeper -> pick_next_task (rt, fair, idle in turn) -> context_switch
 *                   switch_mm -> switch_to_extra -> __switch_to_asm -> finish_task_switch
 *
 * rq->lock is taken by the old task and released by the new one, in finish_task_switch: in between neither the queue nor
 * the old task's stack is anyone's. So who wakes a task waits until its processor has left
 * the stack (S8). A new task finds itself in ret_from_fork, which calls schedule_tail for that.
 *
 * Preemption of kernel code: a task that is preempted with a sleeping state already set is not dequeued: it has not
 * looked at its condition yet (S2), and goes on later.
 *
 * What the tick counts is in cputime.c, what a task is told to be (nice, policy, processors) in policy.c.
 * Locks: rq->lock (RANK_RQ, irqs off). In Linux: kernel/sched/{core,idle}.c.
 */
#include "asm/uaccess.h"
#include "sched/lock.h"
#include "smp.h"
#include "printk.h"
#include "trace.h"

struct rq runqueues[NR_CPUS];

static inline struct rq *this_rq(void) { return this_cpu->rq; }

struct rq *task_rq_lock(struct task_struct *p, u64 *flags)
{
	for (;;) {
		struct rq *rq = &runqueues[READ_ONCE(p->cpu)];
		*flags = spin_lock_irqsave(&rq->lock);
		if (likely(rq == &runqueues[p->cpu] && p->on_rq != TASK_ON_RQ_MIGRATING))
			return rq;
		spin_unlock_irqrestore(&rq->lock, *flags);	/* it moved meanwhile, or is on its way */
		while (READ_ONCE(p->on_rq) == TASK_ON_RQ_MIGRATING)
			cpu_relax();
	}
}

/* ---- in and out of the queue ---- */

void enqueue_task(struct rq *rq, struct task_struct *p, int flags)
{
	p->sched_class->enqueue_task(rq, p, flags);
	p->on_rq = TASK_ON_RQ_QUEUED;
	rq->nr_running++;
}

void dequeue_task(struct rq *rq, struct task_struct *p, int flags)
{
	p->on_rq = 0;
	rq->nr_running--;
	p->sched_class->dequeue_task(rq, p, flags);
}

void resched_curr(struct rq *rq)
{
	if (test_tsk_thread_flag(rq->curr, TIF_NEED_RESCHED))
		return;
	set_tsk_thread_flag(rq->curr, TIF_NEED_RESCHED);
	if (unlikely(rq->cpu != smp_processor_id()))
		smp_send_reschedule(rq->cpu);
}

void check_preempt_curr(struct rq *rq, struct task_struct *p)
{
	const struct sched_class *class = p->sched_class;
	if (likely(class == rq->curr->sched_class)) {
		if (class->check_preempt_curr)
			class->check_preempt_curr(rq, p);
		return;
	}
	while (class && class != rq->curr->sched_class)	/* p's class comes before curr's */
		class = class->next;
	if (class)
		resched_curr(rq);
}

void attach_task(struct rq *rq, struct task_struct *p)
{
	update_rq_clock(rq);
	enqueue_task(rq, p, 0);
	check_preempt_curr(rq, p);
}

/* Where it stands in the tree, and that it may run. */
static __always_inline void trace_wakeup(struct rq *rq, struct task_struct *p)
{
	if (trace_any_on(sched_enqueue, sched_wakeup)) {
		if (p->sched_class == &fair_sched_class && p != rq->curr)
			trace_sched_enqueue(p, rq->cfs.min_vruntime);
		trace_sched_wakeup(p);
	}
}

bool try_to_wake_up(struct task_struct *p, unsigned state)
{
	u64 flags;
	struct rq *rq = task_rq_lock(p, &flags);
	bool woken = p->state & state;

	if (!woken)
		goto out;
	if (!p->on_rq) {		/* else it has set its state, but not gone to sleep yet */
		if (p->state & TASK_UNINTERRUPTIBLE)
			rq->nr_uninterruptible--;
		if (nr_cpus > 1)
			rq = move_task(rq, p, select_task_rq(p, state & WAKE_SYNC));
		update_rq_clock(rq);
		enqueue_task(rq, p, ENQUEUE_WAKEUP);
		/* A waker that sleeps soon need not be preempted: but a real-time task waits for nobody. */
		if (!(state & WAKE_SYNC && rq->curr == current && p->sched_class == &fair_sched_class))
			check_preempt_curr(rq, p);
	}
	WRITE_ONCE(p->state, TASK_RUNNING);
	trace_wakeup(rq, p);
out:
	spin_unlock_irqrestore(&rq->lock, flags);
	return woken;
}

bool wake_up_process(struct task_struct *p) { return try_to_wake_up(p, TASK_NORMAL); }

void set_special_state(unsigned state)
{
	u64 flags;
	struct rq *rq = task_rq_lock(current, &flags);
	WRITE_ONCE(current->state, state);
	spin_unlock_irqrestore(&rq->lock, flags);
}

/* ---- the switch ---- */

/* In the new task: lets go of the queue and of what the old task left. */
static void finish_task_switch(struct task_struct *prev)
{
	struct rq *rq = this_rq();
	struct mm_struct *mm = rq->prev_mm;
	unsigned on_rq = prev->on_rq;
	bool dead = !on_rq && prev->state == TASK_DEAD;

	rq->prev_mm = NULL;
	prev->on_cpu = false;
	if (unlikely(on_rq == TASK_ON_RQ_MIGRATING)) {
		rq = move_task(rq, prev, select_task_rq(prev, 0));
		attach_task(rq, prev);
	}
	spin_unlock_no_resched(&rq->lock);
	local_irq_enable();
	if (unlikely(mm))
		mmdrop(mm);
	if (unlikely(dead))
		put_task_struct(prev);	/* its stack too: we are on another one */
}

void schedule_tail(struct task_struct *prev)
{
	finish_task_switch(prev);
	if (current->set_child_tid)		/* CLONE_CHILD_SETTID: in the child's memory, so the child does it */
		put_user(current->pid, current->set_child_tid);
}

static void context_switch(struct rq *rq, struct task_struct *prev, struct task_struct *next)
{
	if (next->mm) {
		switch_mm(prev->active_mm, next->mm);
		if (!prev->mm) {		/* what it borrowed, finish_task_switch gives back */
			rq->prev_mm = prev->active_mm;
			prev->active_mm = NULL;
		}
	} else {				/* a kernel thread borrows */
		next->active_mm = prev->active_mm;
		if (prev->mm)
			mmgrab(prev->active_mm);
		else
			prev->active_mm = NULL;
	}
	switch_to_extra(prev, next);
	next->on_cpu = true;
	this_cpu->curr = next;
	prev = __switch_to_asm(prev, next);
	/* We are next now, perhaps years later: only prev, from rax, is known. */
	finish_task_switch(prev);
}

static struct task_struct *pick_next_task(struct rq *rq, struct task_struct *prev)
{
	prev->sched_class->put_prev_task(rq, prev);
	if (unlikely(rq->rt.nr_running)) {
		struct task_struct *p = rt_sched_class.pick_next_task(rq);
		if (p)
			return p;
	}
	for (const struct sched_class *class = &fair_sched_class;; class = class->next) {
		struct task_struct *p = class->pick_next_task(rq);
		if (p)
			return p;
	}
}

/* What prev had, and who comes. */
static __always_inline void trace_switch(struct task_struct *prev, struct task_struct *next)
{
	if (trace_any_on(sched_stat_runtime, sched_switch)) {
		if (prev->sched_class == &fair_sched_class)
			trace_sched_stat_runtime(prev);
		trace_sched_switch(prev, next);
	}
}

/* p's mask no longer has this processor: finish_task_switch takes it away, when its stack is free. */
static void let_go(struct rq *rq, struct task_struct *p)
{
	rq->must_leave = false;
	if (!p->on_rq || cpu_allowed(p, rq->cpu))
		return;
	dequeue_task(rq, p, 0);
	p->on_rq = TASK_ON_RQ_MIGRATING;
}

/* Why __schedule() is called: the task sleeps (or was asked to go on its way out), was preempted, or yields. */
enum { SCHED_GO, SCHED_PREEMPT, SCHED_YIELD };

static void __schedule(int why)
{
	struct task_struct *prev = current;
	u64 *switch_count = &prev->nivcsw;
	local_irq_disable();
	struct rq *rq = this_rq();
	spin_lock_irq(&rq->lock);
	update_rq_clock(rq);
	if (unlikely(why == SCHED_YIELD)) {
		if (prev->sched_class->yield_task)
			prev->sched_class->yield_task(rq);
	} else if (why == SCHED_GO && prev->state) {
		if (test_tsk_thread_flag(prev, TIF_SIGPENDING) && signal_pending_state(prev->state, prev)) {
			prev->state = TASK_RUNNING;
		} else {
			if (prev->state & TASK_UNINTERRUPTIBLE)
				rq->nr_uninterruptible++;
			dequeue_task(rq, prev, DEQUEUE_SLEEP);
			switch_count = &prev->nvcsw;
		}
	}
	if (unlikely(rq->must_leave))
		let_go(rq, prev);
	struct task_struct *next = pick_next_task(rq, prev);
	clear_tsk_thread_flag(prev, TIF_NEED_RESCHED);
	if (likely(next != prev)) {
		++*switch_count;
		rq->nr_switches++;
		rq->curr = next;
		trace_switch(prev, next);
		context_switch(rq, prev, next);
	} else {
		spin_unlock_no_resched(&rq->lock);
		local_irq_enable();
	}
}

void schedule(void)
{
	might_sleep("schedule()");	/* S3 */
	do
		__schedule(SCHED_GO);
	while (unlikely(need_resched()));
}

/* From preempt_enable and the unlocks, when the count has come to 0. */
void preempt_schedule(void)
{
	if (likely(!need_resched()) || irqs_disabled() || this_cpu->preempt_count)
		return;
	do
		__schedule(SCHED_PREEMPT);
	while (need_resched());
}

/* From the end of an interrupt that found kernel code with interrupts on, preempt_count 0 and TIF_NEED_RESCHED set.
 * Enters and leaves with interrupts off. */
void preempt_schedule_irq(void)
{
	do {
		__schedule(SCHED_PREEMPT);
		local_irq_disable();
	} while (need_resched());
}

bool need_resched(void) { return test_tsk_thread_flag(current, TIF_NEED_RESCHED); }
void yield(void) { __schedule(SCHED_YIELD); }

/* ---- a task's life ---- */

void sched_fork(struct task_struct *p)
{
	p->state = TASK_NEW;
	p->on_rq = p->on_cpu = 0;
	p->cpu = smp_processor_id();
	p->se = (struct sched_entity){ .load = p->se.load, .moved = jiffies };
	p->rt.time_slice = 0;
	INIT_LIST_HEAD(&p->rt.run_list);
	p->nr_held_sleeping = 0;
	p->wchan = NULL;
	p->start_time = ktime_get();
	if (p->policy != SCHED_FIFO && p->policy != SCHED_RR) {
		p->prio = p->normal_prio = p->static_prio;
		p->sched_class = &fair_sched_class;
		set_load_weight(p);
	}
}

void wake_up_new_task(struct task_struct *p)
{
	u64 flags;
	struct rq *rq = task_rq_lock(p, &flags);
	p->state = TASK_RUNNING;
	if (nr_cpus > 1)	/* the parent of a vfork sleeps at once */
		rq = move_task(rq, p, select_task_rq(p, ENQUEUE_NEW | (p->vfork_done ? WAKE_SYNC : 0)));
	update_rq_clock(rq);
	if (p->sched_class->task_fork)
		p->sched_class->task_fork(rq, p);
	enqueue_task(rq, p, ENQUEUE_NEW);
	trace_sched_enqueue(p, rq->cfs.min_vruntime);
	trace_sched_wakeup_new(p);
	check_preempt_curr(rq, p);
	spin_unlock_irqrestore(&rq->lock, flags);
}

void sched_init(void)
{
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++) {
		struct rq *rq = &runqueues[cpu];
		spin_lock_init(&rq->lock, "rq", RANK_RQ);
		rq->cpu = cpu;
		rq->cfs.tasks_timeline = RB_ROOT_CACHED;
		rq->rt.curr_prio = MAX_RT_PRIO;
		for (int i = 0; i < MAX_RT_PRIO; i++)
			INIT_LIST_HEAD(&rq->rt.queue[i]);
		cpus[cpu].rq = rq;
	}
	init_idle(&init_task, 0);
	mmgrab(init_task.active_mm);	/* as any kernel thread's: what runs first drops it */
}

/* Makes p the idle task of a processor, which runs it now. */
void init_idle(struct task_struct *p, unsigned cpu)
{
	sched_fork(p);
	p->state = TASK_RUNNING;
	p->sched_class = &idle_sched_class;
	p->flags |= PF_IDLE | PF_KTHREAD;
	p->cpu = cpu;
	p->on_rq = p->on_cpu = 1;
	set_bit(cpu, p->cpus_mask);
	cpus[cpu].idle = cpus[cpu].curr = p;
	runqueues[cpu].idle = runqueues[cpu].curr = p;
	if (p == &init_task)
		for (unsigned i = 0; i < NR_CPUS; i++)
			set_bit(i, p->cpus_mask);	/* what fork copies: any processor */
}

void cpu_idle(void)
{
	for (;;) {
		local_irq_disable();
		if (nr_cpus > 1)
			load_balance(this_rq(), true);
		if (!need_resched())
			safe_halt();		/* the interrupt that wakes somebody also switches, at its end */
		else
			local_irq_enable();
		if (need_resched())
			schedule();
	}
}

/* ---- the idle class: always has one, at the end of the chain ---- */

static struct task_struct *pick_next_task_idle(struct rq *rq) { return rq->idle; }

static void no_rq_task(struct rq *rq, struct task_struct *p) {}

const struct sched_class idle_sched_class = {
	.name = "idle",
	.pick_next_task = pick_next_task_idle,
	.put_prev_task = no_rq_task,
	.set_next_task = no_rq_task,
	.task_tick = no_rq_task,
};

/* ---- the tick ---- */

void scheduler_tick(void)
{
	struct rq *rq = this_rq();
	struct task_struct *p = rq->curr;
	account_process_tick(p);
	spin_lock(&rq->lock);
	update_rq_clock(rq);
	p->sched_class->task_tick(rq, p);
	rt_throttle_tick(rq);
	spin_unlock(&rq->lock);
	if (p->mm)
		run_posix_cpu_timers(p);
	if (nr_cpus > 1 && p != rq->idle && rq->clock >= rq->next_balance)
		load_balance(rq, false);
	if (!smp_processor_id())
		calc_load_tick();
	watchdog_tick();
}
