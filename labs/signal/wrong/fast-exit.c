/*
 * wrong: the way out is sysret, which has its own use for rcx and r11
 * fails: registers_come_back
 * hint: hints/return.md
 */
long sys_rt_sigreturn(void)
{
	struct pt_regs *regs = task_pt_regs(current);
	struct rt_sigframe __user *from = (void *)(regs->rsp - 8);
	struct ucontext uc;

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
