/*
 * leak KIND N: does something N times and proves that nothing stayed behind: MemFree, AnonPages, Mapped and
 * PageTables of /proc/meminfo and each slab cache's objects in use are the same before and after.
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

#define PAGE 4096

/* What is counted: read without allocating anything, and so that reading itself changes nothing. */
struct snapshot {
	char meminfo[4096], slabinfo[16384];
};

static struct snapshot before, after;

static void read_into(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	while (fd >= 0 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	buf[len] = 0;
	close(fd);
}

static void take(struct snapshot *s)
{
	read_into("/proc/meminfo", s->meminfo, sizeof(s->meminfo));
	read_into("/proc/slabinfo", s->slabinfo, sizeof(s->slabinfo));
}

static long number_after(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	return p ? atol(p + strlen(key)) : -1;
}

static int differ(const char *what, long a, long b)
{
	if (a != b)
		printf("# %s: %ld before, %ld after\n", what, a, b);
	return a != b;
}

/* The number of objects in use of each cache. */
static int compare_slabs(void)
{
	char name[64], *line = before.slabinfo, key[80];
	long used;
	int bad = 0;

	for (; (line = strchr(line, '\n')); ) {
		if (sscanf(++line, "%63s %ld", name, &used) != 2 || name[0] == '#')
			continue;
		snprintf(key, sizeof(key), "\n%s ", name);
		bad += differ(name, used, number_after(after.slabinfo, key));
	}
	return bad;
}

static int compare(void)
{
	static const char *const keys[] = { "MemFree:", "AnonPages:", "PageTables:", "KernelStack:", "Shmem:", "VmallocUsed:" };
	int bad = compare_slabs();

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		bad += differ(keys[i], number_after(before.meminfo, keys[i]), number_after(after.meminfo, keys[i]));
	return bad;
}

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

/* Many at once: the kernel keeps some of their stacks for the next, and must not do so while we count. */
static void fill_caches(void)
{
	for (int i = 0; i < 40; i++)
		if (!fork())
			for (signal(SIGTERM, SIG_DFL);;)
				pause();
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	while (wait(NULL) > 0)
		;
}

static int run(void (*fn)(void), long n)
{
	setpgid(0, 0);
	fill_caches();
	for (int i = 0; i < 20; i++)	/* lazy things are made */
		fn();
	usleep(50000);			/* what is put off is done */
	take(&before);
	take(&after);
	take(&before);
	while (n--)
		fn();
	usleep(50000);
	take(&after);
	return compare();
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
