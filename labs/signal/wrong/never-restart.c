/*
 * wrong: a call that was interrupted says EINTR, without a handler too
 * fails: restart_or_eintr sleep_goes_on
 * hint: hints/restart.md
 */
static void restart_call(struct pt_regs *regs, const struct k_sigaction *ka)
{
	if ((s64)regs->orig_rax < 0)
		return;
	switch (-(s64)regs->rax) {
	case ERESTART_RESTARTBLOCK: case ERESTARTNOHAND: case ERESTARTSYS: case ERESTARTNOINTR:
		regs->rax = -EINTR;
	}
}
