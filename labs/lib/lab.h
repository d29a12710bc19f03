/*
 * lab.h: the frame of a lab's test program, and its runner.
 *
 *	TEST(name) { ... CHECK(...); STATE("asleep", pid, 0, 0); ... }
 *
 * The program is /init. It asks the grader which test to run, runs it in a fork of itself, and reports. All
 * that passes between the two is in the registers of checkpoint(), a function that does nothing, at a fixed
 * address where gdb has a breakpoint: what the kernel prints counts for nothing. The checks are tests/abi.h's.
 */
#pragma once
#define main abi_main
#include "tests/abi.h"
#undef main
#include <poll.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/uio.h>

enum lab_event { LAB_HELLO, LAB_NEXT, LAB_DELAY, LAB_BEGIN, LAB_FAIL, LAB_STATE, LAB_PASS, LAB_DONE, LAB_END };

/* gdb stops before the nop, reads the arguments and the time in rax, puts the answer there and goes on behind the nop. */
long checkpoint(long nonce, enum lab_event what, long a, long b, long c, long d);
__asm__(".pushsection .checkpoint,\"ax\"\n"
	".globl checkpoint\n.type checkpoint,@function\n"
	"checkpoint:\n\t.cfi_startproc\n"
	"\tmov %rdx,%r10\n\tlfence\n\trdtsc\n\tshl $32,%rdx\n\tor %rdx,%rax\n\tmov %r10,%rdx\n"
	"checkpoint_stop:\n\tnop\n\tret\n\t.cfi_endproc\n.size checkpoint,.-checkpoint\n.popsection");

static long lab_nonce;
static bool lab_is_runner = true;

#undef TEST
#define TEST(fn)				\
	void lab_##fn(void);			\
	void lab_##fn(void)

#undef FAIL
#define FAIL(...) lab_fail(__FILE__, __LINE__, __VA_ARGS__)

/* Three numbers for the function of check.py that this test names; nothing else runs while it looks. */
#define STATE(name, a, b, c) checkpoint(lab_nonce, LAB_STATE, lab_present(name), (long)(a), (long)(b), (long)(c))

/* gdb reads the name through the page tables: after fork a child may not have the page yet. */
static inline long lab_present(const char *text)
{
	for (const volatile char *p = text; *p; p++)
		;
	return (long)text;
}

/* Guest instructions, and nanoseconds of sleep, since power-on. */
static inline long instructions(void)
{
	unsigned low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (long)((unsigned long)high << 32 | low);
}

static inline void spin(long n)
{
	for (n /= 2; n > 0; n--)
		__asm__ volatile("" : "+r"(n));
}

__attribute__((format(printf, 3, 4), noinline)) static void lab_fail(const char *file, int line, const char *format, ...)
{
	static char text[512];
	int saved_errno = errno, n;
	va_list ap;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (saved_errno && n < (int)sizeof(text))
		snprintf(text + n, sizeof(text) - n, " (errno %d, %s)", saved_errno, strerror(saved_errno));
	checkpoint(lab_nonce, LAB_FAIL, (long)text, line, lab_present(file), 0);
	if (!lab_is_runner)
		_exit(1);
}

/* Kills what is left and reaps it, for 100 ms at most; how many would not go. */
static int lab_sweep(void)
{
	long end = instructions() + 100000000;

	kill(-1, SIGKILL);
	while (instructions() < end) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0)
			return errno != ECHILD;
		if (!pid)
			usleep(500);
	}
	return 1;
}

static int lab_run(void (*run)(void), bool do_fork)
{
	int status = 0;
	pid_t pid = do_fork ? fork() : 0;

	if (pid < 0) {
		FAIL("fork for the test gives %d", pid);
		return 0;
	}
	if (!pid) {
		lab_is_runner = false;
		run();
		checkpoint(lab_nonce, LAB_PASS, 0, 0, 0, 0);
		if (!do_fork)
			return 0;
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) {
			FAIL("waitpid for the test fails");
			return 0;
		}
	return status;
}

int main(int argc, char **argv)
{
	ssize_t n;

	(void)last_test;			/* abi.h's own list stays empty */
	lab_nonce = checkpoint(0, LAB_HELLO, getpid(), 0, 0, 0);
	if (getpid() != 1) {		/* a test's child that has executed us again */
		lab_is_runner = false;
		return exec_main ? exec_main(argc, argv) : 99;
	}
	mount("proc", "/proc", "proc", 0, NULL);
	mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	n = readlink("/proc/self/exe", self_path, sizeof(self_path) - 1);
	self_path[n > 0 ? n : 0] = 0;
	for (;;) {
		void (*run)(void) = (void (*)(void))checkpoint(lab_nonce, LAB_NEXT, 0, 0, 0, 0);

		bool do_fork = checkpoint(lab_nonce, LAB_BEGIN, instructions(), 0, 0, 0);

		/* Last: after a checkpoint the next tick comes at once, so that a phase of the timer begins here. */
		spin(checkpoint(lab_nonce, LAB_DELAY, 0, 0, 0, 0));
		errno = 0;
		long start = instructions();
		int status = lab_run(run, do_fork);

		lab_is_runner = true;
		checkpoint(lab_nonce, LAB_DONE, status, instructions() - start, 0, 0);
		checkpoint(lab_nonce, LAB_END, do_fork ? lab_sweep() : 0, 0, 0, 0);
	}
}
