/*
 * wrong: a sleep that goes on is called again with its old argument
 * fails: sleep_goes_on
 * hint: hints/restart.md
 */
static void restart_call(struct pt_regs *regs, const struct k_sigaction *ka)
{
	if ((s64)regs->orig_rax < 0)
		return;
	switch (-(s64)regs->rax) {
	case ERESTART_RESTARTBLOCK:
	case ERESTARTNOHAND:
		if (ka)
			goto interrupted;
		break;
	case ERESTARTSYS:
		if (ka && !(ka->sa.sa_flags & SA_RESTART))
			goto interrupted;
		break;
	case ERESTARTNOINTR:
		break;
	default:
		return;
	}
	regs->rax = regs->orig_rax;
	regs->rip -= 2;
	return;
interrupted:
	regs->rax = -EINTR;
}
