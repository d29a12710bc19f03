/*
 * CFS: the CPU is divided by weight.
 *
 * Each task carries vruntime, the nanoseconds it has run, stretched by 1024 / weight: at nice 0 it is real time, at nice
 * 5 (weight 335) it grows three times as fast. Who has the least runs next. So all vruntimes grow together, and each task
 * has had CPU time in proportion to its weight.
 *
 *      curr (not in the tree)            tasks_timeline, by vruntime
 *      runs, vruntime grows                        [+3.1 ms]
 *             |                                   /         \
 *             +--- put_prev_task --->       [+0.4 ms]     [+7.0 ms]
 *             <--- pick leftmost ---
 *
 * How long: a turn of all tasks takes sched_latency (6 ms), or nr_running times min_granularity (0.75 ms) when they are
 * more than 8; a task's slice is its share of that. The tick looks whether the slice is over.
 *
 * Who comes: a new task starts one slice behind min_vruntime, else forking would be a way to more CPU. A sleeper keeps
 * its vruntime, but at least min_vruntime less half a latency: it goes first after a sleep, and has no credit of years.
 * A wake-up preempts when the difference is more than wakeup_granularity (1 ms, stretched by the woken one's weight).
 *
 * SCHED_BATCH never preempts by waking; SCHED_IDLE is weight 3, and any other task preempts it.
 *
 * Locks: rq->lock. In Linux: kernel/sched/fair.c (before 6.6). Left out: groups, bandwidth, PELT.
 */
#include "sched/sched.h"
#include "trace.h"

u64 sysctl_sched_latency = 6000000;
u64 sysctl_sched_min_granularity = 750000;
u64 sysctl_sched_wakeup_granularity = 1000000;

#define NICE_0_LOAD 1024
#define WEIGHT_IDLEPRIO 3

/* From nice -20 to 19: each step is about 1.25, so that one step of nice is about 10 % of the CPU between two tasks. */
const int sched_prio_to_weight[40] = {
	88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,
	9548,  7620,  6100,  4904,  3906,  3121,  2501,  1991,  1586,  1277,
	1024,  820,   655,   526,   423,   335,   272,   215,   172,   137,
	110,   87,    70,    56,    45,    36,    29,    23,    18,    15,
};

/* Sets p's weight from its policy and nice value. => p is in no queue */
void set_load_weight(struct task_struct *p)
{
	struct load_weight *lw = &p->se.load;
	lw->weight = p->policy == SCHED_IDLE ? WEIGHT_IDLEPRIO : sched_prio_to_weight[p->static_prio - MAX_RT_PRIO];
	lw->inv_weight = 0xffffffffu / lw->weight;
}

static struct task_struct *task_of(struct sched_entity *se) { return container_of(se, struct task_struct, se); }

/* Real nanoseconds to virtual ones. */
static u64 calc_delta_fair(u64 delta, const struct sched_entity *se)
{
	if (likely(se->load.weight == NICE_0_LOAD))
		return delta;
	return (unsigned __int128)delta * ((u64)se->load.inv_weight * NICE_0_LOAD) >> 32;
}

static bool before(const struct sched_entity *a, const struct sched_entity *b)
{
	return (s64)(a->vruntime - b->vruntime) < 0;	/* the difference: vruntime may wrap */
}

static struct sched_entity *leftmost(struct cfs_rq *cfs)
{
	return rb_entry_safe(cfs->tasks_timeline.leftmost, struct sched_entity, run_node);
}

/* The order of the timeline; equals stand in the order of their coming. */
static bool runs_before(const struct rb_node *a, const struct rb_node *b)
{
	return before(rb_entry(a, struct sched_entity, run_node), rb_entry(b, struct sched_entity, run_node));
}

/* S4: min_vruntime follows the smallest vruntime, and never goes back. */
static void update_min_vruntime(struct cfs_rq *cfs)
{
	struct sched_entity *left = leftmost(cfs), *least = cfs->curr;
	if (left && (!least || before(left, least)))
		least = left;
	if (least && (s64)(least->vruntime - cfs->min_vruntime) > 0)
		cfs->min_vruntime = least->vruntime;
}

/* Books the time since exec_start to the running task. */
static void update_curr_fair(struct rq *rq)
{
	struct sched_entity *se = rq->cfs.curr;
	if (!se)
		return;
	s64 delta = rq->clock - se->exec_start;
	if (delta <= 0)
		return;
	se->exec_start = rq->clock;
	se->sum_exec_runtime += delta;
	se->vruntime += calc_delta_fair(delta, se);
	update_min_vruntime(&rq->cfs);
}

/* The part of a turn that se may run at a stretch: real ns. */
static u64 sched_slice(struct cfs_rq *cfs, struct sched_entity *se)
{
	u64 load = cfs->load.weight + (se->on_rq ? 0 : se->load.weight);
	u64 nr = cfs->nr_running + !se->on_rq;
	return max(sysctl_sched_latency, nr * sysctl_sched_min_granularity) * se->load.weight / load;
}

static void place_entity(struct cfs_rq *cfs, struct sched_entity *se, bool is_new)
{
	u64 vruntime = cfs->min_vruntime;
	if (is_new)
		vruntime += calc_delta_fair(sched_slice(cfs, se), se);
	else
		vruntime -= sysctl_sched_latency / 2;
	if ((s64)(vruntime - se->vruntime) > 0)
		se->vruntime = vruntime;
}

static void enqueue_task_fair(struct rq *rq, struct task_struct *p, int flags)
{
	struct cfs_rq *cfs = &rq->cfs;
	update_curr_fair(rq);
	if (flags & ENQUEUE_WAKEUP)
		place_entity(cfs, &p->se, false);
	p->se.on_rq = true;
	cfs->nr_running++;
	cfs->load.weight += p->se.load.weight;
	cfs->h_nr_idle += p->policy == SCHED_IDLE;
	rb_add_cached(&p->se.run_node, &cfs->tasks_timeline, runs_before);
}

/* The running task is not in the tree (S1). */
static void dequeue_task_fair(struct rq *rq, struct task_struct *p, int flags)
{
	struct cfs_rq *cfs = &rq->cfs;
	update_curr_fair(rq);
	if (cfs->next == &p->se)
		cfs->next = NULL;
	if (cfs->skip == &p->se)
		cfs->skip = NULL;
	if (cfs->curr != &p->se)
		rb_erase_cached(&p->se.run_node, &cfs->tasks_timeline);
	p->se.on_rq = false;
	cfs->nr_running--;
	cfs->load.weight -= p->se.load.weight;
	cfs->h_nr_idle -= p->policy == SCHED_IDLE;
}

static void yield_task_fair(struct rq *rq) { rq->cfs.skip = rq->cfs.curr; }

/* Is b so far left of a that a should give way to it? */
static bool should_preempt(const struct sched_entity *a, const struct sched_entity *b)
{
	s64 diff = a->vruntime - b->vruntime;
	return diff > 0 && diff > (s64)calc_delta_fair(sysctl_sched_wakeup_granularity, b);
}

/* p was just enqueued, so that curr's account is up to date. */
static void check_preempt_wakeup(struct rq *rq, struct task_struct *p)
{
	struct task_struct *curr = rq->curr;
	if (test_tsk_thread_flag(curr, TIF_NEED_RESCHED))
		return;
	if (curr->policy == SCHED_IDLE && p->policy != SCHED_IDLE) {
		resched_curr(rq);
		return;
	}
	if (p->policy != SCHED_NORMAL)
		return;
	if (should_preempt(&curr->se, &p->se)) {
		rq->cfs.next = &p->se;		/* it, though another may be further left by a little */
		resched_curr(rq);
	}
}

static void set_next_task_fair(struct rq *rq, struct task_struct *p)
{
	rb_erase_cached(&p->se.run_node, &rq->cfs.tasks_timeline);
	p->se.exec_start = rq->clock;
	p->se.prev_sum_exec_runtime = p->se.sum_exec_runtime;
	rq->cfs.curr = &p->se;
}

/*
 * 1. The leftmost: it has had the least.
 * 2. Not the one that just yielded, if the second is hardly further right.
 * 3. Rather the one that a wake-up chose, if it is hardly further right.
 * Hardly: by less than wakeup_granularity, so that fairness stays.
 */
static struct task_struct *pick_next_task_fair(struct rq *rq)
{
	struct cfs_rq *cfs = &rq->cfs;
	struct sched_entity *left = leftmost(cfs), *se = left, *second;
	if (!left)
		return NULL;
	if (unlikely(cfs->skip == left)) {
		second = rb_entry_safe(rb_next(&left->run_node), struct sched_entity, run_node);
		if (second && !should_preempt(second, left))
			se = second;
	}
	if (cfs->next && cfs->next->on_rq && !should_preempt(cfs->next, left))
		se = cfs->next;
	cfs->next = cfs->skip = NULL;
	set_next_task_fair(rq, task_of(se));
	return task_of(se);
}

static void put_prev_task_fair(struct rq *rq, struct task_struct *p)
{
	if (p->se.on_rq) {
		update_curr_fair(rq);
		rb_add_cached(&p->se.run_node, &rq->cfs.tasks_timeline, runs_before);
	}
	rq->cfs.curr = NULL;
}

static void task_tick_fair(struct rq *rq, struct task_struct *p)
{
	struct cfs_rq *cfs = &rq->cfs;
	struct sched_entity *se = &p->se;
	update_curr_fair(rq);
	trace_sched_stat_runtime(p);
	if (cfs->nr_running < 2)
		return;
	u64 slice = sched_slice(cfs, se);
	u64 ran = se->sum_exec_runtime - se->prev_sum_exec_runtime;
	struct sched_entity *left = leftmost(cfs);
	if (ran > slice || (ran >= sysctl_sched_min_granularity && (s64)(se->vruntime - left->vruntime) > (s64)slice)) {
		cfs->next = NULL;	/* the turn is over for whoever was favoured too */
		resched_curr(rq);
	}
}

static void task_fork_fair(struct rq *rq, struct task_struct *p)
{
	update_curr_fair(rq);
	p->se.vruntime = rq->cfs.curr ? rq->cfs.curr->vruntime : rq->cfs.min_vruntime;
	place_entity(&rq->cfs, &p->se, true);
}

/* From another class: its vruntime is from long ago, or none. => p is in no queue */
static void switched_to_fair(struct rq *rq, struct task_struct *p) { p->se.vruntime = rq->cfs.min_vruntime; }

const struct sched_class fair_sched_class = {
	.name = "fair",
	.next = &idle_sched_class,
	.enqueue_task = enqueue_task_fair,
	.dequeue_task = dequeue_task_fair,
	.yield_task = yield_task_fair,
	.check_preempt_curr = check_preempt_wakeup,
	.pick_next_task = pick_next_task_fair,
	.put_prev_task = put_prev_task_fair,
	.set_next_task = set_next_task_fair,
	.task_tick = task_tick_fair,
	.task_fork = task_fork_fair,
	.switched_to = switched_to_fair,
	.update_curr = update_curr_fair,
};
