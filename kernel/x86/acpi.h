/*
 * What the ACPI tables claim, looked at before anything is believed: functions over byte buffers, without kernel
 * objects, so that tests/host/fuzz_acpi.c can feed them with garbage. Each returns NULL when all is well, else what is
 * wrong with the table in a few words; what it gives out then is not to be used.
 */
#pragma once
#include "kernel/x86/x86.h"

enum { ACPI_MEMORY, ACPI_IO, ACPI_PCI };		/* generic address structure, ACPI 5.2.3.2 */
struct acpi_gas {
	u8 space;
	u64 addr;					/* 0: there is no such register */
};
struct acpi_fadt {
	u64 dsdt;
	u32 smi_cmd;
	u8 acpi_enable, reset_value, century;		/* century: CMOS register, 0: none */
	bool no_8042, timer32;
	u16 pm1a_cnt, pm1b_cnt, pm_timer;		/* ports, 0: none */
	struct acpi_gas reset;
};
extern struct acpi_fadt acpi_fadt;			/* all 0: there is none */
#define ACPI_HEADER 36					/* signature, length, revision, checksum, who made it */

const char *acpi_check_rsdp(const u8 rsdp[36], u64 *rsdt, u64 *xsdt);	/* 0: has no such table */
/* t[len]: the length of the header, or all of what can be read if that is less. */
const char *acpi_check_table(const u8 *t, u32 len);
/* These want a table that passed acpi_check_table. */
const char *acpi_parse_madt(const u8 *t, u32 len, struct acpi_madt *m);
const char *acpi_parse_fadt(const u8 *t, u32 len, struct acpi_fadt *f);
bool acpi_find_s5(const u8 *t, u32 len, u8 slp_typ[2]);	/* \_S5: the sleep types for PM1a and PM1b */
