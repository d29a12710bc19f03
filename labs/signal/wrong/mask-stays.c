/*
 * wrong: the old mask is not put back: the signal is blocked for ever after its first handler
 * fails: handler_runs mask_in_the_handler
 * hint: hints/mask.md
 */
long sys_rt_sigreturn(void)
{
	struct pt_regs *regs = task_pt_regs(current);
	struct rt_sigframe __user *from = (void *)(regs->rsp - 8);
	struct ucontext uc;

	set_tsk_thread_flag(current, TIF_FORCED_IRET);	/* rcx and r11 must come back too */
	if (copy_from_user(&uc, &from->uc, sizeof(uc)))
		goto bad;
	restore_context(regs, &uc.uc_mcontext);
	if (fpu_restore_frame((void *)uc.uc_mcontext.fpstate))
		goto bad;
	sigaltstack_restore(&uc.uc_stack, regs->rsp);
	return regs->rax;
bad:
	force_sig(SIGSEGV);
	return 0;
}
