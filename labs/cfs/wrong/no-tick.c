/*
 * wrong: the tick books the time and never ends a turn: the first hog runs for ever
 * fails: everybody_runs
 * hint: hints/tick.md
 */
static void task_tick_fair(struct rq *rq, struct task_struct *p)
{
	update_curr_fair(rq);
}
