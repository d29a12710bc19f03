/*
 * wrong: pages are freed while the TLB still knows them
 * fails: unmapped_is_gone
 * hint: hints/tlb.md
 */
static void flush_and_free(struct mm_struct *mm, struct pte_run *r, struct page **batch, unsigned nr)
{
	for (unsigned i = 0; i < nr; i++)
		put_page(batch[i]);
}
