/*
 * wrong: find_vma's answer is taken though it begins above the address
 * fails: nothing_there
 * hint: hints/find.md
 */
static struct vm_area_struct *find_vma_grow(struct mm_struct *mm, u64 address)
{
	struct vm_area_struct *vma = find_vma(mm, address);

	if (vma && vma->vm_start > address && (vma->vm_flags & VM_GROWSDOWN) && expand_stack(vma, address))
		return NULL;
	return vma;
}
