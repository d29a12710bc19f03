/*
 * wrong: every tick ends the turn, whatever the slice
 * fails: turns
 * hint: hints/tick.md
 */
static void task_tick_fair(struct rq *rq, struct task_struct *p)
{
	update_curr_fair(rq);
	if (rq->cfs.nr_running > 1)
		resched_curr(rq);
}
