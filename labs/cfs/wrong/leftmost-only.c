/*
 * wrong: only the leftmost is ever picked: a yield and a wake-up's choice count for nothing
 * fails: pick_in_order
 * hint: hints/pick.md
 */
static struct task_struct *pick_next_task_fair(struct rq *rq)
{
	struct sched_entity *left = leftmost(&rq->cfs);

	if (!left)
		return NULL;
	rq->cfs.next = rq->cfs.skip = NULL;
	set_next_task_fair(rq, task_of(left));
	return task_of(left);
}
