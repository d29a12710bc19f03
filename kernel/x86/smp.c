/*
 * The other processors: how they start, and how one asks another for something.
 *
 *   boot processor                           another one
 *   INIT to all, 10 ms
 *   SIPI 0x08  ------------------------->    boot/trampoline.asm at 0x8000: real mode -> long mode, init_pgd, idle's stack
 *   waits for cpu_callin  <------------      secondary_start: own GDT, TSS, IDT, %gs, APIC, FPU; says that it is there
 *   nr_cpus++  ------------------------->    interrupts on, cpu_idle()
 *
 * A question to other processors (a TLB to flush, a function to run) lies in the struct cpu of who asks: its bit in
 * call_from of the one asked says so, an interrupt says that there is something to look at, and who asked waits until
 * its call_pending has lost every bit. No lock is needed: each struct has one asker, who keeps preemption off.
 *
 * docs/model-tlb.md checks this protocol. In Linux: arch/x86/kernel/{smpboot,smp}.c, kernel/smp.c.
 * Intel MultiProcessor Specification 1.4, B.4 (INIT, SIPI); SDM 3A 9.4.4.
 */
#include "asm/pgtable.h"
#include "boot_param.h"
#include "kernel/irq.h"
#include "kernel/process.h"
#include "kernel/x86/x86.h"
#include "mm/mm.h"
#include "printk.h"
#include "smp.h"
#include "string.h"

#define TRAMPOLINE 0x8000UL		/* memblock keeps the first 64 KiB */
#define ICR_FIXED 0x4000		/* "assert"; the vector is or-ed in */
#define ICR_NMI 0x4400
#define ICR_INIT 0x4500
#define ICR_STARTUP 0x4600

extern u8 trampoline_start[], trampoline_end[];
extern u64 secondary_pgd, secondary_stack;	/* boot/trampoline.asm */
extern struct cpu *secondary_cpu;
static unsigned cpu_callin;			/* the last one that has come so far */
static bool stopping;

/* ---- questions ---- */

static void send_ipi(unsigned cpu, unsigned irq) { apic_icr(cpus[cpu].apic_id, ICR_FIXED | IRQ_VECTOR(irq)); }
void smp_send_reschedule(unsigned cpu) { send_ipi(cpu, IPI_RESCHEDULE); }
void smp_send_nmi(unsigned cpu) { apic_icr(cpus[cpu].apic_id, ICR_NMI); }

/* The boot processor's tick is everybody's. */
void smp_send_tick(void)
{
	for (unsigned cpu = 1; cpu < nr_cpus; cpu++)
		send_ipi(cpu, IPI_TICK);
}

static void answer_calls(void)
{
	u64 from = __atomic_exchange_n(&this_cpu->self->call_from, 0, __ATOMIC_SEQ_CST), me = BIT(smp_processor_id());
	for (; from; from &= from - 1) {
		struct cpu *asker = &cpus[ffs64(from)];
		asker->call_fn(asker->call_arg);
		__atomic_and_fetch(&asker->call_pending, ~me, __ATOMIC_SEQ_CST);
	}
}

/* From do_irq. */
void smp_interrupt(unsigned irq)
{
	if (irq == IPI_TICK)
		scheduler_tick();
	else if (irq == IPI_CALL)
		answer_calls();
	else if (irq == IPI_WATCHDOG)
		watchdog_check_cpus();
	/* IPI_RESCHEDULE: the way out of the interrupt looks at TIF_NEED_RESCHED. */
}

void smp_call_function_many(cpumask_t mask, void (*fn)(void *arg), void *arg)
{
	preempt_disable();
	struct cpu *me = this_cpu->self;
	mask &= ~BIT(me->id);
	if (mask && !panicking()) {
		BUG_ON(irqs_disabled() || spin_irq_lock_held());	/* X1 */
		me->call_fn = fn;
		me->call_arg = arg;
		__atomic_store_n(&me->call_pending, mask, __ATOMIC_SEQ_CST);
		for (u64 m = mask; m; m &= m - 1) {
			__atomic_or_fetch(&cpus[ffs64(m)].call_from, BIT(me->id), __ATOMIC_SEQ_CST);
			send_ipi(ffs64(m), IPI_CALL);
		}
		while (__atomic_load_n(&me->call_pending, __ATOMIC_ACQUIRE) && !panicking())
			cpu_relax();
	}
	preempt_enable();
}

void smp_call_function(void (*fn)(void *arg), void *arg) { smp_call_function_many(cpu_online_mask(), fn, arg); }

void smp_stop_others(void)
{
	u64 flags = local_irq_save();
	if (!__atomic_exchange_n(&stopping, true, __ATOMIC_SEQ_CST))
		for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
			if (cpu != smp_processor_id())
				smp_send_nmi(cpu);
	local_irq_restore(flags);
}

/* From do_nmi: does not return on a processor that is to stop. */
void smp_nmi(void)
{
	while (READ_ONCE(stopping) && !panicking())	/* whose last words these are hears them out */
		halt();
}

/* ---- the start ---- */

static void wait_us(u64 us)
{
	for (u64 end = ktime_get() + us * 1000; ktime_get() < end;)
		cpu_relax();
}

/* The trampoline jumps here, on the idle task's stack. Not __init: that memory may go while the last ones come. */
void __noreturn secondary_start(struct cpu *c);
void __noreturn secondary_start(struct cpu *c)
{
	cpu_init(c->id);
	apic_setup_cpu(false);
	if (c->id == 1)
		apic_watchdog_timer();
	fpu_init_cpu();
	cpu_set_kstack((u64)current->stack + KSTACK_SIZE);
	__atomic_store_n(&cpu_callin, c->id, __ATOMIC_SEQ_CST);
	tsc_sync_check();
	while (READ_ONCE(nr_cpus) <= c->id)		/* the boot processor has seen it */
		cpu_relax();
	local_irq_enable();
	cpu_idle();
}

/* All that the processor needs before its first instruction; false: no memory. */
static bool __init prepare(struct cpu *c, u32 apic)
{
	struct task_struct *idle = fork_idle(c->id);
	if (!idle)
		return false;
	for (int i = 0; i < 3; i++) {
		struct page *page = alloc_page(0);
		if (!page)
			return false;
		c->tss.ist[i] = (u64)page_address(page) + PAGE_SIZE;
	}
	c->apic_id = apic;
	secondary_pgd = __pa(init_pgd);
	secondary_stack = (u64)idle->stack + KSTACK_SIZE;
	secondary_cpu = c;
	return true;
}

/* One at a time. The second SIPI is for processors that missed the first (MP specification B.4); it has 10 s, as in Linux. */
static bool __init start_cpu(u32 apic)
{
	struct cpu *c = &cpus[nr_cpus];
	c->id = nr_cpus;
	if (!c->idle && !prepare(c, apic))
		return false;
	c->apic_id = apic;
	for (int try = 0; try < 2; try++) {
		apic_icr(apic, ICR_STARTUP | TRAMPOLINE >> PAGE_SHIFT);
		for (u64 end = ktime_get() + (try ? 10000 : 20) * NSEC_PER_MSEC; ktime_get() < end; cpu_relax()) {
			if (__atomic_load_n(&cpu_callin, __ATOMIC_ACQUIRE) == c->id) {
				tsc_sync_check();
				__atomic_store_n(&nr_cpus, c->id + 1, __ATOMIC_SEQ_CST);
				return true;
			}
		}
	}
	apic_icr(apic, ICR_INIT);			/* back to sleep, should it come late */
	pr_err("smpboot: CPU with APIC ID %u does not answer; left out\n", apic);
	return false;
}

void __init smp_init(void)
{
	unsigned limit = param_bool("nosmp") ? 1 : max(param_u64("maxcpus", NR_CPUS), 1UL);
	apic_check_timer();
	if (!apic_present() || acpi_madt.nr_cpus < 2 || limit < 2)
		return;
	if (!(pfn_to_page(TRAMPOLINE >> PAGE_SHIFT)->flags & PG_reserved)) {
		pr_err("smpboot: no memory for the start below 1 MiB; one processor runs\n");
		return;
	}
	memcpy(__va(TRAMPOLINE), trampoline_start, trampoline_end - trampoline_start);
	for (unsigned i = 0; i < acpi_madt.nr_cpus; i++)
		if (acpi_madt.apic_id[i] != cpus[0].apic_id)
			apic_icr(acpi_madt.apic_id[i], ICR_INIT);
	wait_us(10000);
	for (unsigned i = 0; i < acpi_madt.nr_cpus && nr_cpus < limit; i++)
		if (acpi_madt.apic_id[i] != cpus[0].apic_id)
			start_cpu(acpi_madt.apic_id[i]);
	pr_info("smp: Brought up 1 node, %u CPU%s\n", nr_cpus, nr_cpus > 1 ? "s" : "");
}
