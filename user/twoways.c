/*
 * twoways: the two doors into the kernel, in one program.
 *
 *		  number  arguments			keeps     numbers of
 *	syscall	  rax	  rdi rsi rdx r10 r8 r9		all but	  x86-64
 *							rcx, r11
 *	int 0x80  eax	  ebx ecx edx esi edi ebp	all	  i386
 *
 * Both reach the same functions and see the same process.  The second takes
 * 32-bit pointers, so what they point to lies below 4 GiB: static data of
 * a program that is not position independent does.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static long by_syscall(long nr, long a, long b, long c)
{
	long ret;

	asm volatile("syscall" : "=a"(ret)
		     : "a"(nr), "D"(a), "S"(b), "d"(c)
		     : "rcx", "r11", "memory");
	return ret;
}

static long by_int80(long nr, long a, long b, long c)
{
	long ret;

	asm volatile("int $0x80" : "=a"(ret)
		     : "a"(nr), "b"(a), "c"(b), "d"(c)
		     : "r8", "r9", "r10", "r11", "memory");
	return ret;
}

static char hello_64[] = "hello by syscall  (write is number 1)\n";
static char hello_32[] = "hello by int 0x80 (write is number 4)\n";

static int compare(const char *name, long nr64, long nr32, long a, long b,
		   long c)
{
	long one = by_syscall(nr64, a, b, c), two = by_int80(nr32, a, b, c);

	/* i386 results are 32 bits wide */
	printf("%-28s %4ld %4ld %8ld %8d  %s\n", name, nr64, nr32, one,
	       (int)two, (int)one == (int)two ? "same" : "DIFFERENT");
	return (int)one != (int)two;
}

int main(void)
{
	int bad = 0;

	by_syscall(1, 1, (long)(uintptr_t)hello_64, sizeof(hello_64) - 1);
	by_int80(4, 1, (long)(uintptr_t)hello_32, sizeof(hello_32) - 1);
	printf("%-28s %4s %4s %8s %8s\n", "", "64", "i386", "syscall",
	       "int 0x80");
	bad |= compare("getpid()", 39, 20, 0, 0, 0);
	bad |= compare("getppid()", 110, 64, 0, 0, 0);
	bad |= compare("umask(022)", 95, 60, 022, 0, 0);
	bad |= compare("dup2(1, 9)", 33, 63, 1, 9, 0);
	bad |= compare("close(99): EBADF", 3, 6, 99, 0, 0);
	bad |= compare("open(NULL): EFAULT", 2, 5, 0, 0, 0);
	bad |= compare("kill(self, 0)", 62, 37, getpid(), 0, 0);
	bad |= compare("kill(self, 99): EINVAL", 62, 37, getpid(), 99, 0);
	bad |= compare("no such number: ENOSYS", 9999, 9999, 0, 0, 0);
	return bad;
}
