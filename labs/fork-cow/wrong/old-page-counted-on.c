/*
 * wrong: the copy counts in rss_anon, the old page is not taken off
 * fails: a_write_copies_one_page nothing_is_lost
 * hint: hints/counts.md
 */
static int do_wp_page(struct vm_fault *vmf)
{
	struct mm_struct *mm = vmf->vma->vm_mm;
	struct page *old = pfn_to_page(pte_pfn(vmf->orig_pte));
	bool counted = !pte_special(vmf->orig_pte);

	if (counted && (old->flags & PG_anon) && page_count(old) == 1) {
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
		put_page(old);
	}
	return 0;
}
