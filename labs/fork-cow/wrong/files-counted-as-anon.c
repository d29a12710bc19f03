/*
 * wrong: pages of files are shared too, and all of them are counted as anonymous
 * fails: pages_of_files
 * hint: hints/what-to-copy.md
 */
int copy_page_range(struct vm_area_struct *dst, struct vm_area_struct *src)
{
	struct mm_struct *mm = src->vm_mm;
	if (!is_cow_mapping(src->vm_flags))
		return 0;
	for_each_pte_run(mm, r, src->vm_start, src->vm_end) {
		unsigned i = 0;
		while (i < r.n && pte_none(r.pte[i]))
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

static long copy_run(pte_t *to, struct pte_run *r)
{
	long anon = 0;
	for (pte_t *from = r->pte, *end = from + r->n; from < end; from++, to++) {
		pte_t e = *from;
		if (pte_none(e))
			continue;
		if (!pte_special(e)) {
			struct page *page = pte_page(e);
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
