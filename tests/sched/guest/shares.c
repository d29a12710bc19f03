/* shares MS NICE ...: a process that only computes for each nice value, free to run anywhere, for MS milliseconds; then
 * prints what part of the time each had a processor, in tenths of a percent, and where it was at the end. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long cpu_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	long long before[64], start, wall;
	clockid_t clock[64];
	pid_t pid[64];
	int n = argc - 2;

	for (int i = 0; i < n; i++) {
		if (!(pid[i] = fork())) {
			setpriority(PRIO_PROCESS, 0, atoi(argv[i + 2]));
			for (;;)
				;
		}
		clock_getcpuclockid(pid[i], &clock[i]);
	}
	usleep(300000);			/* all run, and are where the kernel wants them */
	for (int i = 0; i < n; i++)
		before[i] = cpu_us(clock[i]);
	start = cpu_us(CLOCK_MONOTONIC);
	usleep(atoi(argv[1]) * 1000);
	wall = cpu_us(CLOCK_MONOTONIC) - start;
	printf("shares");
	for (int i = 0; i < n; i++)
		printf(" %lld", (cpu_us(clock[i]) - before[i]) * 1000 / wall);
	printf("\n");
	for (int i = 0; i < n; i++)
		kill(pid[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}
