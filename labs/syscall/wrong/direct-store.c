/*
 * wrong: the kernel writes through the user's pointer as if it were its own
 * fails: getcpu_answers getcpu_bad_pointers
 * hint: hints/pointers.md
 */
long sys_getcpu(unsigned __user *cpup, unsigned __user *nodep, void __user *unused)
{
	if (cpup)
		*cpup = smp_processor_id();
	if (nodep)
		*nodep = 0;
	return 0;
}
