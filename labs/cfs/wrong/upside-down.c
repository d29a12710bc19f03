/*
 * wrong: the stretch is upside down: who is nice gets more
 * fails: shares vruntime_rate wakeup_granularity
 * hint: hints/vruntime.md
 */
static u64 calc_delta_fair(u64 delta, const struct sched_entity *se)
{
	return delta * se->load.weight / NICE_0_LOAD;
}
