/* Credentials, umask, permissions: root may, others may not. Runs as root. */
#include "../abi.h"
#include <sys/prctl.h>
#include <grp.h>
#include <sys/fsuid.h>

TEST(ids)
{
	uid_t r, e, s;

	CHECK_EQ(getuid(), 0);
	CHECK_EQ(geteuid(), 0);
	CHECK_OK(getresuid(&r, &e, &s));
	CHECK_EQ(r + e + s, 0);
}

TEST(drop_for_good)
{
	uid_t r, e, s;

	CHECK_CHILD(
		CHECK_OK(setgroups(0, NULL));
		CHECK_OK(syscall(SYS_setgid, 1000));
		CHECK_OK(syscall(SYS_setuid, 1000));
		CHECK_OK(getresuid(&r, &e, &s));
		CHECK(r == 1000 && e == 1000 && s == 1000);
		CHECK_ERR(syscall(SYS_setuid, 0), EPERM);
		CHECK_ERR(syscall(SYS_setgid, 0), EPERM);
		CHECK_ERR(setgroups(0, NULL), EPERM);
		CHECK_ERR(kill(1, 0), EPERM));
}

TEST(effective_and_back)
{
	CHECK_CHILD(
		CHECK_OK(syscall(SYS_setresuid, -1, 1000, -1));
		CHECK_EQ(geteuid(), 1000);
		CHECK_EQ(getuid(), 0);
		CHECK(open("/etc/shadow.test", O_WRONLY | O_CREAT, 0600) < 0);
		CHECK_EQ(errno, EACCES);
		CHECK_OK(syscall(SYS_setresuid, -1, 0, -1));
		CHECK_EQ(geteuid(), 0));
}

TEST(groups)
{
	gid_t list[4] = { 10, 20, 30 };

	CHECK_CHILD(
		CHECK_OK(setgroups(3, list));
		list[0] = list[1] = 0;
		CHECK_EQ(getgroups(0, NULL), 3);
		CHECK_ERR(getgroups(2, list), EINVAL);
		CHECK_EQ(getgroups(4, list), 3);
		CHECK(list[0] == 10 && list[2] == 30));
}

TEST(file_permissions)
{
	write_file("owner", "x");
	CHECK_OK(chmod("owner", 0600));
	write_file("group", "x");
	CHECK_OK(chmod("group", 0640));
	CHECK_OK(chown("group", 0, 1000));
	write_file("mine", "x");
	CHECK_OK(chown("mine", 1000, 1000));
	CHECK_OK(chmod("mine", 0400));
	CHECK_OK(mkdir("closed", 0700));
	write_file("closed/file", "x");
	CHECK_OK(chmod(".", 0755));
	CHECK_CHILD(
		CHECK_OK(setgroups(0, NULL));
		CHECK_OK(syscall(SYS_setgid, 1000));
		CHECK_OK(syscall(SYS_setuid, 1000));
		CHECK_ERR(open("owner", O_RDONLY), EACCES);
		CHECK_OK(open("group", O_RDONLY));
		CHECK_ERR(open("group", O_RDWR), EACCES);
		CHECK_OK(open("mine", O_RDONLY));
		CHECK_ERR(open("mine", O_WRONLY), EACCES);
		CHECK_ERR(open("closed/file", O_RDONLY), EACCES);
		CHECK_ERR(open("new", O_CREAT | O_WRONLY, 0600), EACCES);
		CHECK_ERR(unlink("mine"), EACCES);
		CHECK_ERR(mkdir("d", 0700), EACCES);
		CHECK_ERR(chmod("owner", 0777), EPERM);
		CHECK_ERR(chown("mine", 0, 0), EPERM);
		CHECK_OK(chmod("mine", 0600));
		CHECK_ERR(chdir("closed"), EACCES);
		CHECK_ERR(access("owner", R_OK), EACCES);
		CHECK_OK(access("owner", F_OK)));
}

TEST(root_needs_one_x_bit)
{
	write_file("f", "x");
	CHECK_OK(chmod("f", 0000));
	CHECK_OK(open("f", O_RDWR));
	CHECK_ERR(access("f", X_OK), EACCES);
	CHECK_OK(chmod("f", 0001));
	CHECK_OK(access("f", X_OK));
}

TEST(sticky_directory)
{
	CHECK_OK(mkdir("t", 01777));
	CHECK_OK(chmod("t", 01777));
	write_file("t/root", "x");
	CHECK_OK(chmod(".", 0755));
	CHECK_CHILD(
		CHECK_OK(syscall(SYS_setuid, 1000));
		write_file("t/own", "x");
		CHECK_ERR(unlink("t/root"), EPERM);
		CHECK_ERR(rename("t/root", "t/moved"), EPERM);
		CHECK_OK(unlink("t/own")));
}

TEST(set_uid_bits)
{
	struct stat st;

	write_file("f", "x");
	CHECK_OK(chmod("f", 06755));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode & 07777, 06755);
	CHECK_OK(chown("f", 1000, 1000));	/* chown takes them away */
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode & 06000, 0);
	CHECK_EQ(st.st_uid, 1000);
	CHECK_OK(chmod("f", 06745));		/* setgid without the group's x says something else: it stays */
	CHECK_OK(chown("f", 1001, 1001));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode & 06000, 02000);
}

TEST(umask_cuts)
{
	struct stat st;

	umask(077);
	CHECK_OK(close(open("f", O_CREAT | O_WRONLY, 0666)));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode, S_IFREG | 0600);
	CHECK_OK(mkdir("d", 0777));
	CHECK_OK(stat("d", &st));
	CHECK_EQ(st.st_mode, S_IFDIR | 0700);
	CHECK_EQ(umask(0), 077);
	CHECK_EQ(umask(0123456), 0);
	CHECK_EQ(umask(0), 0456);	/* only 0777 of it counts */
}

TEST(setgid_directory)
{
	struct stat st;

	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(chown("d", 0, 1000));
	CHECK_OK(chmod("d", 02755));
	write_file("d/f", "x");
	CHECK_OK(stat("d/f", &st));
	CHECK_EQ(st.st_gid, 1000);
	CHECK_OK(mkdir("d/e", 0755));
	CHECK_OK(stat("d/e", &st));
	CHECK_EQ(st.st_mode & 02000, 02000);
}

TEST(capget_says_root)
{
	struct { uint32_t version; int pid; } head = { 0x20080522, 0 };
	struct { uint32_t effective, permitted, inheritable; } data[2];

	CHECK_OK(syscall(SYS_capget, &head, data));
	CHECK(data[0].effective != 0);
	CHECK_OK(prctl(PR_SET_KEEPCAPS, 1));
	CHECK_EQ(prctl(PR_GET_SECUREBITS), 1 << 4);
	head.version = 1;
	CHECK_ERR(syscall(SYS_capget, &head, data), EINVAL);
	CHECK_EQ(head.version, 0x20080522);
}
