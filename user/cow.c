/*
 * cow: fork copies nothing, writing copies one page at a time.
 *
 * A parent touches 64 MiB and forks.  Memory in use (MemFree of
 * /proc/meminfo, in pages) and the child's page faults are printed after
 * each step:
 *
 *	fork		a few hundred pages: page tables, not memory
 *	child reads	nothing
 *	child writes	a fault and a new page for each page written
 *	parent writes	nothing: it is the last one that uses the old page
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096
#define PAGES	16384		/* 64 MiB */
#define WRITTEN	1000

static volatile char *block;
static long last_free, last_faults;

static long free_pages(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemFree: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib * 1024 / PAGE;
}

static long faults(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return ru.ru_minflt;
}

static void write_pages(int from, int to)
{
	for (int i = from; i < to; i++)
		block[i * PAGE] = 2;
}

/* Prints what has changed since the last call. */
static void step(const char *what)
{
	long now_free = free_pages(), now_faults = faults();

	if (what)
		printf("%-34s %+8ld pages in use %+8ld faults\n", what,
		       last_free - now_free, now_faults - last_faults);
	fflush(stdout);
	last_free = free_pages();
	last_faults = faults();
}

int main(void)
{
	pid_t pid;

	block = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise((void *)block, PAGES * PAGE, MADV_NOHUGEPAGE);
	step(NULL);
	write_pages(0, PAGES);
	step("parent touches 16384 pages");
	pid = fork();
	if (!pid) {
		last_faults = 0;	/* a new process counts anew */
		step("fork: page tables");
		for (int i = 0; i < PAGES; i++)
			(void)block[i * PAGE];
		step("child reads all of them");
		write_pages(0, WRITTEN);
		step("child writes 1000");
		write_pages(0, WRITTEN);
		step("child writes the same 1000 again");
		exit(0);
	}
	waitpid(pid, NULL, 0);
	step("child exited (since the touch)");
	write_pages(0, WRITTEN);
	step("parent writes 1000: last user");
	return 0;
}
