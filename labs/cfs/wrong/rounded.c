/*
 * wrong: 1024 / weight is rounded to a whole number first
 * fails: shares vruntime_rate
 * hint: hints/vruntime.md
 */
static u64 calc_delta_fair(u64 delta, const struct sched_entity *se)
{
	return delta * (NICE_0_LOAD / se->load.weight);
}
