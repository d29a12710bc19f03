/*
 * wrong: the heap is set, start_code to end_data are not
 * fails: heap
 * hint: hints/heap.md
 */
static void set_mm_fields(const struct elf_image *image, bool dynamic)
{
	struct mm_struct *mm = current->mm;
	const struct elf_layout *lay = &image->lay;
	u64 brk = image->bias + lay->end;

	if (bprm_randomize()) {
		if (image->hdr.e_type == ET_DYN && !dynamic)
			brk = ELF_ET_DYN_BASE;	/* out of the mmap area: there it would soon meet others */
		brk += get_random_u64() % BRK_RND_PAGES << PAGE_SHIFT;
	}
	mm->start_brk = mm->brk = brk;
}
