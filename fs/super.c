/*
 * super: file system types, super blocks, and the tree of mounts.
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
 * In Linux: fs/super.c, fs/namespace.c. There: namespaces, propagation, idmaps.
 */
#include "fs/namei.h"
#include "string.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "uapi/capability.h"
#include "uapi/mount.h"

#define MNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME)
#define MNT_HASH 64
DECLARE_RWSEM(mount_sem, RANK_MOUNT);
LIST_HEAD(mount_list);
LIST_HEAD(file_systems);
struct path root_path;
struct super_block *anon_sb;
static struct mount *anon_mnt;
static struct hlist_head mount_hash[MNT_HASH];
static struct kmem_cache *mnt_cache;

/* ---- file systems and super blocks ---- */
int register_filesystem(struct file_system_type *fs)
{
	list_add_tail(&fs->list, &file_systems);
	return 0;
}

static struct file_system_type *get_fs_type(const char *name)
{
	struct file_system_type *t;

	list_for_each_entry(t, &file_systems, list)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

/* A super block with one more user; ERR_PTR */
static struct super_block *get_super(struct file_system_type *type, const char *source, unsigned long flags, char *data)
{
	static atomic_t minor;
	struct super_block *sb = type->single;
	int err;

	if (sb) {
		atomic_inc(&sb->s_active);
		return sb;
	}
	sb = kzalloc(sizeof(*sb), GFP_KERNEL);
	if (!sb)
		return ERR_PTR(-ENOMEM);
	atomic_set(&sb->s_active, 1);
	sb->s_type = type;
	sb->s_dev = MKDEV(0, atomic_inc_return(&minor));
	sb->s_blocksize = PAGE_SIZE;
	sb->s_flags = flags & MS_RDONLY;
	strscpy(sb->s_id, type->name, sizeof(sb->s_id));
	err = type->fill_super(sb, source, data);
	if (err) {
		kfree(sb);
		return ERR_PTR(err);
	}
	if (type->one_instance) {
		atomic_inc(&sb->s_active);	/* for ever */
		type->single = sb;
	}
	return sb;
}

static void put_super(struct super_block *sb)
{
	if (!atomic_dec_and_test(&sb->s_active))
		return;
	d_shrink_tree(sb->s_root);
	dput(sb->s_root);
	if (sb->s_op && sb->s_op->put_super)
		sb->s_op->put_super(sb);
	kfree(sb);
}

/* ---- one mount ---- */
/* Takes a reference of root, and the caller's user of sb (also when it fails). NULL: no memory */
static struct mount *alloc_mount(struct super_block *sb, struct dentry *root, const char *devname, unsigned flags)
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

/* mount(2)'s work on kernel strings; the caller's right is checked after the path, as Linux does. May sleep */
int do_mount(const char *source, const char *target, const char *type, unsigned long flags, char *data)
{
	struct path at, src = { NULL, NULL };
	int err = kern_path(target, LOOKUP_FOLLOW, &at);

	if (err)
		return err;
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MSK;
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

int vfs_statfs(const struct path *path, struct statfs *st)
{
	struct super_block *sb = path->dentry->d_sb;
	int err = 0;

	*st = (struct statfs){ .f_type = sb->s_magic, .f_bsize = sb->s_blocksize, .f_frsize = sb->s_blocksize,
		.f_namelen = NAME_MAX, .f_fsid = { new_encode_dev(sb->s_dev) } };
	if (sb->s_op && sb->s_op->statfs)
		err = sb->s_op->statfs(sb, st);
	st->f_flags = 0x20 | (path->mnt ? path->mnt->mnt_flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC) : 0);	/* ST_VALID */
	return err;
}

/* ---- the beginning ---- */
static int anon_fill_super(struct super_block *sb, const char *source, char *data)
{
	struct inode *i = new_inode(sb);

	sb->s_magic = PIPEFS_MAGIC;
	if (i)
		i->i_mode = S_IFDIR | 0600;
	sb->s_root = d_make_root(i);
	return sb->s_root ? 0 : -ENOMEM;
}
static struct file_system_type anon_fs = { .name = "pipefs", .flags = FS_NODEV, .fill_super = anon_fill_super };

/* A file that has no name: own dentry in a mount that nobody sees. Takes the inode's reference when it succeeds. */
struct file *alloc_file_pseudo(struct inode *inode, const char *name, unsigned f_flags, const struct file_operations *fop)
{
	struct path path = { .mnt = anon_mnt, .dentry = d_alloc(NULL, &(struct qstr){ .name = name, .len = strlen(name) }) };
	struct file *f;

	if (!path.dentry)
		return ERR_PTR(-ENOMEM);
	path.dentry->d_sb = anon_sb;
	path.dentry->d_inode = inode;
	f = alloc_file(&path, f_flags, fop ? fop : inode->i_fop);
	if (!IS_ERR(f)) {
		mntget(anon_mnt);
		return f;
	}
	path.dentry->d_inode = NULL;
	dput(path.dentry);
	return f;
}

static struct mount *__init kern_mount(struct file_system_type *type, const char *devname)
{
	struct super_block *sb = get_super(type, devname, 0, NULL);
	struct mount *m = IS_ERR(sb) ? NULL : alloc_mount(sb, sb->s_root, devname, 0);

	if (!m)
		panic("cannot mount %s: no memory", type->name);
	return m;
}

void __init vfs_init(void)
{
	dcache_init();
	inode_init();
	namei_init();
	file_init();
	mnt_cache = kmem_cache_create("mnt_cache", sizeof(struct mount), 0, 0, NULL);
	anon_mnt = kern_mount(&anon_fs, "pipefs");
	anon_sb = anon_mnt->mnt_sb;
	tmpfs_init();
	root_path.mnt = kern_mount(get_fs_type("rootfs"), "rootfs");
	root_path.dentry = root_path.mnt->mnt_root;
	list_add(&root_path.mnt->mnt_list, &mount_list);
	kern_mount(get_fs_type("devtmpfs"), "devtmpfs");
	set_fs_path(&init_fs, &init_fs.root, &root_path);
	set_fs_path(&init_fs, &init_fs.pwd, &root_path);
	current->fs = &init_fs;
	current->files = &init_files;
	/* What Linux's built-in archive holds. */
	if (do_mkdirat(AT_FDCWD, "/dev", 0755) || do_mkdirat(AT_FDCWD, "/root", 0700) ||
	    do_mknodat(AT_FDCWD, "/dev/console", S_IFCHR | 0600, MKDEV(5, 1)))
		panic("cannot make /dev/console");
}
