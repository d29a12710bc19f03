/*
 * names: mkdir, mknod, symlink, link, unlink, rmdir. (rename.c has rename.)
 *
 * All have one shape: find the directory (path_parent), lock it, look the last component up, check in Linux's order,
 * let the file system do it, and change the dentry. do_x take kernel names, sys_x user's.
 *
 * Locks: the directory's i_rwsem (write).
 *
 * In Linux: the second half of fs/namei.c.
 */
#include "fs/namei.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "uapi/capability.h"

static void lock_dir(struct nameidata *nd) { down_write(&nd->path.dentry->d_inode->i_rwsem); }
static void unlock_dir(struct nameidata *nd) { up_write(&nd->path.dentry->d_inode->i_rwsem); }

/* ---- making names ---- */
/* False: a directory that is gone, or one whose names come by themselves (/proc). */
bool has_room(const struct dentry *dir)
{
	return !(dir->d_flags & DCACHE_DELETED) && (dir->d_inode->i_op->create || !dir->d_inode->i_op->lookup);
}

/* A dentry for the name to be made, in its directory, which is locked until end_create(). ERR_PTR: it is not locked */
static struct dentry *start_create(int dfd, const char *name, bool is_dir, struct nameidata *nd)
{
	int err = path_parent(dfd, name, nd) ?: nd->type == LAST_NORM ? 0 : -EEXIST;

	if (err)
		return ERR_PTR(err);
	lock_dir(nd);
	struct dentry *d = lookup_one(nd->path.dentry, &nd->last);
	if (d && !IS_ERR(d)) {
		dput(d);
		d = ERR_PTR(-EEXIST);
	} else if (!d) {
		err = (nd->slash && !is_dir) || !has_room(nd->path.dentry) ? -ENOENT : mnt_want_write(nd->path.mnt);
		d = err ? ERR_PTR(err) : d_alloc(nd->path.dentry, &nd->last) ?: ERR_PTR(-ENOMEM);
	}
	if (IS_ERR(d))
		unlock_dir(nd);
	return d;
}

static void end_create(struct nameidata *nd, struct dentry *d)
{
	dput(d);
	unlock_dir(nd);
}

int may_create(const struct inode *dir)
{
	return inode_permission((struct inode *)dir, MAY_WRITE | MAY_EXEC);
}

/* A new name d in dir, which is locked; mode has its type. dev is a device's number, target a symlink's. */
static int vfs_make(struct inode *dir, struct dentry *d, umode_t mode, dev_t dev, const char *target)
{
	const struct inode_operations *op = dir->i_op;
	int err = may_create(dir);

	if (err)
		return err;
	switch (mode & S_IFMT) {
	case S_IFREG: return op->create ? op->create(dir, d, mode) : -EACCES;
	case S_IFDIR: return op->mkdir ? op->mkdir(dir, d, mode) : -EPERM;
	case S_IFLNK: return op->symlink ? op->symlink(dir, d, target) : -EPERM;
	case S_IFCHR: case S_IFBLK:
		if (!capable(CAP_MKNOD))
			return -EPERM;
		fallthrough;
	default: return op->mknod ? op->mknod(dir, d, mode, dev) : -EPERM;
	}
}

static int make_at(int dfd, const char *name, umode_t mode, dev_t dev, const char *target)
{
	struct nameidata nd __cleanup(walk_drop) = {};
	struct dentry *d = start_create(dfd, name, S_ISDIR(mode), &nd);

	if (IS_ERR(d))
		return PTR_ERR(d);
	int err = vfs_make(nd.path.dentry->d_inode, d, mode & ~current->fs->umask, dev, target);
	end_create(&nd, d);
	return err;
}

int do_mkdirat(int dfd, const char *name, umode_t mode) { return make_at(dfd, name, S_IFDIR | (mode & 01777), 0, NULL); }
int do_symlinkat(const char *target, int dfd, const char *name) { return make_at(dfd, name, S_IFLNK, 0, target); }
int do_mknodat(int dfd, const char *name, umode_t mode, dev_t dev)
{
	umode_t type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;

	if (S_ISDIR(type))
		return -EPERM;
	if (!S_ISREG(type) && !S_ISCHR(type) && !S_ISBLK(type) && !S_ISFIFO(type) && !S_ISSOCK(type))
		return -EINVAL;
	return make_at(dfd, name, type | (mode & S_IALLUGO), S_ISCHR(type) || S_ISBLK(type) ? dev : 0, NULL);
}

static int vfs_link(struct dentry *old, struct inode *dir, struct dentry *new)
{
	struct inode *inode = old->d_inode;
	int err = may_create(dir);

	if (err)
		return err;
	if (!dir->i_op->link || S_ISDIR(inode->i_mode))
		return -EPERM;
	down_write_nested(&inode->i_rwsem);
	err = inode->i_nlink ? dir->i_op->link(old, dir, new) : -ENOENT;
	up_write(&inode->i_rwsem);
	return err;
}

int do_linkat(int ofd, const char *old, int nfd, const char *new, int flags)
{
	struct nameidata nd __cleanup(walk_drop) = {};
	struct path path __cleanup(path_put) = {};
	unsigned how = (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0) | (flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0);
	int err = filename_lookup(ofd, old, how, &path);
	struct dentry *d = err ? ERR_PTR(err) : start_create(nfd, new, false, &nd);

	if (IS_ERR(d))
		return PTR_ERR(d);
	err = nd.path.mnt != path.mnt ? -EXDEV : vfs_link(path.dentry, nd.path.dentry->d_inode, d);
	end_create(&nd, d);
	return err;
}

/* ---- removing names ---- */
/* May victim, a name in dir, go? is_dir: the caller removes directories. */
int may_delete(struct inode *dir, struct dentry *victim, bool is_dir)
{
	struct inode *inode = victim->d_inode;
	int err = inode_permission(dir, MAY_WRITE | MAY_EXEC);

	if (err)
		return err;
	if ((dir->i_mode & S_ISVTX) && current_cred()->fsuid != inode->i_uid && current_cred()->fsuid != dir->i_uid &&
	    !capable(CAP_FOWNER))
		return -EPERM;
	if (is_dir != S_ISDIR(inode->i_mode))
		return is_dir ? -ENOTDIR : -EISDIR;
	return 0;
}

/* The existing child of a locked directory. ERR_PTR, -ENOENT too */
struct dentry *lookup_existing(struct nameidata *nd)
{
	return lookup_one(nd->path.dentry, &nd->last) ?: ERR_PTR(-ENOENT);
}

static int remove_name(struct nameidata *nd, bool is_dir)
{
	struct inode *dir = nd->path.dentry->d_inode;

	int err = mnt_want_write(nd->path.mnt);
	if (err)
		return err;
	lock_dir(nd);
	struct dentry *d = lookup_existing(nd);
	err = PTR_ERR(d);
	if (IS_ERR(d))
		goto unlock;
	if (nd->slash && !is_dir)
		err = S_ISDIR(d->d_inode->i_mode) ? -EISDIR : -ENOTDIR;
	else
		err = may_delete(dir, d, is_dir);
	if (!err && !(is_dir ? dir->i_op->rmdir : dir->i_op->unlink))
		err = -EPERM;
	if (!err && (d->d_flags & DCACHE_MOUNTED))
		err = -EBUSY;
	if (!err) {
		/* The victim's own lock keeps names from appearing in a dying directory. */
		down_write_nested(&d->d_inode->i_rwsem);
		err = is_dir ? dir->i_op->rmdir(dir, d) : dir->i_op->unlink(dir, d);
		if (!err)
			d_drop(d);
		up_write(&d->d_inode->i_rwsem);
	}
unlock:
	unlock_dir(nd);
	if (!IS_ERR(d))
		dput(d);		/* may free a large file: not under the directory's lock */
	return err;
}

int do_unlinkat(int dfd, const char *name)
{
	struct nameidata nd __cleanup(walk_drop) = {};

	return path_parent(dfd, name, &nd) ?: nd.type == LAST_NORM ? remove_name(&nd, false) : -EISDIR;
}

int do_rmdir(int dfd, const char *name)
{
	static const int wrong[] = { [LAST_ROOT] = -EBUSY, [LAST_DOT] = -EINVAL, [LAST_DOTDOT] = -ENOTEMPTY };
	struct nameidata nd __cleanup(walk_drop) = {};

	return path_parent(dfd, name, &nd) ?: nd.type == LAST_NORM ? remove_name(&nd, true) : wrong[nd.type];
}

/* ---- system calls ---- */
long sys_mkdirat(int dfd, const char __user *pathname, umode_t mode)
{
	struct filename n __cleanup(drop_name);

	return init_name(&n, pathname, 0) ?: do_mkdirat(dfd, n.name, mode);
}

long sys_mknodat(int dfd, const char __user *filename, umode_t mode, unsigned dev)
{
	struct filename n __cleanup(drop_name);

	return init_name(&n, filename, 0) ?: do_mknodat(dfd, n.name, mode & 0xffff, new_decode_dev(dev));
}

long sys_unlinkat(int dfd, const char __user *pathname, int flag)
{
	struct filename n __cleanup(drop_name);
	long err = init_name(&n, pathname, 0);

	if (flag & ~AT_REMOVEDIR)
		return -EINVAL;
	return err ?: flag & AT_REMOVEDIR ? do_rmdir(dfd, n.name) : do_unlinkat(dfd, n.name);
}

/* What symlink, link and rename share: two user names, of which the first may be empty for some. drop_name() both. */
long two_names(struct filename *a, const char __user *ua, unsigned a_flags, struct filename *b, const char __user *ub)
{
	b->name = b->iname;
	return init_name(a, ua, a_flags) ?: init_name(b, ub, 0);
}

long sys_symlinkat(const char __user *old, int newdfd, const char __user *new)
{
	struct filename from __cleanup(drop_name), to __cleanup(drop_name);

	return two_names(&from, old, 0, &to, new) ?: do_symlinkat(from.name, newdfd, to.name);
}

long sys_linkat(int olddfd, const char __user *old, int newdfd, const char __user *new, int flags)
{
	struct filename from __cleanup(drop_name), to __cleanup(drop_name);
	long err = two_names(&from, old, flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0, &to, new);

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return err ?: do_linkat(olddfd, from.name, newdfd, to.name, flags);
}

long sys_mkdir(const char __user *name, umode_t mode) { return sys_mkdirat(AT_FDCWD, name, mode); }
long sys_mknod(const char __user *name, umode_t mode, unsigned dev) { return sys_mknodat(AT_FDCWD, name, mode, dev); }
long sys_unlink(const char __user *name) { return sys_unlinkat(AT_FDCWD, name, 0); }
long sys_rmdir(const char __user *name) { return sys_unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }
long sys_symlink(const char __user *old, const char __user *new) { return sys_symlinkat(old, AT_FDCWD, new); }
long sys_link(const char __user *old, const char __user *new) { return sys_linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }
