/*
 * wrong: an access that is neither write nor fetch is always allowed
 * fails: not_allowed system_calls_say_efault
 * hint: hints/access.md
 */
static bool access_allowed(struct vm_area_struct *vma, u64 error_code)
{
	if (error_code & PF_WRITE)
		return vma->vm_flags & VM_WRITE;
	if (error_code & PF_INSTR)
		return vma->vm_flags & VM_EXEC;
	return true;
}
