/*
 * Locks: spinlocks, which hold the processor, and mutexes and rwsems, which sleep.
 *
 * Deadlock needs a circle of waiters, and a circle needs one lock taken against the order. So every lock has a rank
 * (spinlock.h) and every acquire looks at the last lock taken: ranks only rise. held[] of struct cpu is this
 * processor's stack of spinlocks, held_locks[] of a task its stack of sleeping locks.
 *
 *   cpu->held   [ tasklist_lock 32 ][ siglock 33 ][ (gap) ][ interrupt 0 ][ timer_lock ]
 *                 the task's                        an interrupt's: a new stack above a boundary of rank 0
 *
 * The gap is for an interrupt that comes between the two writes of an acquire. Order is checked inside each context
 * only: an interrupt may come while any lock is held that interrupts do not take.
 *
 * A mutex is an rwsem that is only written (lock.h). An rwsem is taken and given back by one atomic instruction while
 * nobody waits. The slow ways meet under wait_lock: a sleeper queues itself first and tries again then; who unlocks frees
 * first and looks at the queue then. So one of the two always sees the other. Who waits is served in order: the lock is
 * handed to it, and no newcomer slips in between.
 *
 * In Linux: kernel/locking/{spinlock,mutex,rwsem,lockdep}.c. Left out: spinning for a mutex whose owner runs, priority inheritance.
 */
#include "sched/lock.h"
#include "printk.h"
#include "trace.h"

struct spinlock irq_boundary = SPINLOCK_INIT("interrupt", 0);

static void __noreturn lock_panic(const char *what, const struct spinlock *l)
{
	unsigned n = this_cpu->nr_held;
	panic("lock order: %s: %s (rank %u) while holding %s", what, l->name, l->rank, n ? this_cpu->held[n - 1]->name : "none");
}

static __always_inline void spin_push(struct spinlock *l, unsigned n)
{
	this_cpu->held[n] = l;		/* an interrupt here leaves this slot alone */
	barrier();
	this_cpu->nr_held = n + 1;
}

/* An acquire whose rank is not above the last one's. */
static void spin_check(struct spinlock *l)
{
	unsigned n = this_cpu->nr_held;
	if (spin_is_held(l))
		lock_panic("recursion", l);
	lock_panic(n >= MAX_HELD_LOCKS - 2 ? "too many" : "wrong order", l);
}

/* The rest of spin_lock when the rank is doubtful or another processor has the lock. All in one, and nothing after it:
 * so the fast way saves no register. */
static noinline void spin_take_slow(struct spinlock *l)
{
	unsigned n = this_cpu->nr_held;
	if (unlikely(panicking))	/* the last words come through every lock */
		return;
	if (n && this_cpu->held[n - 1]->rank >= l->rank)
		spin_check(l);
	while (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE)) {
		if (nr_cpus == 1 || spin_is_held(l))
			lock_panic("deadlock on itself", l);
		while (READ_ONCE(l->locked))
			cpu_relax();
	}
	spin_push(l, n);
}

static __always_inline void spin_take(struct spinlock *l)
{
	preempt_disable();
	unsigned n = this_cpu->nr_held;
	if (unlikely(n && this_cpu->held[n - 1]->rank >= l->rank) ||
	    unlikely(__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE)))
		spin_take_slow(l);
	else
		spin_push(l, n);
}

/* l is not the last one taken: takes it out of the middle. */
static noinline void spin_give_slow(struct spinlock *l)
{
	unsigned n = this_cpu->nr_held, i = n;
	if (unlikely(panicking))
		return;
	while (i && this_cpu->held[i - 1] != l && this_cpu->held[i - 1] != &irq_boundary)
		i--;
	if (!i || this_cpu->held[i - 1] != l)
		lock_panic("unlock of what is not held", l);
	for (; i < n; i++)
		this_cpu->held[i - 1] = this_cpu->held[i];
	this_cpu->nr_held = n - 1;
	__atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
}

static __always_inline void spin_give(struct spinlock *l)
{
	unsigned n = this_cpu->nr_held;
	if (unlikely(!n || this_cpu->held[n - 1] != l)) {
		spin_give_slow(l);
	} else {
		this_cpu->nr_held = n - 1;
		__atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
	}
}

void spin_lock(struct spinlock *l) { spin_take(l); }

void spin_unlock(struct spinlock *l)
{
	spin_give(l);
	preempt_enable();
}

/* For the scheduler: as spin_unlock, but never calls schedule(). */
void spin_unlock_no_resched(struct spinlock *l)
{
	spin_give(l);
	preempt_enable_no_resched();
}

u64 spin_lock_irqsave(struct spinlock *l)
{
	u64 flags = local_irq_save();
	spin_take(l);
	return flags;
}

void spin_unlock_irqrestore(struct spinlock *l, u64 flags)
{
	spin_give(l);
	local_irq_restore(flags);
	preempt_enable();
}

void spin_lock_irq(struct spinlock *l)
{
	local_irq_disable();
	spin_take(l);
}

void spin_unlock_irq(struct spinlock *l)
{
	spin_give(l);
	local_irq_enable();
	preempt_enable();
}

bool spin_is_held(const struct spinlock *l)
{
	if (!READ_ONCE(l->locked))
		return false;
	for (unsigned i = this_cpu->nr_held; i-- > 0;)
		if (this_cpu->held[i] == l)
			return true;
	return false;
}

bool in_atomic(void) { return this_cpu->preempt_count || irqs_disabled(); }

void show_held_locks(struct task_struct *p)
{
	if (p == current)
		for (unsigned i = 0; i < this_cpu->nr_held && i < MAX_HELD_LOCKS; i++)
			if (this_cpu->held[i])
				pr_emerg("holds spinlock %s (rank %u)\n", this_cpu->held[i]->name, this_cpu->held[i]->rank);
	for (unsigned i = 0; i < p->nr_held_sleeping && i < ARRAY_SIZE(p->held_locks); i++)
		pr_emerg("holds %s (rank %u)\n", p->held_locks[i]->name, p->held_locks[i]->rank);
}

/* ---- ranks of the sleeping locks, for each task ---- */

static noinline void __noreturn sleep_panic(const char *what, const struct lock_id *id)
{
	unsigned n = current->nr_held_sleeping;
	panic("lock order: %s: %s (rank %u) while holding %s", what, id->name, id->rank,
	      this_cpu->nr_held ? this_cpu->held[this_cpu->nr_held - 1]->name :
	      n ? current->held_locks[n - 1]->name : "nothing");
}

/* Before the wait, so that a deadlock is told and not only met. */
static __always_inline void sleep_check(const struct lock_id *id, bool nested)
{
	struct task_struct *p = current;
	unsigned n = p->nr_held_sleeping;
	if (unlikely(this_cpu->preempt_count))
		sleep_panic("may sleep with a spinlock held or preemption off", id);
	if (unlikely(n && p->held_locks[n - 1]->rank >= id->rank + nested))
		sleep_panic("wrong order", id);
	if (unlikely(n == ARRAY_SIZE(p->held_locks)))
		sleep_panic("too many", id);
}

static __always_inline void sleep_push(const struct lock_id *id)
{
	struct task_struct *p = current;
	p->held_locks[p->nr_held_sleeping++] = id;
}

/* Out of the middle, or not there. */
static noinline void sleep_pop_slow(const struct lock_id *id)
{
	struct task_struct *p = current;
	unsigned n = p->nr_held_sleeping, i = n;
	while (i && p->held_locks[i - 1] != id)
		i--;
	if (!i)
		sleep_panic("unlock of what is not held", id);
	for (; i < n; i++)
		p->held_locks[i - 1] = p->held_locks[i];
	p->nr_held_sleeping = n - 1;
}

static __always_inline void sleep_pop(const struct lock_id *id)
{
	struct task_struct *p = current;
	unsigned n = p->nr_held_sleeping - 1;
	if (likely(n < ARRAY_SIZE(p->held_locks) && p->held_locks[n] == id))
		p->nr_held_sleeping = n;
	else
		sleep_pop_slow(id);
}

struct waiter {
	struct list_head list;
	struct task_struct *task;	/* NULL: the lock is yours */
	bool writer;
};

/* ---- rwsem, and so mutex ---- */

void init_rwsem(struct rw_semaphore *s, const char *name, enum lock_rank rank)
{
	*s = (struct rw_semaphore){ .wait_lock = SPINLOCK_INIT(name, RANK_WAITQUEUE),
				    .waiters = LIST_HEAD_INIT(s->waiters), .id = { name, rank } };
}

/* One more reader, unless there is a writer. */
static __always_inline bool rwsem_try_read(struct rw_semaphore *s)
{
	int count = READ_ONCE(s->count);
	while (count >= 0)
		if (__atomic_compare_exchange_n(&s->count, &count, count + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return true;
	return false;
}

static __always_inline bool rwsem_try_write(struct rw_semaphore *s)
{
	int zero = 0;
	return __atomic_compare_exchange_n(&s->count, &zero, -1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* Gives the lock to those at the head of the queue who can have it: one writer, or readers up to the next writer.
 * => wait_lock */
static void rwsem_grant(struct rw_semaphore *s)
{
	while (!list_empty(&s->waiters)) {
		struct waiter *w = list_first_entry(&s->waiters, struct waiter, list);
		struct task_struct *p = w->task;
		if (!(w->writer ? rwsem_try_write(s) : rwsem_try_read(s)))
			return;
		if (w->writer)
			s->owner = p;
		list_del(&w->list);
		__atomic_store_n(&w->task, NULL, __ATOMIC_RELEASE);	/* w may be gone from here on, p not: */
		wake_up_process(p);					/* it needs wait_lock to leave */
	}
}

static noinline int rwsem_wait(struct rw_semaphore *s, bool writer, unsigned state)
{
	struct waiter w = { .task = current, .writer = writer };
	int ret = 0;
	if (s->owner == current)
		sleep_panic("recursion", &s->id);
	trace_contention_begin(s, writer);
	spin_lock(&s->wait_lock);
	list_add_tail(&w.list, &s->waiters);
	for (;;) {
		set_current_state(state);
		rwsem_grant(s);		/* after the queueing; it may be for us */
		if (!w.task)
			break;
		if (signal_pending_state(state, current)) {
			list_del(&w.list);
			rwsem_grant(s);	/* a writer that leaves may have stopped readers */
			ret = -EINTR;
			break;
		}
		current->wchan = s->id.name;
		spin_unlock(&s->wait_lock);
		schedule();
		spin_lock(&s->wait_lock);
	}
	__set_current_state(TASK_RUNNING);
	spin_unlock(&s->wait_lock);
	trace_contention_end(s, ret);
	return ret;
}


static __always_inline int rwsem_write(struct rw_semaphore *s, unsigned state, bool nested)
{
	int ret = 0;
	sleep_check(&s->id, nested);
	if (unlikely(!list_empty(&s->waiters) || !rwsem_try_write(s)))
		ret = rwsem_wait(s, true, state);
	if (ret)
		return ret;
	s->owner = current;
	sleep_push(&s->id);
	return 0;
}

static noinline void rwsem_wake(struct rw_semaphore *s)
{
	spin_lock(&s->wait_lock);
	rwsem_grant(s);
	spin_unlock(&s->wait_lock);
}

void down_read(struct rw_semaphore *s)
{
	sleep_check(&s->id, false);
	if (unlikely(!list_empty(&s->waiters) || !rwsem_try_read(s)))
		rwsem_wait(s, false, TASK_UNINTERRUPTIBLE);
	sleep_push(&s->id);
}

void up_read(struct rw_semaphore *s)
{
	sleep_pop(&s->id);
	__atomic_sub_fetch(&s->count, 1, __ATOMIC_SEQ_CST);
	if (unlikely(!list_empty(&s->waiters)))
		rwsem_wake(s);
}

void down_write(struct rw_semaphore *s) { rwsem_write(s, TASK_UNINTERRUPTIBLE, false); }
void down_write_nested(struct rw_semaphore *s) { rwsem_write(s, TASK_UNINTERRUPTIBLE, true); }
int down_write_interruptible(struct rw_semaphore *s) { return rwsem_write(s, TASK_INTERRUPTIBLE, false); }

bool down_write_trylock(struct rw_semaphore *s)
{
	if (!list_empty(&s->waiters) || !rwsem_try_write(s))
		return false;
	s->owner = current;
	sleep_push(&s->id);
	return true;
}

void up_write(struct rw_semaphore *s)
{
	sleep_pop(&s->id);
	s->owner = NULL;
	__atomic_store_n(&s->count, 0, __ATOMIC_SEQ_CST);
	if (unlikely(!list_empty(&s->waiters)))
		rwsem_wake(s);
}
