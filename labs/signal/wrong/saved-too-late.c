/*
 * wrong: the registers are saved when they are already the handler's: it comes back to itself
 * fails: handler_runs registers_come_back
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
	frame.uc.uc_sigmask = *oldset;
	frame.info = *info;
	regs->rip = (u64)ka->sa.sa_handler;
	regs->rsp = sp;
	save_context(&frame.uc.uc_mcontext, regs, *oldset, fpstate);
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
