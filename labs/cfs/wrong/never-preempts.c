/*
 * wrong: who is woken waits for the tick
 * fails: wakes_in_time wakeup_granularity
 * hint: hints/preempt.md
 */
static void check_preempt_wakeup(struct rq *rq, struct task_struct *p)
{
	(void)should_preempt;
}
