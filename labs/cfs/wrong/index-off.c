/*
 * wrong: the table of weights is read one row too far
 * fails: vruntime_rate
 * hint: hints/vruntime.md
 */
void set_load_weight(struct task_struct *p)
{
	struct load_weight *lw = &p->se.load;
	int row = p->static_prio - MAX_RT_PRIO + 1;

	lw->weight = p->policy == SCHED_IDLE ? WEIGHT_IDLEPRIO : sched_prio_to_weight[row > 39 ? 39 : row];
	lw->inv_weight = 0xffffffffu / lw->weight;
}
