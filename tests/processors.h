/* A processor with nothing to do keeps the address space that ran last, dead or not: here it becomes ours, everywhere. */
#include <sys/syscall.h>
#include <unistd.h>

static void visit_processors(void)
{
	unsigned long all = 0;

	if (syscall(SYS_sched_getaffinity, 0, sizeof(all), &all) <= 0)
		return;
	for (unsigned long one = 1; one && one <= all; one <<= 1)
		syscall(SYS_sched_setaffinity, 0, sizeof(one), &one);	/* returns when we are there */
	syscall(SYS_sched_setaffinity, 0, sizeof(all), &all);
}
