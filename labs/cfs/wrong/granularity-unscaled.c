/*
 * wrong: the granularity is the same for all, so that nice values don't count at a wake-up
 * fails: wakeup_granularity
 * hint: hints/preempt.md
 */
static bool should_preempt(const struct sched_entity *a, const struct sched_entity *b)
{
	s64 diff = a->vruntime - b->vruntime;

	return diff > (s64)sysctl_sched_wakeup_granularity;
}
