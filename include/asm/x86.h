/*
 * The processor's instructions and register bits, one instruction a function. Names are the
 * Intel SDM's (volume 3A: control registers 2.5, MSRs volume 4).
 */
#pragma once
#include "types.h"

#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_NE BIT(5)
#define CR4_DE BIT(3)
#define CR4_PAE BIT(5)
#define CR4_MCE BIT(6)
#define CR4_PGE BIT(7)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP BIT(11)
#define CR4_FSGSBASE BIT(16)
#define CR4_OSXSAVE BIT(18)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)

#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_SFMASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_APIC_BASE 0x1b

#define EFLAGS_FIXED BIT(1)
#define EFLAGS_TF BIT(8)
#define EFLAGS_IF BIT(9)
#define EFLAGS_DF BIT(10)
#define EFLAGS_IOPL (3UL << 12)
#define EFLAGS_NT BIT(14)
#define EFLAGS_RF BIT(16)
#define EFLAGS_AC BIT(18)

static __always_inline void outb(u16 port, u8 v) { __asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port)); }
static __always_inline void outw(u16 port, u16 v) { __asm__ volatile("outw %0, %1" ::"a"(v), "Nd"(port)); }
static __always_inline void outl(u16 port, u32 v) { __asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port)); }
static __always_inline u8 inb(u16 port) { u8 v; __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port)); return v; }
static __always_inline u16 inw(u16 port) { u16 v; __asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port)); return v; }
static __always_inline u32 inl(u16 port) { u32 v; __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port)); return v; }

static __always_inline void local_irq_enable(void) { __asm__ volatile("sti" ::: "memory"); }
static __always_inline void local_irq_disable(void) { __asm__ volatile("cli" ::: "memory"); }
static __always_inline u64 read_flags(void) { u64 f; __asm__ volatile("pushfq; popq %0" : "=rm"(f)::"memory"); return f; }
static __always_inline bool irqs_disabled(void) { return !(read_flags() & EFLAGS_IF); }
/* Disables interrupts and returns whether they were on (in EFLAGS form). */
static __always_inline u64 local_irq_save(void) { u64 f = read_flags(); local_irq_disable(); return f; }
static __always_inline void local_irq_restore(u64 f) { if (f & EFLAGS_IF) local_irq_enable(); }
/* Enables interrupts and halts; no interrupt can slip in between. */
static __always_inline void safe_halt(void) { __asm__ volatile("sti; hlt" ::: "memory"); }
static __always_inline void halt(void) { __asm__ volatile("hlt" ::: "memory"); }
static __always_inline void cpu_relax(void) { __asm__ volatile("pause" ::: "memory"); }

static __always_inline u64 read_cr0(void) { u64 v; __asm__ volatile("mov %%cr0, %0" : "=r"(v)); return v; }
static __always_inline u64 read_cr2(void) { u64 v; __asm__ volatile("mov %%cr2, %0" : "=r"(v)); return v; }
static __always_inline u64 read_cr3(void) { u64 v; __asm__ volatile("mov %%cr3, %0" : "=r"(v)); return v; }
static __always_inline u64 read_cr4(void) { u64 v; __asm__ volatile("mov %%cr4, %0" : "=r"(v)); return v; }
static __always_inline void write_cr0(u64 v) { __asm__ volatile("mov %0, %%cr0" ::"r"(v) : "memory"); }
static __always_inline void write_cr3(u64 v) { __asm__ volatile("mov %0, %%cr3" ::"r"(v) : "memory"); }
static __always_inline void write_cr4(u64 v) { __asm__ volatile("mov %0, %%cr4" ::"r"(v) : "memory"); }
static __always_inline void invlpg(u64 addr) { __asm__ volatile("invlpg (%0)" ::"r"(addr) : "memory"); }

static __always_inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}
static __always_inline void wrmsr(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}
static __always_inline u64 rdtsc(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}
/* A random number from the processor; false: it has none ready (SDM 1 7.3.17.1). */
static inline bool rdrand(u64 *v)
{
	bool ok;

	__asm__ volatile("rdrand %0; setc %1" : "=r"(*v), "=qm"(ok) : : "cc");
	return ok;
}
/* Not before the loads that stand before it, so that no processor reads an older time than one that it has heard of. */
static __always_inline u64 rdtsc_ordered(void) { __asm__ volatile("lfence" ::: "memory"); return rdtsc(); }
struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};
static inline struct cpuid_regs cpuid(u32 leaf, u32 sub)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(sub));
	return r;
}
static __always_inline void lgdt(const void *p) { __asm__ volatile("lgdt (%0)" ::"r"(p) : "memory"); }
static __always_inline void lidt(const void *p) { __asm__ volatile("lidt (%0)" ::"r"(p) : "memory"); }
static __always_inline void ltr(u16 sel) { __asm__ volatile("ltr %0" ::"r"(sel)); }
static __always_inline void xsetbv(u32 reg, u64 v)
{
	__asm__ volatile("xsetbv" ::"c"(reg), "a"((u32)v), "d"((u32)(v >> 32)));
}
static __always_inline void fxsave(void *p) { __asm__ volatile("fxsave64 (%0)" ::"r"(p) : "memory"); }
static __always_inline void fxrstor(const void *p) { __asm__ volatile("fxrstor64 (%0)" ::"r"(p) : "memory"); }
static __always_inline void xsave(void *p, u64 mask)
{
	__asm__ volatile("xsave64 (%0)" ::"r"(p), "a"((u32)mask), "d"((u32)(mask >> 32)) : "memory");
}
static __always_inline void xrstor(const void *p, u64 mask)
{
	__asm__ volatile("xrstor64 (%0)" ::"r"(p), "a"((u32)mask), "d"((u32)(mask >> 32)) : "memory");
}
static __always_inline void fninit(void) { __asm__ volatile("fninit"); }
static __always_inline void ldmxcsr(u32 v) { __asm__ volatile("ldmxcsr %0" ::"m"(v)); }
static __always_inline u32 stmxcsr(void) { u32 v; __asm__ volatile("stmxcsr %0" : "=m"(v)); return v; }
static __always_inline u16 fnstcw(void) { u16 v; __asm__ volatile("fnstcw %0" : "=m"(v)); return v; }
static __always_inline u16 fnstsw(void) { u16 v; __asm__ volatile("fnstsw %0" : "=m"(v)); return v; }
/* Moves n words of 8 bytes; forward. One instruction under icount for each word. */
static __always_inline void rep_movsq(void *dst, const void *src, size_t n)
{
	__asm__ volatile("rep movsq" : "+D"(dst), "+S"(src), "+c"(n)::"memory");
}
static __always_inline void rep_stosq(void *dst, u64 v, size_t n)
{
	__asm__ volatile("rep stosq" : "+D"(dst), "+c"(n) : "a"(v) : "memory");
}
