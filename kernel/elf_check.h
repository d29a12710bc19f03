/*
 * What an ELF file claims, looked at before anything is believed. No kernel objects: tests/host/fuzz_elf.c
 * feeds it with garbage.
 */
#pragma once
#include "types.h"
#include "uapi/elf.h"

#define ELF_MAX_PHDRS (4096 / sizeof(struct elf64_phdr))

struct elf_layout {
	u64 start, end;			/* of all PT_LOADs in memory, page aligned, end exclusive */
	u64 brk;			/* end of the last one, to the byte */
	u64 align;			/* largest p_align that is a power of two, at least a page */
	u64 start_code, end_code, start_data, end_data;
	u64 phdr;			/* where the program headers will be in memory; 0: nowhere */
	int interp;			/* index of PT_INTERP, -1: none */
	bool exec_stack;
};
/* 0, or -ENOEXEC for what is no x86-64 executable. */
int elf_check_header(const struct elf64_hdr *h);
/* ph[h->e_phnum] -> out. 0, or -ENOEXEC, -EINVAL for segments that can't be: after 0 every address sum of a
 * PT_LOAD is below TASK_SIZE, file and memory parts fit, and file offset and address agree within the page. */
int elf_check_segments(const struct elf64_hdr *h, const struct elf64_phdr *ph, struct elf_layout *out);
