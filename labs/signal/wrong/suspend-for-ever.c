/*
 * wrong: the mask that sigsuspend put aside is forgotten
 * fails: sigsuspend_mask
 * hint: hints/suspend.md
 */
static sigset_t sigmask_to_save(struct task_struct *p)
{
	clear_tsk_thread_flag(p, TIF_RESTORE_SIGMASK);
	return p->blocked;
}
