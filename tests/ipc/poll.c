/* Proves: poll, ppoll, select, pselect6: what is ready, times, masks, bad arguments; writev and readv on pipes. */
#include "../abi.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/uio.h>

#define BAD ((void *)8)
#define KERNEL ((void *)0xffff888000000000)

static int p[2];
static void nothing(int sig) { p[0] += sig - sig; }

static long ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void alarm_in(int msec)
{
	struct sigaction sa = { .sa_handler = nothing };
	struct itimerval it = { { 0, 0 }, { 0, msec * 1000 } };

	CHECK_OK(sigaction(SIGALRM, &sa, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
}

TEST(poll_events)
{
	CHECK_OK(pipe(p));
	struct pollfd f[3] = { { p[0], POLLIN, 0 }, { p[1], POLLIN | POLLOUT, 0 }, { -1, POLLIN, 7 } };

	CHECK_EQ(poll(f, 3, 0), 1);
	CHECK(!f[0].revents && f[1].revents == POLLOUT && !f[2].revents);
	CHECK_EQ(write(p[1], "x", 1), 1);
	f[2].fd = 999;
	CHECK_EQ(poll(f, 3, -1), 3);
	CHECK(f[0].revents == POLLIN && f[2].revents == POLLNVAL);
	f[0].events = -1;
	CHECK_EQ(poll(f, 1, 0), 1);
	CHECK_EQ(f[0].revents, POLLIN | POLLRDNORM);
	close(p[1]);
	f[0].events = POLLIN;
	CHECK_EQ(poll(f, 1, 0), 1);
	CHECK_EQ(f[0].revents, POLLIN | POLLHUP);
	CHECK_OK(pipe(p));
	close(p[0]);
	f[0] = (struct pollfd){ p[1], POLLOUT, 0 };
	CHECK_EQ(poll(f, 1, 0), 1);
	CHECK_EQ(f[0].revents, POLLOUT | POLLERR);
}

TEST(poll_bad_arguments)
{
	struct timespec zero = { 0, 0 }, bad = { 0, 1000000000 };
	sigset_t set;
	struct pollfd f = { 1, POLLOUT, 0 };

	sigemptyset(&set);
	CHECK_ERR(poll(BAD, 1, 0), EFAULT);
	CHECK_ERR(poll(KERNEL, 1, 0), EFAULT);
	CHECK_EQ(poll(BAD, 0, 0), 0);
	CHECK_ERR(syscall(SYS_poll, &f, -1, 0), EINVAL);
	CHECK_ERR(syscall(SYS_ppoll, &f, 1, &zero, &set, 16), EINVAL);
	CHECK_ERR(syscall(SYS_ppoll, &f, 1, &bad, NULL, 8), EINVAL);
	CHECK_ERR(syscall(SYS_ppoll, &f, 1, BAD, NULL, 8), EFAULT);
	CHECK_ERR(syscall(SYS_ppoll, &f, 1, &zero, BAD, 8), EFAULT);
}

TEST(times)
{
	struct timeval tv = { 0, 20000 };
	struct timespec ts = { 20, 0 };
	sigset_t block, none;
	long t = ms();

	CHECK_EQ(poll(NULL, 0, 30), 0);
	CHECK(ms() - t >= 29);
	t = ms();
	CHECK_EQ(syscall(SYS_select, 0, NULL, NULL, NULL, &tv), 0);
	CHECK(ms() - t >= 19 && tv.tv_sec == 0 && tv.tv_usec == 0);
	CHECK_OK(sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = nothing }, NULL));
	signal_when_asleep(SIGUSR1);
	CHECK_ERR(poll(NULL, 0, -1), EINTR);
	tv.tv_sec = 1000;
	signal_when_asleep(SIGUSR1);
	CHECK_ERR(syscall(SYS_select, 0, NULL, NULL, NULL, &tv), EINTR);
	CHECK(tv.tv_sec >= 900 && tv.tv_sec < 1000);	/* what is left */
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	sigprocmask(SIG_BLOCK, &block, NULL);
	alarm_in(20);
	CHECK_ERR(syscall(SYS_ppoll, NULL, 0, &ts, &none, 8), EINTR);	/* only the wait lets it in */
	sigprocmask(SIG_BLOCK, NULL, &none);
	CHECK(sigismember(&none, SIGALRM));
}

/* A second after it began, not after it went on. Again, when a busy host was late with the stop or with the end. */
TEST(stopped_poll_keeps_its_end)
{
	volatile long *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t parent = getpid(), pid;
	long begin, end;
	int tries = 0;

	do {
		begin = ms();
		pid = fork();
		CHECK_OK(pid);
		if (!pid) {
			wait_state(parent, 'S');
			usleep(500000);
			kill(parent, SIGSTOP);
			wait_state(parent, 'T');
			at[0] = ms();
			kill(parent, SIGCONT);
			_exit(0);
		}
		CHECK_EQ(poll(NULL, 0, 1000), 0);
		end = ms();
		CHECK_EQ(waitpid(pid, NULL, 0), pid);
		CHECK(end - begin >= 999);
	} while ((at[0] >= begin + 1000 || end >= at[0] + 1000) && ++tries < 8);
	CHECK(tries < 8);
}

TEST(selects)
{
	struct timeval tv = { 0, 0 };
	fd_set in, out;

	CHECK_OK(pipe(p));
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(p[0], &in);
	FD_SET(p[1], &out);
	CHECK_EQ(select(20, &in, &out, NULL, &tv), 1);
	CHECK(!FD_ISSET(p[0], &in) && FD_ISSET(p[1], &out));
	FD_SET(15, &in);
	CHECK_ERR(select(16, &in, NULL, NULL, &tv), EBADF);
	CHECK_ERR(select(-1, NULL, NULL, NULL, &tv), EINVAL);
	CHECK_ERR(syscall(SYS_select, 5, BAD, NULL, NULL, &tv), EFAULT);
	CHECK_ERR(syscall(SYS_select, 0, NULL, NULL, NULL, BAD), EFAULT);
	tv.tv_usec = -1;
	CHECK_ERR(syscall(SYS_select, 0, NULL, NULL, NULL, &tv), EINVAL);
}

TEST(vectors)
{
	static char buf[200];
	struct iovec three[3] = { { "ab", 2 }, { "", 0 }, { "cde", 3 } }, bad[2] = { { "ab", 2 }, { BAD, 3 } };
	struct iovec two[2] = { { buf, 2 }, { buf + 2, 100 } };
	int n;

	CHECK_OK(pipe(p));
	CHECK_EQ(writev(p[1], three, 3), 5);
	CHECK_EQ(readv(p[0], two, 2), 5);
	CHECK(!memcmp(buf, "abcde", 5));
	CHECK_EQ(writev(p[1], three, 1), 2);
	CHECK_EQ(readv(p[0], two, 2), 2);	/* does not wait for more */
	CHECK_ERR(writev(p[1], bad, 2), EFAULT);	/* all or nothing */
	CHECK_OK(ioctl(p[0], FIONREAD, &n));
	CHECK_EQ(n, 0);
}
