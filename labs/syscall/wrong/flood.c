/*
 * wrong: the log is told each time, and any program can fill it
 * fails: unknown_is_told_once
 * hint: hints/unknown.md
 */
long sys_ni_syscall(void)
{
	u32 nr = task_pt_regs(current)->orig_rax;

	(void)told, (void)nr_told;
	pr_info("%s[%d]: unimplemented syscall %u (%s)\n", current->comm, current->pid, nr,
		nr < NR_SYSCALLS && syscall_texts[nr] ? syscall_texts[nr] : "?");
	return -ENOSYS;
}
