/*
 * wrong: the parent's entry becomes read-only, the child gets the old one
 * fails: child_writes_are_its_own fork_shares_pages
 * hint: hints/both-sides.md
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
			get_page(page);
			anon++;
			if (pte_write(e))
				*from = pte_wrprotect(e);
		}
		*to = e;
	}
	return anon;
}
