/*
 * Out of memory: the task with the most memory dies, the kernel lives.
 *
 * Badness is Linux's: pages in memory and page tables, plus oom_score_adj thousandths of all memory. -1000,
 * init and kernel threads are never chosen. The victim, and who shares its memory, dies on its way to user mode;
 * meanwhile callers sleep a little and then try again. Until that memory is free (oom_victims) nobody else is chosen.
 * In Linux: mm/oom_kill.c.
 */
#include "mm/mm.h"
#include "fs/fs.h"
#include "kernel/process.h"

#define OOM_RESERVE 64			/* free pages above which there is no need: an allocation was made to fail */

static atomic_t oom_victims;		/* address spaces on their way out */

atomic_t nr_mms_leaving;

void exit_oom_victim(void) { atomic_dec(&oom_victims); }

/* => tasklist_lock, which keeps p->mm */
static long oom_badness(struct task_struct *p)
{
	struct mm_struct *mm = p->mm;
	if (!mm || (p->flags & PF_KTHREAD) || mm == init_process->mm || p->signal->oom_score_adj == -1000)
		return 0;
	return max(1L, (long)(get_mm_rss(mm) + atomic_long_read(&mm->nr_ptes)) +
			       p->signal->oom_score_adj * (long)totalram_pages / 1000);
}

/* The worst task, referenced. NULL: none may be chosen, or (*dying) one is on its way out already. */
static struct task_struct *select_bad_process(bool *dying)
{
	struct task_struct *p, *chosen = NULL;
	long worst = 0;
	*dying = atomic_read(&oom_victims);
	spin_lock_irq(&tasklist_lock);
	for_each_process(p) {
		long points = oom_badness(p);
		if (points && (p->flags & PF_EXITING))
			*dying = true;
		if (points > worst) {
			worst = points;
			chosen = p;
		}
	}
	chosen = *dying ? NULL : chosen;
	if (chosen)
		get_task_struct(chosen);
	spin_unlock_irq(&tasklist_lock);
	return chosen;
}

static void dump_header(void)
{
	struct task_struct *p;
	pr_warn("%s invoked oom-killer: gfp_mask=0x0, order=0, oom_score_adj=%d\n", current->comm,
		current->signal->oom_score_adj);
	pr_warn("Mem-Info: free:%lu anon:%ld pagecache:%ld shmem:%ld slab:%ld pagetables:%ld kstack:%ld of %lu pages\n",
		nr_free_pages(), global_page_state(NR_ANON_PAGES), global_page_state(NR_PAGE_CACHE),
		global_page_state(NR_SHMEM), global_page_state(NR_SLAB_PAGES), global_page_state(NR_PAGE_TABLES),
		global_page_state(NR_KSTACK_PAGES), totalram_pages);
	pr_info("Tasks state (memory values in pages):\n");
	pr_info("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n");
	spin_lock_irq(&tasklist_lock);
	for_each_process(p)
		if (p->mm && !(p->flags & PF_KTHREAD))
			pr_info("[%7d] %5u %5d %8lu %8lu %8lu %8d         %5d %s\n", p->pid, p->cred->uid, p->tgid,
				p->mm->total_vm, get_mm_rss(p->mm), atomic_long_read(&p->mm->nr_ptes) * PAGE_SIZE, 0,
				p->signal->oom_score_adj, p->comm);
	spin_unlock_irq(&tasklist_lock);
}

static void oom_kill(struct task_struct *p)
{
	struct mm_struct *mm = get_task_mm(p);
	struct task_struct *q;
	if (!mm)
		return;
	pr_err("Out of memory: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, file-rss:%lukB, shmem-rss:%lukB, UID:%u pgtables:%lukB oom_score_adj:%d\n",
	       p->pid, p->comm, mm->total_vm * 4, atomic_long_read(&mm->rss_anon) * 4,
	       atomic_long_read(&mm->rss_file) * 4, atomic_long_read(&mm->rss_shmem) * 4, p->cred->uid,
	       atomic_long_read(&mm->nr_ptes) * 4, p->signal->oom_score_adj);
	mm->oom_victim = true;		/* we have a reference: exit_mmap comes later */
	atomic_inc(&oom_victims);
	spin_lock_irq(&tasklist_lock);
	for_each_process(q)
		if (q->mm == mm)
			send_sig_info(SIGKILL, NULL, q, true);
	spin_unlock_irq(&tasklist_lock);
	mmput(mm);
}

bool out_of_memory(void)
{
	static DEFINE_MUTEX(oom_lock, RANK_MISC_MUTEX);
	struct task_struct *victim;
	bool dying;
	mutex_lock(&oom_lock);
	drain_all_pages();
	if (nr_free_pages() > OOM_RESERVE) {
		mutex_unlock(&oom_lock);
		return false;
	}
	victim = select_bad_process(&dying);
	if (victim) {
		dump_header();
		oom_kill(victim);
		put_task_struct(victim);
	} else if (!dying && !atomic_read(&nr_mms_leaving) && nr_free_pages() <= OOM_RESERVE) {	/* nothing left meanwhile */
		panic("Out of memory and no killable processes...");
	}
	mutex_unlock(&oom_lock);
	if (!fatal_signal_pending(current)) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_timeout_ns(NSEC_PER_MSEC);
	}
	return true;
}
