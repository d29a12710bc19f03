/* From a pending signal to its handler and back. Passes on Linux too. */
#include "lab.h"
#include <sys/time.h>
#include <sys/ucontext.h>

static volatile int hits, last, order[8];
static volatile unsigned long in_mask;

static void on_signal(int sig)
{
	order[hits & 7] = sig;
	hits++;
	last = sig;
}

static void install(int sig, void (*handler)(int), int flags, unsigned long mask)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	memcpy(&sa.sa_mask, &mask, sizeof(mask));
	CHECK_OK(sigaction(sig, &sa, NULL));
}

#define BIT(sig) (1UL << ((sig) - 1))

static unsigned long blocked(void)
{
	unsigned long set = 0;

	CHECK_EQ(syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &set, 8), 0);
	return set;
}

static void block(unsigned long set)
{
	CHECK_EQ(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8), 0);
}

static void send(int sig)
{
	CHECK_EQ(syscall(SYS_kill, getpid(), sig), 0);
}

/* ---- what must not break ---- */

static volatile int *volatile nowhere = (volatile int *)8;

TEST(default_actions)
{
	CHECK_SIGNAL(SIGUSR1, send(SIGUSR1));
	CHECK_SIGNAL(SIGTERM, send(SIGTERM));
	CHECK_CHILD(send(SIGCHLD); send(SIGURG); send(SIGCONT));
	CHECK_CHILD(signal(SIGTERM, SIG_IGN); send(SIGTERM));
	CHECK_SIGNAL(SIGSEGV, *nowhere = 1);
}

TEST(pending_and_blocked)
{
	unsigned long set;

	block(BIT(SIGUSR1));
	send(SIGUSR1);
	CHECK_EQ(syscall(SYS_rt_sigpending, &set, 8), 0);
	CHECK_EQ(set, BIT(SIGUSR1));
	signal(SIGUSR1, SIG_IGN);
	CHECK_EQ(syscall(SYS_rt_sigpending, &set, 8), 0);
	CHECK_EQ(set, 0);
}

/* ---- the frame ---- */

TEST(handler_runs)
{
	install(SIGUSR1, on_signal, 0, 0);
	for (int i = 1; i <= 50; i++) {
		send(SIGUSR1);
		CHECK_EQ(hits, i);		/* before kill returns */
	}
	CHECK_EQ(last, SIGUSR1);
	install(SIGUSR2, on_signal, 0, 0);
	send(SIGUSR2);
	CHECK_EQ(last, SIGUSR2);
}

static volatile unsigned long frame_at, interrupted_sp;
static char *volatile why;

#define EXPECT(what, cond)			\
	do {					\
		if (!(cond) && !why)		\
			why = what;		\
	} while (0)

/* With XSAVE its software bytes say how long the image is (Linux's struct _fpx_sw_bytes). */
static unsigned image_size(const unsigned char *fp)
{
	unsigned magic, size;

	memcpy(&magic, fp + 464, 4);
	memcpy(&size, fp + 468, 4);
	return magic == 0x46505853 ? size : 512;
}

static void look(int sig, siginfo_t *info, ucontext_t *uc)
{
	unsigned long *frame = (unsigned long *)__builtin_frame_address(0) + 1;	/* the handler's stack as it begins */
	unsigned char *fp = (unsigned char *)uc->uc_mcontext.fpregs;

	hits++;
	frame_at = (unsigned long)frame;
	EXPECT("the first argument is the signal's number", sig == SIGUSR1);
	EXPECT("rsp + 8 is a multiple of 16 where a handler begins", ((unsigned long)frame + 8) % 16 == 0);
	EXPECT("the ucontext lies behind the return address", (unsigned long)uc == (unsigned long)(frame + 1));
	EXPECT("the siginfo lies in the frame", (unsigned long)info > (unsigned long)uc && (unsigned long)info < (unsigned long)fp);
	EXPECT("si_signo is the signal", info->si_signo == SIGUSR1);
	EXPECT("si_pid is the sender", info->si_pid == getpid());
	EXPECT("the FPU image is at a multiple of 64", (unsigned long)fp % 64 == 0 && fp);
	EXPECT("uc_sigmask is the mask from before", *(unsigned long *)&uc->uc_sigmask == BIT(SIGHUP));
	EXPECT("128 bytes below the interrupted rsp are the program's", (unsigned long)fp + image_size(fp) <= uc->uc_mcontext.gregs[REG_RSP] - 128UL);
	EXPECT("rip is behind the syscall instruction", memcmp((char *)uc->uc_mcontext.gregs[REG_RIP] - 2, "\x0f\x05", 2) == 0);
	EXPECT("rax is the call's result", uc->uc_mcontext.gregs[REG_RAX] == 0);
	STATE("frame", frame, fp, 0);
}

TEST(frame_layout)
{
	struct sigaction sa = { .sa_sigaction = (void *)look, .sa_flags = SA_SIGINFO };

	block(BIT(SIGHUP));
	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	send(SIGUSR1);
	CHECK_EQ(hits, 1);
	if (why)
		FAIL("in the handler this is not so: %s", why);
}

/* All registers hold patterns while the program waits for the timer's signal; the handler spoils what it can. */
unsigned long saw[16] __attribute__((used));
unsigned long zone[3] __attribute__((used));
volatile int arrived __attribute__((used));

static void spoil(int sig)
{
	(void)sig;
	__asm__ volatile("xor %%eax, %%eax; xor %%ecx, %%ecx; xor %%edx, %%edx; xor %%esi, %%esi; xor %%edi, %%edi; xor %%r8d, %%r8d;"
			 "xor %%r9d, %%r9d; xor %%r10d, %%r10d; xor %%r11d, %%r11d; pxor %%xmm0, %%xmm0; pxor %%xmm7, %%xmm7"
			 ::: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm7");
	arrived = 1;
}

void wait_with_patterns(void);
__asm__(".text\nwait_with_patterns:\n"
	"push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"movabs $0x1111111111111111, %rax; mov %rax, -8(%rsp); movq %rax, %xmm0\n"
	"movabs $0x2222222222222222, %rbx; mov %rbx, -64(%rsp); movq %rbx, %xmm7\n"
	"movabs $0x3333333333333333, %rcx; mov %rcx, -128(%rsp)\n"
	"movabs $0x4444444444444444, %rdx; movabs $0x5555555555555555, %rsi; movabs $0x6666666666666666, %rdi\n"
	"movabs $0x7777777777777777, %rbp; movabs $0x8888888888888888, %r8; movabs $0x9999999999999999, %r9\n"
	"movabs $0xaaaaaaaaaaaaaaaa, %r10; movabs $0xbbbbbbbbbbbbbbbb, %r11; movabs $0xcccccccccccccccc, %r12\n"
	"movabs $0xdddddddddddddddd, %r13; movabs $0xeeeeeeeeeeeeeeee, %r14; movabs $0xffffffffffffffff, %r15\n"
	"1: cmpl $0, arrived; je 1b\n"
	"mov %rax, saw; mov %rbx, saw+8; mov %rcx, saw+16; mov %rdx, saw+24; mov %rsi, saw+32; mov %rdi, saw+40; mov %rbp, saw+48\n"
	"mov %r8, saw+56; mov %r9, saw+64; mov %r10, saw+72; mov %r11, saw+80; mov %r12, saw+88; mov %r13, saw+96; mov %r14, saw+104\n"
	"mov %r15, saw+112\n"
	"mov -8(%rsp), %rax; mov %rax, zone; mov -64(%rsp), %rax; mov %rax, zone+8; mov -128(%rsp), %rax; mov %rax, zone+16\n"
	"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n");

static void timer(long us)
{
	struct itimerval it = { .it_value = { 0, us } };

	arrived = 0;
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
}

TEST(registers_come_back)
{
	static const char *const names[] = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13",
					     "r14", "r15" };

	install(SIGALRM, spoil, 0, 0);
	for (int round = 0; round < 4; round++) {
		unsigned long x0, x7;

		memset(saw, 0, sizeof(saw));
		timer(1000 + round * 300);
		wait_with_patterns();
		__asm__ volatile("movq %%xmm0, %0; movq %%xmm7, %1" : "=r"(x0), "=r"(x7));
		for (int i = 0; i < 15; i++)
			if (saw[i] != 0x1111111111111111UL * (i + 1))
				FAIL("after the handler %s is %#lx, not %#lx", names[i], saw[i], 0x1111111111111111UL * (i + 1));
		CHECK_EQ(x0, 0x1111111111111111);
		CHECK_EQ(x7, 0x2222222222222222);
	}
}

TEST(red_zone)
{
	install(SIGALRM, spoil, 0, 0);
	for (int round = 0; round < 3; round++) {
		timer(1000);
		wait_with_patterns();
		for (int i = 0; i < 3; i++)
			if (zone[i] != 0x1111111111111111UL * (i + 1))
				FAIL("%d bytes below rsp is %#lx after a signal: a leaf function's locals are gone", (const int[]){ 8, 64, 128 }[i], zone[i]);
	}
}

static void set_result(int sig, siginfo_t *info, ucontext_t *uc)
{
	(void)sig, (void)info;
	hits++;
	uc->uc_mcontext.gregs[REG_RAX] = 4242;
	uc->uc_mcontext.gregs[REG_RBX] ^= 1;
}

TEST(frame_is_what_comes_back)
{
	struct sigaction sa = { .sa_sigaction = (void *)set_result, .sa_flags = SA_SIGINFO };
	long rax = SYS_kill, rbx = 70;

	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	__asm__ volatile("syscall" : "+a"(rax), "+b"(rbx) : "D"((long)getpid()), "S"((long)SIGUSR1) : "rcx", "r11", "memory");
	CHECK_EQ(hits, 1);
	CHECK_EQ(rax, 4242);
	CHECK_EQ(rbx, 71);
}

/* ---- what the frame must not be able to do ---- */

static volatile long give_flags, give_cs, give_rip;

static void forge(int sig, siginfo_t *info, ucontext_t *uc)
{
	(void)sig, (void)info;
	hits++;
	if (give_flags)
		uc->uc_mcontext.gregs[REG_EFL] = give_flags;
	if (give_cs)
		uc->uc_mcontext.gregs[REG_CSGSFS] = give_cs;
	if (give_rip)
		uc->uc_mcontext.gregs[REG_RIP] = give_rip;
}

TEST(frame_is_not_trusted)
{
	struct sigaction sa = { .sa_sigaction = (void *)forge, .sa_flags = SA_SIGINFO };
	unsigned long flags, cs;

	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	give_flags = 0x3001;			/* IOPL 3, interrupts off, and carry, which is the program's own */
	send(SIGUSR1);
	__asm__ volatile("pushf; pop %0" : "=r"(flags));
	STATE("flags", 0, 0, 0);
	CHECK_EQ(flags & 0x3200, 0x200);
	give_flags = 0;
	give_cs = 0x002b000000000010;		/* the kernel's code segment */
	CHECK_CHILD(
		send(SIGUSR1);
		__asm__ volatile("mov %%cs, %0" : "=r"(cs));
		CHECK_EQ(cs, 0x33));
	give_cs = 0;
	give_rip = 0xffffffff80100000;
	CHECK_SIGNAL(SIGSEGV, send(SIGUSR1));
	give_rip = 0x8000000000000000;		/* no address at all */
	CHECK_SIGNAL(SIGSEGV, send(SIGUSR1));
}

/* The kernel itself said so, and not a handler that ran where it has no stack. */
static void no_room(int sig, siginfo_t *info, ucontext_t *uc)
{
	_exit(sig == SIGSEGV && info->si_code == SI_KERNEL && uc->uc_mcontext.gregs[REG_RIP] != (long)on_signal ? 0 : 9);
}

TEST(bad_frames_kill)
{
	char *low = mmap(NULL, 20 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sigaction sa = { .sa_sigaction = (void *)no_room, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t ss = { .ss_sp = low + 4 * PAGE, .ss_size = 16 * PAGE };

	CHECK(low != MAP_FAILED);
	CHECK_OK(munmap(low, 2 * PAGE));
	install(SIGUSR1, on_signal, 0, 0);
	CHECK_SIGNAL(SIGSEGV,			/* no room for a frame below rsp */
		__asm__ volatile("mov %0, %%rsp; syscall" :: "r"(low + 2 * PAGE + 64), "a"((long)SYS_kill), "D"((long)getpid()),
				 "S"((long)SIGUSR1) : "memory"));
	CHECK_CHILD(
		CHECK_OK(sigaltstack(&ss, NULL));
		CHECK_OK(sigaction(SIGSEGV, &sa, NULL));
		__asm__ volatile("mov %0, %%rsp; syscall" :: "r"(low + 2 * PAGE + 64), "a"((long)SYS_kill), "D"((long)getpid()),
				 "S"((long)SIGUSR1) : "memory"));
	CHECK_SIGNAL(SIGSEGV,			/* a frame that is nowhere */
		__asm__ volatile("mov $0x1000, %%esp; syscall" :: "a"((long)SYS_rt_sigreturn) : "memory"));
	CHECK_SIGNAL(SIGSEGV,			/* and one in the kernel */
		__asm__ volatile("mov $0xffffffff80100000, %%rsp; syscall" :: "a"((long)SYS_rt_sigreturn) : "memory"));
	send(SIGUSR1);
	CHECK_EQ(hits, 1);
}

/* ---- the mask ---- */

static void save_mask(int sig)
{
	hits++;
	in_mask = blocked();
	STATE("handler", in_mask, sig, 0);
}

TEST(mask_in_the_handler)
{
	block(BIT(SIGHUP));
	install(SIGUSR1, save_mask, 0, BIT(SIGUSR2) | BIT(SIGALRM));
	send(SIGUSR1);
	CHECK_EQ(in_mask, BIT(SIGHUP) | BIT(SIGUSR1) | BIT(SIGUSR2) | BIT(SIGALRM));
	CHECK_EQ(blocked(), BIT(SIGHUP));	/* and afterwards the old one */
	STATE("after", BIT(SIGHUP), 0, 0);
	install(SIGUSR1, save_mask, SA_NODEFER, 0);
	send(SIGUSR1);
	CHECK_EQ(in_mask, BIT(SIGHUP));
	STATE("after", BIT(SIGHUP), 0, 0);
	CHECK_EQ(hits, 2);
}

static volatile int depth, deepest;

static void again(int sig)
{
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (hits++ < 3)
		send(sig);
	depth--;
}

TEST(handlers_nest)
{
	install(SIGUSR1, again, 0, 0);
	send(SIGUSR1);
	CHECK_EQ(hits, 4);
	CHECK_EQ(deepest, 1);			/* a signal waits for the end of its own handler */
	hits = deepest = 0;
	install(SIGUSR1, again, SA_NODEFER, 0);
	send(SIGUSR1);
	CHECK_EQ(hits, 4);
	CHECK_EQ(deepest, 4);
	hits = 0;
	install(SIGUSR1, on_signal, 0, 0);
	install(SIGUSR2, on_signal, 0, 0);
	block(BIT(SIGUSR1) | BIT(SIGUSR2));
	send(SIGUSR2);
	send(SIGUSR1);
	CHECK_EQ(hits, 0);
	block(0);
	CHECK_EQ(hits, 2);			/* frames are put lowest number first: the last one put runs first */
	CHECK(order[0] == SIGUSR2 && order[1] == SIGUSR1);
}

static void suspended(int sig)
{
	hits++;
	last = sig;
	in_mask = blocked();
	STATE("handler", in_mask, sig, 0);
}

TEST(sigsuspend_mask)
{
	unsigned long none = BIT(SIGHUP);

	install(SIGALRM, suspended, 0, 0);
	install(SIGUSR1, suspended, 0, 0);
	for (int i = 1; i <= 3; i++) {
		block(BIT(SIGALRM) | BIT(SIGUSR2));
		timer(700 * i);
		CHECK_ERR(syscall(SYS_rt_sigsuspend, &none, 8), EINTR);
		CHECK_EQ(hits, i);
		CHECK_EQ(in_mask, BIT(SIGHUP) | BIT(SIGALRM));		/* sigsuspend's, and the handler's own */
		CHECK_EQ(blocked(), BIT(SIGALRM) | BIT(SIGUSR2));	/* as it was before the call */
		STATE("after", BIT(SIGALRM) | BIT(SIGUSR2), 0, 0);
	}
	send(SIGALRM);
	CHECK_EQ(hits, 3);
	CHECK_ERR(syscall(SYS_rt_sigsuspend, &none, 8), EINTR);	/* it waited, and comes now */
	CHECK_EQ(hits, 4);
}

/* ---- system calls that were interrupted ---- */

/* A child reads from a pipe; a signal comes, then a byte. What the read said: 1, or -errno. */
static int interrupted_read(int flags, int sig)
{
	int p[2], status;
	pid_t pid;

	CHECK_OK(pipe(p));
	pid = fork();
	if (!pid) {
		char c;
		long n;

		install(SIGUSR1, on_signal, flags, 0);
		n = read(p[0], &c, 1);
		_exit(n == 1 ? 1 : errno);
	}
	wait_state(pid, 'S');
	CHECK_OK(kill(pid, sig));
	sleep_ms(3);
	if (sig == SIGSTOP) {
		wait_state(pid, 'T');
		CHECK_OK(kill(pid, SIGCONT));
		sleep_ms(3);
	}
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	close(p[0]), close(p[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(restart_or_eintr)
{
	CHECK_EQ(interrupted_read(SA_RESTART, SIGUSR1), 1);	/* begins again */
	CHECK_EQ(interrupted_read(0, SIGUSR1), EINTR);
	CHECK_EQ(interrupted_read(0, SIGSTOP), 1);		/* no handler: the program does not notice */
}

/* pause() and its like never begin again when a handler ran. */
TEST(pause_ends)
{
	install(SIGALRM, on_signal, SA_RESTART, 0);
	timer(2000);
	CHECK_ERR(syscall(SYS_pause), EINTR);
	CHECK_EQ(hits, 1);
	CHECK_CHILD(
		pid_t pid = fork();
		int status;

		if (!pid) {
			syscall(SYS_pause);
			_exit(3);
		}
		wait_state(pid, 'S');
		kill(pid, SIGSTOP);
		wait_state(pid, 'T');
		kill(pid, SIGCONT);
		sleep_ms(3);
		kill(pid, SIGTERM);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status)));
}

/* 40 ms by nanosleep, or by poll behind int 0x80. */
static long sleep_by(bool int80)
{
	struct timespec ts = { 0, 40000000 };
	long ret = int80 ? 168 : SYS_nanosleep;

	if (int80)
		__asm__ volatile("int $0x80" : "+a"(ret) : "b"(0), "c"(0), "d"(40) : "memory", "r8", "r9", "r10", "r11");
	else
		__asm__ volatile("syscall" : "+a"(ret) : "D"(&ts), "S"(0) : "memory", "rcx", "r11");
	return int80 ? (int)ret : ret;
}

/* A sleep that is stopped and goes on sleeps what is left, not all again. */
TEST(sleep_goes_on)
{
	for (int door = 0; door < 2; door++) {
		int status;
		pid_t pid = fork();

		if (!pid) {
			long start = instructions(), ret = sleep_by(door), took = instructions() - start;

			if (ret)
				FAIL("a sleep behind %s that was stopped and continued returns %ld", door ? "int 0x80" : "syscall", ret);
			if (took < 39000000 || took > 46000000)
				FAIL("a sleep of 40 ms that was stopped for a moment takes %ld us", took / 1000);
			_exit(0);
		}
		wait_state(pid, 'S');
		sleep_ms(15);
		kill(pid, SIGSTOP);
		wait_state(pid, 'T');
		kill(pid, SIGCONT);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
	}
	install(SIGALRM, on_signal, SA_RESTART, 0);
	timer(5000);
	CHECK_EQ(sleep_by(false), -EINTR);	/* with a handler it ends */
	CHECK_EQ(hits, 1);
}

static void leave_512(int sig, siginfo_t *info, ucontext_t *uc)
{
	(void)sig, (void)info;
	if (hits++)
		return;
	uc->uc_mcontext.gregs[REG_RAX] = -512;	/* looks like -ERESTARTSYS, and is just a number */
	syscall(SYS_kill, getpid(), SIGUSR1);	/* comes when we return */
}

TEST(no_second_restart)
{
	struct sigaction sa = { .sa_sigaction = (void *)leave_512, .sa_flags = SA_SIGINFO | SA_RESTART };
	long rax = SYS_kill;

	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	__asm__ volatile("syscall" : "+a"(rax) : "D"((long)getpid()), "S"((long)SIGUSR1) : "rcx", "r11", "memory");
	CHECK_EQ(hits, 2);
	CHECK_EQ(rax, -512);
}

/* ---- the alternate stack ---- */

static char *alt;
static volatile unsigned long where[4];
static volatile int alt_flags, alt_errno;

static void on_alt(int sig)
{
	char here;
	stack_t ss;

	where[hits & 3] = (unsigned long)&here;
	sigaltstack(NULL, &ss);
	alt_flags = ss.ss_flags;
	alt_errno = sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL) ? errno : 0;
	if (!hits++)
		syscall(SYS_kill, getpid(), sig);
}

#define ON_ALT(a) ((a) > (unsigned long)alt && (a) < (unsigned long)alt + 32768)

TEST(alternate_stack)
{
	stack_t ss = { .ss_size = 32768 }, now;

	alt = ss.ss_sp = mmap(NULL, 32768, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(alt != MAP_FAILED);
	CHECK_OK(sigaltstack(&ss, NULL));
	install(SIGUSR1, on_alt, SA_ONSTACK | SA_NODEFER, 0);
	send(SIGUSR1);
	CHECK_EQ(hits, 2);
	CHECK(ON_ALT(where[0]) && ON_ALT(where[1]));
	CHECK(where[1] < where[0]);		/* the second goes on below the first */
	CHECK_EQ(alt_flags, SS_ONSTACK);
	CHECK_EQ(alt_errno, EPERM);
	CHECK_OK(sigaltstack(NULL, &now));
	CHECK_EQ(now.ss_flags, 0);
	install(SIGUSR1, on_alt, 0, 0);		/* not asked for */
	send(SIGUSR1);
	CHECK(!ON_ALT(where[2]));
}

static void deeper(int sig)
{
	volatile char fill[1500];

	fill[0] = fill[1499] = 1;
	if (hits++ < 40)
		syscall(SYS_kill, getpid(), sig);
}

/* A handler that comes back into itself until the stack is full is killed; what lies below the stack is not touched. */
TEST(alternate_stack_is_full)
{
	stack_t ss = { .ss_size = 16384 };
	char *p = mmap(NULL, 2 * 65536, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	ss.ss_sp = p + 65536;
	install(SIGUSR2, on_signal, 0, 0);
	send(SIGUSR2);
	CHECK_EQ(hits, 1);			/* handlers run at all */
	hits = 0;
	CHECK_SIGNAL(SIGSEGV,
		CHECK_OK(sigaltstack(&ss, NULL));
		install(SIGUSR1, deeper, SA_ONSTACK | SA_NODEFER, 0);
		send(SIGUSR1));
	for (int i = 0; i < 65536 - 2048; i++)	/* the handler's own locals may reach a little below */
		if (p[i])
			FAIL("a frame was put %d bytes below the alternate stack", 65536 - i);
}
