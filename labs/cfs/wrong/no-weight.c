/*
 * wrong: vruntime is real time for everyone: nice values change nothing
 * fails: shares vruntime_rate
 * hint: hints/weights.md
 */
static u64 calc_delta_fair(u64 delta, const struct sched_entity *se) { return delta; }
