/*
 * wrong: a negative length passes the check, and 64 bytes, the longest name, don't
 * fails: hostname_goes_round hostname_errors
 * hint: hints/errno.md
 */
static long set_uts(char *where, const char __user *name, int len)
{
	char buf[65] = { 0 };

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len >= 64)
		return -EINVAL;
	if (copy_from_user(buf, name, len))
		return -EFAULT;
	mutex_lock(&uts_mutex);
	memcpy(where, buf, sizeof(buf));
	mutex_unlock(&uts_mutex);
	return 0;
}
