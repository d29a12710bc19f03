/*
 * Spinlocks, which hold the processor, and the check of their order. Locks that sleep are in rwsem.c.
 *
 * Deadlock needs a circle of waiters, and a circle needs one lock taken against the order. So every lock has a rank
 * (spinlock.h) and every acquire looks at the last lock taken: ranks only rise. held[] of struct cpu is this
 * processor's stack of spinlocks, held_locks[] of a task its stack of sleeping locks.
 *
 *   cpu->held   [ tasklist_lock 32 ][ siglock 33 ][ (gap) ][ interrupt 0 ][ timer_lock ]
 *                 the task's                        an interrupt's: a new stack above a boundary of rank 0
 *
 * The gap is for an interrupt that comes between the two writes of an acquire. Order is checked inside each context
 * only: an interrupt may come while any lock is held that interrupts do not take. Whether they take it the lock itself
 * remembers: its rank_off and rank_on (spinlock.h) hold 0 for a use that was not seen yet. So the fast way is one
 * comparison for order, for the kind of use and for statistics, and all else is spin_take_slow().
 *
 * A spinlock's word is its owner, so that who waits can tell whom it waits for. It goes to whoever comes first; who has
 * waited too long puts its number into `hungry`, and then nobody else takes the lock before it does. (Tickets would be
 * fairer, but cost 2 % of the hot paths, and on a virtual machine the next in line may not even be running.)
 *
 * In Linux: kernel/locking/{spinlock,lockdep}.c, queued spinlocks in qspinlock.c.
 */
#include "sched/lock.h"
#include "kallsyms.h"
#include "printk.h"
#include "string.h"

#define HUNGRY_SPINS 20000
#define LOCKUP_NS (10 * NSEC_PER_SEC)
#define KERNEL_HALF 0xffffffff00000000UL

struct spinlock irq_boundary = SPINLOCK_INIT("interrupt", 0);

void spin_cpu_init(struct cpu *c)
{
	c->lock_id = c->id + 1;
	c->held[0] = &irq_boundary;
}

const char *lock_text(char *buf, size_t size, const char *name, unsigned rank, u32 place)
{
	u64 off = 0;
	const char *fn = place ? kallsyms_lookup(KERNEL_HALF | place, &off) : NULL;
	int n = scnprintf(buf, size, rank ? "%s (rank %u)" : "%s", name, rank);
	snprintf(buf + n, size - n, fn ? " at %s+%#lx" : " at %s%#lx", fn ? fn : "", fn ? off : (u64)place);
	return buf;
}

/* other: the lock that what is wrong has to do with, or NULL. */
static noinline void __noreturn lock_panic(const char *what, const struct spinlock *l, u32 place, const struct spinlock *other, u32 at)
{
	char a[96], b[96] = "none";
	if (other && other != &irq_boundary)
		lock_text(b, sizeof(b), other->name, other->rank, at);
	panic("lock order: %s: %s while holding %s", what, lock_text(a, sizeof(a), l->name, l->rank, place), b);
}

static __always_inline bool spin_try(struct spinlock *l, u32 seen)
{
	return __atomic_compare_exchange_n(&l->word, &seen, this_cpu->lock_id, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static __always_inline void spin_push(struct spinlock *l, unsigned long n, u32 place)
{
	l->place = place;
	this_cpu->held[n + 1] = l;	/* an interrupt here leaves this slot alone */
	barrier();
	percpu_inc32(nr_held);
}

/* Who holds it does not give it back: says so, once. Where the log is in the way, it's the end. */
static noinline void spin_lockup(struct spinlock *l, u32 place)
{
	static bool told;
	char a[96], b[96];
	unsigned top = this_cpu->held[this_cpu->nr_held]->rank;
	if (max_t(unsigned, top, l->rank) >= RANK_CONSOLE)
		lock_panic("lockup", l, place, l, l->place);
	if (__atomic_exchange_n(&told, true, __ATOMIC_SEQ_CST))
		return;
	pr_emerg("BUG: spinlock lockup on CPU#%u, %s:%d: %s, held by CPU#%d: %s\n", smp_processor_id(), current->comm, current->pid,
		 lock_text(a, sizeof(a), l->name, l->rank, place), READ_ONCE(l->owner) - 1, lock_text(b, sizeof(b), l->name, l->rank, l->place));
	dump_stack();
	watchdog_backtrace(READ_ONCE(l->owner) - 1);
}

/* Until it is ours; returns how often we looked. */
static noinline u64 spin_wait(struct spinlock *l, u32 place)
{
	u32 me = this_cpu->lock_id;
	u64 since = 0, spins = 0;
	for (;; cpu_relax()) {
		u32 seen = READ_ONCE(l->word);
		if (!(seen & 0xff) && (!seen || seen >> 8 == me) && spin_try(l, seen))
			return spins;
		if ((seen & 0xff) == me)
			lock_panic("recursion", l, place, l, l->place);
		if (++spins % HUNGRY_SPINS)
			continue;
		if (!(seen >> 8))
			__atomic_compare_exchange_n(&l->word, &seen, seen | me << 8, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
		if (unlikely(panicking()))
			return spins;
		if (!since)
			since = ktime_get();
		else if (ktime_get() - since > LOCKUP_NS)
			spin_lockup(l, place);
	}
}

/* What l is used for first: by interrupts, or by tasks with interrupts on. The other use is a deadlock one day: the
 * interrupt that comes while its own processor holds l waits for ever. The mark is made by who has the lock. */
static void spin_check_kind(struct spinlock *l, u32 place, bool mark)
{
	bool irq = this_cpu->lock_ctx & 1;
	u8 *mine = irq ? &l->rank_off[1] : &l->rank_on[0];
	if (*mine || (!irq && irqs_disabled()))
		return;
	if (irq ? l->rank_on[0] : l->rank_off[1])
		lock_panic(irq ? "taken in an interrupt, elsewhere with interrupts on" : "taken with interrupts on, elsewhere in an interrupt",
			   l, place, l, l->first_place);
	if (!mark)
		return;
	l->first_place = place;
	*mine = l->rank;
	if (irq)
		l->rank_on[1] = l->rank;
}

/* The rest of an acquire when one of these is in doubt: the order, the kind of use, whether it's free; and statistics.
 * All in one, with the caller's flags passed through: so the fast way saves no register. */
static noinline u64 spin_take_slow(struct spinlock *l, u32 place, u64 flags)
{
	unsigned n = this_cpu->nr_held;
	const struct spinlock *top = this_cpu->held[n];
	if (unlikely(panicking()))	/* the last words come through every lock */
		return flags;
	if (spin_is_held(l))
		lock_panic("recursion", l, place, l, l->place);
	if (top->rank >= l->rank)
		lock_panic("wrong order", l, place, top, top->place);
	if (n >= MAX_HELD_LOCKS - 2)
		lock_panic("too many", l, place, top, top->place);
	spin_check_kind(l, place, false);
	u64 spins = spin_try(l, 0) ? 0 : spin_wait(l, place);
	spin_check_kind(l, place, true);
	if (unlikely(lock_stat_on))
		lock_stat_count(l->name, true, spins, spins);
	spin_push(l, n, place);
	return flags;
}

static __always_inline u64 spin_take(struct spinlock *l, const u8 *ranks, u64 flags)
{
	preempt_disable();
	unsigned long n = this_cpu->nr_held;
	if (likely(this_cpu->held[n]->rank < ranks[this_cpu->lock_ctx]) && likely(spin_try(l, 0)))
		spin_push(l, n, RET_IP);
	else
		return spin_take_slow(l, RET_IP, flags);
	return flags;
}

/* l is not the last one taken: takes it out of the middle. */
static noinline u64 spin_give_slow(struct spinlock *l, u32 place, u64 flags)
{
	unsigned n = this_cpu->nr_held, i = n;
	if (unlikely(panicking()))
		return flags;
	while (this_cpu->held[i] != l && this_cpu->held[i] != &irq_boundary)
		i--;
	if (this_cpu->held[i] != l)
		lock_panic("unlock of what is not held", l, place, this_cpu->held[n], this_cpu->held[n]->place);
	for (; i < n; i++)
		this_cpu->held[i] = this_cpu->held[i + 1];
	percpu_dec32(nr_held);
	__atomic_store_n(&l->owner, 0, __ATOMIC_RELEASE);
	return flags;
}

static __always_inline u64 spin_give(struct spinlock *l, u64 flags)
{
	unsigned n = this_cpu->nr_held;
	if (unlikely(this_cpu->held[n] != l))
		return spin_give_slow(l, RET_IP, flags);
	percpu_dec32(nr_held);
	__atomic_store_n(&l->owner, 0, __ATOMIC_RELEASE);
	return flags;
}

/* preempt_enable of spinlock.h, with the usual answer near. */
static __always_inline void spin_preempt_enable(void)
{
	barrier();
	if (!--this_cpu->preempt_count && unlikely(test_tsk_thread_flag(current, TIF_NEED_RESCHED)))
		preempt_schedule();
}

void spin_lock(struct spinlock *l) { spin_take(l, l->rank_on, 0); }

void spin_unlock(struct spinlock *l)
{
	spin_give(l, 0);
	spin_preempt_enable();
}

/* For the scheduler: as spin_unlock, but never calls schedule(). */
void spin_unlock_no_resched(struct spinlock *l)
{
	spin_give(l, 0);
	preempt_enable_no_resched();
}

u64 spin_lock_irqsave(struct spinlock *l)
{
	return spin_take(l, l->rank_off, local_irq_save());
}

void spin_unlock_irqrestore(struct spinlock *l, u64 flags)
{
	local_irq_restore(spin_give(l, flags));
	spin_preempt_enable();
}

void spin_lock_irq(struct spinlock *l)
{
	local_irq_disable();
	spin_take(l, l->rank_off, 0);
}

void spin_unlock_irq(struct spinlock *l)
{
	spin_give(l, 0);
	local_irq_enable();
	spin_preempt_enable();
}

bool spin_is_held(const struct spinlock *l) { return READ_ONCE(l->owner) == this_cpu->lock_id; }

/* Does this processor hold a lock that interrupts take? Who waits for another processor must not (X1). */
bool spin_irq_lock_held(void)
{
	for (unsigned i = this_cpu->nr_held; this_cpu->held[i] != &irq_boundary; i--)
		if (this_cpu->held[i]->rank_off[1])
			return true;
	return false;
}

void show_held_locks(struct task_struct *p)
{
	char a[96];
	for (unsigned i = this_cpu->nr_held; p == current && i > 0; i--) {
		const struct spinlock *l = this_cpu->held[i];
		if (l == &irq_boundary)
			i--;		/* and the gap below it */
		else
			pr_emerg("holds spinlock %s\n", lock_text(a, sizeof(a), l->name, l->rank, l->place));
	}
	for (unsigned i = 0; i < p->nr_held_sleeping && i < ARRAY_SIZE(p->held_locks); i++)
		pr_emerg("holds %s\n", lock_text(a, sizeof(a), p->held_locks[i]->name, p->held_locks[i]->rank, p->held_places[i]));
}
