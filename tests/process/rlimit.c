/* rlimits, rusage, times, uname, sysinfo, getrandom: what libc asks for. */
#include "../abi.h"
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/prctl.h>

TEST(get_and_set)
{
	struct rlimit rl, old;

	CHECK_OK(getrlimit(RLIMIT_NOFILE, &old));
	CHECK(old.rlim_cur >= 256 && old.rlim_cur <= old.rlim_max);
	rl.rlim_cur = 100;
	rl.rlim_max = old.rlim_max;
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	CHECK_OK(getrlimit(RLIMIT_NOFILE, &rl));
	CHECK_EQ(rl.rlim_cur, 100);
	rl.rlim_cur = 200;
	rl.rlim_max = 100;
	CHECK_ERR(setrlimit(RLIMIT_NOFILE, &rl), EINVAL);
	CHECK_ERR(syscall(SYS_prlimit64, 0, 99, NULL, &rl), EINVAL);
	CHECK_OK(getrlimit(RLIMIT_STACK, &rl));
	CHECK_EQ(rl.rlim_cur, 8 << 20);
}

TEST(only_root_raises_the_hard_one)
{
	struct rlimit rl = { 10, 10 };

	CHECK_CHILD(
		CHECK_OK(syscall(SYS_setuid, 1000));
		CHECK_OK(setrlimit(RLIMIT_CORE, &rl));
		rl.rlim_max = 20;
		CHECK_ERR(setrlimit(RLIMIT_CORE, &rl), EPERM));
}

TEST(nofile_limits_fds)
{
	struct rlimit rl = { 20, 20 };
	int fd;

	CHECK_CHILD(
		CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
		while ((fd = open("/dev/null", O_RDONLY)) >= 0)
			CHECK(fd < 20);
		CHECK_EQ(errno, EMFILE);
		CHECK_ERR(dup2(0, 20), EBADF);
		CHECK_ERR(fcntl(0, F_DUPFD, 20), EINVAL);
		CHECK_ERR(dup(0), EMFILE));
}

TEST(many_fds)
{
	struct rlimit rl;

	CHECK_OK(getrlimit(RLIMIT_NOFILE, &rl));
	for (int fd = 100; fd < 1000 && fd < (int)rl.rlim_cur; fd++)
		CHECK_EQ(dup2(0, fd), fd);
	CHECK_CHILD(CHECK_OK(fcntl(900, F_GETFD)));
}

TEST(fsize)
{
	struct rlimit rl = { 1000, 1000 };
	char buf[600];
	int fd = open("f", O_CREAT | O_WRONLY, 0644);

	CHECK_SIGNAL(SIGXFSZ,
		setrlimit(RLIMIT_FSIZE, &rl);
		CHECK_EQ(write(fd, buf, 600), 600);
		CHECK_EQ(write(fd, buf, 600), 400);
		CHECK_EQ(write(fd, buf, 600), 0));
	CHECK_CHILD(
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &rl);
		CHECK_ERR(pwrite(fd, buf, 1, 1000), EFBIG);
		CHECK_ERR(ftruncate(fd, 2000), EFBIG));
}

TEST(address_space)
{
	struct rlimit rl = { 64 << 20, 64 << 20 };

	CHECK_CHILD(
		CHECK_OK(setrlimit(RLIMIT_AS, &rl));
		CHECK_ERR(mmap(NULL, 65 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
		CHECK(mmap(NULL, 32 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
		CHECK_ERR(mmap(NULL, 33 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM));
}

TEST(nproc)
{
	struct rlimit rl = { 3, 3 };

	CHECK_CHILD(
		CHECK_OK(setrlimit(RLIMIT_NPROC, &rl));
		CHECK_OK(syscall(SYS_setuid, 4321));
		pid_t pid = 1;
		int n = 0;
		for (; n < 10 && pid > 0; n++) {
			pid = fork();
			if (!pid) {
				pause();
				_exit(0);
			}
		}
		int e = errno;
		signal(SIGTERM, SIG_IGN);
		kill(0, SIGTERM);
		while (wait(NULL) > 0)
			;
		CHECK(pid < 0 && e == EAGAIN);
		CHECK_EQ(n, 3));
}

TEST(inherited)
{
	struct rlimit rl = { 55, 66 };

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	CHECK_CHILD(
		CHECK_OK(getrlimit(RLIMIT_NOFILE, &rl));
		CHECK(rl.rlim_cur == 55 && rl.rlim_max == 66));
}

TEST(rusage_counts)
{
	struct rusage a, b;
	char *p = mmap(NULL, 100 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(p, 100 * PAGE, MADV_NOHUGEPAGE);
	CHECK_OK(getrusage(RUSAGE_SELF, &a));
	for (int i = 0; i < 100; i++)
		p[i * PAGE] = 1;
	for (int i = 0; i < 1000 && (i < 10 || b.ru_nvcsw - a.ru_nvcsw < 10); i++) {
		sleep_ms(1);		/* no switch when the time was up before we slept */
		CHECK_OK(getrusage(RUSAGE_SELF, &b));
	}
	CHECK(b.ru_minflt - a.ru_minflt >= 100 && b.ru_minflt - a.ru_minflt < 120);
	CHECK(b.ru_nvcsw - a.ru_nvcsw >= 10);
	CHECK(b.ru_maxrss > 0);
	CHECK_ERR(getrusage(77, &a), EINVAL);
}

TEST(times_of_children)
{
	struct tms t;

	CHECK_CHILD(
		struct timespec ts;
		do {
			clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
		} while (ts.tv_nsec < 120000000));
	CHECK(times(&t) > 0);
	CHECK(t.tms_cutime + t.tms_cstime >= 8);
	CHECK(t.tms_utime + t.tms_stime < 100);
}

TEST(uname_and_sysinfo)
{
	struct utsname u;
	struct sysinfo si;
	char host[80];

	CHECK_OK(uname(&u));
	CHECK(!strcmp(u.machine, "x86_64"));
	CHECK(u.release[0] && u.version[0]);
	CHECK_OK(gethostname(host, sizeof(host)));
	CHECK(!strcmp(host, u.nodename));
	CHECK_OK(sysinfo(&si));
	CHECK(si.totalram > 0 && si.freeram < si.totalram && si.mem_unit > 0 && si.procs > 0);
}

TEST(random_bytes)
{
	char a[64] = { 0 }, b[64] = { 0 };

	CHECK_EQ(getrandom(a, 64, 0), 64);
	CHECK_EQ(getrandom(b, 64, GRND_NONBLOCK), 64);
	CHECK(memcmp(a, b, 64));
	CHECK_ERR(syscall(SYS_getrandom, a, 1, 0xff), EINVAL);
}

TEST(prctl_name)
{
	char name[17] = "";

	CHECK_OK(prctl(PR_SET_NAME, "a-very-long-name-indeed"));
	CHECK_OK(prctl(PR_GET_NAME, name));
	CHECK(!strcmp(name, "a-very-long-nam"));
	CHECK(!strcmp(read_file("/proc/self/comm"), "a-very-long-nam\n"));
}

TEST(clocks)
{
	struct timespec a, b, res;
	struct timeval tv;

	CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &a));
	for (int i = 0; i < 1000; i++) {
		CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &b));
		CHECK(b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec));
		a = b;
	}
	CHECK_OK(syscall(SYS_clock_gettime, CLOCK_REALTIME, &a));
	CHECK_OK(gettimeofday(&tv, NULL));
	CHECK(tv.tv_sec >= a.tv_sec && tv.tv_sec - a.tv_sec < 20);
	CHECK(a.tv_sec > 1600000000);
	CHECK_OK(clock_getres(CLOCK_MONOTONIC, &res));
	CHECK_ERR(syscall(SYS_clock_gettime, 99, &a), EINVAL);
	CHECK(labs(time(NULL) - tv.tv_sec) < 20);
}
