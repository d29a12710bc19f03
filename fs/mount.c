/*
 * mount: the tree of mounts.
 *
 *   mount A (rootfs)               A mount shows a tree (mnt_root, of super block mnt_sb) on top of a name
 *     /                            (mnt_mountpoint) in another mount (mnt_parent).
 *     +- dev  <-- mount B
 *     +- tmp  <-- mount C
 *
 * A mount in the tree holds one reference of itself; cwds, open files and walks hold more. What was unmounted while
 * in use goes with its last reference, and a super block with its last mount.
 *
 * Locks: mount_sem (write) for changes of the tree and mount_list; dcache_lock as well for what the walk reads:
 * the mount hash, mnt_parent, mnt_mountpoint.
 *
 * In Linux: fs/namespace.c. There also: bind mounts, pivot_root, namespaces, propagation.
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
	mnt_cache = kmem_cache_create("mnt_cache", sizeof(struct mount), 0);
}

/* ---- one mount ---- */
struct mount *alloc_mount(struct super_block *sb, const char *devname, unsigned flags)
{
	static atomic_t ids;
	struct mount *m = kmem_cache_alloc(mnt_cache, __GFP_ZERO);
	char *name = kstrdup(devname ? devname : "none", GFP_KERNEL);

	if (!m || !name) {
		if (m)
			kmem_cache_free(mnt_cache, m);
		kfree(name);
		put_super(sb);
		return NULL;
	}
	m->mnt_parent = m;
	m->mnt_root = m->mnt_mountpoint = dget(sb->s_root);
	m->mnt_sb = sb;
	m->mnt_flags = flags & MNT_FLAGS;
	m->mnt_id = atomic_inc_return(&ids);
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

	spin_lock(&dcache_lock);
	*old = (struct path){ .mnt = m->mnt_parent, .dentry = m->mnt_mountpoint };
	hlist_del_init(&m->mnt_hash);
	m->mnt_parent = m;
	m->mnt_mountpoint = m->mnt_root;
	old->dentry->d_flags &= ~DCACHE_MOUNTED;
	list_for_each_entry(other, &mount_list, mnt_list)
		if (other->mnt_parent != other && other->mnt_mountpoint == old->dentry)
			old->dentry->d_flags |= DCACHE_MOUNTED;
	spin_unlock(&dcache_lock);
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

again:
	list_for_each_entry(child, &mount_list, mnt_list)
		if (child != m && child->mnt_parent == m) {
			umount_tree(child);
			goto again;
		}
	detach_mount(m, &old);
	list_del_init(&m->mnt_list);
	path_put(&old);
	mntput(m);
}

static int do_new_mount(const struct path *at, const char *type, unsigned long flags, const char *source, char *data)
{
	struct file_system_type *fs = type ? get_fs_type(type) : NULL;
	int err = 0;

	if (!fs)
		return type ? -ENODEV : -EINVAL;
	struct super_block *sb = get_super(fs, flags, data);
	if (IS_ERR(sb))
		return PTR_ERR(sb);
	struct mount *m = alloc_mount(sb, source, flags);
	if (!m)
		return -ENOMEM;
	if (at->mnt->mnt_sb == sb && at->dentry == at->mnt->mnt_root)
		err = -EBUSY;
	else if (!S_ISDIR(at->dentry->d_inode->i_mode))
		err = -ENOTDIR;
	else if (at->dentry->d_flags & DCACHE_DELETED)
		err = -ENOENT;
	if (err)
		mntput(m);
	else
		attach_mount(m, at);
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
	if (sb->s_op->remount)
		err = sb->s_op->remount(sb, flags, data);
	if (!err)
		sb->s_flags = (sb->s_flags & ~MS_RDONLY) | (flags & MS_RDONLY);
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

/* mount(2) at a path that was found; the caller's right is checked after it, as Linux does. May sleep */
static int do_mount(const char *source, struct path *at, const char *type, unsigned long flags, char *data)
{
	struct path src __cleanup(path_put) = {};
	int err = 0;

	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MSK;
	flags = with_atime(flags, at->mnt);
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!(flags & MS_REMOUNT) && (flags & MS_MOVE))
		err = source && *source ? kern_path(source, LOOKUP_FOLLOW, &src) : -EINVAL;
	if (err)
		return err;
	down_write(&mount_sem);
	if (!(flags & MS_REMOUNT))
		path_to_top(at);		/* "/" has stayed below what is mounted on it */
	if (list_empty(&at->mnt->mnt_list) || (src.mnt && list_empty(&src.mnt->mnt_list)))
		err = -EINVAL;			/* Recheck: it was unmounted meanwhile */
	else if (flags & MS_REMOUNT)
		err = do_remount(at, flags, data);
	else if (flags & (MS_BIND | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE))
		err = -EINVAL;
	else
		err = flags & MS_MOVE ? do_move(&src, at) : do_new_mount(at, type, flags, source, data);
	up_write(&mount_sem);
	return err;
}

/* A string of at most a page; the options are a page, or as much of it as can be read. NULL stays NULL. ERR_PTR */
static char *copy_mount_string(const char __user *s, bool options)
{
	char *buf = s ? getname_buf() : NULL;
	ssize_t len;

	if (!buf)
		return s ? ERR_PTR(-ENOMEM) : NULL;
	if (options) {
		memset(buf, 0, PATH_MAX);
		len = copy_from_user(buf, s, PATH_MAX - 1) == PATH_MAX - 1 ? -EFAULT : 0;
	} else {
		len = strncpy_from_user(buf, s, PATH_MAX);
	}
	if (len >= 0 && len < PATH_MAX)
		return buf;
	putname_buf(buf);
	return ERR_PTR(len < 0 ? len : -EINVAL);
}

static void put_mount_string(char **s)
{
	if (!IS_ERR(*s))
		putname_buf(*s);
}

long sys_mount(char __user *dev_name, char __user *dir_name, char __user *type, unsigned long flags, void __user *data)
{
	char *k_type __cleanup(put_mount_string) = copy_mount_string(type, false);
	char *k_dev __cleanup(put_mount_string) = copy_mount_string(dev_name, false);
	char *k_data __cleanup(put_mount_string) = copy_mount_string(data, true);
	struct path at __cleanup(path_put) = {};

	if (IS_ERR(k_type) || IS_ERR(k_dev) || IS_ERR(k_data))
		return PTR_ERR(IS_ERR(k_type) ? k_type : IS_ERR(k_dev) ? k_dev : k_data);
	long err = user_path_at(AT_FDCWD, dir_name, LOOKUP_FOLLOW, &at);
	return err ?: do_mount(k_dev, &at, k_type, flags, k_data);
}

static int do_umount(struct path *path, int flags)
{
	struct mount *m = path->mnt, *other;

	if (path->dentry != m->mnt_root || m->mnt_parent == m || list_empty(&m->mnt_list))
		return -EINVAL;
	/* The tree's reference, and the one of our path. */
	bool busy = atomic_read(&m->mnt_count) > 2;
	list_for_each_entry(other, &mount_list, mnt_list)
		busy |= other != m && other->mnt_parent == m;
	if (busy && !(flags & MNT_DETACH))
		return -EBUSY;
	umount_tree(m);
	return 0;
}

long sys_umount2(char __user *name, int flags)
{
	struct path path __cleanup(path_put) = {};

	if (flags & ~(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW))
		return -EINVAL;
	int err = user_path_at(AT_FDCWD, name, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	down_write(&mount_sem);
	err = capable(CAP_SYS_ADMIN) ? do_umount(&path, flags) : -EPERM;
	up_write(&mount_sem);
	return err;
}
