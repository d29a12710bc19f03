/*
 * wrong: a signal is not blocked while its own handler runs
 * fails: handlers_nest mask_in_the_handler
 * hint: hints/mask.md
 */
static void signal_delivered(int sig, const struct k_sigaction *ka)
{
	sigprocmask_set(current->blocked | ka->sa.sa_mask);
}
