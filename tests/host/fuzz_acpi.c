/*
 * The readers of ACPI tables take any bytes: they stay inside what they were given, and what they let pass keeps the
 * promises of kernel/x86/x86.h. Built as tests/host/fuzz_elf.c is; tests/host/test_acpi_tables.py asks the same code by ctypes.
 */
#include "kernel/x86/acpi_tables.c"
void *malloc(size_t size);
void free(void *p);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void try_madt(const u8 *t, u32 len)
{
	struct acpi_madt m;
	if (acpi_parse_madt(t, len, &m))
		return;
	check(m.nr_cpus > 0 && m.nr_cpus <= NR_CPUS && m.nr_ioapics <= ARRAY_SIZE(m.ioapic) && (m.nr_cpus == NR_CPUS || !m.nr_left_out));
	check(m.lapic && !(m.lapic & ~PTE_PFN_MASK) && (m.nmi_lint <= 1 || m.nmi_lint == 0xff));
	for (unsigned i = 0; i < m.nr_cpus; i++)
		for (unsigned j = 0; j < i; j++)
			check(m.apic_id[i] != m.apic_id[j]);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct acpi_fadt fadt;
	u8 typ[2];
	u64 a, b;
	if (size < ACPI_HEADER)
		return 0;
	u8 *t = malloc(size);		/* its own block, so that a step outside is seen */
	memcpy(t, data, size);
	acpi_check_rsdp(t, &a, &b);
	acpi_check_table(t, size);
	try_madt(t, size);
	if (!acpi_parse_fadt(t, size, &fadt))
		check(fadt.century < 128);
	if (acpi_find_s5(t, size, typ))
		check(typ[0] < 8 && typ[1] < 8);
	free(t);
	return 0;
}
