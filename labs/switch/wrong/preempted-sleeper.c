/*
 * wrong: who is still on the run queue is not woken, though it has said that it will sleep
 * fails: timer_not_lost no_wakeup_lost
 * hint: hints/lost.md
 */
bool try_to_wake_up(struct task_struct *p, unsigned state)
{
	u64 flags;
	struct rq *rq = task_rq_lock(p, &flags);
	bool woken = p->state & state && !p->on_rq;

	if (!woken)
		goto out;
	if (!p->on_rq) {		/* else it has set its state, but not gone to sleep yet */
		if (p->state & TASK_UNINTERRUPTIBLE)
			rq->nr_uninterruptible--;
		if (nr_cpus > 1)
			rq = move_task(rq, p, select_task_rq(p, state & WAKE_SYNC));
		update_rq_clock(rq);
		enqueue_task(rq, p, ENQUEUE_WAKEUP);
		if (!(state & WAKE_SYNC) || rq->curr->sched_class != p->sched_class)	/* a real-time task waits for nobody */
			check_preempt_curr(rq, p);
	}
	WRITE_ONCE(p->state, TASK_RUNNING);
	trace_wakeup(rq, p);
out:
	spin_unlock_irqrestore(&rq->lock, flags);
	return woken;
}
