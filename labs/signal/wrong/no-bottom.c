/*
 * wrong: nobody looks whether the frame still fits on the alternate stack
 * fails: alternate_stack_is_full
 * hint: hints/altstack.md
 */
static u64 get_sigframe(const struct k_sigaction *ka, const struct pt_regs *regs, u64 *fpstate)
{
	struct task_struct *p = current;
	u64 sp = regs->rsp - RED_ZONE;

	if ((ka->sa.sa_flags & SA_ONSTACK) && p->sas_ss_size && !current_on_altstack(sp))
		sp = p->sas_ss_sp + p->sas_ss_size;
	*fpstate = (sp - fpu_frame_size()) & ~63UL;
	return ((*fpstate - sizeof(struct rt_sigframe)) & ~15UL) - 8;
}
