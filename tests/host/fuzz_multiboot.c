/*
 * The reader of Multiboot2 information takes any bytes: it stays inside what it was given, and what it makes of them is
 * such as the kernel may use. Built as tests/host/fuzz_elf.c is. The information stands where a physical address points
 * to, which on the host is anywhere.
 */
#include "asm/pgtable.h"
#undef __va
#define __va(x) ((void *)(x))
#include "boot/multiboot.c"

void *malloc(size_t size);
void free(void *p);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct boot_info boot_info;

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

ssize_t strscpy(char *to, const char *from, size_t n)
{
	for (; n > 1 && *from; n--)
		*to++ = *from++;
	if (n)
		*to = 0;
	return 0;
}

void boot_add_region(u64 start, u64 len, u32 type) { boot_info.nr_regions++; }
void boot_set_rsdp(const void *rsdp) { memcpy(boot_info.rsdp, rsdp, sizeof(boot_info.rsdp)); }

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	if (size < 8)
		return 0;
	u8 *info = malloc(size);		/* its own block, so that a step outside is seen */
	memcpy(info, data, size);
	*(u32 *)info = size;
	memset(&boot_info, 0, sizeof(boot_info));
	multiboot_parse((u64)info);
	check(boot_info.nr_modules <= BOOT_MAX_MODULES && boot_info.nr_regions <= size / sizeof(struct mmap_entry));
	for (unsigned i = 0; i < boot_info.nr_modules; i++)
		check(boot_info.modules[i].start < boot_info.modules[i].end);
	for (unsigned i = 0; i < boot_info.nr_modules; i++)
		for (unsigned j = 0; j < i; j++)
			check(boot_info.modules[i].start >= boot_info.modules[j].end || boot_info.modules[j].start >= boot_info.modules[i].end);
	check(memchr(boot_info.cmdline, 0, sizeof(boot_info.cmdline)) && memchr(boot_info.loader, 0, sizeof(loader_name)));
	check(boot_info.fb.type != FB_RGB || boot_info.fb.pitch >= boot_info.fb.width * (boot_info.fb.bpp / 8));
	free(info);
	return 0;
}
