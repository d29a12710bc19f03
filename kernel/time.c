/*
 * Time for programs: clocks, sleeping, interval timers, and how much CPU time a process has used.
 *
 *   clock                    from                              settable
 *   REALTIME, TAI            ktime_get_real()                  by CAP_SYS_TIME
 *   MONOTONIC, RAW, BOOTTIME ktime_get()
 *   *_COARSE                 the same, at the last tick
 *   PROCESS, THREAD CPUTIME  sum_exec_runtime
 *
 * A sleep that a signal interrupts is put down in current->restart with its deadline, so that a restart sleeps what is
 * left and not all again.
 *
 * In Linux: kernel/time/{time,posix-timers,hrtimer,itimer,posix-cpu-timers}.c. Left out: timer_create, CPU
 * clocks of other processes, settimeofday (libc's calls clock_settime), an absolute sleep
 * on REALTIME that notices when the clock is set, sleeping on CPU clocks.
 */
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "mm/mm.h"

#define CLOCK_TAI 11
#define KTIME_SEC_MAX (0x7fffffffffffffffUL / NSEC_PER_SEC)
#define SETTIME_SEC_MAX (KTIME_SEC_MAX - 30UL * 365 * 24 * 3600)	/* leaves room to run on */
#define TICK_NSEC NSEC_PER_MSEC

static struct timespec64 ns_to_timespec(u64 ns) { return (struct timespec64){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC }; }

static struct timeval ns_to_timeval(u64 ns)
{
	return (struct timeval){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / NSEC_PER_USEC };
}

static int put_timespec(u64 ns, struct timespec64 __user *to)
{
	struct timespec64 ts = ns_to_timespec(ns);
	return copy_to_user(to, &ts, sizeof(ts)) ? -EFAULT : 0;
}

int get_timespec(u64 *ns, const struct timespec64 __user *from)
{
	struct timespec64 ts;
	if (copy_from_user(&ts, from, sizeof(ts)))
		return -EFAULT;
	if (ts.tv_sec < 0 || (u64)ts.tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	*ns = (u64)ts.tv_sec >= KTIME_SEC_MAX ? ~0UL >> 1 : ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
	return 0;
}

/* ---- CPU time ---- */

void add_usage(struct usage *sum, const struct usage *u)
{
	sum->utime_ns += u->utime_ns;
	sum->stime_ns += u->stime_ns;
	sum->min_flt += u->min_flt;
	sum->maj_flt += u->maj_flt;
	sum->nvcsw += u->nvcsw;
	sum->nivcsw += u->nivcsw;
	sum->maxrss = max(sum->maxrss, u->maxrss);
}

struct usage usage_of(struct task_struct *p, int who)
{
	struct usage u = { 0 };
	if (who != RUSAGE_CHILDREN) {
		u = (struct usage){ .min_flt = p->min_flt, .maj_flt = p->maj_flt, .nvcsw = p->nvcsw, .nivcsw = p->nivcsw };
		task_cputime_adjusted(p, &u.utime_ns, &u.stime_ns);
		u.maxrss = max(p->signal->maxrss, p->mm ? max(p->mm->hiwater_rss, get_mm_rss(p->mm)) : 0);
	}
	if (who == RUSAGE_CHILDREN || who == RUSAGE_BOTH)
		add_usage(&u, &p->signal->children);
	return u;
}

struct rusage getrusage_of(struct task_struct *p, int who)
{
	struct usage u = usage_of(p, who);
	return (struct rusage){
		.ru_utime = ns_to_timeval(u.utime_ns), .ru_stime = ns_to_timeval(u.stime_ns),
		.ru_maxrss = u.maxrss * (PAGE_SIZE / 1024), .ru_minflt = u.min_flt, .ru_majflt = u.maj_flt,
		.ru_nvcsw = u.nvcsw, .ru_nivcsw = u.nivcsw,
	};
}

long sys_times(struct tms __user *tbuf)
{
	const u64 clock = NSEC_PER_SEC / USER_HZ;
	struct usage own = usage_of(current, RUSAGE_SELF), *children = &current->signal->children;
	struct tms t = { own.utime_ns / clock, own.stime_ns / clock, children->utime_ns / clock, children->stime_ns / clock };
	return tbuf && copy_to_user(tbuf, &t, sizeof(t)) ? -EFAULT : (long)jiffies / (HZ / USER_HZ);
}

/* ---- clocks ---- */

/* The CPU clock of a process, or of a thread of ours: ~pid << 3 | 4 for a thread | 0 all, 1 user, 2 scheduler's. */
static int cpu_clock_read(int clock, u64 *ns)
{
	pid_t pid = ~(clock >> 3);
	struct task_struct *p __cleanup(put_task) = get_task(pid);
	u64 ut, st;
	if ((clock & 3) == 3 || !p || (clock & 4 ? p->tgid != current->tgid : pid && p != p->group_leader))
		return -EINVAL;
	task_cputime_adjusted(p, &ut, &st);
	*ns = (clock & 3) == 1 ? ut : ut + st;
	return 0;
}

static int clock_read(int clock, u64 *ns)
{
	u64 now = ktime_get();
	if (clock < 0)
		return cpu_clock_read(clock, ns);
	switch (clock) {
	case CLOCK_REALTIME: case CLOCK_TAI: *ns = ktime_get_real(); return 0;
	case CLOCK_MONOTONIC: case CLOCK_MONOTONIC_RAW: case CLOCK_BOOTTIME: *ns = now; return 0;
	case CLOCK_REALTIME_COARSE: *ns = ktime_get_real() - now % TICK_NSEC; return 0;
	case CLOCK_MONOTONIC_COARSE: *ns = now - now % TICK_NSEC; return 0;
	case CLOCK_PROCESS_CPUTIME_ID: case CLOCK_THREAD_CPUTIME_ID: *ns = task_sched_runtime(current); return 0;
	default: return -EINVAL;
	}
}

long sys_clock_gettime(int clock, struct timespec64 __user *tp)
{
	u64 ns;
	int err = clock_read(clock, &ns);
	return err ? err : put_timespec(ns, tp);
}

long sys_clock_getres(int clock, struct timespec64 __user *tp)
{
	u64 ns;
	int err = clock_read(clock, &ns);
	if (err || !tp)
		return err;
	return put_timespec(clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE ? TICK_NSEC : 1, tp);
}

/* The monotonic clock never goes back: realtime can't be set to before the boot. */
long sys_clock_settime(int clock, const struct timespec64 __user *tp)
{
	u64 ns;
	if (clock != CLOCK_REALTIME)
		return clock < 0 && !cpu_clock_read(clock, &ns) ? -EPERM : -EINVAL;
	int err = get_timespec(&ns, tp);
	if (err)
		return err;
	if (ns / NSEC_PER_SEC >= SETTIME_SEC_MAX)
		return -EINVAL;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (ns < ktime_get())
		return -EINVAL;
	ktime_set_real(ns);
	return 0;
}

long sys_gettimeofday(struct timeval __user *tv, struct timezone __user *tz)
{
	struct timeval now = ns_to_timeval(ktime_get_real());
	if (tv && copy_to_user(tv, &now, sizeof(now)))
		return -EFAULT;
	return tz && clear_user(tz, sizeof(*tz)) ? -EFAULT : 0;
}

long sys_time(s64 __user *tloc)
{
	s64 now = ktime_get_real() / NSEC_PER_SEC;
	return tloc && put_user(now, tloc) ? -EFAULT : now;
}

/* ---- sleeping ---- */

/* Until ktime deadline. 0, or the reason to go back to the program and *left, never 0. */
static int sleep_until(u64 deadline, u64 *left)
{
	for (;;) {
		u64 now = ktime_get();
		if (now >= deadline)
			return 0;
		*left = deadline - now;
		if (signal_pending(current))
			return -ERESTART_RESTARTBLOCK;
		current->wchan = "hrtimer_nanosleep";
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_timeout_ns(*left);
	}
}

static int put_left(u64 ns, void __user *rmtp, bool ia32)
{
	s32 ts[2] = { ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };
	return ia32 ? copy_to_user(rmtp, ts, sizeof(ts)) : put_timespec(ns, rmtp);
}

long nanosleep_restart(void)
{
	void __user *rmtp = (void *)current->restart.arg[0];
	u64 left;
	int err = sleep_until(current->restart.deadline, &left);
	if (!err)
		return 0;
	if (rmtp && put_left(left, rmtp, current->restart.arg[1]))
		return -EFAULT;
	current->restart.type = RESTART_NANOSLEEP;
	return err;
}

static u64 after(u64 ns)
{
	u64 now = ktime_get();
	return ns < (~0UL >> 1) - now ? now + ns : ~0UL >> 1;
}

long nanosleep_for(u64 ns, void __user *rmtp, bool ia32)
{
	current->restart.deadline = after(ns);
	current->restart.arg[0] = (u64)rmtp;
	current->restart.arg[1] = ia32;
	return nanosleep_restart();
}

long sys_nanosleep(const struct timespec64 __user *rqtp, struct timespec64 __user *rmtp)
{
	u64 ns;
	int err = get_timespec(&ns, rqtp);
	return err ? err : nanosleep_for(ns, rmtp, false);
}

long sys_clock_nanosleep(int clock, int flags, const struct timespec64 __user *rqtp, struct timespec64 __user *rmtp)
{
	u64 ns, now, left;
	int err = clock_read(clock, &now);
	if (err)
		return err;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME && clock != CLOCK_TAI)
		return -EOPNOTSUPP;
	err = get_timespec(&ns, rqtp);
	if (err)
		return err;
	if (!(flags & TIMER_ABSTIME))
		return nanosleep_for(ns, rmtp, false);
	err = ns > now ? sleep_until(after(ns - now), &left) : 0;
	return err ? -ERESTARTNOHAND : 0;	/* the same call again: the time stays right */
}

/* ---- interval timers ---- */

/* In the tick. Late ones are skipped, not sent in a row. */
static void it_real_fn(struct timer *t)
{
	struct task_struct *leader = t->data;
	u64 incr = leader->signal->it_real_incr, now = ktime_get();
	send_sig(SIGALRM, leader, true);
	if (incr)
		timer_start(t, t->expires + ((now - t->expires) / incr + 1) * incr);
}

/*
 * CPU time so far, as the CPU timers count it: which 0 VIRTUAL, 1 PROF. The scheduler's, which ticks only divide into user
 * and system: where ticks come late and in a bunch (a busy host), counting them would fire too early.
 */
static u64 cpu_ns(struct task_struct *p, int which)
{
	u64 total = p->se.sum_exec_runtime, ticks = p->utime + p->stime;
	return which ? total : ticks ? total - total / ticks * p->stime : 0;
}

/* Exchanges a timer: ns until it fires (0: off) and interval. */
static void get_itimer(int which, u64 *value, u64 *incr)
{
	struct signal_struct *sig = current->signal;
	u64 expires, now, floor;
	if (which == ITIMER_REAL) {
		expires = READ_ONCE(sig->real_timer.pending) ? sig->real_timer.expires : 0;
		now = ktime_get();
		floor = NSEC_PER_USEC;
		*incr = sig->it_real_incr;
	} else {
		expires = sig->it_cpu[which - 1].expires;
		now = cpu_ns(current, which - 1);
		floor = TICK_NSEC;
		*incr = sig->it_cpu[which - 1].incr;
	}
	*value = !expires ? 0 : expires > now ? expires - now : floor;	/* due, but the tick has not come */
}

static void set_itimer(int which, u64 value, u64 incr)
{
	struct signal_struct *sig = current->signal;
	if (which == ITIMER_REAL) {
		timer_cancel(&sig->real_timer);
		if (!sig->real_timer.fn)
			timer_setup(&sig->real_timer, it_real_fn, current->group_leader);
		sig->it_real_incr = value ? incr : 0;
		if (value)
			timer_start(&sig->real_timer, after(value));
		return;
	}
	local_irq_disable();		/* the tick of this task reads the pair */
	sig->it_cpu[which - 1].expires = value ? cpu_ns(current, which - 1) + value : 0;
	sig->it_cpu[which - 1].incr = incr;
	local_irq_enable();
}

static int put_itimer(u64 value, u64 incr, struct itimerval __user *to)
{
	struct itimerval it = { ns_to_timeval(incr), ns_to_timeval(value) };
	return copy_to_user(to, &it, sizeof(it)) ? -EFAULT : 0;
}

static int timeval_ns(const struct timeval *tv, u64 *ns)
{
	if (tv->tv_sec < 0 || (u64)tv->tv_usec >= 1000000)
		return -EINVAL;
	*ns = (u64)tv->tv_sec >= KTIME_SEC_MAX ? ~0UL >> 1 : tv->tv_sec * NSEC_PER_SEC + tv->tv_usec * NSEC_PER_USEC;
	return 0;
}

long sys_getitimer(int which, struct itimerval __user *value)
{
	u64 left, incr;
	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	get_itimer(which, &left, &incr);
	return put_itimer(left, incr, value);
}

long sys_setitimer(int which, struct itimerval __user *value, struct itimerval __user *ovalue)
{
	struct itimerval it = { 0 };
	u64 left, incr, new_left, new_incr;
	if (value && copy_from_user(&it, value, sizeof(it)))
		return -EFAULT;
	if (timeval_ns(&it.it_value, &new_left) || timeval_ns(&it.it_interval, &new_incr))
		return -EINVAL;
	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	get_itimer(which, &left, &incr);
	set_itimer(which, new_left, new_incr);
	return ovalue ? put_itimer(left, incr, ovalue) : 0;
}

/* Seconds left of the alarm before, rounded, but never a pending one to 0. */
long sys_alarm(unsigned seconds)
{
	u64 left, incr;
	get_itimer(ITIMER_REAL, &left, &incr);
	set_itimer(ITIMER_REAL, seconds * NSEC_PER_SEC, 0);
	return left && left < NSEC_PER_SEC ? 1 : (left + NSEC_PER_SEC / 2) / NSEC_PER_SEC;
}

/* From the tick, p is current: the CPU-time timers and RLIMIT_CPU. => irqs off */
void run_posix_cpu_timers(struct task_struct *p)
{
	static const int sigs[2] = { SIGVTALRM, SIGPROF };
	struct signal_struct *sig = p->signal;
	struct rlimit *cpu = &sig->rlim[RLIMIT_CPU];
	u64 now;

	if (likely(!sig->it_cpu[0].expires && !sig->it_cpu[1].expires && cpu->rlim_cur == RLIM_INFINITY))
		return;
	if (p->exit_state)
		return;
	for (int i = 0; i < 2; i++) {
		now = cpu_ns(p, i);
		if (!sig->it_cpu[i].expires || now < sig->it_cpu[i].expires)
			continue;
		sig->it_cpu[i].expires = sig->it_cpu[i].incr ? sig->it_cpu[i].expires + sig->it_cpu[i].incr : 0;
		send_sig(sigs[i], p, true);
	}
	now = cpu_ns(p, 1) / NSEC_PER_SEC;
	if (now >= cpu->rlim_max) {
		send_sig(SIGKILL, p, true);
	} else if (now >= cpu->rlim_cur) {
		send_sig(SIGXCPU, p, true);	/* every second again */
		cpu->rlim_cur = now + 1;
	}
}
