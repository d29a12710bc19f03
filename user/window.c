/*
 * window: runs a command and shows the host what the kernel did.
 *
 *	window trace CMD	with all trace events on; then the text of
 *				/sys/kernel/tracing/trace
 *	window picture CMD	a frame (address spaces and page tables of
 *				the command's processes) at each line that
 *				it prints
 *
 * It is the guest's half of `make trace` and `make picture`
 * (tools/guest.py).  A serial line is slow, so what is to be seen goes
 * through memory: we tell in which frames our buffer lies, fill it, print
 * "@@chunk N" and wait for a line, while the host reads the machine's RAM.
 *
 * Frames are exact, not sampled: the command's output is a pipe, and we
 * are a real-time task that waits for it.  The write wakes us, and we run
 * before it returns; so on one CPU everything stands still while we look.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096
#define BUFFER		(1024 * 1024)
#define FILM		(64 * BUFFER)	/* taken before the run: it shall not show */
#define TRACING		"/sys/kernel/tracing/"
#define MAX_FAMILY	64
#define MAX_FRAMES	60
#define LOOK_MS		10	/* how often to look for forks and exits */

static char *buffer;		/* the host reads it */
static size_t filled;

static void die(const char *what)
{
	printf("@@error %s\n", what);
	exit(1);
}

/* ---- to the host ---- */

static void open_channel(void)
{
	struct termios t;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (!tcgetattr(0, &t)) {
		t.c_lflag &= ~ECHO;
		tcsetattr(0, TCSANOW, &t);
	}
	buffer = mmap(NULL, BUFFER, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	memset(buffer, 0, BUFFER);
	printf("@@buffer");
	for (size_t off = 0; off < BUFFER; off += PAGE) {
		uint64_t e = 0;

		if (pread(fd, &e, 8, ((uintptr_t)buffer + off) / PAGE * 8) != 8)
			die("cannot read /proc/self/pagemap");
		printf(" %lx", e & ((1UL << 55) - 1));
	}
	printf("\n");
	close(fd);
}

static void flush_channel(void)
{
	char line[16];

	printf("@@chunk %zu\n", filled);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(1);
	filled = 0;
}

static void send(const char *data, size_t len)
{
	for (size_t part; len; data += part, len -= part) {
		part = len < BUFFER - filled ? len : BUFFER - filled;
		memcpy(buffer + filled, data, part);
		filled += part;
		if (filled == BUFFER)
			flush_channel();
	}
}

static void send_file(const char *path)
{
	static char part[65536];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		die(path);
	while ((n = read(fd, part, sizeof(part))) > 0)
		send(part, n);
	close(fd);
}

static void finish(int status)
{
	flush_channel();
	printf("@@status %d\n", WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	fflush(stdout);
}

/* The command by the shell; out: its output, or -1 for ours. */
static pid_t start(const char *command, int out)
{
	pid_t pid;

	printf("@@run\n");
	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	if (out >= 0) {
		dup2(out, 1);
		dup2(out, 2);
	}
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

/* ---- trace ---- */

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC), n = -1;

	if (fd >= 0) {
		n = write(fd, text, strlen(text));
		close(fd);
	}
	return n > 0;
}

static int trace(const char *command)
{
	const char *size = getenv("TRACE_KB"), *events = getenv("TRACE_EVENTS");
	int status;

	if (access(TRACING "trace", R_OK))
		mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	if (access(TRACING "trace", R_OK))
		die("this kernel has no " TRACING "trace");
	write_file(TRACING "tracing_on", "0");
	if (size && !write_file(TRACING "buffer_size_kb", size))
		die("no memory for so large a buffer: more MEM, or less BUFFER");
	if (!write_file(TRACING "set_event", events ? events : "*:*"))
		die("set_event refuses these EVENTS");
	write_file(TRACING "trace", "");
	write_file(TRACING "tracing_on", "1");
	waitpid(start(command, -1), &status, 0);
	write_file(TRACING "tracing_on", "0");
	write_file(TRACING "set_event", "");
	open_channel();
	send_file(TRACING "trace");
	finish(status);
	return 0;
}

/* ---- picture ---- */

struct process {
	int pid, ppid;
	char comm[20];
};
static struct process family[MAX_FAMILY];
static int nr_family, nr_frames;
static FILE *film, *said;	/* in memory: all frames; what was printed */
static long last_family;

static long frame_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* pid's parent and name, if it still has memory. */
static int look_at(int pid, struct process *p)
{
	char path[40], line[512], *end;
	unsigned long vsize = 0;
	int fd, n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);
	close(fd);
	line[n > 0 ? n : 0] = 0;
	end = strrchr(line, ')');
	p->pid = pid;
	if (!end || sscanf(line, "%*d (%15[^)]", p->comm) != 1)
		return 0;
	sscanf(end + 1, " %*c %d%*[^\n]", &p->ppid);
	sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %*u %lu", &vsize);
	return vsize > 0;
}

/* All descendants of ours; a number that changes when they do. */
static long find_family(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;
	struct process p;
	long sum = 0;

	nr_family = 0;
	while (dir && (d = readdir(dir)) && nr_family < MAX_FAMILY) {
		int pid = atoi(d->d_name), ours = 0;

		if (!pid || !look_at(pid, &p))
			continue;
		ours = p.ppid == getpid();
		for (int i = 0; i < nr_family; i++)	/* PIDs come in order */
			ours |= p.ppid == family[i].pid;
		if (!ours)
			continue;
		family[nr_family++] = p;
		for (char *c = p.comm; *c; c++)
			sum = sum * 31 + *c;
		sum = sum * 31 + pid;
	}
	closedir(dir);
	return sum;
}

static void film_file(int pid, const char *name)
{
	char path[40], part[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return;
	fprintf(film, "@file %s\n", name);
	while ((n = read(fd, part, sizeof(part))) > 0)
		fwrite(part, 1, n, film);
	close(fd);
}

/* Everything that the command's processes have in memory, now. */
static void take_frame(const char *label)
{
	if (!nr_family || nr_frames == MAX_FRAMES || ftell(film) > FILM * 3 / 4)
		return;
	nr_frames++;
	fprintf(film, "@frame %ld %.*s\n", frame_ms(), (int)strcspn(label, "\r\n"), label);
	for (int i = 0; i < nr_family; i++) {
		fprintf(film, "@process %d %d %s\n", family[i].pid, family[i].ppid, family[i].comm);
		film_file(family[i].pid, "maps");
		film_file(family[i].pid, "pagetables");
	}
}

/* The last line of what was printed just now. */
static const char *last_line(char *text)
{
	char *line;

	text[strcspn(text, "\r")] = 0;
	while (*text && text[strlen(text) - 1] == '\n')
		text[strlen(text) - 1] = 0;
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

static void watch(int in)
{
	struct pollfd p = { .fd = in, .events = POLLIN };
	char text[4096];

	for (;;) {
		int ready = poll(&p, 1, LOOK_MS);
		long now = find_family();

		if (ready > 0) {
			ssize_t n = read(in, text, sizeof(text) - 1);

			if (n <= 0)
				return;
			text[n] = 0;
			fputs(text, said);	/* the console would make us wait */
			take_frame(last_line(text));
		} else if (now != last_family) {
			take_frame("");
		}
		last_family = now;
	}
}

static int picture(const char *command)
{
	char *data = mmap(NULL, FILM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0), *text;
	size_t len, text_len;
	int ends[2], status;
	pid_t pid;

	film = data == MAP_FAILED ? NULL : fmemopen(data, FILM, "w");
	said = open_memstream(&text, &text_len);
	if (!film || !said || pipe(ends))
		die("no memory");
	if (access("/proc/self/pagetables", R_OK))
		die("this kernel has no /proc/PID/pagetables");
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	pid = start(command, ends[1]);
	close(ends[1]);
	/* by number: musl's function only says ENOSYS */
	if (syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &(int){ 50 }))
		die("cannot become a real-time task");
	watch(ends[0]);
	waitpid(pid, &status, 0);
	fflush(film);
	len = ftell(film);
	fclose(said);
	fputs(text, stdout);
	open_channel();
	send(data, len);
	finish(status);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "trace"))
		return trace(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "picture"))
		return picture(argv[2]);
	fprintf(stderr, "usage: window trace|picture COMMAND\n");
	return 2;
}
