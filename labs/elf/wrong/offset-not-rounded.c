/*
 * wrong: p_offset goes to mmap as it is, the address rounded down
 * fails: data_is_there small_programs
 * hint: hints/segments.md
 */
static int map_segment(const struct elf_image *image, const struct elf64_phdr *ph)
{
	u64 addr = image->bias + ph->p_vaddr, file_end = addr + ph->p_filesz, end = PAGE_ALIGN(addr + ph->p_memsz);
	u64 page_off = addr & ~PAGE_MASK, start = addr - page_off, ret;
	u64 prot = (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) | (ph->p_flags & PF_X ? PROT_EXEC : 0);
	int err;

	if (ph->p_filesz) {
		ret = vm_mmap(image->file, start, ph->p_filesz + page_off, prot, MAP_PRIVATE | MAP_FIXED, ph->p_offset & PAGE_MASK ? ph->p_offset - page_off : PAGE_SIZE);
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
	/* Only a segment that can be written is worth killing for: the others just keep the file's bytes. */
	if (ph->p_filesz && ph->p_memsz > ph->p_filesz && (file_end & ~PAGE_MASK) &&
	    clear_user((void *)file_end, PAGE_ALIGN(file_end) - file_end) && (ph->p_flags & PF_W))
		return -EFAULT;
	return 0;
}
