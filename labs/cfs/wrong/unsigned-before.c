/*
 * wrong: vruntimes are compared as numbers, and not by their difference
 * fails: vruntime_wraps
 * hint: hints/wrap.md
 */
static bool before(const struct sched_entity *a, const struct sched_entity *b)
{
	return a->vruntime < b->vruntime;
}
