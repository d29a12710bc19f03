/* Between start.asm and start_kernel(): each door's reader fills boot_info. */
#pragma once
#include "boot_param.h"

#define BOOT_MULTIBOOT2 1		/* start.asm's door numbers */
#define BOOT_PVH 2
void boot_main(u32 door, u64 info) __noreturn;
void multiboot_parse(u64 info);		/* boot/multiboot.c */
void pvh_parse(u64 info);		/* boot/pvh.c */
void boot_add_region(u64 start, u64 len, u32 type);
void boot_set_rsdp(const void *rsdp);
