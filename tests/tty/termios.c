/* The terminal: modes, window size, the controlling terminal, TIOCSTI-free. */
#include "../abi.h"
#include <sys/ioctl.h>
#include <termios.h>

static int tty(void)
{
	int fd = open("/dev/tty", O_RDWR);

	return fd < 0 ? 0 : fd;
}

TEST(get_and_set)
{
	struct termios t, u;
	int fd = tty();

	if (!isatty(fd))
		return;
	CHECK_OK(tcgetattr(fd, &t));
	CHECK(t.c_cc[VINTR] == 3 && t.c_cc[VSUSP] == 26 && t.c_cc[VEOF] == 4);
	u = t;
	u.c_lflag &= ~(ICANON | ECHO);
	u.c_cc[VMIN] = 0;
	u.c_cc[VTIME] = 1;
	signal(SIGTTOU, SIG_IGN);
	CHECK_OK(tcsetattr(fd, TCSANOW, &u));
	CHECK_OK(tcgetattr(fd, &u));
	CHECK(!(u.c_lflag & ICANON) && u.c_cc[VTIME] == 1);
	CHECK_OK(tcsetattr(fd, TCSADRAIN, &t));
	CHECK_ERR(ioctl(fd, TCGETS, 8), EFAULT);
	CHECK_ERR(ioctl(fd, 0x12345, 0), ENOTTY);
}

TEST(raw_read_times_out)
{
	struct termios t, u;
	int fd = tty();
	char c;
	long start = now_ms();

	if (!isatty(fd))
		return;
	signal(SIGTTOU, SIG_IGN);
	CHECK_OK(tcsetpgrp(fd, getpgrp()));
	tcgetattr(fd, &t);
	u = t;
	u.c_lflag &= ~(ICANON | ECHO);
	u.c_cc[VMIN] = 0;
	u.c_cc[VTIME] = 2;
	CHECK_OK(tcsetattr(fd, TCSANOW, &u));
	ssize_t n = read(fd, &c, 1);
	tcsetattr(fd, TCSANOW, &t);
	CHECK_EQ(n, 0);
	CHECK(now_ms() - start >= 150);
}

TEST(window_size)
{
	struct winsize w = { 0 }, old;
	int fd = tty();

	if (!isatty(fd))
		return;
	CHECK_OK(ioctl(fd, TIOCGWINSZ, &old));
	w.ws_row = 33;
	w.ws_col = 77;
	CHECK_OK(ioctl(fd, TIOCSWINSZ, &w));
	w.ws_row = 0;
	CHECK_OK(ioctl(fd, TIOCGWINSZ, &w));
	CHECK(w.ws_row == 33 && w.ws_col == 77);
	CHECK_OK(ioctl(fd, TIOCSWINSZ, &old));
}

TEST(foreground_group)
{
	int fd = tty();

	if (!isatty(fd))
		return;
	signal(SIGTTOU, SIG_IGN);
	CHECK_OK(tcsetpgrp(fd, getpgrp()));
	CHECK_EQ(tcgetpgrp(fd), getpgrp());
	CHECK_ERR(tcsetpgrp(fd, 1 << 20), ESRCH);
}

TEST(background_read_stops)
{
	int fd = tty(), st;
	pid_t pid;

	if (!isatty(fd))
		return;
	signal(SIGTTOU, SIG_IGN);
	CHECK_OK(tcsetpgrp(fd, getpgrp()));
	pid = fork();
	if (!pid) {
		char c;

		setpgid(0, 0);
		signal(SIGTTIN, SIG_DFL);
		CHECK(read(fd, &c, 1) < 0);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &st, WUNTRACED), pid);
	CHECK(WIFSTOPPED(st));
	CHECK_EQ(WSTOPSIG(st), SIGTTIN);
	kill(pid, SIGKILL);
	waitpid(pid, &st, 0);
}

TEST(background_write_may_stop)
{
	struct termios t, u;
	int fd = tty(), st;
	pid_t pid;

	if (!isatty(fd))
		return;
	signal(SIGTTOU, SIG_IGN);
	CHECK_OK(tcsetpgrp(fd, getpgrp()));
	tcgetattr(fd, &t);
	for (int tostop = 0; tostop < 2; tostop++) {
		u = t;
		u.c_lflag = tostop ? t.c_lflag | TOSTOP : t.c_lflag & ~TOSTOP;
		CHECK_OK(tcsetattr(fd, TCSANOW, &u));
		pid = fork();
		if (!pid) {
			setpgid(0, 0);
			signal(SIGTTOU, SIG_DFL);
			_exit(write(fd, "", 1) == 1 ? 0 : 1);
		}
		CHECK_EQ(waitpid(pid, &st, WUNTRACED), pid);
		if (tostop)
			CHECK(WIFSTOPPED(st) && WSTOPSIG(st) == SIGTTOU);
		else
			CHECK_EQ(st, 0);
		kill(pid, SIGKILL);
		if (tostop)
			waitpid(pid, &st, 0);
	}
	tcsetattr(fd, TCSANOW, &t);
}

TEST(background_tcsetattr_stops)
{
	int fd = tty(), st;
	pid_t pid;

	if (!isatty(fd))
		return;
	signal(SIGTTOU, SIG_IGN);
	CHECK_OK(tcsetpgrp(fd, getpgrp()));
	pid = fork();
	if (!pid) {
		struct termios t;

		setpgid(0, 0);
		signal(SIGTTOU, SIG_DFL);
		tcgetattr(fd, &t);
		tcsetattr(fd, TCSANOW, &t);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &st, WUNTRACED), pid);
	CHECK(WIFSTOPPED(st) && WSTOPSIG(st) == SIGTTOU);
	kill(pid, SIGKILL);
	waitpid(pid, &st, 0);
}

TEST(tty_name_in_stat)
{
	int tty_nr = -1;

	if (!isatty(tty()))
		return;
	CHECK_EQ(sscanf(strrchr(read_file("/proc/self/stat"), ')'), ") %*c %*d %*d %*d %d", &tty_nr), 1);
	CHECK(tty_nr > 0);
}
