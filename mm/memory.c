/*
 * The page tables of address spaces: what fork copies, munmap drops and mprotect changes.
 *
 * All of it is the same loop: run from table to table (next_run skips what is not there, a whole
 * level at a time), take page_table_lock once for each, and go over its entries.
 *
 *      pgd -> pud -> pmd -> | e e e e e e e e ... 512 |   one run: r.n entries from r.pte, for r.addr
 *
 * Pages and tables go back to the allocator only after every processor's TLB has forgotten them (M11): zap
 * collects a batch, flushes, frees.  Tables are kept by mmap_lock, or by i_mmap_rwsem for who comes from the
 * file: a VMA leaves its file's list before its tables go.
 *
 * Left out: rmap (Linux's mm/rmap.c), huge pages, swap entries.  In Linux: mm/memory.c, mm/mprotect.c.
 */
#include "mm/mm.h"
#include "fs/fs.h"

#define ZAP_BATCH 128			/* pages freed after one flush */
#define ZAP_LOCKED 256u			/* entries cleared under the lock: a real-time task may wait for it */

struct pte_run {
	u64 addr, next;
	pte_t *pte;			/* of addr */
	unsigned n;
};

/* The next run at or after r->next; false: no table is left before end. */
static bool next_run(struct mm_struct *mm, struct pte_run *r, u64 end)
{
	for (r->addr = r->next; r->addr < end;) {
		u64 *table = mm->pgd;
		int shift = PGDIR_SHIFT;
		for (; shift > PAGE_SHIFT; shift -= 9) {
			u64 e = table[r->addr >> shift & 511];
			if (!pte_present(e))
				break;
			table = table_of(e);
		}
		if (shift == PAGE_SHIFT) {
			r->pte = table + pte_index(r->addr);
			r->next = min(end, ALIGN_DOWN(r->addr, PMD_SIZE) + PMD_SIZE);
			r->n = (r->next - r->addr) >> PAGE_SHIFT;
			return true;
		}
		r->addr = ALIGN_DOWN(r->addr, 1UL << shift) + (1UL << shift);
	}
	return false;
}
#define for_each_pte_run(mm, r, start, end) for (struct pte_run r = { .next = (start) }; next_run(mm, &r, end);)

static struct page *pte_page(pte_t e) { return pfn_to_page(pte_pfn(e)); }

/* Bits of a new entry. Private pages never get RW here: the first write asks (M6). */
pgprot_t vm_get_page_prot(u64 vm_flags)
{
	pgprot_t prot = _PAGE_ACCESSED;
	prot |= vm_flags & (VM_READ | VM_WRITE | VM_EXEC) ? _PAGE_PRESENT | _PAGE_USER : _PAGE_PROTNONE;
	if ((vm_flags & (VM_WRITE | VM_SHARED)) == (VM_WRITE | VM_SHARED))
		prot |= _PAGE_RW;
	return vm_flags & VM_EXEC ? prot : prot | _PAGE_NX;
}

/* ---- dropping ---- */

atomic_long_t *rss_of_file(struct vm_area_struct *vma)
{
	struct address_space *m = vma->vm_file ? vma->vm_file->f_mapping : NULL;
	return m && m->a_ops && m->a_ops->shmem ? &vma->vm_mm->rss_shmem : &vma->vm_mm->rss_file;
}

static void flush_run(struct mm_struct *mm, const struct pte_run *r)
{
	if (r->n == 1)
		flush_tlb_page(mm, r->addr);
	else
		flush_tlb_range(mm, r->addr, r->next);
}

static void flush_and_free(struct mm_struct *mm, struct pte_run *r, struct page **batch, unsigned nr)
{
	if (atomic_read(&mm->mm_users))	/* else nobody uses its addresses any more, whatever a TLB remembers */
		flush_run(mm, r);
	for (unsigned i = 0; i < nr; i++)
		put_page(batch[i]);
}

/* Clears a run, private copies of file pages too. => page_table_lock */
static void zap_run(struct vm_area_struct *vma, struct pte_run *r)
{
	struct page *batch[ZAP_BATCH];
	unsigned nr = 0;
	long anon = 0, file = 0;
	bool cleared = false;

	for (pte_t *pte = r->pte, *end = pte + r->n; pte < end; pte++) {
		if (pte_none(*pte))
			continue;
		pte_t e = ptep_get_and_clear(pte);
		if (!pte_special(e)) {
			struct page *page = pte_page(e);
			if (page->flags & PG_anon) {
				anon++;
			} else {
				file++;
				if (pte_dirty(e))
					set_page_dirty(page);
			}
			batch[nr++] = page;
		}
		cleared = true;
		if (nr == ZAP_BATCH) {
			flush_and_free(vma->vm_mm, r, batch, nr);
			nr = 0;
			cleared = false;
		}
	}
	if (cleared)
		flush_and_free(vma->vm_mm, r, batch, nr);
	if (anon)
		atomic_long_add(-anon, &vma->vm_mm->rss_anon);
	if (file)
		atomic_long_add(-file, rss_of_file(vma));
}

/* Drops the pages of [start, end), which lies in vma. => mmap_lock (read or write) */
void zap_page_range(struct vm_area_struct *vma, u64 start, u64 end)
{
	struct mm_struct *mm = vma->vm_mm;
	for_each_pte_run(mm, r, start, end) {
		for (unsigned done = 0; done < r.n; done += ZAP_LOCKED) {
			struct pte_run part = { .pte = r.pte + done, .n = min(r.n - done, ZAP_LOCKED), .addr = r.addr + done * PAGE_SIZE };
			part.next = part.addr + part.n * PAGE_SIZE;
			spin_lock(&mm->page_table_lock);
			zap_run(vma, &part);
			spin_unlock(&mm->page_table_lock);
		}
	}
}

/* Truncate's half of the work. From head to tail: entries move to VMAs further back only, by fork and mremap.
 * => i_rwsem (write), so that no page of the range comes back */
void unmap_mapping_range(struct address_space *mapping, u64 start)
{
	u64 first = start >> PAGE_SHIFT;
	struct vm_area_struct *vma;
	down_read(&mapping->i_mmap_rwsem);
	list_for_each_entry(vma, &mapping->i_mmap, shared) {
		u64 from = max(first, vma->vm_pgoff) - vma->vm_pgoff;
		if (from < vma_pages(vma))
			zap_page_range(vma, vma->vm_start + (from << PAGE_SHIFT), vma->vm_end);
	}
	up_read(&mapping->i_mmap_rwsem);
}

struct table_gather {
	struct mm_struct *mm;
	u64 floor, ceiling;		/* tables that serve only what lies between go */
	struct list_head list;		/* out of the tree, not yet free: a processor may still walk them */
};

/* Takes the tables of one level, and those below, out of [start, end). => page_table_lock */
static void free_tables(struct table_gather *g, u64 *table, int shift, u64 start, u64 end)
{
	u64 size = 1UL << shift;
	for (u64 a = ALIGN_DOWN(start, size); a < end; a += size) {
		u64 *e = &table[a >> shift & 511];
		if (!pte_present(*e))
			continue;
		if (shift > PMD_SHIFT)
			free_tables(g, table_of(*e), shift - 9, max(start, a), min(end, a + size));
		if (a >= g->floor && a + size <= g->ceiling) {
			atomic_long_dec(&g->mm->nr_ptes);
			mod_page_state(NR_PAGE_TABLES, -1);
			list_add(&virt_to_page(table_of(ptep_get_and_clear(e)))->lru, &g->list);
		}
	}
}

void free_pgtables(struct mm_struct *mm, struct vm_area_struct *list, u64 floor, u64 ceiling)
{
	struct table_gather g = { mm, floor, ceiling, LIST_HEAD_INIT(g.list) };
	unsigned n = 0;
	spin_lock(&mm->page_table_lock);
	for (struct vm_area_struct *vma = list; vma; vma = vma->vm_next) {
		if (++n % 64 == 0) {		/* a real-time task may wait */
			spin_unlock(&mm->page_table_lock);
			spin_lock(&mm->page_table_lock);
		}
		g.ceiling = vma->vm_next ? vma->vm_next->vm_start : ceiling;
		free_tables(&g, mm->pgd, PGDIR_SHIFT, vma->vm_start, vma->vm_end);
	}
	spin_unlock(&mm->page_table_lock);
	if (list_empty(&g.list))
		return;
	flush_tlb_page(mm, list->vm_start);	/* of any page: it drops what is kept of upper levels too (SDM 3A 4.10.4.1) */
	while (!list_empty(&g.list)) {
		struct page *table = list_first_entry(&g.list, struct page, lru);
		list_del(&table->lru);
		__free_pages(table, 0);
	}
}

/* ---- fork ---- */

/* Shares the anonymous pages of a run with the child, read-only on both sides. => page_table_lock of the parent */
static long copy_run(pte_t *to, struct pte_run *r)
{
	long anon = 0;
	for (pte_t *from = r->pte, *end = from + r->n; from < end; from++, to++) {
		pte_t e = *from;
		if (pte_none(e))
			continue;
		if (!pte_special(e)) {
			struct page *page = pte_page(e);
			if (!(page->flags & PG_anon))
				continue;	/* the child finds it in the page cache */
			get_page(page);
			anon++;
			if (pte_write(e))
				ptep_set_wrprotect(from);
			e = pte_wrprotect(e);
		}
		*to = e;
	}
	return anon;
}

/*
 * Pages that a fault would find again are not copied: shared mappings, clean pages of files.
 * => mmap_lock of the parent (write); the child is not yet visible
 */
int copy_page_range(struct vm_area_struct *dst, struct vm_area_struct *src)
{
	struct mm_struct *mm = src->vm_mm;
	if (!is_cow_mapping(src->vm_flags))
		return 0;
	for_each_pte_run(mm, r, src->vm_start, src->vm_end) {
		unsigned i = 0;
		while (i < r.n && (pte_none(r.pte[i]) || (!pte_special(r.pte[i]) && !(pte_page(r.pte[i])->flags & PG_anon))))
			i++;
		if (i == r.n)
			continue;
		spin_lock(&dst->vm_mm->page_table_lock);
		pte_t *to = pte_alloc(dst->vm_mm, r.addr);
		spin_unlock(&dst->vm_mm->page_table_lock);
		if (!to)
			return -ENOMEM;
		spin_lock(&mm->page_table_lock);
		long anon = copy_run(to, &r);
		spin_unlock(&mm->page_table_lock);
		if (anon)
			atomic_long_add(anon, &dst->vm_mm->rss_anon);
	}
	return 0;
}

/* ---- changing ---- */

/* A private page that nobody shares and that was written stays writable, to save the fault. */
static pte_t modify_entry(struct vm_area_struct *vma, pte_t e)
{
	bool write = !pte_special(e) && (vma->vm_flags & VM_WRITE) && pte_dirty(e) &&
		     (pte_page(e)->flags & PG_anon) && page_count(pte_page(e)) == 1;
	e = (e & (PTE_PFN_MASK | _PAGE_DIRTY | _PAGE_SPECIAL | _PAGE_PCD | _PAGE_PWT)) | vma->vm_page_prot;
	return write ? pte_mkwrite(e) : e;
}

void change_protection(struct vm_area_struct *vma, u64 start, u64 end)
{
	struct mm_struct *mm = vma->vm_mm;
	for_each_pte_run(mm, r, start, end) {
		bool flush = false;
		spin_lock(&mm->page_table_lock);
		for (pte_t *pte = r.pte, *last = pte + r.n; pte < last; pte++) {
			if (!pte_mapped(*pte))
				continue;
			pte_t old = ptep_get_and_clear(pte);
			*pte = modify_entry(vma, old);
			flush |= pte_needs_flush(old, *pte);
		}
		if (flush)
			flush_run(mm, &r);
		spin_unlock(&mm->page_table_lock);
	}
}

/* Moves a run's entries to `to`, or (not yet move) makes the tables for them; false: no memory. Truncate finds each page
 * at one of the two places, and no processor at the old one (M11, M12). => page_table_lock */
static bool move_run(struct mm_struct *mm, struct pte_run *r, u64 to, bool move)
{
	bool moved = false;
	for (unsigned i = 0; i < r->n; i++) {
		if (pte_none(r->pte[i]))
			continue;
		pte_t *pte = pte_alloc(mm, to + i * PAGE_SIZE);
		if (!pte)
			return false;
		if (move)
			*pte = ptep_get_and_clear(&r->pte[i]);
		moved |= move;
	}
	if (moved)
		flush_run(mm, r);
	return true;
}

/* Moves the entries of [old, old+len), to a linked VMA: first every table that is needed, then nothing can fail. */
int move_page_tables(struct mm_struct *mm, u64 old, u64 new, u64 len)
{
	for (int pass = 0; pass < 2; pass++)
		for_each_pte_run(mm, r, old, old + len) {
			spin_lock(&mm->page_table_lock);
			bool ok = move_run(mm, &r, new + (r.addr - old), pass);
			spin_unlock(&mm->page_table_lock);
			if (!ok)
				return -ENOMEM;
		}
	return 0;
}
