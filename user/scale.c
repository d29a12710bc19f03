/*
 * scale: do twice as many processors do twice as much?
 *
 *	scale KIND N MS		N workers, each on a processor of its own, for MS milliseconds
 *	scale all N MS		every KIND: user (count, no kernel: what the machine gives), fork (fork, exit, wait),
 *				fault (touch fresh pages), pipe (a byte to a partner and back)
 *
 * Prints rounds per second.  What N workers share is what holds them up: the locks of the kernel
 * (/proc/lock_stat) and its messages between processors (/proc/interrupts).
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE	4096
#define PAGES	64

static volatile long *rounds;		/* one cache line for each worker, shared with them */
static volatile int *go;
static int to_partner[2], to_me[2];

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void do_user(void)
{
	for (volatile int i = 0; i < 10000; i++)
		;
}

static void do_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static void do_fault(void)
{
	char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < PAGES; i++)
		p[i * PAGE] = 1;
	munmap(p, PAGES * PAGE);
}

static void do_pipe(void)
{
	char c = 0;

	if (write(to_partner[1], &c, 1) != 1 || read(to_me[0], &c, 1) != 1)
		exit(1);
}

static void start_partner(void)
{
	char c;

	if (pipe(to_partner) || pipe(to_me))
		exit(1);
	if (fork())
		return;
	close(to_partner[1]);		/* so that the worker's end is our end */
	while (read(to_partner[0], &c, 1) == 1 && write(to_me[1], &c, 1) == 1)
		;
	_exit(0);
}

static const struct {
	const char *name;
	void (*round)(void);
} kinds[] = { { "user", do_user }, { "fork", do_fork }, { "fault", do_fault }, { "pipe", do_pipe } };

static void work(int me, int kind)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(me % sysconf(_SC_NPROCESSORS_ONLN), &set);
	sched_setaffinity(0, sizeof(set), &set);
	if (kinds[kind].round == do_pipe)
		start_partner();
	while (!*go)
		sched_yield();
	while (*go == 1) {
		kinds[kind].round();
		rounds[me * 8]++;
	}
	_exit(0);
}

static void measure(int kind, int n, int ms)
{
	long sum = 0;
	double start;

	memset((void *)rounds, 0, PAGE);
	*go = 0;
	for (int me = 0; me < n; me++)
		if (!fork())
			work(me, kind);
	usleep(100000);
	start = seconds();
	*go = 1;
	usleep(ms * 1000);
	for (int me = 0; me < n; me++)
		sum += rounds[me * 8];
	printf("%s %d: %.0f a second\n", kinds[kind].name, n, sum / (seconds() - start));
	fflush(stdout);
	*go = 2;
	while (wait(NULL) > 0)
		;
}

int main(int argc, char **argv)
{
	int n = argc == 4 ? atoi(argv[2]) : 0;

	if (n < 1 || n > 63) {
		fprintf(stderr, "usage: scale user|fork|fault|pipe|all N MS\n");
		return 2;
	}
	rounds = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	go = (int *)((char *)rounds + PAGE);
	for (int k = 0; k < 4; k++)
		if (!strcmp(argv[1], "all") || !strcmp(argv[1], kinds[k].name))
			measure(k, n, atoi(argv[3]));
	return 0;
}
