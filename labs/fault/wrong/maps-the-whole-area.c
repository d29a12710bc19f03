/*
 * wrong: one fault maps every page of the area: it will be needed anyway
 * fails: only_what_is_touched
 * hint: hints/anonymous.md
 */
static int do_anonymous_page(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	u64 end = min(vma->vm_end, vmf->address + 64 * PAGE_SIZE);

	if (!(vmf->flags & FAULT_FLAG_WRITE)) {
		*vmf->pte = pte_mkspecial(pfn_pte(page_to_pfn(zero_page), vma->vm_page_prot & ~_PAGE_RW));
		return 0;
	}
	for (u64 addr = vmf->address; addr < end; addr += PAGE_SIZE) {
		pte_t *pte = pte_alloc(vma->vm_mm, addr);
		struct page *page;

		if (!pte || !pte_none(*pte))
			continue;
		page = new_anon_page(vmf, __GFP_ZERO);
		if (!page)
			return VM_FAULT_OOM;
		*pte = make_entry(vma, page, vmf->flags);
	}
	return 0;
}
