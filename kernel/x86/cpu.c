/*
 * One processor made ready: features by CPUID, control registers, GDT and TSS, the system call MSRs.
 *
 *   GDT   0x10 kernel code  0x18 kernel data  0x20 user code 32  0x28 user data  0x30 user code  0x40 TSS
 *   TSS   rsp0: the kernel stack of the task that runs; IST 1..3: double fault, NMI, machine check
 *
 * sysret loads ss = STAR[63:48] + 8 and cs = STAR[63:48] + 16, hence the order of the user segments (SDM 3A 5.8.8).
 */
#include "asm/cpu.h"
#include "asm/pgtable.h"
#include "asm/uaccess.h"
#include "kernel/x86/x86.h"
#include "printk.h"
#include "sched/sched.h"
#include "string.h"

struct cpu cpus[NR_CPUS];
unsigned nr_cpus = 1;
struct cpu_features cpu_has;
u8 cpu_has_smap;
char cpu_model_name[49] = "unknown", cpu_vendor[13];

#define IST_SIZE 4096
static u8 ist_stacks[3][IST_SIZE] __aligned(16);	/* CPU 0's; smp.c gives the others theirs */

extern char entry_syscall[];

static void __init detect_features(void)
{
	struct cpuid_regs r = cpuid(0, 0);
	u32 max = r.eax, max_ext = cpuid(0x80000000, 0).eax;
	memcpy(cpu_vendor, &r.ebx, 4);
	memcpy(cpu_vendor + 4, &r.edx, 4);
	memcpy(cpu_vendor + 8, &r.ecx, 4);
	r = cpuid(1, 0);
	cpu_has.xsave = r.ecx & BIT(26);
	cpu_has.avx = r.ecx & BIT(28);
	cpu_has.rdrand = r.ecx & BIT(30);
	cpu_has.pge = r.edx & BIT(13);
	cpu_has.apic = r.edx & BIT(9);
	if (max >= 7) {
		r = cpuid(7, 0);
		cpu_has.smep = r.ebx & BIT(7);
		cpu_has.smap = r.ebx & BIT(20);
		cpu_has.umip = r.ecx & BIT(2);
	}
	r = cpuid(0x80000001, 0);
	cpu_has.gbpages = r.edx & BIT(26);
	for (u32 i = 0; max_ext >= 0x80000004 && i < 3; i++) {
		r = cpuid(0x80000002 + i, 0);
		memcpy(cpu_model_name + i * 16, &r, 16);
	}
}

static void load_segments(struct cpu *c)
{
	u64 tss = (u64)&c->tss;
	struct { u16 limit; u64 base; } __packed gdtr = { sizeof(c->gdt) - 1, (u64)c->gdt };

	c->gdt[2] = 0x00af9b000000ffff;
	c->gdt[3] = 0x00cf93000000ffff;
	c->gdt[4] = 0x00cffb000000ffff;
	c->gdt[5] = 0x00cff3000000ffff;
	c->gdt[6] = 0x00affb000000ffff;
	c->gdt[8] = (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 | 0x89UL << 40 | (tss >> 24 & 0xff) << 56;
	c->gdt[9] = tss >> 32;
	c->tss.iomap_base = sizeof(struct tss);		/* no port is open to user mode */
	lgdt(&gdtr);
	ltr(TSS_SEL);
}

static void set_control_registers(void)
{
	u64 cr4 = CR4_PAE | CR4_DE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_MCE;
	cr4 |= (cpu_has.pge ? CR4_PGE : 0) | (cpu_has.smep ? CR4_SMEP : 0) | (cpu_has.smap ? CR4_SMAP : 0) |
	       (cpu_has.umip ? CR4_UMIP : 0) | (cpu_has.xsave ? CR4_OSXSAVE : 0);
	write_cr4(cr4);
	wrmsr(MSR_STAR, (u64)(USER32_CS) << 48 | (u64)KERNEL_CS << 32);
	wrmsr(MSR_LSTAR, (u64)entry_syscall);
	wrmsr(MSR_SFMASK, EFLAGS_IF | EFLAGS_TF | EFLAGS_DF | EFLAGS_IOPL | EFLAGS_NT | EFLAGS_AC);
}

void cpu_init(unsigned id)
{
	struct cpu *c = &cpus[id];
	if (id == 0) {
		detect_features();
		idt_init();
		for (int i = 0; i < 3; i++)
			c->tss.ist[i] = (u64)ist_stacks[i] + IST_SIZE;
	}
	c->self = c;
	c->id = id;
	spin_cpu_init(c);
	load_segments(c);
	wrmsr(MSR_GS_BASE, (u64)c);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	wrmsr(MSR_FS_BASE, 0);
	idt_load();
	set_control_registers();
	cpu_has_smap = cpu_has.smap;
}

void cpu_set_kstack(u64 top)
{
	this_cpu->kstack_top = top;
	this_cpu->tss.rsp[0] = top;
}
