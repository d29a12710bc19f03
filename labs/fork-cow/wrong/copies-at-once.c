/*
 * wrong: fork copies each page, as the starter does, only shorter
 * fails: fork_shares_pages fork_is_cheap
 * hint: hints/share.md
 */
static long copy_run(pte_t *to, struct pte_run *r)
{
	long anon = 0;

	for (unsigned i = 0; i < r->n; i++) {
		pte_t e = r->pte[i];
		struct page *page;

		if (pte_none(e) || (!pte_special(e) && !(pte_page(e)->flags & PG_anon)))
			continue;
		to[i] = e;
		if (pte_special(e))
			continue;
		page = alloc_page(0);
		BUG_ON(!page);
		copy_page(page_address(page), page_address(pte_page(e)));
		page->flags |= PG_anon;
		mod_page_state(NR_ANON_PAGES, 1);
		to[i] = (e & ~PTE_PFN_MASK) | page_to_phys(page);
		anon++;
	}
	return anon;
}
