/*
 * wrong: the waiter queues itself, and its state stays: it runs round and round
 * fails: sleeper_is_asleep
 * hint: hints/asleep.md
 */
void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *w, unsigned state)
{
	u64 flags = spin_lock_irqsave(&wq->lock);
	if (list_empty(&w->entry) && w->flags & WQ_FLAG_EXCLUSIVE)
		list_add_tail(&w->entry, &wq->head);
	else if (list_empty(&w->entry))
		list_add(&w->entry, &wq->head);
	spin_unlock_irqrestore(&wq->lock, flags);
}
