/*
 * smp: the other processors, asked by interrupt (kernel/x86/smp.c starts them; kernel/x86/apic.c sends).
 *
 * Processors are numbered 0 .. nr_cpus-1 without gaps; one that does not answer is left out. nr_cpus grows only in
 * smp_init(), in the boot thread, before init runs: afterwards every number below it is a processor that ticks.
 *
 * Invariants
 *  X1  smp_call_function and flush_tlb_others are called with interrupts on and without an irq-safe spinlock: who waits
 *      for another processor must answer those that wait for it.
 *  X2  A function called so runs in interrupt context, takes no sleeping lock, and is done when the call returns.
 *
 * In Linux: include/linux/smp.h, arch/x86/kernel/{smp,smpboot}.c, kernel/smp.c.
 */
#pragma once
#include "asm/cpu.h"

typedef u64 cpumask_t;					/* a bit for each processor: NR_CPUS is 64 */

void smp_init(void);					/* starts all that the MADT names (maxcpus=, nosmp, noapic) */
void smp_send_reschedule(unsigned cpu);			/* makes it look at TIF_NEED_RESCHED; any context */
void smp_send_nmi(unsigned cpu);			/* backtrace of it, from do_nmi */
/* Runs fn(arg) on every processor of the mask but this one and waits until all have returned (X1, X2). */
void smp_call_function_many(cpumask_t mask, void (*fn)(void *arg), void *arg);
void smp_call_function(void (*fn)(void *arg), void *arg);	/* on all others */
void smp_stop_others(void);				/* for panic, power-off, reset: they halt for ever; any context */
static inline cpumask_t cpu_online_mask(void) { return nr_cpus == NR_CPUS ? ~0UL : BIT(nr_cpus) - 1; }
