/*
 * Prints what Linux answers to some 700 file system calls, most of them wrong: bad pointers in several ways, wrong
 * descriptors, wrong flags, wrong kinds of file, lengths without sense, read-only and full file systems, limits,
 * and a caller without rights. linux.txt is the output on Linux 6.18; test_errnos.py compares. To record anew:
 *
 *	mkdir /dev/shm/w && build/tests/fs/errnos/errnos /dev/shm/w >tests/fs/errnos/linux.txt
 *
 * as root, on a tmpfs, with only descriptors 0 to 2 open.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <stdint.h>
#include <dirent.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/mount.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sys/time.h>
#include <signal.h>
#include <grp.h>

#define BAD ((void *)0x10)
#define KPTR ((void *)0xffff888000000000)
#define NONC ((void *)0x0000800000000000)
#define MAXP ((void *)-1L)
#define T(n, ...)                                                                                            \
	({                                                                                                   \
		errno = 0;                                                                                   \
		long _r = syscall(SYS_##n, ##__VA_ARGS__);                                                   \
		int _e = errno;                                                                              \
		printf("%s(%s) = %ld %d\n", #n, #__VA_ARGS__, _r, _e);                                       \
		_r;                                                                                          \
	})

static char big[70000], longname[300], longpath[5000], path4095[4200];
static int mk(const char *p, const char *s)
{
	int fd = open(p, O_CREAT | O_WRONLY | O_TRUNC, 0644);
	write(fd, s, strlen(s));
	close(fd);
	return 0;
}
static void showstat(const char *p)
{
	struct stat st;
	if (lstat(p, &st)) {
		printf("stat %s errno %d\n", p, errno);
		return;
	}
	printf("stat %s mode %o nlink %d uid %d gid %d size %ld blocks %ld blksize %ld\n", p, st.st_mode,
	       (int)st.st_nlink, st.st_uid, st.st_gid, (long)st.st_size, (long)st.st_blocks,
	       (long)st.st_blksize);
}
static void cat(const char *p)
{
	char b[200];
	int fd = open(p, O_RDONLY);
	int n = read(fd, b, 199);
	if (n < 0) {
		printf("cat %s errno %d\n", p, errno);
		close(fd);
		return;
	}
	b[n] = 0;
	printf("cat %s: %s\n", p, b);
	close(fd);
}
static void asuser(void (*fn)(void))
{
	fflush(stdout);
	if (!fork()) {
		setgroups(0, 0);
		setgid(1000);
		setuid(1000);
		fn();
		fflush(stdout);
		_exit(0);
	}
	wait(0);
}
static void user_part(void)
{
	int fd;
	struct stat st;
	T(open, "root600", O_RDONLY);
	T(open, "root644", O_RDONLY);
	T(open, "root644", O_WRONLY);
	T(open, "root644", O_RDONLY | O_TRUNC);
	T(open, "root644", O_RDONLY | O_NOATIME);
	T(chmod, "root644", 0777);
	T(chown, "root644", 1000, 1000);
	T(lchown, "root644", -1, -1);
	T(chown, "root644", -1, -1);
	T(utimensat, AT_FDCWD, "root644", NULL, 0);
	T(truncate, "root644", 0L);
	T(access, "root644", R_OK);
	T(access, "root644", W_OK);
	T(access, "root644", X_OK);
	T(access, "root600", F_OK);
	T(unlink, "sticky/rootf");
	T(rename, "sticky/rootf", "sticky/x");
	T(mkdir, "sticky/u", 0777);
	T(rmdir, "sticky/u");
	T(open, "priv/x", O_RDONLY);
	T(stat, "priv/x", &st);
	T(stat, "priv", &st);
	T(mkdir, "newdir", 0777);
	T(unlink, "root644");
	T(rename, "root644", "zz");
	T(symlink, "a", "zz");
	T(mknod, "sticky/n", S_IFCHR | 0666, 0x103);
	T(mknod, "sticky/n", S_IFIFO | 0666, 0);
	T(mknod, "sticky/r", S_IFREG | 0666, 0);
	T(unlink, "sticky/n");
	T(unlink, "sticky/r");
	T(mount, "none", "sticky", "tmpfs", 0L, NULL);
	T(umount2, "sticky", 0);
	T(umount2, "nonex", 0);
	T(chroot, ".");
	T(chroot, "nonex");
	T(mount, "none", "nonex", "tmpfs", 0L, NULL);
	fd = open("sticky/mine", O_CREAT | O_RDWR, 0666);
	T(fchmod, fd, 04755);
	write(fd, "x", 1);
	showstat("sticky/mine");
	T(fchmod, fd, 06755);
	T(ftruncate, fd, 0L);
	showstat("sticky/mine");
	T(fchmod, fd, 02745);
	write(fd, "x", 1);
	showstat("sticky/mine");
	T(fchmod, fd, 06777);
	T(fchown, fd, -1, 1000);
	showstat("sticky/mine");
	T(fchown, fd, 0, -1);
	T(fchown, fd, -1, 0);
	T(fchmod, fd, 0);
	T(open, "sticky/mine", O_RDONLY);
	T(open, "sticky/mine", O_CREAT | O_RDONLY, 0666);
	T(unlink, "sticky/mine");
	struct timespec ts[2] = {{1, 0}, {0, UTIME_NOW}};
	T(utimensat, AT_FDCWD, "world", ts, 0);
	ts[0].tv_nsec = UTIME_NOW;
	T(utimensat, AT_FDCWD, "world", ts, 0);
	T(utimensat, AT_FDCWD, "world", NULL, 0);
	ts[0].tv_nsec = UTIME_OMIT;
	T(utimensat, AT_FDCWD, "world", ts, 0);
	T(chdir, "priv");
	T(execve, "root644", NULL, NULL);
	T(faccessat2, AT_FDCWD, "root600", R_OK, AT_EACCESS);
	T(mkdir, "gdir/sub", 0777);
	showstat("gdir/sub");
	T(rename, "gdir/sub", "sticky/sub");
	T(rmdir, "sticky/sub");
	T(rename, "sticky", "gdir/sticky");
	T(open, "sticky/rootf", O_RDWR | O_CREAT, 0666);
}
int main(int, char **argv)
{
	struct stat st;
	struct statfs sf;
	int fd, fd2, p[2], dfd, ofd, rofd, wofd;
	static char buf[4096];	/* low: 2 GiB from a stack at the top end beyond user space, EFAULT on Linux too */
	struct iovec iv[4];
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	umask(022);
	setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	if (argv[1][0] != '/' || chdir(argv[1]))
		return 1;
	mkdir("T", 0755);
	chdir("T");
	memset(longname, 'n', sizeof longname - 1);
	memset(longpath, 'p', sizeof longpath - 1);
	for (int i = 0; i < 4200; i++)
		path4095[i] = i % 2 ? '/' : '.';
	path4095[4095] = 0;
	mk("f", "hello world");
	mkdir("d", 0755);
	mk("d/x", "xx");
	symlink("f", "sl");
	symlink("d", "sd");
	symlink("loop", "loop");
	symlink("nowhere", "dang");
	mkfifo("fifo", 0666);
	mknod("null", S_IFCHR | 0666, 0x103);
	mknod("nodev", S_IFCHR | 0666, 0xfa01);
	mknod("blk", S_IFBLK | 0666, 0xfa01);
	mknod("sock", S_IFSOCK | 0666, 0);
	fd = open("f", O_RDWR);
	dfd = open("d", O_RDONLY);
	ofd = open("f", O_PATH);
	rofd = open("f", O_RDONLY);
	wofd = open("f", O_WRONLY);
	pipe(p);
	printf("fds %d %d %d %d %d %d %d\n", fd, dfd, ofd, rofd, wofd, p[0], p[1]);

	/* open */
	T(open, BAD, 0);
	T(open, KPTR, 0);
	T(open, NONC, 0);
	T(open, MAXP, 0);
	T(open, "", 0);
	T(open, longname, 0);
	T(open, longpath, 0);
	T(open, path4095, 0);
	T(open, "d/none/x", 0);
	T(open, "f/x", 0);
	T(open, "f/", 0);
	T(open, "f/.", 0);
	T(open, "d/", O_WRONLY);
	T(open, "d", O_WRONLY);
	T(open, "d", O_RDWR);
	T(open, "d", O_RDONLY | O_CREAT, 0666);
	T(open, "d/", O_RDONLY | O_CREAT, 0666);
	T(open, "new/", O_RDWR | O_CREAT, 0666);
	T(open, "f", O_CREAT | O_EXCL, 0666);
	T(open, "sl", O_CREAT | O_EXCL | O_RDWR, 0666);
	T(open, "dang", O_CREAT | O_EXCL, 0666);
	T(open, "sl", O_NOFOLLOW);
	T(open, "sl/", O_NOFOLLOW);
	T(open, "sd/", O_NOFOLLOW | O_PATH);
	T(open, "loop", 0);
	T(open, "loop", O_CREAT, 0666);
	T(open, "loop", O_NOFOLLOW);
	T(open, "loop/x", 0);
	T(open, "f", O_DIRECTORY);
	T(open, "sl", O_DIRECTORY);
	T(open, "sl", O_DIRECTORY | O_NOFOLLOW);
	T(open, "sd", O_DIRECTORY | O_NOFOLLOW);
	T(open, "f", O_CREAT | O_DIRECTORY, 0666);
	T(open, "newd", O_CREAT | O_DIRECTORY, 0666);
	T(open, "d", O_TMPFILE | O_RDONLY, 0666);
	T(open, "d", 020000000 | O_RDWR, 0666);
	T(open, "nodev", O_RDWR);
	T(open, "blk", O_RDWR);
	T(open, "sock", O_RDWR);
	T(open, "fifo", O_WRONLY | O_NONBLOCK);
	T(open, "nodev", O_PATH | O_CLOEXEC);
	T(open, "fifo", O_RDONLY | O_NONBLOCK | O_TRUNC);
	T(open, "null", O_RDWR | O_TRUNC);
	T(open, "f", 3);
	T(open, "f", O_PATH | O_RDWR | O_CREAT | O_EXCL, 0);
	T(open, "sl", O_PATH | O_NOFOLLOW);
	T(open, "none", O_PATH | O_CREAT, 0666);
	T(open, ".", O_CREAT, 0666);
	T(open, "..", O_CREAT, 0666);
	T(open, "/", O_CREAT, 0666);
	T(open, "/..", O_RDONLY);
	T(openat, -1, "f", 0);
	T(openat, fd, "f", 0);
	T(openat, dfd, "x", 0);
	T(openat, dfd, "../f", 0);
	T(openat, 999, "/", 0);
	T(openat, fd, "", 0);
	T(openat, dfd, "", O_CREAT, 0);
	T(openat, -100, "f", 0);
	T(openat, p[0], "f", 0);
	T(openat, ofd, "f", 0);
	T(open, "f", -1);
	T(open, "f", 0x7fffffff & ~O_CREAT & ~O_TMPFILE);
	T(creat, "f2", 0666);
	T(creat, "d", 0666);
	T(creat, BAD, 0666);
	T(creat, "sl", 0666);
	mk("f", "hello world");
	for (int i = 10; i < 60; i++)
		close(i);

	/* close dup */
	T(close, -1);
	T(close, 99);
	T(close, 1000000);
	T(dup, -1);
	T(dup, 99);
	T(dup2, 99, 5);
	T(dup2, fd, -1);
	T(dup2, fd, 100000000);
	T(dup2, 99, 99);
	T(dup2, fd, fd);
	T(dup3, fd, fd, 0);
	T(dup3, 99, 100, 1);
	T(dup3, fd, 100, 1);
	T(dup3, fd, 200, O_CLOEXEC);
	T(fcntl, 200, F_GETFD);
	T(close, 200);
	T(dup2, ofd, 201);
	T(close, 201);
	T(close_range, 5, 4, 0);
	T(close_range, 900, 1000, 8);
	T(close_range, 900, ~0U, 0);
	T(close_range, 900, ~0U, 4);

	/* read write */
	T(read, -1, BAD, 1L);
	T(read, 99, buf, 1L);
	T(read, fd, BAD, 1L);
	T(read, fd, KPTR, 1L);
	T(read, fd, NONC, 1L);
	T(read, fd, MAXP, 1L);
	T(read, fd, buf, -1L);
	T(read, fd, BAD, 0L);
	T(read, fd, KPTR, 0L);
	T(read, wofd, buf, 1L);
	T(read, wofd, BAD, -1L);
	T(read, dfd, buf, 1L);
	T(read, dfd, BAD, 1L);
	T(read, ofd, buf, 1L);
	T(read, p[1], buf, 1L);
	T(read, fd, buf, 5L);
	T(lseek, fd, 0L, 1);
	T(read, fd, BAD, 5L);
	T(lseek, fd, 0L, 1);
	T(read, fd, BAD, 0x7fffffffffffffffL);
	T(read, fd, buf, 0x80000000L);
	T(read, fd, buf, 10L);
	T(read, fd, BAD, 10L);
	T(read, fd, KPTR, 10L);
	T(write, -1, BAD, 1L);
	T(write, fd, BAD, 1L);
	T(write, fd, KPTR, 1L);
	T(write, rofd, buf, 1L);
	T(write, rofd, BAD, 1L);
	T(write, dfd, buf, 1L);
	T(write, ofd, buf, 1L);
	T(write, p[0], buf, 1L);
	T(write, fd, BAD, 0L);
	T(write, fd, buf, -1L);
	T(write, fd, BAD, -1L);
	T(write, p[1], BAD, 1L);
	T(write, p[1], BAD, 0L);
	T(pread64, fd, buf, 5L, -1L);
	T(pread64, 99, buf, 5L, -1L);
	T(pread64, p[0], buf, 5L, 0L);
	T(pread64, p[0], buf, 5L, -1L);
	T(pread64, fd, buf, 5L, 100L);
	T(pread64, fd, BAD, 5L, 0L);
	T(pread64, fd, buf, 5L, 0x7fffffffffffffffL);
	T(pread64, wofd, buf, 5L, 0L);
	T(pwrite64, fd, buf, 5L, 0x7fffffffffffffffL);
	T(pwrite64, fd, "Z", 1L, 0x7ffffffffffffffeL);
	T(pwrite64, rofd, "Z", 1L, 0L);
	T(pwrite64, p[1], "Z", 1L, 0L);
	T(pread64, dfd, buf, 1L, 0L);
	T(pwrite64, dfd, buf, 1L, 0L);
	iv[0].iov_base = buf;
	iv[0].iov_len = 3;
	iv[1].iov_base = buf + 3;
	iv[1].iov_len = 3;
	lseek(fd, 0, 0);
	T(readv, fd, iv, 2);
	T(readv, fd, iv, 0);
	T(readv, fd, BAD, 0);
	T(readv, fd, BAD, 1);
	T(readv, fd, iv, -1);
	T(readv, fd, iv, 1025);
	T(readv, 99, iv, -1);
	iv[1].iov_len = -1;
	T(readv, fd, iv, 2);
	iv[1].iov_len = 3;
	iv[1].iov_base = BAD;
	lseek(fd, 0, 0);
	T(readv, fd, iv, 2);
	T(writev, rofd, iv, 2);
	T(writev, rofd, iv, 0);
	iv[1].iov_base = KPTR;
	T(readv, fd, iv, 2);
	T(readv, dfd, iv, 1);
	T(writev, dfd, iv, 1);
	iv[0].iov_len = 0x7fffffffffffffff;
	iv[1].iov_base = buf;
	T(readv, fd, iv, 2);
	T(preadv, fd, iv, 1, -1L, 0L);
	iv[0].iov_len = 3;
	T(preadv, p[0], iv, 1, 0L, 0L);
	T(pwritev, fd, iv, 0, 0L, 0L);
	T(readv, wofd, iv, 1);
	T(readv, ofd, iv, 1);

	/* lseek */
	T(lseek, 99, 0L, 0);
	T(lseek, fd, -1L, 0);
	T(lseek, fd, 0L, 9);
	T(lseek, fd, 0L, -1);
	T(lseek, p[0], 0L, 0);
	T(lseek, p[0], 0L, 9);
	T(lseek, fd, 5L, 2);
	T(lseek, fd, -100L, 2);
	T(lseek, fd, 0x7fffffffffffffffL, 0);
	T(lseek, fd, 1L, 1);
	T(lseek, dfd, 0L, 2);
	T(lseek, dfd, 1L, 0);
	T(lseek, dfd, 0L, 0);
	T(lseek, ofd, 0L, 0);
	T(lseek, fd, 0L, 0);
	fd2 = open("hole", O_CREAT | O_RDWR, 0644);
	pwrite(fd2, "a", 1, 20000);
	ftruncate(fd2, 40000);
	showstat("hole");

	/* truncate */
	T(truncate, "f", -1L);
	T(truncate, "none", -1L);
	T(truncate, "none", 0L);
	T(truncate, "d", 0L);
	T(truncate, "fifo", 0L);
	T(truncate, "null", 0L);
	T(truncate, BAD, 0L);
	T(truncate, "f", 5L);
	cat("f");
	T(truncate, "f", 11L);
	showstat("f");
	T(ftruncate, fd, -1L);
	T(ftruncate, 99, -1L);
	T(ftruncate, 99, 0L);
	T(ftruncate, rofd, 0L);
	T(ftruncate, dfd, 0L);
	T(ftruncate, p[1], 0L);
	T(ftruncate, ofd, 0L);
	T(ftruncate, fd, 11L);
	ftruncate(fd, 11);

	/* stat */
	T(stat, BAD, &st);
	T(stat, "f", BAD);
	T(stat, "none", BAD);
	T(stat, "", &st);
	T(stat, "f", KPTR);
	T(lstat, "sl", BAD);
	T(stat, "dang", &st);
	T(lstat, "dang", &st);
	T(stat, "loop", &st);
	T(lstat, "loop", &st);
	T(lstat, "loop/", &st);
	T(stat, "sl/", &st);
	T(lstat, "sd/", &st);
	T(fstat, 99, &st);
	T(fstat, 99, BAD);
	T(fstat, fd, BAD);
	T(fstat, ofd, &st);
	T(newfstatat, AT_FDCWD, "f", &st, 0x8000);
	T(newfstatat, AT_FDCWD, "", &st, 0);
	T(newfstatat, AT_FDCWD, "", &st, AT_EMPTY_PATH);
	T(newfstatat, fd, "", &st, AT_EMPTY_PATH);
	T(newfstatat, -1, "", &st, AT_EMPTY_PATH);
	T(newfstatat, fd, NULL, &st, AT_EMPTY_PATH);
	T(newfstatat, fd, BAD, &st, AT_EMPTY_PATH);
	T(newfstatat, fd, "x", &st, 0);
	T(newfstatat, 99, "x", &st, 0);
	T(newfstatat, 99, "/", &st, 0);
	T(statx, AT_FDCWD, "f", 0, 0x80000000, buf);
	T(statx, AT_FDCWD, "f", 0x6000, 0xfff, buf);
	T(statx, AT_FDCWD, "f", 0, 0xfff, BAD);
	T(statx, AT_FDCWD, "f", 0, 0xfff, buf);
	T(statx, AT_FDCWD, BAD, 0, 0xfff, buf);
	T(statx, AT_FDCWD, "f", 0x10, 0xfff, buf);
	T(statx, fd, "", AT_EMPTY_PATH, 0xfff, buf);
	T(statx, 99, "", AT_EMPTY_PATH, 0xfff, buf);
	T(statfs, BAD, &sf);
	T(statfs, "f", BAD);
	T(statfs, "none", &sf);
	T(fstatfs, 99, &sf);
	T(fstatfs, fd, BAD);
	T(fstatfs, fd, &sf);
	printf("statfs %lx %ld %ld\n", (long)sf.f_type, (long)sf.f_bsize, (long)sf.f_namelen);
	T(fstatfs, p[0], &sf);
	printf("type %lx\n", (long)sf.f_type);
	T(fstatfs, ofd, &sf);
	T(readlink, "sl", buf, 0);
	T(readlink, "sl", buf, -1);
	T(readlink, "sl", BAD, 10);
	T(readlink, "f", buf, 10);
	T(readlink, "none", buf, 10);
	T(readlink, "", buf, 10);
	T(readlink, BAD, buf, 10);
	T(readlink, "sl", buf, 100);
	T(readlink, "sd", buf, 100);
	T(readlink, "sd/", buf, 100);
	T(readlink, "loop", buf, 2);
	T(readlinkat, 99, "sl", buf, 10);
	T(readlinkat, fd, "", buf, 10);
	fd2 = open("sl", O_PATH | O_NOFOLLOW);
	T(readlinkat, fd2, "", buf, 10);
	T(fchmod, fd2, 0777);
	T(fchown, fd2, 0, 0);
	T(fchownat, fd2, "", 0, 0, AT_EMPTY_PATH);
	close(fd2);

	/* access */
	T(access, "f", 8);
	T(access, "f", -1);
	T(access, "none", 0);
	T(access, BAD, 0);
	T(access, "f", X_OK);
	T(access, "f", R_OK | W_OK);
	T(faccessat2, AT_FDCWD, "f", 0, 0x10);
	T(faccessat2, fd, "", 4, AT_EMPTY_PATH);
	T(faccessat, 99, "f", 0);
	T(faccessat2, AT_FDCWD, "dang", 0, AT_SYMLINK_NOFOLLOW);

	/* mkdir etc */
	T(mkdir, "d", 0777);
	T(mkdir, "f", 0777);
	T(mkdir, "sl", 0777);
	T(mkdir, "dang", 0777);
	T(mkdir, "dang/", 0777);
	T(mkdir, "", 0777);
	T(mkdir, BAD, 0777);
	T(mkdir, ".", 0777);
	T(mkdir, "..", 0777);
	T(mkdir, "/", 0777);
	T(mkdir, "none/d", 0777);
	T(mkdir, "f/d", 0777);
	T(mkdir, longname, 0777);
	T(mkdir, longpath, 0777);
	T(mkdir, "m1///", 07777);
	showstat("m1");
	T(mkdirat, dfd, "m2", 0777);
	T(mkdirat, 99, "m2", 0777);
	T(mkdirat, fd, "m2", 0777);
	T(rmdir, "m1/.");
	T(rmdir, "m1/..");
	T(rmdir, "m1");
	T(rmdir, "m1");
	T(rmdir, "d");
	T(rmdir, "d/m2/");
	T(rmdir, "f");
	T(rmdir, "/");
	T(rmdir, ".");
	T(rmdir, "..");
	T(rmdir, "sd");
	T(rmdir, "sl/");
	T(rmdir, "sd/");
	T(rmdir, "");
	T(rmdir, BAD);
	T(rmdir, "f/x");
	T(mknod, "n1", 0666, 0);
	showstat("n1");
	T(mknod, "n1", 0666, 0);
	T(mknod, "n2", S_IFDIR | 0777, 0);
	T(mknod, "n2", 0150000 | 0777, 0);
	T(mknod, "n2", S_IFLNK | 0777, 0);
	T(mknod, "n2/", S_IFREG | 0666, 0);
	T(mknod, "n2", S_IFCHR | 0666, 0x105);
	showstat("n2");
	T(mknod, BAD, 0, 0);
	T(mknod, "", 0, 0);
	T(unlink, "n2");
	T(unlink, "n1");
	T(mknod, "d/", S_IFREG | 0666, 0);
	T(unlink, "d");
	T(unlink, "none");
	T(unlink, "f/");
	T(unlink, "none/");
	T(unlink, "d/");
	T(unlink, ".");
	T(unlink, "..");
	T(unlink, "/");
	T(unlink, "");
	T(unlink, BAD);
	T(unlink, "sd/");
	T(unlink, "sl/");
	T(unlinkat, AT_FDCWD, "f", 1);
	T(unlinkat, AT_FDCWD, "f", AT_REMOVEDIR);
	T(unlinkat, 99, "f", 0);
	T(unlinkat, dfd, "none", 0);
	T(unlink, longname);
	T(symlink, "", "e");
	T(symlink, BAD, "e");
	T(symlink, "a", BAD);
	T(symlink, "a", "f");
	T(symlink, "a", "dang");
	T(symlink, "a", "e/");
	T(symlink, "a", "d/");
	T(symlink, longpath, "e");
	T(symlink, "a", "");
	T(symlink, "a", ".");
	T(symlink, "a", "none/e");
	T(symlinkat, "a", 99, "e");
	T(symlink, path4095, "e95");
	T(stat, "e95", &st);
	T(unlink, "e95");
	T(link, "f", "f");
	T(link, "f", "d");
	T(link, "none", "z");
	T(link, "d", "z");
	T(link, "f", "none/z");
	T(link, "f", "z/");
	T(link, "f/", "z");
	T(link, "f", "");
	T(link, "", "z");
	T(link, BAD, "z");
	T(link, "f", BAD);
	T(link, "sl", "zs");
	showstat("zs");
	T(unlink, "zs");
	T(linkat, AT_FDCWD, "sl", AT_FDCWD, "zz", AT_SYMLINK_FOLLOW);
	showstat("zz");
	T(unlink, "zz");
	T(linkat, AT_FDCWD, "f", AT_FDCWD, "zz", 1);
	T(linkat, 99, "f", AT_FDCWD, "zz", 0);
	T(linkat, fd, "", AT_FDCWD, "zz", AT_EMPTY_PATH);
	T(unlink, "zz");
	T(linkat, fd, "", AT_FDCWD, "zz", 0);
	T(link, "dang", "zd");
	T(unlink, "zd");
	T(link, "f", "loop/x");

	/* rename */
	T(rename, "none", "z");
	T(rename, "f", "");
	T(rename, "", "f");
	T(rename, BAD, "f");
	T(rename, "f", BAD);
	T(rename, "f", "d");
	T(rename, "d", "f");
	T(rename, "d", "d/sub");
	T(rename, "d", "d/x/y");
	T(rename, "f", "f");
	T(rename, "d", "d");
	T(rename, ".", "z");
	T(rename, "..", "z");
	T(rename, "d/..", "z");
	T(rename, "f", ".");
	T(rename, "f", "..");
	T(rename, "f/", "z");
	T(rename, "f", "z/");
	T(rename, "d/", "d2/");
	T(rename, "d2", "d/");
	T(rename, "d/x", "d");
	T(rename, "f", "none/z");
	T(rename, "f", "f/z");
	T(rename, "f", longname);
	mkdir("e1", 0755);
	mkdir("e2", 0755);
	mk("e2/in", "");
	T(rename, "e1", "e2");
	T(rename, "e2", "e1");
	T(rename, "e1", "f");
	T(rename, "f", "e1");
	T(rename, "sl", "sl2");
	T(rename, "sl2", "sl");
	T(rename, "loop", "loop2");
	T(rename, "loop2", "loop");
	T(rename, "e1/in", "e1/../e1");
	T(rename, "dang", "zdang");
	T(rename, "zdang", "dang");
	T(rename, "sd/", "sd9");
	T(renameat2, AT_FDCWD, "f", AT_FDCWD, "e1", 1);
	T(renameat2, AT_FDCWD, "none", AT_FDCWD, "e1", 1);
	T(renameat2, AT_FDCWD, "f", AT_FDCWD, "e1", 3);
	T(renameat2, AT_FDCWD, "f", AT_FDCWD, "e1", 8);
	T(renameat2, AT_FDCWD, "f", AT_FDCWD, "e1", 6);
	T(renameat2, 99, "f", AT_FDCWD, "e1", 0);
	T(renameat2, AT_FDCWD, "e1", AT_FDCWD, "e1/in", 2);
	T(renameat2, AT_FDCWD, "e1/in", AT_FDCWD, "e1", 2);
	T(renameat2, AT_FDCWD, "f", AT_FDCWD, ".", 1);
	T(renameat2, AT_FDCWD, "f", AT_FDCWD, "newnr", 1);
	T(rename, "newnr", "f");
	mk("h1", "h");
	link("h1", "h2");
	T(rename, "h1", "h2");
	showstat("h1");
	unlink("h1");
	unlink("h2");
	unlink("e1/in");
	rmdir("e1");

	/* getdents */
	T(getdents64, 99, buf, 100);
	T(getdents64, fd, buf, 100);
	T(getdents64, dfd, buf, 10);
	T(getdents64, dfd, BAD, 1000);
	T(getdents64, dfd, KPTR, 1000);
	T(getdents64, dfd, buf, 0);
	T(getdents64, dfd, buf, 24);
	T(getdents64, dfd, buf, 4096);
	T(getdents64, dfd, buf, 4096);
	T(getdents64, dfd, BAD, 4096);
	T(getdents64, ofd, buf, 100);
	T(getdents64, p[0], buf, 100);
	lseek(dfd, 0, 0);

	/* cwd */
	T(getcwd, buf, 0L);
	T(getcwd, buf, 1L);
	T(getcwd, BAD, 4096L);
	T(getcwd, BAD, 1L);
	T(chdir, "f");
	T(chdir, "none");
	T(chdir, "");
	T(chdir, BAD);
	T(chdir, "sd");
	T(chdir, "..");
	T(fchdir, fd);
	T(fchdir, 99);
	T(fchdir, ofd);
	T(chroot, "f");
	T(chroot, BAD);
	mkdir("gone", 0755);
	chdir("gone");
	T(rmdir, "../gone");
	T(getcwd, buf, 4096L);
	T(open, ".", 0);
	T(open, "x", O_CREAT, 0666);
	T(mkdir, "x", 0777);
	T(stat, ".", &st);
	printf("nlink %d\n", (int)st.st_nlink);
	T(open, "..", 0);
	{
		int g = open(".", O_RDONLY);
		T(getdents64, g, buf, 1000);
	}
	chdir("..");

	/* chmod chown utimes */
	T(chmod, "none", 0777);
	T(chmod, BAD, 0777);
	T(fchmod, 99, 0);
	T(fchmod, ofd, 0);
	T(chmod, "f", 0100644);
	showstat("f");
	T(chmod, "f", -1);
	showstat("f");
	T(chown, "f", 5, 6);
	showstat("f");
	T(chown, "f", 0, 0);
	T(chmod, "f", 0644);
	T(fchownat, AT_FDCWD, "f", 0, 0, 1);
	T(fchownat, AT_FDCWD, "none", 0, 0, 0);
	T(fchownat, 99, "f", 0, 0, 0);
	T(fchmodat, 99, "f", 0);
	T(fchown, 99, 0, 0);
	T(fchown, p[0], 0, 0);
	{
		struct timespec ts[2] = {{1, -1}, {1, 0}};
		T(utimensat, AT_FDCWD, "f", ts, 0);
		ts[0].tv_nsec = 1000000000;
		T(utimensat, AT_FDCWD, "f", ts, 0);
		T(utimensat, AT_FDCWD, "none", ts, 0);
		ts[0].tv_nsec = UTIME_OMIT;
		ts[1].tv_nsec = UTIME_OMIT;
		T(utimensat, AT_FDCWD, "none", ts, 0);
		T(utimensat, AT_FDCWD, "f", BAD, 0);
		T(utimensat, AT_FDCWD, "none", BAD, 0);
		T(utimensat, AT_FDCWD, "f", NULL, 1);
		T(utimensat, 99, "f", NULL, 0);
		T(utimensat, 99, NULL, NULL, 0);
		T(utimensat, fd, NULL, NULL, 0);
		T(utimensat, AT_FDCWD, NULL, NULL, 0);
		T(utimensat, fd, NULL, NULL, AT_SYMLINK_NOFOLLOW);
		T(utimensat, ofd, NULL, NULL, 0);
		ts[0].tv_sec = 5;
		ts[0].tv_nsec = 7;
		ts[1].tv_sec = -5;
		ts[1].tv_nsec = 9;
		T(utimensat, AT_FDCWD, "f", ts, 0);
		stat("f", &st);
		printf("%ld.%ld %ld.%ld\n", st.st_atim.tv_sec, st.st_atim.tv_nsec, st.st_mtim.tv_sec,
		       st.st_mtim.tv_nsec);
		T(utimensat, AT_FDCWD, "sl", NULL, AT_SYMLINK_NOFOLLOW);
		T(utimensat, AT_FDCWD, "loop", NULL, 0);
	}

	/* fcntl ioctl */
	T(fcntl, 99, F_GETFL, 0);
	T(fcntl, fd, F_GETFL, 0);
	T(fcntl, ofd, F_GETFL, 0);
	T(fcntl, ofd, F_SETFL, 0);
	T(fcntl, ofd, F_GETLK, buf);
	T(fcntl, fd, 9999, 0);
	T(fcntl, fd, F_DUPFD, -1);
	T(fcntl, fd, F_DUPFD, 100000000);
	T(fcntl, fd, F_DUPFD, 500);
	T(fcntl, fd, F_DUPFD_CLOEXEC, 500);
	T(fcntl, 501, F_GETFD, 0);
	T(fcntl, 500, F_GETFD, 0);
	T(fcntl, 500, F_SETFD, -1);
	T(fcntl, 500, F_GETFD, 0);
	close(500);
	close(501);
	T(fcntl, fd, F_SETFL, O_APPEND | O_NONBLOCK);
	T(fcntl, fd, F_GETFL, 0);
	T(fcntl, fd, F_SETFL, O_CREAT | O_TRUNC | O_EXCL | O_SYNC);
	T(fcntl, fd, F_GETFL, 0);
	T(fcntl, fd, F_GETOWN, 0);
	T(fcntl, fd, F_GETSIG, 0);
	T(fcntl, dfd, F_GETFL, 0);
	T(fcntl, p[0], F_GETFL, 0);
	{
		struct flock l = {F_WRLCK, 0, 0, 10, 0};
		T(fcntl, fd, F_SETLK, &l);
		T(fcntl, fd, F_SETLK, BAD);
		T(fcntl, 99, F_SETLK, BAD);
		T(fcntl, rofd, F_SETLK, &l);
		l.l_type = F_RDLCK;
		T(fcntl, wofd, F_SETLK, &l);
		l.l_type = 9;
		T(fcntl, fd, F_SETLK, &l);
		l.l_type = F_RDLCK;
		l.l_whence = 3;
		T(fcntl, fd, F_SETLK, &l);
		l.l_whence = 0;
		l.l_start = -1;
		T(fcntl, fd, F_SETLK, &l);
		l.l_start = 5;
		l.l_len = -6;
		T(fcntl, fd, F_SETLK, &l);
		l.l_start = 0x7fffffffffffffff;
		l.l_len = 2;
		T(fcntl, fd, F_SETLK, &l);
		l.l_type = F_UNLCK;
		T(fcntl, fd, F_GETLK, &l);
		l.l_len = 0;
		l.l_start = 0;
		T(fcntl, fd, F_GETLK, &l);
		l.l_type = F_WRLCK;
		T(fcntl, fd, F_GETLK, &l);
		printf("lk %d\n", l.l_type);
		l = (struct flock){F_WRLCK, 0, 100, 10, 0};
		fcntl(fd, F_SETLK, &l);
		l = (struct flock){F_UNLCK, 0, 103, 2, 0};
		fcntl(fd, F_SETLK, &l);
		fflush(stdout);
		if (!fork()) {
			l = (struct flock){F_RDLCK, 0, 0, 0, 0};
			T(fcntl, fd, F_SETLK, &l);
			for (int s = 95; s < 112; s++) {
				l = (struct flock){F_WRLCK, 0, s, 1, 0};
				fcntl(fd, F_GETLK, &l);
				printf("%d:%d,%ld,%ld,%d ", s, l.l_type, (long)l.l_start, (long)l.l_len,
				       l.l_pid == getppid());
			}
			printf("\n");
			fflush(stdout);
			_exit(0);
		}
		wait(0);
		close(dup(fd));
		fflush(stdout);
		if (!fork()) {
			l = (struct flock){F_WRLCK, 0, 0, 0, 0};
			T(fcntl, fd, F_SETLK, &l);
			fflush(stdout);
			_exit(0);
		}
		wait(0);
	}
	T(flock, 99, LOCK_SH);
	T(flock, fd, 0);
	T(flock, fd, LOCK_SH | LOCK_NB);
	fd2 = open("f", O_RDONLY);
	T(flock, fd2, LOCK_EX | LOCK_NB);
	T(flock, fd2, LOCK_SH | LOCK_NB);
	T(flock, fd, LOCK_UN);
	T(flock, fd2, LOCK_EX | LOCK_NB);
	T(flock, fd, LOCK_SH | LOCK_NB);
	close(fd2);
	T(flock, fd, LOCK_SH | LOCK_NB);
	T(flock, fd, LOCK_UN);
	T(flock, ofd, LOCK_SH);
	T(flock, dfd, LOCK_SH);
	T(ioctl, 99, 0x5401, buf);
	T(ioctl, fd, 0x5401, buf);
	T(ioctl, fd, 0x5401, BAD);
	T(ioctl, fd, FIONREAD, BAD);
	T(ioctl, fd, FIONREAD, buf);
	T(ioctl, fd, FIONBIO, BAD);
	T(ioctl, fd, FIOCLEX, 0);
	T(ioctl, fd, FIONCLEX, 0);
	T(ioctl, ofd, FIOCLEX, 0);
	T(ioctl, dfd, FIONREAD, buf);
	T(ioctl, fd, 0x12345, 0);
	T(ioctl, p[0], FIONREAD, buf);
	T(ioctl, fd, 2, buf);
	T(ioctl, p[0], 0x5401, buf);

	/* sendfile copy_file_range sync */
	lseek(fd, 0, 0);
	fd2 = open("out", O_CREAT | O_RDWR | O_TRUNC, 0644);
	T(sendfile, fd2, fd, NULL, 100L);
	cat("out");
	{
		off_t o = 6;
		T(sendfile, fd2, fd, &o, 2L);
		printf("o %ld\n", (long)o);
		o = -1;
		T(sendfile, fd2, fd, &o, 2L);
	}
	T(sendfile, fd2, fd, BAD, 2L);
	T(sendfile, 99, fd, NULL, 2L);
	T(sendfile, fd2, 99, NULL, 2L);
	T(sendfile, rofd, fd, NULL, 2L);
	T(sendfile, fd2, wofd, NULL, 2L);
	T(sendfile, fd2, dfd, NULL, 2L);
	T(sendfile, p[1], fd, NULL, 0L);
	T(sendfile, fd2, fd, NULL, -1L);
	lseek(fd, 0, 0);
	T(sendfile, p[1], fd, NULL, 5L);
	T(read, p[0], buf, 10L);
	T(sendfile, dfd, fd, NULL, 1L);
	{
		off_t a = 0, b = 0;
		lseek(fd, 0, 0);
		T(copy_file_range, fd, NULL, fd2, NULL, 4L, 0);
		T(copy_file_range, fd, &a, fd2, &b, 4L, 0);
		printf("%ld %ld\n", (long)a, (long)b);
		T(copy_file_range, fd, NULL, fd2, NULL, 4L, 1);
		T(copy_file_range, 99, NULL, fd2, NULL, 4L, 0);
		T(copy_file_range, fd, NULL, rofd, NULL, 4L, 0);
		T(copy_file_range, wofd, NULL, fd2, NULL, 4L, 0);
		T(copy_file_range, dfd, NULL, fd2, NULL, 4L, 0);
		T(copy_file_range, p[0], NULL, fd2, NULL, 4L, 0);
		T(copy_file_range, fd, BAD, fd2, NULL, 4L, 0);
		a = 0;
		b = 1;
		T(copy_file_range, fd, &a, fd, &b, 4L, 0);
		a = -1;
		T(copy_file_range, fd, &a, fd2, NULL, 4L, 0);
		a = 100;
		T(copy_file_range, fd, &a, fd2, NULL, 4L, 0);
		T(copy_file_range, fd, NULL, fd2, NULL, 0L, 0);
	}
	T(fsync, 99);
	T(fsync, fd);
	T(fsync, dfd);
	T(fsync, p[0]);
	T(fdatasync, fd);
	T(fsync, ofd);
	T(sync);
	T(syncfs, fd);
	T(syncfs, 99);
	T(fadvise64, fd, 0L, 0L, 0);
	T(fadvise64, fd, 0L, 0L, 9);
	T(fadvise64, 99, 0L, 0L, 9);
	T(fadvise64, p[0], 0L, 0L, 0);
	T(fadvise64, fd, 0L, -1L, 0);
	T(umask, 07777);
	T(umask, 022);

	/* mount */
	mkdir("mnt", 0755);
	T(mount, BAD, "mnt", "tmpfs", 0L, NULL);
	T(mount, "x", BAD, "tmpfs", 0L, NULL);
	T(mount, "x", "mnt", BAD, 0L, NULL);
	T(mount, "x", "mnt", "tmpfs", 0L, BAD);
	T(mount, "x", "none", "tmpfs", 0L, NULL);
	T(mount, "x", "mnt", "nofs", 0L, NULL);
	T(mount, "x", "mnt", NULL, 0L, NULL);
	T(mount, "x", "f", "tmpfs", 0L, NULL);
	T(mount, "x", "mnt", "tmpfs", 0L, "size=1m,mode=700");
	showstat("mnt");
	T(statfs, "mnt", &sf);
	printf("blocks %ld filesgt0 %d\n", (long)sf.f_blocks, sf.f_files > 0);
	fd2 = open("mnt/big", O_CREAT | O_WRONLY, 0644);
	{
		long t = 0, n;
		while ((n = write(fd2, big, sizeof big)) > 0)
			t += n;
		printf("filled %ld errno %d\n", t, errno);
	}
	T(umount2, "mnt", 0);
	close(fd2);
	T(umount2, "mnt/big", 0);
	T(rename, "mnt", "mnt2");
	T(rmdir, "mnt");
	T(rename, "mnt/big", "big");
	T(link, "mnt/big", "big");
	T(mount, NULL, "mnt", NULL, (long)MS_REMOUNT | MS_RDONLY, NULL);
	T(open, "mnt/new", O_CREAT | O_RDWR, 0666);
	T(open, "mnt/big", O_WRONLY);
	T(open, "mnt/big", O_RDONLY | O_CREAT, 0666);
	T(unlink, "mnt/big");
	T(unlink, "mnt/none");
	T(mkdir, "mnt/d", 0777);
	T(mkdir, "mnt/big", 0777);
	T(chmod, "mnt/big", 0600);
	T(access, "mnt/big", W_OK);
	T(truncate, "mnt/big", 0L);
	T(utimensat, AT_FDCWD, "mnt/big", NULL, 0);
	T(rename, "mnt/big", "mnt/c");
	T(rename, "mnt/none", "mnt/c");
	T(symlink, "a", "mnt/s");
	T(link, "mnt/big", "mnt/l");
	T(rmdir, "mnt/none");
	T(umount2, "mnt", 0x100);
	T(umount2, "mnt", 0);
	T(umount2, "mnt", 0);
	T(umount2, "none", 0);
	T(umount2, BAD, 0);
	T(umount2, "f", 0);
	T(mount, "x", "mnt", "tmpfs", 0L, "size=1m,bogus=1");
	T(mount, "x", "mnt", "tmpfs", 0L, "size=zz");
	T(mount, "d", "mnt", NULL, (long)MS_MOVE, NULL);
	T(mount, "x", "mnt", NULL, (long)MS_REMOUNT, NULL);
	T(mount, "x", "mnt", "tmpfs", (long)MS_NOEXEC | MS_NODEV | MS_NOSUID, "nr_inodes=5");
	for (int i = 0; i < 6; i++) {
		sprintf(buf, "mnt/f%d", i);
		int q = open(buf, O_CREAT | O_WRONLY, 0755);
		printf("ino %d: %d\n", i, q < 0 ? errno : 0);
		close(q);
	}
	T(access, "mnt/f0", X_OK);
	T(execve, "mnt/f0", NULL, NULL);
	unlink("mnt/f1");
	T(mknod, "mnt/nul", S_IFCHR | 0666, 0x103);
	T(open, "mnt/nul", O_RDWR);
	chdir("mnt");
	T(umount2, "../mnt", 0);
	T(umount2, "../mnt", MNT_DETACH);
	T(getcwd, buf, 4096L);
	chdir("/");
	chdir(argv[1]);
	chdir("T");
	T(umount2, "mnt", 0);

	/* rlimits */
	{
		struct rlimit rl = {1000, RLIM_INFINITY};
		setrlimit(RLIMIT_FSIZE, &rl);
		fd2 = open("lim", O_CREAT | O_RDWR | O_TRUNC, 0644);
		T(write, fd2, big, 900L);
		T(write, fd2, big, 900L);
		T(write, fd2, big, 1L);
		T(ftruncate, fd2, 2000L);
		T(truncate, "lim", 1000L);
		T(pwrite64, fd2, big, 10L, 2000L);
		T(ftruncate, fd2, 0L);
		rl.rlim_cur = RLIM_INFINITY;
		setrlimit(RLIMIT_FSIZE, &rl);
		getrlimit(RLIMIT_NOFILE, &rl);
		rl.rlim_cur = fd2 + 3;
		setrlimit(RLIMIT_NOFILE, &rl);
		T(dup, fd);
		T(dup, fd);
		T(dup, fd);
		T(open, "f", 0);
		T(open, "none", 0);
		T(open, BAD, 0);
		T(dup2, fd, fd2 + 3);
		T(dup2, fd, fd2 + 2);
		T(fcntl, fd, F_DUPFD, fd2 + 3);
		T(fcntl, fd, F_DUPFD, 0);
		T(pipe2, buf, 0);
		rl.rlim_cur = 1024;
		setrlimit(RLIMIT_NOFILE, &rl);
		for (int i = 0; i < 3000; i++)
			if (dup(fd) < 0) {
				printf("dup stop %d\n", errno);
				break;
			}
		T(close_range, fd2 + 1, ~0U, 0);
	}

	/* permission part */
	mk("root600", "a");
	chmod("root600", 0600);
	mk("root644", "b");
	mkdir("sticky", 0);
	chmod("sticky", 01777);
	mk("sticky/rootf", "x");
	chmod("sticky/rootf", 0666);
	mkdir("priv", 0700);
	mk("priv/x", "");
	mk("world", "w");
	chmod("world", 0666);
	mkdir("gdir", 0755);
	chmod("gdir", 02777);
	chown("gdir", 0, 77);
	asuser(user_part);

	/* etxtbsy etc skipped; deep symlinks */
	{
		symlink("f", "l0");
		for (int i = 1; i < 45; i++) {
			char a[20], b[20];
			sprintf(a, "l%d", i - 1);
			sprintf(b, "l%d", i);
			symlink(a, b);
		}
		T(stat, "l39", &st);
		T(stat, "l40", &st);
		T(open, "l39", 0);
		T(open, "l40", O_CREAT, 0666);
		T(open, "l39", O_CREAT, 0666);
	}
	T(stat, "sd/../f", &st);
	T(stat, "d/x/..", &st);
	T(stat, "./././f", &st);
	T(stat, "//", &st);
	T(stat, "d/../d/../sd/x", &st);
	T(open, "dang", O_CREAT | O_WRONLY, 0666);
	showstat("nowhere");
	T(open, "sd/newf", O_CREAT | O_EXCL | O_RDWR, 0666);
	showstat("d");
	showstat(".");
	fflush(stdout);
	return 0;
}
