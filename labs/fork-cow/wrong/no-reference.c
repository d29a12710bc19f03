/*
 * wrong: the child maps the page, but nobody counts it
 * fails: fork_shares_pages many_sharers
 * hint: hints/share.md
 */
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
			anon++;
			if (pte_write(e))
				ptep_set_wrprotect(from);
			e = pte_wrprotect(e);
		}
		*to = e;
	}
	return anon;
}
