/*
 * stat: what is known about a file, and where a symlink points.
 *
 * In Linux: fs/stat.c, fs/statfs.c.
 */
#include "fs/namei.h"
#include "string.h"
#include "asm/uaccess.h"
#include "kernel/syscall.h"

/* In blocks of 512 bytes */
static u64 blocks_of(const struct inode *i) { return i->i_data.nrpages * (PAGE_SIZE / 512); }

static int copy_stat(const struct path *path, struct stat __user *buf)
{
	const struct inode *i = path->dentry->d_inode;
	struct stat st = { .st_dev = new_encode_dev(i->i_sb->s_dev), .st_ino = i->i_ino, .st_nlink = i->i_nlink, .st_mode = i->i_mode,
		.st_uid = i->i_uid, .st_gid = i->i_gid, .st_rdev = new_encode_dev(i->i_rdev), .st_size = i_size_read(i),
		.st_blksize = PAGE_SIZE, .st_blocks = blocks_of(i),
		.st_atime = i->i_atime.tv_sec, .st_atime_nsec = i->i_atime.tv_nsec,
		.st_mtime = i->i_mtime.tv_sec, .st_mtime_nsec = i->i_mtime.tv_nsec,
		.st_ctime = i->i_ctime.tv_sec, .st_ctime_nsec = i->i_ctime.tv_nsec };

	return copy_to_user(buf, &st, sizeof(st)) ? -EFAULT : 0;
}

static long stat_at(int dfd, const char __user *name, unsigned lookup, struct stat __user *buf)
{
	struct path path __cleanup(path_put) = {};

	return user_path_at(dfd, name, lookup, &path) ?: copy_stat(&path, buf);
}

long sys_newstat(const char __user *name, struct stat __user *buf) { return stat_at(AT_FDCWD, name, LOOKUP_FOLLOW, buf); }
long sys_newlstat(const char __user *name, struct stat __user *buf) { return stat_at(AT_FDCWD, name, 0, buf); }

long sys_newfstat(int fd, struct stat __user *buf)
{
	struct fd f __cleanup(fdput) = fdget_raw(fd);

	return f.file ? copy_stat(&f.file->f_path, buf) : -EBADF;
}

/* With AT_EMPTY_PATH a NULL name means "" (Linux 6.11). */
static bool is_empty_name(const char __user *name, int flag)
{
	char c;

	return (flag & AT_EMPTY_PATH) && (!name || (!get_user(c, name) && !c));
}

long sys_newfstatat(int dfd, const char __user *name, struct stat __user *buf, int flag)
{
	if ((flag & AT_EMPTY_PATH) && dfd >= 0 && is_empty_name(name, flag) &&
	    !(flag & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)))
		return sys_newfstat(dfd, buf);
	if (flag & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	return stat_at(dfd, name, lookup_flags(flag), buf);
}

static struct statx_timestamp statx_time(struct timespec64 t)
{
	return (struct statx_timestamp){ .tv_sec = t.tv_sec, .tv_nsec = t.tv_nsec };
}

static int copy_statx(const struct path *path, struct statx __user *buf)
{
	const struct inode *i = path->dentry->d_inode;
	dev_t dev = i->i_sb->s_dev;
	struct statx sx = { .stx_mask = STATX_BASIC_STATS, .stx_blksize = PAGE_SIZE, .stx_nlink = i->i_nlink,
		.stx_uid = i->i_uid, .stx_gid = i->i_gid, .stx_mode = i->i_mode, .stx_ino = i->i_ino, .stx_size = i_size_read(i),
		.stx_blocks = blocks_of(i), .stx_atime = statx_time(i->i_atime), .stx_ctime = statx_time(i->i_ctime),
		.stx_mtime = statx_time(i->i_mtime), .stx_rdev_major = MAJOR(i->i_rdev), .stx_rdev_minor = MINOR(i->i_rdev),
		.stx_dev_major = MAJOR(dev), .stx_dev_minor = MINOR(dev) };

	return copy_to_user(buf, &sx, sizeof(sx)) ? -EFAULT : 0;
}

long sys_statx(int dfd, const char __user *name, unsigned flags, unsigned mask, struct statx __user *buf)
{
	struct path path __cleanup(path_put) = {};

	if ((mask & STATX__RESERVED) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
	    (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)))
		return -EINVAL;
	if (dfd >= 0 && is_empty_name(name, flags)) {
		struct fd f __cleanup(fdput) = fdget_raw(dfd);

		return f.file ? copy_statx(&f.file->f_path, buf) : -EBADF;
	}
	return user_path_at(dfd, name, lookup_flags(flags), &path) ?: copy_statx(&path, buf);
}

static int copy_statfs(const struct path *path, struct statfs __user *buf)
{
	struct statfs st;

	vfs_statfs(path, &st);
	return copy_to_user(buf, &st, sizeof(st)) ? -EFAULT : 0;
}

long sys_statfs(const char __user *name, struct statfs __user *buf)
{
	struct path path __cleanup(path_put) = {};

	return user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW, &path) ?: copy_statfs(&path, buf);
}

long sys_fstatfs(int fd, struct statfs __user *buf)
{
	struct fd f __cleanup(fdput) = fdget_raw(fd);

	return f.file ? copy_statfs(&f.file->f_path, buf) : -EBADF;
}

/* ---- readlink ---- */
static int do_readlink(const struct path *path, char __user *out, int size, bool empty)
{
	struct inode *inode = path->dentry->d_inode;
	const char *target;
	struct path to;
	int n;

	if (!S_ISLNK(inode->i_mode))
		return empty ? -ENOENT : -EINVAL;
	char *buf = getname_buf();
	if (!buf)
		return -ENOMEM;
	if (inode->i_op->get_link) {
		target = inode->i_op->get_link(path->dentry, inode, buf);
	} else {
		n = inode->i_op->follow_link(path->dentry, &to);
		target = n ? ERR_PTR(n) : d_path(&to, buf, PATH_MAX);
		if (!n)
			path_put(&to);
	}
	n = PTR_ERR(target);
	if (!IS_ERR(target)) {
		n = min_t(int, strlen(target), size);
		if (copy_to_user(out, target, n))
			n = -EFAULT;
	}
	putname_buf(buf);
	return n;
}

long sys_readlinkat(int dfd, const char __user *name, char __user *buf, int bufsiz)
{
	struct filename n __cleanup(drop_name);
	struct path path __cleanup(path_put) = {};
	int err = init_name(&n, name, LOOKUP_EMPTY);

	if (bufsiz <= 0)
		return -EINVAL;
	return err ?: filename_lookup(dfd, n.name, LOOKUP_EMPTY, &path) ?: do_readlink(&path, buf, bufsiz, !*n.name);
}

long sys_readlink(const char __user *name, char __user *buf, int bufsiz)
{
	return sys_readlinkat(AT_FDCWD, name, buf, bufsiz);
}
