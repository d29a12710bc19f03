/*
 * wrong: a sleeper keeps the vruntime that it went to sleep with, and owns the CPU when it comes back
 * fails: sleeper_credit
 * hint: hints/placement.md
 */
static void place_entity(struct cfs_rq *cfs, struct sched_entity *se, bool is_new)
{
	u64 vruntime = cfs->min_vruntime + calc_delta_fair(sched_slice(cfs, se), se);

	if (is_new && (s64)(vruntime - se->vruntime) > 0)
		se->vruntime = vruntime;
}
