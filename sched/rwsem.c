/*
 * Locks that sleep: rwsems, and mutexes, which are rwsems that are only written (lock.h).
 *
 * An rwsem is taken and given back by one atomic instruction while nobody waits. The slow ways meet under wait_lock: a
 * sleeper queues itself first and tries again then; who unlocks frees first and looks at the queue then. So one of the two
 * always sees the other. Who waits is served in order: the lock is handed to it, and no newcomer slips in between. With more
 * than one processor a moment is spent spinning before all that.
 *
 *   count    3            three readers            -1           a writer, in owner
 *   waiters  [writer] -> [reader] -> [reader]      the head is served first, readers together
 *
 * Ranks are checked as those of spinlocks are (lock.c), but the stack of held locks belongs to the task, which may go on
 * elsewhere: held_locks[], and in held_places[] where each was taken.
 *
 * Locks: wait_lock guards waiters; count is atomic; held_locks[] is its own task's only.
 * In Linux: kernel/locking/{rwsem,mutex,lockdep}.c. There it spins as long as the owner runs. Left out: priority inheritance.
 */
#include "sched/lock.h"
#include "printk.h"
#include "trace.h"

#define SLEEPS_IN_ATOMIC "may sleep with a spinlock held, preemption or interrupts off"

/* ---- ranks of the sleeping locks, for each task ---- */

/* id NULL: what is no lock, but may sleep. */
static noinline void __noreturn sleep_panic(const char *what, const struct lock_id *id, u32 place)
{
	struct task_struct *p = current;
	unsigned n = p->nr_held_sleeping;
	const struct spinlock *top = this_cpu->held[this_cpu->nr_held];
	char a[96], b[96] = "nothing";
	if (top != &irq_boundary)
		lock_text(b, sizeof(b), top->name, top->rank, top->place);
	else if (n)
		lock_text(b, sizeof(b), p->held_locks[n - 1]->name, p->held_locks[n - 1]->rank, p->held_places[n - 1]);
	panic("lock order: %s: %s while holding %s", what, lock_text(a, sizeof(a), id->name, id->rank, place), b);
}

void sleeping_in_atomic(const char *what, u64 place)
{
	sleep_panic(SLEEPS_IN_ATOMIC, &(struct lock_id){ .name = what }, place);
}

/* Before the wait, so that a deadlock is told and not only met. */
static __always_inline void sleep_check(const struct lock_id *id, bool nested)
{
	struct task_struct *p = current;
	unsigned n = p->nr_held_sleeping;
	if (unlikely(in_atomic()))
		sleep_panic(SLEEPS_IN_ATOMIC, id, RET_IP);
	if (unlikely(n && p->held_locks[n - 1]->rank >= id->rank + nested))
		sleep_panic("wrong order", id, RET_IP);
	if (unlikely(n == ARRAY_SIZE(p->held_locks)))
		sleep_panic("too many", id, RET_IP);
}

static __always_inline void sleep_push(const struct lock_id *id)
{
	struct task_struct *p = current;
	p->held_places[p->nr_held_sleeping] = RET_IP;
	p->held_locks[p->nr_held_sleeping++] = id;
	if (unlikely(lock_stat_on))
		lock_stat_count(id->name, true, false, 0);
}

/* Out of the middle, or not there. */
static noinline void sleep_pop_slow(const struct lock_id *id, u32 place)
{
	struct task_struct *p = current;
	unsigned n = p->nr_held_sleeping, i = n;
	while (i && p->held_locks[i - 1] != id)
		i--;
	if (!i)
		sleep_panic("unlock of what is not held", id, place);
	for (; i < n; i++) {
		p->held_locks[i - 1] = p->held_locks[i];
		p->held_places[i - 1] = p->held_places[i];
	}
	p->nr_held_sleeping = n - 1;
}

static __always_inline void sleep_pop(const struct lock_id *id)
{
	struct task_struct *p = current;
	unsigned n = p->nr_held_sleeping - 1;
	if (likely(n < ARRAY_SIZE(p->held_locks) && p->held_locks[n] == id))
		p->nr_held_sleeping = n;
	else
		sleep_pop_slow(id, RET_IP);
}

/* ---- rwsem, and so mutex ---- */

#define RWSEM_SPINS 20

struct waiter {
	struct list_head list;
	struct task_struct *task;	/* NULL: the lock is yours */
	bool writer;
};

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
		sleep_panic("recursion", &s->id, RET_IP);
	if (unlikely(lock_stat_on))
		lock_stat_count(s->id.name, false, true, 0);
	for (int i = 0; nr_cpus > 1 && i < RWSEM_SPINS && list_empty(&s->waiters); i++) {
		cpu_relax();		/* mostly the other processor is done before we would be asleep */
		if (writer ? rwsem_try_write(s) : rwsem_try_read(s))
			return 0;
	}
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
