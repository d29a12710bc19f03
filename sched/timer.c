/*
 * Timers: a function to be called at a time.
 *
 * All of them stand in one red-black tree by time; the tick calls those that are due, so the resolution is 1 ms. A timer
 * is in the tree exactly while pending is true. fn runs in the timer interrupt with no lock held; until it returns,
 * `running` names its timer, so that timer_cancel() can wait for it.
 *
 * Locks: timer_lock (RANK_TIMER, irqs off).
 * In Linux: kernel/time/hrtimer.c (per processor, and driven by a timer chip that is set to the next expiry).
 */
#include "sched/sched.h"
#include "trace.h"

static DEFINE_SPINLOCK(timer_lock, RANK_TIMER);
static struct rb_root_cached timers = RB_ROOT_CACHED;
static struct timer *running;
static unsigned running_cpu;

void timer_setup(struct timer *t, void (*fn)(struct timer *), void *data)
{
	*t = (struct timer){ .fn = fn, .data = data };
}

static void timer_remove(struct timer *t)
{
	rb_erase_cached(&t->node, &timers);
	t->pending = false;
}

static bool expires_before(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct timer, node)->expires < rb_entry(b, struct timer, node)->expires;
}

void timer_start(struct timer *t, u64 expires_ns)
{
	u64 flags = spin_lock_irqsave(&timer_lock);
	if (t->pending)
		timer_remove(t);
	t->expires = expires_ns;
	t->pending = true;
	rb_add_cached(&t->node, &timers, expires_before);
	spin_unlock_irqrestore(&timer_lock, flags);
}

bool timer_cancel(struct timer *t)
{
	for (;;) {
		u64 flags = spin_lock_irqsave(&timer_lock);
		bool was = t->pending, busy = running == t && running_cpu != smp_processor_id();
		if (was)
			timer_remove(t);
		spin_unlock_irqrestore(&timer_lock, flags);
		if (was || !busy)
			return was;
		cpu_relax();
	}
}

void run_timers(void)
{
	struct timer *t = rb_entry_safe(READ_ONCE(timers.leftmost), struct timer, node);
	if (!t)
		return;
	u64 now = ktime_get();
	u64 flags = spin_lock_irqsave(&timer_lock);
	while ((t = rb_entry_safe(timers.leftmost, struct timer, node)) && t->expires <= now) {
		timer_remove(t);
		running = t;
		running_cpu = smp_processor_id();
		spin_unlock_irqrestore(&timer_lock, flags);
		trace_hrtimer_expire_entry(t, now);
		t->fn(t);		/* may re-arm, or free, t */
		flags = spin_lock_irqsave(&timer_lock);
		running = NULL;
	}
	spin_unlock_irqrestore(&timer_lock, flags);
}

static void wake_sleeper(struct timer *t) { wake_up_process(t->data); }

u64 schedule_timeout_ns(u64 ns)
{
	struct timer *t = &current->real_sleep;
	if (ns == ~0UL) {
		schedule();
		return ns;
	}
	u64 now = ktime_get();
	u64 deadline = ns < ~0UL - now ? now + ns : ~0UL;
	timer_setup(t, wake_sleeper, current);
	timer_start(t, deadline);
	schedule();
	timer_cancel(t);
	now = ktime_get();
	return now < deadline ? deadline - now : 0;
}
