/*
 * Who used the processors, and how much of them is wanted.
 *
 *   tick, on each processor ---> account_process_tick: 1 ms to user, nice, system or idle
 *   tick, on processor 0    ---> calc_load_tick: every 5 s the load average of 1, 5 and 15 minutes
 *
 * A task's time is known in two ways. sum_exec_runtime is measured by the clock, in ns; utime and stime are
 * guesses: a whole tick goes to whatever it interrupted. task_cputime_adjusted() joins them: the exact sum, divided as
 * the ticks say.
 *
 * Locks: rq->lock for what a running task has used since it was last accounted. Ticks are written by their own processor
 * only. Sums of all processors are read without a lock: the parts are of slightly different moments.
 * In Linux: kernel/sched/{cputime,loadavg}.c, nr_running() and nr_context_switches() in core.c.
 */
#include "sched/sched.h"

/* ---- the tick ---- */

void account_process_tick(struct task_struct *p)
{
	if (this_cpu->irq_regs && user_mode(this_cpu->irq_regs)) {
		p->utime++;
		if (task_nice(p) > 0)
			this_cpu->nice_ticks++;
		else
			this_cpu->user_ticks++;
	} else if (p == this_cpu->idle) {
		this_cpu->idle_ticks++;
	} else {
		p->stime++;
		this_cpu->system_ticks++;
	}
}

/* ---- load average: tasks that run or wait for a disk, decayed over 1, 5 and 15 minutes ---- */

u64 avenrun[3];

#define FSHIFT 11
#define FIXED_1 (1UL << FSHIFT)
#define LOAD_TICKS (5 * HZ + 1)

void calc_load_tick(void)
{
	static const unsigned long exp[3] = { 1884, 2014, 2037 };	/* 1/exp(5 s / 1, 5, 15 min) */
	static unsigned ticks;
	unsigned long active = 0;

	if (++ticks < LOAD_TICKS)
		return;
	ticks = 0;
	for (unsigned i = 0; i < nr_cpus; i++)
		active += runqueues[i].nr_running + runqueues[i].nr_uninterruptible;
	active *= FIXED_1;
	for (int i = 0; i < 3; i++) {
		u64 load = avenrun[i] * exp[i] + active * (FIXED_1 - exp[i]);
		if (active >= avenrun[i])
			load += FIXED_1 - 1;	/* round up while it rises, so that it arrives */
		avenrun[i] = load >> FSHIFT;
	}
}

/* ---- sums of all processors ---- */

unsigned long nr_running(void)
{
	unsigned long n = 0;
	for (unsigned i = 0; i < nr_cpus; i++)
		n += runqueues[i].nr_running;
	return n;
}

unsigned long nr_context_switches(void)
{
	unsigned long n = 0;
	for (unsigned i = 0; i < nr_cpus; i++)
		n += runqueues[i].nr_switches;
	return n;
}

/* ---- CPU time ---- */

u64 task_sched_runtime(struct task_struct *p)
{
	u64 flags;
	struct rq *rq = task_rq_lock(p, &flags);
	if (rq->curr == p && p->sched_class->update_curr) {
		update_rq_clock(rq);
		p->sched_class->update_curr(rq);
	}
	u64 ns = p->se.sum_exec_runtime;
	spin_unlock_irqrestore(&rq->lock, flags);
	return ns;
}

void task_cputime_adjusted(struct task_struct *p, u64 *utime_ns, u64 *stime_ns)
{
	u64 total = task_sched_runtime(p), ticks = p->utime + p->stime;
	*stime_ns = ticks ? total / ticks * p->stime + total % ticks * p->stime / ticks : 0;
	*utime_ns = total - *stime_ns;
}
