/*
 * wrong: each wake-up is placed 3 ms behind min_vruntime, also of a task that had used more: a short sleep pays
 * fails: sleeper_credit
 * hint: hints/placement.md
 */
static void place_entity(struct cfs_rq *cfs, struct sched_entity *se, bool is_new)
{
	if (is_new)
		se->vruntime = cfs->min_vruntime + calc_delta_fair(sched_slice(cfs, se), se);
	else
		se->vruntime = cfs->min_vruntime - sysctl_sched_latency / 2;
}
