/*
 * wrong: sa_mask stands in for the mask instead of being added to it
 * fails: mask_in_the_handler
 * hint: hints/mask.md
 */
static void signal_delivered(int sig, const struct k_sigaction *ka)
{
	sigset_t block = ka->sa.sa_mask;

	if (!(ka->sa.sa_flags & SA_NODEFER))
		block |= sigmask(sig);
	sigprocmask_set(block);
}
