/*
 * wrong: segments are read into anonymous memory, with the right protection
 * fails: areas text_is_shared
 * hint: hints/segments.md
 */
#include "kernel/syscall.h"

static int map_segment(const struct elf_image *image, const struct elf64_phdr *ph)
{
	u64 addr = image->bias + ph->p_vaddr, start = addr & PAGE_MASK, end = PAGE_ALIGN(addr + ph->p_memsz);
	u64 prot = (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) | (ph->p_flags & PF_X ? PROT_EXEC : 0);
	loff_t pos = ph->p_offset;
	char *buffer = kmalloc(PAGE_SIZE, GFP_KERNEL);
	int err;

	if (!buffer)
		return -ENOMEM;
	down_write(&current->mm->mmap_lock);
	err = vm_brk_flags(start, end - start, 0);
	up_write(&current->mm->mmap_lock);
	for (u64 done = 0; !err && done < ph->p_filesz;) {
		ssize_t n = kernel_read(image->file, buffer, min(PAGE_SIZE, ph->p_filesz - done), &pos);

		if (n <= 0 || copy_to_user((void *)(addr + done), buffer, n))
			err = -EFAULT;
		done += n;
	}
	kfree(buffer);
	return err ? err : sys_mprotect(start, end - start, prot);
}
