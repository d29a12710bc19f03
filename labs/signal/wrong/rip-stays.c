/*
 * wrong: rax has the call's number again, but rip is behind the instruction: the number is taken for the result
 * fails: restart_or_eintr
 * hint: hints/restart.md
 */
static void restart_call(struct pt_regs *regs, const struct k_sigaction *ka)
{
	u16 door = 0;
	if ((s64)regs->orig_rax < 0)
		return;			/* no system call */
	switch (-(s64)regs->rax) {
	case ERESTART_RESTARTBLOCK:
		if (ka)
			goto interrupted;
		regs->rip -= 2;		/* syscall and int 0x80 are two bytes both */
		get_user(door, (u16 __user *)regs->rip);
		regs->rax = door == 0x80cd ? 0 : 219;	/* restart_syscall behind either door */
		return;
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
	default: return;
	}
	regs->rax = regs->orig_rax;
	return;
interrupted:
	regs->rax = -EINTR;
}
