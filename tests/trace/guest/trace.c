/* Tracing: each event is seen with its right contents; the files answer as Linux's tracefs; nothing leaks. Root, tracefs mounted. */
#include "../../abi.h"
#include "../../processors.h"
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/statfs.h>

#define T "/sys/kernel/tracing/"
#define BIG (8 << 20)
static char *text;

static void put(const char *name, const char *value, int flags)
{
	int fd = open(name, O_WRONLY | flags);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, value, strlen(value)), strlen(value));
	close(fd);
}

static void trace_start(const char *events)
{
	put(T "tracing_on", "0", 0);
	put(T "buffer_size_kb", "1024", 0);
	put(T "set_event", events, O_TRUNC);
	put(T "trace", "", O_TRUNC);
	put(T "tracing_on", "1", 0);
}

static void read_trace(void)
{
	size_t len = 0;
	ssize_t n;
	int fd;

	if (!text)
		text = mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fd = open(T "trace", O_RDONLY);
	while ((n = read(fd, text + len, BIG - 1 - len)) > 0)
		len += n;
	text[len] = 0;
	close(fd);
}

/* Stops and reads it all into text. */
static void trace_stop(void)
{
	put(T "tracing_on", "0", 0);
	put(T "set_event", "", O_TRUNC);
	read_trace();
	put(T "tracing_on", "1", 0);
}

/* The first line at or after *from of this task (0: any) with this text; NULL. */
static char *find_from(char *from, pid_t pid, const char *what)
{
	static char line[2048];
	char who[20];

	snprintf(who, sizeof(who), "-%d ", pid);
	for (char *s = from, *end; *s; s = end + 1) {
		end = strchr(s, '\n');
		if (!end)
			break;
		snprintf(line, sizeof(line), "%.*s", (int)(end - s), s);
		if (line[0] != '#' && strstr(line, what) && (!pid || strstr(line, who)))
			return line;
	}
	return NULL;
}
static char *find(pid_t pid, const char *what) { return find_from(text, pid, what); }

/* Until it is in the trace: what a task does last, it does after others know. */
#define AWAIT(pid, ...)							\
	do {								\
		char want_[256];					\
		snprintf(want_, sizeof(want_), __VA_ARGS__);		\
		for (int i_ = 0; i_ < 1000; i_++, sleep_ms(10)) {	\
			read_trace();					\
			if (find(pid, want_))				\
				break;					\
		}							\
	} while (0)
#define SEEN(pid, ...)							\
	({								\
		char want_[256];					\
		snprintf(want_, sizeof(want_), __VA_ARGS__);		\
		char *got_ = find(pid, want_);				\
		if (!got_)						\
			FAIL("not in the trace: %s", want_);		\
		strstr(got_, want_);					\
	})

TEST(nothing_yet)
{
	CHECK(!*read_file(T "set_event"));
	CHECK(!strcmp(read_file(T "buffer_size_kb"), "7 (expanded: 1408)\n"));	/* no ring so far */
	CHECK(strstr(read_file(T "trace"), "entries-written: 0/0"));
	put(T "trace_marker", "first", 0);
	CHECK(!strcmp(read_file(T "buffer_size_kb"), "1408\n"));
	CHECK(strstr(read_file(T "trace"), "tracing_mark_write: first\n"));
	CHECK(!*read_file(T "set_event"));
}

TEST(syscalls)
{
	trace_start("syscalls:*");
	int fd = open("/etc/no such", O_RDONLY | O_LARGEFILE);
	write(-1, "a\n\"b", 4);
	write(1, "", 0);
	syscall(500, 1);
	open((char *)8, O_RDONLY);
	mkdirat(-100, "0123456789012345678901234567890123456789012345678901234567890123456789", 0700);
	int32_t pid32;
	__asm__ volatile("int $0x80" : "=a"(pid32) : "0"(20) : "r8", "r9", "r10", "r11", "memory");
	trace_stop();
	CHECK_EQ(fd, -1);
	CHECK_EQ(pid32, getpid());
	SEEN(getpid(), "sys_open(filename: \"/etc/no such\", flags: 0x8000, mode: 0");
	SEEN(getpid(), "sys_open -> 0xfffffffffffffffe");
	SEEN(getpid(), "sys_write(fd: -1, buf: \"a\\n\\042b\", count: 4)");
	SEEN(getpid(), "sys_write -> 0xfffffffffffffff7");
	SEEN(getpid(), "sys_500()");
	SEEN(getpid(), "sys_500 -> 0xffffffffffffffda");
	SEEN(getpid(), "sys_open(filename: 0x8,");
	SEEN(getpid(), "sys_mkdirat(dfd: AT_FDCWD, pathname: \"012345678901234567890123456789012345678901234567890123456789012\"..., mode: 0700)");
	SEEN(getpid(), "sys_getpid()");
	SEEN(getpid(), "sys_getpid -> 0x%x", getpid());
	rmdir("0123456789012345678901234567890123456789012345678901234567890123456789");
}

TEST(switch_and_wakeup)
{
	int p[2];
	unsigned long vruntime, first = 1, all = ~0UL;

	CHECK_OK(pipe(p));
	CHECK_OK(sched_setaffinity(0, sizeof(first), (void *)&first));	/* the child too: target_cpu is known */
	trace_start("sched:*");
	pid_t child = fork();
	if (!child) {
		char c;
		read(p[0], &c, 1);
		_exit(0);
	}
	AWAIT(child, "prev_pid=%d prev_prio=120 prev_state=S", child);
	write(p[1], "x", 1);
	waitpid(child, NULL, 0);
	AWAIT(child, "prev_pid=%d prev_prio=120 prev_state=X", child);
	trace_stop();
	CHECK_OK(sched_setaffinity(0, sizeof(all), (void *)&all));
	SEEN(getpid(), "sched_process_fork: comm=trace pid=%d child_comm=trace child_pid=%d", getpid(), child);
	SEEN(getpid(), "sched_wakeup_new: comm=trace pid=%d prio=120 target_cpu=000", child);
	SEEN(getpid(), "sched_wakeup: comm=trace pid=%d prio=120 target_cpu=000", child);
	SEEN(child, "sched_switch: prev_comm=trace prev_pid=%d prev_prio=120 prev_state=S ==> next_comm=", child);
	SEEN(child, "sched_switch: prev_comm=trace prev_pid=%d prev_prio=120 prev_state=X ==> next_comm=", child);
	SEEN(0, "next_comm=trace next_pid=%d next_prio=120", child);
	CHECK_EQ(sscanf(strstr(SEEN(0, "sched_stat_runtime: comm=trace pid=%d runtime=", child), "vruntime="), "vruntime=%lu [ns]", &vruntime), 1);
	CHECK(vruntime > 0);
	SEEN(getpid(), "sched_enqueue: comm=trace pid=%d weight=1024 vruntime=", child);
	SEEN(child, "sched_process_exit: comm=trace pid=%d prio=120", child);
}

TEST(exec)
{
	trace_start("sched:sched_process_exec");
	pid_t child = fork();
	if (!child) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	waitpid(child, NULL, 0);
	trace_stop();
	SEEN(child, "sched_process_exec: filename=/bin/true pid=%d old_pid=%d", child, child);
}

TEST(faults_and_pages)
{
	unsigned long pfn;
	char want[80];

	trace_start("exceptions:* kmem:*");
	char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	page[5] = 1;
	int fd = open("/dev/zero", O_RDONLY);
	CHECK_EQ(read(fd, page + PAGE, 1), 1);
	munmap(page, 2 * PAGE);
	trace_stop();
	SEEN(getpid(), "page_fault_user: address=0x%lx ip=0x", (long)page + 5);
	char *ip = strstr(SEEN(getpid(), "page_fault_kernel: address=0x%lx ip=", (long)page + PAGE), "ip=");
	CHECK(ip[3] >= 'a' && ip[3] <= 'z');	/* a function's name */
	CHECK(strstr(ip, "error_code=0x2"));
	/* The page that the first fault took is the one that munmap gave back. */
	snprintf(want, sizeof(want), "page_fault_user: address=0x%lx", (long)page + 5);
	char *line = find_from(strstr(text, want), getpid(), "mm_page_alloc: page=ffff");
	CHECK(line);
	CHECK_EQ(sscanf(strstr(line, "pfn="), "pfn=0x%lx order=0 migratetype=0 gfp_flags=0x", &pfn), 1);
	snprintf(want, sizeof(want), " pfn=0x%lx order=0\n", pfn);
	char *freed = strstr(strstr(text, line), want);
	CHECK(freed);
	while (freed[-1] != '\n')
		freed--;
	CHECK(strstr(freed, "mm_page_free: page=ffff") < strchr(freed, '\n'));
}

TEST(copy_on_write)
{
	unsigned long old, new;
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), want[60];

	page[0] = 1;
	trace_start("cow");
	pid_t child = fork();
	if (!child) {
		page[0] = 2;
		_exit(0);
	}
	waitpid(child, NULL, 0);
	page[0] = 3;
	trace_stop();
	snprintf(want, sizeof(want), "cow: address=%p ", page);
	CHECK(find(child, want));
	CHECK_EQ(sscanf(strstr(find(child, want), "old_pfn"), "old_pfn=%lx new_pfn=%lx", &old, &new), 2);
	CHECK(old != new);
	CHECK(find(getpid(), want));
	CHECK_EQ(sscanf(strstr(find(getpid(), want), "old_pfn"), "old_pfn=%lx new_pfn=%lx (last sharer)", &old, &new), 2);
	CHECK_EQ(old, new);
}

static void handler(int sig)
{
	(void)sig;
}

TEST(signals)
{
	signal(SIGUSR1, handler);
	signal(SIGCHLD, handler);	/* ignored, it would not be sent */
	trace_start("signal:*");
	kill(getpid(), SIGUSR1);
	pid_t child = fork();
	if (!child)
		for (;;)
			pause();
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	trace_stop();
	SEEN(getpid(), "signal_generate: sig=10 errno=0 code=0 comm=trace pid=%d grp=1 res=0", getpid());
	SEEN(getpid(), "signal_deliver: sig=10 errno=0 code=0 sa_handler=%lx sa_flags=", (long)handler);
	SEEN(getpid(), "signal_generate: sig=9 errno=0 code=0 comm=trace pid=%d grp=1 res=0", child);
	SEEN(child, "signal_deliver: sig=9 errno=0 code=0 sa_handler=0 sa_flags=0");
	SEEN(child, "signal_generate: sig=17 errno=0 code=2 comm=trace pid=%d grp=1 res=0", getpid());
}

TEST(interrupts_and_timers)
{
	trace_start("irq:* timer:*");
	sleep_ms(20);
	AWAIT(0, "irq_handler_exit: irq=0 ret=handled");	/* on the first processor, which the host may have taken away */
	trace_stop();
	char *line = SEEN(0, "irq_handler_entry: irq=0 name=timer");
	CHECK_EQ(strlen(line), strlen("irq_handler_entry: irq=0 name=timer"));
	SEEN(0, "irq_handler_exit: irq=0 ret=handled");
	SEEN(0, "function=wake_sleeper now=");
	CHECK(find(0, "] d.h") || find(0, "] dNh"));
}

TEST(contention)
{
	static char data[1 << 18];
	int fd = open("shared", O_WRONLY | O_CREAT, 0644);
	pid_t child[4];

	trace_start("lock:*");
	for (int i = 0; i < 4; i++) {
		child[i] = fork();
		if (!child[i])
			for (;;)
				pwrite(fd, data, sizeof(data), 0);
	}
	AWAIT(0, "contention_end: 0x");
	for (int i = 0; i < 4; i++)
		kill(child[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	trace_stop();
	unsigned long lock;
	CHECK_EQ(sscanf(SEEN(0, "contention_begin: 0x"), "contention_begin: 0x%lx (flags=WRITE)", &lock), 1);
	SEEN(0, "contention_end: 0x%lx (ret=0)", lock);
}

TEST(marker)
{
	static char longer[2000];
	int fd = open(T "trace_marker", O_WRONLY);

	trace_start("\n");
	CHECK_EQ(write(fd, "one", 3), 3);
	CHECK_EQ(write(fd, "two\n", 4), 4);
	memset(longer, 'x', sizeof(longer));
	CHECK_EQ(write(fd, longer, sizeof(longer)), 1024);
	CHECK_ERR(write(fd, (void *)8, 3), EFAULT);
	trace_stop();
	SEEN(getpid(), ": tracing_mark_write: one");
	CHECK(strstr(text, "tracing_mark_write: two\n "));
	SEEN(getpid(), "tracing_mark_write: xxxxxxxxxx");
	put(T "tracing_on", "0", 0);
	CHECK_ERR(write(fd, "x", 1), EBADF);
	put(T "tracing_on", "1", 0);
}

/* The column of flags can be left out, as viewers of trace-cmd's report want it. */
TEST(irq_info)
{
	int fd = open(T "trace_marker", O_WRONLY);

	CHECK(!strcmp(read_file(T "options/irq-info"), "1\n"));
	trace_start("\n");
	CHECK_EQ(write(fd, "one", 3), 3);
	trace_stop();
	CHECK(strstr(text, "=> irqs-off\n"));
	CHECK(strstr(find(getpid(), ": tracing_mark_write: one"), "] ")[2] != ' ');
	put(T "options/irq-info", "0", 0);
	read_trace();
	CHECK(!strstr(text, "irqs-off") && strstr(text, "TASK-PID"));
	CHECK(!strncmp(strstr(find(getpid(), ": tracing_mark_write: one"), "] "), "]     ", 6));
	CHECK(!strcmp(read_file(T "options/irq-info"), "0\n"));
	put(T "options/irq-info", "1", 0);
}

TEST(oldest_is_overwritten)
{
	long in, written, first, last = 0, lines = 0;
	char mark[20];
	int fd = open(T "trace_marker", O_WRONLY);
	unsigned long one = 1;

	CHECK_OK(sched_setaffinity(0, sizeof(one), (void *)&one));	/* all into one processor's ring */
	trace_start("\n");
	put(T "buffer_size_kb", "8", 0);
	CHECK(!strcmp(read_file(T "buffer_size_kb"), "8\n"));
	for (int i = 1; i <= 1000; i++)
		write(fd, mark, sprintf(mark, "mark %d", i));
	trace_stop();
	CHECK_EQ(sscanf(strstr(text, "entries-in-buffer"), "entries-in-buffer/entries-written: %ld/%ld   #P:1", &in, &written), 2);
	CHECK(written >= 1000 && in < 200 && in > 50);
	for (char *s = text; (s = strstr(s, ": mark ")); s++, lines++) {
		first = atol(s + 7);
		CHECK(!last || first == last + 1);
		last = first;
	}
	CHECK_EQ(last, 1000);
	CHECK_EQ(lines, in);
	put(T "trace", "", O_TRUNC);
	CHECK(!strstr(read_file(T "trace"), "mark"));
	CHECK(strstr(read_file(T "trace"), "entries-written: 0/0"));
}

TEST(pipe_waits)
{
	char buf[4096];
	int fd = open(T "trace_pipe", O_RDONLY), status;
	struct pollfd p = { .fd = fd, .events = POLLIN };

	trace_start("\n");
	CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
	CHECK_ERR(read(fd, buf, sizeof(buf)), EAGAIN);
	CHECK_EQ(poll(&p, 1, 30), 0);
	CHECK_ERR(lseek(fd, 0, SEEK_SET), ESPIPE);
	CHECK_OK(fcntl(fd, F_SETFL, 0));
	pid_t child = fork();
	if (!child) {
		ssize_t n = read(fd, buf, sizeof(buf) - 1);
		CHECK(n > 0);
		buf[n] = 0;
		CHECK(strstr(buf, "tracing_mark_write: wake up\n"));
		CHECK_EQ(strchr(buf, '\n') + 1 - buf, n);	/* this and no more */
		_exit(0);
	}
	wait_state(child, 'S');
	sleep_ms(50);
	CHECK_EQ(state_of(child), 'S');
	put(T "trace_marker", "wake up", 0);
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	CHECK(!strstr(read_file(T "trace"), "wake up"));	/* consumed */
	child = fork();
	if (!child) {
		struct sigaction sa = { .sa_handler = handler };
		sigaction(SIGUSR1, &sa, NULL);
		CHECK_ERR(read(fd, buf, 10), EINTR);
		_exit(0);
	}
	wait_state(child, 'S');
	kill(child, SIGUSR1);
	waitpid(child, &status, 0);
	CHECK_EQ(status, 0);
	put(T "trace_marker", "a", 0);
	CHECK_EQ(poll(&p, 1, 5000), 1);
	CHECK_EQ(p.revents, POLLIN);
	CHECK_EQ(read(fd, buf, 1), 1);			/* in pieces too */
	CHECK(read(fd, buf, sizeof(buf)) > 20);
	put(T "tracing_on", "0", 0);
	CHECK_EQ(read(fd, buf, 10), 0);			/* has read, and no more will come */
	put(T "tracing_on", "1", 0);
}

static const struct {
	const char *file, *text;
	int err;
} wrong[] = {
	{ "tracing_on", "x", EINVAL }, { "tracing_on", "", 0 }, { "tracing_on", "1x", EINVAL }, { "tracing_on", "-1", EINVAL },
	{ "tracing_on", "99999999999999999999999999", EINVAL }, { "tracing_on", "1\n", 0 },
	{ "buffer_size_kb", "0", EINVAL }, { "buffer_size_kb", "many", EINVAL }, { "buffer_size_kb", "99999999999", ENOMEM },
	{ "set_event", "bogus", EINVAL }, { "set_event", "sched:bogus", EINVAL }, { "set_event", "bogus:*", EINVAL },
	{ "set_event", "!bogus", EINVAL }, { "set_event", "   \n", 0 },
	{ "events/enable", "2", EINVAL }, { "options/irq-info", "2", EINVAL }, { "events/enable", "y", EINVAL }, { "events/sched/enable", "", 0 },
	{ "events/sched/sched_switch/enable", "-1", EINVAL }, { "events/sched/sched_switch/format", "1", EINVAL },
	{ "current_tracer", "function", EINVAL }, { "current_tracer", "nop\n", 0 }, { "available_events", "x", EINVAL }, { "trace_pipe", "x", EINVAL },
};

TEST(garbage)
{
	char path[100];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(path, sizeof(path), T "%s", wrong[i].file);
		int fd = open(path, O_WRONLY);
		CHECK(fd >= 0);
		errno = 0;
		ssize_t n = write(fd, wrong[i].text, strlen(wrong[i].text));
		if (strlen(wrong[i].text) && ((n < 0) != !!wrong[i].err || errno != wrong[i].err))
			FAIL("%s: \"%s\" gives %zd", wrong[i].file, wrong[i].text, n);
		if (strlen(wrong[i].text))
			CHECK_ERR(write(fd, (void *)8, 3), wrong[i].err == EINVAL && strstr("available_events trace_pipe events/sched/sched_switch/format", wrong[i].file) ? EINVAL : EFAULT);
		close(fd);
	}
	CHECK_ERR(open(T "new", O_CREAT | O_WRONLY, 0644), EACCES);
	CHECK_ERR(mkdir(T "dir", 0755), EPERM);
	CHECK_ERR(unlink(T "trace"), EPERM);
	CHECK_ERR(rename(T "trace", T "other"), EPERM);
	CHECK_ERR(read(open(T "trace_marker", O_RDWR), path, 1), EINVAL);
	CHECK(!strcmp(read_file(T "tracing_on"), "1\n"));
}

TEST(which_events)
{
	put(T "set_event", "", O_TRUNC);
	CHECK(!*read_file(T "set_event"));
	put(T "set_event", "sched_switch signal\nkmem:", O_APPEND);
	CHECK(!strcmp(read_file(T "set_event"), "sched:sched_switch\nkmem:mm_page_alloc\nkmem:mm_page_free\nsignal:signal_generate\nsignal:signal_deliver\n"));
	put(T "set_event", "!signal:* !*:mm_page_free", 0);
	CHECK(!strcmp(read_file(T "set_event"), "sched:sched_switch\nkmem:mm_page_alloc\n"));
	CHECK(!strcmp(read_file(T "events/enable"), "X\n"));
	CHECK(!strcmp(read_file(T "events/kmem/enable"), "X\n"));
	CHECK(!strcmp(read_file(T "events/signal/enable"), "0\n"));
	CHECK(!strcmp(read_file(T "events/sched/sched_switch/enable"), "1\n"));
	put(T "events/kmem/enable", "1\n", 0);
	CHECK(!strcmp(read_file(T "events/kmem/enable"), "1\n"));
	put(T "events/enable", "1", 0);
	static char all[65536];
	strcpy(all, read_file(T "available_events"));
	CHECK(!strcmp(read_file(T "set_event"), all));
	put(T "events/enable", "0", 0);
	CHECK(!*read_file(T "set_event"));
	CHECK(strstr(read_file(T "events/sched/sched_switch/format"), "name: sched_switch\nID: 1\nformat:\n"));
	CHECK(strstr(read_file(T "events/irq/irq_handler_entry/format"), "field:char name[16];"));
	CHECK(!strcmp(read_file(T "current_tracer"), "nop\n"));
}

TEST(mounted_elsewhere)
{
	struct statfs st;

	CHECK_OK(mkdir("t", 0755));
	CHECK_OK(mount("nodev", "t", "tracefs", 0, NULL));
	put("t/tracing_on", "0", 0);
	CHECK(!strcmp(read_file(T "tracing_on"), "0\n"));
	put("t/tracing_on", "1", 0);
	CHECK_OK(statfs("t", &st));
	CHECK_EQ(st.f_type, 0x74726163);
	CHECK_OK(umount("t"));
	CHECK(strstr(read_file("/proc/filesystems"), "nodev\ttracefs\n"));
	CHECK_OK(mount("sysfs", "t", "sysfs", 0, NULL));
	CHECK_OK(access("t/kernel/tracing", X_OK));
	CHECK_OK(umount("t"));
}

static long free_kb(void)
{
	visit_processors();		/* the dead are gone */
	return atol(strstr(read_file("/proc/meminfo"), "MemFree:") + 8);
}

/* Everything on, a small ring, children that fork, exec and die, a reader and one who switches: and then the memory is back. */
static void storm(int rounds)
{
	pid_t reader, switcher;

	trace_start("*:*");
	put(T "buffer_size_kb", "64", 0);
	reader = fork();
	if (!reader) {
		static char buf[5000];
		int fd = open(T "trace_pipe", O_RDONLY);
		while (read(fd, buf, sizeof(buf)) > 0)
			;
		_exit(0);
	}
	switcher = fork();
	if (!switcher)
		for (int i = 0;; i++) {
			put(T "events/syscalls/enable", i % 2 ? "1" : "0", 0);
			put(T "buffer_size_kb", i % 2 ? "64" : "32", 0);
			put(T "events/enable", "1", 0);
			sleep_ms(3);
		}
	for (int i = 0; i < rounds; i++) {
		pid_t child = fork();
		if (!child) {
			if (system("/bin/true") < 0)
				_exit(1);
			kill(getpid(), SIGKILL);
		}
		waitpid(child, NULL, 0);
	}
	kill(switcher, SIGKILL);
	kill(reader, SIGKILL);
	waitpid(switcher, NULL, 0);
	waitpid(reader, NULL, 0);
	put(T "buffer_size_kb", "64", 0);	/* wherever the switcher was */
	trace_stop();
}

TEST(storm_leaks_nothing)
{
	storm(20);
	long before = free_kb();
	storm(60);
	long after = free_kb();
	if (before - after > 256)
		FAIL("%ld kB are gone", before - after);
}
