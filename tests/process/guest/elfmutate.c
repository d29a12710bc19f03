/*
 * elfmutate FILE SEED N: runs N copies of a program, each with some bytes of its headers changed or its end cut off.
 * Every one must be refused by execve, be killed, or run; the kernel must not mind. Prints how many did which.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEADERS 1024		/* the ELF header and the program headers are in here */

static uint64_t state;
static char original[1 << 20], copy[1 << 20];

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static size_t mutate(size_t len)
{
	static const uint64_t odd[] = { 0, 1, 0xff, 0x1000, 0xfff, -1, 1UL << 47, 1UL << 63, 0x7fffffff, 0xffff888000000000, 0x400000 };

	memcpy(copy, original, len);
	for (int n = 1 + rnd() % 4; n; n--) {
		size_t where = rnd() % (rnd() % 2 ? 64 : HEADERS);
		uint64_t value = rnd() % 2 ? odd[rnd() % (sizeof(odd) / sizeof(odd[0]))] : rnd();

		switch (rnd() % 4) {
		case 0: copy[where] = value; break;
		case 1: copy[where] ^= 1 << rnd() % 8; break;
		case 2: memcpy(copy + (where & ~7UL), &value, 8); break;
		case 3: memcpy(copy + (where & ~1UL), &value, 2); break;
		}
	}
	return rnd() % 8 ? len : rnd() % (rnd() % 2 ? HEADERS : len);
}

/* What became of one: 0 refused, 1 killed, 2 ran. */
static int run(size_t len)
{
	int fd = open("/tmp/mutant", O_WRONLY | O_CREAT | O_TRUNC, 0755), status;
	pid_t pid;

	if (write(fd, copy, len) != (ssize_t)len || close(fd))
		exit(1);
	pid = fork();
	if (!pid) {
		struct rlimit none = { 0, 0 };
		char *argv[] = { "mutant", NULL }, *envp[] = { NULL };

		setrlimit(RLIMIT_CORE, &none);
		close(1);
		alarm(2);
		execve("/tmp/mutant", argv, envp);
		_exit(201);
	}
	waitpid(pid, &status, 0);
	unlink("/tmp/mutant");
	return WIFEXITED(status) ? WEXITSTATUS(status) == 201 ? 0 : 2 : 1;
}

int main(int argc, char **argv)
{
	int counts[3] = { 0 }, n = argc > 3 ? atoi(argv[3]) : 0, fd = open(argv[1], O_RDONLY);
	size_t len = read(fd, original, sizeof(original));

	state = strtoul(argv[2], NULL, 0) * 0x9e3779b97f4a7c15 + 1;
	for (int i = 0; i < n; i++)
		counts[run(mutate(len))]++;
	printf("elfmutate: %d refused, %d killed, %d ran\n", counts[0], counts[1], counts[2]);
	return 0;
}
