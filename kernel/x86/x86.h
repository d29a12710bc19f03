/* Private to kernel/x86 and the doors in kernel/: what the PC's parts show one another. */
#pragma once
#include "asm/cpu.h"

#define IST_DF 1			/* index + 1 into tss.ist */
#define IST_NMI 2
#define IST_MCE 3
void idt_init(void);			/* fills the table, which all processors share */
void idt_load(void);
void fpu_init_cpu(void);
void clock_early_init(void);		/* measures the TSC by PIT channel 2: tsc_khz, 0 when there is no PIT */
void tsc_sync_check(void);		/* called by the boot processor and a new one at the same time, interrupts off or on */
void acpi_init(void);			/* reads the tables: power-off, reset, acpi_madt */

/* What the MADT says (ACPI 5.2.12); nr_cpus 0: there is none that can be trusted, and one processor runs on the 8259. */
struct acpi_madt {
	u64 lapic;			/* physical address of the local APICs */
	unsigned nr_cpus, nr_ioapics, nr_left_out;	/* left out: processors beyond NR_CPUS */
	u32 apic_id[NR_CPUS];		/* enabled processors, in the table's order */
	struct { u64 phys; u32 gsi_base; } ioapic[8];
	struct { u32 gsi; bool low, level; } isa[16];	/* where each ISA line arrives; the usual gsi == irq, edge, high */
	u8 nmi_lint;			/* the local APICs' NMI pin, 0 or 1; 0xff: none */
	bool nmi_low;
};
extern struct acpi_madt acpi_madt;
/* apic.c */
void apic_init(void);
void apic_check_timer(void);		/* goes back to the 8259 when the timer does not arrive */
bool apic_present(void);
void apic_setup_cpu(bool extint);	/* this processor's; extint: the 8259 comes in through it */
void apic_watchdog_timer(void);	/* IPI_WATCHDOG on this processor, now and then */
u32 apic_id(void);
void apic_eoi(void);
void apic_icr(u32 dest, u32 command);	/* sends an interrupt to a processor (SDM 3A 11.6.1) */
void i8259_mask_all(void);
void i8259_take_back(void);		/* the lines that were in use on the IO-APIC */

/* smp.c */
void smp_send_tick(void);
void smp_interrupt(unsigned irq);	/* IPI_* */
void smp_nmi(void);
extern char iret_user[];

/* What __switch_to_asm pops and copy_thread lays out for a new task. */
struct inactive_task_frame {
	u64 r15, r14, r13, r12, rbx, rbp, ret_addr;
};
