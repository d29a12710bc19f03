/*
 * wrong: total_vm and stack_vm are not told
 * fails: the_stack_grows
 * hint: hints/stack.md
 */
int expand_stack(struct vm_area_struct *vma, u64 addr)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *prev = vma->vm_prev;
	int err = -ENOMEM;

	addr &= PAGE_MASK;
	if (addr < MMAP_MIN_ADDR)
		return -EPERM;
	if (prev && !(prev->vm_flags & VM_GROWSDOWN) && (prev->vm_flags & (VM_READ | VM_WRITE | VM_EXEC)) &&
	    addr - prev->vm_end < STACK_GUARD_GAP)
		return -ENOMEM;
	spin_lock(&mm->page_table_lock);
	if (addr >= vma->vm_start) {	/* another thread did it */
		spin_unlock(&mm->page_table_lock);
		return 0;
	}
	u64 grow = (vma->vm_start - addr) >> PAGE_SHIFT;
	if (vma->vm_end - addr <= rlimit(RLIMIT_STACK) && grow <= vma->vm_pgoff && may_expand_vm(mm, vma->vm_flags, grow) &&
	    mlock_allowed(mm, vma->vm_flags, grow)) {
		vma->vm_pgoff -= grow;
		vma->vm_start = addr;
		err = 0;
	}
	spin_unlock(&mm->page_table_lock);
	return err;
}
