/*
 * wrong: nothing but the completion ends the wait for it
 * fails: vfork_can_be_killed
 * hint: hints/wakeup.md
 */
static int wait_for_common(struct completion *c, unsigned state)
{
	struct wait_queue_entry w;
	init_wait_entry(&w);
	spin_lock_irq(&c->wait.lock);
	while (!c->done) {
		if (list_empty(&w.entry))
			list_add_tail(&w.entry, &c->wait.head);
		set_current_state(state);
		current->wchan = __func__;
		spin_unlock_irq(&c->wait.lock);
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
