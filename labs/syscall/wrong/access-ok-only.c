/*
 * wrong: access_ok() is taken for a promise that the memory is there, and the copy's answer is thrown away
 * fails: getcpu_bad_pointers
 * hint: hints/pointers.md
 */
long sys_getcpu(unsigned __user *cpup, unsigned __user *nodep, void __user *unused)
{
	if ((cpup && !access_ok(cpup, sizeof(*cpup))) || (nodep && !access_ok(nodep, sizeof(*nodep))))
		return -EFAULT;
	if (cpup)
		put_user(smp_processor_id(), cpup);
	if (nodep)
		put_user(0u, nodep);
	return 0;
}
