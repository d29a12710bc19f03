/* sched: threads, waits, locks, timers, classes and shares, as the kernel itself sees them. */
#include "err.h"
#include "kernel/process.h"
#include "ktest.h"
#include "printk.h"
#include "sched/lock.h"

static void sleep_ms(u64 ms)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_timeout_ns(ms * NSEC_PER_MSEC);
}

static int spin(void *counter)
{
	while (!kthread_should_stop())
		++*(volatile u64 *)counter;
	return 0;
}

/* Tests of who gets how much of a processor look at one. */
static struct task_struct *here(struct task_struct *k)
{
	set_cpus_allowed(k, BIT(0));
	return k;
}

KTEST(sched_weights)
{
	KEXPECT(sched_prio_to_weight[20] == 1024 && sched_prio_to_weight[25] == 335);
	KEXPECT(sched_prio_to_weight[0] == 88761 && sched_prio_to_weight[39] == 15);
	for (int i = 0; i < 39; i++) {		/* each step 1.25, within what rounding does to the small ones */
		int ratio = sched_prio_to_weight[i] * 100 / sched_prio_to_weight[i + 1];

		KEXPECT(ratio >= 117 && ratio <= 133);
	}
}

static int seven(void *ran)
{
	*(bool *)ran = true;
	while (!kthread_should_stop())
		sleep_ms(1);
	return 7;
}

KTEST(sched_kthread_stop)
{
	bool ran = false;
	struct task_struct *k;
	long tasks;

	sleep_ms(5);			/* those of other tests are gone */
	tasks = atomic_long_read(&nr_tasks);
	k = kthread_run(seven, &ran, "seven");
	KEXPECT(!IS_ERR(k) && k->mm == NULL && k->flags & PF_KTHREAD);
	KEXPECT(k->real_parent == kthreadd_task);
	sleep_ms(3);
	KEXPECT(kthread_stop(k) == 7 && ran);
	ran = false;
	k = kthread_create(seven, &ran, "never");
	KEXPECT(kthread_stop(k) == -EINTR && !ran);
	sleep_ms(3);
	KEXPECT(atomic_long_read(&nr_tasks) == tasks);	/* nobody waits for them: they release themselves */
}

/* ---- S2: no wake-up is lost, whoever is faster ---- */

static struct { struct wait_queue_head wq; unsigned ball; } game;

static int player(void *me)
{
	for (unsigned i = 0; i < 2000; i++) {
		wait_event(&game.wq, (game.ball & 1) == (u64)me);
		game.ball++;
		wake_up(&game.wq);
	}
	while (!kthread_should_stop())
		sleep_ms(1);
	return 0;
}

KTEST(sched_pingpong)
{
	struct task_struct *a, *b;

	init_waitqueue_head(&game.wq);
	game.ball = 0;
	a = kthread_run(player, (void *)0, "player/0");
	b = kthread_run(player, (void *)1, "player/1");
	wait_event(&game.wq, game.ball == 4000);
	kthread_stop(a);
	kthread_stop(b);
	KEXPECT(list_empty(&game.wq.head));
}

static struct { struct wait_queue_head wq; bool go; unsigned woken; } gate;

static int exclusive_waiter(void *unused)
{
	struct wait_queue_entry w;

	init_wait_entry(&w);
	prepare_to_wait_exclusive(&gate.wq, &w, TASK_UNINTERRUPTIBLE);
	schedule();
	finish_wait(&gate.wq, &w);
	gate.woken++;
	while (!kthread_should_stop())
		sleep_ms(1);
	return 0;
}

KTEST(sched_wake_exclusive)
{
	struct task_struct *k[4];

	init_waitqueue_head(&gate.wq);
	gate.woken = 0;
	for (int i = 0; i < 4; i++)
		k[i] = kthread_run(exclusive_waiter, NULL, "waiter/%d", i);
	sleep_ms(5);
	wake_up(&gate.wq);
	sleep_ms(5);
	KEXPECT(gate.woken == 1);
	wake_up_all(&gate.wq);
	sleep_ms(5);
	KEXPECT(gate.woken == 4 && !waitqueue_active(&gate.wq));
	for (int i = 0; i < 4; i++)
		kthread_stop(k[i]);
}

/* ---- locks ---- */

static DEFINE_MUTEX(test_mutex, RANK_MISC_MUTEX);
static DECLARE_RWSEM(test_rwsem, RANK_MISC_MUTEX);
static struct { unsigned inside, readers, most_readers, writers, bad, total; } room;

static int mutex_user(void *unused)
{
	for (int i = 0; i < 200; i++) {
		mutex_lock(&test_mutex);
		room.bad += room.inside++;
		if (i % 20 == 0)
			sleep_ms(1);
		else
			yield();
		room.inside--;
		room.total++;
		mutex_unlock(&test_mutex);
	}
	while (!kthread_should_stop())
		sleep_ms(1);
	return current->nr_held_sleeping;
}

KTEST(sched_mutex)
{
	struct task_struct *k[4];

	room.bad = room.total = room.inside = 0;
	for (int i = 0; i < 4; i++)
		k[i] = kthread_run(mutex_user, NULL, "mutex/%d", i);
	while (room.total < 800)
		sleep_ms(1);
	for (int i = 0; i < 4; i++)
		KEXPECT(kthread_stop(k[i]) == 0);
	KEXPECT(room.bad == 0 && !test_mutex.sem.count && list_empty(&test_mutex.sem.waiters));
}

static int rwsem_user(void *id)
{
	for (int i = 0; i < 100; i++) {
		if (id && i % 4 == 0) {
			down_write(&test_rwsem);
			room.bad += room.readers + room.writers++;
			yield();
			room.writers--;
			up_write(&test_rwsem);
		} else {
			down_read(&test_rwsem);
			room.bad += room.writers;
			room.most_readers = max(room.most_readers, ++room.readers);
			if (i % 10 == 1)
				sleep_ms(1);
			room.readers--;
			up_read(&test_rwsem);
		}
		room.total++;
	}
	while (!kthread_should_stop())
		sleep_ms(1);
	return 0;
}

KTEST(sched_rwsem)
{
	struct task_struct *k[6];

	room.bad = room.total = room.readers = room.writers = room.most_readers = 0;
	for (u64 i = 0; i < 6; i++)
		k[i] = kthread_run(rwsem_user, (void *)(i & 1), "rwsem/%lu", i);
	while (room.total < 600)
		sleep_ms(1);
	for (int i = 0; i < 6; i++)
		kthread_stop(k[i]);
	KEXPECT(room.bad == 0);
	KEXPECT(room.most_readers > 1);
	KEXPECT(!test_rwsem.count);
}

KTEST(sched_spinlock_context)
{
	DEFINE_SPINLOCK(low, RANK_TASKLIST);
	DEFINE_SPINLOCK(high, RANK_MISC);

	KEXPECT(!in_atomic());
	spin_lock(&low);
	spin_lock(&high);
	KEXPECT(in_atomic() && spin_is_held(&low) && spin_is_held(&high));
	spin_unlock(&low);		/* out of order */
	KEXPECT(!spin_is_held(&low) && spin_is_held(&high));
	spin_unlock(&high);
	KEXPECT(!in_atomic() && this_cpu->nr_held == 0);
}

/* ---- timers ---- */

static struct { unsigned order[4], n; u64 at[4]; } fired;

static void note(struct timer *t)
{
	fired.order[fired.n] = (u64)t->data;
	fired.at[fired.n++] = ktime_get();
}

KTEST(sched_timer)
{
	static const unsigned ms[4] = { 9, 3, 6, 12 };
	struct timer t[4];
	u64 begin = ktime_get();

	fired.n = 0;
	for (u64 i = 0; i < 4; i++) {
		timer_setup(&t[i], note, (void *)i);
		timer_start(&t[i], begin + ms[i] * NSEC_PER_MSEC);
	}
	KEXPECT(timer_cancel(&t[3]) && !timer_cancel(&t[3]));
	sleep_ms(15);
	KEXPECT(fired.n == 3 && fired.order[0] == 1 && fired.order[1] == 2 && fired.order[2] == 0);
	for (unsigned i = 0; i < fired.n; i++) {
		u64 late = fired.at[i] - begin - ms[fired.order[i]] * NSEC_PER_MSEC;

		KEXPECT((s64)late >= 0);
	}
}

KTEST(sched_timeout)
{
	u64 begin = ktime_get(), left;

	set_current_state(TASK_UNINTERRUPTIBLE);
	left = schedule_timeout_ns(5 * NSEC_PER_MSEC);
	KEXPECT(left == 0 && ktime_get() - begin >= 5 * NSEC_PER_MSEC);
	wake_up_process(current);
	KEXPECT(current->state == TASK_RUNNING);
}

/* ---- who runs ---- */

/* Weighted shares of two that compute: SPEC.md part 4. */
KTEST(sched_shares)
{
	u64 n[2] = { 0 }, a, b;
	struct task_struct *k[2] = { here(kthread_create(spin, &n[0], "nice/0")), here(kthread_create(spin, &n[1], "nice/5")) };

	set_user_nice(k[1], 5);
	wake_up_process(k[0]);
	wake_up_process(k[1]);
	sleep_ms(1000);
	a = task_sched_runtime(k[0]);
	b = task_sched_runtime(k[1]);
	kthread_stop(k[0]);
	kthread_stop(k[1]);
	pr_info("shares: %lu us, %lu us\n", a / 1000, b / 1000);
	KEXPECT(a * 1000 / (a + b) >= 743 && a * 1000 / (a + b) <= 763);
}

/* S7 with 20 of them: all get on within a turn. */
KTEST(sched_no_starvation)
{
	u64 n[20] = { 0 };
	struct task_struct *k[20];
	u64 before[20];

	for (int i = 0; i < 20; i++)
		k[i] = here(kthread_run(spin, &n[i], "hog/%d", i));
	sleep_ms(60);
	for (int i = 0; i < 20; i++)
		before[i] = n[i];
	sleep_ms(40);
	for (int i = 0; i < 20; i++) {
		if (!KEXPECT(n[i] > before[i]))
			pr_info("hog/%d: vruntime %lu of %lu, ran %lu\n", i, k[i]->se.vruntime, runqueues[0].cfs.min_vruntime, k[i]->se.sum_exec_runtime);
		kthread_stop(k[i]);
	}
}

static int sleeper(void *worst)
{
	s64 *w = worst;

	while (!kthread_should_stop()) {
		u64 until = ktime_get() + 2 * NSEC_PER_MSEC;

		sleep_ms(2);
		*w = max(*w, (s64)(ktime_get() - until));
	}
	return 0;
}

/* Kernel code that holds no lock is preempted: a sleeper's and a FIFO task's latency beside a kernel loop. */
KTEST(sched_preempt_kernel)
{
	u64 n = 0, fair = 0, fifo = 0;
	struct task_struct *hog = here(kthread_run(spin, &n, "hog")), *s = here(kthread_run(sleeper, &fair, "sleeper")),
			   *rt = here(kthread_create(sleeper, &fifo, "fifo"));

	KEXPECT(sched_setscheduler(rt, SCHED_FIFO, 50) == 0);
	wake_up_process(rt);
	sleep_ms(200);
	kthread_stop(rt);
	kthread_stop(s);
	kthread_stop(hog);
	pr_info("latency: fair %lu us, fifo %lu us\n", fair / 1000, fifo / 1000);
	KEXPECT(fair < 5 * NSEC_PER_MSEC && fifo < 3 * NSEC_PER_MSEC);
}

KTEST(sched_fifo_over_fair)
{
	u64 fair = 0, rt = 0, before;
	struct task_struct *f = here(kthread_run(spin, &fair, "fair")), *r = here(kthread_create(spin, &rt, "fifo"));

	KEXPECT(sched_setscheduler(r, SCHED_FIFO, 0) == -EINVAL && sched_setscheduler(r, SCHED_NORMAL, 1) == -EINVAL);
	KEXPECT(sched_setscheduler(r, SCHED_FIFO, 1) == 0);
	KEXPECT(sched_setscheduler(current, SCHED_FIFO, 2) == 0);	/* else we never come back */
	wake_up_process(r);
	sleep_ms(5);
	before = fair;
	sleep_ms(20);
	KEXPECT(rt > 0 && fair == before);
	kthread_stop(r);
	KEXPECT(sched_setscheduler(current, SCHED_NORMAL, 0) == 0);
	kthread_stop(f);
}

/* A FIFO loop leaves 5 % to the others, so that somebody can end it. */
KTEST(sched_rt_throttled)
{
	u64 fair = 0, rt = 0, ran;
	struct task_struct *f = here(kthread_run(spin, &fair, "fair")), *r = here(kthread_create(spin, &rt, "fifo"));

	sched_setscheduler(r, SCHED_FIFO, 1);
	sched_setscheduler(current, SCHED_FIFO, 2);
	wake_up_process(r);
	ran = task_sched_runtime(f);
	sleep_ms(2000);
	ran = task_sched_runtime(f) - ran;
	pr_info("fair beside fifo: %lu us of 2 s\n", ran / 1000);
	KEXPECT(ran > 45 * NSEC_PER_MSEC && ran < 140 * NSEC_PER_MSEC);
	kthread_stop(r);
	kthread_stop(f);
	sched_setscheduler(current, SCHED_NORMAL, 0);
}

KTEST(sched_round_robin)
{
	u64 n[2] = { 0 };
	struct task_struct *k[2] = { here(kthread_create(spin, &n[0], "rr/0")), here(kthread_create(spin, &n[1], "rr/1")) };

	sched_setscheduler(current, SCHED_FIFO, 2);
	for (int i = 0; i < 2; i++) {
		sched_setscheduler(k[i], SCHED_RR, 1);
		wake_up_process(k[i]);
	}
	for (int i = 0; i < 40 && !n[1]; i++)
		sleep_ms(10);		/* the slice is 100 ticks; a busy host swallows some */
	KEXPECT(n[0] && n[1] && k[0]->prio == 98);
	kthread_stop(k[0]);
	kthread_stop(k[1]);
	sched_setscheduler(current, SCHED_NORMAL, 0);
}

/* Weight 3 of 1027: next to nothing beside a normal task, all of it alone. */
KTEST(sched_idle_policy)
{
	u64 n[2] = { 0 }, a, b;
	struct task_struct *k[2] = { here(kthread_run(spin, &n[0], "normal")), here(kthread_run(spin, &n[1], "idle")) };

	sched_setscheduler(k[1], SCHED_IDLE, 0);
	sleep_ms(200);
	a = task_sched_runtime(k[0]);
	b = task_sched_runtime(k[1]);
	kthread_stop(k[0]);
	KEXPECT(b * 20 < a);
	sleep_ms(20);
	KEXPECT(task_sched_runtime(k[1]) > b + 10 * NSEC_PER_MSEC);
	kthread_stop(k[1]);
}

static int watch_min_vruntime(void *seen)
{
	while (!kthread_should_stop())
		WRITE_ONCE(*(u64 *)seen, READ_ONCE(runqueues[0].cfs.min_vruntime));
	return 0;
}

/* S1 and S4, while tasks come and go. We ourselves wake with less vruntime than what the watcher saw. */
KTEST(sched_timeline)
{
	struct rq *rq = &runqueues[0];
	u64 n[8] = { 0 }, seen = 0;
	struct task_struct *k[8], *watcher = kthread_run(watch_min_vruntime, &seen, "watch");

	sleep_ms(20);
	for (u64 end = ktime_get() + 2 * NSEC_PER_MSEC; ktime_get() < end;)	/* at least one tick books us */
		cpu_relax();
	KEXPECT((s64)(rq->cfs.min_vruntime - seen) >= 0);

	for (int i = 0; i < 8; i++) {
		k[i] = kthread_run(spin, &n[i], "tree/%d", i);
		set_user_nice(k[i], i * 5 - 20);
	}
	for (int round = 0; round < 30; round++) {
		u64 flags = spin_lock_irqsave(&rq->lock), last = 0, weight = rq->cfs.curr ? rq->cfs.curr->load.weight : 0;
		unsigned nr = rq->cfs.curr != NULL;

		for (struct rb_node *node = rq->cfs.tasks_timeline.leftmost; node; node = rb_next(node), nr++) {
			struct sched_entity *se = rb_entry(node, struct sched_entity, run_node);

			KEXPECT(se->on_rq && se != rq->cfs.curr && (s64)(se->vruntime - last) >= 0);
			last = se->vruntime;
			weight += se->load.weight;
		}
		KEXPECT(nr == rq->cfs.nr_running && weight == rq->cfs.load.weight);
		KEXPECT((s64)(rq->cfs.min_vruntime - seen) >= 0);
		spin_unlock_irqrestore(&rq->lock, flags);
		sleep_ms(2);
	}
	for (int i = 0; i < 8; i++)
		kthread_stop(k[i]);
	kthread_stop(watcher);
}

/* S6: every task is where its links say, while others are made and end. */
KTEST(sched_families)
{
	u64 n[4] = { 0 };
	struct task_struct *k[4], *p, *child;

	for (int i = 0; i < 4; i++)
		k[i] = kthread_run(spin, &n[i], "family/%d", i);
	for (int round = 0; round < 20; round++) {
		int seen = 1, counted = 1;	/* PID 1 and 2 are children of PID 0, which is in no list */

		spin_lock_irq(&tasklist_lock);
		for_each_process(p) {
			bool found = false;

			KEXPECT(find_task_by_pid(p->pid) == p && p->group_leader == p && p->exit_state != EXIT_DEAD);
			list_for_each_entry(child, &p->real_parent->children, sibling)
				found |= child == p;
			KEXPECT(found);
			list_for_each_entry(child, &p->children, sibling) {
				KEXPECT(child->real_parent == p);
				counted++;
			}
			seen++;
		}
		list_for_each_entry(child, &init_task.children, sibling)
			counted++;
		KEXPECT(seen == counted);
		spin_unlock_irq(&tasklist_lock);
		if (round % 5 == 4)
			kthread_stop(k[round / 5]);
		sleep_ms(2);
	}
}
