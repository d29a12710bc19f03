/*
 * struct cpu: everything that each processor has for itself, reached through %gs.
 *
 * this_cpu->field is one %gs-relative access; it is stable only while preemption or interrupts
 * are off, except current, which is the same task wherever the task runs.
 */
#pragma once
#include "asm/x86.h"
#include "asm/ptrace.h"

#define NR_CPUS 64
#define MAX_CACHES 48
#define MAX_HELD_LOCKS 32

struct task_struct;
struct rq;
struct spinlock;

struct tss {				/* SDM 3A 8.7 */
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3, iomap_base;
} __packed;

enum vm_stat { NR_PAGE_CACHE, NR_ANON_PAGES, NR_PAGE_TABLES, NR_SHMEM, NR_SLAB_PAGES, NR_KSTACK_PAGES, NR_VM_STATS };

struct cpu {
	struct cpu *self;
	struct task_struct *curr;	/* the running task */
	u64 user_rsp;			/* scratch of the syscall door */
	u64 kstack_top;			/* where the syscall door puts pt_regs: top of curr's kernel stack */
	int preempt_count;		/* >0: no preemption; locks and irq nest in it */
	int irq_depth;			/* >0: inside an interrupt handler */
	bool in_nmi;			/* any lock may be held below: printk must not take one */
	unsigned id, apic_id;
	struct task_struct *idle;
	struct rq *rq;
	unsigned lock_id, lock_ctx;	/* id + 1, in a lock's word; which ranks of a lock count here (spinlock.h) */
	unsigned nr_held;		/* spinlocks held: held[1] to held[nr_held]; held[0] is the bottom, of rank 0 */
	struct spinlock *held[MAX_HELD_LOCKS];
	struct pt_regs *irq_regs;	/* what the running interrupt handler interrupted; NULL outside */
	u64 call_from, call_pending;	/* kernel/x86/smp.c: who asks this processor; whom it waits for */
	void (*call_fn)(void *arg);
	void *call_arg;
	struct cpu_slab { void *first; u64 n; } slab[MAX_CACHES];	/* mm/slab.c: free objects of each cache */
	long vmstat[NR_VM_STATS];	/* global_page_state() adds them up */
	u64 nr_irqs, nr_faults, nr_forks;
	u64 user_ticks, nice_ticks, system_ticks, idle_ticks;	/* 1 ms each, for /proc/stat */
	u64 gdt[10];
	struct tss tss __aligned(16);
} __aligned(64);			/* a cache line is one processor's */
extern struct cpu cpus[NR_CPUS];
extern unsigned nr_cpus;			/* that run */

#define this_cpu ((struct cpu __seg_gs *)0)
#define current (this_cpu->curr)
static inline unsigned smp_processor_id(void) { return this_cpu->id; }

#define percpu_inc32(field) __asm__ volatile("incl %%gs:%c0" ::"i"(offsetof(struct cpu, field)) : "memory", "cc")
#define percpu_add64(field, n) __asm__ volatile("addq %1, %%gs:%c0" ::"i"(offsetof(struct cpu, field)), "er"((long)(n)) : "memory", "cc")
#define percpu_dec32(field) __asm__ volatile("decl %%gs:%c0" ::"i"(offsetof(struct cpu, field)) : "memory", "cc")

/* Features found at boot (kernel/x86/cpu.c), one bool each; asm reads cpu_has_smap. */
struct cpu_features {
	bool smep, smap, umip, xsave, avx, pge, gbpages, rdrand, apic;
};
extern struct cpu_features cpu_has;
extern u8 cpu_has_smap;

void cpu_init(unsigned id);		/* GDT, TSS, IDT, syscall MSRs, control registers of this processor */
void cpu_set_kstack(u64 top);		/* entry stack of the task about to run: kstack_top and tss.rsp[0] */
extern char cpu_model_name[49], cpu_vendor[13];
extern u64 tsc_khz;

/*
 * Doors, called upward from kernel/x86: the tick is run_timers and scheduler_tick of sched/sched.h; handlers are
 * registered by request_irq of kernel/irq.h; device memory by ioremap, iounmap and FPU areas by kmem_cache_create,
 * kmem_cache_alloc, kmem_cache_free of mm/mm.h; entry_syscall, entry_int80, exception_stubs, irq_stubs and
 * ret_from_fork are labels of kernel/entry.asm; smp.c and apic.c: trampoline_start, trampoline_end, secondary_pgd,
 * secondary_stack, secondary_cpu of boot/trampoline.asm, fork_idle of kernel/fork.c, cpu_idle of sched/core.c, irq_count and
 * irq_name of kernel/irq.h, alloc_pages, mem_map and init_pgd of mm/mm.h; kernel/process.h says what fpu.c, thread.c
 * and acpi.c give to it, and declares watchdog_check_cpus of kernel/watchdog.c.
 */
