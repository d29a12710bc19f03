/*
 * wrong: count 1 means sole owner, for the zero page too: it becomes writable
 * fails: zero_page_stays_zero
 * hint: hints/zero-page.md
 */
static int do_wp_page(struct vm_fault *vmf)
{
	struct mm_struct *mm = vmf->vma->vm_mm;
	struct page *old = pfn_to_page(pte_pfn(vmf->orig_pte));
	bool counted = !pte_special(vmf->orig_pte);

	if (page_count(old) == 1) {
		*vmf->pte = make_entry(vmf->vma, old, vmf->flags);
		trace_cow(vmf->address, old, old);
		return 0;
	}
	if (!pfn_valid(pte_pfn(vmf->orig_pte)))
		return VM_FAULT_SIGBUS;
	struct page *page = new_anon_page(vmf, 0);
	if (!page)
		return VM_FAULT_OOM;
	if (!counted && old == zero_page)
		clear_page(page_address(page));
	else
		copy_page(page_address(page), page_address(old));
	trace_cow(vmf->address, old, page);
	ptep_get_and_clear(vmf->pte);	/* nobody may read the old page while another writes to the new one */
	flush_tlb_page(mm, vmf->address);
	*vmf->pte = make_entry(vmf->vma, page, vmf->flags);
	if (counted) {
		atomic_long_dec(old->flags & PG_anon ? &mm->rss_anon : rss_of_file(vmf->vma));
		put_page(old);
	}
	return 0;
}
