/*
 * hogs N MS KIND [CPU [PRIO]]: N processes that only compute (KIND user) or only read /dev/zero (KIND kernel), pinned to
 * CPU 0 or CPU, beside a sleeper of 2 ms (of real-time priority PRIO).  Prints the CPU time of the luckiest and the
 * unluckiest hog and the sleeper's delays.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

static void hog(int in_kernel)
{
	static char buf[1 << 20];
	int fd = open("/dev/zero", O_RDONLY);

	for (;;)
		if (in_kernel)
			read(fd, buf, sizeof(buf));
}

int main(int argc, char **argv)
{
	int n = atoi(argv[1]), ms = atoi(argv[2]), in_kernel = argc > 3 && !strcmp(argv[3], "kernel");
	long long start, worst = 0, total = 0, count = 0, least = 1LL << 60, most = 0;
	pid_t pid[128];
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(argc > 4 ? atoi(argv[4]) : 0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	for (int i = 0; i < n; i++)
		if (!(pid[i] = fork()))
			hog(in_kernel);
	if (argc > 5 && syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &(struct sched_param){ .sched_priority = atoi(argv[5]) }))
		return 1;
	start = now_us();
	while (now_us() - start < ms * 1000LL) {
		long long until = now_us() + 2000, late;

		usleep(2000);
		late = now_us() - until;
		worst = late > worst ? late : worst;
		total += late;
		count++;
	}
	for (int i = 0; i < n; i++)
		kill(pid[i], SIGKILL);
	for (int i = 0; i < n; i++) {
		struct rusage ru;
		long long us;

		wait4(pid[i], NULL, 0, &ru);
		us = (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000LL + ru.ru_utime.tv_usec + ru.ru_stime.tv_usec;
		least = us < least ? us : least;
		most = us > most ? us : most;
	}
	printf("hogs least %lld most %lld us; sleeper mean %lld worst %lld us\n", least, most, total / count, worst);
	return 0;
}
