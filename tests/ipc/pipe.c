/* Pipes and FIFOs: order, blocking, atomic writes, ends of file, poll, select. */
#include "../abi.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/uio.h>

static int fds[2];

static void make_pipe(int flags)
{
	CHECK_OK(pipe2(fds, flags));
}

TEST(bytes_in_order)
{
	char buf[16];

	make_pipe(0);
	CHECK_EQ(write(fds[1], "hello ", 6), 6);
	CHECK_EQ(write(fds[1], "world", 5), 5);
	CHECK_EQ(read(fds[0], buf, 3), 3);
	CHECK_EQ(read(fds[0], buf + 3, 13), 8);
	CHECK(!memcmp(buf, "hello world", 11));
	CHECK_EQ(write(fds[1], buf, 0), 0);
}

TEST(end_of_file)
{
	char c;

	make_pipe(0);
	CHECK_EQ(write(fds[1], "x", 1), 1);
	close(fds[1]);
	CHECK_EQ(read(fds[0], &c, 1), 1);
	CHECK_EQ(read(fds[0], &c, 1), 0);
}

TEST(reader_waits)
{
	char c;

	make_pipe(0);
	if (!fork()) {
		sleep_ms(30);
		CHECK_EQ(write(fds[1], "z", 1), 1);
		_exit(0);
	}
	CHECK_EQ(read(fds[0], &c, 1), 1);
	CHECK_EQ(c, 'z');
	wait(NULL);
}

TEST(writer_waits_and_all_arrives)
{
	static char buf[300000];
	size_t got = 0;
	ssize_t n;
	int st;
	pid_t pid;

	make_pipe(0);
	pid = fork();
	if (!pid) {
		for (size_t i = 0; i < sizeof(buf); i++)
			buf[i] = i * 7 + i / 256;
		_exit(write(fds[1], buf, sizeof(buf)) == sizeof(buf) ? 0 : 1);
	}
	close(fds[1]);
	while ((n = read(fds[0], buf + got, 1000)) > 0)
		got += n;
	CHECK_EQ(got, sizeof(buf));
	for (size_t i = 0; i < sizeof(buf); i++)
		CHECK_EQ(buf[i], (char)(i * 7 + i / 256));
	waitpid(pid, &st, 0);
	CHECK_EQ(st, 0);
}

TEST(nonblocking)
{
	char buf[4096] = { 0 };
	long total = 0;
	ssize_t n;

	make_pipe(O_NONBLOCK);
	CHECK_ERR(read(fds[0], buf, 1), EAGAIN);
	while ((n = write(fds[1], buf, sizeof(buf))) > 0)
		total += n;
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(total, 65536);
	CHECK_EQ(read(fds[0], buf, sizeof(buf)), sizeof(buf));
	CHECK_EQ(write(fds[1], buf, sizeof(buf)), sizeof(buf));
	CHECK_EQ(fcntl(fds[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

TEST(atomic_up_to_pipe_buf)
{
	char buf[4096], first;
	int bad = 0;

	make_pipe(0);
	for (int w = 0; w < 4; w++)
		if (!fork()) {
			memset(buf, 'a' + w, sizeof(buf));
			for (int i = 0; i < 50; i++)
				CHECK_EQ(write(fds[1], buf, sizeof(buf)), sizeof(buf));
			_exit(0);
		}
	close(fds[1]);
	for (;;) {
		size_t got = 0;
		ssize_t n;

		while (got < sizeof(buf) && (n = read(fds[0], buf + got, sizeof(buf) - got)) > 0)
			got += n;
		if (!got)
			break;
		first = buf[0];
		for (size_t i = 0; i < got; i++)
			bad += buf[i] != first;
	}
	CHECK_EQ(bad, 0);
	while (wait(NULL) > 0)
		;
}

TEST(fionread_and_fstat)
{
	struct stat st;
	int n = -1;

	make_pipe(0);
	CHECK_EQ(write(fds[1], "12345", 5), 5);
	CHECK_OK(ioctl(fds[0], FIONREAD, &n));
	CHECK_EQ(n, 5);
	CHECK_OK(fstat(fds[0], &st));
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_ERR(lseek(fds[0], 0, SEEK_SET), ESPIPE);
	CHECK_ERR(pread(fds[0], &n, 1, 0), ESPIPE);
	CHECK_ERR(read(fds[1], &n, 1), EBADF);
	CHECK_ERR(write(fds[0], &n, 1), EBADF);
}

TEST(cloexec_and_errors)
{
	make_pipe(O_CLOEXEC);
	CHECK_EQ(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	CHECK_ERR(pipe2(fds, 0x1), EINVAL);
	CHECK_ERR(syscall(SYS_pipe, 8), EFAULT);
}

TEST(poll_sees_both_ends)
{
	struct pollfd p[2];
	char c;

	make_pipe(0);
	p[0] = (struct pollfd){ fds[0], POLLIN, 0 };
	p[1] = (struct pollfd){ fds[1], POLLOUT, 0 };
	CHECK_EQ(poll(p, 2, 0), 1);
	CHECK_EQ(p[0].revents, 0);
	CHECK_EQ(p[1].revents, POLLOUT);
	CHECK_EQ(write(fds[1], "x", 1), 1);
	CHECK_EQ(poll(p, 1, -1), 1);
	CHECK_EQ(p[0].revents, POLLIN);
	CHECK_EQ(read(fds[0], &c, 1), 1);
	close(fds[1]);
	CHECK_EQ(poll(p, 1, 1000), 1);
	CHECK_EQ(p[0].revents, POLLHUP);
	CHECK_EQ(poll(p + 1, 1, 0), 1);
	CHECK_EQ(p[1].revents, POLLNVAL);
	p[0].fd = -1;
	CHECK_EQ(poll(p, 1, 0), 0);
}

TEST(poll_writer_sees_no_reader)
{
	struct pollfd p;

	make_pipe(0);
	close(fds[0]);
	p = (struct pollfd){ fds[1], POLLOUT, 0 };
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK(p.revents & POLLERR);
}

TEST(poll_waits_and_times_out)
{
	struct pollfd p;
	long start = now_ms();

	make_pipe(0);
	p = (struct pollfd){ fds[0], POLLIN, 0 };
	CHECK_EQ(poll(&p, 1, 50), 0);
	start = now_ms() - start;
	CHECK(start >= 49 && start < 20000);
	if (!fork()) {
		sleep_ms(30);
		CHECK_EQ(write(fds[1], "x", 1), 1);
		_exit(0);
	}
	CHECK_EQ(poll(&p, 1, 10000), 1);
	wait(NULL);
}

static void nothing(int sig)
{
	(void)sig;
}

TEST(poll_is_interrupted)
{
	struct pollfd p;
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };

	make_pipe(0);
	sigaction(SIGUSR1, &sa, NULL);
	p = (struct pollfd){ fds[0], POLLIN, 0 };
	signal_when_asleep(SIGUSR1);
	CHECK_ERR(poll(&p, 1, -1), EINTR);
}

TEST(ppoll_swaps_the_mask)
{
	sigset_t block, none;
	struct timespec ts = { 5, 0 };
	struct sigaction sa = { .sa_handler = nothing };

	sigaction(SIGUSR1, &sa, NULL);
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, NULL);
	raise(SIGUSR1);
	CHECK_ERR(ppoll(NULL, 0, &ts, &none), EINTR);
}

TEST(select_works)
{
	struct timeval tv = { 0, 50000 };
	fd_set r, w;
	char c;

	make_pipe(0);
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(fds[0], &r);
	FD_SET(fds[1], &w);
	CHECK_EQ(select(fds[1] + 1, &r, &w, NULL, NULL), 1);
	CHECK(!FD_ISSET(fds[0], &r) && FD_ISSET(fds[1], &w));
	FD_SET(fds[0], &r);
	CHECK_EQ(syscall(SYS_select, fds[0] + 1, &r, NULL, NULL, &tv), 0);
	CHECK(!FD_ISSET(fds[0], &r));
	CHECK(tv.tv_sec == 0 && tv.tv_usec == 0);	/* Linux counts it down */
	CHECK_EQ(write(fds[1], "x", 1), 1);
	FD_SET(fds[0], &r);
	CHECK_EQ(select(fds[0] + 1, &r, NULL, NULL, NULL), 1);
	CHECK_EQ(read(fds[0], &c, 1), 1);
	close(fds[0]);
	FD_SET(fds[0], &r);
	CHECK_ERR(select(fds[0] + 1, &r, NULL, NULL, NULL), EBADF);
	CHECK_ERR(select(-1, NULL, NULL, NULL, NULL), EINVAL);
}

TEST(fifo)
{
	char buf[8];
	int fd, st;
	struct stat sb;
	pid_t pid;

	CHECK_OK(mkfifo("p", 0644));
	CHECK_OK(stat("p", &sb));
	CHECK(S_ISFIFO(sb.st_mode));
	CHECK_ERR(mkfifo("p", 0644), EEXIST);
	CHECK_ERR(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
	pid = fork();
	if (!pid) {
		fd = open("p", O_WRONLY);	/* waits for the reader */
		CHECK_EQ(write(fd, "fifo", 4), 4);
		_exit(0);
	}
	sleep_ms(20);
	fd = open("p", O_RDONLY);
	CHECK_EQ(read(fd, buf, 8), 4);
	CHECK_EQ(read(fd, buf, 8), 0);
	waitpid(pid, &st, 0);
	CHECK_EQ(st, 0);
	close(fd);
	fd = open("p", O_RDONLY | O_NONBLOCK);	/* does not wait */
	CHECK(fd >= 0);
	CHECK_EQ(read(fd, buf, 8), 0);
	fd = open("p", O_RDWR);			/* never waits on Linux */
	CHECK_EQ(write(fd, "rw", 2), 2);
	CHECK_EQ(read(fd, buf, 2), 2);
}

TEST(vectors)
{
	char a[4] = "abc", b[6] = "defgh", x[3], y[10];
	struct iovec w[2] = { { a, 3 }, { b, 5 } }, r[2] = { { x, 3 }, { y, 10 } };

	make_pipe(0);
	CHECK_EQ(writev(fds[1], w, 2), 8);
	CHECK_EQ(readv(fds[0], r, 2), 8);
	CHECK(!memcmp(x, "abc", 3) && !memcmp(y, "defgh", 5));
	CHECK_ERR(writev(fds[1], w, -1), EINVAL);
	CHECK_ERR(writev(fds[1], w, 1025), EINVAL);
	w[0].iov_len = -1;
	CHECK_ERR(writev(fds[1], w, 1), EINVAL);
	CHECK_ERR(writev(fds[1], (void *)8, 1), EFAULT);
}

TEST(proc_name)
{
	char path[40], link[80];
	ssize_t n;

	make_pipe(0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	n = readlink(path, link, sizeof(link) - 1);
	CHECK(n > 6);
	link[n] = 0;
	CHECK(!strncmp(link, "pipe:[", 6));
}

TEST(pipeline_of_ten)
{
	int in = -1, st, out[2];
	char c;

	for (int i = 0; i < 10; i++) {
		CHECK_OK(pipe(out));
		if (!fork()) {
			char x = 'a';

			close(out[0]);
			if (in >= 0)
				CHECK_EQ(read(in, &x, 1), 1);
			x++;
			CHECK_EQ(write(out[1], &x, 1), 1);
			_exit(0);
		}
		if (in >= 0)
			close(in);
		close(out[1]);
		in = out[0];
	}
	CHECK_EQ(read(in, &c, 1), 1);
	CHECK_EQ(c, 'a' + 10);
	CHECK_EQ(read(in, &c, 1), 0);
	while (wait(&st) > 0)
		CHECK_EQ(st, 0);
}
