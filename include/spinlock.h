/*
 * Spinlocks with ranks. Holding one disables preemption. Every acquire checks the order:
 * a CPU may take a lock only of a higher rank than all it holds (docs/locking.md is this table).
 * Sleeping locks (sched/lock.h) have ranks in the same table, all below the spinlocks.
 */
#pragma once
#include "asm/cpu.h"

enum lock_rank {			/* taken first */
	/* sleeping locks, checked for each task */
	RANK_EXEC = 1,			/* signal->cred_guard_mutex: exec opens and closes files under it */
	RANK_TTY,			/* tty->termios_sem, ldisc read and write mutexes */
	RANK_RENAME,			/* s_rename_mutex: one cross-directory rename at a time */
	RANK_F_POS,			/* file->f_pos_lock */
	RANK_MOUNT,			/* mount_sem: /proc/mounts is made by a read */
	RANK_I_RWSEM,			/* inode->i_rwsem; parent before child by _nested */
	RANK_PIPE,			/* pipe->mutex */
	RANK_MMAP,			/* mm->mmap_lock */
	RANK_MISC_MUTEX,		/* leaf mutexes */
	RANK_I_MMAP,			/* mapping->i_mmap_rwsem: the VMAs that map a file */
	/* spinlocks */
	RANK_TASKLIST = 33,		/* tasklist_lock: family links, pid hash, exit */
	RANK_SIGHAND,			/* sighand->siglock */
	RANK_FILES,			/* files->file_lock */
	RANK_DCACHE,			/* dcache_lock: dentry tree and hash */
	RANK_PAGE_TABLE,		/* mm->page_table_lock */
	RANK_MAPPING,			/* mapping->tree_lock: page cache tree */
	RANK_TTY_BUF,			/* tty input buffer, fb screen state */
	RANK_MISC,			/* leaf data of one file */
	RANK_VMALLOC,			/* vmalloc areas */
	RANK_SLAB,			/* cache->lock */
	RANK_ZONE,			/* buddy lists */
	RANK_WAITQUEUE,			/* wait_queue_head.lock, inside mutex and rwsem too */
	RANK_TIMER,			/* timer tree */
	RANK_RQ,			/* run queue */
	RANK_CONSOLE,			/* serial port, screen */
	RANK_LOG,			/* log ring */
	RANK_TRACE,			/* trace ring: taken under anything, takes nothing */
};

/* place and first_place are low halves of return addresses. rank_off is compared when interrupts are off, rank_on by plain
 * spin_lock, each by context: [0] task, [1] interrupt. 0 sends the acquire the slow way, which finds out whether the
 * lock is one that interrupts take or one that is held with interrupts on: it can't be both (sched/lock.c). */
struct spinlock {
	union {
		u32 word;		/* 0: free */
		struct { u8 owner, hungry; };	/* processors + 1: who holds it, who has waited too long */
	};
	u32 place, first_place;		/* of the last acquire; of the first that decided what kind it is */
	union {
		u8 rank;		/* enum lock_rank */
		u8 rank_off[2];
	};
	u8 rank_on[2];
	u8 zero[4];			/* what rank_off and rank_on read while statistics are on */
	const char *name;
};
#define LOCK_CTX_STAT 4			/* from rank_off and rank_on into zero */
#define SPINLOCK_INIT(n, r) { .rank_off = { (r) }, .name = (n) }
#define DEFINE_SPINLOCK(var, r) struct spinlock var = SPINLOCK_INIT(#var, r)
static inline void spin_lock_init(struct spinlock *l, const char *name, enum lock_rank rank)
{
	*l = (struct spinlock)SPINLOCK_INIT(name, rank);
}

/* Panics on wrong order, recursion, use in interrupts and with interrupts on, or (unlock) a lock not held. */
void spin_lock(struct spinlock *l);
void spin_unlock(struct spinlock *l);
u64 spin_lock_irqsave(struct spinlock *l);	/* returns flags for unlock */
void spin_unlock_irqrestore(struct spinlock *l, u64 flags);
void spin_unlock_no_resched(struct spinlock *l);	/* the scheduler's: does not look at need_resched */
void spin_lock_irq(struct spinlock *l);
void spin_unlock_irq(struct spinlock *l);
bool spin_is_held(const struct spinlock *l);	/* by this CPU */
bool spin_irq_lock_held(void);

/* An interrupt's locks are a stack of their own above those of the task (sched/lock.c). do_irq calls the pair;
 * interrupts do not nest. */
extern struct spinlock irq_boundary;
extern int lock_stat_on;		/* sched/lock_stat.c */
static __always_inline unsigned spin_irq_enter(void)
{
	unsigned n = this_cpu->nr_held;

	this_cpu->held[n + 2] = &irq_boundary;
	this_cpu->nr_held = n + 2;
	this_cpu->lock_ctx = (lock_stat_on ? LOCK_CTX_STAT : 0) + 1;
	return n;
}
static __always_inline void spin_irq_exit(unsigned n)
{
	this_cpu->nr_held = n;
	this_cpu->lock_ctx--;
}
void spin_cpu_init(struct cpu *c);		/* before it takes any lock */

/* Preemption. preempt_enable reschedules when a wake-up asked for it meanwhile. */
void preempt_schedule(void);	/* switches if asked to and if preemption and interrupts are on */
bool need_resched(void);
static __always_inline void preempt_disable(void) { percpu_inc32(preempt_count); }
static __always_inline void preempt_enable_no_resched(void) { percpu_dec32(preempt_count); }
static __always_inline void preempt_enable(void)
{
	barrier();
	if (!--this_cpu->preempt_count)
		preempt_schedule();
}
/* True where nothing may sleep: a spinlock is held, preemption or interrupts are off. Boot may, until the first tick. */
extern u64 jiffies;
static __always_inline bool in_atomic(void) { return this_cpu->preempt_count || (irqs_disabled() && jiffies); }
/* For what may sleep, at its beginning: panics where it must not. */
void __noreturn sleeping_in_atomic(const char *what, u64 place);
static __always_inline void might_sleep(const char *what)
{
	if (unlikely(in_atomic()))
		sleeping_in_atomic(what, (u64)__builtin_return_address(0));
}
