/*
 * wrong: a read of new memory takes a page as a write does
 * fails: reading_takes_nothing
 * hint: hints/zero-page.md
 */
static int do_anonymous_page(struct vm_fault *vmf)
{
	struct page *page = new_anon_page(vmf, __GFP_ZERO);

	if (!page)
		return VM_FAULT_OOM;
	*vmf->pte = make_entry(vmf->vma, page, vmf->flags);
	return 0;
}
