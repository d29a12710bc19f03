/*
 * wrong: a waiter that looks again is put into the queue once more
 * fails: all_are_woken
 * hint: hints/queue.md
 */
void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *w, unsigned state)
{
	u64 flags = spin_lock_irqsave(&wq->lock);
	list_add(&w->entry, &wq->head);
	set_current_state(state);
	spin_unlock_irqrestore(&wq->lock, flags);
}
