/*
 * wrong: the handler always runs on the stack that was interrupted
 * fails: alternate_stack
 * hint: hints/altstack.md
 */
static u64 get_sigframe(const struct k_sigaction *ka, const struct pt_regs *regs, u64 *fpstate)
{
	*fpstate = (regs->rsp - RED_ZONE - fpu_frame_size()) & ~63UL;
	return ((*fpstate - sizeof(struct rt_sigframe)) & ~15UL) - 8;
}
