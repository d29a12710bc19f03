/*
 * wrong: only the registers that a function may destroy are saved: the others are the kernel's zeros
 * fails: registers_come_back
 * hint: hints/return.md
 */
static void save_context(struct sigcontext *sc, const struct pt_regs *regs, sigset_t oldmask, u64 fpstate)
{
	const struct thread_struct *t = &current->thread;
	*sc = (struct sigcontext){
		.r8 = regs->r8, .r9 = regs->r9, .r10 = regs->r10, .r11 = regs->r11,
		
		.di = regs->rdi, .si = regs->rsi, .dx = regs->rdx, .ax = regs->rax,
		.cx = regs->rcx, .sp = regs->rsp, .ip = regs->rip, .flags = regs->eflags, .cs = regs->cs, .ss = regs->ss,
		.err = t->error_code, .trapno = t->trap_nr, .cr2 = t->cr2, .oldmask = oldmask, .fpstate = fpstate,
	};
}
