/*
 * wrong: the walk goes on from an entry that has just left the queue
 * fails: all_are_woken
 * hint: hints/queue.md
 */
void __wake_up(struct wait_queue_head *wq, unsigned mode, int nr, void *key)
{
	u64 flags = spin_lock_irqsave(&wq->lock);
	struct wait_queue_entry *w;
	list_for_each_entry(w, &wq->head, entry) {
		unsigned wflags = w->flags;
		if (w->func(w, mode, key) && wflags & WQ_FLAG_EXCLUSIVE && !--nr)
			break;
	}
	spin_unlock_irqrestore(&wq->lock, flags);
}
