/*
 * wrong: the old limit is written before the new one is read: one struct for both, and nothing changes
 * fails: prlimit_values
 * hint: hints/order.md
 */
long sys_prlimit64(pid_t pid, unsigned resource, const struct rlimit __user *new_rlim, struct rlimit __user *old_rlim)
{
	struct rlimit new, old;
	int err;

	if (old_rlim) {
		err = do_prlimit(pid, resource, NULL, &old);
		if (err)
			return err;
		if (copy_to_user(old_rlim, &old, sizeof(old)))
			return -EFAULT;
	}
	if (!new_rlim)
		return 0;
	if (copy_from_user(&new, new_rlim, sizeof(new)))
		return -EFAULT;
	return do_prlimit(pid, resource, &new, &old);
}
