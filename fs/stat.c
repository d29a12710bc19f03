/*
 * stat: what is known about a file, and where a symlink points.
 *
 * In Linux: fs/stat.c, fs/statfs.c.
 */
#include "fs/namei.h"
#include "string.h"
#include "asm/uaccess.h"
#include "kernel/syscall.h"

static int vfs_getattr(const struct path *path, struct kstat *st)
{
	struct inode *inode = path->dentry->d_inode;

	if (inode->i_op && inode->i_op->getattr)
		return inode->i_op->getattr(path, st);
	generic_fillattr(inode, st);
	return 0;
}

static int copy_stat(const struct path *path, struct stat __user *buf)
{
	struct kstat k;
	struct stat st;
	int err = vfs_getattr(path, &k);

	if (err)
		return err;
	st = (struct stat){ .st_dev = new_encode_dev(k.dev), .st_ino = k.ino, .st_nlink = k.nlink, .st_mode = k.mode,
		.st_uid = k.uid, .st_gid = k.gid, .st_rdev = new_encode_dev(k.rdev), .st_size = k.size,
		.st_blksize = k.blksize, .st_blocks = k.blocks,
		.st_atime = k.atime.tv_sec, .st_atime_nsec = k.atime.tv_nsec,
		.st_mtime = k.mtime.tv_sec, .st_mtime_nsec = k.mtime.tv_nsec,
		.st_ctime = k.ctime.tv_sec, .st_ctime_nsec = k.ctime.tv_nsec };
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
	struct kstat k;
	struct statx sx;
	int err = vfs_getattr(path, &k);

	if (err)
		return err;
	sx = (struct statx){ .stx_mask = STATX_BASIC_STATS, .stx_blksize = k.blksize, .stx_nlink = k.nlink,
		.stx_uid = k.uid, .stx_gid = k.gid, .stx_mode = k.mode, .stx_ino = k.ino, .stx_size = k.size,
		.stx_blocks = k.blocks, .stx_atime = statx_time(k.atime), .stx_ctime = statx_time(k.ctime),
		.stx_mtime = statx_time(k.mtime), .stx_rdev_major = MAJOR(k.rdev), .stx_rdev_minor = MINOR(k.rdev),
		.stx_dev_major = MAJOR(k.dev), .stx_dev_minor = MINOR(k.dev) };
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
