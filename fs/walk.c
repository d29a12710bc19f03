/*
 * walk: from a name to a dentry, component by component.
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
#include "kernel/process.h"

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

void shift_down(struct nameidata *nd)
{
	if (!nd->fast)
		return;
	path_get(&nd->path);
	nd->fast = false;
	spin_unlock(&dcache_lock);
}

void walk_drop(struct nameidata *nd)
{
	if (nd->fast)
		spin_unlock(&dcache_lock);
	else
		path_put(&nd->path);
	putname_buf(nd->buf);
	*nd = (struct nameidata){};
}

int walk_end(struct nameidata *nd, int err)
{
	if (err)
		walk_drop(nd);
	else
		shift_down(nd);
	return err;
}

static int may_search(struct nameidata *nd)
{
	struct inode *inode = nd->path.dentry->d_inode;

	if (unlikely(!S_ISDIR(inode->i_mode)))
		return -ENOTDIR;
	if (unlikely(inode->i_op->permission))
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

	walk_lock(nd);
	struct path p = nd->path;
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
	if (dir->d_flags & DCACHE_DELETED)
		return NULL;
	struct dentry *d = d_alloc(dir, name);
	if (!d)
		return ERR_PTR(-ENOMEM);
	int err = dir->d_inode->i_op->lookup(dir->d_inode, d);
	if (!err && d->d_inode)
		return d;
	dput(d);
	return err == -ENOENT ? NULL : ERR_PTR(err);
}

struct dentry *lookup_one(struct dentry *dir, const struct qstr *name)
{
	if (name->len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	struct dentry *d = d_lookup(dir, name);
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
	walk_lock(nd);
	struct path root = current->fs->root;
	walk_to(nd, &root);
}

/* Replaces the link d (referenced; slow gear) and the rest of the path by target and rest in a new buffer. The new
 * rest, "" after a magic link that ended the path; ERR_PTR. */
const char *follow_symlink(struct nameidata *nd, struct dentry *d, const char *rest, bool slash)
{
	struct inode *inode = d->d_inode;
	struct path to;
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
	char *buf = getname_buf();
	if (!buf)
		return ERR_PTR(-ENOMEM);
	const char *target = inode->i_op->get_link(d, inode, buf);
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
	struct path next = (struct path){ .mnt = nd->path.mnt, .dentry = d };
	walk_lock(nd);
	follow_mounts(&next);
	walk_to(nd, &next);
	dput(d);
	return rest;
}

int walk(struct nameidata *nd, const char *name)
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
int walk_begin(struct nameidata *nd, int dfd, const char *name)
{
	struct fd f = { NULL, false };
	struct path start;
	int err = 0;

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
		nd->fast = true;
		nd->path = f.file ? start : *name == '/' ? current->fs->root : current->fs->pwd;
		if (f.need_put)
			shift_down(nd);
	}
	fdput(&f);
	return err;
}
