/* Sessions and process groups: setsid, setpgid, their rules, orphaned groups. */
#include "../abi.h"
#include <termios.h>

TEST(ids)
{
	CHECK_EQ(getpgrp(), getpgid(0));
	CHECK_EQ(getpgid(getpid()), getpid());	/* the frame made us a leader */
	CHECK_EQ(getsid(0), getsid(getpid()));
	CHECK_ERR(getpgid(999999), ESRCH);
	CHECK_ERR(getsid(999999), ESRCH);
}

TEST(setsid_rules)
{
	CHECK_ERR(setsid(), EPERM);		/* a group leader may not */
	CHECK_CHILD(
		CHECK_EQ(setsid(), getpid());
		CHECK_EQ(getpgrp(), getpid());
		CHECK_EQ(getsid(0), getpid());
		CHECK_ERR(setsid(), EPERM);
		CHECK_ERR(setpgid(0, 0), EPERM);	/* a session leader may not */
		CHECK(open("/dev/tty", O_RDWR) < 0 && errno == ENXIO));
}

TEST(setpgid_rules)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	CHECK_EQ(getpgid(pid), getpgrp());
	CHECK_OK(setpgid(pid, pid));
	CHECK_EQ(getpgid(pid), pid);
	CHECK_OK(setpgid(pid, getpgrp()));
	CHECK_EQ(getpgid(pid), getpgrp());
	CHECK_ERR(setpgid(pid, 1), EPERM);	/* another session's group */
	CHECK_ERR(setpgid(1, 1), ESRCH);	/* not our child */
	CHECK_ERR(setpgid(0, -1), EINVAL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST(not_after_exec)
{
	int fds[2];
	char c;
	pid_t pid;

	CHECK_OK(pipe2(fds, O_CLOEXEC));
	pid = fork();
	if (!pid) {
		execl("/bin/busybox", "sleep", "30", NULL);
		_exit(1);
	}
	close(fds[1]);
	CHECK_EQ(read(fds[0], &c, 1), 0);	/* closed by exec */
	CHECK_ERR(setpgid(pid, pid), EACCES);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST(kill_a_group)
{
	pid_t a = fork(), b;
	int st;

	if (!a)
		for (;;)
			pause();
	setpgid(a, a);
	b = fork();
	if (!b)
		for (;;)
			pause();
	setpgid(b, a);
	CHECK_OK(kill(-a, SIGUSR1));
	CHECK(waitpid(-a, &st, 0) > 0);
	CHECK_EQ(st, SIGUSR1);
	CHECK(waitpid(-a, &st, 0) > 0);
	CHECK_ERR(kill(-a, 0), ESRCH);
}

/*
 * A group whose last link to its session dies while a member is stopped
 * gets SIGHUP and SIGCONT.
 */
TEST(orphaned_stopped_group_is_hung_up)
{
	volatile int *got = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t mid = fork();
	char state;

	if (!mid) {
		pid_t low = fork();

		if (!low) {
			setpgid(0, 0);
			*got = getpid();
			kill(getpid(), SIGSTOP);
			*got = -1;	/* not reached: SIGHUP kills */
			_exit(0);
		}
		while (state_of(low) != 'T')
			sleep_ms(5);
		_exit(0);
	}
	waitpid(mid, NULL, 0);
	/* Asked once a turn: init may take the zombie away at any time. */
	for (int i = 0; (state = state_of(*got)) && state != 'Z' && i < 2000; i++)
		sleep_ms(5);
	CHECK(!state || state == 'Z');
	CHECK(*got > 0);
}
