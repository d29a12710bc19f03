/*
 * wrong: the table of names is read at whatever number the user gave
 * fails: unknown_number
 * hint: hints/unknown.md
 */
long sys_ni_syscall(void)
{
	u32 nr = task_pt_regs(current)->orig_rax;

	for (u32 i = 0; i < ARRAY_SIZE(told); i++)
		if (told[i].nr == nr && !strcmp(told[i].comm, current->comm))
			return -ENOSYS;
	told[nr_told % ARRAY_SIZE(told)].nr = nr;
	strscpy(told[nr_told++ % ARRAY_SIZE(told)].comm, current->comm, 16);
	pr_info("%s[%d]: unimplemented syscall %u (%s)\n", current->comm, current->pid, nr,
		syscall_texts[nr] ? syscall_texts[nr] : "?");
	return -ENOSYS;
}
