/*
 * wrong: nobody asks whether the area may be written: the write faults for ever
 * fails: not_allowed
 * hint: hints/access.md
 */
static bool access_allowed(struct vm_area_struct *vma, u64 error_code)
{
	if (error_code & PF_WRITE)
		return vma->vm_flags & (VM_READ | VM_WRITE | VM_EXEC);
	if (error_code & PF_INSTR)
		return vma->vm_flags & VM_EXEC;
	return !(error_code & PF_PROT) && (vma->vm_flags & (VM_READ | VM_WRITE | VM_EXEC));
}
