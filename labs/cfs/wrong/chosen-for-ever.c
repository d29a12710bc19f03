/*
 * wrong: what a wake-up chose is not forgotten when it has been picked
 * fails: queue_in_order
 * hint: hints/min.md
 */
static struct task_struct *pick_next_task_fair(struct rq *rq)
{
	struct cfs_rq *cfs = &rq->cfs;
	struct sched_entity *left = leftmost(cfs), *se = left, *second;

	if (!left)
		return NULL;
	if (unlikely(cfs->skip == left)) {
		second = rb_entry_safe(rb_next(&left->run_node), struct sched_entity, run_node);
		if (second && !should_preempt(second, left))
			se = second;
	}
	if (cfs->next && cfs->next->on_rq && !should_preempt(cfs->next, left))
		se = cfs->next;
	cfs->skip = NULL;
	set_next_task_fair(rq, task_of(se));
	return task_of(se);
}
