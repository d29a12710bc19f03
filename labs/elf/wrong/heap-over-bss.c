/*
 * wrong: the heap begins where the last segment ends in the file, not in memory
 * fails: heap
 * hint: hints/heap.md
 */
static void set_mm_fields(const struct elf_image *image, bool dynamic)
{
	struct mm_struct *mm = current->mm;
	const struct elf_layout *lay = &image->lay;
	u64 brk = PAGE_ALIGN(image->bias + lay->end_data);

	mm->start_code = image->bias + (lay->end_code ? lay->start_code : lay->start);
	mm->end_code = image->bias + lay->end_code;
	mm->start_data = image->bias + lay->start_data;
	mm->end_data = image->bias + lay->end_data;
	mm->start_brk = mm->brk = brk;
}
