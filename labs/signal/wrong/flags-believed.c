/*
 * wrong: the flags register is what the frame says: a program gives itself IOPL 3
 * fails: frame_is_not_trusted
 * hint: hints/trust.md
 */
static void restore_context(struct pt_regs *regs, const struct sigcontext *sc)
{
	regs->r8 = sc->r8, regs->r9 = sc->r9, regs->r10 = sc->r10, regs->r11 = sc->r11;
	regs->r12 = sc->r12, regs->r13 = sc->r13, regs->r14 = sc->r14, regs->r15 = sc->r15;
	regs->rdi = sc->di, regs->rsi = sc->si, regs->rbp = sc->bp, regs->rbx = sc->bx;
	regs->rdx = sc->dx, regs->rax = sc->ax, regs->rcx = sc->cx, regs->rsp = sc->sp, regs->rip = sc->ip;
	regs->eflags = sc->flags;
	regs->cs = USER_CS;
	regs->ss = USER_DS;
	regs->orig_rax = -1UL;
}
