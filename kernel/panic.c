/*
 * The last words. A panic is a bug of the kernel (or the death of init): it prints what, CPU, task, locks held and
 * a backtrace with symbols, and then does what panic= says: stay (0), wait N seconds and reset, or reset at once (-1).
 */
#include "asm/x86.h"
#include "boot_param.h"
#include "kallsyms.h"
#include "kernel/hooks.h"
#include "kernel/irq.h"
#include "kernel/process.h"
#include "mm/mm.h"
#include "printk.h"
#include "string.h"

void (*screen_takeover_hook)(void);

static void print_symbol(const char *prefix, u64 addr)
{
	u64 off;
	const char *name = kallsyms_lookup(addr, &off);
	if (name)
		pr_emerg("%s%s+%#lx  [%016lx]\n", prefix, name, off, addr);
	else
		pr_emerg("%s%016lx\n", prefix, addr);
}

/* Follows the frame pointers: [rbp] is the caller's rbp, [rbp + 8] the return address. Frames must go up. */
static void backtrace(u64 rbp)
{
	for (int depth = 0; depth < 32 && rbp >= PAGE_OFFSET && !(rbp & 7); depth++) {
		u64 *frame = (u64 *)rbp;
		if (!kernel_addr_mapped(rbp) || !kernel_addr_mapped(rbp + 15) || !kallsyms_lookup(frame[1], NULL))
			break;
		print_symbol("  ", frame[1]);
		if (frame[0] <= rbp || frame[0] - rbp > KSTACK_SIZE)
			break;
		rbp = frame[0];
	}
}

void dump_stack(void)
{
	pr_emerg("Call Trace:\n");
	backtrace((u64)__builtin_frame_address(0));
}

void show_backtrace(struct pt_regs *regs)
{
	pr_emerg("CPU: %u PID: %d Comm: %s, interrupted in %s mode\n", smp_processor_id(), current->pid, current->comm,
		 user_mode(regs) ? "user" : "kernel");
	pr_emerg("Call Trace:\n");
	print_symbol("  ", regs->rip);
	if (!user_mode(regs))
		backtrace(regs->rbp);
}

static void print_task(void)
{
	pr_emerg("CPU: %u PID: %d Comm: %s Not tainted %s\n", smp_processor_id(), current->pid, current->comm, UTS_RELEASE);
	show_held_locks(current);
}

void show_regs(struct pt_regs *r)
{
	print_symbol("RIP: ", r->rip);
	pr_emerg("RSP: %04lx:%016lx EFLAGS: %08lx CS: %04lx\n", r->ss, r->rsp, r->eflags, r->cs);
	pr_emerg("RAX: %016lx RBX: %016lx RCX: %016lx\n", r->rax, r->rbx, r->rcx);
	pr_emerg("RDX: %016lx RSI: %016lx RDI: %016lx\n", r->rdx, r->rsi, r->rdi);
	pr_emerg("RBP: %016lx R08: %016lx R09: %016lx\n", r->rbp, r->r8, r->r9);
	pr_emerg("R10: %016lx R11: %016lx R12: %016lx\n", r->r10, r->r11, r->r12);
	pr_emerg("R13: %016lx R14: %016lx R15: %016lx\n", r->r13, r->r14, r->r15);
	pr_emerg("CR2: %016lx CR3: %016lx CR4: %016lx\n", read_cr2(), read_cr3(), read_cr4());
}

void warn_at(const char *file, int line, const char *cond)
{
	pr_warn("WARNING: CPU: %u PID: %d at %s:%d: %s\n", smp_processor_id(), current->pid, file, line, cond);
	dump_stack();
}

static void __noreturn stop_machine(const char *what)
{
	s64 seconds = (s64)param_u64("panic", 0);
	if (screen_takeover_hook)
		screen_takeover_hook();
	if (seconds) {
		pr_emerg("Rebooting in %ld seconds..\n", max(seconds, 0L));
		for (u64 end = ktime_get() + max(seconds, 0L) * NSEC_PER_SEC; ktime_get() < end && tsc_khz;)
			cpu_relax();
		arch_reset();
	}
	pr_emerg("---[ end Kernel panic - not syncing: %s ]---\n", what);
	for (;;) {
		local_irq_disable();
		halt();
	}
}

/* The common end; regs NULL: the caller's own frames are the backtrace. */
static void __noreturn vpanic(struct pt_regs *regs, const char *what)
{
	local_irq_disable();
	if (panicking) {			/* a panic while panicking: nothing more can be said safely */
		if ((s64)param_u64("panic", 0))
			arch_reset();
		for (;;)
			halt();
	}
	panicking = true;
	pr_emerg("Kernel panic - not syncing: %s\n", what);
	print_task();
	if (regs)
		show_regs(regs);
	pr_emerg("Call Trace:\n");
	backtrace(regs ? regs->rbp : (u64)__builtin_frame_address(0));
	stop_machine(what);
}

void panic(const char *fmt, ...)
{
	static char text[256];
	va_list ap;

	va_start(ap, fmt);
	if (!panicking)
		vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vpanic(NULL, text);
}

void die(const char *what, struct pt_regs *regs, long error)
{
	static char text[96];
	if (!panicking)
		snprintf(text, sizeof(text), "%s in kernel mode, error %#lx, cr2 %#lx", what, error, read_cr2());
	vpanic(regs, text);
}
