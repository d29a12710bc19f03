/* Locks that sleep. Each has a rank in spinlock.h's table, checked for each task. */
#pragma once
#include "sched/sched.h"

struct lock_id {			/* what the checker knows of a sleeping lock */
	const char *name;
	u8 rank;
};
/* Many readers or one writer; fair: a waiting writer stops new readers. */
struct rw_semaphore {
	struct spinlock wait_lock;	/* guards waiters */
	int count;			/* atomic: readers; -1: a writer */
	struct list_head waiters;
	struct task_struct *owner;	/* the writer */
	struct lock_id id;
};
void init_rwsem(struct rw_semaphore *s, const char *name, enum lock_rank rank);
#define RWSEM_INIT(s, n, r) { .wait_lock = SPINLOCK_INIT(n, RANK_WAITQUEUE), .waiters = LIST_HEAD_INIT((s).waiters), .id = { n, (r) } }
#define DECLARE_RWSEM(s, r) struct rw_semaphore s = RWSEM_INIT(s, #s, r)
void down_read(struct rw_semaphore *s);
void up_read(struct rw_semaphore *s);
void down_write(struct rw_semaphore *s);
void down_write_nested(struct rw_semaphore *s);	/* a second one of the same rank */
void up_write(struct rw_semaphore *s);
int down_write_interruptible(struct rw_semaphore *s);	/* 0, -EINTR */
bool down_write_trylock(struct rw_semaphore *s);

/* A mutex is an rwsem that nobody reads. */
struct mutex {
	struct rw_semaphore sem;
};
#define MUTEX_INIT(m, r) { RWSEM_INIT((m).sem, #m, r) }
#define DEFINE_MUTEX(m, r) struct mutex m = MUTEX_INIT(m, r)
static inline void mutex_init(struct mutex *m, const char *name, enum lock_rank rank) { init_rwsem(&m->sem, name, rank); }
static inline void mutex_lock(struct mutex *m) { down_write(&m->sem); }
static inline int mutex_lock_interruptible(struct mutex *m) { return down_write_interruptible(&m->sem) ? -ERESTARTSYS : 0; }
static inline bool mutex_trylock(struct mutex *m) { return down_write_trylock(&m->sem); }
static inline void mutex_unlock(struct mutex *m) { up_write(&m->sem); }

/* ---- lock.c ---- */
void show_held_locks(struct task_struct *p);	/* to the log; spinlocks too when p is current */
#define RET_IP ((u32)(u64)__builtin_return_address(0))	/* of a place only the low half is kept */
/* For panics: "name (rank 7) at function+0x12"; what is no lock has no rank. Returns buf. */
const char *lock_text(char *buf, size_t size, const char *name, unsigned rank, u32 place);

/* ---- lock_stat.c ---- */
void lock_stat_count(const char *name, bool acquired, bool contended, u64 spins);
int lock_stat_changed(void);				/* 0, -ENOMEM */
int lock_stat_show(void (*emit)(void *ctx, const char *fmt, ...), void *ctx);	/* text of /proc/lock_stat; 0, -ENOMEM */
