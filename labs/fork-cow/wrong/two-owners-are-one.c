/*
 * wrong: off by one: with two owners the writer takes the page
 * fails: a_write_copies_one_page many_sharers
 * hint: hints/write-fault.md
 */
static int do_wp_page(struct vm_fault *vmf)
{
	struct mm_struct *mm = vmf->vma->vm_mm;
	struct page *old = pfn_to_page(pte_pfn(vmf->orig_pte));
	bool counted = !pte_special(vmf->orig_pte);

	if (counted && (old->flags & PG_anon) && page_count(old) <= 2) {
		*vmf->pte = make_entry(vmf->vma, old, vmf->flags);
		trace_cow(vmf->address, old, old);
		flush_tlb_page(mm, vmf->address);
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
	*vmf->pte = make_entry(vmf->vma, page, vmf->flags);
	flush_tlb_page(mm, vmf->address);
	if (counted) {
		atomic_long_dec(old->flags & PG_anon ? &mm->rss_anon : rss_of_file(vmf->vma));
		put_page(old);
	}
	return 0;
}
