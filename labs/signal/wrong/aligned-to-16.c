/*
 * wrong: rsp itself is a multiple of 16 where the handler begins, as if nobody had called it
 * fails: frame_layout
 * hint: hints/frame.md
 */
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
	sp = (*fpstate - sizeof(struct rt_sigframe)) & ~15UL;
	if ((on_alt || entering) && (sp <= p->sas_ss_sp || sp - p->sas_ss_sp > p->sas_ss_size))
		return 0;
	return sp;
}
