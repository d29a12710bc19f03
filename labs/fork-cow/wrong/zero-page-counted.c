/*
 * wrong: the zero page is shared like any other: with a reference
 * fails: zero_page_stays_zero fork_shares_pages
 * hint: hints/zero-page.md
 */
static long copy_run(pte_t *to, struct pte_run *r)
{
	long anon = 0;

	for (pte_t *from = r->pte, *end = from + r->n; from < end; from++, to++) {
		struct page *page = pte_page(*from);

		if (pte_none(*from) || (!pte_special(*from) && !(page->flags & PG_anon)))
			continue;
		get_page(page);
		if (page->flags & PG_anon)
			anon++;
		*from = pte_wrprotect(*from);
		*to = *from;
	}
	return anon;
}
