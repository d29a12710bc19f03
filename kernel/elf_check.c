/*
 * The checks of ELF headers (kernel/elf_check.h). Linux finds most of these faults only while it maps, when
 * failing means to kill; refused here, the caller of execve gets an error.
 */
#include "kernel/elf_check.h"
#include "asm/pgtable.h"
#include "asm/uaccess.h"
#include "string.h"
#include "uapi/errno.h"

int elf_check_header(const struct elf64_hdr *h)
{
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_ident[4] != ELFCLASS64 || h->e_ident[5] != ELFDATA2LSB)
		return -ENOEXEC;
	if ((h->e_type != ET_EXEC && h->e_type != ET_DYN) || h->e_machine != EM_X86_64)
		return -ENOEXEC;
	if (h->e_phentsize != sizeof(struct elf64_phdr) || !h->e_phnum || h->e_phnum > ELF_MAX_PHDRS)
		return -ENOEXEC;
	return 0;
}

static int check_load(const struct elf64_phdr *ph)
{
	if (ph->p_filesz > ph->p_memsz || ph->p_memsz > TASK_SIZE || ph->p_vaddr > TASK_SIZE - ph->p_memsz)
		return -EINVAL;
	if (ph->p_filesz && (ph->p_offset > INT64_MAX - ph->p_filesz || ((ph->p_vaddr ^ ph->p_offset) & ~PAGE_MASK)))
		return -EINVAL;
	return 0;
}

static void add_load(const struct elf64_hdr *h, const struct elf64_phdr *ph, struct elf_layout *out)
{
	u64 file_end = ph->p_vaddr + ph->p_filesz;
	out->start = min(out->start, ph->p_vaddr & PAGE_MASK);
	out->brk = max(out->brk, ph->p_vaddr + ph->p_memsz);
	if (ph->p_align <= TASK_SIZE && !(ph->p_align & (ph->p_align - 1)))
		out->align = max(out->align, ph->p_align);
	if (ph->p_flags & PF_X) {
		out->start_code = min(out->start_code, ph->p_vaddr);
		out->end_code = max(out->end_code, file_end);
	}
	out->start_data = max(out->start_data, ph->p_vaddr);
	out->end_data = max(out->end_data, file_end);
	if (ph->p_offset <= h->e_phoff && h->e_phoff - ph->p_offset < ph->p_filesz)
		out->phdr = h->e_phoff - ph->p_offset + ph->p_vaddr;
}

int elf_check_segments(const struct elf64_hdr *h, const struct elf64_phdr *ph, struct elf_layout *out)
{
	*out = (struct elf_layout){ .start = TASK_SIZE, .start_code = TASK_SIZE, .align = PAGE_SIZE, .interp = -1 };
	for (int i = 0; i < h->e_phnum; i++) {
		if (ph[i].p_type == PT_GNU_STACK)
			out->exec_stack = ph[i].p_flags & PF_X;
		if (ph[i].p_type == PT_INTERP && out->interp < 0)
			out->interp = i;
		if (ph[i].p_type != PT_LOAD || !ph[i].p_memsz)
			continue;
		if (check_load(&ph[i]))
			return -EINVAL;
		add_load(h, &ph[i], out);
	}
	if (!out->brk)
		return -ENOEXEC;	/* nothing to load */
	out->end = PAGE_ALIGN(out->brk);
	return 0;
}
