/*
 * From a number to a function, behind both doors, and the way back to user mode.
 *
 * The table kernel/syscalls.tbl.h is read four times here: for the two arrays of functions that entry.asm calls
 * through, and for what they are called and take. Arguments stay in the registers in which user mode put them.
 *
 * Numbers from syscall_limit on go to syscall_slow. While calls are traced the limit is 0, so that all do (T4).
 */
#include "kernel/syscall.h"
#include "asm/ptrace.h"
#include "err.h"
#include "kernel/process.h"
#include "printk.h"
#include "string.h"
#include "trace.h"

#define NR_IA32 440

typedef long (*syscall_fn)(void);
typedef long (*syscall_fn6)(u64, u64, u64, u64, u64, u64);
static long sys_ni_syscall(void), ia32_ni_syscall(void);

#pragma GCC diagnostic ignored "-Wcast-function-type"
#define SYSCALL(nr, nr32, name, args) [(nr) < 0 ? NR_SYSCALLS : (nr)] = (syscall_fn)sys_##name,
const syscall_fn sys_call_table[NR_SYSCALLS + 1] = {	/* the last: no 64-bit number */
	[0 ... NR_SYSCALLS - 1] = sys_ni_syscall,
#include "kernel/syscalls.tbl.h"
};
#undef SYSCALL
#define SYSCALL(nr, nr32, name, args) [(nr32) < 0 ? NR_IA32 : (nr32)] = (syscall_fn)sys_##name,
const syscall_fn ia32_sys_call_table[NR_IA32 + 1] = {
	[0 ... NR_IA32 - 1] = ia32_ni_syscall,
#include "kernel/syscalls.tbl.h"
};
#undef SYSCALL
#define SYSCALL(nr, nr32, name, args) [(nr32) < 0 ? NR_IA32 : (nr32)] = #name #args,
static const char *const ia32_syscall_texts[NR_IA32 + 1] = {
#include "kernel/syscalls.tbl.h"
};
#undef SYSCALL
#define SYSCALL(nr, nr32, name, args) [(nr) < 0 ? NR_SYSCALLS : (nr)] = #name #args,
static const char *const syscall_texts[NR_SYSCALLS + 1] = {
#include "kernel/syscalls.tbl.h"
	/* Not implemented, but programs ask: named so that the log can be read. */
	[29] = "shmget", [41] = "socket", [42] = "connect", [53] = "socketpair", [101] = "ptrace",
	[213] = "epoll_create", [222] = "timer_create", [253] = "inotify_init", [275] = "splice", [282] = "signalfd",
	[283] = "timerfd_create", [284] = "eventfd", [290] = "eventfd2", [291] = "epoll_create1", [294] = "inotify_init1",
	[424] = "pidfd_send_signal", [425] = "io_uring_setup", [434] = "pidfd_open", [437] = "openat2",
};

/* What was said already: the last 64 pairs of number and program. */
static struct {
	u32 nr;
	char comm[16];
} told[64];
static u32 nr_told;

/* Answers -ENOSYS, and says so in the log once for each program and number. In Linux nothing is said. */
static long sys_ni_syscall(void)
{
	u32 nr = task_pt_regs(current)->orig_rax;
	for (u32 i = 0; i < ARRAY_SIZE(told); i++)
		if (told[i].nr == nr && !strcmp(told[i].comm, current->comm))
			return -ENOSYS;
	u32 slot = __atomic_fetch_add(&nr_told, 1, __ATOMIC_RELAXED) % ARRAY_SIZE(told);
	told[slot].nr = nr;
	strscpy(told[slot].comm, current->comm, 16);
	pr_info("%s[%d]: unimplemented syscall %u (%s)\n", current->comm, current->pid, nr,
		nr < NR_SYSCALLS && syscall_texts[nr] ? syscall_texts[nr] : "?");
	return -ENOSYS;
}

/* The same for int 0x80: once for each number, and once for all those beyond the table. */
static long ia32_ni_syscall(void)
{
	static u8 said[NR_IA32 + 1];
	u32 nr = task_pt_regs(current)->orig_rax;
	if (!__atomic_exchange_n(&said[min_t(u32, nr, NR_IA32)], 1, __ATOMIC_RELAXED))
		pr_info("%s[%d]: unimplemented i386 syscall %u\n", current->comm, current->pid, nr);
	return -ENOSYS;
}

u32 syscall_limit = NR_SYSCALLS, ia32_syscall_limit = NR_IA32;

void syscall_trace(bool on)
{
	WRITE_ONCE(syscall_limit, on ? 0 : NR_SYSCALLS);
	WRITE_ONCE(ia32_syscall_limit, on ? 0 : NR_IA32);
}

const char *syscall_text(u32 nr, bool ia32)
{
	return ia32 ? nr < NR_IA32 ? ia32_syscall_texts[nr] : NULL : nr < NR_SYSCALLS ? syscall_texts[nr] : NULL;
}

void syscall_args(const struct pt_regs *r, bool ia32, u64 args[6])
{
	const u64 native[6] = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 };
	const u64 other[6] = { (u32)r->rbx, (u32)r->rcx, (u32)r->rdx, (u32)r->rsi, (u32)r->rdi, (u32)r->rbp };
	memcpy(args, ia32 ? other : native, sizeof(native));
}

/* A call whose number is not below the limit: unknown, or traced. ia32: it came by int 0x80. */
long syscall_slow(struct pt_regs *regs, bool ia32);
long syscall_slow(struct pt_regs *regs, bool ia32)
{
	const syscall_fn *table = ia32 ? ia32_sys_call_table : sys_call_table;
	u32 nr = regs->orig_rax;	/* exec and sigreturn change it */
	long ret;
	u64 a[6];

	syscall_args(regs, ia32, a);
	trace_sys_enter(regs, ia32);
	if (nr < (ia32 ? NR_IA32 : NR_SYSCALLS))
		ret = ((syscall_fn6)table[nr])(a[0], a[1], a[2], a[3], a[4], a[5]);
	else
		ret = ia32 ? ia32_ni_syscall() : sys_ni_syscall();
	trace_sys_exit(nr, ia32, ret);
	return ret;
}

/* Work before user mode goes on, until there is none. => irqs off at entry and return */
void exit_to_user_mode(struct pt_regs *regs);
void exit_to_user_mode(struct pt_regs *regs)
{
	u32 work;
	while ((work = READ_ONCE(current->ti_flags)) & (TIF_NEED_RESCHED | TIF_SIGPENDING | TIF_RESTORE_SIGMASK)) {
		local_irq_enable();
		if (work & TIF_NEED_RESCHED)
			schedule();
		if (work & (TIF_SIGPENDING | TIF_RESTORE_SIGMASK))
			do_signal(regs);
		local_irq_disable();
	}
	if (work & TIF_FORCED_IRET)
		clear_tsk_thread_flag(current, TIF_FORCED_IRET);
}
