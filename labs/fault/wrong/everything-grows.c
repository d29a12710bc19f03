/*
 * wrong: any area grows down to the address below it
 * fails: nothing_there
 * hint: hints/find.md
 */
static struct vm_area_struct *find_vma_grow(struct mm_struct *mm, u64 address)
{
	struct vm_area_struct *vma = find_vma(mm, address);
	if (vma && unlikely(vma->vm_start > address) && expand_stack(vma, address))
		return NULL;
	return vma;
}
