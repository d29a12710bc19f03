/*
 * wrong: exec_start stays, so that the same time is booked again and again
 * fails: time_is_booked
 * hint: hints/vruntime.md
 */
static void update_curr_fair(struct rq *rq)
{
	struct sched_entity *se = rq->cfs.curr;
	s64 delta;

	if (!se)
		return;
	delta = rq->clock - se->exec_start;
	if (delta <= 0)
		return;
	se->sum_exec_runtime += delta;
	se->vruntime += calc_delta_fair(delta, se);
	update_min_vruntime(&rq->cfs);
}
