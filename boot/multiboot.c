/*
 * Multiboot2 information (specification 3.6) into boot_info.
 *
 *   u32 total_size, reserved; then tags, each 8-byte aligned: u32 type, size; ...; type 0 ends
 *
 * Nothing outside total_size is read: a tag that is too short for its kind ends in zeros, one that is too long ends all.
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
struct module_tag {
	u32 type, size, start, end;
};
struct mmap_tag {
	u32 type, size, entry_size, entry_version;
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

/* The first len bytes of a tag. */
static void __init take(void *to, const struct tag *t, size_t len)
{
	memset(to, 0, len);
	memcpy(to, t, min(len, (size_t)t->size));
}

static void __init parse_mmap(const struct tag *t)
{
	struct mmap_tag m;

	take(&m, t, sizeof(m));
	if (m.entry_size < sizeof(struct mmap_entry))
		return;
	for (u64 off = sizeof(m); off + sizeof(struct mmap_entry) <= t->size; off += m.entry_size) {
		struct mmap_entry e;

		memcpy(&e, (const u8 *)t + off, sizeof(e));
		boot_add_region(e.addr, e.len, e.type);
	}
}

static void __init parse_fb(const struct tag *t)
{
	struct fb_tag f;

	take(&f, t, sizeof(f));
	if (f.fb_type == 1 && (f.bpp == 24 || f.bpp == 32)) {
		if (f.width < 640 || f.height < 400 || f.pitch / (f.bpp / 8) < f.width)
			return;			/* none that 80x25 letters fit on */
		boot_info.fb.type = FB_RGB;
	}
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
	struct module_tag m;

	take(&m, t, sizeof(m));
	if (m.end <= m.start || boot_info.nr_modules == BOOT_MAX_MODULES)
		return;
	for (unsigned i = 0; i < boot_info.nr_modules; i++)
		if (m.start < boot_info.modules[i].end && boot_info.modules[i].start < m.end)
			return;			/* its memory is given away once only */
	boot_info.modules[boot_info.nr_modules].start = m.start;
	boot_info.modules[boot_info.nr_modules++].end = m.end;
}

void __init multiboot_parse(u64 info)
{
	const u8 *base = __va(info);
	struct { u32 type, size; u8 data[sizeof(boot_info.rsdp)]; } rsdp;
	u64 off = 8;
	u32 total;

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
			strscpy(loader_name, (const char *)t->data, min((size_t)t->size - 8, sizeof(loader_name)));
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
			take(&rsdp, t, sizeof(rsdp));
			boot_set_rsdp(rsdp.data);
			break;
		}
		off += ALIGN((u64)t->size, 8);
	}
}
