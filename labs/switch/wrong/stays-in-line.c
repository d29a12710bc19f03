/*
 * wrong: who stops waiting stays in the queue, by an entry on a stack that is used for other things
 * fails: queue_left_clean
 * hint: hints/queue.md
 */
void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *w)
{
	__set_current_state(TASK_RUNNING);
}
