/*
 * wrong: min_vruntime follows the leftmost wherever it goes, back too
 * fails: sleeper_credit
 * hint: hints/placement.md
 */
static void update_min_vruntime(struct cfs_rq *cfs)
{
	struct sched_entity *left = leftmost(cfs), *least = cfs->curr;

	if (left && (!least || before(left, least)))
		least = left;
	if (least)
		cfs->min_vruntime = least->vruntime;
}
