/*
 * wrong: whoever likes may rename the machine
 * fails: hostname_errors
 * hint: hints/errno.md
 */
static long set_uts(char *where, const char __user *name, int len)
{
	char buf[65] = { 0 };

	if (len < 0 || len > 64)
		return -EINVAL;
	if (copy_from_user(buf, name, len))
		return -EFAULT;
	mutex_lock(&uts_mutex);
	memcpy(where, buf, sizeof(buf));
	mutex_unlock(&uts_mutex);
	return 0;
}
