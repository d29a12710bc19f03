/* Calls that nobody implements, twice each and by either door: test_unimplemented.py reads what the log says. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static long int80(unsigned nr)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(nr), "b"(0), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

int main(void)
{
	for (int i = 0; i < 2; i++) {
		printf("%d", syscall(41, 0, 0, 0) == -1 && errno == ENOSYS);
		printf("%d", syscall(5000) == -1 && errno == ENOSYS);
		printf("%d", int80(102) == -ENOSYS);
		printf("%d\n", int80(7777) == -ENOSYS);
	}
	return 0;
}
