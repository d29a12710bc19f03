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
	int err = walk_begin(&nd, dfd, name) ?: walk_end(&nd, walk(&nd, name));

	if (err)
		return err;
	*out = nd.path;
	putname_buf(nd.buf);
	return 0;
}

int path_parent(int dfd, const char *name, struct nameidata *nd)
{
	*nd = (struct nameidata){ .parent = true };
	return walk_begin(nd, dfd, name) ?: walk_end(nd, *name ? walk(nd, name) : -ENOENT);
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

/* An existing name: checks, opens, truncates. */
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
	if (IS_ERR(f) || !(flags & O_TRUNC) || (flags & O_PATH) || !S_ISREG(inode->i_mode))
		return f;
	err = get_write_access(inode);
	if (!err) {
		err = do_truncate(path->dentry, 0);
		put_write_access(inode);
	}
	if (!err)
		return f;
	fput(f);
	return ERR_PTR(err);
}

/* The last component, in its locked directory: made and opened, or ERR_PTR; NULL: it exists, referenced in *next. */
static struct file *create_last(struct nameidata *nd, int flags, umode_t mode, struct path *next)
{
	struct inode *dir = nd->path.dentry->d_inode;
	struct dentry *d = lookup_one(nd->path.dentry, &nd->last);

	if (IS_ERR(d))
		return (struct file *)d;
	if (d) {
		*next = (struct path){ .mnt = mntget(nd->path.mnt), .dentry = d };
		return NULL;
	}
	int err = has_room(nd->path.dentry) ? mnt_want_write(nd->path.mnt) ?: may_create(dir) : -ENOENT;
	if (!err && !dir->i_op->create)
		err = -EACCES;
	d = err ? NULL : d_alloc(nd->path.dentry, &nd->last);
	if (!d)
		return ERR_PTR(err ?: -ENOMEM);
	err = dir->i_op->create(dir, d, (mode & ~current->fs->umask) | S_IFREG);
	struct file *f = err ? ERR_PTR(err) : dentry_open(&(struct path){ nd->path.mnt, d }, flags & ~O_TRUNC);
	dput(d);
	return f;
}

/* The file, or ERR_PTR; NULL: it is a symlink, and the walk goes on with *name. */
static struct file *open_last(struct nameidata *nd, int flags, umode_t mode, const char **name)
{
	struct path next __cleanup(path_put) = {};

	down_write(&nd->path.dentry->d_inode->i_rwsem);
	struct file *f = create_last(nd, flags, mode, &next);
	up_write(&nd->path.dentry->d_inode->i_rwsem);
	if (f)
		return f;
	if (flags & O_EXCL)
		return ERR_PTR(-EEXIST);
	struct inode *inode = next.dentry->d_inode;
	if (!S_ISLNK(inode->i_mode) || (flags & O_NOFOLLOW)) {
		path_to_top(&next);
		return open_existing(&next, flags);
	}
	*name = follow_symlink(nd, next.dentry, "", false);
	if (IS_ERR(*name))
		return (struct file *)*name;
	return inode->i_op->follow_link ? open_existing(&nd->path, flags & ~O_CREAT) : NULL;
}

/* open with O_CREAT: the parent first, then the last component under its lock; symlinks begin again at their target. */
static struct file *open_create(int dfd, const char *name, int flags, umode_t mode)
{
	struct nameidata nd = { .parent = true };
	struct file *f;
	int err = walk_begin(&nd, dfd, name);

	if (err)
		return ERR_PTR(err);
	do {
		err = *name ? walk(&nd, name) : -ENOENT;
		if (!err && (nd.type != LAST_NORM || nd.slash))
			err = -EISDIR;
		f = ERR_PTR(err);
		if (!err) {
			shift_down(&nd);
			f = open_last(&nd, flags, mode, &name);
		}
	} while (!f);
	walk_drop(&nd);
	return f;
}

struct file *do_filp_open(int dfd, const char *name, int flags, umode_t mode)
{
	struct path path __cleanup(path_put) = {};

	if (flags & O_CREAT)
		return open_create(dfd, name, flags, mode);
	int err = *name ? filename_lookup(dfd, name, flags & O_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &path) : -ENOENT;
	return err ? ERR_PTR(err) : open_existing(&path, flags);
}
