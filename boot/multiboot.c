/*
 * Multiboot2 information (specification 3.6) into boot_info.
 *
 *   u32 total_size, reserved; then tags, each 8-byte aligned: u32 type, size; ...; type 0 ends
 *
 * A tag that does not fit is passed over; nothing outside total_size is read.
 */
#include "boot/boot.h"
#include "asm/pgtable.h"
#include "string.h"

enum { TAG_END, TAG_CMDLINE, TAG_LOADER, TAG_MODULE, TAG_MMAP = 6, TAG_FB = 8, TAG_EFI64 = 12, TAG_ACPI_OLD = 14,
       TAG_ACPI_NEW, TAG_EFI_MMAP = 17 };

struct tag {
	u32 type, size;
	u8 data[];
};
struct mmap_entry {
	u64 addr, len;
	u32 type, zero;
};
struct fb_tag {
	u32 type, size;
	u64 addr;
	u32 pitch, width, height;
	u8 bpp, fb_type;
	u16 reserved;
	u8 red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
} __packed;

static char loader_name[32] __initdata;

static void __init parse_mmap(const struct tag *t)
{
	u32 entry_size, off = 16;

	memcpy(&entry_size, t->data, 4);
	if (entry_size < sizeof(struct mmap_entry))
		return;
	for (; off + sizeof(struct mmap_entry) <= t->size; off += entry_size) {
		struct mmap_entry e;

		memcpy(&e, (const u8 *)t + off, sizeof(e));
		boot_add_region(e.addr, e.len, e.type);
	}
}

static void __init parse_fb(const struct tag *t)
{
	struct fb_tag f = { 0 };

	memcpy(&f, t, min((size_t)t->size, sizeof(f)));
	if (f.fb_type == 1 && (f.bpp == 24 || f.bpp == 32))
		boot_info.fb.type = FB_RGB;
	else if (f.fb_type == 2)
		boot_info.fb.type = FB_TEXT;
	else
		return;
	boot_info.fb.phys = f.addr;
	boot_info.fb.width = f.width;
	boot_info.fb.height = f.height;
	boot_info.fb.pitch = f.pitch;
	boot_info.fb.bpp = f.bpp;
	boot_info.fb.red = f.red_pos;
	boot_info.fb.green = f.green_pos;
	boot_info.fb.blue = f.blue_pos;
}

static void __init parse_module(const struct tag *t)
{
	u32 start, end;

	memcpy(&start, t->data, 4);
	memcpy(&end, t->data + 4, 4);
	if (end <= start || boot_info.nr_modules == BOOT_MAX_MODULES)
		return;
	boot_info.modules[boot_info.nr_modules].start = start;
	boot_info.modules[boot_info.nr_modules++].end = end;
}

void __init multiboot_parse(u64 info)
{
	const u8 *base = __va(info);
	u32 total, off = 8;

	memcpy(&total, base, 4);
	boot_info.loader = "Multiboot2";
	while (off + sizeof(struct tag) <= total) {
		const struct tag *t = (const void *)(base + off);

		if (t->type == TAG_END || t->size < sizeof(*t) || t->size > total - off)
			break;
		switch (t->type) {
		case TAG_CMDLINE:
			strscpy(boot_info.cmdline, (const char *)t->data, min((size_t)t->size - 8, sizeof(boot_info.cmdline)));
			break;
		case TAG_LOADER:
			strscpy(loader_name, (const char *)t->data, sizeof(loader_name));
			boot_info.loader = loader_name;
			break;
		case TAG_MODULE:
			parse_module(t);
			break;
		case TAG_MMAP:
			parse_mmap(t);
			break;
		case TAG_FB:
			parse_fb(t);
			break;
		case TAG_EFI64:
		case TAG_EFI_MMAP:
			boot_info.efi = true;
			break;
		case TAG_ACPI_OLD:
		case TAG_ACPI_NEW:	/* stands later and knows more */
			boot_set_rsdp(t->data);
			break;
		}
		off += ALIGN(t->size, 8);
	}
}
