/*
 * The interrupt controllers of a machine with many processors: a local APIC in each, one or more IO-APICs for the devices.
 *
 *   PIT, keyboard ... --> IO-APIC --(vector, to the boot processor)--> local APIC --> irq_N
 *   PCI device with MSI --(writes vector to 0xfee.....)-------------->  local APIC
 *   another processor  --(ICR: vector, NMI, INIT, SIPI)-------------->  local APIC
 *
 * The 8259 pair is masked then. Without local APIC or MADT, or with noapic, everything stays on the 8259 (pic.c), also
 * when the timer does not arrive through the IO-APIC, which some boards get wrong (apic_check_timer).
 * SDM 3A chapter 11 (local APIC), 11.12 (x2APIC); Intel 82093AA datasheet (IO-APIC); PCI 3.0 section 6.8 (MSI).
 */
#include "asm/pgtable.h"
#include "boot_param.h"
#include "kernel/irq.h"
#include "kernel/x86/x86.h"
#include "mm/mm.h"
#include "printk.h"
#include "smp.h"
#include "uapi/errno.h"

#define APIC_ID 0x20			/* registers; in x2APIC mode MSR 0x800 + register / 16 */
#define APIC_TPR 0x80
#define APIC_EOI 0xb0
#define APIC_SVR 0xf0
#define APIC_ESR 0x280
#define APIC_ICR 0x300
#define APIC_ICR2 0x310
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_LINT0 0x350		/* LINT1 is 0x360 */
#define APIC_LVT_ERROR 0x370
#define APIC_TIMER_COUNT 0x380
#define APIC_TIMER_DIVIDE 0x3e0
#define ICR_PENDING BIT(12)
#define LVT_MASKED BIT(16)
#define LVT_PERIODIC BIT(17)
#define DELIVERY_NMI 0x400
#define DELIVERY_EXTINT 0x700
#define X2APIC_MSR(reg) (0x800 + (reg) / 16)

static volatile u32 *lapic;		/* NULL in x2APIC mode, and without one */
static bool x2apic;
static struct ioapic {
	volatile u32 *reg;		/* [0] selects, [4] is the selected register */
	u32 gsi_base, nr;
} ioapics[ARRAY_SIZE(acpi_madt.ioapic)];
static unsigned nr_ioapics;
static u32 boot_apic_id;
static unsigned next_msi = MSI_IRQ;

static u32 apic_read(u32 reg) { return x2apic ? rdmsr(X2APIC_MSR(reg)) : lapic[reg / 4]; }

static void apic_write(u32 reg, u32 v)
{
	if (x2apic)
		wrmsr(X2APIC_MSR(reg), v);
	else
		lapic[reg / 4] = v;
}

bool apic_present(void) { return x2apic || lapic; }
u32 apic_id(void) { return x2apic ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24; }
void apic_eoi(void) { apic_write(APIC_EOI, 0); }

/* The two halves of the ICR belong together: interrupts are off between them. */
void apic_icr(u32 dest, u32 command)
{
	u64 flags = local_irq_save();
	if (x2apic) {
		wrmsr(X2APIC_MSR(APIC_ICR), (u64)dest << 32 | command);
	} else {
		while (apic_read(APIC_ICR) & ICR_PENDING)
			cpu_relax();
		apic_write(APIC_ICR2, dest << 24);
		apic_write(APIC_ICR, command);
	}
	local_irq_restore(flags);
}

/* Each processor for itself. Only the boot processor's LINT0 may carry the 8259. */
void apic_setup_cpu(bool extint)
{
	apic_write(APIC_TPR, 0);
	apic_write(APIC_SVR, 0x100 | SPURIOUS_VECTOR);
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	apic_write(APIC_LVT_LINT0, extint ? DELIVERY_EXTINT : LVT_MASKED);
	if (acpi_madt.nmi_lint < 2)
		apic_write(APIC_LVT_LINT0 + 0x10 * acpi_madt.nmi_lint, DELIVERY_NMI | (acpi_madt.nmi_low ? BIT(13) : 0));
	apic_eoi();			/* what the firmware may have left in service */
}

/* Periodic, every 2^25 ticks of a clock that runs at 100 MHz to 1 GHz / 16: 0.5 to 5 s. Nobody needs to know it better. */
void apic_watchdog_timer(void)
{
	apic_write(APIC_TIMER_DIVIDE, 3);
	apic_write(APIC_LVT_TIMER, LVT_PERIODIC | IRQ_VECTOR(IPI_WATCHDOG));
	apic_write(APIC_TIMER_COUNT, BIT(25));
}

/* ---- IO-APIC: each input has an entry of two registers, vector and rights below, destination above ---- */

static u32 ioapic_read(struct ioapic *io, u32 reg)
{
	io->reg[0] = reg;
	return io->reg[4];
}

static void ioapic_write(struct ioapic *io, u32 reg, u32 v)
{
	io->reg[0] = reg;
	io->reg[4] = v;
}

/* ISA lines, as the MADT wires them; an MSI line has no input here. */
static void ioapic_set(unsigned irq, bool masked)
{
	static DEFINE_SPINLOCK(lock, RANK_MISC);
	if (irq >= NR_ISA_IRQS)
		return;
	u32 gsi = acpi_madt.isa[irq].gsi;
	u64 flags = spin_lock_irqsave(&lock);
	for (struct ioapic *io = ioapics; io < ioapics + nr_ioapics; io++) {
		if (gsi - io->gsi_base >= io->nr)
			continue;
		u32 reg = 0x10 + 2 * (gsi - io->gsi_base);
		ioapic_write(io, reg + 1, boot_apic_id << 24);
		ioapic_write(io, reg, IRQ_VECTOR(irq) | (acpi_madt.isa[irq].low ? BIT(13) : 0) |
			     (acpi_madt.isa[irq].level ? BIT(15) : 0) | (masked ? LVT_MASKED : 0));
	}
	spin_unlock_irqrestore(&lock, flags);
}

static void ioapic_mask(unsigned irq) { ioapic_set(irq, true); }
static void ioapic_unmask(unsigned irq) { ioapic_set(irq, false); }
static void ioapic_eoi(unsigned irq) { apic_eoi(); }
static bool never_spurious(unsigned irq) { return false; }
static struct irq_chip ioapic_chip = { "IO-APIC", ioapic_mask, ioapic_unmask, ioapic_eoi, never_spurious };

static bool __init ioapic_init(void)
{
	for (unsigned i = 0; i < acpi_madt.nr_ioapics; i++) {
		struct ioapic *io = &ioapics[nr_ioapics];
		io->reg = ioremap(acpi_madt.ioapic[i].phys, PAGE_SIZE, PAGE_KERNEL_NOCACHE);
		if (!io->reg)
			continue;
		io->gsi_base = acpi_madt.ioapic[i].gsi_base;
		io->nr = (ioapic_read(io, 1) >> 16 & 0xff) + 1;
		for (u32 n = 0; n < io->nr; n++)
			ioapic_write(io, 0x10 + 2 * n, LVT_MASKED);
		pr_info("IOAPIC[%u]: address %#lx, GSI %u-%u\n", i, acpi_madt.ioapic[i].phys, io->gsi_base, io->gsi_base + io->nr - 1);
		nr_ioapics++;
	}
	return nr_ioapics;
}

/* After i8259_init, before the first request_irq. */
void __init apic_init(void)
{
	u64 base = cpu_has.apic && !param_bool("nolapic") ? rdmsr(MSR_APIC_BASE) : 0;
	if (!(base & BIT(11)))			/* not there, or the firmware has turned it off for good */
		return;
	x2apic = base & BIT(10);
	if (!x2apic)
		lapic = ioremap(base & PTE_PFN_MASK, PAGE_SIZE, PAGE_KERNEL_NOCACHE);
	if (!apic_present())
		return;
	this_cpu->apic_id = boot_apic_id = apic_id();
	bool io = !param_bool("noapic") && !param_bool("nosmp") && acpi_madt.nr_cpus && ioapic_init();
	apic_setup_cpu(!io);			/* qboot leaves it off: without this the 8259 is not heard (FACTS part 2) */
	if (!io)
		return;
	i8259_mask_all();
	irq_chip = &ioapic_chip;
}

/* Does the timer arrive? With interrupts on, early in PID 1. A second is long: a busy host may hold ticks back. */
void __init apic_check_timer(void)
{
	if (irq_chip != &ioapic_chip)
		return;
	for (u64 end = ktime_get() + NSEC_PER_SEC; ktime_get() < end;)
		if (irq_count(0, 0))
			return;
	pr_warn("..MP-BIOS bug: 8254 timer not connected to IO-APIC; going back to the 8259\n");
	local_irq_disable();
	ioapic_mask(0);
	apic_setup_cpu(true);
	i8259_take_back();
	local_irq_enable();
}

int alloc_msi_irq(u64 *address, u32 *data)
{
	if (!apic_present() || irq_chip != &ioapic_chip)
		return -ENODEV;
	if (next_msi == NR_IRQS)
		return -ENOSPC;
	*address = 0xfee00000 | boot_apic_id << 12;
	*data = IRQ_VECTOR(next_msi);
	return next_msi++;
}
