/*
 * wrong: the struct is filled field by field; its padding is what lay on the kernel's stack before
 * fails: nothing_leaks
 * hint: hints/leak.md
 */
long sys_sysinfo(struct sysinfo __user *info)
{
	struct sysinfo s;

	s.uptime = DIV_ROUND_UP(ktime_get(), NSEC_PER_SEC);
	for (int i = 0; i < 3; i++)
		s.loads[i] = avenrun[i] << (16 - 11);
	s.totalram = totalram_pages * PAGE_SIZE;
	s.freeram = nr_free_pages() * PAGE_SIZE;
	s.sharedram = global_page_state(NR_SHMEM) * PAGE_SIZE;
	s.bufferram = s.totalswap = s.freeswap = s.totalhigh = s.freehigh = 0;
	s.procs = atomic_long_read(&nr_tasks);
	s.mem_unit = 1;
	return copy_to_user(info, &s, sizeof(s)) ? -EFAULT : 0;
}
