/*
 * segments: where the parts of a running program lie.
 *
 * For each part one address, and beside it the line of /proc/self/maps that
 * holds it: the kernel's view (a list of VMAs) of the programmer's view.
 *
 *	0 ... text rodata data bss | heap ->      mmap     <- stack args ... 2^47
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char rodata[] = "constant";
static int data = 42;
static int bss;

static char maps[16384];

static void read_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	size_t len = f ? fread(maps, 1, sizeof(maps) - 1, f) : 0;

	maps[len] = 0;
	if (f)
		fclose(f);
}

/* The line of maps that holds addr; "(in no mapping)" if none does. */
static const char *line_of(uintptr_t addr)
{
	static char line[200];
	unsigned long start, end;

	for (char *p = maps; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		if (sscanf(p, "%lx-%lx", &start, &end) != 2)
			continue;
		if (start <= addr && addr < end) {
			snprintf(line, sizeof(line), "%.*s",
				 (int)strcspn(p, "\n"), p);
			return line;
		}
	}
	return "(in no mapping)";
}

static void show(const char *what, const void *addr)
{
	printf("%-8s %016lx  %s\n", what, (uintptr_t)addr,
	       line_of((uintptr_t)addr));
}

int main(int argc, char **argv, char **envp)
{
	int on_stack;
	char *heap = (char *)syscall(SYS_brk, 0);
	void *area = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)argc;
	bss = data;
	syscall(SYS_brk, heap + 4096);	/* the heap as brk gives it */
	read_maps();
	printf("%-8s %-16s  line of /proc/%d/maps\n", "part", "address",
	       getpid());
	show("text", (void *)(uintptr_t)main);
	show("rodata", rodata);
	show("data", &data);
	show("bss", &bss);
	show("heap", heap);
	show("mmap", area);
	show("stack", &on_stack);
	show("args", argv[0]);
	if (envp[0])
		show("env", envp[0]);
	printf("\nAll of /proc/self/maps:\n%s", maps);
	return 0;
}
