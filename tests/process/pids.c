/*
 * Proves: P1, a number is taken exactly while a process, a group or a
 * session has it.  With few numbers, each that does not come back is missed
 * soon.  Linux would share the small pid_max with the whole machine: there
 * only the first test runs.
 */
#include "../abi.h"
#include <sys/prctl.h>
#include <sys/utsname.h>

/* A leads a session and is reaped; B, in its group, lives on; B ends and is reaped.  A's number, or -1. */
static pid_t leader_before_member(void)
{
	int hold[2];
	pid_t a;
	char c;

	prctl(PR_SET_CHILD_SUBREAPER, 1);	/* B comes to us: init may be slow to reap, and its number is taken until then */
	if (pipe(hold))
		return -1;
	a = fork();
	if (!a) {
		setsid();
		if (!fork()) {
			close(hold[1]);
			read(hold[0], &c, 1);	/* until the test closes its end */
		}
		_exit(0);
	}
	close(hold[0]);
	if (a > 0)
		waitpid(a, NULL, 0);
	if (a > 0 && kill(-a, 0))		/* B keeps the group */
		a = -1;
	close(hold[1]);
	while (wait(NULL) > 0)			/* B is gone */
		;
	return a;
}

TEST(a_group_outlives_its_leader)
{
	CHECK(leader_before_member() > 0);
}

TEST(numbers_come_back)
{
	struct utsname u;
	int fd;

	uname(&u);
	if (!strstr(u.release, "cutaway"))
		return;
	fd = open("/proc/sys/kernel/pid_max", O_WRONLY);
	CHECK(fd >= 0 && write(fd, "400", 3) == 3);
	for (int i = 0; i < 600; i++)
		CHECK(leader_before_member() > 0);
	CHECK(pwrite(fd, "32768", 5, 0) == 5);
}
