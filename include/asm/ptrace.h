/*
 * struct pt_regs: what entry.asm leaves on the kernel stack, in Linux's order (low address first).
 *
 *   top of kernel stack ->  ss rsp eflags cs rip   pushed by the processor (by hand for syscall)
 *                           orig_rax               syscall number, error code, or ~vector
 *                           rdi rsi rdx rcx rax r8 r9 r10 r11
 *                           rbx rbp r12 r13 r14 r15   <- struct pt_regs *
 */
#pragma once
#include "types.h"

struct pt_regs {
	u64 r15, r14, r13, r12, rbp, rbx;
	u64 r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u64 orig_rax;
	u64 rip, cs, eflags, rsp, ss;
};

#define KERNEL_CS 0x10			/* GDT as Linux: sysret wants user ss, then user cs, after one another */
#define KERNEL_DS 0x18
#define USER32_CS 0x23
#define USER_DS 0x2b
#define USER_CS 0x33
#define TSS_SEL 0x40

static inline bool user_mode(const struct pt_regs *r) { return r->cs & 3; }
