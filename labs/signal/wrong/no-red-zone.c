/*
 * wrong: the frame begins right below the interrupted rsp, on the locals of a leaf function
 * fails: frame_layout red_zone
 * hint: hints/frame.md
 */
static u64 get_sigframe(const struct k_sigaction *ka, const struct pt_regs *regs, u64 *fpstate)
{
	struct task_struct *p = current;
	u64 sp = regs->rsp;
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
