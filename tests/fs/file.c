/* Files: open flags, read, write, seek, truncate, vectors, sendfile, fcntl, dup. */
#include "../abi.h"
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static char buf[65536];

TEST(open_flags)
{
	int fd;

	CHECK_ERR(open("f", O_RDONLY), ENOENT);
	CHECK_OK(fd = open("f", O_CREAT | O_EXCL | O_RDWR, 0644));
	CHECK_ERR(open("f", O_CREAT | O_EXCL | O_RDWR, 0644), EEXIST);
	CHECK_EQ(write(fd, "12345", 5), 5);
	CHECK_OK(fd = open("f", O_WRONLY | O_TRUNC));
	CHECK_EQ(lseek(fd, 0, SEEK_END), 0);
	CHECK_ERR(read(fd, buf, 1), EBADF);
	CHECK_OK(fd = open("f", O_RDONLY));
	CHECK_ERR(write(fd, buf, 1), EBADF);
	CHECK_ERR(open(".", O_WRONLY), EISDIR);
	CHECK_ERR(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERR(open("f/x", O_RDONLY), ENOTDIR);
	CHECK_ERR(open("", O_RDONLY), ENOENT);
	CHECK_ERR(open("new/", O_CREAT | O_RDWR, 0644), EISDIR);
	CHECK_ERR(open("f/", O_RDONLY), ENOTDIR);
	CHECK_ERR(syscall(SYS_open, 8, O_RDONLY, 0), EFAULT);
}

TEST(append)
{
	int a = open("f", O_CREAT | O_WRONLY | O_APPEND, 0644), b = open("f", O_WRONLY | O_APPEND);

	CHECK_EQ(write(a, "one", 3), 3);
	CHECK_EQ(write(b, "two", 3), 3);
	lseek(a, 0, SEEK_SET);
	CHECK_EQ(write(a, "three", 5), 5);
	CHECK_EQ(lseek(a, 0, SEEK_CUR), 11);
	CHECK(!strcmp(read_file("f"), "onetwothree"));
}

TEST(seek)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644);
	struct stat st;

	CHECK_EQ(write(fd, "0123456789", 10), 10);
	CHECK_EQ(lseek(fd, -3, SEEK_END), 7);
	CHECK_EQ(read(fd, buf, 10), 3);
	CHECK_EQ(read(fd, buf, 10), 0);
	CHECK_EQ(lseek(fd, -8, SEEK_CUR), 2);
	CHECK_ERR(lseek(fd, -1, SEEK_SET), EINVAL);
	CHECK_ERR(lseek(fd, 0, 77), EINVAL);
	CHECK_EQ(lseek(fd, 100000, SEEK_SET), 100000);
	CHECK_EQ(write(fd, "end", 3), 3);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 100003);
	CHECK_EQ(pread(fd, buf, 100, 50000), 100);
	for (int i = 0; i < 100; i++)
		CHECK_EQ(buf[i], 0);
	CHECK(st.st_blocks * 512 < 100003);	/* the hole takes no pages */
}

TEST(pread_pwrite)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644);

	CHECK_EQ(pwrite(fd, "abcdef", 6, 10), 6);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(pread(fd, buf, 3, 12), 3);
	CHECK(!memcmp(buf, "cde", 3));
	CHECK_EQ(pread(fd, buf, 3, 16), 0);
	CHECK_ERR(pread(fd, buf, 3, -1), EINVAL);
	CHECK_ERR(pwrite(fd, buf, 3, -1), EINVAL);
}

TEST(vectors)
{
	struct iovec w[3] = { { "ab", 2 }, { "", 0 }, { "cdef", 4 } };
	struct iovec r[2] = { { buf, 3 }, { buf + 100, 100 } };
	int fd = open("f", O_CREAT | O_RDWR, 0644);

	CHECK_EQ(writev(fd, w, 3), 6);
	lseek(fd, 0, SEEK_SET);
	CHECK_EQ(readv(fd, r, 2), 6);
	CHECK(!memcmp(buf, "abc", 3) && !memcmp(buf + 100, "def", 3));
	CHECK_EQ(pwritev(fd, w, 1, 3), 2);
	CHECK_EQ(preadv(fd, r, 1, 2), 3);
	CHECK(!memcmp(buf, "cab", 3));
}

TEST(truncate_both_ways)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644);
	struct stat st;

	memset(buf, 'x', sizeof(buf));
	CHECK_EQ(write(fd, buf, 10000), 10000);
	CHECK_OK(ftruncate(fd, 5000));
	CHECK_OK(ftruncate(fd, 9000));
	CHECK_EQ(pread(fd, buf, 9000, 0), 9000);
	CHECK_EQ(buf[4999], 'x');
	for (int i = 5000; i < 9000; i++)
		CHECK_EQ(buf[i], 0);
	CHECK_OK(truncate("f", 1));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_size, 1);
	CHECK_ERR(ftruncate(fd, -1), EINVAL);
	CHECK_ERR(truncate(".", 0), EISDIR);
	CHECK_ERR(truncate("none", 0), ENOENT);
	CHECK_ERR(ftruncate(open("f", O_RDONLY), 0), EINVAL);
}

TEST(big_file)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644);

	for (int i = 0; i < 64; i++) {
		memset(buf, i, sizeof(buf));
		CHECK_EQ(write(fd, buf, sizeof(buf)), sizeof(buf));
	}
	for (int i = 63; i >= 0; i--) {
		CHECK_EQ(pread(fd, buf, 1, (long)i * 65536 + 100), 1);
		CHECK_EQ(buf[0], i);
	}
}

TEST(unlinked_but_open)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644);
	struct stat st;

	CHECK_EQ(write(fd, "still here", 10), 10);
	CHECK_OK(unlink("f"));
	CHECK_ERR(open("f", O_RDONLY), ENOENT);
	CHECK_EQ(pread(fd, buf, 100, 0), 10);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
}

TEST(dup_shares_the_offset)
{
	int fd = open("f", O_CREAT | O_RDWR | O_CLOEXEC, 0644), d = dup(fd);

	CHECK_EQ(write(fd, "abc", 3), 3);
	CHECK_EQ(lseek(d, 0, SEEK_CUR), 3);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(d, F_GETFD), 0);
	CHECK_EQ(dup2(fd, fd), fd);
	CHECK_EQ(dup2(fd, 77), 77);
	CHECK_EQ(dup3(fd, 78, O_CLOEXEC), 78);
	CHECK_EQ(fcntl(78, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(dup3(fd, fd, 0), EINVAL);
	CHECK_ERR(dup2(99, 5), EBADF);
	CHECK_ERR(syscall(SYS_dup3, fd, 80, 1), EINVAL);
	CHECK_ERR(dup2(fd, -1), EBADF);
}

TEST(lowest_free_fd)
{
	int a = open("/dev/null", O_RDONLY), b = open("/dev/null", O_RDONLY);

	CHECK_EQ(b, a + 1);
	close(a);
	CHECK_EQ(open("/dev/null", O_RDONLY), a);
	CHECK_EQ(fcntl(b, F_DUPFD, 50), 50);
	CHECK_EQ(fcntl(b, F_DUPFD_CLOEXEC, 50), 51);
	CHECK_EQ(fcntl(51, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(close(49), EBADF);
	CHECK_ERR(fcntl(b, F_DUPFD, -1), EINVAL);
	CHECK_ERR(fcntl(b, 9999), EINVAL);
}

TEST(fcntl_flags)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644);

	CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR);
	CHECK_OK(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK | O_WRONLY));
	CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR | O_APPEND | O_NONBLOCK);
	CHECK_OK(fcntl(fd, F_SETFD, FD_CLOEXEC));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

TEST(send_file)
{
	int in = open("in", O_CREAT | O_RDWR, 0644), out = open("out", O_CREAT | O_RDWR, 0644), fds[2];
	off_t off = 5;

	for (int i = 0; i < 30000; i++)
		buf[i] = i;
	CHECK_EQ(write(in, buf, 30000), 30000);
	CHECK_EQ(sendfile(out, in, &off, 20000), 20000);
	CHECK_EQ(off, 20005);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), 30000);
	lseek(in, 29990, SEEK_SET);
	CHECK_EQ(sendfile(out, in, NULL, 100), 10);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), 30000);
	CHECK_EQ(pread(out, buf, 30000, 0), 20010);
	CHECK(buf[0] == 5 && buf[19999] == (char)20004 && buf[20009] == (char)29999);
	CHECK_OK(pipe(fds));
	off = 0;
	CHECK_EQ(sendfile(fds[1], in, &off, 1000), 1000);
	CHECK_EQ(read(fds[0], buf, 2000), 1000);
	CHECK_ERR(sendfile(out, 99, NULL, 1), EBADF);
}

TEST(directory_is_not_read)
{
	int fd = open(".", O_RDONLY);

	CHECK_ERR(read(fd, buf, 10), EISDIR);
	CHECK_ERR(ioctl(fd, TIOCGWINSZ, buf), ENOTTY);
}

TEST(o_path_and_symlinks)
{
	CHECK_OK(symlink("f", "l"));
	CHECK_ERR(open("l", O_RDONLY), ENOENT);
	CHECK_ERR(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_OK(close(open("l", O_CREAT | O_WRONLY, 0644)));	/* makes f */
	CHECK_OK(access("f", F_OK));
	CHECK_ERR(open("l", O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
}

TEST(fsync_and_fallocate)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644);
	struct stat st;

	CHECK_OK(fsync(fd));
	CHECK_OK(fdatasync(fd));
	if (posix_fallocate(fd, 0, 8192) == 0) {
		CHECK_OK(fstat(fd, &st));
		CHECK_EQ(st.st_size, 8192);
	}
	CHECK_ERR(fsync(99), EBADF);
}

TEST(advisory_locks)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644);

	if (flock(fd, LOCK_EX | LOCK_NB) && errno == ENOSYS)
		return;
	CHECK_CHILD(CHECK_ERR(flock(open("f", O_RDWR), LOCK_EX | LOCK_NB), EWOULDBLOCK));
	CHECK_OK(flock(fd, LOCK_UN));
}

static int lock_byte(int fd, int cmd, short type, off_t start)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = 1 };

	return fcntl(fd, cmd, &l) ? errno : 0;
}

TEST(lock_circle_is_refused)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644), ready[2];
	pid_t pid;
	int status;
	char c;

	CHECK_OK(pipe(ready));
	CHECK_EQ(lock_byte(fd, F_SETLK, F_WRLCK, 0), 0);
	pid = fork();
	if (!pid) {
		close(ready[0]);
		CHECK_EQ(lock_byte(fd, F_SETLK, F_WRLCK, 1), 0);
		CHECK_EQ(lock_byte(fd, F_SETLK, F_WRLCK, 0), EAGAIN);
		close(ready[1]);
		_exit(lock_byte(fd, F_SETLKW, F_WRLCK, 0));
	}
	close(ready[1]);
	CHECK_EQ(read(ready[0], &c, 1), 0);
	wait_state(pid, 'S');
	CHECK_EQ(lock_byte(fd, F_SETLKW, F_WRLCK, 1), EDEADLK);
	CHECK_EQ(lock_byte(fd, F_SETLK, F_UNLCK, 0), 0);	/* the child gets it: no circle */
	CHECK_EQ(lock_byte(fd, F_SETLKW, F_WRLCK, 1), 0);	/* when the child is gone */
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

/* The system time in us of the one of two waiters for a lock who took more. */
static long time_of_waiters(int fd)
{
	struct rusage ru;
	pid_t pid[2];
	long most = 0, us;
	int status;

	CHECK_EQ(lock_byte(fd, F_SETLK, F_WRLCK, 0), 0);
	for (int i = 0; i < 2; i++) {
		pid[i] = fork();
		if (!pid[i])
			_exit(lock_byte(fd, F_SETLKW, F_RDLCK, 0));
	}
	for (int i = 0; i < 2; i++)
		wait_state(pid[i], 'S');
	sleep_ms(300);
	CHECK_EQ(lock_byte(fd, F_SETLK, F_UNLCK, 0), 0);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(wait4(pid[i], &status, 0, &ru), pid[i]);
		CHECK_EQ(status, 0);
		us = ru.ru_stime.tv_sec * 1000000 + ru.ru_stime.tv_usec;
		most = us > most ? us : most;
	}
	return most;
}

/* Two that wait for the same lock do not keep waking each other. Again, if a busy host took the time of one of them. */
TEST(lock_waiters_sleep)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644);

	CHECK(time_of_waiters(fd) < 50000 || time_of_waiters(fd) < 50000 || time_of_waiters(fd) < 50000);
}
