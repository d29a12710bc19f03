/*
 * Kernel threads: tasks that never leave the kernel and have no address space (mm is NULL; they borrow the last one's).
 *
 * kthreadd, PID 2, is the parent of all of them, so that a new one inherits nothing from whoever asked for it: the
 * maker puts a request into a list and waits; kthreadd forks; the new thread tells who it is and sleeps until the first
 * wake-up. Request and struct kthread live on the stacks of maker and thread, which outlast their use.
 *
 * Locks: create_lock guards the list.
 * In Linux: kernel/kthread.c.
 */
#include "sched/sched.h"
#include "err.h"
#include "string.h"

struct kthread_request {
	int (*fn)(void *);
	void *data;
	struct task_struct *result;	/* or ERR_PTR */
	struct completion done;
	char name[16];
	struct list_head list;
};
struct kthread {			/* on the thread's own stack, p->kthread */
	bool should_stop;
	int result;
	struct completion exited;
};

struct task_struct *kthreadd_task;
static DEFINE_SPINLOCK(create_lock, RANK_MISC);
static LIST_HEAD(create_list);

/* A new thread's first function. */
static int kthread_main(void *arg)
{
	struct kthread_request *r = arg;
	struct kthread self = { .result = -EINTR };
	int (*fn)(void *) = r->fn;
	void *data = r->data;
	init_completion(&self.exited);
	strscpy(current->comm, r->name, sizeof(current->comm));
	current->kthread = &self;
	get_task_struct(current);	/* the maker's */
	r->result = current;
	set_current_state(TASK_UNINTERRUPTIBLE);
	complete(&r->done);		/* r is gone from here on */
	schedule();
	if (!READ_ONCE(self.should_stop))
		self.result = fn(data);
	complete_all(&self.exited);
	do_exit(0);
}

/* A thread that runs fn(data) after its first wake_up_process(), or ERR_PTR. The caller has a reference to it, which
 * kthread_stop() drops. => may sleep */
struct task_struct *kthread_create(int (*fn)(void *), void *data, const char *fmt, ...)
{
	struct kthread_request r = { .fn = fn, .data = data };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r.name, sizeof(r.name), fmt, ap);
	va_end(ap);
	init_completion(&r.done);
	spin_lock(&create_lock);
	list_add_tail(&r.list, &create_list);
	spin_unlock(&create_lock);
	if (kthreadd_task)		/* else it looks at the list when it begins */
		wake_up_process(kthreadd_task);
	wait_for_completion(&r.done);
	return r.result;
}

bool kthread_should_stop(void) { return READ_ONCE(((struct kthread *)current->kthread)->should_stop); }

/* Asks k to return, waits, and gives fn's result; -EINTR when fn never began. Once only for each thread. */
int kthread_stop(struct task_struct *k)
{
	struct kthread *kt = k->kthread;
	WRITE_ONCE(kt->should_stop, true);
	wake_up_process(k);
	wait_for_completion(&kt->exited);
	int result = kt->result;
	put_task_struct(k);		/* may free the stack that kt is on */
	return result;
}

int kthreadd(void *unused)
{
	kthreadd_task = current;
	strscpy(current->comm, "kthreadd", sizeof(current->comm));
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		spin_lock(&create_lock);
		while (!list_empty(&create_list)) {
			struct kthread_request *r = list_first_entry(&create_list, struct kthread_request, list);
			__set_current_state(TASK_RUNNING);
			list_del(&r->list);
			spin_unlock(&create_lock);
			pid_t pid = kernel_thread(kthread_main, r, CLONE_FS | CLONE_FILES);
			if (pid < 0) {
				r->result = ERR_PTR(pid);
				complete(&r->done);
			}
			spin_lock(&create_lock);
			set_current_state(TASK_INTERRUPTIBLE);
		}
		spin_unlock(&create_lock);
		schedule();
	}
}
