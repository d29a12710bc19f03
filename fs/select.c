/*
 * poll and select: wait until one of many files is ready.
 *
 *   pass 1   ask each file; its poll() gives us its wait queues, and an entry of ours joins each
 *   sleep    until an entry's function ran (pwq.triggered), a signal, or the time
 *   pass n   ask again, queues are known
 *
 * A file found ready ends the queueing: there will be no sleep. S2 holds without any lock of the files:
 * the function sets triggered before it wakes us, and we look at it after our state is changed.
 *
 * In Linux: fs/select.c. epoll is left out.
 */
#include "fs/fs.h"
#include "asm/uaccess.h"
#include "err.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "string.h"

#define POLLIN_SET (POLLNVAL | POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define POLLOUT_SET (POLLNVAL | POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define POLLEX_SET (POLLNVAL | POLLPRI)
#define FOREVER (~0UL)
#define LONGEST_WAIT (1L << 32)		/* in seconds: no sum of times overflows */

struct poll_entry {
	struct wait_queue_entry wait;
	struct wait_queue_head *wq;
	struct file *file;
	unsigned events;
	struct poll_wqueues *pwq;
};
struct poll_wqueues {
	struct poll_table pt;
	struct task_struct *task;
	bool triggered;
	unsigned n;
	struct poll_entry *entry, few[8];	/* two for each file: none has more queues */
};
#define QUEUES_PER_FILE 2

static int pollwake(struct wait_queue_entry *w, unsigned mode, void *key)
{
	struct poll_entry *e = container_of(w, struct poll_entry, wait);

	if (key && !((u64)key & e->events))
		return 0;
	__atomic_store_n(&e->pwq->triggered, true, __ATOMIC_SEQ_CST);
	return try_to_wake_up(e->pwq->task, mode);
}

static void poll_queue(struct poll_table *pt, struct file *f, struct wait_queue_head *wq)
{
	struct poll_wqueues *pwq = container_of(pt, struct poll_wqueues, pt);
	struct poll_entry *e = &pwq->entry[pwq->n++];

	e->file = get_file(f);		/* another thread may close it */
	e->wq = wq;
	e->events = pt->events;
	e->pwq = pwq;
	init_waitqueue_func_entry(&e->wait, pollwake);
	add_wait_queue(wq, &e->wait);
}

/* For n files; deadline 0: no sleep, so no entries. false: no memory */
static bool poll_init(struct poll_wqueues *pwq, unsigned n, u64 deadline)
{
	pwq->pt.queue = deadline ? poll_queue : NULL;
	pwq->task = current;
	pwq->triggered = false;
	pwq->n = 0;
	pwq->entry = pwq->few;
	if (deadline && n * QUEUES_PER_FILE > ARRAY_SIZE(pwq->few))
		pwq->entry = kmalloc(n * QUEUES_PER_FILE * sizeof(*pwq->entry), GFP_KERNEL);
	return pwq->entry;
}

static void poll_free(struct poll_wqueues *pwq)
{
	for (unsigned i = 0; i < pwq->n; i++) {
		remove_wait_queue(pwq->entry[i].wq, &pwq->entry[i].wait);
		fput(pwq->entry[i].file);
	}
	if (pwq->entry != pwq->few)
		kfree(pwq->entry);
}

/* Sleeps until an entry is triggered; deadline 0: not at all. 1: ask again; 0: time is up; -ERESTARTNOHAND. */
static int poll_sleep(struct poll_wqueues *pwq, u64 deadline)
{
	u64 now, left = 1;

	pwq->pt.queue = NULL;
	if (signal_pending(current))
		return -ERESTARTNOHAND;
	if (!deadline)
		return 0;
	set_current_state(TASK_INTERRUPTIBLE);
	if (!pwq->triggered) {
		now = deadline == FOREVER ? 0 : ktime_get();
		current->wchan = "do_poll";
		left = deadline <= now ? 0 : schedule_timeout_ns(deadline == FOREVER ? FOREVER : deadline - now);
	}
	__set_current_state(TASK_RUNNING);
	__atomic_store_n(&pwq->triggered, false, __ATOMIC_SEQ_CST);
	return left != 0;
}

/* The answer for one fd, 0: not ready. */
static unsigned poll_fd(int fd, unsigned events, struct poll_wqueues *pwq)
{
	struct fd f __cleanup(fdput) = fdget(fd);

	if (!f.file)
		return POLLNVAL;
	pwq->pt.events = events;
	return events & (f.file->f_op->poll ? f.file->f_op->poll(f.file, &pwq->pt) :
				 POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
}

/* ---- poll ---- */

static int do_poll(struct pollfd *fds, unsigned n, u64 deadline)
{
	struct poll_wqueues pwq;
	bool last = !deadline;		/* look once more, then go */
	int ready, ret;

	if (!poll_init(&pwq, n, deadline))
		return -ENOMEM;
	for (;; last = !ret) {
		ready = 0;
		for (unsigned i = 0; i < n; i++) {
			fds[i].revents = fds[i].fd < 0 ? 0 : poll_fd(fds[i].fd, (u16)fds[i].events, &pwq);
			if (!fds[i].revents)
				continue;
			ready++;
			pwq.pt.queue = NULL;
		}
		ret = ready ? ready : poll_sleep(&pwq, last ? 0 : deadline);
		if (ready || ret < 0 || last)
			break;
	}
	poll_free(&pwq);
	return ret;
}

static int do_sys_poll(struct pollfd __user *ufds, unsigned n, u64 deadline)
{
	struct pollfd small[16], *fds = small;
	int ret = -EFAULT;

	if (n > rlimit(RLIMIT_NOFILE))
		return -EINVAL;
	if (n > ARRAY_SIZE(small))
		fds = kmalloc(n * sizeof(*fds), GFP_KERNEL);
	if (!fds)
		return -ENOMEM;
	if (!copy_from_user(fds, ufds, n * sizeof(*fds))) {
		for (unsigned i = 0; i < n; i++)
			fds[i].events |= POLLERR | POLLHUP;
		ret = do_poll(fds, n, deadline);
	}
	for (unsigned i = 0; ret >= 0 && i < n; i++)
		if (put_user(fds[i].revents, &ufds[i].revents))
			ret = -EFAULT;
	if (fds != small)
		kfree(fds);
	return ret;
}

/* ---- select: a poll whose question and answer are bitmaps ---- */
static const unsigned poll_sets[3] = { POLLIN_SET, POLLOUT_SET, POLLEX_SET };

/* The fds below n that stand in a map of bits[0..2], for poll. Their number */
static unsigned bits_to_fds(int n, unsigned long *bits[3], struct pollfd *fds)
{
	unsigned nr = 0;

	for (int fd = 0; fd < n; fd++) {
		unsigned events = 0;

		for (int s = 0; s < 3; s++)
			events |= test_bit(fd, bits[s]) ? poll_sets[s] : 0;
		if (events)
			fds[nr++] = (struct pollfd){ .fd = fd, .events = events };
	}
	return nr;
}

/* Leaves the bits of what is ready. Their number, or -EBADF */
static int fds_to_bits(const struct pollfd *fds, unsigned nr, unsigned long *bits[3])
{
	int ready = 0;

	for (unsigned i = 0; i < nr; i++)
		for (int s = 0; s < 3; s++) {
			if (fds[i].revents & POLLNVAL)
				return -EBADF;
			if (!((u16)fds[i].revents & poll_sets[s]))
				clear_bit(fds[i].fd, bits[s]);
			ready += test_bit(fds[i].fd, bits[s]);
		}
	return ready;
}

static int core_sys_select(int n, u64 __user *in, u64 __user *out, u64 __user *ex, u64 deadline)
{
	u64 __user *user[3] = { in, out, ex };
	unsigned long *bits[3];
	struct pollfd *fds;

	if (n < 0)
		return -EINVAL;
	n = min_t(unsigned, n, current->files->fdt->max_fds);
	unsigned long bytes = BITS_TO_LONGS(n) * 8;
	fds = kzalloc((n + 1) * sizeof(*fds) + 3 * bytes, GFP_KERNEL);
	if (!fds)
		return -ENOMEM;
	for (int s = 0; s < 3; s++) {
		bits[s] = (void *)(fds + n) + s * bytes;
		if (user[s] && copy_from_user(bits[s], user[s], bytes)) {
			kfree(fds);
			return -EFAULT;
		}
	}
	unsigned nr = bits_to_fds(n, bits, fds);

	int ret = do_poll(fds, nr, deadline);
	if (ret >= 0)
		ret = fds_to_bits(fds, nr, bits);
	for (int s = 0; s < 3 && ret >= 0; s++)
		if (user[s] && copy_to_user(user[s], bits[s], bytes))
			ret = -EFAULT;
	kfree(fds);
	return ret;
}

/* ---- the system calls: times and signal masks ---- */

/* Linux writes the time that is left back; a call whose caller can't be told is not restarted. */
static int put_time_left(void __user *to, bool micro, u64 deadline, int ret)
{
	u64 now = ktime_get(), left = deadline > now ? deadline - now : 0;
	struct timespec64 ts = { left / NSEC_PER_SEC, left % NSEC_PER_SEC };

	if (!to || !deadline)
		return ret;
	if (micro)
		ts.tv_nsec /= 1000;
	if (copy_to_user(to, &ts, sizeof(ts)) && ret == -ERESTARTNOHAND)
		return -EINTR;
	return ret;
}

/* ppoll, pselect6: the mask for the wait. 0, -EINVAL, -EFAULT. */
static int set_user_sigmask(const sigset_t __user *umask, size_t size)
{
	sigset_t mask;

	if (!umask)
		return 0;
	if (size != sizeof(mask))
		return -EINVAL;
	if (copy_from_user(&mask, umask, sizeof(mask)))
		return -EFAULT;
	current->saved_sigmask = current->blocked;
	set_tsk_thread_flag(current, TIF_RESTORE_SIGMASK);
	sigprocmask_set(mask);
	return 0;
}

/* Interrupted, the old mask comes back after the handler's frame is made (do_signal); else at once. */
static void restore_sigmask(int ret)
{
	if (ret == -ERESTARTNOHAND || !test_tsk_thread_flag(current, TIF_RESTORE_SIGMASK))
		return;
	clear_tsk_thread_flag(current, TIF_RESTORE_SIGMASK);
	sigprocmask_set(current->saved_sigmask);
}

/* Stopped and continued, poll waits for what is left of its time. */
static long poll_until(struct pollfd __user *ufds, unsigned n, u64 deadline)
{
	int ret = do_sys_poll(ufds, n, deadline);

	if (ret != -ERESTARTNOHAND)
		return ret;
	current->restart.type = RESTART_POLL;
	current->restart.arg[0] = (u64)ufds;
	current->restart.arg[1] = n;
	current->restart.deadline = deadline;
	return -ERESTART_RESTARTBLOCK;
}

long poll_restart(void)
{
	return poll_until((void __user *)current->restart.arg[0], current->restart.arg[1], current->restart.deadline);
}

long sys_poll(struct pollfd __user *ufds, unsigned n, int timeout_ms)
{
	return poll_until(ufds, n, timeout_ms < 0 ? FOREVER : timeout_ms ? ktime_get() + timeout_ms * NSEC_PER_MSEC : 0);
}

/* A user's time (NULL: for ever) as a deadline. 0, -EFAULT, -EINVAL. */
static int get_deadline(const void __user *from, bool micro, u64 *deadline)
{
	struct timespec64 ts;

	*deadline = FOREVER;
	if (!from)
		return 0;
	if (copy_from_user(&ts, from, sizeof(ts)))
		return -EFAULT;
	if (micro) {
		ts.tv_sec += ts.tv_nsec / 1000000;
		ts.tv_nsec = ts.tv_nsec % 1000000 * 1000;
	}
	if (ts.tv_sec < 0 || (u64)ts.tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	*deadline = min(ts.tv_sec, LONGEST_WAIT) * NSEC_PER_SEC + ts.tv_nsec;
	if (*deadline)				/* 0 stays: do not wait */
		*deadline += ktime_get();
	return 0;
}

/* How ppoll, select and pselect6 begin: the time, and the mask for the wait. 0, -EFAULT, -EINVAL */
static int wait_begin(const void __user *time, bool micro, const sigset_t __user *mask, size_t size, u64 *deadline)
{
	return get_deadline(time, micro, deadline) ?: set_user_sigmask(mask, size);
}

static long wait_end(void __user *time, bool micro, u64 deadline, int ret)
{
	restore_sigmask(ret);
	return put_time_left(time, micro, deadline, ret);
}

long sys_ppoll(struct pollfd __user *ufds, unsigned n, struct timespec64 __user *tsp, const sigset_t __user *sigmask,
	       size_t sigsetsize)
{
	u64 deadline;

	return wait_begin(tsp, false, sigmask, sigsetsize, &deadline) ?:
	       wait_end(tsp, false, deadline, do_sys_poll(ufds, n, deadline));
}

long sys_select(int n, u64 __user *in, u64 __user *out, u64 __user *ex, struct timeval __user *tvp)
{
	u64 deadline;

	return wait_begin(tvp, true, NULL, 0, &deadline) ?:
	       wait_end(tvp, true, deadline, core_sys_select(n, in, out, ex, deadline));
}

long sys_pselect6(int n, u64 __user *in, u64 __user *out, u64 __user *ex, struct timespec64 __user *tsp, void __user *sig)
{
	struct { const sigset_t __user *mask; size_t size; } arg = { NULL, 0 };
	u64 deadline;

	if (sig && copy_from_user(&arg, sig, sizeof(arg)))
		return -EFAULT;
	return wait_begin(tsp, false, arg.mask, arg.size, &deadline) ?:
	       wait_end(tsp, false, deadline, core_sys_select(n, in, out, ex, deadline));
}
