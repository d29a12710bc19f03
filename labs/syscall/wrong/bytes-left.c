/*
 * wrong: what copy_to_user returns, the number of bytes not copied, goes to the user as the result
 * fails: uname_fault sysinfo_values
 * hint: hints/errno.md
 */
long sys_newuname(struct new_utsname __user *name)
{
	struct new_utsname u = { .sysname = UTS_SYSNAME, .release = UTS_RELEASE, .version = UTS_VERSION, .machine = "x86_64" };

	mutex_lock(&uts_mutex);
	memcpy(u.nodename, utsname_node, sizeof(u.nodename));
	memcpy(u.domainname, utsname_domain, sizeof(u.domainname));
	mutex_unlock(&uts_mutex);
	return copy_to_user(name, &u, sizeof(u));
}

long sys_sysinfo(struct sysinfo __user *info)
{
	struct sysinfo s = {
		.uptime = DIV_ROUND_UP(ktime_get(), NSEC_PER_SEC),
		.totalram = totalram_pages * PAGE_SIZE, .freeram = nr_free_pages() * PAGE_SIZE,
		.sharedram = global_page_state(NR_SHMEM) * PAGE_SIZE,
		.procs = atomic_long_read(&nr_tasks), .mem_unit = 1,
	};

	for (int i = 0; i < 3; i++)
		s.loads[i] = avenrun[i] << (16 - 11);
	return copy_to_user(info, &s, sizeof(s));
}
