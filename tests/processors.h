/*
 * What the dead leave behind: wait() returns before the last switch away from them, and a processor with nothing to do
 * keeps the address space that ran last. Here we sleep on each processor, so that they go, and ours is there; at the
 * lowest priority, since on a busy host all of the sleep may pass before anybody runs.
 */
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void visit_processors(void)
{
	unsigned long all = 0;

	if (syscall(SYS_sched_getaffinity, 0, sizeof(all), &all) <= 0)
		return;
	syscall(SYS_sched_setscheduler, 0, SCHED_IDLE, &(int){ 0 });
	for (unsigned long one = 1; one && one <= all; one <<= 1) {
		syscall(SYS_sched_setaffinity, 0, sizeof(one), &one);	/* returns when we are there */
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	}
	syscall(SYS_sched_setaffinity, 0, sizeof(all), &all);
	syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &(int){ 0 });
}
