/*
 * wrong: who need not sleep after all still has a sleeping state, and is gone at the next schedule()
 * fails: queue_left_clean
 * hint: hints/queue.md
 */
void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *w)
{
	if (list_empty(&w->entry))	/* the waker took us out, the usual case */
		return;
	u64 flags = spin_lock_irqsave(&wq->lock);
	list_del_init(&w->entry);
	spin_unlock_irqrestore(&wq->lock, flags);
}
