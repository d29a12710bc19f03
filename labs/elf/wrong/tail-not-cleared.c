/*
 * wrong: the last page of the file's part keeps the bytes that follow in the file
 * fails: bss_is_zero
 * hint: hints/bss.md
 */
static int map_segment(const struct elf_image *image, const struct elf64_phdr *ph)
{
	u64 addr = image->bias + ph->p_vaddr, file_end = addr + ph->p_filesz, end = PAGE_ALIGN(addr + ph->p_memsz);
	u64 page_off = addr & ~PAGE_MASK, start = addr - page_off, ret;
	u64 prot = (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) | (ph->p_flags & PF_X ? PROT_EXEC : 0);
	int err;

	if (ph->p_filesz) {
		ret = vm_mmap(image->file, start, ph->p_filesz + page_off, prot, MAP_PRIVATE | MAP_FIXED, ph->p_offset - page_off);
		if (IS_ERR((void *)ret))
			return (long)ret;
		start = PAGE_ALIGN(file_end);
	}
	if (end > start) {
		down_write(&current->mm->mmap_lock);
		err = vm_brk_flags(start, end - start, ph->p_flags & PF_X ? VM_EXEC : 0);
		up_write(&current->mm->mmap_lock);
		if (err)
			return err;
	}
	return 0;
}
