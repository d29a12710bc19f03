/*
 * Interrupt lines: who handles each, and how often it came. One handler a line; PCI sharing comes with the
 * drivers that need it. Handlers run with interrupts off, on the kernel stack of whoever was interrupted.
 */
#include "kernel/irq.h"
#include "kernel/x86/x86.h"
#include "printk.h"
#include "sched/sched.h"
#include "trace.h"
#include "uapi/errno.h"

struct irq_desc {
	void (*fn)(int irq, void *data);
	void *data;
	const char *name;
	u64 count[NR_CPUS];		/* own processor only */
};
static struct irq_desc irq_desc[NR_VECTORS] = {
	[IPI_RESCHEDULE].name = "Rescheduling interrupts", [IPI_CALL].name = "Function call interrupts",
	[IPI_TICK].name = "Local timer interrupts", [IPI_WATCHDOG].name = "Watchdog interrupts",
};
u64 irq_err_count;

int request_irq(unsigned irq, void (*fn)(int irq, void *data), const char *name, void *data)
{
	if (irq >= NR_IRQS || irq_desc[irq].fn)
		return -EBUSY;
	irq_desc[irq].data = data;
	irq_desc[irq].name = name;
	irq_desc[irq].fn = fn;
	irq_chip->unmask(irq);
	return 0;
}

u64 irq_count(unsigned irq, unsigned cpu) { return irq_desc[irq].count[cpu]; }
const char *irq_name(unsigned irq) { return irq_desc[irq].name; }

void do_irq(struct pt_regs *regs, unsigned irq);
void do_irq(struct pt_regs *regs, unsigned irq)
{
	struct irq_desc *d = &irq_desc[irq];
	if (irq >= NR_VECTORS || irq_chip->spurious(irq)) {
		irq_err_count++;
		return;
	}
	unsigned held = spin_irq_enter();
	percpu_inc32(irq_depth);
	preempt_disable();
	this_cpu->irq_regs = regs;
	d->count[smp_processor_id()]++;
	this_cpu->nr_irqs++;
	if (irq >= NR_IRQS) {
		apic_eoi();
		smp_interrupt(irq);
	} else if (d->fn) {
		trace_irq_handler_entry(irq, d->name);
		d->fn(irq, d->data);
		trace_irq_handler_exit(irq, true);
	}
	if (irq < NR_IRQS)
		irq_chip->eoi(irq);		/* interrupts are off: it can't come again before iretq */
	this_cpu->irq_regs = NULL;
	preempt_enable_no_resched();
	percpu_dec32(irq_depth);
	spin_irq_exit(held);
}

