/*
 * wrong: a handler gets the signal number, and whatever was in rsi and rdx
 * fails: frame_layout
 * hint: hints/frame.md
 */
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
	regs->rax = 0;
	regs->rip = (u64)ka->sa.sa_handler;
	regs->rsp = sp;
	regs->cs = USER_CS;
	regs->ss = USER_DS;
	regs->eflags &= ~(EFLAGS_DF | EFLAGS_RF | EFLAGS_TF);
	regs->orig_rax = -1UL;		/* the restart is decided */
	return 0;
}
