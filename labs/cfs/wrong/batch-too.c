/*
 * wrong: a SCHED_BATCH task preempts by waking, as any other
 * fails: wakeup_granularity
 * hint: hints/preempt.md
 */
static void check_preempt_wakeup(struct rq *rq, struct task_struct *p)
{
	if (should_preempt(&rq->curr->se, &p->se)) {
		rq->cfs.next = &p->se;
		resched_curr(rq);
	}
}
