/* stat family, times in nanoseconds, statfs, chmod, chown, utimensat. */
#include "../abi.h"
#include <sys/statfs.h>
#include <sys/sysmacros.h>

static struct stat st_of(const char *path)
{
	struct stat st;

	CHECK_OK(lstat(path, &st));
	return st;
}

static long ns(struct timespec a, struct timespec b)
{
	return (b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec;
}

TEST(fields)
{
	struct stat st, dir = st_of(".");
	struct timespec before, now;

	clock_gettime(CLOCK_REALTIME, &before);
	write_file("f", "12345");
	clock_gettime(CLOCK_REALTIME, &now);
	st = st_of("f");
	CHECK_EQ(st.st_mode, S_IFREG | 0644);
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(st.st_size, 5);
	CHECK_EQ(st.st_uid, getuid());
	CHECK_EQ(st.st_dev, dir.st_dev);
	CHECK(st.st_ino != dir.st_ino && st.st_ino);
	CHECK_EQ(st.st_blksize, 4096);
	CHECK(ns(before, st.st_mtim) > -1000000000 && ns(st.st_mtim, now) > -1000000000);
}

TEST(fstat_and_stat_agree)
{
	struct stat a, b;
	int fd = open("f", O_CREAT | O_RDWR, 0600);

	CHECK_OK(fstat(fd, &a));
	b = st_of("f");
	CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_mode == b.st_mode);
	CHECK_ERR(fstat(99, &a), EBADF);
	CHECK_ERR(stat("none", &a), ENOENT);
	CHECK_ERR(syscall(SYS_stat, "f", 8), EFAULT);
	CHECK_ERR(syscall(SYS_fstat, fd, 8), EFAULT);
}

TEST(devices)
{
	struct stat st = st_of("/dev/null");

	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(major(st.st_rdev), 1);
	CHECK_EQ(minor(st.st_rdev), 3);
	CHECK(S_ISCHR(st_of("/dev/zero").st_mode));
	CHECK(S_ISCHR(st_of("/dev/tty").st_mode));
	CHECK(S_ISDIR(st_of("/proc").st_mode));
}

TEST(times_move)
{
	struct stat a, b;
	int fd = open("f", O_CREAT | O_RDWR, 0644);

	a = st_of("f");
	sleep_ms(30);
	CHECK_EQ(write(fd, "x", 1), 1);
	b = st_of("f");
	CHECK(ns(a.st_mtim, b.st_mtim) > 0);
	CHECK(ns(a.st_ctim, b.st_ctim) > 0);
	a = b;
	sleep_ms(30);
	CHECK_OK(chmod("f", 0600));
	b = st_of("f");
	CHECK_EQ(ns(a.st_mtim, b.st_mtim), 0);
	CHECK(ns(a.st_ctim, b.st_ctim) > 0);
	a = st_of(".");
	sleep_ms(30);
	write_file("g", "");
	CHECK(ns(a.st_mtim, st_of(".").st_mtim) > 0);
	a = st_of(".");
	sleep_ms(30);
	CHECK_OK(unlink("g"));
	CHECK(ns(a.st_mtim, st_of(".").st_mtim) > 0);
}

TEST(utimens)
{
	struct timespec t[2] = { { 1000000000, 123456789 }, { 1100000000, 987654321 } };
	struct stat st;

	write_file("f", "");
	CHECK_OK(utimensat(AT_FDCWD, "f", t, 0));
	st = st_of("f");
	CHECK_EQ(st.st_atim.tv_sec, 1000000000);
	CHECK_EQ(st.st_atim.tv_nsec, 123456789);
	CHECK_EQ(st.st_mtim.tv_nsec, 987654321);
	t[0].tv_nsec = UTIME_OMIT;
	t[1].tv_nsec = UTIME_NOW;
	CHECK_OK(utimensat(AT_FDCWD, "f", t, 0));
	st = st_of("f");
	CHECK_EQ(st.st_atim.tv_nsec, 123456789);
	CHECK(st.st_mtim.tv_sec > 1500000000);
	CHECK_OK(symlink("none", "l"));
	CHECK_ERR(utimensat(AT_FDCWD, "l", NULL, 0), ENOENT);
	CHECK_OK(utimensat(AT_FDCWD, "l", NULL, AT_SYMLINK_NOFOLLOW));
	CHECK_OK(futimens(open("f", O_RDONLY), NULL));
	t[0].tv_nsec = 1000000000;
	CHECK_ERR(utimensat(AT_FDCWD, "f", t, 0), EINVAL);
}

TEST(chmod_chown)
{
	struct stat st;
	int fd = open("f", O_CREAT | O_RDWR, 0644);

	CHECK_OK(chmod("f", 07777));
	CHECK_EQ(st_of("f").st_mode & 07777, 07777);
	CHECK_OK(fchmod(fd, 0));
	CHECK_EQ(st_of("f").st_mode, S_IFREG);
	CHECK_OK(chown("f", 11, 22));
	st = st_of("f");
	CHECK(st.st_uid == 11 && st.st_gid == 22);
	CHECK_OK(fchown(fd, -1, 33));
	st = st_of("f");
	CHECK(st.st_uid == 11 && st.st_gid == 33);
	CHECK_OK(symlink("f", "l"));
	CHECK_OK(lchown("l", 44, 44));
	CHECK_EQ(st_of("l").st_uid, 44);
	CHECK_EQ(st_of("f").st_uid, 11);
	CHECK_ERR(chmod("none", 0), ENOENT);
}

TEST(statfs_of_kinds)
{
	struct statfs s;

	CHECK_OK(statfs("/proc", &s));
	CHECK_EQ(s.f_type, 0x9fa0);
	CHECK_OK(statfs(".", &s));
	CHECK_EQ(s.f_bsize, 4096);
	CHECK(s.f_blocks >= s.f_bfree && s.f_bfree > 0);
	CHECK_EQ(s.f_namelen, 255);
	CHECK_OK(fstatfs(open("/dev/null", O_RDONLY), &s));
	CHECK_ERR(statfs("none", &s), ENOENT);
}

TEST(statx_basic)
{
	uint32_t buf[64] = { 0 };

	if (syscall(SYS_statx, AT_FDCWD, "/dev/null", 0, 0x7ff, buf) && errno == ENOSYS)
		return;
	CHECK_EQ(((uint16_t *)buf)[14], S_IFCHR | 0666);
}
