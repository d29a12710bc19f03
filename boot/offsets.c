/*
 * Offsets and constants that assembly needs, taken from the C headers. The Makefile compiles this to
 * text and turns each "->NAME $value" line into "NAME equ value" of offsets.inc.
 */
#include "sched/sched.h"
#include "asm/uaccess.h"
#include "kernel/irq.h"

#define DEFINE(name, value) __asm__ volatile("\n->" #name " %0" ::"i"(value))
#define OFFSET(name, type, field) DEFINE(name, offsetof(type, field))

void offsets(void);
void offsets(void)
{
	OFFSET(CPU_CURR, struct cpu, curr);
	OFFSET(CPU_USER_RSP, struct cpu, user_rsp);
	OFFSET(CPU_KSTACK_TOP, struct cpu, kstack_top);
	OFFSET(CPU_PREEMPT_COUNT, struct cpu, preempt_count);
	OFFSET(TASK_FLAGS, struct task_struct, ti_flags);
	OFFSET(TASK_SP, struct task_struct, thread.sp);
	OFFSET(REGS_RAX, struct pt_regs, rax);
	OFFSET(REGS_R8, struct pt_regs, r8);
	OFFSET(REGS_R9, struct pt_regs, r9);
	OFFSET(REGS_R10, struct pt_regs, r10);
	OFFSET(REGS_RDX, struct pt_regs, rdx);
	OFFSET(REGS_RSI, struct pt_regs, rsi);
	OFFSET(REGS_RDI, struct pt_regs, rdi);
	OFFSET(REGS_RBX, struct pt_regs, rbx);
	OFFSET(REGS_RBP, struct pt_regs, rbp);
	OFFSET(REGS_RCX, struct pt_regs, rcx);
	OFFSET(REGS_ORIG_RAX, struct pt_regs, orig_rax);
	OFFSET(REGS_RIP, struct pt_regs, rip);
	OFFSET(REGS_CS, struct pt_regs, cs);
	OFFSET(REGS_EFLAGS, struct pt_regs, eflags);
	OFFSET(REGS_RSP, struct pt_regs, rsp);
	DEFINE(REGS_SIZE, sizeof(struct pt_regs));
	DEFINE(KSTACK_SIZE, KSTACK_SIZE);
	DEFINE(NEED_RESCHED, TIF_NEED_RESCHED);
	DEFINE(NR_VECTORS, NR_VECTORS);
	DEFINE(FLAGS_IF, EFLAGS_IF);
	DEFINE(SEL_USER_CS, USER_CS);
	DEFINE(SEL_USER_DS, USER_DS);
	DEFINE(USER_END, TASK_SIZE);
}
