/* /proc: files of processes and of the system, as programs read them. */
#include "../abi.h"
#include <dirent.h>
#include <sys/utsname.h>

static long field_of(const char *file, const char *key)
{
	char *p = strstr(read_file(file), key);

	if (!p)
		FAIL("no %s in %s", key, file);
	return atol(p + strlen(key) + strspn(p + strlen(key), ": \t"));
}

TEST(self)
{
	char link[300], want[20];
	ssize_t n = readlink("/proc/self", link, sizeof(link));

	CHECK(n > 0);
	link[n] = 0;
	snprintf(want, sizeof(want), "%d", getpid());
	CHECK(!strcmp(link, want));
	n = readlink("/proc/self/cwd", link, sizeof(link));
	link[n > 0 ? n : 0] = 0;
	CHECK(!strcmp(link, scratch));
	n = readlink("/proc/self/root", link, sizeof(link));
	CHECK(n == 1 && link[0] == '/');
	CHECK(readlink("/proc/self/exe", link, sizeof(link)) > 0);
}

TEST(cmdline_and_environ)
{
	CHECK(strlen(read_file("/proc/self/cmdline")) > 0);
	CHECK(strchr(read_file("/proc/self/comm"), '\n'));
	read_file("/proc/self/environ");
}

TEST(status)
{
	CHECK_EQ(field_of("/proc/self/status", "Pid:"), getpid());
	CHECK_EQ(field_of("/proc/self/status", "PPid:"), getppid());
	CHECK_EQ(field_of("/proc/self/status", "Uid:"), getuid());
	CHECK(field_of("/proc/self/status", "VmSize:") > 0);
	CHECK(field_of("/proc/self/status", "VmRSS:") > 0);
	CHECK_EQ(field_of("/proc/self/status", "Threads:"), 1);
	CHECK(strstr(read_file("/proc/self/status"), "State:\tR (running)"));
	CHECK(strstr(read_file("/proc/self/status"), "SigIgn:\t0000000"));	/* make leaves 32 and 33 ignored */
}

TEST(statm_follows)
{
	long size, size2;
	char *p;

	CHECK_EQ(sscanf(read_file("/proc/self/statm"), "%ld", &size), 1);
	p = mmap(NULL, 100 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(sscanf(read_file("/proc/self/statm"), "%ld", &size2), 1);
	CHECK_EQ(size2 - size, 100);
}

TEST(maps_columns)
{
	unsigned long start, end, off, last = 0, inode;
	char perms[8], dev[16];
	int n = 0;

	for (char *line = strtok(read_file("/proc/self/maps"), "\n"); line; line = strtok(NULL, "\n")) {
		CHECK_EQ(sscanf(line, "%lx-%lx %4s %lx %s %lu", &start, &end, perms, &off, dev, &inode), 6);
		CHECK(start < end && start >= last);
		last = end;
		n++;
		if (strlen(line) > 73)
			CHECK_EQ(line[72], ' ');
	}
	CHECK(n >= 4);
}

TEST(fd_directory)
{
	char path[40];
	struct dirent *e;
	struct stat st;
	int fd = open("/dev/null", O_RDONLY), found = 0;
	DIR *d = opendir("/proc/self/fd");

	CHECK(d != NULL);
	while ((e = readdir(d)))
		found |= atoi(e->d_name) == fd && e->d_name[0] != '.';
	CHECK(found);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_OK(lstat(path, &st));
	CHECK_EQ(st.st_mode, S_IFLNK | 0500);
	CHECK_EQ(st.st_size, 64);
	close(fd);
	CHECK_ERR(readlink(path, (char[10]){ 0 }, 10), ENOENT);
}

TEST(pids_are_listed)
{
	struct dirent *e;
	int me = 0, one = 0;
	DIR *d = opendir("/proc");

	while ((e = readdir(d))) {
		me |= atoi(e->d_name) == getpid();
		one |= !strcmp(e->d_name, "1");
	}
	CHECK(me && one);
	CHECK_ERR(open("/proc/999999/stat", O_RDONLY), ENOENT);
}

TEST(dead_process)
{
	char path[40], buf[100];
	int fd;
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK_ERR(read(fd, buf, sizeof(buf)), ESRCH);
}

TEST(meminfo)
{
	long total = field_of("/proc/meminfo", "MemTotal:");
	long avail = field_of("/proc/meminfo", "MemFree:");

	CHECK(total > 0 && avail > 0 && avail < total);
	field_of("/proc/meminfo", "MemAvailable:");
	field_of("/proc/meminfo", "Buffers:");
	field_of("/proc/meminfo", "Cached:");
	field_of("/proc/meminfo", "SwapTotal:");
	field_of("/proc/meminfo", "Shmem:");
}

TEST(stat_and_uptime)
{
	double up, idle, up2;
	long user;

	CHECK_EQ(sscanf(read_file("/proc/stat"), "cpu %ld", &user), 1);
	CHECK(field_of("/proc/stat", "btime") > 1000000000);
	CHECK(field_of("/proc/stat", "processes") > 0);
	CHECK(field_of("/proc/stat", "ctxt") > 0);
	CHECK_EQ(sscanf(read_file("/proc/uptime"), "%lf %lf", &up, &idle), 2);
	sleep_ms(50);
	CHECK_EQ(sscanf(read_file("/proc/uptime"), "%lf", &up2), 1);
	CHECK(up2 - up >= 0.03);
}

TEST(loadavg)
{
	double a, b, c;
	int run, all, last;

	CHECK_EQ(sscanf(read_file("/proc/loadavg"), "%lf %lf %lf %d/%d %d", &a, &b, &c, &run, &all, &last), 6);
	CHECK(run >= 1 && all >= run && last > 0);
}

TEST(system_files)
{
	struct utsname u;
	char line[200];

	CHECK(strstr(read_file("/proc/filesystems"), "tmpfs"));
	CHECK(strstr(read_file("/proc/filesystems"), "nodev\tproc"));
	CHECK(strstr(read_file("/proc/mounts"), " /proc proc "));
	CHECK(strstr(read_file("/proc/cpuinfo"), "processor\t: 0"));
	CHECK(strstr(read_file("/proc/cpuinfo"), "flags\t\t:"));
	CHECK(strlen(read_file("/proc/version")) > 10);
	CHECK(strlen(read_file("/proc/cmdline")) > 0);
	CHECK(strstr(read_file("/proc/interrupts"), "CPU0"));
	CHECK(strncmp(read_file("/proc/buddyinfo"), "Node 0, zone", 12) == 0);
	CHECK(strncmp(read_file("/proc/slabinfo"), "slabinfo - version: 2.1", 23) == 0);
	uname(&u);
	snprintf(line, sizeof(line), "%s\n", u.release);
	CHECK(!strcmp(read_file("/proc/sys/kernel/osrelease"), line));
	snprintf(line, sizeof(line), "%s\n", u.nodename);
	CHECK(!strcmp(read_file("/proc/sys/kernel/hostname"), line));
	CHECK(!strcmp(read_file("/proc/sys/kernel/ostype"), "Linux\n"));
	CHECK(atol(read_file("/proc/sys/kernel/pid_max")) >= 32768);
}

TEST(small_reads_add_up)
{
	char whole[65536], part[65536];
	size_t len = 0;
	ssize_t n;
	int fd = open("/proc/self/maps", O_RDONLY);

	strcpy(whole, read_file("/proc/self/maps"));
	while ((n = read(fd, part + len, 7)) > 0)
		len += n;
	part[len] = 0;
	CHECK(strlen(part) >= strlen(whole) - 100);
	CHECK(!strncmp(part, whole, 60));
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(read(fd, part, 10), 10);
	CHECK(!strncmp(part, whole, 10));
}

TEST(not_writable)
{
	CHECK(open("/proc/uptime", O_CREAT | O_WRONLY, 0644) < 0 || write(open("/proc/uptime", O_WRONLY), "x", 1) < 0);
	CHECK(mkdir("/proc/x", 0755) < 0);
	CHECK(unlink("/proc/uptime") < 0);
}

/* ID PARENT MAJOR:MINOR ROOT WHERE OPTIONS ... - TYPE DEVICE OPTIONS: the same mounts as in mounts */
TEST(mountinfo)
{
	int lines = 0, id, parent, major, minor, here = 0;
	char where[256], text[65536], mounts[65536];

	do {			/* on the host others may mount meanwhile */
		strcpy(text, read_file("/proc/self/mountinfo"));
		strcpy(mounts, read_file("/proc/self/mounts"));
	} while (strcmp(text, read_file("/proc/self/mountinfo")));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
		CHECK_EQ(sscanf(line, "%d %d %d:%d %*s %255s", &id, &parent, &major, &minor, where), 5);
		CHECK(strstr(line, " - "));
		here += !strcmp(where, "/proc");
	}
	CHECK(here >= 1);
	for (char *line = strtok(mounts, "\n"); line; line = strtok(NULL, "\n"))
		lines--;
	CHECK_EQ(lines, 0);
}
