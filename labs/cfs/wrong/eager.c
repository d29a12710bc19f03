/*
 * wrong: whoever is further left by a hair preempts: with many wake-ups nobody gets anything done
 * fails: wakeup_granularity
 * hint: hints/preempt.md
 */
static bool should_preempt(const struct sched_entity *a, const struct sched_entity *b)
{
	return (s64)(a->vruntime - b->vruntime) > 0;
}
