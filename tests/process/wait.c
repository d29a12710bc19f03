/* exit, wait4, waitid: statuses, options, who may be waited for, rusage. */
#include "../abi.h"

static pid_t child_exiting(int status)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid)
		_exit(status);
	return pid;
}

static pid_t child_pausing(void)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid)
		for (;;)
			pause();
	return pid;
}

TEST(exit_status)
{
	int st;

	for (int i = 0; i < 260; i += 51) {
		pid_t pid = child_exiting(i);

		CHECK_EQ(waitpid(pid, &st, 0), pid);
		CHECK(WIFEXITED(st));
		CHECK_EQ(WEXITSTATUS(st), i & 255);
	}
}

TEST(killed)
{
	static const int sigs[] = { SIGKILL, SIGTERM, SIGHUP, SIGUSR1, SIGALRM, SIGPIPE };
	int st;

	for (unsigned i = 0; i < sizeof(sigs) / sizeof(*sigs); i++) {
		pid_t pid = child_pausing();

		CHECK_OK(kill(pid, sigs[i]));
		CHECK_EQ(waitpid(pid, &st, 0), pid);
		CHECK_EQ(st, sigs[i]);
	}
}

TEST(wnohang)
{
	pid_t pid = child_pausing();
	int st = 1234;

	CHECK_EQ(waitpid(pid, &st, WNOHANG), 0);
	CHECK_EQ(st, 1234);
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_ERR(waitpid(pid, &st, WNOHANG), ECHILD);
}

TEST(zombie_until_waited_for)
{
	pid_t pid = child_exiting(3);
	int st;

	wait_state(pid, 'Z');
	CHECK_OK(kill(pid, 0));
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_ERR(kill(pid, 0), ESRCH);
	CHECK_EQ(state_of(pid), 0);
}

/* Who asks for stopped or continued children only does not wait for one that is dead. */
TEST(zombie_is_no_child_to_stop)
{
	pid_t dead = child_exiting(3), alive;
	siginfo_t si;

	wait_state(dead, 'Z');
	CHECK_ERR(waitid(P_PID, dead, &si, WCONTINUED), ECHILD);
	CHECK_ERR(waitid(P_ALL, 0, &si, WSTOPPED | WNOHANG), ECHILD);
	alive = child_pausing();
	CHECK_EQ(waitid(P_ALL, 0, &si, WSTOPPED | WNOHANG), 0);
	kill(alive, SIGSTOP);
	CHECK_EQ(waitid(P_ALL, 0, &si, WSTOPPED), 0);
	CHECK_EQ(si.si_pid, alive);
	kill(alive, SIGKILL);
}

TEST(errors)
{
	int st;

	CHECK_ERR(wait(&st), ECHILD);
	CHECK_ERR(waitpid(1, &st, 0), ECHILD);
	CHECK_ERR(waitpid(getpid(), &st, 0), ECHILD);
	CHECK_ERR(waitpid(-1, &st, 0x1000), EINVAL);
	CHECK_ERR(waitid(P_ALL, 0, NULL, 0), EINVAL);
	child_exiting(0);
	CHECK_ERR(syscall(SYS_wait4, -1, 8, 0, 0), EFAULT);
}

TEST(any_child)
{
	pid_t a = child_exiting(1), b = child_exiting(2), got;
	int st, sum = 0;

	for (int i = 0; i < 2; i++) {
		got = wait(&st);
		CHECK(got == a || got == b);
		sum += WEXITSTATUS(st);
	}
	CHECK_EQ(sum, 3);
}

TEST(by_group)
{
	pid_t a = child_pausing(), b = child_exiting(0);
	int st;

	CHECK_OK(setpgid(a, a));
	CHECK_EQ(waitpid(-a, &st, WNOHANG), 0);
	CHECK_EQ(waitpid(0, &st, 0), b);
	CHECK_ERR(waitpid(0, &st, 0), ECHILD);
	kill(-a, SIGKILL);
	CHECK_EQ(waitpid(-a, &st, 0), a);
}

TEST(stop_and_continue)
{
	pid_t pid = child_pausing();
	int st;

	kill(pid, SIGSTOP);
	CHECK_EQ(waitpid(pid, &st, WUNTRACED), pid);
	CHECK(WIFSTOPPED(st));
	CHECK_EQ(WSTOPSIG(st), SIGSTOP);
	CHECK_EQ(state_of(pid), 'T');
	CHECK_EQ(waitpid(pid, &st, WUNTRACED | WNOHANG), 0);	/* told once */
	kill(pid, SIGCONT);
	CHECK_EQ(waitpid(pid, &st, WCONTINUED), pid);
	CHECK(WIFCONTINUED(st));
	kill(pid, SIGSTOP);
	wait_state(pid, 'T');
	CHECK_EQ(waitpid(pid, &st, WNOHANG), 0);	/* nobody asked */
	kill(pid, SIGKILL);				/* a stopped task dies too */
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(WTERMSIG(st), SIGKILL);
}

TEST(waitid_fills_siginfo)
{
	siginfo_t si = { 0 };
	pid_t pid = child_exiting(9);

	CHECK_OK(waitid(P_PID, pid, &si, WEXITED | WNOWAIT));
	CHECK_EQ(si.si_pid, pid);
	CHECK_EQ(si.si_code, CLD_EXITED);
	CHECK_EQ(si.si_status, 9);
	CHECK_EQ(si.si_signo, SIGCHLD);
	CHECK_EQ(si.si_uid, getuid());
	CHECK_OK(waitid(P_PID, pid, &si, WEXITED));	/* WNOWAIT left it */
	CHECK_ERR(waitid(P_PID, pid, &si, WEXITED), ECHILD);
	pid = child_pausing();
	CHECK_OK(waitid(P_PID, pid, &si, WEXITED | WNOHANG));
	CHECK_EQ(si.si_pid, 0);
	kill(pid, SIGSTOP);
	CHECK_OK(waitid(P_ALL, 0, &si, WSTOPPED));
	CHECK_EQ(si.si_code, CLD_STOPPED);
	CHECK_EQ(si.si_status, SIGSTOP);
	kill(pid, SIGCONT);
	CHECK_OK(waitid(P_PID, pid, &si, WCONTINUED));
	CHECK_EQ(si.si_code, CLD_CONTINUED);
	kill(pid, SIGTERM);
	CHECK_OK(waitid(P_PGID, getpgrp(), &si, WEXITED));
	CHECK_EQ(si.si_code, CLD_KILLED);
	CHECK_EQ(si.si_status, SIGTERM);
}

static volatile int chld_pid, chld_code, chld_status;

static void on_chld(int sig, siginfo_t *si, void *uc)
{
	(void)sig, (void)uc;
	chld_pid = si->si_pid;
	chld_code = si->si_code;
	chld_status = si->si_status;
}

TEST(sigchld)
{
	struct sigaction sa = { .sa_sigaction = on_chld, .sa_flags = SA_SIGINFO };
	pid_t pid;

	sigaction(SIGCHLD, &sa, NULL);
	pid = child_exiting(6);
	while (!chld_pid)
		sleep_ms(1);
	CHECK_EQ(chld_pid, pid);
	CHECK_EQ(chld_code, CLD_EXITED);
	CHECK_EQ(chld_status, 6);
	CHECK_EQ(wait(NULL), pid);
}

TEST(ignored_sigchld_reaps)
{
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	pid = child_exiting(0);
	CHECK_ERR(waitpid(pid, NULL, 0), ECHILD);
	for (int i = 0; i < 4000 && !kill(pid, 0); i++)
		sleep_ms(5);
	CHECK_ERR(kill(pid, 0), ESRCH);
}

TEST(nocldwait_and_nocldstop)
{
	struct sigaction sa = { .sa_sigaction = on_chld,	/* Linux's wait may see the signal before the zombie: SA_RESTART */
				.sa_flags = SA_SIGINFO | SA_NOCLDSTOP | SA_RESTART };
	pid_t pid = child_pausing();

	sigaction(SIGCHLD, &sa, NULL);
	kill(pid, SIGSTOP);
	wait_state(pid, 'T');
	sleep_ms(20);
	CHECK_EQ(chld_pid, 0);
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK_EQ(chld_pid, pid);
	CHECK_EQ(chld_code, CLD_KILLED);
	sa.sa_flags = SA_SIGINFO | SA_NOCLDWAIT | SA_RESTART;
	sigaction(SIGCHLD, &sa, NULL);
	pid = child_exiting(0);
	CHECK_ERR(waitpid(pid, NULL, 0), ECHILD);
}

TEST(wait4_rusage)
{
	struct rusage ru;
	int st;
	pid_t pid = fork();

	if (!pid) {
		struct timespec ts;

		do {
			clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
		} while (ts.tv_nsec < 150000000);
		_exit(0);
	}
	CHECK_EQ(wait4(pid, &st, 0, &ru), pid);
	CHECK(ru.ru_utime.tv_sec * 1000000 + ru.ru_utime.tv_usec +
	      ru.ru_stime.tv_sec * 1000000 + ru.ru_stime.tv_usec >= 100000);
	CHECK(ru.ru_utime.tv_sec < 5);
	CHECK_OK(getrusage(RUSAGE_CHILDREN, &ru));
	CHECK(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec >= 100000 || ru.ru_utime.tv_sec);
}

TEST(interrupted_wait)
{
	struct sigaction sa = { .sa_sigaction = on_chld, .sa_flags = SA_SIGINFO };
	pid_t pid = child_pausing();

	sigaction(SIGUSR1, &sa, NULL);
	signal_when_asleep(SIGUSR1);
	CHECK_ERR(waitpid(pid, NULL, 0), EINTR);
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}
