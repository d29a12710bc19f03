/*
 * The 8259 pair: lines 0..15 at vectors 0x20..0x2f. A line stays masked until somebody requests it. With an IO-APIC
 * (apic.c) they stay masked for ever. Datasheet: Intel 8259A.
 */
#include "kernel/irq.h"
#include "kernel/x86/x86.h"

#define PIC1 0x20
#define PIC2 0xa0
#define OCW2_EOI 0x20
#define OCW3_READ_ISR 0x0b

static u16 masked = 0xffff;

static void pic_write_mask(void)
{
	outb(PIC1 + 1, masked);
	outb(PIC2 + 1, masked >> 8);
}

static void pic_mask(unsigned irq)
{
	masked |= 1 << irq;
	pic_write_mask();
}

static void pic_unmask(unsigned irq)
{
	masked &= ~(1 << irq);
	pic_write_mask();
}

static void pic_eoi(unsigned irq)
{
	if (irq >= 8)
		outb(PIC2, OCW2_EOI);
	outb(PIC1, OCW2_EOI);
}

/* Lines 7 and 15 fire with no bit in service when a request vanished: the master still wants an EOI for 15. */
static bool pic_spurious(unsigned irq)
{
	if (irq != 7 && irq != 15)
		return false;
	outb(irq == 7 ? PIC1 : PIC2, OCW3_READ_ISR);
	if (inb(irq == 7 ? PIC1 : PIC2) & 0x80)
		return false;
	if (irq == 15)
		outb(PIC1, OCW2_EOI);
	return true;
}

static struct irq_chip i8259 = { "XT-PIC", pic_mask, pic_unmask, pic_eoi, pic_spurious };
struct irq_chip *irq_chip = &i8259;

void i8259_mask_all(void)
{
	outb(PIC1 + 1, 0xff);
	outb(PIC2 + 1, 0xff);
}

void i8259_take_back(void)
{
	irq_chip = &i8259;
	for (unsigned irq = 0; irq < NR_ISA_IRQS; irq++)
		if (irq_name(irq))
			pic_unmask(irq);
}

void __init i8259_init(void)
{
	outb(PIC1, 0x11);			/* ICW1: cascade, ICW4 follows */
	outb(PIC1 + 1, IRQ_VECTOR(0));
	outb(PIC1 + 1, 4);			/* slave on line 2 */
	outb(PIC1 + 1, 1);			/* 8086 mode */
	outb(PIC2, 0x11);
	outb(PIC2 + 1, IRQ_VECTOR(8));
	outb(PIC2 + 1, 2);
	outb(PIC2 + 1, 1);
	masked = 0xffff & ~(1 << 2);
	pic_write_mask();
}
