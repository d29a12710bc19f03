/*
 * wrong: pages of files are mapped, but not counted in rss_file or rss_shmem
 * fails: file_pages_are_shared
 * hint: hints/file.md
 */
static int do_file_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	bool write = vmf->flags & FAULT_FLAG_WRITE, cow = write && !(vma->vm_flags & VM_SHARED);
	vmf->pgoff = vma->vm_pgoff + ((vmf->address - vma->vm_start) >> PAGE_SHIFT);
	if (!write && vma->vm_ops->map_pages && do_fault_around(vmf))
		return 0;
	int ret = vma->vm_ops->fault(vmf);
	if (ret)
		return ret & VM_FAULT_NOPAGE ? 0 : ret;
	struct page *page = vmf->page;
	if (write && !cow && vma->vm_ops->page_mkwrite && (ret = vma->vm_ops->page_mkwrite(vmf)))
		goto out;
	spin_lock(&vma->vm_mm->page_table_lock);
	/* Recheck: the lock was dropped. Another thread was quicker, or truncate took the page: fault again. */
	if (!pte_none(*vmf->pte) || page->mapping != vma->vm_file->f_mapping) {
		spin_unlock(&vma->vm_mm->page_table_lock);
		goto out;
	}
	if (cow) {
		struct page *copy = new_anon_page(vmf, 0);
		if (copy) {
			copy_page(page_address(copy), page_address(page));
			*vmf->pte = make_entry(vma, copy, vmf->flags);
		} else {
			ret = VM_FAULT_OOM;
		}
	} else {
		get_page(page);
		*vmf->pte = make_entry(vma, page, vmf->flags);
	}
	spin_unlock(&vma->vm_mm->page_table_lock);
out:
	put_page(page);
	return ret;
}
