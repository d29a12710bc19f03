/*
 * The interrupt descriptor table: 256 gates of 16 bytes (SDM 3A 6.14.1). All are interrupt gates, so that
 * a handler begins with interrupts off and swapgs is safe.
 */
#include "kernel/irq.h"
#include "kernel/x86/x86.h"
#include "sched/sched.h"

struct gate {
	u16 offset_low, selector;
	u8 ist, type;			/* type: present, DPL, 0xe */
	u16 offset_mid;
	u32 offset_high, reserved;
};
static struct gate idt[256] __aligned(16);

extern char entry_int80[];
extern void *const exception_stubs[32], *const irq_stubs[NR_VECTORS + 1];

static void __init set_gate(unsigned vector, const void *fn, unsigned dpl, unsigned ist)
{
	u64 a = (u64)fn;
	idt[vector] = (struct gate){ a, KERNEL_CS, ist, 0x8e | dpl << 5, a >> 16, a >> 32, 0 };
}

void __init idt_init(void)
{
	for (unsigned v = 0; v < 32; v++)
		set_gate(v, exception_stubs[v], v == 3 || v == 4 ? 3 : 0, v == 8 ? IST_DF : v == 2 ? IST_NMI : v == 18 ? IST_MCE : 0);
	for (unsigned i = 0; i < NR_VECTORS; i++)
		set_gate(IRQ_VECTOR(i), irq_stubs[i], 0, 0);
	set_gate(0x80, entry_int80, 3, 0);
	set_gate(SPURIOUS_VECTOR, irq_stubs[NR_VECTORS], 0, 0);
}

void idt_load(void)
{
	struct { u16 limit; u64 base; } __packed idtr = { sizeof(idt) - 1, (u64)idt };
	lidt(&idtr);
}
