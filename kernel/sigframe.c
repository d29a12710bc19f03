/*
 * The frame a handler finds on the user stack, and the way back from it (x86-64 psABI 3.4.1, Linux's layout).
 *
 *   interrupted rsp ->  .................
 *                       128 bytes          red zone: the program may be using it
 *                       FXSAVE/XSAVE image 64-byte aligned
 *                       siginfo            <- rsi
 *                       ucontext           <- rdx: registers, mask, alternate stack
 *   handler's rsp ->    pretcode           the restorer, which calls rt_sigreturn; rsp + 8 is 16-byte aligned
 *
 * What comes back is the user's: flags are filtered, cs and ss are the user's own (P6).
 * In Linux: arch/x86/kernel/signal.c.
 */
#include "err.h"
#include "asm/cpu.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "string.h"
#include "uapi/sigcontext.h"

#define RED_ZONE 128
/* Flags that user mode may change: AC OF DF TF SF ZF AF PF CF (and RF). */
#define FIX_EFLAGS (EFLAGS_AC | BIT(11) | EFLAGS_DF | EFLAGS_TF | BIT(7) | BIT(6) | BIT(4) | BIT(2) | BIT(0) | EFLAGS_RF)

/* Where the frame goes: *fpstate is set too. 0: no room on the alternate stack. */
static u64 get_sigframe(const struct k_sigaction *ka, const struct pt_regs *regs, u64 *fpstate)
{
	struct task_struct *p = current;
	u64 sp = regs->rsp - RED_ZONE;
	bool on_alt = current_on_altstack(sp), entering = false;

	if ((ka->sa.sa_flags & SA_ONSTACK) && p->sas_ss_size && !on_alt) {
		sp = p->sas_ss_sp + p->sas_ss_size;
		entering = true;
	}
	*fpstate = (sp - fpu_frame_size()) & ~63UL;
	sp = ((*fpstate - sizeof(struct rt_sigframe)) & ~15UL) - 8;
	if ((on_alt || entering) && (sp <= p->sas_ss_sp || sp - p->sas_ss_sp > p->sas_ss_size))
		return 0;
	return sp;
}

static void save_context(struct sigcontext *sc, const struct pt_regs *regs, sigset_t oldmask, u64 fpstate)
{
	const struct thread_struct *t = &current->thread;
	*sc = (struct sigcontext){
		.r8 = regs->r8, .r9 = regs->r9, .r10 = regs->r10, .r11 = regs->r11,
		.r12 = regs->r12, .r13 = regs->r13, .r14 = regs->r14, .r15 = regs->r15,
		.di = regs->rdi, .si = regs->rsi, .bp = regs->rbp, .bx = regs->rbx, .dx = regs->rdx, .ax = regs->rax,
		.cx = regs->rcx, .sp = regs->rsp, .ip = regs->rip, .flags = regs->eflags, .cs = regs->cs, .ss = regs->ss,
		.err = t->error_code, .trapno = t->trap_nr, .cr2 = t->cr2, .oldmask = oldmask, .fpstate = fpstate,
	};
}

int setup_rt_frame(int sig, struct k_sigaction *ka, siginfo_t *info, sigset_t *oldset, struct pt_regs *regs)
{
	struct rt_sigframe frame;
	u64 fpstate, sp = get_sigframe(ka, regs, &fpstate);
	struct rt_sigframe __user *to = (void *)sp;

	if (!sp || !(ka->sa.sa_flags & SA_RESTORER))
		return -EFAULT;
	if (fpu_save_frame((void *)fpstate))
		return -EFAULT;
	frame.pretcode = ka->sa.sa_restorer;
	frame.uc.uc_flags = (fpu_xfeatures ? UC_FP_XSTATE : 0) | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	frame.uc.uc_link = NULL;
	sigaltstack_save(&frame.uc.uc_stack, regs->rsp);
	save_context(&frame.uc.uc_mcontext, regs, *oldset, fpstate);
	frame.uc.uc_sigmask = *oldset;
	frame.info = *info;
	if (copy_to_user(to, &frame, sizeof(frame)))
		return -EFAULT;
	if (current->sas_ss_flags & SS_AUTODISARM) {
		current->sas_ss_sp = current->sas_ss_size = 0;
		current->sas_ss_flags = SS_DISABLE;
	}
	regs->rdi = sig;
	regs->rsi = (u64)&to->info;
	regs->rdx = (u64)&to->uc;
	regs->rax = 0;
	regs->rip = (u64)ka->sa.sa_handler;
	regs->rsp = sp;
	regs->cs = USER_CS;
	regs->ss = USER_DS;
	regs->eflags &= ~(EFLAGS_DF | EFLAGS_RF | EFLAGS_TF);
	regs->orig_rax = -1UL;		/* the restart is decided */
	return 0;
}

static void restore_context(struct pt_regs *regs, const struct sigcontext *sc)
{
	regs->r8 = sc->r8, regs->r9 = sc->r9, regs->r10 = sc->r10, regs->r11 = sc->r11;
	regs->r12 = sc->r12, regs->r13 = sc->r13, regs->r14 = sc->r14, regs->r15 = sc->r15;
	regs->rdi = sc->di, regs->rsi = sc->si, regs->rbp = sc->bp, regs->rbx = sc->bx;
	regs->rdx = sc->dx, regs->rax = sc->ax, regs->rcx = sc->cx, regs->rsp = sc->sp, regs->rip = sc->ip;
	regs->eflags = (regs->eflags & ~FIX_EFLAGS) | (sc->flags & FIX_EFLAGS);
	regs->cs = USER_CS;
	regs->ss = USER_DS;
	regs->orig_rax = -1UL;
}

/* Returns rax as the handler's frame has it: the dispatcher stores it in regs. A bad frame kills. */
long sys_rt_sigreturn(void)
{
	struct pt_regs *regs = task_pt_regs(current);
	struct rt_sigframe __user *from = (void *)(regs->rsp - 8);
	struct ucontext uc;

	set_tsk_thread_flag(current, TIF_FORCED_IRET);	/* rcx and r11 must come back too */
	if (copy_from_user(&uc, &from->uc, sizeof(uc)))
		goto bad;
	sigprocmask_set(uc.uc_sigmask);
	restore_context(regs, &uc.uc_mcontext);
	if (fpu_restore_frame((void *)uc.uc_mcontext.fpstate))
		goto bad;
	sigaltstack_restore(&uc.uc_stack, regs->rsp);
	return regs->rax;
bad:
	force_sig(SIGSEGV);
	return 0;
}
