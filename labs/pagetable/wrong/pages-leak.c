/*
 * wrong: entries are cleared, but the pages' references are not dropped
 * fails: unmap_gives_back
 * hint: hints/drop.md
 */
static void flush_and_free(struct mm_struct *mm, struct pte_run *r, struct page **batch, unsigned nr)
{
	if (atomic_read(&mm->mm_users))	/* else nobody uses its addresses any more, whatever a TLB remembers */
		flush_run(mm, r);
}
