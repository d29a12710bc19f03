/* mount and umount of tmpfs and proc: covering, leaving, busy, /proc/mounts. */
#include "../abi.h"
#include <sys/mount.h>

TEST(tmpfs)
{
	struct stat a, b;

	CHECK_OK(mkdir("m", 0755));
	write_file("m/below", "x");
	CHECK_OK(stat("m", &a));
	CHECK_OK(mount("none", "m", "tmpfs", 0, NULL));
	CHECK_OK(stat("m", &b));
	CHECK(a.st_dev != b.st_dev);
	CHECK_ERR(access("m/below", F_OK), ENOENT);
	write_file("m/above", "y");
	CHECK_OK(access("m/../m/above", F_OK));
	CHECK(strstr(read_file("/proc/mounts"), scratch));
	CHECK_ERR(rename("m/above", "above"), EXDEV);
	CHECK_ERR(link("m/above", "above"), EXDEV);
	CHECK_ERR(rmdir("m"), EBUSY);
	int fd = open("m/above", O_RDONLY);
	CHECK_ERR(umount("m"), EBUSY);
	close(fd);
	CHECK_OK(umount("m"));
	CHECK_OK(access("m/below", F_OK));
	CHECK_ERR(access("m/above", F_OK), ENOENT);
	CHECK(!strstr(read_file("/proc/mounts"), scratch));
	CHECK_ERR(umount("m"), EINVAL);
}

TEST(options)
{
	struct stat st;

	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("none", "m", "tmpfs", 0, "mode=0700,size=1m"));
	CHECK_OK(stat("m", &st));
	CHECK_EQ(st.st_mode & 07777, 0700);
	int fd = open("m/f", O_CREAT | O_WRONLY, 0644);
	static char buf[65536];
	long total = 0, n;
	while ((n = write(fd, buf, sizeof(buf))) > 0)
		total += n;
	CHECK_EQ(errno, ENOSPC);
	CHECK(total <= 1 << 20 && total >= 900000);
	close(fd);
	CHECK_OK(unlink("m/f"));
	CHECK_OK(close(open("m/g", O_CREAT | O_WRONLY, 0644)));
	CHECK_OK(umount("m"));
}

TEST(read_only)
{
	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("none", "m", "tmpfs", MS_RDONLY, NULL));
	CHECK_ERR(open("m/f", O_CREAT | O_WRONLY, 0644), EROFS);
	CHECK_ERR(mkdir("m/d", 0755), EROFS);
	CHECK_OK(umount("m"));
}

TEST(another_proc)
{
	CHECK_OK(mkdir("p", 0755));
	CHECK_OK(mount("proc", "p", "proc", 0, NULL));
	CHECK_OK(access("p/self/stat", F_OK));
	CHECK_OK(access("p/1/stat", F_OK));
	CHECK_OK(umount2("p", 0));
}

TEST(errors)
{
	CHECK_OK(mkdir("m", 0755));
	CHECK_ERR(mount("none", "m", "nofs", 0, NULL), ENODEV);
	CHECK_ERR(mount("none", "none", "tmpfs", 0, NULL), ENOENT);
	write_file("f", "");
	CHECK_ERR(mount("none", "f", "tmpfs", 0, NULL), ENOTDIR);
	CHECK_ERR(umount("none"), ENOENT);
	CHECK_CHILD(
		CHECK_OK(syscall(SYS_setuid, 1000));
		CHECK_ERR(mount("none", "/tmp", "tmpfs", 0, NULL), EPERM);
		CHECK_ERR(umount("/tmp"), EPERM));
}

TEST(stacked_and_nested)
{
	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("none", "m", "tmpfs", 0, NULL));
	CHECK_OK(mkdir("m/n", 0755));
	CHECK_OK(mount("none", "m/n", "tmpfs", 0, NULL));
	CHECK_ERR(umount("m"), EBUSY);
	write_file("m/n/f", "");
	CHECK_OK(umount("m/n"));
	CHECK_OK(mount("none", "m", "tmpfs", 0, NULL));	/* over the first */
	CHECK_ERR(access("m/n", F_OK), ENOENT);
	CHECK_OK(umount("m"));
	CHECK_OK(access("m/n", F_OK));
	CHECK_OK(umount("m"));
}
