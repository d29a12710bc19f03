/* Names: directories, links, renames, the *at calls, getdents64, path walk. */
#include "../abi.h"
#include <dirent.h>
#include <sys/vfs.h>

static int count_entries(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	CHECK(d != NULL);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static nlink_t links(const char *path)
{
	struct stat st;

	CHECK_OK(lstat(path, &st));
	return st.st_nlink;
}

TEST(mkdir_rmdir)
{
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(mkdir("d", 0755), EEXIST);
	CHECK_ERR(mkdir("none/d", 0755), ENOENT);
	CHECK_OK(mkdir("d/e/", 0755));
	CHECK_EQ(links("d"), 3);
	CHECK_ERR(rmdir("d"), ENOTEMPTY);
	CHECK_ERR(unlink("d/e"), EISDIR);
	CHECK_OK(rmdir("d/e"));
	CHECK_EQ(links("d"), 2);
	CHECK_ERR(rmdir("d/."), EINVAL);
	CHECK_ERR(rmdir("d/.."), ENOTEMPTY);
	CHECK_OK(rmdir("d"));
	CHECK_ERR(rmdir("d"), ENOENT);
	write_file("f", "");
	CHECK_ERR(rmdir("f"), ENOTDIR);
	CHECK_ERR(mkdir("f/x", 0755), ENOTDIR);
}

TEST(hard_links)
{
	struct stat a, b;

	write_file("a", "data");
	CHECK_OK(link("a", "b"));
	CHECK_OK(stat("a", &a));
	CHECK_OK(stat("b", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(a.st_nlink, 2);
	CHECK_ERR(link("a", "b"), EEXIST);
	CHECK_ERR(link(".", "c"), EPERM);
	CHECK_ERR(link("none", "c"), ENOENT);
	CHECK_OK(unlink("a"));
	CHECK(!strcmp(read_file("b"), "data"));
	CHECK_EQ(links("b"), 1);
}

TEST(symlinks)
{
	char buf[100];
	struct stat st;

	CHECK_OK(symlink("target", "l"));
	CHECK_EQ(readlink("l", buf, sizeof(buf)), 6);
	CHECK(!memcmp(buf, "target", 6));
	CHECK_EQ(readlink("l", buf, 3), 3);
	CHECK_OK(lstat("l", &st));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_EQ(st.st_size, 6);
	CHECK_ERR(stat("l", &st), ENOENT);
	CHECK_ERR(readlink(".", buf, 10), EINVAL);
	CHECK_ERR(syscall(SYS_readlink, "l", buf, 0), EINVAL);
	CHECK_ERR(symlink("x", "l"), EEXIST);
	CHECK_ERR(symlink("", "m"), ENOENT);
	CHECK_OK(mkdir("d", 0755));
	write_file("d/f", "through");
	CHECK_OK(symlink("d", "dl"));
	CHECK(!strcmp(read_file("dl/f"), "through"));
	CHECK_OK(symlink("../d/f", "d/up"));
	CHECK(!strcmp(read_file("dl/up"), "through"));
	CHECK_OK(symlink(scratch, "abs"));
	CHECK(!strcmp(read_file("abs/d/f"), "through"));
	CHECK_ERR(rmdir("dl"), ENOTDIR);
	CHECK_OK(unlink("dl"));
}

TEST(symlink_loops)
{
	char a[8], b[8];

	CHECK_OK(symlink("y", "x"));
	CHECK_OK(symlink("x", "y"));
	CHECK_ERR(open("x", O_RDONLY), ELOOP);
	write_file("s0", "deep");
	for (int i = 1; i <= 41; i++) {
		snprintf(a, sizeof(a), "s%d", i - 1);
		snprintf(b, sizeof(b), "s%d", i);
		CHECK_OK(symlink(a, b));
	}
	CHECK_OK(access("s40", F_OK));
	CHECK_ERR(access("s41", F_OK), ELOOP);
}

TEST(rename_files)
{
	write_file("a", "A");
	write_file("b", "B");
	CHECK_OK(rename("a", "b"));
	CHECK(!strcmp(read_file("b"), "A"));
	CHECK_ERR(access("a", F_OK), ENOENT);
	CHECK_ERR(rename("a", "c"), ENOENT);
	CHECK_OK(link("b", "same"));
	CHECK_OK(rename("b", "same"));		/* one inode: nothing happens */
	CHECK_OK(access("b", F_OK));
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(rename("b", "d"), EISDIR);
	CHECK_ERR(rename("d", "b"), ENOTDIR);
	CHECK_OK(rename("b", "d/b"));
	CHECK(!strcmp(read_file("d/b"), "A"));
}

TEST(rename_directories)
{
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkdir("d/sub", 0755));
	write_file("d/sub/f", "x");
	CHECK_ERR(rename("d", "d/sub/d"), EINVAL);
	CHECK_OK(mkdir("e", 0755));
	CHECK_OK(rename("d/sub", "e/moved"));
	CHECK_EQ(links("d"), 2);
	CHECK_EQ(links("e"), 3);
	CHECK(!strcmp(read_file("e/moved/f"), "x"));
	CHECK_OK(access("e/moved/../../d", F_OK));
	CHECK_ERR(rename("d", "e"), ENOTEMPTY);
	CHECK_OK(rename("e/moved/f", "f"));
	CHECK_OK(rename("d", "e/moved"));	/* an empty one is replaced */
	CHECK_ERR(rename("e", "e/."), EBUSY);
}

TEST(rename_flags)
{
	write_file("a", "A");
	write_file("b", "B");
	if (syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 1) == 0)
		FAIL("RENAME_NOREPLACE replaced");
	CHECK_EQ(errno, EEXIST);
	CHECK_OK(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "c", 1));
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "b", 64), EINVAL);
}

TEST(at_calls)
{
	struct stat st;
	char buf[20];
	int d;

	CHECK_OK(mkdir("d", 0755));
	d = open("d", O_RDONLY | O_DIRECTORY);
	CHECK_OK(close(openat(d, "f", O_CREAT | O_WRONLY, 0644)));
	CHECK_OK(access("d/f", F_OK));
	CHECK_OK(mkdirat(d, "e", 0755));
	CHECK_OK(symlinkat("f", d, "l"));
	CHECK_EQ(readlinkat(d, "l", buf, 20), 1);
	CHECK_OK(linkat(d, "f", AT_FDCWD, "hard", 0));
	CHECK_OK(fstatat(d, "l", &st, 0));
	CHECK(S_ISREG(st.st_mode));
	CHECK_OK(fstatat(d, "l", &st, AT_SYMLINK_NOFOLLOW));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_OK(syscall(SYS_newfstatat, d, "", &st, AT_EMPTY_PATH));
	CHECK(S_ISDIR(st.st_mode));
	CHECK_OK(faccessat(d, "f", R_OK, 0));
	CHECK_OK(fchmodat(d, "f", 0600, 0));
	CHECK_OK(fchownat(d, "l", 5, 6, AT_SYMLINK_NOFOLLOW));
	CHECK_OK(lstat("d/l", &st));
	CHECK_EQ(st.st_uid, 5);
	CHECK_OK(renameat(d, "f", AT_FDCWD, "out"));
	CHECK_OK(unlinkat(d, "l", 0));
	CHECK_ERR(unlinkat(d, "e", 0), EISDIR);
	CHECK_OK(unlinkat(d, "e", AT_REMOVEDIR));
	CHECK_ERR(openat(99, "x", O_RDONLY), EBADF);
	CHECK_ERR(openat(0, "x", O_RDONLY), ENOTDIR);
	CHECK_OK(openat(99, "/", O_RDONLY));	/* absolute: fd not looked at */
	CHECK_ERR(unlinkat(d, "e", 77), EINVAL);
}

TEST(working_directory)
{
	char here[300], want[300];
	int fd;

	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("a/b", 0755));
	CHECK_OK(chdir("a/b"));
	snprintf(want, sizeof(want), "%s/a/b", scratch);
	CHECK(getcwd(here, sizeof(here)) && !strcmp(here, want));
	CHECK_ERR(syscall(SYS_getcwd, here, 3), ERANGE);
	CHECK_OK(chdir(".."));
	CHECK_OK(access("b", F_OK));
	fd = open("b", O_RDONLY);
	CHECK_OK(fchdir(fd));
	CHECK_OK(rmdir("../b"));
	CHECK(!getcwd(here, sizeof(here)) && errno == ENOENT);	/* removed under us */
	CHECK_ERR(open("new", O_CREAT | O_WRONLY, 0644), ENOENT);
	CHECK_OK(chdir(".."));
	CHECK_ERR(chdir("none"), ENOENT);
	CHECK_OK(chdir("/"));
	CHECK_OK(chdir("../../.."));
	CHECK(getcwd(here, sizeof(here)) && !strcmp(here, "/"));
}

TEST(chroot_hides_the_rest)
{
	CHECK_OK(mkdir("jail", 0755));
	write_file("jail/in", "x");
	CHECK_CHILD(
		CHECK_OK(chroot("jail"));
		CHECK_OK(chdir("/"));
		CHECK_OK(access("/in", F_OK));
		CHECK_ERR(access("/../tmp", F_OK), ENOENT);
		CHECK_OK(access("../../in", F_OK)));
}

TEST(long_names)
{
	char name[400], path[5000];

	memset(name, 'n', sizeof(name));
	name[255] = 0;
	write_file(name, "");
	CHECK_OK(unlink(name));
	name[255] = 'n';
	name[256] = 0;
	CHECK_ERR(open(name, O_CREAT | O_WRONLY, 0644), ENAMETOOLONG);
	memset(path, '/', sizeof(path));
	path[4999] = 0;
	CHECK_ERR(open(path, O_RDONLY), ENAMETOOLONG);
	path[4094] = '.';
	path[4095] = 0;
	CHECK_OK(open(path, O_RDONLY));
}

TEST(dots_and_slashes)
{
	CHECK_OK(mkdir("d", 0755));
	write_file("d/f", "x");
	CHECK_OK(access("./d//./../d/f", F_OK));
	CHECK_OK(access("d/", F_OK));
	CHECK_ERR(access("d/f/", F_OK), ENOTDIR);
	CHECK_ERR(access("d/f/..", F_OK), ENOTDIR);
	CHECK_OK(access("/../../tmp", F_OK));
}

TEST(getdents_names)
{
	char name[20], seen[500] = { 0 };
	struct dirent *e;
	int n = 0;
	DIR *d;

	CHECK_OK(mkdir("d", 0755));
	CHECK_EQ(count_entries("d"), 2);
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "d/%d", i);
		write_file(name, "");
	}
	d = opendir("d");
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		CHECK_EQ(e->d_type, DT_REG);
		CHECK(e->d_ino != 0);
		CHECK_EQ(seen[atoi(e->d_name)]++, 0);
		n++;
	}
	CHECK_EQ(n, 500);
	rewinddir(d);
	for (n = 0; (e = readdir(d)); n++)
		;
	CHECK_EQ(n, 502);
	lseek(dirfd(d), 0, SEEK_SET);
	CHECK_ERR(syscall(SYS_getdents64, dirfd(d), name, 1), EINVAL);
	CHECK_ERR(syscall(SYS_getdents64, open("d/1", O_RDONLY), seen, 500), ENOTDIR);
}

/* Newest first, also after a rename; so who renames all that readdir gives comes to an end. */
TEST(getdents_order)
{
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	struct dirent *e;
	char old[300], new[300];
	struct statfs st;
	int n = 0, i = 4;
	DIR *d;

	CHECK_OK(statfs(".", &st));
	if (st.f_type != 0x01021994)
		SKIP("not a tmpfs");
	CHECK_OK(mkdir("order", 0755));
	for (int k = 0; k < 5; k++) {
		snprintf(old, sizeof(old), "order/%s", names[k]);
		write_file(old, "");
	}
	d = opendir("order");
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			CHECK(!strcmp(e->d_name, names[i--]));
	CHECK_EQ(i, -1);
	CHECK_OK(rename("order/b", "order/z"));
	rewinddir(d);
	while ((e = readdir(d)) && e->d_name[0] == '.')
		;
	CHECK(e && !strcmp(e->d_name, "z"));
	closedir(d);
	for (int k = 0; k < 2000; k++) {		/* more than readdir's buffer holds */
		snprintf(old, sizeof(old), "order/file-%d", k);
		write_file(old, "");
	}
	d = opendir("order");
	while ((e = readdir(d)) && n++ < 10000) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(old, sizeof(old), "order/%s", e->d_name);
		snprintf(new, sizeof(new), "order/%s+", e->d_name);
		CHECK_OK(rename(old, new));
	}
	closedir(d);
	CHECK_EQ(n, 2007);
	CHECK_EQ(count_entries("order"), 2007);
}

TEST(getdents_while_unlinking)
{
	char name[300];
	struct dirent *e;
	int n = 0;
	DIR *d;

	CHECK_OK(mkdir("d", 0755));
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "d/%d", i);
		write_file(name, "");
	}
	d = opendir("d");
	while ((e = readdir(d))) {	/* as rm -r does it */
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "d/%s", e->d_name);
		CHECK_OK(unlink(name));
		n++;
	}
	CHECK_EQ(n, 300);
	CHECK_OK(rmdir("d"));
}

TEST(mknod_devices)
{
	struct stat st;
	char c;

	if (mknod("zero", S_IFCHR | 0644, 0x105) && errno == EPERM)
		return;
	CHECK_OK(stat("zero", &st));
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_rdev, 0x105);
	if (open("zero", O_RDONLY) >= 0)
		CHECK_EQ(read(open("zero", O_RDONLY), &c, 1), 1);
	CHECK_OK(mknod("file", S_IFREG | 0644, 0));
	CHECK_ERR(mknod("file", S_IFREG | 0644, 0), EEXIST);
	CHECK_ERR(mknod("x", S_IFDIR | 0644, 0), EPERM);
}

TEST(removed_directory_is_dead)
{
	int d;

	CHECK_OK(mkdir("d", 0755));
	d = open("d", O_RDONLY);
	CHECK_OK(rmdir("d"));
	CHECK_ERR(openat(d, "f", O_CREAT | O_WRONLY, 0644), ENOENT);
	CHECK_ERR(mkdirat(d, "e", 0755), ENOENT);
}

/* A directory goes because another one takes its name: no name may appear in it meanwhile. */
TEST(replaced_directory_gets_no_names)
{
	int st, made = 0, d;
	pid_t pid = fork();

	if (!pid)
		for (;;) {
			mkdir("a", 0755);
			rename("a", "b");
		}
	for (long end = now_ms() + 3000; now_ms() < end || !made;) {	/* on a busy host the child may begin late */
		d = open("b", O_RDONLY | O_DIRECTORY);
		if (d < 0)
			continue;
		for (int i = 0; i < 20; i++) {
			struct stat s;
			int f = openat(d, "f", O_CREAT | O_EXCL | O_WRONLY, 0644);

			if (f < 0) {
				CHECK_EQ(errno, ENOENT);
				break;
			}
			made++;
			CHECK_OK(close(f));
			CHECK_OK(fstat(d, &s));
			CHECK_EQ(s.st_nlink, 2);	/* with a name in it, it can't be replaced */
			CHECK_OK(unlinkat(d, "f", 0));
		}
		close(d);
	}
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &st, 0), pid);
}
