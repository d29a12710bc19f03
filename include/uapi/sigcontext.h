/* Linux's signal frame on x86-64 (what rt_sigreturn reads back). */
#pragma once
#include "uapi/signal.h"

struct sigcontext {
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
	u64 di, si, bp, bx, dx, ax, cx, sp, ip, flags;
	u16 cs, gs, fs, ss;
	u64 err, trapno, oldmask, cr2;
	u64 fpstate;			/* user address of the FXSAVE/XSAVE image, 64-byte aligned */
	u64 reserved1[8];
};
struct ucontext {
	u64 uc_flags;
	struct ucontext __user *uc_link;
	stack_t uc_stack;
	struct sigcontext uc_mcontext;
	sigset_t uc_sigmask;
};
#define UC_FP_XSTATE 1
#define UC_SIGCONTEXT_SS 2
#define UC_STRICT_RESTORE_SS 4
struct rt_sigframe {
	void __user *pretcode;
	struct ucontext uc;
	siginfo_t info;
};
#define FP_XSTATE_MAGIC1 0x46505853	/* in fpstate bytes 464..: struct _fpx_sw_bytes */
#define FP_XSTATE_MAGIC2 0x46505845	/* after the XSAVE image */
struct fpx_sw_bytes {
	u32 magic1, extended_size;
	u64 xfeatures;
	u32 xstate_size, padding[7];
};
