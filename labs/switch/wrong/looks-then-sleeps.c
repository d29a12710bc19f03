/*
 * wrong: the completion is looked at, the lock let go, and only then the state changed
 * fails: completion_not_lost
 * hint: hints/lost.md
 */
static int wait_for_common(struct completion *c, unsigned state)
{
	struct wait_queue_entry w;
	init_wait_entry(&w);
	spin_lock_irq(&c->wait.lock);
	while (!c->done && !signal_pending_state(state, current)) {
		if (list_empty(&w.entry))
			list_add_tail(&w.entry, &c->wait.head);
		spin_unlock_irq(&c->wait.lock);
		current->wchan = __func__;
		set_current_state(state);
		schedule();
		spin_lock_irq(&c->wait.lock);
	}
	int ret = c->done ? 0 : -ERESTARTSYS;
	if (c->done && c->done < DONE_FOR_EVER)
		c->done--;
	list_del_init(&w.entry);
	__set_current_state(TASK_RUNNING);
	spin_unlock_irq(&c->wait.lock);
	return ret;
}
