/*
 * wrong: a child starts at min_vruntime, before whoever waits: fork is a way to more CPU
 * fails: newborn_waits
 * hint: hints/placement.md
 */
static void place_entity(struct cfs_rq *cfs, struct sched_entity *se, bool is_new)
{
	u64 vruntime = cfs->min_vruntime;

	if (!is_new)
		vruntime -= sysctl_sched_latency / 2;
	if ((s64)(vruntime - se->vruntime) > 0)
		se->vruntime = vruntime;
}
