/*
 * nice: two hogs, nice 0 and nice 5, and the share of the CPU each gets.
 *
 *	share = weight / sum of weights: 1024 / (1024 + 335) = 75.3 %
 *
 * `nice` or `nice -s SECONDS [NICE...]` shows it; `nice [-n N] COMMAND`
 * is the command of that name, which Debian's busybox lacks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_HOGS 16

/* Linux's kernel/sched/core.c sched_prio_to_weight, nice 0 to 19 */
static const int weights[] = {
	1024, 820, 655, 526, 423, 335, 272, 215, 172, 137,
	110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
};

static pid_t start_hog(int value)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setpriority(PRIO_PROCESS, 0, value);
	for (volatile unsigned long i = 0; ; i++)
		;
}

static double seconds(struct timeval tv)
{
	return tv.tv_sec + tv.tv_usec / 1e6;
}

static double stop_hog(pid_t pid)
{
	struct rusage ru;

	kill(pid, SIGKILL);
	wait4(pid, NULL, 0, &ru);
	return seconds(ru.ru_utime) + seconds(ru.ru_stime);
}

static int shares(unsigned int secs, const int *nice, int n)
{
	pid_t pids[MAX_HOGS];
	double cpu[MAX_HOGS], total = 0, weight = 0;

	syscall(SYS_sched_setaffinity, 0, 8, &(long){ 1 });	/* one CPU */
	setpriority(PRIO_PROCESS, 0, -20);	/* and we before the hogs */
	for (int i = 0; i < n; i++)
		pids[i] = start_hog(nice[i]);
	sleep(secs);
	for (int i = 0; i < n; i++)
		kill(pids[i], SIGSTOP);
	for (int i = 0; i < n; i++) {
		total += cpu[i] = stop_hog(pids[i]);
		weight += weights[nice[i]];
	}
	printf("nice  CPU time     share  by weight\n");
	for (int i = 0; i < n; i++)
		printf("%4d  %6.2f s  %6.2f %%   %6.2f %%\n", nice[i], cpu[i],
		       100 * cpu[i] / total, 100 * weights[nice[i]] / weight);
	return 0;
}

static int run(char **argv)
{
	int n = 10;

	if (!strcmp(argv[0], "-n") && argv[1] && argv[2]) {
		n = atoi(argv[1]);
		argv += 2;
	}
	setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + n);
	execvp(argv[0], argv);
	perror(argv[0]);
	return 127;
}

int main(int argc, char **argv)
{
	int nice[MAX_HOGS] = { 0, 5 }, n = 2, secs = 10;

	if (argc > 1 && strcmp(argv[1], "-s"))
		return run(argv + 1);
	if (argc > 2)
		secs = atoi(argv[2]);
	for (int i = 3; i < argc && i < 3 + MAX_HOGS; i++, n = i - 3)
		nice[i - 3] = abs(atoi(argv[i])) % 20;
	return shares(secs, nice, n);
}
