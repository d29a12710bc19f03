/*
 * mount: the tree of mounts.
 *
 *   mount A (rootfs)               A mount shows a tree (mnt_root, of super block mnt_sb) on top of a name
 *     /                            (mnt_mountpoint) in another mount (mnt_parent). A bind mount shows a tree,
 *     +- dev  <-- mount B          or a part of one, a second time.
 *     +- tmp  <-- mount C
 *
 * A mount in the tree holds one reference of itself; cwds, open files and walks hold more. What was unmounted while
 * in use goes with its last reference, and a super block with its last mount.
 *
 * Locks: mount_sem (write) for changes of the tree and mount_list; dcache_lock as well for what the walk reads:
 * the mount hash, mnt_parent, mnt_mountpoint.
 *
 * In Linux: fs/namespace.c. There: namespaces, propagation, idmaps.
 */
#include "fs/namei.h"
#include "string.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "uapi/capability.h"
#include "uapi/mount.h"

#define MNT_HASH 64
DECLARE_RWSEM(mount_sem, RANK_MOUNT);
LIST_HEAD(mount_list);
static struct hlist_head mount_hash[MNT_HASH];
static struct kmem_cache *mnt_cache;

void __init mnt_init(void)
{
	mnt_cache = kmem_cache_create("mnt_cache", sizeof(struct mount), 0, 0, NULL);
}

/* ---- one mount ---- */
/* Takes a reference of root, and the caller's user of sb (also when it fails). NULL: no memory */
struct mount *alloc_mount(struct super_block *sb, struct dentry *root, const char *devname, unsigned flags)
{
	static int last_id;
	struct mount *m = kmem_cache_alloc(mnt_cache, __GFP_ZERO);
	char *name = m ? kstrdup(devname ? devname : "none", GFP_KERNEL) : NULL;

	if (!name) {
		if (m)
			kmem_cache_free(mnt_cache, m);
		put_super(sb);
		return NULL;
	}
	m->mnt_parent = m;
	m->mnt_root = m->mnt_mountpoint = dget(root);
	m->mnt_sb = sb;
	m->mnt_flags = flags & MNT_FLAGS;
	m->mnt_id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	m->mnt_devname = name;
	INIT_LIST_HEAD(&m->mnt_list);
	atomic_set(&m->mnt_count, 1);
	return m;
}

void mntput(struct mount *m)
{
	if (!m || !atomic_dec_and_test(&m->mnt_count))
		return;
	/* Last reference: it is out of the tree already. */
	dput(m->mnt_root);
	put_super(m->mnt_sb);
	kfree(m->mnt_devname);
	kmem_cache_free(mnt_cache, m);
}

bool mnt_readonly(const struct mount *m) { return (m->mnt_flags & MS_RDONLY) || (m->mnt_sb->s_flags & MS_RDONLY); }
int mnt_want_write(const struct mount *m) { return mnt_readonly(m) ? -EROFS : 0; }

static struct hlist_head *mnt_bucket(const struct mount *parent, const struct dentry *d)
{
	return &mount_hash[((u64)d >> 6 ^ (u64)parent >> 5) % MNT_HASH];
}

struct mount *__lookup_mnt(const struct path *p)
{
	struct mount *m;

	hlist_for_each_entry(m, mnt_bucket(p->mnt, p->dentry), mnt_hash)
		if (m->mnt_mountpoint == p->dentry && m->mnt_parent == p->mnt)
			return m;
	return NULL;
}

struct mount *lookup_mnt(const struct path *p)
{
	struct mount *m;

	spin_lock(&dcache_lock);
	m = __lookup_mnt(p);
	if (m)
		mntget(m);
	spin_unlock(&dcache_lock);
	return m;
}

/* ---- the tree; all => mount_sem (write) ---- */
/* Puts m, whose reference for the tree the caller has, on top of at. */
static void attach_mount(struct mount *m, const struct path *at)
{
	path_get(at);
	spin_lock(&dcache_lock);
	m->mnt_parent = at->mnt;
	m->mnt_mountpoint = at->dentry;
	at->dentry->d_flags |= DCACHE_MOUNTED;
	hlist_add_head(&m->mnt_hash, mnt_bucket(at->mnt, at->dentry));
	spin_unlock(&dcache_lock);
	if (list_empty(&m->mnt_list))
		list_add_tail(&m->mnt_list, &mount_list);
}

/* Takes m off its mount point; *old is that, referenced. */
static void detach_mount(struct mount *m, struct path *old)
{
	struct mount *other;
	bool more = false;

	spin_lock(&dcache_lock);
	*old = (struct path){ .mnt = m->mnt_parent, .dentry = m->mnt_mountpoint };
	hlist_del_init(&m->mnt_hash);
	m->mnt_parent = m;
	m->mnt_mountpoint = m->mnt_root;
	list_for_each_entry(other, &mount_list, mnt_list)
		more |= other->mnt_parent != other && other->mnt_mountpoint == old->dentry;
	if (!more)
		old->dentry->d_flags &= ~DCACHE_MOUNTED;
	spin_unlock(&dcache_lock);
}

static int graft(struct mount *m, const struct path *at)
{
	if (S_ISDIR(m->mnt_root->d_inode->i_mode) != S_ISDIR(at->dentry->d_inode->i_mode))
		return -ENOTDIR;
	if (at->dentry->d_flags & DCACHE_DELETED)
		return -ENOENT;
	attach_mount(m, at);
	return 0;
}

static bool is_below(const struct mount *m, const struct mount *top)
{
	while (m != top && m->mnt_parent != m)
		m = m->mnt_parent;
	return m == top;
}

/* m and all below it, leaves first. */
static void umount_tree(struct mount *m)
{
	struct mount *child;
	struct path old;

	for (;;) {
		bool found = false;

		list_for_each_entry_reverse(child, &mount_list, mnt_list)
			if (child != m && child->mnt_parent == m) {
				found = true;
				break;
			}
		if (!found)
			break;
		umount_tree(child);
	}
	detach_mount(m, &old);
	list_del_init(&m->mnt_list);
	path_put(&old);
	mntput(m);
}

static int do_new_mount(const struct path *at, const char *type, unsigned long flags, const char *source, char *data)
{
	struct file_system_type *fs = type ? get_fs_type(type) : NULL;
	struct super_block *sb;
	struct mount *m;
	int err;

	if (!fs)
		return type ? -ENODEV : -EINVAL;
	sb = get_super(fs, source, flags, data);
	if (IS_ERR(sb))
		return PTR_ERR(sb);
	m = alloc_mount(sb, sb->s_root, source, flags);
	if (!m)
		return -ENOMEM;
	err = at->mnt->mnt_sb == sb && at->dentry == at->mnt->mnt_root ? -EBUSY : graft(m, at);
	if (err)
		mntput(m);
	return err;
}

/* Copies the mounts on from to the same places of to, but for top, which is the new tree. */
static int copy_tree(struct mount *from, struct mount *to, struct mount *top)
{
	struct mount *child, *copy;
	int err = 0;

	list_for_each_entry(child, &mount_list, mnt_list) {
		struct path at = { .mnt = to, .dentry = child->mnt_mountpoint };

		if (child == top || child == from || child->mnt_parent != from)
			continue;
		atomic_inc(&child->mnt_sb->s_active);
		copy = alloc_mount(child->mnt_sb, child->mnt_root, child->mnt_devname, child->mnt_flags);
		if (!copy)
			return -ENOMEM;
		attach_mount(copy, &at);
		err = copy_tree(child, copy, top);
		if (err)
			break;
	}
	return err;
}

/* A second mount of what src shows; with MS_REC, of the mounts below as well. */
static int do_bind(const struct path *src, const struct path *at, unsigned long flags)
{
	struct mount *m;
	int err;

	atomic_inc(&src->mnt->mnt_sb->s_active);
	m = alloc_mount(src->mnt->mnt_sb, src->dentry, src->mnt->mnt_devname, src->mnt->mnt_flags);
	if (!m)
		return -ENOMEM;
	err = graft(m, at);
	if (err) {
		mntput(m);
		return err;
	}
	err = flags & MS_REC ? copy_tree(src->mnt, m, m) : 0;
	if (err)
		umount_tree(m);
	return err;
}

static int do_move(const struct path *from, const struct path *to)
{
	struct path old;

	if (from->dentry != from->mnt->mnt_root || from->mnt->mnt_parent == from->mnt)
		return -EINVAL;
	if (S_ISDIR(from->dentry->d_inode->i_mode) != S_ISDIR(to->dentry->d_inode->i_mode))
		return -EINVAL;
	if (is_below(to->mnt, from->mnt))
		return -ELOOP;
	detach_mount(from->mnt, &old);
	attach_mount(from->mnt, to);
	path_put(&old);
	return 0;
}

static int do_remount(const struct path *at, unsigned long flags, char *data)
{
	struct super_block *sb = at->mnt->mnt_sb;
	int err = 0;

	if (at->dentry != at->mnt->mnt_root)
		return -EINVAL;
	if (!(flags & MS_BIND)) {
		err = sb->s_op && sb->s_op->remount ? sb->s_op->remount(sb, flags, data) : 0;
		if (!err)
			sb->s_flags = (sb->s_flags & ~MS_RDONLY) | (flags & MS_RDONLY);
	}
	if (!err)
		at->mnt->mnt_flags = flags & MNT_FLAGS;
	return err;
}

/* Without a word about access times they are relative; a remount keeps what is. */
static unsigned long with_atime(unsigned long flags, const struct mount *m)
{
	if ((flags & MS_REMOUNT) && !(flags & (ATIME_FLAGS | MS_STRICTATIME)))
		return flags | (m->mnt_flags & ATIME_FLAGS);
	if (flags & MS_STRICTATIME)
		return flags & ~(MS_NOATIME | MS_RELATIME);
	return flags & MS_NOATIME ? flags : flags | MS_RELATIME;
}

/* mount(2)'s work on kernel strings; the caller's right is checked after the path, as Linux does. May sleep */
int do_mount(const char *source, const char *target, const char *type, unsigned long flags, char *data)
{
	struct path at, src = { NULL, NULL };
	int err = kern_path(target, LOOKUP_FOLLOW, &at);

	if (err)
		return err;
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MSK;
	flags = with_atime(flags, at.mnt);
	if (!capable(CAP_SYS_ADMIN))
		err = -EPERM;
	else if (!(flags & MS_REMOUNT) && (flags & (MS_BIND | MS_MOVE)))
		err = source && *source ? kern_path(source, LOOKUP_FOLLOW, &src) : -EINVAL;
	if (!err) {
		down_write(&mount_sem);
		if (!(flags & MS_REMOUNT))
			path_to_top(&at);	/* "/" has stayed below what is mounted on it */
		if (list_empty(&at.mnt->mnt_list) || (src.mnt && list_empty(&src.mnt->mnt_list)))
			err = -EINVAL;		/* Recheck: it was unmounted meanwhile */
		else if (flags & MS_REMOUNT)
			err = do_remount(&at, flags, data);
		else if (flags & MS_BIND)
			err = do_bind(&src, &at, flags);
		else if (flags & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE))
			err = at.dentry == at.mnt->mnt_root ? 0 : -EINVAL;	/* all mounts are private */
		else if (flags & MS_MOVE)
			err = do_move(&src, &at);
		else
			err = do_new_mount(&at, type, flags, source, data);
		up_write(&mount_sem);
	}
	if (src.mnt)
		path_put(&src);
	path_put(&at);
	return err;
}

/* A string of at most a page; NULL stays NULL. ERR_PTR: EFAULT, EINVAL, ENOMEM */
static char *copy_mount_string(const char __user *s)
{
	char *buf;
	ssize_t len;

	if (!s)
		return NULL;
	buf = getname_buf();
	if (!buf)
		return ERR_PTR(-ENOMEM);
	len = strncpy_from_user(buf, s, PATH_MAX);
	if (len >= 0 && len < PATH_MAX)
		return buf;
	putname_buf(buf);
	return ERR_PTR(len < 0 ? len : -EINVAL);
}

/* The options: a page, or as much of it as can be read. */
static char *copy_mount_options(const void __user *data)
{
	char *buf;
	size_t left;

	if (!data)
		return NULL;
	buf = getname_buf();
	if (!buf)
		return ERR_PTR(-ENOMEM);
	memset(buf, 0, PATH_MAX);
	left = copy_from_user(buf, data, PATH_MAX - 1);
	if (left < PATH_MAX - 1)
		return buf;
	putname_buf(buf);
	return ERR_PTR(-EFAULT);
}

long sys_mount(char __user *dev_name, char __user *dir_name, char __user *type, unsigned long flags, void __user *data)
{
	char *k_type = copy_mount_string(type), *k_dev, *k_data;
	struct filename dir;
	long err;

	if (IS_ERR(k_type))
		return PTR_ERR(k_type);
	k_dev = copy_mount_string(dev_name);
	err = PTR_ERR(k_dev);
	if (IS_ERR(k_dev))
		goto free_type;
	k_data = copy_mount_options(data);
	err = PTR_ERR(k_data);
	if (IS_ERR(k_data))
		goto free_dev;
	err = init_name(&dir, dir_name, 0);
	if (!err) {
		err = do_mount(k_dev, dir.name, k_type, flags, k_data);
		drop_name(&dir);
	}
	putname_buf(k_data);
free_dev:
	putname_buf(k_dev);
free_type:
	putname_buf(k_type);
	return err;
}

static int do_umount(struct path *path, int flags)
{
	struct mount *m = path->mnt, *other;
	bool busy;

	if (path->dentry != m->mnt_root || m->mnt_parent == m || list_empty(&m->mnt_list))
		return -EINVAL;
	if (flags & MNT_EXPIRE)
		return flags & (MNT_FORCE | MNT_DETACH) ? -EINVAL : -EAGAIN;
	/* The tree's reference, and the one of our path. */
	busy = atomic_read(&m->mnt_count) > 2;
	list_for_each_entry(other, &mount_list, mnt_list)
		busy |= other != m && other->mnt_parent == m;
	if (busy && !(flags & MNT_DETACH))
		return -EBUSY;
	umount_tree(m);
	return 0;
}

long sys_umount2(char __user *name, int flags)
{
	struct path path;
	int err;

	if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	err = user_path_at(AT_FDCWD, name, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	down_write(&mount_sem);
	err = capable(CAP_SYS_ADMIN) ? do_umount(&path, flags) : -EPERM;
	up_write(&mount_sem);
	path_put(&path);
	return err;
}

/* ---- roots ---- */
void set_fs_path(struct fs_struct *fs, struct path *which, const struct path *to)
{
	struct path old;

	path_get(to);
	spin_lock(&fs->lock);
	spin_lock(&dcache_lock);
	old = *which;
	*which = *to;
	spin_unlock(&dcache_lock);
	spin_unlock(&fs->lock);
	if (old.mnt)
		path_put(&old);
}

/* Who had the old root as root or cwd gets the new one. Each task in turn: the puts may sleep. */
static void chroot_fs_refs(const struct path *old, const struct path *new)
{
	struct task_struct *p;
	unsigned moved = 0;

	spin_lock_irq(&tasklist_lock);
	for_each_process(p) {
		struct fs_struct *fs = p->fs;
		struct path *which[2];

		for (int i = 0; fs && i < 2; i++) {
			which[i] = i ? &fs->pwd : &fs->root;
			if (which[i]->mnt != old->mnt || which[i]->dentry != old->dentry)
				continue;
			path_get(new);
			spin_lock(&dcache_lock);
			*which[i] = *new;
			spin_unlock(&dcache_lock);
			moved++;
		}
	}
	spin_unlock_irq(&tasklist_lock);
	while (moved--)
		path_put(old);
}

static int do_pivot(struct path *new, struct path *put_old)
{
	struct path root, at, old;
	int err = -EINVAL;

	get_fs_root(current->fs, &root);
	down_write(&mount_sem);
	if (new->dentry->d_flags & DCACHE_DELETED)
		err = -ENOENT;
	else if (new->mnt == root.mnt || put_old->mnt == root.mnt)
		err = -EBUSY;
	else if (root.dentry == root.mnt->mnt_root && root.mnt->mnt_parent != root.mnt &&
		 new->dentry == new->mnt->mnt_root && new->mnt->mnt_parent != new->mnt && is_below(put_old->mnt, new->mnt))
		err = 0;
	if (!err) {
		detach_mount(new->mnt, &old);
		path_put(&old);
		detach_mount(root.mnt, &at);
		attach_mount(root.mnt, put_old);
		attach_mount(new->mnt, &at);
		path_put(&at);
		chroot_fs_refs(&root, new);
	}
	up_write(&mount_sem);
	path_put(&root);
	return err;
}

long sys_pivot_root(const char __user *new_root, const char __user *put_old)
{
	struct path new, old;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = user_path_at(AT_FDCWD, new_root, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &new);
	if (err)
		return err;
	err = user_path_at(AT_FDCWD, put_old, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &old);
	if (!err) {
		err = do_pivot(&new, &old);
		path_put(&old);
	}
	path_put(&new);
	return err;
}
