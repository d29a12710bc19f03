/*
 * The processor's part of a task's life: the first kernel stack of a child, the state beside the general
 * registers at a switch, and the registers of a fresh program.
 *
 *   top of kernel stack   struct pt_regs             what user mode gets back
 *                         inactive_task_frame        ret_addr = ret_from_fork, rbx = function, r12 = argument
 *   thread.sp ->          (six registers, popped by __switch_to_asm)
 */
#include "asm/pgtable.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/x86/x86.h"
#include "string.h"

extern char ret_from_fork[];

int copy_thread(struct task_struct *p, const struct kernel_clone_args *args)
{
	struct pt_regs *regs = task_pt_regs(p);
	struct inactive_task_frame *frame = (struct inactive_task_frame *)regs - 1;
	memset(frame, 0, sizeof(*frame));
	frame->ret_addr = (u64)ret_from_fork;
	p->thread.sp = (u64)frame;
	p->thread.fsbase = rdmsr(MSR_FS_BASE);
	p->thread.gsbase = rdmsr(MSR_KERNEL_GS_BASE);
	p->thread.fpu.state = NULL;
	if (fpu_alloc(p))
		return -ENOMEM;
	if (args->fn) {
		memset(regs, 0, sizeof(*regs));
		frame->rbx = (u64)args->fn;
		frame->r12 = (u64)args->fn_arg;
		p->thread.fsbase = p->thread.gsbase = 0;
		return 0;
	}
	fpu_copy(p);
	*regs = *task_pt_regs(current);
	regs->rax = 0;
	if (args->stack)
		regs->rsp = args->stack;
	if (args->flags & CLONE_SETTLS) {
		if (args->tls >= TASK_SIZE) {
			fpu_free(p);
			return -EPERM;
		}
		p->thread.fsbase = args->tls;
	}
	return 0;
}

/* => irqs off, on prev's stack. The user's gs base stands in KERNEL_GS_BASE while the kernel runs. */
void switch_to_extra(struct task_struct *prev, struct task_struct *next)
{
	if (!(prev->flags & PF_KTHREAD)) {
		prev->thread.fsbase = rdmsr(MSR_FS_BASE);
		prev->thread.gsbase = rdmsr(MSR_KERNEL_GS_BASE);
	}
	if (!(next->flags & PF_KTHREAD)) {
		wrmsr(MSR_FS_BASE, next->thread.fsbase);
		wrmsr(MSR_KERNEL_GS_BASE, next->thread.gsbase);
	}
	cpu_set_kstack((u64)next->stack + KSTACK_SIZE);
	fpu_switch(prev, next);
}

void start_thread(struct pt_regs *regs, u64 ip, u64 sp)
{
	memset(regs, 0, sizeof(*regs));
	regs->rip = ip;
	regs->rsp = sp;
	regs->cs = USER_CS;
	regs->ss = USER_DS;
	regs->eflags = EFLAGS_IF | EFLAGS_FIXED;
	regs->orig_rax = -1UL;
	wrmsr(MSR_FS_BASE, 0);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	fpu_reset();
	set_tsk_thread_flag(current, TIF_FORCED_IRET);
}
