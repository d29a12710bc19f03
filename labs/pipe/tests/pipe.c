/* The tests of lab pipe; each says what it proves. They pass unchanged on Linux, but for what check.py looks at. */
#include "lab.h"

#define SIZE 65536			/* what a pipe holds */

static int r, w;

static void new_pipe(int flags)
{
	int fd[2];

	CHECK_OK(pipe2(fd, flags));
	r = fd[0];
	w = fd[1];
}

static void fill(void)
{
	static char page[PAGE];
	int flags = fcntl(w, F_GETFL);

	CHECK_OK(fcntl(w, F_SETFL, flags | O_NONBLOCK));
	for (int i = 0; i < SIZE / (int)PAGE; i++)
		CHECK_EQ(write(w, page, PAGE), PAGE);
	CHECK_OK(fcntl(w, F_SETFL, flags));
}

/* Reads until n bytes are there or the end; how many. */
static long read_all(int fd, char *to, long n)
{
	long got = 0;

	while (got < n) {
		long part = read(fd, to + got, n - got);

		CHECK(part >= 0);
		if (!part)
			break;
		got += part;
	}
	return got;
}

static void wait_for(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

static int signals_seen;
static void on_signal(int sig) { signals_seen++; }

static void catch(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };

	CHECK_OK(sigaction(sig, &sa, NULL));
}

TEST(two_ends)
{
	new_pipe(O_NONBLOCK | O_CLOEXEC);
	CHECK_EQ(fcntl(r, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY | O_NONBLOCK);
	CHECK_EQ(fcntl(w, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_WRONLY | O_NONBLOCK);
	CHECK_EQ(fcntl(w, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(pipe2((int[2]){ 0 }, 0x1), EINVAL);
}

TEST(fifo_meets)
{
	CHECK_OK(mkfifo("/tmp/fifo", 0600));
	CHECK_ERR(open("/tmp/fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	pid_t pid = fork();

	if (!pid)
		_exit(open("/tmp/fifo", O_RDONLY) != 3);
	sleep_ms(3);
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	CHECK(open("/tmp/fifo", O_WRONLY) >= 0);
	wait_for(pid);
	CHECK_OK(unlink("/tmp/fifo"));
}

TEST(bytes_through)
{
	static char big[3 * PAGE], back[3 * PAGE];
	char buf[16] = "";

	new_pipe(0);
	CHECK_EQ(write(w, "hello ", 6), 6);
	STATE("ring", r, 1, 6);
	CHECK_EQ(write(w, "world", 5), 5);
	STATE("ring", r, 1, 11);		/* the same page */
	CHECK_EQ(read(r, buf, 4), 4);
	CHECK(!memcmp(buf, "hell", 4));
	CHECK_EQ(read(r, buf, sizeof(buf)), 7);	/* what is there, not more */
	CHECK(!memcmp(buf, "o world", 7));
	STATE("ring", r, 0, 0);
	for (unsigned i = 0; i < sizeof(big); i++)
		big[i] = i * 7 + i / 256;
	CHECK_EQ(write(w, big, sizeof(big) - 100), sizeof(big) - 100);
	STATE("ring", r, 3, sizeof(big) - 100);
	CHECK_EQ(read(r, back, 5000), 5000);
	CHECK_EQ(read(r, back + 5000, sizeof(back)), sizeof(big) - 5100);
	CHECK(!memcmp(big, back, sizeof(big) - 100));
	CHECK_EQ(writev(w, (struct iovec[]){ { "ab", 2 }, { "", 0 }, { "cde", 3 } }, 3), 5);
	CHECK_EQ(read(r, buf, sizeof(buf)), 5);
	CHECK(!memcmp(buf, "abcde", 5));
	CHECK_EQ(read(r, buf, 0), 0);
	CHECK_EQ(write(w, "x", 1), 1);
	CHECK_ERR(read(r, (void *)8, 1), EFAULT);
	CHECK_ERR(write(w, (void *)8, 1), EFAULT);
	CHECK_EQ(read(r, buf, 2), 1);		/* nothing was lost or added */
}

TEST(read_blocks)
{
	char c = 0;

	new_pipe(0);
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (!pid) {
			CHECK_EQ(read(r, &c, 1), 1);
			CHECK_EQ(c, 'a' + i);
			_exit(0);
		}
		sleep_ms(3);
		STATE("asleep", pid, r, 0);
		sleep_ms(4);
		STATE("still", pid, 0, 0);
		c = 'a' + i;
		CHECK_EQ(write(w, &c, 1), 1);
		wait_for(pid);
	}
}

TEST(write_blocks)
{
	static char page[PAGE];

	new_pipe(0);
	fill();
	pid_t pid = fork();

	if (!pid) {
		CHECK_EQ(write(w, "last", 4), 4);
		_exit(0);
	}
	sleep_ms(3);
	STATE("asleep", pid, w, 1);
	sleep_ms(4);
	STATE("still", pid, 0, 0);
	CHECK_EQ(read(r, page, PAGE), PAGE);
	wait_for(pid);
	CHECK_OK(close(w));
	for (int i = 0; i < SIZE / (int)PAGE - 1; i++)
		CHECK_EQ(read_all(r, page, PAGE), PAGE);
	CHECK_EQ(read_all(r, page, PAGE), 4);
	CHECK(!memcmp(page, "last", 4));
}

TEST(end_of_file)
{
	char buf[8];

	new_pipe(0);
	CHECK_EQ(write(w, "abc", 3), 3);
	CHECK_OK(close(w));
	CHECK_EQ(read(r, buf, 8), 3);
	CHECK_EQ(read(r, buf, 8), 0);
	CHECK_EQ(read(r, buf, 8), 0);
	new_pipe(0);
	pid_t pid = fork();

	if (!pid) {
		close(w);
		CHECK_EQ(read(r, buf, 8), 0);
		_exit(0);
	}
	sleep_ms(3);
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	CHECK_OK(close(w));
	wait_for(pid);
}

TEST(sigpipe)
{
	static char page[PAGE];
	int status;

	new_pipe(0);
	CHECK_OK(close(r));
	IN_CHILD(status, write(w, "x", 1));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	catch(SIGPIPE, 0);
	CHECK_ERR(write(w, "x", 1), EPIPE);
	CHECK_EQ(signals_seen, 1);
	new_pipe(0);
	fill();
	pid_t pid = fork();

	if (!pid) {				/* sleeps when the reader goes */
		close(r);
		CHECK_ERR(write(w, page, PAGE), EPIPE);
		CHECK_EQ(signals_seen, 2);
		_exit(0);
	}
	sleep_ms(3);
	CHECK_OK(close(r));
	wait_for(pid);
}

TEST(nonblock)
{
	static char page[2 * PAGE];

	new_pipe(O_NONBLOCK);
	CHECK_ERR(read(r, page, 1), EAGAIN);
	fill();
	CHECK_ERR(write(w, "x", 1), EAGAIN);
	CHECK_EQ(read(r, page, PAGE), PAGE);
	CHECK_EQ(write(w, page, 2 * PAGE), PAGE);	/* what fitted */
	CHECK_OK(close(w));
	for (int i = 0; i < SIZE / (int)PAGE; i++)
		CHECK_EQ(read(r, page, PAGE), PAGE);
	CHECK_EQ(read(r, page, 1), 0);		/* the end, not EAGAIN */
}

TEST(signals)
{
	static char page[2 * PAGE];

	catch(SIGUSR1, 0);
	new_pipe(0);
	pid_t parent = getpid(), pid = fork();

	if (!pid) {
		sleep_ms(3);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	CHECK_ERR(read(r, page, 1), EINTR);
	CHECK_EQ(signals_seen, 1);
	wait_for(pid);
	fill();
	CHECK_EQ(read(r, page, PAGE), PAGE);
	pid = fork();
	if (!pid) {
		sleep_ms(3);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	CHECK_EQ(write(w, page, 2 * PAGE), PAGE);	/* one page went in before the sleep */
	wait_for(pid);
	CHECK_ERR((alarm(0), pid = fork(), pid ? 0 : (sleep_ms(3), kill(parent, SIGUSR1), _exit(0)), write(w, page, 1)), EINTR);
	wait_for(pid);
	catch(SIGUSR1, SA_RESTART);
	new_pipe(0);
	pid = fork();
	if (!pid) {
		sleep_ms(3);
		kill(parent, SIGUSR1);
		sleep_ms(3);
		CHECK_EQ(write(w, "r", 1), 1);
		_exit(0);
	}
	CHECK_EQ(read(r, page, 1), 1);
	CHECK_EQ(page[0], 'r');
	CHECK_EQ(signals_seen, 4);
	wait_for(pid);
}

static int revents(int fd, int ms)
{
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };
	int n = poll(&p, 1, ms);

	CHECK(n >= 0);
	CHECK_EQ(n, p.revents != 0);
	return p.revents;
}

TEST(poll)
{
	static char page[PAGE];

	new_pipe(0);
	CHECK_EQ(revents(r, 0), 0);
	CHECK_EQ(revents(w, 0), POLLOUT);
	CHECK_EQ(write(w, "x", 1), 1);
	CHECK_EQ(revents(r, 0), POLLIN);
	CHECK_EQ(read(r, page, 1), 1);
	fill();
	CHECK_EQ(revents(w, 0), 0);
	CHECK_EQ(read(r, page, PAGE), PAGE);
	CHECK_EQ(revents(w, 0), POLLOUT);
	CHECK_OK(close(r));
	CHECK(revents(w, 0) & POLLERR);
	new_pipe(0);
	CHECK_EQ(write(w, "x", 1), 1);
	CHECK_OK(close(w));
	CHECK_EQ(revents(r, 0), POLLIN | POLLHUP);
	CHECK_EQ(read(r, page, 2), 1);
	CHECK_EQ(revents(r, 0), POLLHUP);
	new_pipe(0);
	pid_t pid = fork();

	if (!pid) {				/* woken by the write, long before the time is over */
		CHECK_EQ(revents(r, 1000), POLLIN);
		_exit(0);
	}
	sleep_ms(3);
	CHECK_EQ(write(w, "x", 1), 1);
	wait_for(pid);
	CHECK_EQ(read(r, page, 1), 1);
	fill();
	pid = fork();
	if (!pid) {				/* woken by the read */
		CHECK_EQ(revents(w, 1000), POLLOUT);
		_exit(0);
	}
	sleep_ms(3);
	CHECK_EQ(read(r, page, PAGE), PAGE);
	wait_for(pid);
}

TEST(whole_messages)
{
	enum { WRITERS = 3, MESSAGES = 30, LENGTH = 3000 };
	static char message[LENGTH];

	new_pipe(0);
	for (int i = 0; i < WRITERS; i++)
		if (!fork()) {
			memset(message, 'a' + i, LENGTH);
			for (int j = 0; j < MESSAGES; j++)
				CHECK_EQ(write(w, message, LENGTH), LENGTH);
			_exit(0);
		}
	CHECK_OK(close(w));
	for (int i = 0; i < WRITERS * MESSAGES; i++) {
		CHECK_EQ(read_all(r, message, LENGTH), LENGTH);
		for (int j = 1; j < LENGTH; j++)
			CHECK_EQ(message[j], message[0]);
	}
	CHECK_EQ(read(r, message, 1), 0);
}

TEST(ping_pong)
{
	enum { TOTAL = 1 << 20 };
	static char buf[9001];
	unsigned sum = 0, expected = 0, step = 1;

	new_pipe(0);
	pid_t pid = fork();

	if (!pid) {
		close(r);
		for (unsigned at = 0, len; at < TOTAL; at += len, step = step * 5 % 9001) {
			len = step < TOTAL - at ? step : TOTAL - at;
			for (unsigned i = 0; i < len; i++)
				buf[i] = (at + i) * 31 >> 3;
			CHECK_EQ(write(w, buf, len), len);
		}
		_exit(0);
	}
	close(w);
	for (unsigned at = 0; at < TOTAL; step = step * 7 % 8999) {
		long n = read(r, buf, step);

		CHECK(n > 0);
		for (long i = 0; i < n; i++, at++) {
			sum += (unsigned char)buf[i];
			expected += (unsigned char)(at * 31 >> 3);
		}
		CHECK_EQ(sum, expected);
	}
	CHECK_EQ(read(r, buf, 1), 0);
	wait_for(pid);
}

TEST(no_page_lost)
{
	static char buf[SIZE];

	for (int round = 0; round < 12; round++) {
		if (round == 2)			/* caches are warm now */
			STATE("before", 0, 0, 0);
		new_pipe(0);
		fill();
		CHECK_EQ(read_all(r, buf, SIZE), SIZE);
		CHECK_EQ(write(w, buf, 5000), 5000);
		CHECK_EQ(read(r, buf, 100), 100);
		CHECK_ERR(write(w, (void *)8, PAGE), EFAULT);
		CHECK_OK(close(r) | close(w));	/* the rest goes with the pipe */
	}
	STATE("after", 0, 0, 0);
}
