/*
 * rename: the one operation on two directories.
 *
 * Locks: both directories' i_rwsem (write), the ancestor first; when they differ, under rename_mutex, so that the
 * tree's shape stands still while we ask who is whose ancestor (F6: no directory gets below itself). Then that of
 * what is replaced.
 *
 * In Linux: do_renameat2 and lock_rename in fs/namei.c. There also RENAME_EXCHANGE and RENAME_WHITEOUT.
 */
#include "fs/namei.h"
#include "kernel/syscall.h"

#define RENAME_NOREPLACE 1
static DEFINE_MUTEX(rename_mutex, RANK_RENAME);

/* The child of top through which d lies below it, or NULL. => rename_mutex, or same directory */
static struct dentry *ancestor_child(struct dentry *top, struct dentry *d)
{
	for (; d->d_parent != d; d = d->d_parent)
		if (d->d_parent == top)
			return d;
	return NULL;
}

/* Locks both directories. The child of one that the other lies below: it may be neither source nor target. */
static struct dentry *lock_rename(struct dentry *a, struct dentry *b)
{
	if (a == b) {
		down_write(&a->d_inode->i_rwsem);
		return NULL;
	}
	mutex_lock(&rename_mutex);
	struct dentry *trap = ancestor_child(b, a);
	if (trap || !(trap = ancestor_child(a, b)))
		swap(a, b);
	down_write(&a->d_inode->i_rwsem);
	down_write_nested(&b->d_inode->i_rwsem);
	return trap;
}

static void unlock_rename(struct dentry *a, struct dentry *b)
{
	up_write(&a->d_inode->i_rwsem);
	if (a == b)
		return;
	up_write(&b->d_inode->i_rwsem);
	mutex_unlock(&rename_mutex);
}

/* new is negative and fresh when there is nothing at the target. */
static int vfs_rename(struct inode *odir, struct dentry *old, struct inode *ndir, struct dentry *new)
{
	bool is_dir = S_ISDIR(old->d_inode->i_mode);
	struct inode *victim = new->d_inode;

	if (old->d_inode == victim)
		return 0;
	int err = may_delete(odir, old, is_dir);
	if (!err)
		err = victim ? may_delete(ndir, new, is_dir) : may_create(ndir);
	if (!err && !odir->i_op->rename)
		err = -EPERM;
	if (!err && odir != ndir && is_dir)	/* its ".." changes */
		err = inode_permission(old->d_inode, MAY_WRITE);
	if (!err && ((old->d_flags | new->d_flags) & DCACHE_MOUNTED))
		err = -EBUSY;
	if (err)
		return err;
	if (victim)		/* no name appears in it, and no link of it, while it goes */
		down_write_nested(&victim->i_rwsem);
	err = odir->i_op->rename(odir, old, ndir, new);
	if (!err)
		d_move(old, new);
	if (victim)
		up_write(&victim->i_rwsem);
	return err;
}

/* Both directories are locked. */
static int rename_locked(struct nameidata *o, struct nameidata *n, struct dentry *trap, unsigned flags)
{
	struct dentry *old = lookup_existing(o), *new;
	int err = 0;

	if (IS_ERR(old))
		return PTR_ERR(old);
	new = lookup_one(n->path.dentry, &n->last);
	if (IS_ERR(new)) {
		err = PTR_ERR(new);
		new = NULL;
	} else if (new && (flags & RENAME_NOREPLACE)) {
		err = -EEXIST;
	} else if (!S_ISDIR(old->d_inode->i_mode) && (o->slash || n->slash)) {
		err = -ENOTDIR;
	} else if (old == trap) {
		err = -EINVAL;
	} else if (new && new == trap) {
		err = -ENOTEMPTY;
	} else if (!new && (n->path.dentry->d_flags & DCACHE_DELETED)) {
		err = -ENOENT;
	} else if (!new) {
		new = d_alloc(n->path.dentry, &n->last);
		err = new ? 0 : -ENOMEM;
	}
	if (!err)
		err = vfs_rename(o->path.dentry->d_inode, old, n->path.dentry->d_inode, new);
	dput(new);
	dput(old);
	return err;
}

int do_renameat2(int ofd, const char *from, int nfd, const char *to, unsigned flags)
{
	struct nameidata o __cleanup(walk_drop) = {}, n __cleanup(walk_drop) = {};
	int err = path_parent(ofd, from, &o) ?: path_parent(nfd, to, &n);

	if (err)
		return err;
	if (o.path.mnt != n.path.mnt)
		return -EXDEV;
	if (o.type != LAST_NORM)
		return -EBUSY;
	if (n.type != LAST_NORM)
		return flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	err = mnt_want_write(o.path.mnt);
	if (err)
		return err;
	struct dentry *trap = lock_rename(o.path.dentry, n.path.dentry);
	err = rename_locked(&o, &n, trap, flags);
	unlock_rename(o.path.dentry, n.path.dentry);
	return err;
}

long sys_renameat2(int olddfd, const char __user *old, int newdfd, const char __user *new, unsigned flags)
{
	struct filename from __cleanup(drop_name), to __cleanup(drop_name);
	long err = two_names(&from, old, 0, &to, new);

	if (flags & ~RENAME_NOREPLACE)
		return -EINVAL;
	return err ?: do_renameat2(olddfd, from.name, newdfd, to.name, flags);
}

long sys_rename(const char __user *old, const char __user *new) { return sys_renameat2(AT_FDCWD, old, AT_FDCWD, new, 0); }
long sys_renameat(int ofd, const char __user *old, int nfd, const char __user *new)
{
	return sys_renameat2(ofd, old, nfd, new, 0);
}
