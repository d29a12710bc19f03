/*
 * sched: who runs, and how to wait.
 *
 *            fork                      picked
 *   (new) ---------> TASK_RUNNING <-------------> on a CPU
 *                     ^       |                    |   |
 *            wake-up  |       | preempted, slice   |   | exit
 *                     |       +--------------------+   v
 *                 INTERRUPTIBLE, UNINTERRUPTIBLE,    ZOMBIE -> DEAD (release_task)
 *                 STOPPED, TRACED
 *
 * Invariants
 *  S1  A task is in a run queue's tree or list exactly when on_rq is 1 and it is not curr of its class.
 *  S2  State is changed to a sleeping one before the condition is looked at for the last time, so that
 *      a wake-up between look and schedule() is never lost.
 *  S3  schedule() is never called with a spinlock held or preemption disabled.
 *  S4  vruntime of a run queue's min_vruntime never goes back.
 *  S5  After a switch every register, FPU state included, is what the task left.
 *  S6  Each task is in exactly the lists that its state says: pid hash and its parent's children until
 *      release_task; ptrace and thread lists alike.
 *  S7  A runnable fair task runs within nr_running * min_granularity (or a tick, if that is more) + sched_latency.
 *  S8  A task changes its processor only in no queue and on no stack. rq->lock of p->cpu is held from before p leaves
 *      the queue until after the switch: who has it and finds on_rq 0 may take p elsewhere. While p is between two
 *      queues on_rq is TASK_ON_RQ_MIGRATING, and task_rq_lock() waits. Never are two queues locked.
 *  S9  A task runs on processors of its cpus_mask only, from the return of sched_setaffinity on.
 *  S10 A move keeps the distance of vruntime to the queue's min_vruntime.
 *
 * Locks: rq->lock (RANK_RQ, irqs off) guards run queues and task->on_rq, se, prio, policy, cpu, cpus_mask.
 *        wait_queue_head.lock guards waiters. tasklist_lock (kernel/process.h) guards the family.
 *
 * In Linux: kernel/sched/, include/linux/sched.h.
 */
#pragma once
#include "types.h"
#include "atomic.h"
#include "list.h"
#include "rbtree.h"
#include "spinlock.h"
#include "bitmap.h"
#include "asm/ptrace.h"
#include "asm/pgtable.h"
#include "uapi/errno.h"
#include "uapi/sched.h"
#include "uapi/signal.h"
#include "uapi/resource.h"

struct mm_struct;
struct files_struct;
struct fs_struct;
struct signal_struct;
struct sighand_struct;
struct cred;
struct lock_id;

#define KSTACK_SIZE 16384		/* below it one unmapped guard page */

/* Task states (p->state) and exit states (p->exit_state), Linux's numbers. */
#define TASK_RUNNING 0x0000
#define TASK_INTERRUPTIBLE 0x0001
#define TASK_UNINTERRUPTIBLE 0x0002
#define __TASK_STOPPED 0x0004
#define __TASK_TRACED 0x0008
#define EXIT_DEAD 0x0010
#define EXIT_ZOMBIE 0x0020
#define TASK_DEAD 0x0080
#define TASK_WAKEKILL 0x0100		/* or-ed to a state: fatal signals wake too */
#define TASK_NEW 0x0800
#define TASK_KILLABLE (TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)
#define TASK_STOPPED (TASK_WAKEKILL | __TASK_STOPPED)
#define TASK_TRACED (TASK_WAKEKILL | __TASK_TRACED)
#define TASK_NORMAL (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)

/* p->ti_flags: work on the way out of the kernel. */
#define TIF_NEED_RESCHED BIT(0)
#define TIF_SIGPENDING BIT(1)
#define TIF_FORCED_IRET BIT(4)		/* regs were changed so that sysret is not safe */
#define TIF_RESTORE_SIGMASK BIT(5)	/* sigsuspend: put saved_sigmask back unless a handler runs */

/* p->flags */
#define PF_KTHREAD BIT(0)
#define PF_EXITING BIT(1)
#define PF_FORKNOEXEC BIT(2)		/* has not exec'd since fork */
#define PF_SIGNALED BIT(3)		/* killed by a signal */
#define PF_IDLE BIT(6)

struct load_weight {
	u64 weight;			/* nice 0 = 1024 */
	u32 inv_weight;			/* 2^32 / weight */
};
struct sched_entity {			/* rq->lock */
	struct load_weight load;
	struct rb_node run_node;
	u64 vruntime;			/* ns, weighted */
	u64 exec_start;			/* rq clock when it was last accounted */
	u64 sum_exec_runtime;		/* ns on a CPU, ever */
	u64 prev_sum_exec_runtime;	/* at the start of this slice */
	u64 traced_exec_runtime;	/* at the last sched_stat_runtime of the trace */
	u64 moved;			/* jiffies when it came to this queue */
	bool on_rq;
};
struct sched_rt_entity {		/* rq->lock */
	struct list_head run_list;
	unsigned time_slice;		/* ticks left, RR */
};
struct sched_class;
struct fpu {				/* 64-byte aligned area of fpu_size bytes (kernel/x86/fpu.c) */
	void *state;
};
struct thread_struct {			/* the processor's part of a task */
	u64 sp;				/* kernel stack pointer while switched out (offset known to switch.asm) */
	u64 fsbase, gsbase;		/* user's, saved at switch */
	struct fpu fpu;
	u64 cr2, error_code, trap_nr;	/* of the last fault, for siginfo and the signal frame */
};
struct sigpending {
	struct list_head list;		/* struct sigqueue */
	sigset_t signal;
};
struct timer {				/* sched/timer.c; one-shot */
	struct rb_node node;
	u64 expires;			/* ktime_get() ns */
	void (*fn)(struct timer *t);	/* in interrupt context, no locks held; may re-arm */
	void *data;
	bool pending;
};

struct task_struct {
	u32 ti_flags;			/* TIF_*; atomic ops; offset known to entry.asm */
	u32 state;			/* S2 */
	void *stack;			/* lowest byte of the kernel stack */
	unsigned flags;			/* PF_*, own task only */
	int exit_state;
	atomic_t usage;			/* references; put_task_struct frees */

	/* scheduling: rq->lock */
	int prio, static_prio, normal_prio, rt_priority;	/* Linux's: 0..99 rt, 100..139 nice */
	unsigned policy;		/* SCHED_NORMAL ... */
	const struct sched_class *sched_class;
	struct sched_entity se;
	struct sched_rt_entity rt;
	unsigned cpu;			/* whose queue it is (was) on */
	DECLARE_BITMAP(cpus_mask, NR_CPUS);
	bool on_cpu;
	u8 on_rq;			/* TASK_ON_RQ_* or 0 (S1, S8) */
	u64 nvcsw, nivcsw;		/* voluntary and other switches */
	u64 utime, stime;		/* ticks of 1 ms, own tick only */
	u64 start_time;			/* ktime_get() at fork */
	u64 min_flt, maj_flt;
	const char *wchan;		/* what it sleeps on, for /proc/PID/wchan; may be NULL */
	unsigned nr_held_sleeping;	/* sleeping locks held, with their ranks, for the checker */
	const struct lock_id *held_locks[8];
	u32 held_places[8];		/* where each was taken: low half of the address */
	u64 hung_switches, hung_since;	/* kernel/watchdog.c: nvcsw + nivcsw when it was last seen to change, and when that was */

	struct mm_struct *mm, *active_mm;	/* mm NULL: kernel thread, active_mm is borrowed */
	/* family: tasklist_lock */
	pid_t pid, tgid, ppid;			/* ppid: tgid of real_parent, to be read without the lock */
	struct task_struct *real_parent, *parent, *group_leader;
	struct list_head children, sibling;
	struct list_head tasks;			/* all thread group leaders, from init_task */
	struct list_head thread_group;		/* threads of the group, circular */
	struct hlist_node pid_hash;
	struct hlist_node pgrp_node, session_node;	/* unused walls may stay empty */
	struct completion *vfork_done;
	int exit_code, exit_signal, pdeath_signal;

	/* what fork shares or copies */
	const struct cred *cred;
	struct fs_struct *fs;
	struct files_struct *files;
	struct signal_struct *signal;
	struct sighand_struct *sighand;

	/* signals: sighand->siglock */
	sigset_t blocked, saved_sigmask, real_blocked;	/* real_blocked: while sigtimedwait waits for some of them */
	struct sigpending pending;
	u64 sas_ss_sp;
	size_t sas_ss_size;
	unsigned sas_ss_flags;
	struct { int type; u64 arg[5]; u64 deadline; } restart;	/* for restart_syscall */

	int __user *set_child_tid, *clear_child_tid;
	struct thread_struct thread;
	char comm[16];
	int fail_nth;			/* fault injection: >0 counts down, the allocation at 1 fails */
	struct timer real_sleep;	/* for schedule_timeout */
	void *kthread;			/* struct kthread of a kernel thread */
	unsigned personality;
};

/* ---- the run queue (private to sched/, here for ct-runqueue and /proc/sched_debug) ---- */
struct cfs_rq {
	struct load_weight load;
	unsigned nr_running, h_nr_idle;
	u64 min_vruntime;			/* S4 */
	struct rb_root_cached tasks_timeline;
	struct sched_entity *curr, *next, *skip;
};
#define TASK_ON_RQ_QUEUED 1
#define TASK_ON_RQ_MIGRATING 2			/* between two queues: task_rq_lock() waits */
#define MAX_RT_PRIO 100
struct rt_rq {
	DECLARE_BITMAP(active, MAX_RT_PRIO);
	struct list_head queue[MAX_RT_PRIO];
	unsigned nr_running;
	int curr_prio;				/* of the real-time task that runs; MAX_RT_PRIO: none does */
	u64 period_start, rt_time;		/* ns of the clock, ns used since then */
	bool throttled;
};
struct rq {
	struct spinlock lock;
	unsigned cpu, nr_running;
	u64 clock;				/* ns, set by update_rq_clock */
	u64 nr_switches;
	struct task_struct *curr, *idle;
	struct cfs_rq cfs;
	struct rt_rq rt;
	struct mm_struct *prev_mm;		/* while switching: to be dropped after it */
	long nr_uninterruptible;		/* asleep in TASK_UNINTERRUPTIBLE, for the load average */
	u64 next_balance;			/* by the clock */
	bool must_leave;			/* curr may not stay (S9) */
} __aligned(64);			/* a cache line is one processor's */
struct sched_class {
	const char *name;
	const struct sched_class *next;		/* asked after this one has nothing */
	void (*enqueue_task)(struct rq *rq, struct task_struct *p, int flags);
	void (*dequeue_task)(struct rq *rq, struct task_struct *p, int flags);
	void (*yield_task)(struct rq *rq);
	void (*check_preempt_curr)(struct rq *rq, struct task_struct *p);
	struct task_struct *(*pick_next_task)(struct rq *rq);
	void (*put_prev_task)(struct rq *rq, struct task_struct *p);
	void (*set_next_task)(struct rq *rq, struct task_struct *p);
	void (*task_tick)(struct rq *rq, struct task_struct *p);
	void (*task_fork)(struct rq *rq, struct task_struct *p);
	void (*switched_to)(struct rq *rq, struct task_struct *p);
	void (*update_curr)(struct rq *rq);
};
#define WAKE_SYNC 0x80000000u	/* in the state of a wake-up: the waker sleeps soon, need not be preempted */
#define ENQUEUE_WAKEUP 1
#define ENQUEUE_NEW 2
#define DEQUEUE_SLEEP 1
extern const struct sched_class rt_sched_class, fair_sched_class, idle_sched_class;
extern struct rq runqueues[NR_CPUS];
extern const int sched_prio_to_weight[40];
extern u64 sysctl_sched_latency, sysctl_sched_min_granularity, sysctl_sched_wakeup_granularity;	/* ns */

#define NICE_TO_PRIO(n) ((n) + 120)
#define PRIO_TO_NICE(p) ((p) - 120)
static inline int task_nice(const struct task_struct *p) { return PRIO_TO_NICE(p->static_prio); }

u64 ktime_get(void);				/* ns since boot, monotonic */

/* ---- core.c ---- */
void sched_init(void);				/* run queues; makes the boot context CPU 0's idle task */
void init_idle(struct task_struct *p, unsigned cpu);	/* fork_idle of kernel/task.c calls it for the others */
void sched_fork(struct task_struct *p);		/* fills the scheduler's fields of a copied task; state TASK_NEW */
void wake_up_new_task(struct task_struct *p);
/* Gives up the CPU. => preemption enabled, no spinlock held (S3); returns when chosen again */
void schedule(void);
void preempt_schedule_irq(void);		/* end of an interrupt in preemptible kernel code; irqs off before and after */
void schedule_tail(struct task_struct *prev);	/* first code of a new task, called by ret_from_fork */
/* Makes p runnable if its state is in the mask; returns whether it did. Any context. => may hold anything below RANK_RQ */
bool try_to_wake_up(struct task_struct *p, unsigned state);
bool wake_up_process(struct task_struct *p);	/* TASK_NORMAL */
void resched_curr(struct rq *rq);
void scheduler_tick(void);			/* 1000 Hz, irqs off, from the timer interrupt */
void yield(void);
/* Sleeps in the state already set, until woken or ns have passed (~0: for ever); returns ns left, 0 when it timed out. */
u64 schedule_timeout_ns(u64 ns);
void cpu_idle(void) __noreturn;			/* PID 0's loop */
/* As set_current_state, for the states that nothing but its own event may end: a late wake-up for the last sleep could. */
void set_special_state(unsigned state);
void sched_debug_show(void (*emit)(void *ctx, const char *fmt, ...), void *ctx);	/* text of /proc/sched_debug */
void set_load_weight(struct task_struct *p);	/* fair.c */
void rt_throttle_tick(struct rq *rq);		/* rt.c */
static inline void set_tsk_thread_flag(struct task_struct *p, u32 f) { __atomic_or_fetch(&p->ti_flags, f, __ATOMIC_SEQ_CST); }
static inline void clear_tsk_thread_flag(struct task_struct *p, u32 f) { __atomic_and_fetch(&p->ti_flags, ~f, __ATOMIC_SEQ_CST); }
static inline bool test_tsk_thread_flag(struct task_struct *p, u32 f) { return READ_ONCE(p->ti_flags) & f; }
#define set_current_state(s) __atomic_store_n(&current->state, (s), __ATOMIC_SEQ_CST)
#define __set_current_state(s) WRITE_ONCE(current->state, (s))

/* ---- policy.c ---- */
/* From now on p runs on these processors only, of which one is online. => may sleep */
void set_cpus_allowed(struct task_struct *p, u64 mask);
void set_user_nice(struct task_struct *p, int nice);
bool sched_policy_valid(int policy, int rt_priority);
int sched_setscheduler(struct task_struct *p, int policy, int rt_priority);	/* 0, -EINVAL */

/* ---- cputime.c ---- */
u64 task_sched_runtime(struct task_struct *p);	/* ns, running part included */
void task_cputime_adjusted(struct task_struct *p, u64 *utime_ns, u64 *stime_ns);	/* ticks scaled to sum_exec_runtime */
unsigned long nr_running(void), nr_context_switches(void);
extern u64 avenrun[3];				/* load average, 11 bits of fraction, as Linux */
void account_process_tick(struct task_struct *p);	/* from the tick: books 1 ms to what it interrupted */
void calc_load_tick(void);			/* from processor 0's tick */

/* ---- balance.c ---- */
static inline bool cpu_allowed(const struct task_struct *p, unsigned cpu) { return p->cpus_mask[0] >> cpu & 1; }
/* The processor where p should run: woken (WAKE_SYNC), or ENQUEUE_NEW. => the lock of p's queue */
unsigned select_task_rq(struct task_struct *p, unsigned flags);
/* Takes p, which is in no queue, from rq to the queue of cpu; that one is locked then instead of rq. => irqs off */
struct rq *move_task(struct rq *rq, struct task_struct *p, unsigned cpu);
void load_balance(struct rq *rq, bool idle);	/* this processor's takes work from others. => irqs off, no rq->lock */
/* core.c, for the rest of the room */
/* The locked queue that p is on; flags for spin_unlock_irqrestore. */
struct rq *task_rq_lock(struct task_struct *p, u64 *flags);
void enqueue_task(struct rq *rq, struct task_struct *p, int flags);	/* this and the next two: => rq->lock */
void check_preempt_curr(struct rq *rq, struct task_struct *p);	/* p is new in rq: asks curr to go if p comes first */
void dequeue_task(struct rq *rq, struct task_struct *p, int flags);
void attach_task(struct rq *rq, struct task_struct *p);	/* p has come to rq from another queue. => rq->lock */
/* By the clock of whoever does it: the classes know that it may go back a little. */
static inline void update_rq_clock(struct rq *rq) { rq->clock = ktime_get(); }

/* switch.asm: saves rbx rbp r12-r15 and rsp of prev, loads next's; returns prev in next's context. */
struct task_struct *__switch_to_asm(struct task_struct *prev, struct task_struct *next);

/* ---- wait.c: wait queues ---- */
struct wait_queue_entry;
typedef int (*wait_queue_func_t)(struct wait_queue_entry *w, unsigned mode, void *key);
#define WQ_FLAG_EXCLUSIVE 1
struct wait_queue_entry {
	unsigned flags;
	void *private;			/* the task, for autoremove_wake_function */
	wait_queue_func_t func;
	struct list_head entry;
};
struct wait_queue_head {
	struct spinlock lock;
	struct list_head head;
};
#define WAIT_QUEUE_HEAD_INIT(n) { SPINLOCK_INIT(#n, RANK_WAITQUEUE), LIST_HEAD_INIT((n).head) }
#define DECLARE_WAIT_QUEUE_HEAD(n) struct wait_queue_head n = WAIT_QUEUE_HEAD_INIT(n)
void init_waitqueue_head(struct wait_queue_head *wq);
void init_wait_entry(struct wait_queue_entry *w);		/* current, autoremove */
void init_waitqueue_func_entry(struct wait_queue_entry *w, wait_queue_func_t fn);
void add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *w);
void remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *w);
void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *w, unsigned state);
void prepare_to_wait_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *w, unsigned state);
void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *w);
int autoremove_wake_function(struct wait_queue_entry *w, unsigned mode, void *key);
/* Wakes all non-exclusive waiters in mode and up to nr exclusive ones (0: all). key goes to the functions (poll events). */
void __wake_up(struct wait_queue_head *wq, unsigned mode, int nr, void *key);
static inline bool waitqueue_active(struct wait_queue_head *wq) { return !list_empty(&wq->head); }
#define wake_up(wq) __wake_up(wq, TASK_NORMAL, 1, NULL)
#define wake_up_all(wq) __wake_up(wq, TASK_NORMAL, 0, NULL)
#define wake_up_interruptible(wq) __wake_up(wq, TASK_INTERRUPTIBLE, 1, NULL)
#define wake_up_interruptible_all(wq) __wake_up(wq, TASK_INTERRUPTIBLE, 0, NULL)
#define wake_up_interruptible_poll(wq, ev) __wake_up(wq, TASK_INTERRUPTIBLE, 1, (void *)(u64)(ev))
#define ___wait_event(wq, cond, state)                                                             \
	({                                                                                         \
		struct wait_queue_entry _w;                                                        \
		int _ret = 0;                                                                      \
		init_wait_entry(&_w);                                                              \
		do {                                                                               \
			prepare_to_wait(wq, &_w, state);                                           \
			if (cond) break;                                                           \
			if (signal_pending_state(state, current)) { _ret = -ERESTARTSYS; break; }  \
			current->wchan = __func__;                                                 \
			schedule();                                                                \
		} while (!(cond));                                                                 \
		finish_wait(wq, &_w);                                                              \
		_ret;                                                                              \
	})
#define wait_event(wq, cond) do { if (!(cond)) (void)___wait_event(wq, cond, TASK_UNINTERRUPTIBLE); } while (0)
/* 0, or -ERESTARTSYS when a signal came first. */
#define wait_event_interruptible(wq, cond) ((cond) ? 0 : ___wait_event(wq, cond, TASK_INTERRUPTIBLE))

struct completion {
	unsigned done;
	struct wait_queue_head wait;
};
void init_completion(struct completion *c);
void complete(struct completion *c);
void complete_all(struct completion *c);
void wait_for_completion(struct completion *c);
int wait_for_completion_killable(struct completion *c);	/* 0, -ERESTARTSYS */

/* ---- rwsem.c: mutex and rwsem (sched/lock.h has them) ---- */

/* ---- timer.c ---- */
u64 ktime_get_real(void);			/* ns since 1970 */
void ktime_set_real(u64 ns);
void timer_setup(struct timer *t, void (*fn)(struct timer *), void *data);
void timer_start(struct timer *t, u64 expires_ns);	/* absolute ktime; re-arms a pending one */
bool timer_cancel(struct timer *t);		/* whether it was pending; on return fn is not running */
void run_timers(void);				/* from the tick */
extern u64 jiffies;				/* ticks since boot, 1000 Hz */
#define HZ 1000
#define USER_HZ 100

/* ---- kthread.c ---- */
struct task_struct *kthread_create(int (*fn)(void *), void *data, const char *fmt, ...) __printf(3, 4);	/* ERR_PTR */
#define kthread_run(fn, data, ...)		/* the same, running */                                    \
	({                                                                                         \
		struct task_struct *_k = kthread_create(fn, data, __VA_ARGS__);                    \
		if (!IS_ERR(_k)) wake_up_process(_k);                                              \
		_k;                                                                                \
	})
bool kthread_should_stop(void);
int kthread_stop(struct task_struct *k);	/* fn's return value */
int kthreadd(void *unused);			/* PID 2 */
extern struct task_struct *kthreadd_task;

/*
 * Doors: called upward from here.
 *   The switch: switch_mm, mmgrab, mmdrop of mm/mm.h; switch_to_extra (FS, GS, kernel stack, FPU) of kernel/x86.
 *   Signals and death: signal_pending_state, do_exit, put_task_struct (the last one frees the dead task).
 *   Kernel threads: kernel_thread of kernel/fork.c. The tick: run_posix_cpu_timers of kernel/time.c.
 *   Who is stuck: watchdog_tick and watchdog_backtrace of kernel/watchdog.c.
 *   Tables of lock_stat.c: kmalloc, kfree of mm/mm.h.
 *   PID 0: init_task of kernel/task.c.
 */
void switch_mm(struct mm_struct *prev, struct mm_struct *next);
void mmgrab(struct mm_struct *mm);
void mmdrop(struct mm_struct *mm);
void switch_to_extra(struct task_struct *prev, struct task_struct *next);
bool signal_pending(struct task_struct *p);
bool signal_pending_state(unsigned state, struct task_struct *p);
void do_exit(int code) __noreturn;
void put_task_struct(struct task_struct *p);
pid_t kernel_thread(int (*fn)(void *), void *arg, u64 flags);
void run_posix_cpu_timers(struct task_struct *p);
void watchdog_tick(void);
void watchdog_backtrace(unsigned cpu);
static inline struct task_struct *get_task_struct(struct task_struct *p) { atomic_inc(&p->usage); return p; }
extern struct task_struct init_task;		/* PID 0 of CPU 0 (kernel/task.c) */
