/*
 * pi: processes that compute in xmm and ymm registers while the scheduler
 * takes the CPU away from them again and again.
 *
 * Each sums pi = integral of 4 / (1 + x^2) from 0 to 1 in vector registers,
 * once alone and then all at once.  Every task must get, bit for bit, what
 * it got alone: a register lost at one switch would change the sum.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEPS	4000000		/* a multiple of 4 */

typedef double v2 __attribute__((vector_size(16)));
typedef double v4 __attribute__((vector_size(32)));

static double pi_xmm(int steps)
{
	double h = 1.0 / steps;
	v2 sum = { 0, 0 }, x = { 0.5 * h, 1.5 * h }, dx = { 2 * h, 2 * h };

	for (int i = 0; i < steps; i += 2, x += dx)
		sum += 4.0 / (1.0 + x * x);
	return (sum[0] + sum[1]) * h;
}

__attribute__((target("avx")))
static double pi_ymm(int steps)
{
	double h = 1.0 / steps;
	v4 sum = { 0, 0, 0, 0 }, dx = { 4 * h, 4 * h, 4 * h, 4 * h };
	v4 x = { 0.5 * h, 1.5 * h, 2.5 * h, 3.5 * h };

	for (int i = 0; i < steps; i += 4, x += dx)
		sum += 4.0 / (1.0 + x * x);
	return (sum[0] + sum[1] + sum[2] + sum[3]) * h;
}

static int task(const char *name, double (*pi)(int), double alone, int rounds)
{
	struct rusage ru;
	double got = alone;

	while (rounds-- && !memcmp(&got, &alone, sizeof(got)))
		got = pi(STEPS);
	getrusage(RUSAGE_SELF, &ru);
	printf("pid %5d %s %.15f  off by %8.1e  preempted %5ld times  %s\n",
	       getpid(), name, got, got - M_PI, ru.ru_nivcsw,
	       memcmp(&got, &alone, sizeof(got)) ? "WRONG" : "right");
	return memcmp(&got, &alone, sizeof(got)) != 0;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 10, status, wrong = 0;
	int avx = __builtin_cpu_supports("avx");
	double (*pi[2])(int) = { pi_xmm, avx ? pi_ymm : pi_xmm };
	const char *names[2] = { "xmm", avx ? "ymm" : "xmm" };
	double alone[2] = { pi[0](STEPS), pi[1](STEPS) };

	printf("alone:    xmm %.15f, %s %.15f\n", alone[0], names[1], alone[1]);
	fflush(stdout);
	for (int i = 0; i < 4; i++)
		if (!fork())
			exit(task(names[i % 2], pi[i % 2], alone[i % 2], rounds));
	while (wait(&status) > 0)
		wrong |= status;
	printf("%s\n", wrong ? "A register was lost." : "Not a bit was lost.");
	return wrong != 0;
}
