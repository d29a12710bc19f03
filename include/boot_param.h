/*
 * What the boot loader told us, whichever it was. boot/multiboot.c and boot/pvh.c fill it;
 * nothing after them sees Multiboot or PVH. Addresses are physical.
 */
#pragma once
#include "types.h"

#define BOOT_MAX_REGIONS 256
#define BOOT_MAX_MODULES 16
#define COMMAND_LINE_SIZE 2048

enum { MEM_RAM = 1, MEM_RESERVED = 2, MEM_ACPI = 3, MEM_NVS = 4 };	/* E820 types; all but 1 are not ours */
enum { FB_NONE, FB_TEXT, FB_RGB };

struct mem_region {
	u64 start, end;
	u32 type;
};
struct boot_info {
	const char *loader;			/* "GRUB 2.06", "PVH" */
	char cmdline[COMMAND_LINE_SIZE];
	unsigned nr_regions;
	struct mem_region regions[BOOT_MAX_REGIONS];	/* as given */
	unsigned nr_modules;
	struct { u64 start, end; } modules[BOOT_MAX_MODULES];	/* initramfs archives, in order */
	u8 rsdp[36];				/* copy of the ACPI RSDP; all 0: none given */
	struct { u32 type; u64 phys; u32 width, height, pitch; u8 bpp, red, green, blue; } fb;	/* red...: bit positions */
	bool efi;
};
extern struct boot_info boot_info;

/* Command line words (kernel/params.c). The table of all known words is there. */
extern char saved_command_line[COMMAND_LINE_SIZE];
/* The value of "name=value" (the last one), "" for a bare word, NULL when absent. Valid for ever. */
const char *param_get(const char *name);
/* The idx-th value of a word that may stand several times (console=); NULL after the last. */
const char *param_get_nth(const char *name, unsigned idx);
bool param_bool(const char *name);		/* the bare word is there */
u64 param_u64(const char *name, u64 otherwise);
