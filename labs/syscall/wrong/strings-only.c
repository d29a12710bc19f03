/*
 * wrong: strscpy() ends each string, and behind the ends lies the kernel's stack
 * fails: nothing_leaks
 * hint: hints/leak.md
 */
long sys_newuname(struct new_utsname __user *name)
{
	struct new_utsname u;

	strscpy(u.sysname, UTS_SYSNAME, 65);
	strscpy(u.release, UTS_RELEASE, 65);
	strscpy(u.version, UTS_VERSION, 65);
	strscpy(u.machine, "x86_64", 65);
	mutex_lock(&uts_mutex);
	strscpy(u.nodename, utsname_node, 65);
	strscpy(u.domainname, utsname_domain, 65);
	mutex_unlock(&uts_mutex);
	return copy_to_user(name, &u, sizeof(u)) ? -EFAULT : 0;
}
