/*
 * wrong: the entry for the zero page is made as for a page of one's own
 * fails: reading_takes_nothing
 * hint: hints/zero-page.md
 */
static int do_anonymous_page(struct vm_fault *vmf)
{
	if (!(vmf->flags & FAULT_FLAG_WRITE)) {
		*vmf->pte = pte_mkspecial(pfn_pte(page_to_pfn(zero_page), vmf->vma->vm_page_prot | _PAGE_RW));
		return 0;
	}
	struct page *page = new_anon_page(vmf, 0);
	if (!page)
		return VM_FAULT_OOM;
	clear_page(page_address(page));
	*vmf->pte = make_entry(vmf->vma, page, vmf->flags);
	return 0;
}
