/*
 * wrong: memory is told in pages, the unit in bytes, and the load averages in the kernel's own fixed point
 * fails: sysinfo_values
 * hint: hints/values.md
 */
long sys_sysinfo(struct sysinfo __user *info)
{
	struct sysinfo s = {
		.uptime = DIV_ROUND_UP(ktime_get(), NSEC_PER_SEC),
		.totalram = totalram_pages, .freeram = nr_free_pages(), .sharedram = global_page_state(NR_SHMEM),
		.procs = atomic_long_read(&nr_tasks), .mem_unit = 1,
	};

	for (int i = 0; i < 3; i++)
		s.loads[i] = avenrun[i];
	return copy_to_user(info, &s, sizeof(s)) ? -EFAULT : 0;
}
