/*
 * init: the first program, PID 1.
 *
 *	kernel --exec--> /init --fork--> /bin/sh -l   on every console
 *	                   |                  exits -> started again
 *	                   +-- reaps every orphan of the system
 *	                   +-- SIGTERM reboot, SIGINT (ctrl-alt-del) too, SIGUSR1 halt, SIGUSR2 power off
 *
 * The signals are those that busybox's reboot, halt and poweroff send to
 * PID 1.  With CUTAWAY_RUN=CMD on the kernel's command line (a word the
 * kernel does not know becomes our environment) it runs CMD by the shell in
 * place of the login shells, prints how it ended, and powers off: that is
 * how tests drive a boot.
 *
 * Nothing here is special to Cutaway: it runs as /init on Linux too.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONSOLES	8
#define GRACE_MS	500	/* between SIGTERM and SIGKILL at the end */

struct console {
	char path[32];
	pid_t shell;
	time_t started;
};

static struct console consoles[MAX_CONSOLES];
static int nr_consoles;
static volatile sig_atomic_t shutdown_signal;

static void on_signal(int sig)
{
	shutdown_signal = sig;
}

static void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* A failure is no news: the kernel may have mounted it, or lack it. */
static void mount_one(const char *type, const char *dir, unsigned long flags)
{
	mkdir(dir, 0755);
	mount(type, dir, type, flags, NULL);
}

/* Names that shells and scripts expect and devtmpfs does not make. */
static const char *const dev_links[][2] = {
	{ "/proc/self/fd", "/dev/fd" },
	{ "/proc/self/fd/0", "/dev/stdin" },
	{ "/proc/self/fd/1", "/dev/stdout" },
	{ "/proc/self/fd/2", "/dev/stderr" },
};

static void mount_all(void)
{
	mount_one("devtmpfs", "/dev", MS_NOSUID);
	mount_one("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC);
	mount_one("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC);
	mount_one("tracefs", "/sys/kernel/tracing", MS_NOSUID | MS_NODEV | MS_NOEXEC);
	mount_one("tmpfs", "/tmp", MS_NOSUID | MS_NODEV);
	chmod("/tmp", 01777);
	for (size_t i = 0; i < sizeof(dev_links) / sizeof(dev_links[0]); i++)
		symlink(dev_links[i][0], dev_links[i][1]);
}

/* The kernel gave us /dev/console if it could; make sure of 0, 1 and 2. */
static void open_console(const char *path)
{
	int fd = open(path, O_RDWR);

	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

static void add_console(const char *name)
{
	struct console *con = &consoles[nr_consoles];

	if (nr_consoles == MAX_CONSOLES)
		return;
	/* tty0 is "the screen in front"; a login belongs to a real one */
	if (!strcmp(name, "tty0"))
		name = access("/dev/tty1", F_OK) ? "tty0" : "tty1";
	snprintf(con->path, sizeof(con->path), "/dev/%s", name);
	int fd = open(con->path, O_RDWR | O_NOCTTY | O_CLOEXEC);	/* a node alone is no terminal: there may be no screen */

	if (fd < 0)
		return;
	close(fd);
	for (int i = 0; i < nr_consoles; i++)
		if (!strcmp(consoles[i].path, con->path))
			return;
	nr_consoles++;
}

/* Every console=NAME[,options] of the command line; else /dev/console. */
static void find_consoles(void)
{
	char line[4096], *word, *save;
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);

	if (fd >= 0)
		close(fd);
	line[len > 0 ? len : 0] = 0;
	for (word = strtok_r(line, " \t\n", &save); word;
	     word = strtok_r(NULL, " \t\n", &save)) {
		if (strncmp(word, "console=", 8))
			continue;
		word[8 + strcspn(word + 8, ",")] = 0;
		add_console(word + 8);
	}
	if (!nr_consoles)
		add_console("console");
}

/* In the child: give it the console as its controlling terminal. */
static void become_session(const char *path)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	open_console(path);
	ioctl(0, TIOCSCTTY, 1);
	tcsetpgrp(0, getpid());
	if (chdir("/root"))
		chdir("/");
}

static void banner(void)
{
	struct utsname u;

	uname(&u);
	printf("\n\033[1;36mCutaway\033[0m: %s %s on %s. "
	       "Try \033[1msegments\033[0m, \033[1mfamily\033[0m, "
	       "\033[1mcow\033[0m, \033[1mps\033[0m; "
	       "\033[1mpoweroff\033[0m ends it.\n\n",
	       u.sysname, u.release, u.machine);
	fflush(stdout);
}

static pid_t start_shell(const char *path, bool first)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	become_session(path);
	if (first)
		banner();
	execl("/bin/sh", "-sh", NULL);	/* a '-' in front: a login shell */
	dprintf(2, "init: /bin/sh: %s\n", strerror(errno));
	_exit(127);
}

static void keep_shell(struct console *con)
{
	time_t now = time(NULL);

	/* A shell that can't start must not eat the machine. */
	if (con->started && now - con->started < 1)
		sleep_ms(1000);
	con->shell = start_shell(con->path, !con->started);
	con->started = now;
	if (con->shell < 0)
		con->shell = 0;
}

/* Ends every process but us, politely at first, and reaps it. */
static void end_all(void)
{
	kill(-1, SIGTERM);
	kill(-1, SIGHUP);
	kill(-1, SIGCONT);
	for (int ms = 0; ms < GRACE_MS; ms += 10) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (kill(-1, 0) && errno == ESRCH)
			return;
		sleep_ms(10);
	}
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void power_down(int sig)
{
	int how = sig == SIGTERM || sig == SIGINT ? RB_AUTOBOOT :
		  sig == SIGUSR1 ? RB_HALT_SYSTEM : RB_POWER_OFF;

	printf("\ninit: the system is going down\n");
	fflush(stdout);
	end_all();
	sync();
	reboot(how);
	for (;;)
		pause();
}

static void run_and_power_off(const char *cmd)
{
	int status = 0;
	pid_t pid = fork(), got;

	if (!pid) {
		become_session("/dev/console");
		execl("/bin/sh", "sh", "-c", cmd, NULL);
		_exit(127);
	}
	while ((got = wait(&status)) != pid && !shutdown_signal)
		if (got < 0 && errno != EINTR)
			break;
	if (WIFSIGNALED(status))
		printf("init: CUTAWAY_RUN: signal %d\n", WTERMSIG(status));
	else
		printf("init: CUTAWAY_RUN: status %d\n", WEXITSTATUS(status));
	power_down(SIGUSR2);
}

static void set_up(void)
{
	static const int handled[] = { SIGTERM, SIGINT, SIGUSR1, SIGUSR2 };
	struct sigaction sa = { .sa_handler = on_signal };

	mount_all();
	open_console("/dev/console");
	for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		sigaction(handled[i], &sa, NULL);
	reboot(RB_DISABLE_CAD);		/* ctrl-alt-del becomes our SIGINT */
	sethostname("cutaway", 7);
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("USER", "root", 1);
	setenv("TERM", "linux", 0);
	chdir("/");
}

int main(void)
{
	if (getpid() != 1) {
		fprintf(stderr, "init: must be process 1\n");
		return 1;
	}
	set_up();
	if (getenv("CUTAWAY_RUN"))
		run_and_power_off(getenv("CUTAWAY_RUN"));
	find_consoles();
	for (;;) {
		pid_t pid;

		for (int i = 0; i < nr_consoles; i++)
			if (!consoles[i].shell)
				keep_shell(&consoles[i]);
		pid = wait(NULL);	/* a shell, an orphan, or EINTR */
		if (shutdown_signal)
			power_down(shutdown_signal);
		for (int i = 0; i < nr_consoles; i++)
			if (consoles[i].shell == pid)
				consoles[i].shell = 0;
	}
}
