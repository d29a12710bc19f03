/*
 * Wait queues: lists of those who wait for one thing, and completions, which are waits for an event that happens once.
 *
 *   sleeper                             waker
 *   prepare_to_wait: queue, set state   make the condition true
 *   look at the condition               __wake_up: each entry's function, by default try_to_wake_up
 *   schedule()
 *
 * The order on the left is S2: whoever makes the condition true after the look finds a sleeper whose state is already
 * changed, and makes it runnable again, so that schedule() comes back at once.
 *
 * Exclusive waiters stand behind the others, and a wake-up of n stops after n of them: one accept() per connection.
 * Locks: wait_queue_head.lock (RANK_WAITQUEUE, irqs off: interrupts wake).
 *
 * In Linux: kernel/sched/{wait,completion}.c.
 */
#include "sched/sched.h"

void init_waitqueue_head(struct wait_queue_head *wq)
{
	spin_lock_init(&wq->lock, "wait_queue", RANK_WAITQUEUE);
	INIT_LIST_HEAD(&wq->head);
}

void init_wait_entry(struct wait_queue_entry *w) { init_waitqueue_func_entry(w, autoremove_wake_function); }

void init_waitqueue_func_entry(struct wait_queue_entry *w, wait_queue_func_t fn)
{
	w->flags = 0;
	w->private = current;
	w->func = fn;
	INIT_LIST_HEAD(&w->entry);
}

void add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *w)
{
	u64 flags = spin_lock_irqsave(&wq->lock);
	list_add(&w->entry, &wq->head);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *w)
{
	u64 flags = spin_lock_irqsave(&wq->lock);
	list_del_init(&w->entry);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *w, unsigned state)
{
	u64 flags = spin_lock_irqsave(&wq->lock);
	if (list_empty(&w->entry) && w->flags & WQ_FLAG_EXCLUSIVE)
		list_add_tail(&w->entry, &wq->head);
	else if (list_empty(&w->entry))
		list_add(&w->entry, &wq->head);
	set_current_state(state);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void prepare_to_wait_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *w, unsigned state)
{
	w->flags |= WQ_FLAG_EXCLUSIVE;
	prepare_to_wait(wq, w, state);
}

void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *w)
{
	__set_current_state(TASK_RUNNING);
	if (!list_empty(&w->entry))	/* else the waker took us out, the usual case */
		remove_wait_queue(wq, w);
}

/* Makes the waiter runnable; who was woken need not come back for the list. */
int autoremove_wake_function(struct wait_queue_entry *w, unsigned mode, void *key)
{
	struct list_head *next = w->entry.next, *prev = w->entry.prev;
	if (!try_to_wake_up(w->private, mode))
		return 0;
	next->prev = prev;
	prev->next = next;
	/* Last look at w: its owner's finish_wait() leaves without the lock as soon as it sees an empty entry. */
	w->entry.prev = &w->entry;
	__atomic_store_n(&w->entry.next, &w->entry, __ATOMIC_RELEASE);
	return 1;
}

void __wake_up(struct wait_queue_head *wq, unsigned mode, int nr, void *key)
{
	u64 flags = spin_lock_irqsave(&wq->lock);
	struct wait_queue_entry *w, *next;
	list_for_each_entry_safe(w, next, &wq->head, entry) {
		unsigned wflags = w->flags;
		if (w->func(w, mode, key) && wflags & WQ_FLAG_EXCLUSIVE && !--nr)
			break;
	}
	spin_unlock_irqrestore(&wq->lock, flags);
}

/* ---- completions ---- */

#define DONE_FOR_EVER 0x40000000u

void init_completion(struct completion *c)
{
	c->done = 0;
	init_waitqueue_head(&c->wait);
}

/* Wakes nr waiters, 0: all. The lock, which they need to leave, is held to the end: till then c lives. */
static void complete_nr(struct completion *c, unsigned done, int nr)
{
	u64 flags = spin_lock_irqsave(&c->wait.lock);
	struct wait_queue_entry *w, *next;
	c->done = min(c->done + done, DONE_FOR_EVER);
	list_for_each_entry_safe(w, next, &c->wait.head, entry) {
		w->func(w, TASK_NORMAL | TASK_WAKEKILL, NULL);
		if (!--nr)
			break;
	}
	spin_unlock_irqrestore(&c->wait.lock, flags);
}

/* Lets one waiter go, now or when it comes. */
void complete(struct completion *c) { complete_nr(c, 1, 1); }
void complete_all(struct completion *c) { complete_nr(c, DONE_FOR_EVER, 0); }

static int wait_for_common(struct completion *c, unsigned state)
{
	struct wait_queue_entry w;
	init_wait_entry(&w);
	spin_lock_irq(&c->wait.lock);
	while (!c->done && !signal_pending_state(state, current)) {
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

void wait_for_completion(struct completion *c) { wait_for_common(c, TASK_UNINTERRUPTIBLE); }
int wait_for_completion_killable(struct completion *c) { return wait_for_common(c, TASK_KILLABLE); }
