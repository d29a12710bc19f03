/*
 * What the kernel has in use, before and after: MemFree, AnonPages, PageTables ... of /proc/meminfo and the objects of
 * each slab cache. For programs that prove that nothing stayed behind: take_before(), work, compare_with_before().
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "processors.h"

/* Read without allocating anything, and so that reading itself changes nothing. */
struct snapshot {
	char meminfo[4096], slabinfo[16384];
};

static struct snapshot before, after;
static int settling;			/* differences are no news yet */

static void read_into(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	while (fd >= 0 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	buf[len] = 0;
	close(fd);
}

static void take(struct snapshot *s)
{
	visit_processors();
	read_into("/proc/meminfo", s->meminfo, sizeof(s->meminfo));
	read_into("/proc/slabinfo", s->slabinfo, sizeof(s->slabinfo));
}

static long number_after(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	return p ? atol(p + strlen(key)) : -1;
}

static int differ(const char *what, long a, long b)
{
	if (a != b && !settling)
		printf("# %s: %ld before, %ld after\n", what, a, b);
	return a != b;
}

/* The number of objects in use of each cache. */
static int compare_slabs(void)
{
	char name[64], *line = before.slabinfo, key[80];
	long used;
	int bad = 0;

	for (; (line = strchr(line, '\n')); ) {
		if (sscanf(++line, "%63s %ld", name, &used) != 2 || name[0] == '#')
			continue;
		snprintf(key, sizeof(key), "\n%s ", name);
		bad += differ(name, used, number_after(after.slabinfo, key));
	}
	return bad;
}

/* slabs_too: what is free plus what the caches have in hand, whose empty slabs depend on how much was wanted at once. */
static int compare(int slabs_too)
{
	static const char *const keys[] = { "AnonPages:", "PageTables:", "KernelStack:", "Shmem:", "VmallocUsed:" };
	int bad = compare_slabs();

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		bad += differ(keys[i], number_after(before.meminfo, keys[i]), number_after(after.meminfo, keys[i]));
	long slabs[2] = { number_after(before.meminfo, "Slab:"), number_after(after.meminfo, "Slab:") };
	return bad + differ("MemFree:", number_after(before.meminfo, "MemFree:") + slabs_too * slabs[0],
			    number_after(after.meminfo, "MemFree:") + slabs_too * slabs[1]);
}

/* Until two looks are alike: lazy things are made, what is put off is done, and on a busy host that takes long. */
static void take_before(int slabs_too)
{
	settling = 1;
	for (int i = 0; i < 5; i++) {
		usleep(50000);
		take(&before);
		take(&after);
		if (!compare(slabs_too))
			break;
	}
	settling = 0;
}

/* What is only late is gone the next time, a leak is not: the last look tells. */
static int compare_with_before(int slabs_too)
{
	int bad = 1;

	for (int i = 0; i < 5 && bad; i++) {
		usleep(i ? 300000 : 50000);
		take(&after);
		settling = i < 4;
		bad = compare(slabs_too);
	}
	return bad;
}

/* Many at once: the kernel keeps some of their stacks, and the page tables of all of them: not for the first time while
 * we count. */
static void fill_caches(void)
{
	for (int i = 0; i < 150; i++)
		if (!fork())
			for (signal(SIGTERM, SIG_DFL);;)
				pause();
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	while (wait(NULL) > 0)
		;
}
