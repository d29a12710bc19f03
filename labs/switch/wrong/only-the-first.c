/*
 * wrong: only the first in the queue is woken
 * fails: all_are_woken
 * hint: hints/queue.md
 */
void __wake_up(struct wait_queue_head *wq, unsigned mode, int nr, void *key)
{
	u64 flags = spin_lock_irqsave(&wq->lock);
	if (!list_empty(&wq->head)) {
		struct wait_queue_entry *w = list_first_entry(&wq->head, struct wait_queue_entry, entry);
		w->func(w, mode, key);
	}
	spin_unlock_irqrestore(&wq->lock, flags);
}
