/*
 * Exceptions of the processor (SDM 3A 6.15) become signals in user mode; in kernel mode an entry of the exception
 * table says where to go on, and without one it is a kernel bug. The page fault has its own door: mm's do_page_fault.
 */
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/x86/x86.h"
#include "mm/mm.h"
#include "printk.h"

struct exception_entry {
	u64 insn, fixup;
};
extern const struct exception_entry __start___ex_table[], __stop___ex_table[];

u64 search_exception_table(u64 rip)
{
	for (const struct exception_entry *e = __start___ex_table; e < __stop___ex_table; e++)
		if (e->insn == rip)
			return e->fixup;
	return 0;
}

static const struct {
	const char *name;
	u8 sig, code;
} traps[32] = {
	[0] = { "divide error", SIGFPE, FPE_INTDIV },
	[1] = { "debug", SIGTRAP, TRAP_TRACE },
	[3] = { "int3", SIGTRAP, SI_KERNEL },
	[4] = { "overflow", SIGSEGV, SI_KERNEL },
	[5] = { "bounds", SIGSEGV, SI_KERNEL },
	[6] = { "invalid opcode", SIGILL, ILL_ILLOPN },
	[7] = { "device not available", SIGSEGV, SI_KERNEL },
	[8] = { "double fault", 0, 0 },
	[10] = { "invalid TSS", SIGSEGV, SI_KERNEL },
	[11] = { "segment not present", SIGBUS, SI_KERNEL },
	[12] = { "stack segment", SIGBUS, SI_KERNEL },
	[13] = { "general protection fault", SIGSEGV, SI_KERNEL },
	[16] = { "fpu exception", SIGFPE, 0 },
	[17] = { "alignment check", SIGBUS, BUS_ADRALN },
	[18] = { "machine check", 0, 0 },
	[19] = { "simd exception", SIGFPE, 0 },
};

/* Which x87 or SSE exception: flags that are raised and not masked. */
static int fpe_code(unsigned vector)
{
	u32 mxcsr = stmxcsr();
	u32 err = vector == 16 ? fnstsw() & ~fnstcw() : mxcsr & ~(mxcsr >> 7);
	return err & 1 ? FPE_FLTINV : err & 4 ? FPE_FLTDIV : err & 8 ? FPE_FLTOVF : err & 0x12 ? FPE_FLTUND : FPE_FLTRES;
}

/* Linux's line, e.g. "traps: ring[42] general protection fault ip:401136 sp:7ffe... error:0". */
static void log_trap(const char *name, struct pt_regs *regs, long error)
{
	pr_info("traps: %s[%d] %s ip:%lx sp:%lx error:%lx\n", current->comm, current->pid, name, regs->rip, regs->rsp, error);
}

void do_trap(struct pt_regs *regs, unsigned vector, long error);
void do_trap(struct pt_regs *regs, unsigned vector, long error)
{
	const char *name = traps[vector].name ? traps[vector].name : "unknown exception";
	int sig = traps[vector].sig ? traps[vector].sig : SIGSEGV;
	u64 fixup;

	if (!user_mode(regs)) {
		fixup = search_exception_table(regs->rip);
		if (fixup) {
			regs->rip = fixup;
			return;
		}
		if (regs->rip == (u64)iret_user) {	/* sigreturn's registers were refused */
			log_trap(name, regs, error);
			local_irq_enable();
			do_group_exit(SIGSEGV);
		}
		die(name, regs, error);
	}
	local_irq_enable();
	current->thread.trap_nr = vector;
	current->thread.error_code = error;
	if (vector == 1 || vector == 3) {
		regs->eflags &= ~EFLAGS_TF;
		force_sig_fault(sig, traps[vector].code, vector == 1 ? regs->rip : 0);
		return;
	}
	if (vector != 0 && sig != SIGFPE)
		log_trap(name, regs, error);
	if (sig == SIGFPE)
		force_sig_fault(sig, vector ? fpe_code(vector) : FPE_INTDIV, regs->rip);
	else if (sig == SIGILL || vector == 17)
		force_sig_fault(sig, traps[vector].code, vector == 17 ? 0 : regs->rip);
	else
		force_sig(sig);
}

/* On an IST stack: NMI is counted, double fault and machine check are the end. */
void do_nmi(struct pt_regs *regs, unsigned vector, long error);
void do_nmi(struct pt_regs *regs, unsigned vector, long error)
{
	if (vector == 2) {
		smp_nmi();
		this_cpu->in_nmi = true;
		if (!watchdog_nmi(regs))
			pr_warn("NMI received for unknown reason on CPU %u\n", smp_processor_id());
		this_cpu->in_nmi = false;
		return;
	}
	die(vector == 8 && is_kstack_guard(read_cr2()) ? "kernel stack overflow (double fault)" : traps[vector].name, regs, error);
}
