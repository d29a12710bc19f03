/*
 * wrong: a new page is handed out with what its last owner left in it
 * fails: memory_is_zero
 * hint: hints/anonymous.md
 */
static int do_anonymous_page(struct vm_fault *vmf)
{
	if (!(vmf->flags & FAULT_FLAG_WRITE)) {
		*vmf->pte = pte_mkspecial(pfn_pte(page_to_pfn(zero_page), vmf->vma->vm_page_prot & ~_PAGE_RW));
		return 0;
	}
	struct page *page = new_anon_page(vmf, 0);
	if (!page)
		return VM_FAULT_OOM;
	*vmf->pte = make_entry(vmf->vma, page, vmf->flags);
	return 0;
}
