/*
 * wrong: min_vruntime is the running task's vruntime, though another in the tree is further left
 * fails: queue_in_order
 * hint: hints/min.md
 */
static void update_min_vruntime(struct cfs_rq *cfs)
{
	if (cfs->curr && (s64)(cfs->curr->vruntime - cfs->min_vruntime) > 0)
		cfs->min_vruntime = cfs->curr->vruntime;
}
