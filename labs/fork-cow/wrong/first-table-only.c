/*
 * wrong: one table is copied, then the function returns: 2 MiB are enough for small programs
 * fails: large_and_sparse
 * hint: hints/walk.md
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
		atomic_long_add(anon, &dst->vm_mm->rss_anon);
		return 0;
	}
	return 0;
}
