/*
 * wrong: all pages are taken off rss_anon, those of files too
 * fails: shared_and_special
 * hint: hints/entries.md
 */
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
				anon++;
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
	(void)file;
}
