/*
 * namei: names from user space, lookups, and open(2)'s way to a file.
 *
 * With O_CREAT the last component is looked up and made under its directory's i_rwsem; a symlink there begins the
 * walk again at its target.
 *
 * In Linux: fs/namei.c.
 */
#include "fs/namei.h"
#include "string.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "uapi/mount.h"

static struct kmem_cache *names_cache;

void __init namei_init(void)
{
	names_cache = kmem_cache_create("names_cache", PATH_MAX, 0);
}

char *getname_buf(void) { return kmem_cache_alloc(names_cache, GFP_KERNEL); }
void putname_buf(char *buf)
{
	if (buf)
		kmem_cache_free(names_cache, buf);
}

/* ---- names from user space ---- */
int init_name(struct filename *n, const char __user *user, unsigned lookup_flags)
{
	ssize_t len = strncpy_from_user(n->iname, user, sizeof(n->iname));

	n->name = n->iname;
	if (len == sizeof(n->iname)) {
		n->name = getname_buf();
		if (!n->name)
			return -ENOMEM;
		len = strncpy_from_user(n->name, user, PATH_MAX);
		if (len == PATH_MAX)
			len = -ENAMETOOLONG;
	}
	if (len == 0 && !(lookup_flags & LOOKUP_EMPTY))
		return -ENOENT;
	return min(len, 0L);
}

void drop_name(struct filename *n)
{
	if (n->name != n->iname)
		putname_buf(n->name);
}

void path_put(const struct path *p)
{
	dput(p->dentry);
	mntput(p->mnt);
}

/* ---- lookups ---- */
int filename_lookup(int dfd, const char *name, unsigned flags, struct path *out)
{
	struct nameidata nd = { .flags = flags };
	int err = walk_begin(&nd, dfd, name);

	if (err)
		return err;
	err = walk(&nd, name);
	walk_end(&nd, err);
	putname_buf(nd.buf);
	if (!err)
		*out = nd.path;
	return err;
}

int path_parent(int dfd, const char *name, struct lookup_parent *lp)
{
	struct nameidata nd = { .parent = true };
	int err = walk_begin(&nd, dfd, name);

	if (err)
		return err;
	err = *name ? walk(&nd, name) : -ENOENT;
	walk_end(&nd, err);
	if (err)
		putname_buf(nd.buf);
	else
		*lp = (struct lookup_parent){ nd.path, nd.last, nd.type, nd.slash, nd.buf };
	return err;
}

void put_parent(struct lookup_parent *lp)
{
	path_put(&lp->path);
	putname_buf(lp->buf);
}

int kern_path(const char *name, unsigned flags, struct path *out) { return filename_lookup(AT_FDCWD, name, flags, out); }

int user_path_at(int dfd, const char __user *user, unsigned flags, struct path *out)
{
	struct filename n __cleanup(drop_name);
	int err = init_name(&n, user, flags);

	return err ?: filename_lookup(dfd, n.name, flags, out);
}

/* ---- open(2)'s walk ---- */
int may_open(const struct path *path, int acc_mode, int flags)
{
	struct inode *inode = path->dentry->d_inode;

	if (S_ISLNK(inode->i_mode))
		return -ELOOP;
	if (S_ISDIR(inode->i_mode) && (acc_mode & (MAY_WRITE | MAY_EXEC)))
		return acc_mode & MAY_WRITE ? -EISDIR : -EACCES;
	if ((S_ISBLK(inode->i_mode) || S_ISCHR(inode->i_mode)) && (path->mnt->mnt_flags & MS_NODEV))
		return -EACCES;
	if ((acc_mode & MAY_WRITE) && (S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode)) && mnt_readonly(path->mnt))
		return -EROFS;
	int err = inode_permission(inode, acc_mode);
	if (!err && (flags & O_NOATIME) && !inode_owner_or_capable(inode))
		err = -EPERM;
	return err;
}

/* An existing name: checks, opens, truncates. Takes path's references. */
static struct file *open_existing(const struct path *path, int flags)
{
	int acc_mode = flags & O_PATH ? 0 : ("\004\002\006\006"[flags & O_ACCMODE] | (flags & O_TRUNC ? MAY_WRITE : 0));
	struct inode *inode = path->dentry->d_inode;
	int err = 0;

	if ((flags & O_CREAT) && S_ISDIR(inode->i_mode))
		err = -EISDIR;
	else if ((flags & O_DIRECTORY) && !S_ISDIR(inode->i_mode))
		err = -ENOTDIR;
	else if (!(flags & O_PATH))
		err = may_open(path, acc_mode, flags);
	struct file *f = err ? ERR_PTR(err) : dentry_open(path, flags);
	if (!IS_ERR(f) && (flags & O_TRUNC) && !(flags & O_PATH) && S_ISREG(inode->i_mode)) {
		err = get_write_access(inode);
		if (!err) {
			err = do_truncate(f->f_path.dentry, 0);
			put_write_access(inode);
		}
		if (err) {
			fput(f);
			f = ERR_PTR(err);
		}
	}
	path_put(path);
	return f;
}

/* The last component with O_CREAT, in its locked directory. 1: opened or failed in *out; 0: it exists, in *next. */
static int create_last(struct lookup_parent *lp, int flags, umode_t mode, struct file **out, struct path *next)
{
	struct inode *dir = lp->path.dentry->d_inode;
	struct dentry *d = lookup_one(lp->path.dentry, &lp->last);
	struct path path;

	if (IS_ERR(d)) {
		*out = (struct file *)d;
		return 1;
	}
	if (d) {
		*next = (struct path){ .mnt = mntget(lp->path.mnt), .dentry = d };
		return 0;
	}
	int err = has_room(lp->path.dentry) ? mnt_want_write(lp->path.mnt) : -ENOENT;
	if (!err)
		err = inode_permission(dir, MAY_WRITE | MAY_EXEC);
	if (!err && !dir->i_op->create)
		err = -EACCES;
	*out = ERR_PTR(err);
	if (err)
		return 1;
	d = d_alloc(lp->path.dentry, &lp->last);
	*out = ERR_PTR(-ENOMEM);
	if (!d)
		return 1;
	err = dir->i_op->create(dir, d, (mode & ~current->fs->umask) | S_IFREG);
	path = (struct path){ .mnt = lp->path.mnt, .dentry = d };
	*out = err ? ERR_PTR(err) : dentry_open(&path, flags & ~O_TRUNC);
	dput(d);
	return 1;
}

/* open with O_CREAT: the parent first, then the last component under its lock; symlinks begin again at their target. */
static struct file *open_create(int dfd, const char *name, int flags, umode_t mode)
{
	struct nameidata nd = { .parent = true };
	struct lookup_parent lp;
	struct path next;
	struct file *f;
	int done, err = walk_begin(&nd, dfd, name);

	if (err)
		return ERR_PTR(err);
	for (;;) {
		err = *name ? walk(&nd, name) : -ENOENT;
		if (!err && (nd.type != LAST_NORM || nd.slash))
			err = -EISDIR;
		if (err) {
			walk_end(&nd, err);
			f = ERR_PTR(err);
			break;
		}
		shift_down(&nd);
		lp = (struct lookup_parent){ nd.path, nd.last, nd.type, nd.slash, NULL };
		down_write(&nd.path.dentry->d_inode->i_rwsem);
		done = create_last(&lp, flags, mode, &f, &next);
		up_write(&nd.path.dentry->d_inode->i_rwsem);
		if (!done && (flags & O_EXCL)) {
			path_put(&next);
			f = ERR_PTR(-EEXIST);
			done = 1;
		}
		if (!done && S_ISLNK(next.dentry->d_inode->i_mode) && !(flags & O_NOFOLLOW)) {
			bool magic = next.dentry->d_inode->i_op->follow_link;

			name = follow_symlink(&nd, next.dentry, "", false);
			path_put(&next);
			if (!IS_ERR(name) && !magic)
				continue;
			f = IS_ERR(name) ? (struct file *)name : open_existing(&nd.path, flags & ~O_CREAT);
			if (IS_ERR(name))
				path_put(&nd.path);
			break;
		}
		path_put(&nd.path);
		if (!done) {
			path_to_top(&next);
			f = open_existing(&next, flags);
		}
		break;
	}
	putname_buf(nd.buf);
	return f;
}

struct file *do_filp_open(int dfd, const char *name, int flags, umode_t mode)
{
	struct path path;

	if (flags & O_CREAT)
		return open_create(dfd, name, flags, mode);
	int err = *name ? filename_lookup(dfd, name, flags & O_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &path) : -ENOENT;
	return err ? ERR_PTR(err) : open_existing(&path, flags);
}
