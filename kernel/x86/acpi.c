/*
 * As much of ACPI as power-off and reset need: RSDP -> RSDT or XSDT -> FADT -> DSDT's \_S5 package. Checksums are
 * verified; without tables the fallbacks of arch_reset() and kernel_power_off() remain.
 * ACPI specification 5.2.5 (RSDP), 5.2.9 (FADT), 7.4.2 (\_Sx), 4.8.3.6 (reset register).
 */
#include "asm/pgtable.h"
#include "boot_param.h"
#include "kernel/irq.h"
#include "kernel/process.h"
#include "kernel/x86/x86.h"
#include "mm/mm.h"
#include "string.h"

struct acpi_header {
	char signature[4];
	u32 length;
	u8 revision, checksum;
	char oem[22];
	u32 creator;
} __packed;

static u16 pm1a_cnt, pm1b_cnt, slp_typa, slp_typb;
static u32 smi_cmd;
static u8 acpi_enable;
static bool have_s5;

static bool __init checksum_ok(const void *p, size_t n)
{
	u8 sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += ((const u8 *)p)[i];
	return sum == 0;
}

/* Maps a whole table; NULL when it is broken. The mapping is left: tables are few. */
static const struct acpi_header * __init map_table(u64 phys)
{
	const struct acpi_header *h = phys ? ioremap(phys, sizeof(*h), PAGE_KERNEL_RO) : NULL;
	if (!h)
		return NULL;
	u32 len = h->length;
	iounmap((void *)h);
	if (len < sizeof(*h) || len > 16 << 20)
		return NULL;
	h = ioremap(phys, len, PAGE_KERNEL_RO);
	if (h && !checksum_ok(h, len)) {
		pr_warn("ACPI: table %.4s at %#lx has a wrong checksum, not used\n", h->signature, phys);
		return NULL;
	}
	return h;
}

/* \_S5: NameOp "_S5_" PackageOp length count value value; a value is a byte constant or a small opcode. */
static void __init parse_s5(const struct acpi_header *dsdt)
{
	const u8 *p = (const u8 *)(dsdt + 1), *end = (const u8 *)dsdt + dsdt->length - 16;
	while (p < end && memcmp(p, "_S5_", 4))
		p++;
	if (p >= end || p[4] != 0x12)
		return;
	p += 5;
	p += 2 + (*p >> 6);			/* package length, number of elements */
	slp_typa = *p == 0x0a ? p[1] : *p;
	p += *p == 0x0a ? 2 : 1;
	slp_typb = *p == 0x0a ? p[1] : *p;
	have_s5 = true;
}

static void __init parse_fadt(const struct acpi_header *h)
{
	const u8 *f = (const u8 *)h;
	u32 dsdt, v;
	memcpy(&dsdt, f + 40, 4);
	memcpy(&smi_cmd, f + 48, 4);
	acpi_enable = f[52];
	memcpy(&v, f + 64, 4);
	pm1a_cnt = v;
	memcpy(&v, f + 68, 4);
	pm1b_cnt = v;
	const struct acpi_header *d = map_table(dsdt);
	if (d)
		parse_s5(d);
}

/* Without a copy from the loader: 16-byte steps through the BIOS area. */
static bool __init find_rsdp(u8 *out)
{
	const u8 *p;
	memcpy(out, boot_info.rsdp, 36);
	if (!memcmp(out, "RSD PTR ", 8) && checksum_ok(out, 20))
		return true;
	if (boot_info.efi)
		return false;
	for (p = __va(0xe0000); p < (u8 *)__va(0x100000); p += 16) {
		if (!memcmp(p, "RSD PTR ", 8) && checksum_ok(p, 20)) {
			memcpy(out, p, 36);
			return true;
		}
	}
	return false;
}

void __init acpi_init(void)
{
	u8 rsdp[36];
	const struct acpi_header *t;
	u64 addr = 0;
	unsigned width = 4;
	u32 rsdt;

	if (!find_rsdp(rsdp)) {
		pr_notice("ACPI: no RSDP found\n");
		return;
	}
	memcpy(&rsdt, rsdp + 16, 4);
	addr = rsdt;
	if (rsdp[15] >= 2) {
		memcpy(&addr, rsdp + 24, 8);
		width = 8;
	}
	const struct acpi_header *sdt = map_table(addr);
	for (u32 off = sizeof(*sdt); sdt && off + width <= sdt->length; off += width) {
		addr = 0;
		memcpy(&addr, (const u8 *)sdt + off, width);
		t = map_table(addr);
		if (t && !memcmp(t->signature, "FACP", 4) && t->length >= 72)
			parse_fadt(t);
	}
}

#define SLP_EN BIT(13)
void acpi_power_off(void)
{
	if (!have_s5)
		return;
	if (smi_cmd && acpi_enable && !(inw(pm1a_cnt) & 1))
		outb(smi_cmd, acpi_enable);
	outw(pm1a_cnt, slp_typa << 10 | SLP_EN);
	if (pm1b_cnt)
		outw(pm1b_cnt, slp_typb << 10 | SLP_EN);
	for (volatile int i = 0; i < 1000000; i++)
		;
}

/* Reset by the 8042, then port 0xcf9, then a triple fault. */
void arch_reset(void)
{
	struct { u16 limit; u64 base; } __packed none = { 0, 0 };

	local_irq_disable();
	for (int i = 0; i < 10000 && inb(0x64) & 2; i++)
		;
	outb(0x64, 0xfe);
	for (volatile int i = 0; i < 100000; i++)
		;
	outb(0xcf9, 2);
	outb(0xcf9, 6);
	for (volatile int i = 0; i < 100000; i++)
		;
	lidt(&none);
	BUG();
}

void kernel_restart(void)
{
	pr_emerg("reboot: Restarting system\n");
	arch_reset();
}

void kernel_power_off(void)
{
	pr_emerg("reboot: Power down\n");
	local_irq_disable();
	acpi_power_off();
	outw(0x604, 0x2000);			/* QEMU's and older Bochs's, when there was no ACPI table */
	outw(0xb004, 0x2000);
	pr_emerg("reboot: this machine can't be turned off by software; you may turn it off now\n");
	for (;;)
		halt();
}

void kernel_halt(void)
{
	pr_emerg("reboot: System halted\n");
	local_irq_disable();
	for (;;)
		halt();
}
