/*
 * wrong: a turn is cut into equal slices, whatever the weights
 * fails: slice_lengths
 * hint: hints/slice.md
 */
static u64 sched_slice(struct cfs_rq *cfs, struct sched_entity *se)
{
	u64 nr = cfs->nr_running + !se->on_rq;

	return max(sysctl_sched_latency, nr * sysctl_sched_min_granularity) / nr;
}
