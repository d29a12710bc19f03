/*
 * wrong: on the alternate stack each frame begins at its top, on the frame of the handler that runs there already
 * fails: alternate_stack
 * hint: hints/altstack.md
 */
static u64 get_sigframe(const struct k_sigaction *ka, const struct pt_regs *regs, u64 *fpstate)
{
	struct task_struct *p = current;
	u64 sp = regs->rsp - RED_ZONE;
	bool alt = (ka->sa.sa_flags & SA_ONSTACK) && p->sas_ss_size;

	if (alt)
		sp = p->sas_ss_sp + p->sas_ss_size;
	*fpstate = (sp - fpu_frame_size()) & ~63UL;
	sp = ((*fpstate - sizeof(struct rt_sigframe)) & ~15UL) - 8;
	if (alt && (sp <= p->sas_ss_sp || sp - p->sas_ss_sp > p->sas_ss_size))
		return 0;
	return sp;
}
