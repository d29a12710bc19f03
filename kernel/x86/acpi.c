/*
 * ACPI: finds the tables and keeps what they say; power-off and reset by them. Without tables, or with broken ones,
 * nr_cpus of acpi_madt is 0 and the old ways to reset remain.
 *
 *   RSDP -> XSDT (64-bit pointers; if broken RSDT, 32-bit) -> MADT: processors and interrupt controllers
 *                                                             FADT: ports, and -> DSDT \
 *                                                             SSDT ...                  > \_S5
 *
 * The formats are read in acpi_tables.c. AML is not run: of all its names only the package \_S5 is looked for.
 * ACPI specification 4.8.3 (PM1 control, reset register), 5.2.5 (RSDP), 7.4.2 (\_Sx), 16.1 (sleeping).
 */
#include "kernel/x86/acpi.h"
#include "asm/pgtable.h"
#include "boot_param.h"
#include "kernel/irq.h"
#include "kernel/process.h"
#include "mm/mm.h"
#include "smp.h"
#include "string.h"

#define TABLE_MAX (16 << 20)
#define SCI_EN BIT(0)				/* PM1 control */
#define SLP_TYP (7 << 10)
#define SLP_EN BIT(13)

struct acpi_madt acpi_madt = { .nmi_lint = 0xff };
struct acpi_fadt acpi_fadt;
static u8 slp_typ[2], phys_bits;
static bool have_s5;
static volatile u8 *reset_reg;			/* when it lies in memory */

/* Maps a whole table that passed its checks; NULL when there is none, or it is broken: then it said so. */
static const u8 * __init map_table(const char *expected, u64 phys, u32 *len)
{
	const char *err = "is at an impossible address";
	char name[5] = "";
	const u8 *t = NULL;
	if (phys && !(phys >> phys_bits))
		t = ioremap(phys, ACPI_HEADER, PAGE_KERNEL_RO);
	if (t) {
		memcpy(name, t, 4);
		memcpy(len, t + 4, 4);
		iounmap((void *)t);
		t = *len <= TABLE_MAX ? ioremap(phys, *len, PAGE_KERNEL_RO) : NULL;
		err = t ? acpi_check_table(t, *len) : "has a wrong length";
	}
	if (!err)
		return t;
	for (int i = 0; i < 4; i++)
		expected = name[i] < 'A' || name[i] > 'Z' ? expected : name;
	pr_warn("ACPI: table %s at %#lx %s: not used\n", expected, phys, err);
	if (t)
		iounmap((void *)t);
	return NULL;
}

/* ---- what is done with each table; each gives NULL or what is wrong with it ---- */

static const char * __init use_madt(const u8 *t, u32 len)
{
	if (acpi_madt.nr_cpus)				/* the first one counts */
		return "stands there twice";
	const char *err = acpi_parse_madt(t, len, &acpi_madt);
	if (err)
		acpi_madt = (struct acpi_madt){ .nmi_lint = 0xff };
	else if (acpi_madt.nr_left_out)
		pr_warn("ACPI: %u processors are too many: %u of them are used\n", acpi_madt.nr_cpus + acpi_madt.nr_left_out, NR_CPUS);
	return err;
}

static const char * __init use_aml(const u8 *t, u32 len)
{
	have_s5 = have_s5 || acpi_find_s5(t, len, slp_typ);
	return NULL;
}

static const char * __init use_fadt(const u8 *t, u32 len)
{
	u32 dsdt_len;
	const char *err = acpi_parse_fadt(t, len, &acpi_fadt);
	if (err)
		return err;
	if (acpi_fadt.reset.space == ACPI_MEMORY && acpi_fadt.reset.addr && !(acpi_fadt.reset.addr >> phys_bits))
		reset_reg = ioremap(acpi_fadt.reset.addr, 1, PAGE_KERNEL_NOCACHE);
	const u8 *dsdt = map_table("DSDT", acpi_fadt.dsdt, &dsdt_len);
	if (dsdt) {
		use_aml(dsdt, dsdt_len);
		iounmap((void *)dsdt);
	}
	return NULL;
}

static const struct {
	char name[4];
	const char *(*use)(const u8 *t, u32 len);
} users[] __initdata = { { "APIC", use_madt }, { "FACP", use_fadt }, { "SSDT", use_aml } };

static void __init use_table(u64 phys)
{
	u32 len;
	const char *err;
	const u8 *t = map_table("????", phys, &len);
	if (!t)
		return;
	pr_info("ACPI: %.4s %#018lx %06x (v%02u %.6s)\n", t, phys, len, t[8], t + 10);
	for (unsigned i = 0; i < ARRAY_SIZE(users); i++) {
		if (memcmp(t, users[i].name, 4))
			continue;
		err = users[i].use(t, len);
		if (err)
			pr_warn("ACPI: table %.4s at %#lx %s: not used\n", t, phys, err);
	}
	iounmap((void *)t);
}

/* The table of tables: RSDT or XSDT by the width of its pointers. false: it is broken. */
static bool __init use_all(const char *name, u64 phys, unsigned width)
{
	u32 len;
	const u8 *sdt = map_table(name, phys, &len);
	if (!sdt || memcmp(sdt, name, 4))
		return false;
	for (u32 off = ACPI_HEADER; off + width <= len; off += width) {
		u64 addr = 0;
		memcpy(&addr, sdt + off, width);
		if (addr)
			use_table(addr);
	}
	iounmap((void *)sdt);
	return true;
}

/* What the loader gave, else 16-byte steps through the BIOS's memory: its data area's first KiB, then the ROM. */
static bool __init find_rsdp(u64 *rsdt, u64 *xsdt)
{
	const char *err = acpi_check_rsdp(boot_info.rsdp, rsdt, xsdt);
	u16 ebda;
	if (!err)
		return true;
	if (boot_info.rsdp[0])
		pr_warn("ACPI: table RSDP from the boot loader %s: not used\n", err);
	if (boot_info.efi)
		return false;
	memcpy(&ebda, __va(0x40e), 2);
	u64 from = max(ebda << 4, 0x80000);
	for (u64 at = from; at < 0x100000 - 36; at = at == from + 1024 ? 0xe0000 : at + 16)
		if (!acpi_check_rsdp(__va(at), rsdt, xsdt))
			return true;
	return false;
}

void __init acpi_init(void)
{
	u64 rsdt, xsdt;
	phys_bits = cpuid(0x80000000, 0).eax >= 0x80000008 ? cpuid(0x80000008, 0).eax & 0xff : 36;
	const char *word = param_get("acpi");
	if (word && !strcmp(word, "off"))
		return;
	if (!find_rsdp(&rsdt, &xsdt)) {
		pr_notice("ACPI: no RSDP found\n");
		return;
	}
	if (!(xsdt && use_all("XSDT", xsdt, 8)) && !use_all("RSDT", rsdt, 4))
		pr_warn("ACPI: neither XSDT nor RSDT can be used\n");
}

/* ---- power-off and reset ---- */

static void io_delay(unsigned us)
{
	while (us--)
		inb(0x80);				/* about 1 us on the old bus, wherever that is today */
}

/* Returns when it did not work. */
static void acpi_power_off(void)
{
	if (!have_s5 || !acpi_fadt.pm1a_cnt)
		return;
	if (acpi_fadt.smi_cmd && acpi_fadt.acpi_enable && !(inw(acpi_fadt.pm1a_cnt) & SCI_EN)) {
		outb(acpi_fadt.smi_cmd, acpi_fadt.acpi_enable);
		for (int ms = 0; ms < 1000 && !(inw(acpi_fadt.pm1a_cnt) & SCI_EN); ms++)
			io_delay(1000);
	}
	outw(acpi_fadt.pm1a_cnt, (inw(acpi_fadt.pm1a_cnt) & ~SLP_TYP) | slp_typ[0] << 10 | SLP_EN);
	if (acpi_fadt.pm1b_cnt)
		outw(acpi_fadt.pm1b_cnt, (inw(acpi_fadt.pm1b_cnt) & ~SLP_TYP) | slp_typ[1] << 10 | SLP_EN);
	io_delay(1000000);			/* on a busy host QEMU takes its time */
}

static void acpi_reset(void)
{
	u64 addr = acpi_fadt.reset.addr;
	if (!addr)
		return;
	if (acpi_fadt.reset.space == ACPI_IO && addr < 0x10000) {
		outb(addr, acpi_fadt.reset_value);
	} else if (acpi_fadt.reset.space == ACPI_PCI) {	/* bus 0; device, function, offset: 16 bits each */
		outl(0xcf8, BIT(31) | (addr >> 32 & 31) << 11 | (addr >> 16 & 7) << 8 | (addr & 0xfc));
		outb(0xcfc + (addr & 3), acpi_fadt.reset_value);
	} else if (reset_reg) {
		*reset_reg = acpi_fadt.reset_value;
	}
	io_delay(100000);
}

/* Reset by the ACPI reset register, the 8042, then port 0xcf9, then a triple fault. */
void arch_reset(void)
{
	struct { u16 limit; u64 base; } __packed none = { 0, 0 };

	smp_stop_others();
	local_irq_disable();
	acpi_reset();
	for (int i = 0; !acpi_fadt.no_8042 && i < 10000 && inb(0x64) & 2; i++)
		io_delay(1);
	if (!acpi_fadt.no_8042)
		outb(0x64, 0xfe);
	io_delay(100000);
	outb(0xcf9, 2);
	outb(0xcf9, 6);
	io_delay(100000);
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
	smp_stop_others();
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
	smp_stop_others();
	local_irq_disable();
	for (;;)
		halt();
}
