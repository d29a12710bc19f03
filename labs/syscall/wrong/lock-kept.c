/*
 * wrong: the copy is done under the mutex, and the early return on a fault leaves it locked
 * fails: locks_given_back
 * hint: hints/locks.md
 */
long sys_newuname(struct new_utsname __user *name)
{
	struct new_utsname u = { .sysname = UTS_SYSNAME, .release = UTS_RELEASE, .version = UTS_VERSION, .machine = "x86_64" };

	mutex_lock(&uts_mutex);
	memcpy(u.nodename, utsname_node, sizeof(u.nodename));
	memcpy(u.domainname, utsname_domain, sizeof(u.domainname));
	if (copy_to_user(name, &u, sizeof(u)))
		return -EFAULT;
	mutex_unlock(&uts_mutex);
	return 0;
}
