/*
 * The ELF checks take any bytes: they stay inside what they were given, and what they let pass keeps the promises of
 * kernel/elf_check.h, on which the loader does its sums.
 *
 *	clang -g -O1 -w -fsanitize=fuzzer,address,undefined -iquote . -iquote include tests/host/fuzz_elf.c &&
 *	./a.out -max_total_time=60 corpus/
 */
#include "kernel/elf_check.c"
void *malloc(size_t size);
void free(void *p);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void check_promises(const struct elf64_hdr *h, const struct elf64_phdr *ph, const struct elf_layout *lay)
{
	check(lay->start < lay->end && lay->end <= TASK_SIZE && lay->brk <= lay->end);
	check(!(lay->start & ~PAGE_MASK) && !(lay->end & ~PAGE_MASK));
	check(lay->align >= PAGE_SIZE && !(lay->align & (lay->align - 1)) && lay->align <= TASK_SIZE);
	check(lay->interp < h->e_phnum && (lay->interp < 0 || ph[lay->interp].p_type == PT_INTERP));
	for (int i = 0; i < h->e_phnum; i++) {
		if (ph[i].p_type != PT_LOAD || !ph[i].p_memsz)
			continue;
		check(ph[i].p_vaddr >= lay->start && ph[i].p_vaddr + ph[i].p_memsz <= lay->brk && ph[i].p_filesz <= ph[i].p_memsz);
		check(!ph[i].p_filesz || ph[i].p_offset + ph[i].p_filesz <= INT64_MAX);
		check(!ph[i].p_filesz || ph[i].p_offset >= (ph[i].p_vaddr & ~PAGE_MASK));
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct elf64_hdr h;
	struct elf_layout lay;
	struct elf64_phdr *ph;
	size_t need;

	if (size < sizeof(h))
		return 0;
	memcpy(&h, data, sizeof(h));
	if (elf_check_header(&h))
		return 0;
	need = h.e_phnum * sizeof(*ph);
	if (h.e_phoff > size || size - h.e_phoff < need)
		return 0;
	ph = malloc(need);		/* its own block, so that a step outside is seen */
	memcpy(ph, data + h.e_phoff, need);
	if (!elf_check_segments(&h, ph, &lay))
		check_promises(&h, ph, &lay);
	free(ph);
	return 0;
}
