/*
 * wrong: with many tasks the slices get as small as they like
 * fails: slice_lengths
 * hint: hints/slice.md
 */
static u64 sched_slice(struct cfs_rq *cfs, struct sched_entity *se)
{
	u64 load = cfs->load.weight + (se->on_rq ? 0 : se->load.weight);

	return sysctl_sched_latency * se->load.weight / load;
}
