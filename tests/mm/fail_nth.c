/*
 * Proves: fork, exec, mmap, pipe, poll, open ... with each allocation failed in turn give an error and leak nothing
 * (M9, P4). Needs the kernel's word fail_nth; without /proc/self/fail-nth, as on most Linux kernels, it tests nothing.
 */
#include "../abi.h"
#include "../processors.h"
#include <poll.h>
#include <sys/mount.h>
#include <sys/select.h>

static const char *self = "/proc/self/exe";


static bool set_fail_nth(int n)
{
	char text[16];
	int fd = open("/proc/self/fail-nth", O_WRONLY);

	if (fd < 0)
		return false;
	CHECK(write(fd, text, sprintf(text, "%d", n)) > 0);
	close(fd);
	return true;
}

/* What is still to come of the countdown; 0: the failure has happened. */
static int get_fail_nth(void)
{
	char text[16] = "";
	int fd = open("/proc/self/fail-nth", O_RDONLY);

	if (fd < 0 || read(fd, text, 15) <= 0)
		return 1;		/* it hit this very look */
	close(fd);
	return atoi(text);
}

/* Each returns 0 when it did all it wanted, else -1 with errno; it undoes what it did. */
static int do_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid < 0 ? -1 : 0;
}

/* The countdown goes on in the new program, which tells what is left of it. */
int exec_main(int argc, char **argv) { return argc > 0 && argv && get_fail_nth() ? 2 : 0; }

static int do_exec(void)
{
	static char *const argv[] = { "fail_nth", "@", NULL }, *const envp[] = { "A=b", NULL };

	return execve(self, argv, envp);
}

static int do_mmap(void)
{
	char *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q;
	int ret = 0;

	if (p == MAP_FAILED)
		return -1;
	ret |= mprotect(p + 8 * PAGE, PAGE, PROT_READ);	/* splits */
	ret |= munmap(p + 16 * PAGE, PAGE);
	q = mremap(p, 8 * PAGE, 128 * PAGE, MREMAP_MAYMOVE);
	if (q == MAP_FAILED)
		ret = -1;
	else
		munmap(q, 128 * PAGE);
	munmap(p, 64 * PAGE);
	return ret;
}

static int do_file(void)
{
	int fd = open("/tmp/fail_nth", O_RDWR | O_CREAT | O_TRUNC, 0600), ret = fd < 0 ? -1 : 0;
	char *p;

	if (!ret) {
		ret |= write(fd, "hello", 5) == 5 ? 0 : -1;
		ret |= pwrite(fd, "x", 1, 1 << 20) == 1 ? 0 : -1;
		p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
		ret |= p == MAP_FAILED ? -1 : munmap(p, PAGE);
		close(fd);
	}
	ret |= mkdir("/tmp/fail_nth.d", 0700) | symlink("to", "/tmp/fail_nth.s");
	ret |= link("/tmp/fail_nth", "/tmp/fail_nth.l") | rename("/tmp/fail_nth.l", "/tmp/fail_nth.m");
	int left = get_fail_nth();

	set_fail_nth(0);
	unlink("/tmp/fail_nth");
	unlink("/tmp/fail_nth.m");
	unlink("/tmp/fail_nth.l");
	unlink("/tmp/fail_nth.s");
	rmdir("/tmp/fail_nth.d");
	set_fail_nth(left);
	return ret;
}

static int do_pipe(void)
{
	static char data[40000];
	int fds[2], ret;

	if (pipe2(fds, O_NONBLOCK))
		return -1;
	ret = write(fds[1], data, sizeof(data)) == (ssize_t)sizeof(data) ? 0 : -1;
	close(fds[0]);
	close(fds[1]);
	return ret;
}

static int do_poll(void)
{
	struct pollfd fds[40];
	struct timeval tv = { 0, 1000 };
	fd_set set;
	int pipefd[2], ret;

	if (pipe(pipefd))
		return -1;
	FD_ZERO(&set);
	FD_SET(pipefd[0], &set);
	for (unsigned i = 0; i < 40; i++)
		fds[i] = (struct pollfd){ pipefd[0], POLLIN, 0 };
	ret = poll(fds, 40, 1) < 0 ? -1 : 0;
	ret |= select(pipefd[0] + 1, &set, NULL, NULL, &tv) < 0 ? -1 : 0;
	close(pipefd[0]);
	close(pipefd[1]);
	return ret;
}

static int do_dup(void)
{
	int ret = dup2(0, 300);		/* a larger fd table */

	close(300);
	return ret < 0 ? -1 : 0;
}

static int do_signal(void)
{
	sigset_t set, old;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	ret = kill(getpid(), SIGUSR1);
	ret |= sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 3 });
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR1, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return ret;
}

static int do_read_names(void)
{
	char buf[300];
	int fd = open("/", O_RDONLY | O_DIRECTORY), ret = fd < 0 ? -1 : 0;

	if (!ret) {
		ret |= syscall(SYS_getdents64, fd, buf, sizeof(buf)) < 0 ? -1 : 0;
		close(fd);
	}
	ret |= readlink(self, buf, sizeof(buf)) < 0 ? -1 : 0;
	ret |= syscall(SYS_getcwd, buf, sizeof(buf)) < 0 ? -1 : 0;
	fd = open("/proc/self/maps", O_RDONLY);
	ret |= fd < 0 || read(fd, buf, sizeof(buf)) < 0 ? -1 : 0;
	close(fd);
	return ret;
}

static int do_mount(void)
{
	int ret = mount("none", "/mnt", "tmpfs", 0, "size=1m");

	if (!ret)
		umount2("/mnt", MNT_DETACH);
	return ret;
}

struct cache {
	char name[32];
	long active;
};

static int read_caches(struct cache *c, int max)
{
	static char text[65536];
	int n = 0, len = 0, got, fd;

	visit_processors();
	fd = open("/proc/slabinfo", O_RDONLY);
	CHECK_OK(fd);
	while ((got = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += got;
	close(fd);
	text[len] = 0;
	for (char *line = strtok(text, "\n"); line && n < max; line = strtok(NULL, "\n"))
		n += sscanf(line, "%31s %ld", c[n].name, &c[n].active) == 2;
	return n;
}

static long free_kib(void)
{
	char text[512] = "";
	int fd = open("/proc/meminfo", O_RDONLY);

	CHECK(fd >= 0 && read(fd, text, 511) > 0);
	close(fd);
	return atol(strstr(text, "MemFree:") + 8);
}

/* The operation in a child with the n-th allocation failing; whether there were that many. */
static bool fail_one(int (*op)(void), int n)
{
	int status;

	IN_CHILD(status,
		set_fail_nth(n);
		int ret = op(), left = get_fail_nth();

		set_fail_nth(0);
		_exit(left || !n ? 2 : ret ? 1 : 0));
	if (WIFSIGNALED(status))
		return true;		/* no memory for a fault, or for the rest of exec */
	CHECK(WEXITSTATUS(status) <= 2);
	return WEXITSTATUS(status) != 2;
}

static void fail_each(int (*op)(void))
{
	static struct cache before[100], after[100];
	int n, caches, i, tries = 0;
	long kib, lost;

	if (!set_fail_nth(0))
		return;
	for (n = 1; n < 300 && fail_one(op, n); n++)	/* caches fill, tables grow */
		;
	if (n == 1)
		return;			/* not turned on */
	caches = read_caches(before, 100);
	kib = free_kib();
	for (n = 1; n < 300 && fail_one(op, n); n++)
		;
	dprintf(1, "# %d allocations\n", n - 1);
	do {			/* what is only late is gone the next time, a leak is not */
		if (tries)
			sleep_ms(300);
		CHECK_EQ(read_caches(after, 100), caches);
		for (i = 0; i < caches && after[i].active <= before[i].active; i++)
			;
		lost = kib - free_kib();
	} while ((i < caches || lost > 128) && ++tries < 5);
	if (i < caches)
		FAIL("%d failures: %s had %ld objects, has %ld", n - 1, before[i].name, before[i].active, after[i].active);
	if (lost > 128)
		FAIL("%d failures: %ld KiB were free, %ld are gone", n - 1, kib, lost);
}

TEST(forks) { fail_each(do_fork); }
TEST(execs) { fail_each(do_exec); }
TEST(mmaps) { fail_each(do_mmap); }
TEST(files) { fail_each(do_file); }
TEST(pipes) { fail_each(do_pipe); }
TEST(polls) { fail_each(do_poll); }
TEST(fd_tables) { fail_each(do_dup); }
TEST(signals) { fail_each(do_signal); }
TEST(names) { fail_each(do_read_names); }
TEST(mounts) { fail_each(do_mount); }
