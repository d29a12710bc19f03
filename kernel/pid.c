/*
 * Process ids: which numbers are free, and who has one.
 *
 *   pidmap       one bit for each number: taken (P1)
 *   pid_hash     number -> task          pgrp_hash, session_hash   number -> its group leaders
 *
 * A number is taken before its task is visible (alloc_pid) and given back when the last task that has it as
 * pid, process group or session is gone, so that kill(-pgrp) never meets strangers.
 *
 * Locks: pidmap_lock guards pidmap and last_pid; tasklist_lock the hashes.
 * In Linux: kernel/pid.c, where a struct pid with a reference count ties the three uses together.
 */
#include "err.h"
#include "kernel/process.h"

#define RESERVED_PIDS 300		/* after the first wrap the numbers below are left to daemons */

int pid_max = PID_MAX_DEFAULT;
pid_t last_pid;
static DECLARE_BITMAP(pidmap, PID_MAX_DEFAULT) = { 1 };	/* PID 0: the idle task, and init's first group and session */
static DEFINE_SPINLOCK(pidmap_lock, RANK_MISC);
static struct hlist_head pid_hash[PIDHASH_SIZE], session_hash[PIDHASH_SIZE];
struct hlist_head pgrp_hash[PIDHASH_SIZE];

/* The next free number after the last one, or -EAGAIN. */
pid_t alloc_pid(void)
{
	u64 flags = spin_lock_irqsave(&pidmap_lock);
	int nr = find_next_zero_bit(pidmap, pid_max, last_pid + 1);
	if (nr >= pid_max)
		nr = find_next_zero_bit(pidmap, pid_max, min(RESERVED_PIDS, pid_max - 1));
	if (nr < pid_max) {
		set_bit(nr, pidmap);
		last_pid = nr;
	} else {
		nr = -EAGAIN;
	}
	spin_unlock_irqrestore(&pidmap_lock, flags);
	return nr;
}

void free_pid(pid_t pid)
{
	u64 flags = spin_lock_irqsave(&pidmap_lock);
	clear_bit(pid, pidmap);
	spin_unlock_irqrestore(&pidmap_lock, flags);
}

struct task_struct *find_task_by_pid(pid_t pid)
{
	struct task_struct *p;
	hlist_for_each_entry(p, &pid_hash[pid_hashfn(pid)], pid_hash)
		if (p->pid == pid)
			return p;
	return NULL;
}

struct task_struct *get_task_by_pid(pid_t pid)
{
	u64 flags = spin_lock_irqsave(&tasklist_lock);
	struct task_struct *p = find_task_by_pid(pid);
	if (p)
		get_task_struct(p);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return p;
}

struct task_struct *get_task(pid_t pid) { return pid ? get_task_by_pid(pid) : get_task_struct(current); }
void put_task(struct task_struct **p) { if (*p) put_task_struct(*p); }

static bool session_exists(pid_t session)
{
	struct task_struct *p;
	hlist_for_each_entry(p, &session_hash[pid_hashfn(session)], session_node)
		if (p->signal->session == session)
			return true;
	return false;
}

/* Does some process of the session (0: of any) belong to the group? */
bool pgrp_exists(pid_t pgrp, pid_t session)
{
	struct task_struct *p;
	for_each_in_pgrp(p, pgrp)
		if (!session || p->signal->session == session)
			return true;
	return false;
}

/* P1: the number is free again when nobody has it any more. */
static void release_pid(pid_t nr)
{
	if (nr && !find_task_by_pid(nr) && !pgrp_exists(nr, 0) && !session_exists(nr))
		free_pid(nr);
}

void attach_pid(struct task_struct *p)
{
	hlist_add_head(&p->pid_hash, &pid_hash[pid_hashfn(p->pid)]);
	if (p != p->group_leader)
		return;
	hlist_add_head(&p->pgrp_node, &pgrp_hash[pid_hashfn(p->signal->pgrp)]);
	hlist_add_head(&p->session_node, &session_hash[pid_hashfn(p->signal->session)]);
}

void detach_pid(struct task_struct *p)
{
	pid_t pgrp = p->signal->pgrp, session = p->signal->session;
	hlist_del_init(&p->pid_hash);
	if (p == p->group_leader) {
		hlist_del_init(&p->pgrp_node);
		hlist_del_init(&p->session_node);
	}
	release_pid(p->pid);
	if (pgrp != p->pid)
		release_pid(pgrp);
	if (session != p->pid && session != pgrp)
		release_pid(session);
}

/* p goes from one list of a hash to another. */
static void change_id(struct task_struct *p, pid_t *id, struct hlist_node *node, struct hlist_head *hash, pid_t new)
{
	pid_t old = *id;
	hlist_del_init(node);
	*id = new;
	hlist_add_head(node, &hash[pid_hashfn(new)]);
	release_pid(old);
}

void change_pgrp(struct task_struct *p, pid_t pgrp) { change_id(p, &p->signal->pgrp, &p->pgrp_node, pgrp_hash, pgrp); }
void change_session(struct task_struct *p, pid_t session) { change_id(p, &p->signal->session, &p->session_node, session_hash, session); }

/*
 * Has the group nobody who could continue it: no member (ignored_task apart) whose parent is in another group
 * of the same session? (POSIX 3.264; zombies and children of init don't count.)
 */
bool is_orphaned_pgrp(pid_t pgrp, struct task_struct *ignored_task)
{
	struct task_struct *p;
	for_each_in_pgrp(p, pgrp) {
		if (p == ignored_task || p->exit_state || p->real_parent == init_process)
			continue;
		if (p->real_parent->signal->pgrp != pgrp && p->real_parent->signal->session == p->signal->session)
			return false;
	}
	return true;
}

/* The idle task is found by no number, but group 0 and session 0 are its. */
void __init pid_init(void)
{
	hlist_add_head(&init_task.pgrp_node, &pgrp_hash[0]);
	hlist_add_head(&init_task.session_node, &session_hash[0]);
}
