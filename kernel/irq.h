/* Interrupts: ISA lines 0..15 of the 8259 or the IO-APIC, then MSI, vectors 0x20 + line. Contract for drivers. */
#pragma once
#include "asm/cpu.h"

#define NR_ISA_IRQS 16
#define MSI_IRQ 16			/* from here on lines of alloc_msi_irq */
#define NR_IRQS 32
enum { IPI_RESCHEDULE = NR_IRQS, IPI_CALL, IPI_TICK, IPI_WATCHDOG, NR_VECTORS };	/* from processor to processor; counted alike */
#define IRQ_VECTOR(irq) ((irq) < NR_IRQS ? 0x20 + (irq) : 0xf0 + (irq) - NR_IRQS)
#define SPURIOUS_VECTOR 0xff
/* fn runs with interrupts off, in interrupt context. 0, -EBUSY. The line is unmasked. */
int request_irq(unsigned irq, void (*fn)(int irq, void *data), const char *name, void *data);
/* A line of its own for a device that writes its interrupts to memory (MSI): what the device shall write where.
 * Returns the irq for request_irq, -ENODEV without a local APIC, -ENOSPC. Edge; goes to the boot processor. */
int alloc_msi_irq(u64 *address, u32 *data);
u64 irq_count(unsigned irq, unsigned cpu);	/* for /proc/interrupts */
const char *irq_name(unsigned irq);		/* NULL: unused */
struct irq_chip {
	const char *name;			/* "XT-PIC" */
	void (*mask)(unsigned irq), (*unmask)(unsigned irq), (*eoi)(unsigned irq);
	bool (*spurious)(unsigned irq);
};
extern struct irq_chip *irq_chip;
void i8259_init(void);
void pit_init(void);				/* 1000 Hz on IRQ 0; calibrates the TSC before */
void clock_init(void);				/* ktime, RTC */
void arch_reset(void) __noreturn;
extern u64 irq_err_count;
