/*
 * Where the two doors meet: boot_info is filled by the reader of the boot loader that was used, and
 * start_kernel() takes over. Physical memory is read through the direct map, of which the first GiB is there.
 */
#include "boot/boot.h"
#include "asm/pgtable.h"
#include "kernel/process.h"
#include "string.h"

#define MAX_PHYS (1UL << 46)			/* what the direct map has room for */

struct boot_info boot_info;

void __init boot_add_region(u64 start, u64 len, u32 type)
{
	struct mem_region *r = &boot_info.regions[boot_info.nr_regions];

	if (!len || start + len < start || start >= MAX_PHYS || boot_info.nr_regions == BOOT_MAX_REGIONS)
		return;
	*r = (struct mem_region){ start, min(start + len, MAX_PHYS), type };
	boot_info.nr_regions++;
}

/* Keeps a copy: the loader's memory is given away later. 36 bytes are the ACPI 2.0 form. */
void __init boot_set_rsdp(const void *rsdp)
{
	memcpy(boot_info.rsdp, rsdp, sizeof(boot_info.rsdp));
}

void __init boot_main(u32 door, u64 info)
{
	if (door == BOOT_MULTIBOOT2)
		multiboot_parse(info);
	else
		pvh_parse(info);
	start_kernel();
}
