/*
 * kernel: the life of a process, and the doors into the kernel.
 *
 *   fork: copy_process = copy_creds, copy_files, copy_fs, copy_sighand, copy_signal, copy_mm, copy_thread, pid
 *   exec: linux_binprm -> binfmts in turn -> point of no return -> new mm
 *   exit: exit_mm, files, fs, signals to parent -> ZOMBIE -> wait -> release_task
 *
 * Invariants
 *  P1  A pid is in use exactly while a task has it as pid, or as process group or session of some task.
 *  P2  Every task but PID 0 has a parent; orphans belong to a thread of the group, else to init.
 *  P3  A zombie holds only its task_struct, signal_struct, sighand_struct, cred, kernel stack and pid.
 *  P4  exec fails with everything as it was, or succeeds; past the point of no return failure kills.
 *  P5  A signal that is blocked or ignored never interrupts a sleep.
 *  P6  A user frame (sigreturn, ptrace, execve) never raises privilege: cs, ss, eflags are filtered.
 *
 * Locks: tasklist_lock (spin, irqs off) > sighand->siglock (irqs off). tasklist_lock guards family links, the pid
 *        hash, pgrp and session numbers, exit_state.
 *
 * In Linux: kernel/{fork,exit,signal,pid}.c, fs/exec.c, arch/x86/kernel/signal.c.
 */
#pragma once
#include "sched/lock.h"
#include "uapi/wait.h"
#include "uapi/capability.h"

#define PID_MAX_DEFAULT 32768
#define CAP_FULL_SET (BIT(CAP_LAST_CAP + 1) - 1)
#define NGROUPS_MAX 32			/* In Linux 65536 */

struct cred {				/* never changed after it is published: copy, change, replace */
	atomic_t usage;
	uid_t uid, suid, euid, fsuid;
	gid_t gid, sgid, egid, fsgid;
	u64 cap_inheritable, cap_permitted, cap_effective;
	bool keep_caps, no_new_privs;
	unsigned ngroups;
	gid_t groups[NGROUPS_MAX];
};
struct k_sigaction {
	struct sigaction sa;
};
struct sighand_struct {
	struct spinlock siglock;	/* guards action, and signal->shared_pending, p->pending, p->blocked */
	atomic_t count;
	struct k_sigaction action[_NSIG];
};
struct usage {
	u64 utime_ns, stime_ns, min_flt, maj_flt, nvcsw, nivcsw;
	u64 maxrss;			/* pages, the largest */
};
struct tty_struct;
struct signal_struct {			/* one for a thread group */
	atomic_t sigcnt;		/* tasks that hold it; frees at 0 */
	atomic_t live;			/* threads not yet exiting */
	struct sigpending shared_pending;
	int group_exit_code;
	int group_stop_count;
	unsigned flags;			/* SIGNAL_* */
	struct wait_queue_head wait_chldexit;
	pid_t pgrp, session;		/* tasklist_lock */
	bool leader;			/* session leader */
	bool is_child_subreaper;
	struct tty_struct *tty;		/* controlling terminal, tty_mutex-free: tasklist_lock */
	struct rlimit rlim[RLIM_NLIMITS];
	u64 maxrss;			/* pages; of mms that it has left */
	struct usage children;		/* those that were waited for, and theirs */
	struct timer real_timer;	/* ITIMER_REAL */
	u64 it_real_incr;
	struct { u64 expires, incr; } it_cpu[2];	/* ITIMER_VIRTUAL, ITIMER_PROF: ns of CPU time */
	struct mutex cred_guard_mutex;	/* exec */
	int oom_score_adj;
	unsigned nr_sigqueue;		/* siglock: queued infos, against RLIMIT_SIGPENDING. In Linux counted per user */
};
#define SIGNAL_STOP_STOPPED 1
#define SIGNAL_STOP_CONTINUED 2
#define SIGNAL_GROUP_EXIT 4
#define SIGNAL_UNKILLABLE 8		/* init: signals without a handler are ignored */
#define SIGNAL_CLD_STOPPED 16		/* a stop that was cut short, or */
#define SIGNAL_CLD_CONTINUED 32		/* a continue: the task itself tells its parent when it runs (do_signal) */

extern struct spinlock tasklist_lock;
extern struct task_struct *init_process;	/* PID 1 */
extern atomic_long_t nr_tasks, total_forks;
#define for_each_process(p) for (p = list_entry(init_task.tasks.next, struct task_struct, tasks); p != &init_task; p = list_entry(p->tasks.next, struct task_struct, tasks))

/* pid.c */
pid_t alloc_pid(void);					/* -EAGAIN when none is free */
void attach_pid(struct task_struct *p);			/* hash; => tasklist_lock */
void detach_pid(struct task_struct *p);
struct task_struct *find_task_by_pid(pid_t pid);	/* => tasklist_lock; any thread */
struct task_struct *get_task_by_pid(pid_t pid);		/* referenced, takes the lock; NULL */
struct task_struct *get_task(pid_t pid);		/* the same, 0: oneself */
void put_task(struct task_struct **p);		/* for __cleanup */
bool pgrp_exists(pid_t pgrp, pid_t session);		/* => tasklist_lock */
bool is_orphaned_pgrp(pid_t pgrp, struct task_struct *ignored);	/* => tasklist_lock */
void free_pid(pid_t pid);				/* one that was allocated but never attached */
void change_pgrp(struct task_struct *p, pid_t pgrp);	/* moves a group leader; => tasklist_lock */
void change_session(struct task_struct *p, pid_t session);
#define PIDHASH_SIZE 512
#define pid_hashfn(nr) ((unsigned)(nr) % PIDHASH_SIZE)
extern struct hlist_head pgrp_hash[PIDHASH_SIZE];
/* Every group leader of a process group. => tasklist_lock */
#define for_each_in_pgrp(p, grp) hlist_for_each_entry(p, &pgrp_hash[pid_hashfn(grp)], pgrp_node) if ((p)->signal->pgrp == (grp))
extern int pid_max;
extern pid_t last_pid;
void pid_init(void);

/* task.c */
void fork_init(void);
extern long max_threads;				/* in all */
extern struct kmem_cache *task_cache, *signal_cache, *sighand_cache, *cred_jar;
struct task_struct *dup_task_struct(struct task_struct *orig);	/* with a stack of its own; NULL */
struct task_struct *fork_idle(unsigned cpu);		/* PID 0 of a further processor; NULL: no memory */
void free_task(struct task_struct *p);			/* with its stack and FPU state */
void put_signal_struct(struct signal_struct *sig);
void __put_task_struct(struct task_struct *p);
struct sighand_struct *alloc_sighand(struct sighand_struct *old);	/* a copy with count 1; NULL */
void put_sighand(struct sighand_struct *sh);

/* fork.c */
struct kernel_clone_args {
	u64 flags;
	int exit_signal;
	u64 stack;				/* new user stack pointer, 0: the parent's */
	u64 tls;
	int __user *parent_tid, *child_tid;
	int (*fn)(void *);			/* kernel thread */
	void *fn_arg;
};
pid_t kernel_thread(int (*fn)(void *), void *arg, u64 flags);
void mm_release(struct task_struct *p);			/* wakes a vfork parent, clears child_tid */
/* x86: copies pt_regs to the child's stack and sets thread.sp so that the switch returns in ret_from_fork. */
int copy_thread(struct task_struct *p, const struct kernel_clone_args *args);
static inline struct pt_regs *task_pt_regs(const struct task_struct *p)
{
	return (struct pt_regs *)((char *)p->stack + KSTACK_SIZE) - 1;
}

/* exit.c */
void do_exit(int code) __noreturn;			/* this task; code as wait status */
void do_group_exit(int code) __noreturn;

/* sigqueue.c, signal.c */
void signals_init(void);
bool fatal_signal_pending(struct task_struct *p);
void recalc_sigpending(void);				/* => siglock */
/* Queues a signal. info NULL: SI_KERNEL. group: the whole thread group. 0, -EAGAIN. => siglock of p */
int send_signal(int sig, siginfo_t *info, struct task_struct *p, bool group);
int send_sig(int sig, struct task_struct *p, bool priv);	/* to the group, from the kernel, or if not priv from current; takes tasklist_lock; 0, -ESRCH */
/* The same with the lock taken; 0, -EAGAIN, -ESRCH: p is gone. => tasklist_lock, which keeps p's sighand */
int send_sig_info(int sig, siginfo_t *info, struct task_struct *p, bool group);
int kill_pgrp(pid_t pgrp, int sig, bool from_kernel);	/* takes tasklist_lock */
/* A fault of the current task: unblocks and resets an ignored or blocked sig so that it kills. */
void force_sig(int sig);
void force_sig_fault(int sig, int code, u64 addr);
void do_signal(struct pt_regs *regs);			/* delivers; on the way to user mode. May not return (death) */
void flush_signal_handlers(struct task_struct *p, bool force_default);
void flush_sigqueue(struct task_struct *p, struct sigpending *q, sigset_t mask);	/* drops those of mask */
bool do_notify_parent(struct task_struct *p, int sig);	/* whether nobody will wait for p. => tasklist_lock */
bool current_on_altstack(u64 sp);
int sigaltstack_restore(const stack_t *ss, u64 sp);	/* rt_sigreturn: sets it, errors but -EFAULT are ignored */
void sigaltstack_save(stack_t *ss, u64 sp);
/* An interrupted call that goes on with what is left returns -ERESTART_RESTARTBLOCK after it stored how in
 * current->restart; restart_syscall(2) then calls the function of its type. */
enum { RESTART_NONE, RESTART_NANOSLEEP, RESTART_POLL };
long nanosleep_for(u64 ns, void __user *rmtp, bool ia32);	/* time.c; an interrupted one leaves the rest at rmtp */
long nanosleep_restart(void);				/* time.c; from current->restart.arg and deadline */
long poll_restart(void);				/* fs/select.c; likewise */
void sigprocmask_set(sigset_t set);			/* current->blocked, with lock and recalc */
void exit_signals(struct task_struct *p);
/* Takes the next deliverable signal (not blocked); 0: none. => siglock */
int dequeue_signal(struct task_struct *p, sigset_t mask, siginfo_t *info);

/* sigframe.c */
int setup_rt_frame(int sig, struct k_sigaction *ka, siginfo_t *info, sigset_t *oldset, struct pt_regs *regs);	/* 0, -EFAULT */

/* cred.c */
extern struct cred init_cred;
#define current_cred() (current->cred)
#define current_uid() (current->cred->uid)
#define current_euid() (current->cred->euid)
struct cred *prepare_creds(void);			/* a private copy; NULL */
void commit_creds(struct cred *new);			/* takes the reference */
void put_cred(const struct cred *c);
const struct cred *get_cred(const struct cred *c);
bool in_group_p(gid_t gid);				/* fsgid and groups */
bool capable(int cap);

static inline u64 rlimit(unsigned which) { return READ_ONCE(current->signal->rlim[which].rlim_cur); }

/* time.c, sys.c */
#define RUSAGE_BOTH (-2)				/* itself and its waited-for children: what wait4 reports */
struct usage usage_of(struct task_struct *p, int who);
void add_usage(struct usage *sum, const struct usage *u);
struct rusage getrusage_of(struct task_struct *p, int who);
int get_timespec(u64 *ns, const struct timespec64 __user *from);	/* cut at the end of time; -EFAULT, -EINVAL */
void run_posix_cpu_timers(struct task_struct *p);	/* from the tick: ITIMER_VIRTUAL, PROF, RLIMIT_CPU */
void kernel_power_off(void) __noreturn;
void kernel_restart(void) __noreturn;
void kernel_halt(void) __noreturn;
void ctrl_alt_del(void);				/* any context */
extern char utsname_node[65], utsname_domain[65];
#define UTS_SYSNAME "Linux"
/* ---- watchdog.c ---- */
extern int hung_task_timeout_secs;
void watchdog_check_cpus(void);
bool watchdog_nmi(struct pt_regs *regs);

#define UTS_RELEASE "6.1.0-cutaway"
#define UTS_VERSION "#1 Cutaway PREEMPT"

/* exec.c */
/* A string vector of execve: pointers of 8 or (int 0x80) 4 bytes in user space, or kernel strings. */
struct exec_args {
	const void *ptr;
	enum { ARGS_USER, ARGS_USER32, ARGS_KERNEL } kind;
};
long execve_user(int dfd, const char __user *filename, struct exec_args argv, struct exec_args envp, int flags);
/* For init: kernel strings, NULL-ended. Only returns on failure. */
int kernel_execve(const char *filename, const char *const *argv, const char *const *envp);

/* fpu.c of kernel/x86 */
extern u64 fpu_xfeatures;		/* XCR0, 0 without XSAVE */
void fpu_init(void);
int fpu_alloc(struct task_struct *p);	/* 0, -ENOMEM; state initial */
void fpu_free(struct task_struct *p);
void fpu_copy(struct task_struct *dst);	/* current's live state */
void fpu_reset(void);			/* current, for exec */
void fpu_switch(struct task_struct *prev, struct task_struct *next);
/* Signal frame: bytes needed on the user stack, image out and back. 0 or -EFAULT (restore: bad image -> -EINVAL) */
size_t fpu_frame_size(void);
int fpu_save_frame(void __user *buf);
int fpu_restore_frame(const void __user *buf);	/* NULL resets */
void switch_to_extra(struct task_struct *prev, struct task_struct *next);	/* fs, gs bases, kernel stack, FPU */
void start_thread(struct pt_regs *regs, u64 ip, u64 sp);	/* exec: user registers, all others zero */

/* main.c */
void start_kernel(void) __noreturn;
