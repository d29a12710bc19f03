/* T4: when a session leader exits its terminal hangs up: SIGHUP, the open files are dead, a new open is alive. */
#include "../abi.h"
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <termios.h>

static volatile sig_atomic_t hups;
static void on_hup(int sig) { hups += sig == SIGHUP; }

/* A terminal nobody uses: a pty where there are ptys (their slaves are not hung up on Linux), else the screen. */
static const char *some_tty(bool real)
{
	int master = real ? -1 : posix_openpt(O_RDWR | O_NOCTTY);
	struct utsname u;

	if (master >= 0 && !grantpt(master) && !unlockpt(master))
		return ptsname(master);
	uname(&u);
	return !strstr(u.release, "cutaway") || access("/dev/tty1", R_OK | W_OK) ? NULL : "/dev/tty1";
}

static void survivor(int fd, const char *name, int leader_gone)
{
	char c;

	CHECK_EQ(read(leader_gone, &c, 1), 0);		/* its end of the pipe closes when it exits */
	for (int i = 0; i < 2000 && !hups; i++)
		usleep(10000);
	CHECK(hups >= 1);
	CHECK_EQ(read(fd, &c, 1), 0);
	CHECK_ERR(write(fd, "x", 1), EIO);
	CHECK_ERR(tcgetattr(fd, &(struct termios){ 0 }), EIO);
	CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
	fd = open(name, O_RDWR | O_NOCTTY);
	CHECK_OK(fd);
	CHECK_OK(tcgetattr(fd, &(struct termios){ 0 }));
	_exit(0);
}

TEST(hangup_when_the_leader_exits)
{
	const char *name = some_tty(true);
	int alive[2], status;
	pid_t leader;

	if (!name)
		return;
	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	CHECK_OK(pipe(alive));
	leader = fork();
	if (!leader) {
		int fd;

		CHECK_OK(setsid());
		fd = open(name, O_RDWR);
		CHECK_OK(fd);
		CHECK_EQ(tcgetpgrp(fd), getpid());
		signal(SIGHUP, on_hup);
		if (!fork()) {
			close(alive[1]);
			survivor(fd, name, alive[0]);
		}
		_exit(7);
	}
	close(alive[1]);
	CHECK_EQ(waitpid(leader, &status, 0), leader);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	CHECK(wait(&status) > 0);			/* the survivor, ours now */
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(only_a_leader_gets_a_terminal)
{
	const char *name = some_tty(false);
	int status;

	if (!name)
		return;
	if (!fork()) {
		int fd;

		CHECK_OK(setsid());
		fd = open(name, O_RDWR | O_NOCTTY);
		CHECK_OK(fd);
		CHECK_ERR(tcgetpgrp(fd), ENOTTY);
		if (!fork()) {
			CHECK_ERR(ioctl(fd, TIOCSCTTY, 0), EPERM);
			_exit(0);
		}
		wait(&status);
		CHECK_EQ(status, 0);
		CHECK_OK(ioctl(fd, TIOCSCTTY, 0));
		CHECK_EQ(tcgetsid(fd), getpid());
		CHECK_OK(open("/dev/tty", O_RDWR));
		signal(SIGHUP, SIG_IGN);
		_exit(0);
	}
	CHECK(wait(&status) > 0);
	CHECK_EQ(status, 0);
}

/* Giving it up is no hangup: the files live, the foreground group is told. */
TEST(leader_gives_up_its_terminal)
{
	const char *name = some_tty(false);
	int status;

	if (!name)
		return;
	if (!fork()) {
		int fd;

		CHECK_OK(setsid());
		fd = open(name, O_RDWR);
		CHECK_OK(fd);
		signal(SIGHUP, on_hup);
		CHECK_OK(ioctl(fd, TIOCNOTTY));
		CHECK_EQ(hups, 1);
		CHECK_ERR(ioctl(fd, TIOCNOTTY), ENOTTY);
		CHECK_OK(tcgetattr(fd, &(struct termios){ 0 }));
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
		CHECK_OK(ioctl(fd, TIOCSCTTY, 0));
		signal(SIGHUP, SIG_IGN);
		_exit(0);
	}
	CHECK(wait(&status) > 0);
	CHECK_EQ(status, 0);
}
