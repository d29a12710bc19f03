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
#include "kernel/x86/x86.h"
#include "mm/mm.h"
#include "printk.h"
#include "smp.h"
#include "string.h"

int panic_cpu = -1;
void (*panic_screen_hook)(const char *what, u64 report);

/* back: 1 for where a call returns to, which may be the next function already. */
static void print_symbol(const char *prefix, u64 addr, unsigned back)
{
	u64 off;
	const char *name = kallsyms_lookup(addr - back, &off);
	if (name)
		pr_emerg("%s%s+%#lx  [%016lx]\n", prefix, name, off + back, addr);
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
		print_symbol("  ", frame[1], 1);
		if (frame[0] <= rbp || frame[0] - rbp > KSTACK_SIZE)
			break;
		rbp = frame[0];
	}
}

/* A jump to nowhere: the call that was it left its place on the stack. */
static void backtrace_regs(struct pt_regs *regs)
{
	pr_emerg("Call Trace:\n");
	if (!kallsyms_lookup(regs->rip, NULL) && kernel_addr_mapped(regs->rsp) && kallsyms_lookup(*(u64 *)regs->rsp, NULL))
		print_symbol("  ", *(u64 *)regs->rsp, 1);
	backtrace(regs->rbp);
}

void dump_stack(void)
{
	pr_emerg("Call Trace:\n");
	backtrace((u64)__builtin_frame_address(0));
}

/* Of a task that is switched out, by the frame that __switch_to_asm left. */
void show_stack(struct task_struct *p)
{
	pr_emerg("Call Trace:\n");
	backtrace((u64)&((struct inactive_task_frame *)p->thread.sp)->rbp);
}

void show_backtrace(struct pt_regs *regs)
{
	pr_emerg("CPU: %u PID: %d Comm: %s, interrupted in %s mode\n", smp_processor_id(), current->pid, current->comm,
		 user_mode(regs) ? "user" : "kernel");
	print_symbol("RIP: ", regs->rip, 0);
	if (!user_mode(regs))
		backtrace_regs(regs);
}

static void print_task(void)
{
	pr_emerg("CPU: %u PID: %d Comm: %s Not tainted %s\n", smp_processor_id(), current->pid, current->comm, UTS_RELEASE);
}

static void print_place(u64 rip, u64 ss, u64 rsp, u64 eflags, u64 cs)
{
	print_symbol("RIP: ", rip, 0);
	pr_emerg("RSP: %04lx:%016lx EFLAGS: %08lx CS: %04lx\n", ss, rsp, eflags, cs);
}

static void print_control_registers(void)
{
	pr_emerg("CR2: %016lx CR3: %016lx CR4: %016lx\n", read_cr2(), read_cr3(), read_cr4());
}

static void show_regs(struct pt_regs *r)
{
	print_place(r->rip, r->ss, r->rsp, r->eflags, r->cs);
	pr_emerg("RAX: %016lx RBX: %016lx RCX: %016lx\n", r->rax, r->rbx, r->rcx);
	pr_emerg("RDX: %016lx RSI: %016lx RDI: %016lx\n", r->rdx, r->rsi, r->rdi);
	pr_emerg("RBP: %016lx R08: %016lx R09: %016lx\n", r->rbp, r->r8, r->r9);
	pr_emerg("R10: %016lx R11: %016lx R12: %016lx\n", r->r10, r->r11, r->r12);
	pr_emerg("R13: %016lx R14: %016lx R15: %016lx\n", r->r13, r->r14, r->r15);
	print_control_registers();
}

void warn_at(const char *file, int line, const char *cond)
{
	pr_warn("WARNING: CPU: %u PID: %d at %s:%d: %s\n", smp_processor_id(), current->pid, file, line, cond);
	dump_stack();
}

/* No tick moves a clock that comes round or that is nothing but ticks: what goes backwards is not counted, nor is it all that ends this. */
static void wait_without_ticks(u64 seconds)
{
	u64 waited = 0, last = ktime_get();
	for (u64 n = 0; waited < seconds * NSEC_PER_SEC && n < seconds * 20000000; n++) {
		u64 now = ktime_get();
		waited += now > last ? now - last : 0;
		last = now;
		cpu_relax();
	}
}

static void __noreturn stop_machine(const char *what)
{
	s64 seconds = (s64)param_u64("panic", 0);
	if (seconds) {
		pr_emerg("Rebooting in %ld seconds..\n", max(seconds, 0L));
		wait_without_ticks(max(seconds, 0L));
		arch_reset();
	}
	pr_emerg("---[ end Kernel panic - not syncing: %s ]---\n", what);
	for (;;)
		halt();
}

/*
 * The common end. The first processor that comes here speaks, others halt. What goes wrong while it speaks brings it
 * here again, deeper: then the screen shows what the log has so far. regs NULL: the caller's own frames are the backtrace.
 */
static void __noreturn vpanic(struct pt_regs *regs, const char *what, u64 rip, u64 rbp)
{
	static char reason[256];
	static int depth;
	static u64 report;
	static bool shown;
	int nobody = -1, me = smp_processor_id();

	u64 flags = local_irq_save();	/* from here on locks let us through, and hold others up */
	if (!__atomic_compare_exchange_n(&panic_cpu, &nobody, me, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) && nobody != me)
		for (;;)
			halt();
	if (++depth == 1) {
		strscpy(reason, what, sizeof(reason));
		smp_stop_others();
		report = log_end();
		pr_emerg("Kernel panic - not syncing: %s\n", reason);
		print_task();
		if (regs) {
			show_regs(regs);
			backtrace_regs(regs);
		} else {
			print_place(rip, KERNEL_DS, rbp, flags, KERNEL_CS);
			print_control_registers();
			pr_emerg("Call Trace:\n");
			backtrace(rbp);
		}
		show_held_locks(current);
	} else if (depth == 2) {
		pr_emerg("Panic while panicking: %s\n", what);
	}
	if (panic_screen_hook && !shown) {
		shown = true;
		panic_screen_hook(reason, report);
	}
	for (; depth > 3;)
		halt();
	stop_machine(reason);
}

void panic(const char *fmt, ...)
{
	char text[256];				/* two processors may be here */
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vpanic(NULL, text, (u64)__builtin_return_address(0), (u64)__builtin_frame_address(0));
}

void die(const char *what, struct pt_regs *regs, long error)
{
	char text[96];
	snprintf(text, sizeof(text), "%s in kernel mode, error %#lx, cr2 %#lx", what, error, read_cr2());
	vpanic(regs, text, regs->rip, regs->rbp);
}
