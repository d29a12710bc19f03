/*
 * wrong: the old limit is copied out though the call failed
 * fails: prlimit_errors
 * hint: hints/errno.md
 */
long sys_prlimit64(pid_t pid, unsigned resource, const struct rlimit __user *new_rlim, struct rlimit __user *old_rlim)
{
	struct rlimit new, old = { 0 };
	int err;

	if (new_rlim && copy_from_user(&new, new_rlim, sizeof(new)))
		return -EFAULT;
	err = do_prlimit(pid, resource, new_rlim ? &new : NULL, &old);
	if (old_rlim && copy_to_user(old_rlim, &old, sizeof(old)))
		err = -EFAULT;
	return err;
}
