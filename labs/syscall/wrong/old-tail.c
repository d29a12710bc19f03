/*
 * wrong: only len bytes are stored, so that the end of a longer name before stays
 * fails: hostname_goes_round
 * hint: hints/commit.md
 */
static long set_uts(char *where, const char __user *name, int len)
{
	char buf[65];

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > 64)
		return -EINVAL;
	if (copy_from_user(buf, name, len))
		return -EFAULT;
	mutex_lock(&uts_mutex);
	memcpy(where, buf, len);
	mutex_unlock(&uts_mutex);
	return 0;
}
