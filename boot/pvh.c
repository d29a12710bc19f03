/*
 * PVH start information (Xen's public/arch-x86/hvm/start_info.h) into boot_info: the tests' and debuggers'
 * quick way in, `qemu -kernel build/cutaway.elf -initrd archive`.
 */
#include "boot/boot.h"
#include "asm/pgtable.h"
#include "printk.h"
#include "string.h"

#define HVM_START_MAGIC 0x336ec578

struct hvm_start_info {
	u32 magic, version, flags, nr_modules;
	u64 modlist, cmdline, rsdp;
	u64 memmap;			/* version 1 and later */
	u32 memmap_entries, reserved;
};
struct hvm_modlist_entry {
	u64 addr, size, cmdline, reserved;
};
struct hvm_memmap_entry {
	u64 addr, size;
	u32 type, reserved;
};

void __init pvh_parse(u64 info)
{
	const struct hvm_start_info *si = __va(info);
	const struct hvm_memmap_entry *map;

	boot_info.loader = "PVH";
	if (si->magic != HVM_START_MAGIC || si->version < 1)
		panic("PVH: no start information with a memory map (magic %x, version %u)", si->magic, si->version);
	map = __va(si->memmap);
	for (u32 i = 0; i < si->memmap_entries; i++)
		boot_add_region(map[i].addr, map[i].size, map[i].type);
	const struct hvm_modlist_entry *mod = __va(si->modlist);
	for (u32 i = 0; i < min_t(u32, si->nr_modules, BOOT_MAX_MODULES); i++) {
		boot_info.modules[i].start = mod[i].addr;
		boot_info.modules[i].end = mod[i].addr + mod[i].size;
		boot_info.nr_modules++;
	}
	if (si->cmdline)
		strscpy(boot_info.cmdline, __va(si->cmdline), sizeof(boot_info.cmdline));
	if (si->rsdp)
		boot_set_rsdp(__va(si->rsdp));
	/* The BIOS has set up text mode if there is a display at all. */
	boot_info.fb.type = FB_TEXT;
	boot_info.fb.phys = 0xb8000;
	boot_info.fb.width = 80;
	boot_info.fb.height = 25;
	boot_info.fb.pitch = 160;
}
