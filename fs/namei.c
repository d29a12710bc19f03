/*
 * namei: from a name to a dentry.
 *
 *   /usr/bin/../lib64/x    for each component: may we search here? -> child -> mounted over? -> symlink?
 *
 * The walk has two gears. It begins fast: dcache_lock is taken once, nothing is referenced, and a path whose names
 * are all in the dcache ends there. What may sleep (a file system's lookup, a symlink's buffer, a permission method)
 * shifts down for good: the place is referenced, the lock dropped, and taken again for each component.
 *
 * A symlink replaces itself in the path: the new path is its target, a slash and the rest. 40 of them are ELOOP.
 *
 * In Linux: fs/namei.c. There the fast gear is RCU with sequence counts, and link bodies are kept on a stack.
 */
#include "fs/namei.h"
#include "string.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "uapi/mount.h"

struct nameidata {
	struct path path;		/* referenced unless fast */
	bool fast;			/* dcache_lock is held, path is borrowed */
	bool parent;			/* stop before the last component */
	unsigned flags;			/* LOOKUP_* */
	unsigned links;
	char *buf;			/* holds the rest of the path after a symlink, or NULL */
	struct qstr last;
	enum last_type type;
	bool slash;
};
static struct kmem_cache *names_cache;

void __init namei_init(void)
{
	names_cache = kmem_cache_create("names_cache", PATH_MAX, 0, 0, NULL);
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
		len = -ENOENT;
	if (len >= 0)
		return 0;
	drop_name(n);
	return len;
}

void drop_name(struct filename *n)
{
	if (n->name != n->iname)
		putname_buf(n->name);
}

struct filename *getname_flags(const char __user *name, unsigned lookup_flags)
{
	struct filename *n = kmalloc(sizeof(*n), GFP_KERNEL);
	int err = n ? init_name(n, name, lookup_flags) : -ENOMEM;

	if (!err)
		return n;
	kfree(n);
	return ERR_PTR(err);
}

struct filename *getname(const char __user *name) { return getname_flags(name, 0); }

void putname(struct filename *n)
{
	if (IS_ERR_OR_NULL(n))
		return;
	drop_name(n);
	kfree(n);
}

void path_put(const struct path *p)
{
	dput(p->dentry);
	mntput(p->mnt);
}

/* ---- the two gears ---- */
static void walk_lock(struct nameidata *nd)
{
	if (!nd->fast)
		spin_lock(&dcache_lock);
}

/* Goes to next, which is borrowed; the lock is kept in the fast gear only. */
static void walk_to(struct nameidata *nd, const struct path *next)
{
	struct path old = nd->path;

	nd->path = *next;
	if (nd->fast)
		return;
	path_get(next);
	spin_unlock(&dcache_lock);
	path_put(&old);
}

static void shift_down(struct nameidata *nd)
{
	if (!nd->fast)
		return;
	path_get(&nd->path);
	nd->fast = false;
	spin_unlock(&dcache_lock);
}

static void walk_end(struct nameidata *nd, int err)
{
	if (!err)
		shift_down(nd);
	else if (nd->fast)
		spin_unlock(&dcache_lock);
	else
		path_put(&nd->path);
}

static int may_search(struct nameidata *nd)
{
	struct inode *inode = nd->path.dentry->d_inode;

	if (unlikely(!S_ISDIR(inode->i_mode)))
		return -ENOTDIR;
	if (unlikely(inode->i_op && inode->i_op->permission))
		shift_down(nd);
	else if ((inode->i_mode & S_IXUGO) == S_IXUGO)
		return 0;
	return inode_permission(inode, MAY_EXEC);
}

/* Up to what is mounted on p, borrowed. => dcache_lock */
void follow_mounts(struct path *p)
{
	struct mount *mnt;

	while (unlikely(p->dentry->d_flags & DCACHE_MOUNTED) && (mnt = __lookup_mnt(p)))
		*p = (struct path){ .mnt = mnt, .dentry = mnt->mnt_root };
}

/* The same for a path with references. */
void path_to_top(struct path *p)
{
	struct path old = *p;

	spin_lock(&dcache_lock);
	follow_mounts(p);
	path_get(p);
	spin_unlock(&dcache_lock);
	path_put(&old);
}

static void walk_dotdot(struct nameidata *nd)
{
	const struct path *root = &current->fs->root;
	struct path p;

	walk_lock(nd);
	p = nd->path;
	while (!(p.dentry == root->dentry && p.mnt == root->mnt)) {
		if (p.dentry != p.mnt->mnt_root) {
			p.dentry = p.dentry->d_parent;
			break;
		}
		if (p.mnt->mnt_parent == p.mnt)
			break;
		p = (struct path){ .mnt = p.mnt->mnt_parent, .dentry = p.mnt->mnt_mountpoint };
	}
	follow_mounts(&p);
	walk_to(nd, &p);
}

/* Asks the file system for a name that the dcache lacks. Referenced, NULL, ERR_PTR. => dir's i_rwsem (write) */
static struct dentry *real_lookup(struct dentry *dir, const struct qstr *name)
{
	struct dentry *d;
	int err;

	if (dir->d_flags & DCACHE_DELETED)
		return NULL;
	d = d_alloc(dir, name);
	if (!d)
		return ERR_PTR(-ENOMEM);
	err = dir->d_inode->i_op->lookup(dir->d_inode, d);
	if (!err && d->d_inode)
		return d;
	dput(d);
	return err == -ENOENT ? NULL : ERR_PTR(err);
}

struct dentry *lookup_one(struct dentry *dir, const struct qstr *name)
{
	struct dentry *d;

	if (name->len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	d = d_lookup(dir, name);
	if (d && d->d_op && d->d_op->d_revalidate && !d->d_op->d_revalidate(d)) {
		d_drop(d);
		dput(d);
		d = NULL;
	}
	return d || !dir->d_inode->i_op->lookup ? d : real_lookup(dir, name);
}

/* The child `name` of the present place: borrowed in the fast gear, else referenced. ERR_PTR, -ENOENT too. */
static struct dentry *walk_lookup(struct nameidata *nd, const struct qstr *name)
{
	struct dentry *dir = nd->path.dentry, *d;

	if (nd->fast) {
		d = __d_lookup(dir, name);
		if (likely(d && !(d->d_op && d->d_op->d_revalidate)))
			return d;
		if (name->len > NAME_MAX)
			return ERR_PTR(-ENAMETOOLONG);
		if (!d && !dir->d_inode->i_op->lookup)
			return ERR_PTR(-ENOENT);
		shift_down(nd);
	}
	if (!dir->d_inode->i_op->lookup) {
		d = name->len > NAME_MAX ? ERR_PTR(-ENAMETOOLONG) : d_lookup(dir, name);
	} else {
		down_write(&dir->d_inode->i_rwsem);
		d = lookup_one(dir, name);
		up_write(&dir->d_inode->i_rwsem);
	}
	return d ? d : ERR_PTR(-ENOENT);
}

/* ---- symlinks ---- */
/* What is mounted on the root itself is not seen from it: who mounts there means to chroot. */
static void walk_to_root(struct nameidata *nd)
{
	struct path root;

	walk_lock(nd);
	root = current->fs->root;
	walk_to(nd, &root);
}

/* Replaces the link d (referenced; slow gear) and the rest of the path by target and rest in a new buffer. The new
 * rest, "" after a magic link that ended the path; ERR_PTR. */
static const char *follow_symlink(struct nameidata *nd, struct dentry *d, const char *rest, bool slash)
{
	struct inode *inode = d->d_inode;
	struct path to;
	const char *target;
	char *buf;
	size_t len, left = strlen(rest) + 1;
	int err;

	if (++nd->links > MAX_SYMLINKS)
		return ERR_PTR(-ELOOP);
	if (inode->i_op->follow_link) {
		err = inode->i_op->follow_link(d, &to);
		if (err)
			return ERR_PTR(err);
		path_put(&nd->path);
		nd->path = to;
		return rest;
	}
	buf = getname_buf();
	if (!buf)
		return ERR_PTR(-ENOMEM);
	target = inode->i_op->get_link(d, inode, buf);
	len = IS_ERR(target) ? 0 : strlen(target);
	if (IS_ERR(target) || !len || len + slash + left > PATH_MAX) {
		putname_buf(buf);
		return IS_ERR(target) ? target : ERR_PTR(len ? -ENAMETOOLONG : -ENOENT);
	}
	memmove(buf, target, len);
	buf[len] = '/';
	memcpy(buf + len + slash, rest, left);
	putname_buf(nd->buf);
	nd->buf = buf;
	if (*buf == '/')
		walk_to_root(nd);
	return buf;
}

/* ---- the walk ---- */
/* Cuts one component off *name into q; true when slashes follow it. */
static bool next_component(const char **name, struct qstr *q, const struct dentry *dir)
{
	const char *s = *name;
	u32 h = 0;

	q->name = s;
	do
		h = name_hash_step(h, *s++);
	while (*s && *s != '/');
	q->len = s - q->name;
	q->hash = name_hash_end(h, dir);
	*name = s;
	if (*s != '/')
		return false;
	while (*s == '/')
		s++;
	*name = s;
	return true;
}

static enum last_type component_type(const struct qstr *q)
{
	if (likely(q->name[0] != '.') || q->len > 2)
		return LAST_NORM;
	return q->len == 1 ? LAST_DOT : q->name[1] == '.' ? LAST_DOTDOT : LAST_NORM;
}

/* One normal component. The rest of the path (another one after a symlink), or ERR_PTR. */
static const char *walk_component(struct nameidata *nd, const struct qstr *q, const char *rest, bool slash)
{
	struct dentry *d = walk_lookup(nd, q);
	struct path next;

	if (IS_ERR(d))
		return (const char *)d;
	if (unlikely(S_ISLNK(d->d_inode->i_mode)) && (*rest || slash || (nd->flags & LOOKUP_FOLLOW))) {
		if (nd->fast) {
			dget(d);
			shift_down(nd);
		}
		rest = follow_symlink(nd, d, rest, slash);
		dput(d);
		return rest;
	}
	if (nd->fast) {
		nd->path.dentry = d;
		follow_mounts(&nd->path);
		return rest;
	}
	next = (struct path){ .mnt = nd->path.mnt, .dentry = d };
	walk_lock(nd);
	follow_mounts(&next);
	walk_to(nd, &next);
	dput(d);
	return rest;
}

static int walk(struct nameidata *nd, const char *name)
{
	struct qstr q;
	bool slash = *name == '/';
	int err;

	nd->type = LAST_ROOT;
	while (*name == '/')
		name++;
	while (*name) {
		err = may_search(nd);
		if (unlikely(err))
			return err;
		slash = next_component(&name, &q, nd->path.dentry);
		nd->type = component_type(&q);
		if (nd->parent && !*name) {
			nd->last = q;
			nd->slash = slash;
			return 0;
		}
		if (nd->type == LAST_DOTDOT) {
			walk_dotdot(nd);
		} else if (nd->type == LAST_NORM) {
			name = walk_component(nd, &q, name, slash);
			if (IS_ERR(name))
				return PTR_ERR(name);
			while (*name == '/')
				name++;
		}
	}
	if ((slash || (nd->flags & LOOKUP_DIRECTORY)) && !S_ISDIR(nd->path.dentry->d_inode->i_mode))
		return -ENOTDIR;
	return 0;
}

/* Where the walk begins; the fast gear is in. EBADF, ENOTDIR */
static int walk_begin(struct nameidata *nd, int dfd, const char *name)
{
	struct fd f = { NULL, false };
	struct path start;
	int err = 0;

	nd->fast = true;
	if (*name != '/' && dfd != AT_FDCWD) {
		f = fdget_raw(dfd);
		if (!f.file)
			return -EBADF;
		start = f.file->f_path;
		if (*name && !S_ISDIR(start.dentry->d_inode->i_mode))
			err = -ENOTDIR;
	}
	if (!err) {
		spin_lock(&dcache_lock);
		nd->path = f.file ? start : *name == '/' ? current->fs->root : current->fs->pwd;
		if (f.need_put)
			shift_down(nd);
	}
	fdput(f);
	return err;
}

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
	struct filename n;
	int err = init_name(&n, user, flags);

	if (err)
		return err;
	err = filename_lookup(dfd, n.name, flags, out);
	drop_name(&n);
	return err;
}

/* ---- open(2)'s walk ---- */
int may_open(const struct path *path, int acc_mode, int flags)
{
	struct inode *inode = path->dentry->d_inode;
	int err;

	if (S_ISLNK(inode->i_mode))
		return -ELOOP;
	if (S_ISDIR(inode->i_mode) && (acc_mode & (MAY_WRITE | MAY_EXEC)))
		return acc_mode & MAY_WRITE ? -EISDIR : -EACCES;
	if ((S_ISBLK(inode->i_mode) || S_ISCHR(inode->i_mode)) && (path->mnt->mnt_flags & MS_NODEV))
		return -EACCES;
	if ((acc_mode & MAY_WRITE) && (S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode)) && mnt_readonly(path->mnt))
		return -EROFS;
	err = inode_permission(inode, acc_mode);
	if (!err && (flags & O_NOATIME) && !inode_owner_or_capable(inode))
		err = -EPERM;
	return err;
}

/* An existing name: checks, opens, truncates. Takes path's references. */
static struct file *open_existing(const struct path *path, int flags)
{
	int acc_mode = flags & O_PATH ? 0 : ("\004\002\006\006"[flags & O_ACCMODE] | (flags & O_TRUNC ? MAY_WRITE : 0));
	struct inode *inode = path->dentry->d_inode;
	struct file *f;
	int err = 0;

	if ((flags & O_CREAT) && S_ISDIR(inode->i_mode))
		err = -EISDIR;
	else if ((flags & O_DIRECTORY) && !S_ISDIR(inode->i_mode))
		err = -ENOTDIR;
	else if (!(flags & O_PATH))
		err = may_open(path, acc_mode, flags);
	f = err ? ERR_PTR(err) : dentry_open(path, flags);
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
	int err;

	if (IS_ERR(d)) {
		*out = (struct file *)d;
		return 1;
	}
	if (d) {
		*next = (struct path){ .mnt = mntget(lp->path.mnt), .dentry = d };
		return 0;
	}
	err = has_room(lp->path.dentry) ? mnt_want_write(lp->path.mnt) : -ENOENT;
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
	int err;

	if (flags & O_CREAT)
		return open_create(dfd, name, flags, mode);
	err = *name ? filename_lookup(dfd, name, flags & O_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &path) : -ENOENT;
	return err ? ERR_PTR(err) : open_existing(&path, flags);
}
