/* Signals: delivery, masks, siginfo, stacks, restart, stop, the frame itself. */
#include "../abi.h"
#include <sys/time.h>
#include <sys/ucontext.h>

static volatile int hits, last_sig, last_code, last_pid, last_value;
static volatile int order[8];

static void on_sig(int sig)
{
	order[hits & 7] = sig;
	hits++;
	last_sig = sig;
}

static void on_info(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	on_sig(sig);
	last_code = si->si_code;
	last_pid = si->si_pid;
	last_value = si->si_value.sival_int;
}

static void catch(int sig, int flags)
{
	struct sigaction sa = { .sa_flags = flags };

	if (flags & SA_SIGINFO)
		sa.sa_sigaction = on_info;
	else
		sa.sa_handler = on_sig;
	CHECK_OK(sigaction(sig, &sa, NULL));
}

static sigset_t set_of(int sig)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, sig);
	return s;
}

TEST(handler_runs)
{
	catch(SIGUSR1, 0);
	for (int i = 1; i <= 100; i++) {
		CHECK_OK(kill(getpid(), SIGUSR1));
		CHECK_EQ(hits, i);	/* before kill returns */
	}
	CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(hits, 101);
}

TEST(default_actions)
{
	CHECK_SIGNAL(SIGUSR1, raise(SIGUSR1));
	CHECK_SIGNAL(SIGQUIT, raise(SIGQUIT));
	CHECK_SIGNAL(SIGRTMIN, raise(SIGRTMIN));
	CHECK_CHILD(raise(SIGCHLD); raise(SIGURG); raise(SIGWINCH); raise(SIGCONT));
	CHECK_SIGNAL(SIGABRT, abort());
}

TEST(core_bit)
{
	int st;

	IN_CHILD(st, raise(SIGTERM));
	CHECK(!WCOREDUMP(st));
}

TEST(ignore)
{
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	CHECK_ERR(sigaction(SIGKILL, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL), EINVAL);
	CHECK_ERR(sigaction(SIGSTOP, &(struct sigaction){ .sa_handler = on_sig }, NULL), EINVAL);
	CHECK_OK(sigaction(SIGKILL, NULL, &(struct sigaction){ 0 }));
	CHECK_ERR(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL);
}

TEST(errors)
{
	CHECK_ERR(kill(getpid(), 65), EINVAL);
	CHECK_ERR(kill(getpid(), -1), EINVAL);
	CHECK_ERR(kill(999999, SIGTERM), ESRCH);
	CHECK_OK(kill(getpid(), 0));
	CHECK_ERR(syscall(SYS_tgkill, getpid(), 999999, SIGUSR1), ESRCH);
	CHECK_ERR(syscall(SYS_tgkill, getpid(), -1, SIGUSR1), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigprocmask, 77, &(unsigned long){ 0 }, NULL, 8), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 8, NULL, 8), EFAULT);
}

TEST(mask_and_pending)
{
	sigset_t s = set_of(SIGUSR1), old, pend;

	catch(SIGUSR1, 0);
	CHECK_OK(sigprocmask(SIG_BLOCK, &s, NULL));
	raise(SIGUSR1);
	raise(SIGUSR1);
	CHECK_EQ(hits, 0);
	CHECK_OK(sigpending(&pend));
	CHECK(sigismember(&pend, SIGUSR1));
	CHECK(!sigismember(&pend, SIGUSR2));
	CHECK_OK(sigprocmask(SIG_UNBLOCK, &s, &old));
	CHECK(sigismember(&old, SIGUSR1));
	CHECK_EQ(hits, 1);		/* ordinary signals do not queue */
	sigfillset(&s);
	CHECK_OK(sigprocmask(SIG_SETMASK, &s, NULL));
	sigprocmask(SIG_BLOCK, NULL, &old);
	CHECK(!sigismember(&old, SIGKILL) && !sigismember(&old, SIGSTOP));
}

TEST(blocked_then_ignored_is_dropped)
{
	sigset_t s = set_of(SIGUSR1), pend;

	sigprocmask(SIG_BLOCK, &s, NULL);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	sigpending(&pend);
	CHECK(!sigismember(&pend, SIGUSR1));
}

TEST(realtime_queue)
{
	sigset_t s = set_of(SIGRTMIN + 1);

	catch(SIGRTMIN + 1, SA_SIGINFO);
	sigprocmask(SIG_BLOCK, &s, NULL);
	for (int i = 0; i < 5; i++)
		CHECK_OK(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 10 + i }));
	sigprocmask(SIG_UNBLOCK, &s, NULL);
	CHECK_EQ(hits, 5);
	CHECK_EQ(last_value, 14);	/* in order */
	CHECK_EQ(last_code, SI_QUEUE);
}

TEST(lowest_number_runs_last_of_a_batch)
{
	sigset_t s;

	sigfillset(&s);
	catch(SIGUSR1, 0);
	catch(SIGUSR2, 0);
	sigprocmask(SIG_BLOCK, &s, NULL);
	raise(SIGUSR2);
	raise(SIGUSR1);
	sigprocmask(SIG_UNBLOCK, &s, NULL);
	CHECK_EQ(hits, 2);
	/* frames are built lowest first: the last one built runs first */
	CHECK_EQ(order[0], SIGUSR2);
	CHECK_EQ(order[1], SIGUSR1);
}

static volatile int in_handler, deepest;

static void nest(int sig)
{
	if (++in_handler > deepest)
		deepest = in_handler;
	if (hits++ < 3)
		raise(sig);
	in_handler--;
}

TEST(same_signal_is_masked_in_its_handler)
{
	struct sigaction sa = { .sa_handler = nest };

	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	CHECK_EQ(hits, 4);
	CHECK_EQ(deepest, 1);
	hits = deepest = 0;
	sa.sa_flags = SA_NODEFER;
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	CHECK_EQ(deepest, 4);
}

static void check_mask(int sig)
{
	sigset_t s;

	sigprocmask(SIG_BLOCK, NULL, &s);
	hits = sigismember(&s, sig) && sigismember(&s, SIGUSR2);
}

TEST(sa_mask)
{
	struct sigaction sa = { .sa_handler = check_mask };
	sigset_t s;

	sigaddset(&sa.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	CHECK_EQ(hits, 1);
	sigprocmask(SIG_BLOCK, NULL, &s);
	CHECK(!sigismember(&s, SIGUSR1) && !sigismember(&s, SIGUSR2));
}

TEST(resethand)
{
	struct sigaction sa;

	catch(SIGUSR1, SA_RESETHAND);
	raise(SIGUSR1);
	CHECK_EQ(hits, 1);
	sigaction(SIGUSR1, NULL, &sa);
	CHECK(sa.sa_handler == SIG_DFL);
}

TEST(siginfo_of_kill)
{
	pid_t me = getpid(), pid;

	catch(SIGUSR1, SA_SIGINFO);
	kill(me, SIGUSR1);
	CHECK_EQ(last_code, SI_USER);
	CHECK_EQ(last_pid, me);
	syscall(SYS_tgkill, me, me, SIGUSR1);
	CHECK_EQ(last_code, SI_TKILL);
	pid = fork();
	if (!pid) {
		kill(me, SIGUSR1);
		_exit(0);
	}
	while (hits < 3)
		sleep_ms(1);
	CHECK_EQ(last_pid, pid);
	wait(NULL);
}

static void on_fpe(int sig, siginfo_t *si, void *uc)
{
	(void)sig, (void)uc;
	_exit(si->si_code);
}

static volatile int zero;

static void on_int3(int sig, siginfo_t *si, void *uc)
{
	(void)sig, (void)uc;
	_exit(si->si_addr ? 1 : si->si_code & 0xff);
}

TEST(exception_codes)
{
	struct sigaction sa = { .sa_sigaction = on_fpe, .sa_flags = SA_SIGINFO };
	struct sigaction trap = { .sa_sigaction = on_int3, .sa_flags = SA_SIGINFO };
	int st;

	IN_CHILD(st, sigaction(SIGFPE, &sa, NULL); zero = 100 / zero);
	CHECK_EQ(WEXITSTATUS(st), FPE_INTDIV);
	IN_CHILD(st, sigaction(SIGILL, &sa, NULL); asm volatile("ud2"));
	CHECK_EQ(WEXITSTATUS(st), ILL_ILLOPN);
	IN_CHILD(st, sigaction(SIGTRAP, &trap, NULL); asm volatile("int3"));
	CHECK_EQ(WEXITSTATUS(st), SI_KERNEL);
	IN_CHILD(st, sigaction(SIGSEGV, &sa, NULL); asm volatile("hlt"));
	CHECK_EQ(WEXITSTATUS(st), SI_KERNEL);
	CHECK_SIGNAL(SIGFPE, zero = 100 / zero);
	CHECK_SIGNAL(SIGTRAP, asm volatile("int3"));
	CHECK_SIGNAL(SIGILL, asm volatile("ud2"));
	CHECK_SIGNAL(SIGSEGV, asm volatile("int $0x20"));
}

static volatile int *volatile nowhere = (int *)16;

TEST(blocked_or_ignored_fault_still_kills)
{
	sigset_t s = set_of(SIGSEGV);

	CHECK_SIGNAL(SIGSEGV, sigprocmask(SIG_BLOCK, &s, NULL); *nowhere = 1);
	CHECK_SIGNAL(SIGSEGV, signal(SIGSEGV, SIG_IGN); *nowhere = 1);
}

static char alt[65536];
static volatile int on_alt, alt_flags;

static void where(int sig)
{
	char here;
	stack_t ss;

	(void)sig;
	on_alt = &here >= alt && &here < alt + sizeof(alt);
	sigaltstack(NULL, &ss);
	alt_flags = ss.ss_flags;
	ss.ss_flags = 0;
	hits = sigaltstack(&ss, NULL) && errno == EPERM;
}

TEST(altstack)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) }, old;
	struct sigaction sa = { .sa_handler = where };

	CHECK_OK(sigaltstack(&ss, &old));
	CHECK(old.ss_flags & SS_DISABLE);
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	CHECK_EQ(on_alt, 0);
	CHECK_EQ(alt_flags, 0);
	sa.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	CHECK_EQ(on_alt, 1);
	CHECK_EQ(alt_flags, SS_ONSTACK);
	CHECK_EQ(hits, 1);	/* may not be changed while in use */
	ss.ss_size = 100;
	CHECK_ERR(syscall(SYS_sigaltstack, &ss, NULL), ENOMEM);
	ss.ss_flags = 99;
	CHECK_ERR(syscall(SYS_sigaltstack, &ss, NULL), EINVAL);
	ss.ss_flags = SS_DISABLE;
	CHECK_OK(sigaltstack(&ss, NULL));
}

TEST(eintr_and_restart)
{
	int fds[2];
	char c;
	pid_t pid;

	CHECK_OK(pipe(fds));
	catch(SIGUSR1, 0);
	signal_when_asleep(SIGUSR1);
	CHECK_ERR(read(fds[0], &c, 1), EINTR);
	wait(NULL);
	catch(SIGUSR1, SA_RESTART);
	pid = getpid();
	if (!fork()) {
		wait_state(pid, 'S');
		kill(pid, SIGUSR1);
		sleep_ms(30);
		CHECK_EQ(write(fds[1], "x", 1), 1);
		_exit(0);
	}
	CHECK_EQ(read(fds[0], &c, 1), 1);	/* began again by itself */
	CHECK_EQ(hits, 2);
	wait(NULL);
}

TEST(never_restarted)
{
	struct timespec ts = { 1000, 0 }, left = { 0, 0 };

	catch(SIGUSR1, SA_RESTART);
	signal_when_asleep(SIGUSR1);
	CHECK_ERR(nanosleep(&ts, &left), EINTR);
	CHECK(left.tv_sec >= 900 && left.tv_sec < 1000);
	wait(NULL);
	signal_when_asleep(SIGUSR1);
	CHECK_ERR(pause(), EINTR);
	wait(NULL);
}

TEST(stopped_and_continued_call_goes_on)
{
	int fds[2], st;
	char c;
	pid_t pid;

	CHECK_OK(pipe(fds));
	pid = fork();
	if (!pid) {
		CHECK_EQ(read(fds[0], &c, 1), 1);	/* no handler: no EINTR */
		_exit(c);
	}
	wait_state(pid, 'S');
	kill(pid, SIGSTOP);
	wait_state(pid, 'T');
	kill(pid, SIGCONT);
	wait_state(pid, 'S');
	CHECK_EQ(write(fds[1], "\7", 1), 1);
	waitpid(pid, &st, 0);
	CHECK_EQ(WEXITSTATUS(st), 7);
}

TEST(sleep_goes_on_after_stop)
{
	long start = now_ms();
	int st;
	pid_t pid = fork();

	if (!pid) {
		struct timespec ts = { 0, 300000000 };

		_exit(nanosleep(&ts, NULL) ? 1 : 0);
	}
	wait_states(pid, "SZ");		/* a busy host may come late: then it is over */
	kill(pid, SIGSTOP);
	wait_states(pid, "TZ");
	sleep_ms(50);
	kill(pid, SIGCONT);
	waitpid(pid, &st, 0);
	CHECK_EQ(st, 0);
	start = now_ms() - start;
	CHECK(start >= 295 && start < 20000);
}

TEST(stop_signals)
{
	static const int sigs[] = { SIGSTOP, SIGTSTP };
	pid_t pid = fork();
	int st;

	if (!pid)
		for (;;)
			pause();
	for (int i = 0; i < 2; i++) {
		kill(pid, sigs[i]);
		CHECK_EQ(waitpid(pid, &st, WUNTRACED), pid);
		CHECK(WIFSTOPPED(st));
		CHECK_EQ(WSTOPSIG(st), sigs[i]);
		kill(pid, SIGUSR1);	/* waits until it goes on */
		sleep_ms(20);
		CHECK_EQ(state_of(pid), 'T');
		if (i == 0) {
			/* CONT lets the SIGUSR1 kill it */
			kill(pid, SIGCONT);
			CHECK_EQ(waitpid(pid, &st, 0), pid);
			CHECK_EQ(WTERMSIG(st), SIGUSR1);
			pid = fork();
			if (!pid)
				for (;;)
					pause();
		}
	}
	kill(pid, SIGKILL);
	waitpid(pid, &st, 0);
}

TEST(cont_takes_stops_away)
{
	sigset_t s = set_of(SIGTSTP), pend;

	sigprocmask(SIG_BLOCK, &s, NULL);
	raise(SIGTSTP);
	sigpending(&pend);
	CHECK(sigismember(&pend, SIGTSTP));
	raise(SIGCONT);
	sigpending(&pend);
	CHECK(!sigismember(&pend, SIGTSTP));
}

TEST(sigsuspend_swaps_the_mask)
{
	sigset_t s = set_of(SIGUSR1), none, now;

	sigemptyset(&none);
	catch(SIGUSR1, 0);
	sigprocmask(SIG_BLOCK, &s, NULL);
	raise(SIGUSR1);
	CHECK_ERR(sigsuspend(&none), EINTR);
	CHECK_EQ(hits, 1);
	sigprocmask(SIG_BLOCK, NULL, &now);
	CHECK(sigismember(&now, SIGUSR1));
}

TEST(sigtimedwait_takes_it)
{
	sigset_t s = set_of(SIGUSR1);
	struct timespec ts = { 0, 20000000 };
	siginfo_t si;

	sigprocmask(SIG_BLOCK, &s, NULL);
	CHECK_ERR(sigtimedwait(&s, &si, &ts), EAGAIN);
	raise(SIGUSR1);
	CHECK_EQ(sigtimedwait(&s, &si, &ts), SIGUSR1);
	CHECK_EQ(si.si_signo, SIGUSR1);
	signal_when_asleep(SIGUSR1);
	CHECK_EQ(sigwaitinfo(&s, &si), SIGUSR1);
	CHECK_EQ(si.si_code, SI_USER);
}

TEST(alarm_and_itimer)
{
	struct itimerval it = { { 0, 20000 }, { 0, 20000 } }, old;
	long start = now_ms();

	catch(SIGALRM, 0);
	CHECK(alarm(50) > 0);	/* the frame set one */
	CHECK(alarm(0) >= 20);
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
	while (hits < 5)
		pause();
	CHECK(now_ms() - start >= 95);
	CHECK_OK(getitimer(ITIMER_REAL, &old));
	CHECK_EQ(old.it_interval.tv_usec, 20000);
	memset(&it, 0, sizeof(it));
	CHECK_OK(setitimer(ITIMER_REAL, &it, &old));
	CHECK(old.it_value.tv_usec > 0 && old.it_value.tv_usec <= 20000);
	hits = 0;
	sleep_ms(50);
	CHECK_EQ(hits, 0);
	it.it_value.tv_usec = 1000000;
	CHECK_ERR(setitimer(ITIMER_REAL, &it, NULL), EINVAL);
	CHECK_ERR(setitimer(9, &old, NULL), EINVAL);
}

TEST(sigpipe)
{
	int fds[2];

	CHECK_OK(pipe(fds));
	close(fds[0]);
	CHECK_SIGNAL(SIGPIPE, CHECK_ERR(write(fds[1], "x", 1), 0));
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(write(fds[1], "x", 1), EPIPE);
	catch(SIGPIPE, SA_SIGINFO);
	last_code = 99;
	CHECK_ERR(write(fds[1], "x", 1), EPIPE);
	CHECK_EQ(last_code, SI_USER);		/* from the writer itself */
	CHECK_EQ(last_pid, getpid());
}

/* Not from the writer, though it runs then. */
TEST(alarm_is_from_the_kernel)
{
	catch(SIGALRM, SA_SIGINFO);
	last_code = 99;
	CHECK_OK(ualarm(1000, 0));
	while (!hits)
		sleep_ms(1);
	CHECK_EQ(last_code, SI_KERNEL);
}

/* The frame: registers as they were, changeable, and the FPU's state too. */

static void look_at_frame(int sig, siginfo_t *si, void *p)
{
	ucontext_t *uc = p;

	(void)sig, (void)si;
	hits = uc->uc_mcontext.gregs[REG_R12] == 0x1212121212121212 &&
	       uc->uc_mcontext.fpregs != NULL;
	uc->uc_mcontext.gregs[REG_R12] = 0x3434;
	uc->uc_mcontext.gregs[REG_RIP] += 2;	/* step over ud2 */
}

TEST(registers_in_the_frame)
{
	struct sigaction sa = { .sa_sigaction = look_at_frame, .sa_flags = SA_SIGINFO };
	register unsigned long r12 asm("r12") = 0x1212121212121212;

	sigaction(SIGILL, &sa, NULL);
	asm volatile("ud2" : "+r"(r12) : : "memory");
	CHECK_EQ(hits, 1);
	CHECK_EQ(r12, 0x3434);
}

static void spoil_fpu(int sig)
{
	(void)sig;
	hits++;
	asm volatile("pcmpeqd %%xmm0, %%xmm0; pcmpeqd %%xmm15, %%xmm15; fninit; fldz"
		     : : : "xmm0", "xmm15");
}

TEST(fpu_state_is_put_back)
{
	struct sigaction sa = { .sa_handler = spoil_fpu };
	uint64_t in[2] = { 0x0123456789abcdef, 0xfedcba9876543210 }, a[2], b[2];
	long ret;

	sigaction(SIGUSR1, &sa, NULL);
	asm volatile("movdqu %3, %%xmm0; movdqu %3, %%xmm15; syscall;"
		     "movdqu %%xmm0, %1; movdqu %%xmm15, %2"
		     : "=a"(ret), "=m"(a), "=m"(b)
		     : "m"(in), "0"(SYS_kill), "D"(getpid()), "S"(SIGUSR1)
		     : "rcx", "r11", "xmm0", "xmm15", "memory");
	CHECK_EQ(hits, 1);
	CHECK_EQ(ret, 0);
	CHECK(!memcmp(a, in, 16) && !memcmp(b, in, 16));
}

static void set_xmm(int sig, siginfo_t *si, void *p)
{
	ucontext_t *uc = p;

	(void)sig, (void)si;
	hits++;
	memset((char *)uc->uc_mcontext.fpregs + 160, 0x5a, 16);	/* xmm0 */
}

TEST(handler_may_change_fpu_state)
{
	struct sigaction sa = { .sa_sigaction = set_xmm, .sa_flags = SA_SIGINFO };
	uint64_t in[2] = { 0, 0 }, out[2];
	long ret;

	sigaction(SIGUSR1, &sa, NULL);
	asm volatile("movdqu %2, %%xmm0; syscall; movdqu %%xmm0, %1"
		     : "=a"(ret), "=m"(out)
		     : "m"(in), "0"(SYS_kill), "D"(getpid()), "S"(SIGUSR1)
		     : "rcx", "r11", "xmm0", "memory");
	CHECK_EQ(out[0], 0x5a5a5a5a5a5a5a5a);
}

static void misaligned(int sig)
{
	hits = (unsigned long)__builtin_frame_address(0) % 16 == 0;
	(void)sig;
}

TEST(stack_is_aligned_and_red_zone_kept)
{
	struct sigaction sa = { .sa_handler = misaligned };
	unsigned long out;
	long ret;

	sigaction(SIGUSR1, &sa, NULL);
	asm volatile("movq $0x77, -128(%%rsp); syscall; movq -128(%%rsp), %1"
		     : "=a"(ret), "=r"(out)
		     : "0"(SYS_kill), "D"(getpid()), "S"(SIGUSR1)
		     : "rcx", "r11", "memory");
	CHECK_EQ(hits, 1);
	CHECK_EQ(out, 0x77);
}

TEST(bad_frame_kills)
{
	/* rt_sigreturn with a stack pointer at nothing */
	CHECK_SIGNAL(SIGSEGV, asm volatile("mov $16, %%rsp; mov $15, %%eax; syscall" ::: "memory"));
	/* no room for a frame */
	CHECK_SIGNAL(SIGSEGV,
		catch(SIGUSR1, 0);
		asm volatile("mov $64, %%rsp; syscall" : : "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1) : "memory"));
}

static void evil_frame(int sig, siginfo_t *si, void *p)
{
	ucontext_t *uc = p;

	(void)si;
	if (sig == SIGUSR1)
		uc->uc_mcontext.gregs[REG_RIP] = 0x8000000000000000;	/* sysret's trap */
	else
		uc->uc_mcontext.gregs[REG_CSGSFS] &= ~0xffffL, uc->uc_mcontext.gregs[REG_CSGSFS] |= 0x10;	/* kernel's cs */
	uc->uc_mcontext.gregs[REG_EFL] |= 0x3000;	/* IOPL */
}

TEST(hostile_frame)
{
	struct sigaction sa = { .sa_sigaction = evil_frame, .sa_flags = SA_SIGINFO };
	int st;

	CHECK_SIGNAL(SIGSEGV, sigaction(SIGUSR1, &sa, NULL); raise(SIGUSR1));
	IN_CHILD(st, no_core(); sigaction(SIGUSR2, &sa, NULL); raise(SIGUSR2);
		 asm volatile("cli"); _exit(0));
	CHECK(WIFSIGNALED(st));
}

TEST(storm)
{
	pid_t me = getpid(), pid;
	int st;

	catch(SIGUSR1, 0);
	catch(SIGUSR2, 0);
	pid = fork();
	if (!pid) {
		for (int i = 0; i < 3000; i++)
			kill(me, i & 1 ? SIGUSR1 : SIGUSR2);
		_exit(0);
	}
	while (waitpid(pid, &st, 0) != pid)
		;
	CHECK_EQ(st, 0);
	CHECK(hits >= 2);
}
