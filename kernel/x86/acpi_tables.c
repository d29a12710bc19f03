/*
 * The formats of the ACPI tables (kernel/x86/acpi.h). All fields are little-endian and may stand at any address.
 * ACPI specification 5.2.5 (RSDP), 5.2.9 (FADT), 5.2.12 (MADT), 20.2 (AML encoding).
 */
#include "kernel/x86/acpi.h"
#include "asm/pgtable.h"
#include "string.h"

static u64 get(const u8 *p, unsigned n)
{
	u64 v = 0;
	memcpy(&v, p, n);
	return v;
}

static bool sums_to_zero(const u8 *p, size_t n)
{
	u8 sum = 0;
	while (n--)
		sum += *p++;
	return sum == 0;
}

const char *acpi_check_rsdp(const u8 rsdp[36], u64 *rsdt, u64 *xsdt)
{
	if (memcmp(rsdp, "RSD PTR ", 8))
		return "has a wrong signature";
	if (!sums_to_zero(rsdp, 20))
		return "has a wrong checksum";
	*rsdt = get(rsdp + 16, 4);
	*xsdt = 0;
	if (rsdp[15] >= 2) {				/* revision */
		if (get(rsdp + 20, 4) != 36)
			return "has a wrong length";
		if (!sums_to_zero(rsdp, 36))
			return "has a wrong extended checksum";
		*xsdt = get(rsdp + 24, 8);
	}
	return NULL;
}

const char *acpi_check_table(const u8 *t, u32 len)
{
	if (len < ACPI_HEADER || get(t + 4, 4) != len)
		return "has a wrong length";
	return sums_to_zero(t, len) ? NULL : "has a wrong checksum";
}

/* ---- MADT: fixed part, then entries: u8 type, u8 length ... ---- */

static void add_cpu(struct acpi_madt *m, u32 apic_id, u32 flags)
{
	if (!(flags & 1))				/* "online capable" alone: a socket where one may be put in later */
		return;
	for (unsigned i = 0; i < m->nr_cpus; i++)	/* some firmware names one as xAPIC and as x2APIC */
		if (m->apic_id[i] == apic_id)
			return;
	if (m->nr_cpus == NR_CPUS)
		m->nr_left_out++;
	else
		m->apic_id[m->nr_cpus++] = apic_id;
}

static void set_nmi(struct acpi_madt *m, u16 flags, u8 lint)
{
	m->nmi_lint = lint & 1;
	m->nmi_low = (flags & 3) == 3;
}

/* A source that "conforms to the bus" is edge and active high, as ISA's lines are. */
static void set_isa(struct acpi_madt *m, u8 irq, u32 gsi, u16 flags)
{
	m->isa[irq].gsi = gsi;
	m->isa[irq].low = (flags & 3) == 3;
	m->isa[irq].level = (flags >> 2 & 3) == 3;
}

static const char *madt_entry(struct acpi_madt *m, const u8 *e)
{
	static const u8 need[] = { [0] = 8, [1] = 12, [2] = 10, [4] = 6, [5] = 12, [9] = 16, [10] = 12 };
	u8 type = e[0];
	if (type < sizeof(need) && e[1] < need[type])
		return "has an entry that is too short";
	switch (type) {
	case 0:						/* processor, local APIC */
		if (e[3] != 0xff)
			add_cpu(m, e[3], get(e + 4, 4));
		break;
	case 9:						/* processor, x2APIC */
		if (get(e + 4, 4) != 0xffffffff)
			add_cpu(m, get(e + 4, 4), get(e + 8, 4));
		break;
	case 1:
		if (!get(e + 4, 4) || e[4] & 15)
			return "has an IO-APIC at an impossible address";
		if (m->nr_ioapics < ARRAY_SIZE(m->ioapic)) {	/* further ones serve no ISA line */
			m->ioapic[m->nr_ioapics].phys = get(e + 4, 4);
			m->ioapic[m->nr_ioapics++].gsi_base = get(e + 8, 4);
		}
		break;
	case 2:
		if (e[2] == 0 && e[3] < 16)
			set_isa(m, e[3], get(e + 4, 4), get(e + 8, 2));
		break;
	case 4:
		set_nmi(m, get(e + 3, 2), e[5]);
		break;
	case 10:
		set_nmi(m, get(e + 2, 2), e[8]);
		break;
	case 5:
		m->lapic = get(e + 4, 8);
		break;
	}
	return NULL;
}

const char *acpi_parse_madt(const u8 *t, u32 len, struct acpi_madt *m)
{
	const char *err;
	u32 off = 44;
	memset(m, 0, sizeof(*m));
	m->nmi_lint = 0xff;
	for (unsigned i = 0; i < ARRAY_SIZE(m->isa); i++)
		m->isa[i].gsi = i;
	if (len < off)
		return "is too short";
	m->lapic = get(t + ACPI_HEADER, 4);
	for (; off < len; off += t[off + 1]) {
		if (len - off < 2 || t[off + 1] < 2 || t[off + 1] > len - off)
			return "has an entry that reaches beyond its end";
		err = madt_entry(m, t + off);
		if (err)
			return err;
	}
	if (!m->lapic || m->lapic & ~PTE_PFN_MASK)
		return "has the local APICs at an impossible address";
	return m->nr_cpus ? NULL : "names no processor";
}

/* ---- FADT: grew with the revisions; what lies beyond its length is 0 ---- */

static struct acpi_gas gas(const u8 *p) { return (struct acpi_gas){ p[0], get(p + 4, 8) }; }

/* The 64-bit field where it names a port, else the old one. */
static u16 port(const u8 *x, const u8 *old)
{
	struct acpi_gas g = gas(x);
	return g.space == ACPI_IO && g.addr && g.addr < 0x10000 ? g.addr : get(old, 2);
}

const char *acpi_parse_fadt(const u8 *t, u32 len, struct acpi_fadt *f)
{
	u8 b[244] = { 0 };
	if (len < 116)
		return "is too short";
	memcpy(b, t, min_t(u32, len, sizeof(b)));
	u32 flags = get(b + 112, 4);
	*f = (struct acpi_fadt){
		.dsdt = get(b + 140, 8) ? get(b + 140, 8) : get(b + 40, 4),
		.smi_cmd = get(b + 48, 4), .acpi_enable = b[52],
		.century = b[108] < 128 ? b[108] : 0,
		.no_8042 = b[8] >= 3 && !(get(b + 109, 2) & BIT(1)),	/* revision 3: earlier ones have no such flag */
		.timer32 = flags & BIT(8),
		.pm1a_cnt = port(b + 172, b + 64), .pm1b_cnt = port(b + 184, b + 68), .pm_timer = port(b + 208, b + 76),
	};
	if (len >= 129 && flags & BIT(10)) {		/* RESET_REG_SUP */
		f->reset = gas(b + 116);
		f->reset_value = b[128];
	}
	return NULL;
}

/* ---- \_S5: NameOp [\] "_S5_" PackageOp length count integer ... ---- */

/* An AML integer at *p, before end; -1: it is something else. */
static s64 aml_integer(const u8 **p, const u8 *end)
{
	static const u8 bytes[] = { [0x0a] = 1, [0x0b] = 2, [0x0c] = 4, [0x0e] = 8 };
	if (*p >= end)
		return -1;
	u8 op = *(*p)++;
	if (op <= 1)					/* ZeroOp, OneOp */
		return op;
	unsigned n = op < sizeof(bytes) ? bytes[op] : 0;
	if (!n || end - *p < n)
		return -1;
	*p += n;
	return get(*p - n, n) & INT64_MAX;
}

static bool s5_package(const u8 *p, const u8 *end, u8 slp_typ[2])
{
	if (end - p < 4 || *p++ != 0x12)
		return false;
	p += 1 + (*p >> 6);				/* package length: 1 to 4 bytes */
	if (p >= end)
		return false;
	u8 count = *p++;
	s64 a = count ? aml_integer(&p, end) : -1, b = a >> 8;	/* one number: both in it */
	if (count > 1)
		b = aml_integer(&p, end);
	slp_typ[0] = a & 7;
	slp_typ[1] = b & 7;
	return a >= 0 && b >= 0;
}

bool acpi_find_s5(const u8 *t, u32 len, u8 slp_typ[2])
{
	const u8 *end = t + len;
	for (const u8 *p = t + ACPI_HEADER + 1; end - p >= 8; p++)
		if (!memcmp(p, "_S5_", 4) && (p[-1] == 0x08 || (p[-1] == '\\' && p[-2] == 0x08)) &&
		    s5_package(p + 4, end, slp_typ))
			return true;
	return false;
}
