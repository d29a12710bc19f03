/*
 * wrong: the next string is looked for one byte too early, at the NUL of the last
 * fails: arguments environment
 * hint: hints/stack.md
 */
static int put_pointers(u64 __user **sp, u64 *s, int n)
{
	ssize_t len;
	while (n-- > 0) {
		if (put_user(*s, (*sp)++))
			return -EFAULT;
		len = strnlen_user((void *)*s, MAX_ARG_STRLEN);
		if (len < 0 || len >= MAX_ARG_STRLEN)
			return -EINVAL;
		*s += len;
	}
	return put_user(0UL, (*sp)++) ? -EFAULT : 0;
}
