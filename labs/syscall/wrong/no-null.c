/*
 * wrong: NULL is taken for a bad pointer, though it says "I don't want this one"
 * fails: getcpu_answers
 * hint: hints/pointers.md
 */
long sys_getcpu(unsigned __user *cpup, unsigned __user *nodep, void __user *unused)
{
	if (put_user(smp_processor_id(), cpup))
		return -EFAULT;
	return put_user(0u, nodep) ? -EFAULT : 0;
}
