/*
 * wrong: the user's bytes are copied straight into the name: a fault in the middle leaves half of each
 * fails: hostname_all_or_nothing
 * hint: hints/commit.md
 */
static long set_uts(char *where, const char __user *name, int len)
{
	long err = 0;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > 64)
		return -EINVAL;
	mutex_lock(&uts_mutex);
	if (copy_from_user(where, name, len))
		err = -EFAULT;
	else
		memset(where + len, 0, 65 - len);
	mutex_unlock(&uts_mutex);
	return err;
}
