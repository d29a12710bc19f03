/*
 * leak KIND N: does something N times and proves that nothing stayed behind (tests/snapshot.h).
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../snapshot.h"

#define PAGE 4096

static void do_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid) {
		perror("fork");
		exit(1);
	}
}

static void do_exec(void)
{
	char *argv[] = { "leak", "exit", NULL };
	pid_t pid = fork();
	int status = 1;

	if (!pid) {
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
		printf("# exec: status %#x\n", status);
		exit(1);
	}
}

static void do_killed(void)
{
	pid_t pid = fork();

	if (!pid) {
		char *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		memset(p, 1, 64 * PAGE);
		kill(getpid(), SIGSEGV);
	}
	waitpid(pid, NULL, 0);
}

static void do_files(void)
{
	char buf[3 * PAGE] = { 1 };
	int fds[2], fd = open("/tmp/leak.file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *p = mmap(NULL, sizeof(buf), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (write(fd, buf, sizeof(buf)) != sizeof(buf) || pipe(fds) || write(fds[1], buf, 100) != 100)
		exit(1);
	p[PAGE] = 2;
	mkdir("/tmp/leak.dir", 0700);
	rename("/tmp/leak.file", "/tmp/leak.dir/f");
	symlink("x", "/tmp/leak.dir/l");
	close(fd);
	unlink("/tmp/leak.dir/f");
	unlink("/tmp/leak.dir/l");
	rmdir("/tmp/leak.dir");
	munmap(p, sizeof(buf));
	close(fds[0]);
	close(fds[1]);
	access("/tmp/leak.no.such.name", F_OK);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void do_signals(void)
{
	sigset_t set;

	signal(SIGRTMIN, on_signal);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (!fork()) {		/* dies with signals queued */
		sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 });
		sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 });
		_exit(0);
	}
	wait(NULL);
	sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 });
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static const struct {
	const char *name;
	void (*run)(void);
} kinds[] = {
	{ "fork", do_fork }, { "exec", do_exec }, { "killed", do_killed }, { "files", do_files }, { "signals", do_signals },
};

static int run(void (*fn)(void), long n)
{
	int many = sysconf(_SC_NPROCESSORS_ONLN) > 1;

	setpgid(0, 0);
	fill_caches();
	for (int i = 0; i < 20; i++)	/* lazy things are made */
		fn();
	take_before(many);
	while (n--)
		fn();
	return compare_with_before(many);
}

int main(int argc, char **argv)
{
	if (argc == 2)
		return 0;
	for (size_t i = 0; argc == 3 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(argv[1], kinds[i].name)) {
			int bad = run(kinds[i].run, atol(argv[2]));

			printf("leak %s %s: %s\n", argv[1], argv[2], bad ? "LEAKED" : "nothing left");
			return bad != 0;
		}
	return 2;
}
