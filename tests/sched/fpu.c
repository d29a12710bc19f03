/* FPU, SSE and AVX state survive preemption, fork, signals and system calls. */
#include "../abi.h"

typedef double v2 __attribute__((vector_size(16)));

static int spin(int seed, long ms)
{
	uint64_t in[16][2], out[16][2];
	long end = now_ms() + ms;
	unsigned short cw = seed & 1 ? 0x027f : 0x037f, cw_out;
	unsigned mxcsr = 0x1f80 | (seed & 3) << 13, mxcsr_out;

	for (int i = 0; i < 16; i++)
		in[i][0] = in[i][1] = seed * 1000003ULL + i * 0x0101010101010101ULL;
	do {
		asm volatile("fldcw %0; ldmxcsr %1" : : "m"(cw), "m"(mxcsr));
		asm volatile(
			"movdqu 0(%0), %%xmm0; movdqu 16(%0), %%xmm1;"
			"movdqu 112(%0), %%xmm7; movdqu 240(%0), %%xmm15;"
			"mov $3000000, %%ecx; 1: dec %%ecx; jnz 1b;"
			"movdqu %%xmm0, 0(%1); movdqu %%xmm1, 16(%1);"
			"movdqu %%xmm7, 112(%1); movdqu %%xmm15, 240(%1)"
			: : "r"(in), "r"(out)
			: "ecx", "xmm0", "xmm1", "xmm7", "xmm15", "memory");
		asm volatile("fnstcw %0; stmxcsr %1" : "=m"(cw_out), "=m"(mxcsr_out));
		if (memcmp(in[0], out[0], 32) || memcmp(in[7], out[7], 16) ||
		    memcmp(in[15], out[15], 16) || cw != cw_out ||
		    (mxcsr ^ mxcsr_out) & ~0x3f)
			return 1;
	} while (now_ms() < end);
	return 0;
}

TEST(sse_under_preemption)
{
	int st;

	for (int i = 0; i < 6; i++)
		if (!fork())
			_exit(spin(i + 1, 400));
	while (wait(&st) > 0)
		CHECK_EQ(st, 0);
}

__attribute__((target("avx")))
static int spin_avx(int seed, long ms)
{
	uint64_t in[4], out[4];
	long end = now_ms() + ms;

	for (int i = 0; i < 4; i++)
		in[i] = seed * 0x0123456789abcdULL + i;
	do {
		asm volatile("vmovdqu (%0), %%ymm3; vmovdqu (%0), %%ymm14;"
			     "mov $3000000, %%ecx; 1: dec %%ecx; jnz 1b;"
			     "vmovdqu %%ymm3, (%1); vzeroupper"
			     : : "r"(in), "r"(out) : "ecx", "xmm3", "xmm14", "memory");
		if (memcmp(in, out, 32))
			return 1;
	} while (now_ms() < end);
	return 0;
}

TEST(avx_under_preemption)
{
	int st;

	if (!__builtin_cpu_supports("avx"))
		return;
	for (int i = 0; i < 4; i++)
		if (!fork())
			_exit(spin_avx(i + 1, 400));
	while (wait(&st) > 0)
		CHECK_EQ(st, 0);
}

TEST(fork_copies_it)
{
	uint64_t in[2] = { 1, 2 }, out[2];
	long ret;
	int st;

	asm volatile("movdqu %2, %%xmm5; syscall; movdqu %%xmm5, %1"
		     : "=a"(ret), "=m"(out) : "m"(in), "0"(SYS_fork)
		     : "rcx", "r11", "xmm5", "memory");
	if (!ret)
		_exit(memcmp(in, out, 16) != 0);
	CHECK(!memcmp(in, out, 16));
	CHECK_EQ(waitpid(ret, &st, 0), ret);
	CHECK_EQ(st, 0);
}

int exec_main(int argc, char **argv)
{
	unsigned short cw;
	unsigned mxcsr;

	(void)argc, (void)argv;
	asm volatile("fnstcw %0; stmxcsr %1" : "=m"(cw), "=m"(mxcsr));
	return cw == 0x37f && (mxcsr & ~0x3fu) == 0x1f80 ? 0 : 1;
}

TEST(exec_starts_afresh)
{
	unsigned short cw = 0x027f;
	unsigned mxcsr = 0x3f80;

	CHECK_CHILD(
		asm volatile("fldcw %0; ldmxcsr %1" : : "m"(cw), "m"(mxcsr));
		execl(self_path, self_path, "@fresh", NULL);
		_exit(2));
}

TEST(calls_keep_it)
{
	uint64_t in[2] = { 0x1111, 0x2222 }, out[2];
	long ret;
	char c;
	int fd = open("/dev/zero", O_RDONLY);

	for (int i = 0; i < 100; i++) {
		asm volatile("movdqu %2, %%xmm9; syscall; movdqu %%xmm9, %1"
			     : "=a"(ret), "=m"(out)
			     : "m"(in), "0"(SYS_read), "D"(fd), "S"(&c), "d"(1)
			     : "rcx", "r11", "xmm9", "memory");
		CHECK_EQ(ret, 1);
		CHECK(!memcmp(in, out, 16));
	}
}

TEST(x87_exception)
{
	unsigned short cw = 0x37f & ~4;		/* division by zero traps */

	CHECK_SIGNAL(SIGFPE,
		asm volatile("fldcw %0; fld1; fldz; fdivrp; fwait" : : "m"(cw)));
}

TEST(registers_over_syscall)
{
	unsigned long rbx = 1, rbp_ok, r12 = 3, rdx = 4, r8v, r9v, r10v;
	long ret;

	asm volatile("mov $0x1234, %%rbx; mov $0x88, %%r8; mov $0x99, %%r9; mov $0x10, %%r10;"
		     "mov $0x1212, %%r12; mov $0xdd, %%rdx; push %%rbp; mov $0x5555, %%rbp; syscall;"
		     "mov %%rbp, %%r13; pop %%rbp"
		     : "=a"(ret), "=b"(rbx), "=d"(rdx) : "0"(SYS_getpid)
		     : "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "memory");
	asm volatile("mov %%r12, %0; mov %%r13, %1; mov %%r8, %2; mov %%r9, %3; mov %%r10, %4"
		     : "=m"(r12), "=m"(rbp_ok), "=m"(r8v), "=m"(r9v), "=m"(r10v));
	CHECK_EQ(ret, getpid());
	CHECK_EQ(rbx, 0x1234);
	CHECK_EQ(rdx, 0xdd);
	CHECK_EQ(r12, 0x1212);
	CHECK_EQ(rbp_ok, 0x5555);
	CHECK(r8v == 0x88 && r9v == 0x99 && r10v == 0x10);
}
