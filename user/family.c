/*
 * family: a parent, two children and a grandchild that outlives its parent.
 *
 *	parent -- child 1	sleeps, then exits with 7
 *	      \-- child 2 ------ grandchild: its parent exits at once,
 *	                         and init becomes its parent
 *
 * Run `ps` or `pstree` beside it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *who, const char *what)
{
	printf("%-10s pid %5d  parent %5d  %s\n", who, getpid(), getppid(),
	       what);
	fflush(stdout);
}

static void grandchild(void)
{
	pid_t old_parent = getppid();

	say("grandchild", "starts");
	while (getppid() == old_parent)		/* until it is gone */
		usleep(10000);
	say("grandchild", "is an orphan; init took it in");
	exit(0);
}

static pid_t start_child_1(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	say("child 1", "starts, sleeps a second");
	sleep(1);
	say("child 1", "exits with 7");
	exit(7);
}

static pid_t start_child_2(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	say("child 2", "starts");
	if (fork() == 0)
		grandchild();
	usleep(200000);
	say("child 2", "ends itself with SIGTERM");
	raise(SIGTERM);
	exit(0);
}

static void report(pid_t pid, int status)
{
	char what[80];

	if (WIFEXITED(status))
		snprintf(what, sizeof(what), "waited for %d: exit status %d",
			 pid, WEXITSTATUS(status));
	else
		snprintf(what, sizeof(what), "waited for %d: signal %d",
			 pid, WTERMSIG(status));
	say("parent", what);
}

int main(void)
{
	pid_t pid;
	int status;

	say("parent", "starts");
	start_child_1();
	start_child_2();
	while ((pid = wait(&status)) > 0)
		report(pid, status);
	usleep(100000);			/* let the orphan speak */
	say("parent", "has no more children");
	return 0;
}
