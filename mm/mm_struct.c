/*
 * The life of an address space: mm_alloc, dup_mm for fork, mmput when the last task leaves, mmdrop when
 * the last reference goes.
 *
 *    mm_users  tasks that run in it; at 0 exit_mmap drops VMAs, pages and tables
 *    mm_count  all the users together count 1, a lazy CPU or a reader of /proc 1 each; at 0 the struct goes
 *
 * In Linux: kernel/fork.c, mm/mmap.c (exit_mmap), arch/x86/mm/mmap.c.
 */
#include "mm/mm.h"
#include "fs/fs.h"
#include "kernel/process.h"
#include "string.h"
#include "boot_param.h"
#include "uapi/personality.h"

static struct kmem_cache *mm_cache;
struct page *zero_page;
bool randomize_va_space = true;
/* The kernel's own: its mmap_lock is never taken. */
struct mm_struct init_mm = {
	.page_table_lock = SPINLOCK_INIT("init_mm", RANK_PAGE_TABLE),
	.mm_users = ATOMIC_INIT(1), .mm_count = ATOMIC_INIT(1),
};

void __init mmap_init(void)
{
	mm_cache = kmem_cache_create("mm_struct", sizeof(struct mm_struct), 64);
	zero_page = alloc_page(__GFP_ZERO | __GFP_NOFAIL_INJECT);
	BUG_ON(!mm_cache || !zero_page);
	vma_init();
	randomize_va_space = !param_bool("norandmaps");
}

struct mm_struct *mm_alloc(void)
{
	struct mm_struct *mm = kmem_cache_alloc(mm_cache, __GFP_ZERO);
	if (!mm)
		return NULL;
	mm->pgd = pgd_alloc();
	if (!mm->pgd) {
		kmem_cache_free(mm_cache, mm);
		return NULL;
	}
	init_rwsem(&mm->mmap_lock, "mmap_lock", RANK_MMAP);
	spin_lock_init(&mm->page_table_lock, "page_table_lock", RANK_PAGE_TABLE);
	mm->mm_rb = RB_ROOT;
	mm->dumpable = 1;
	atomic_set(&mm->mm_users, 1);
	atomic_set(&mm->mm_count, 1);
	return mm;
}

/* => old->mmap_lock (write) */
static int dup_mmap(struct mm_struct *mm, struct mm_struct *old)
{
	for (struct vm_area_struct *src = old->mmap, *vma; src; src = src->vm_next) {
		if (src->vm_flags & VM_DONTCOPY)
			continue;
		vma = vma_dup(mm, src);
		if (!vma)
			return -ENOMEM;
		vma->vm_flags &= ~VM_LOCKED;
		vma_link(mm, vma);
		vm_stat_account(mm, vma->vm_flags, vma_pages(vma));
		int err = copy_page_range(vma, src);
		if (err)
			return err;
	}
	return 0;
}

struct mm_struct *dup_mm(struct mm_struct *old)
{
	struct mm_struct *mm = mm_alloc();
	if (!mm)
		return ERR_PTR(-ENOMEM);
	down_write(&old->mmap_lock);
	mm->mmap_base = old->mmap_base;
	memcpy(&mm->start_code, &old->start_code,
	       offsetof(struct mm_struct, hiwater_rss) - offsetof(struct mm_struct, start_code));
	memcpy(mm->saved_auxv, old->saved_auxv, sizeof(mm->saved_auxv));
	mm->dumpable = old->dumpable;
	if (old->exe_file)
		mm->exe_file = get_file(old->exe_file);
	int err = dup_mmap(mm, old);
	flush_tlb_mm(old);		/* the parent's pages are read-only now */
	up_write(&old->mmap_lock);
	if (!err)
		return mm;
	mmput(mm);
	return ERR_PTR(err);
}

void update_hiwater_rss(struct mm_struct *mm) { mm->hiwater_rss = max(mm->hiwater_rss, get_mm_rss(mm)); }

/* Drops all; afterwards every counter is 0 (M7). Nobody else can see the mm's VMAs but truncate. */
void exit_mmap(struct mm_struct *mm)
{
	struct vm_area_struct *list = mm->mmap, *next;
	update_hiwater_rss(mm);
	for (struct vm_area_struct *vma = list; vma; vma = vma->vm_next) {
		zap_page_range(vma, vma->vm_start, vma->vm_end);
		vma_unlink_file(vma);
	}
	free_pgtables(mm, list, 0, PGDIR_SIZE << 8);
	for (; list; list = next) {
		next = list->vm_next;
		vm_stat_account(mm, list->vm_flags, -(s64)vma_pages(list));
		remove_vma(list);
	}
	mm->mmap = mm->mmap_cache = NULL;
	mm->mm_rb = RB_ROOT;
	mm->map_count = 0;
	if (unlikely(mm->oom_victim))
		exit_oom_victim();
	WARN_ON(get_mm_rss(mm) || mm->total_vm);
}

void mmget(struct mm_struct *mm) { atomic_inc(&mm->mm_users); }

void mmput(struct mm_struct *mm)
{
	if (!atomic_dec_and_test(&mm->mm_users))
		return;
	exit_mmap(mm);
	if (mm->exe_file)
		fput(mm->exe_file);
	mm->exe_file = NULL;
	mmdrop(mm);
}

void mmgrab(struct mm_struct *mm) { atomic_inc(&mm->mm_count); }

void mmdrop(struct mm_struct *mm)
{
	if (!atomic_dec_and_test(&mm->mm_count))
		return;
	BUG_ON(mm == &init_mm);
	pgd_free(mm->pgd);
	kmem_cache_free(mm_cache, mm);
}

/* In Linux task_lock(p) keeps p->mm. */
struct mm_struct *get_task_mm(struct task_struct *p)
{
	u64 flags = spin_lock_irqsave(&tasklist_lock);
	struct mm_struct *mm = p->mm;
	if (mm && ((p->flags & PF_KTHREAD) || !atomic_inc_not_zero(&mm->mm_users)))
		mm = NULL;
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return mm;
}

void switch_mm(struct mm_struct *prev, struct mm_struct *next)
{
	BUG_ON(prev && read_cr3() != __pa(prev->pgd));	/* M10 */
	if (prev == next)
		return;
	__atomic_or_fetch(&next->cpu_mask, BIT(smp_processor_id()), __ATOMIC_SEQ_CST);	/* before the load: flush_everywhere */
	write_cr3(__pa(next->pgd));
	if (prev)
		__atomic_and_fetch(&prev->cpu_mask, ~BIT(smp_processor_id()), __ATOMIC_SEQ_CST);
}

/* The mmap area ends below the stack's limit, the room for its random start and a gap. In Linux: mmap_base() */
void arch_pick_mmap_layout(struct mm_struct *mm, u64 stack_gap_rlimit)
{
	u64 gap = min(stack_gap_rlimit, TASK_SIZE), rnd = 0;
	if (randomize_va_space && !(current->personality & ADDR_NO_RANDOMIZE)) {
		rnd = (get_random_u64() & (BIT(28) - 1)) << PAGE_SHIFT;
		gap += BIT(34);
	}
	gap = max(gap + STACK_GUARD_GAP, 128UL << 20);
	gap = min(gap, TASK_SIZE / 6 * 5);
	mm->mmap_base = PAGE_ALIGN(TASK_SIZE - gap - rnd);
}
