/*
 * tmpfs: a file system in memory, with next to no code: the dentries are the directories (each name pinned by
 * d_pin), the page cache is the contents, and the inode holds the rest.
 *
 * The same code is rootfs (what the initramfs is unpacked into), devtmpfs (one instance, where register_chrdev puts
 * device nodes). sysfs is beside it: kernel/tracing, where tracefs belongs, the processors, and nothing else.
 *
 * Locks: the VFS holds the directory's i_rwsem (write) around every operation here.
 * In Linux: mm/shmem.c, fs/libfs.c, drivers/base/devtmpfs.c.
 */
#include "fs/namei.h"
#include "fs/tree.h"
#include "string.h"
#include "kernel/process.h"
#include "uapi/mount.h"

#define ENTRY_SIZE 20			/* what a name adds to its directory's size, as on Linux */
struct tmpfs_info {
	struct page_limit pages;
	atomic_long_t inodes;
	u64 max_inodes;			/* 0: any number */
	umode_t mode;
	uid_t uid;
	gid_t gid;
};
static const struct inode_operations tmpfs_dir_inode_operations, tmpfs_link_operations;
static const struct file_operations tmpfs_file_operations;
static const struct address_space_operations tmpfs_aops = { .shmem = true };

/* ---- inodes ---- */
static struct inode *tmpfs_inode(struct super_block *sb, const struct inode *dir, umode_t mode, dev_t dev)
{
	struct tmpfs_info *info = sb->s_fs_info;

	if (info->max_inodes && atomic_long_read(&info->inodes) >= info->max_inodes)
		return ERR_PTR(-ENOSPC);
	struct inode *i = new_inode(sb);
	if (!i)
		return ERR_PTR(-ENOMEM);
	atomic_long_inc(&info->inodes);
	inode_init_owner(i, dir, mode);
	i->i_mapping->a_ops = &tmpfs_aops;
	i->i_mapping->limit = &info->pages;
	if (S_ISREG(mode)) {
		i->i_fop = &tmpfs_file_operations;
	} else if (S_ISDIR(mode)) {
		i->i_op = &tmpfs_dir_inode_operations;
		i->i_fop = &simple_dir_operations;
		i->i_nlink = 2;
		i->i_size = 2 * ENTRY_SIZE;
	} else if (S_ISLNK(mode)) {
		i->i_op = &tmpfs_link_operations;
	} else {
		init_special_inode(i, i->i_mode, dev);
	}
	return i;
}

static void tmpfs_evict(struct inode *i)
{
	struct tmpfs_info *info = i->i_sb->s_fs_info;

	kfree(i->i_link);
	atomic_long_add(-1, &info->inodes);
}

/* ---- names ---- */
/* A name came (+1) or went (-1), of a subdirectory perhaps. */
static void dir_changed(struct inode *dir, int names, int subdirs)
{
	i_size_write(dir, dir->i_size + names * ENTRY_SIZE);
	dir->i_nlink += subdirs;
	inode_update_time(dir, true);
}

static void add_name(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
	d_pin(dentry);
	d_add(dentry, inode);
	dir_changed(dir, 1, S_ISDIR(inode->i_mode));
}

static int tmpfs_mknod(struct inode *dir, struct dentry *dentry, umode_t mode, dev_t dev)
{
	struct inode *i = tmpfs_inode(dir->i_sb, dir, mode, dev);

	if (IS_ERR(i))
		return PTR_ERR(i);
	add_name(dir, dentry, i);
	return 0;
}

static int tmpfs_create(struct inode *dir, struct dentry *dentry, umode_t mode) { return tmpfs_mknod(dir, dentry, mode, 0); }

static int tmpfs_symlink(struct inode *dir, struct dentry *dentry, const char *target)
{
	struct inode *i = tmpfs_inode(dir->i_sb, dir, S_IFLNK | S_IRWXUGO, 0);

	if (IS_ERR(i))
		return PTR_ERR(i);
	i->i_link = kstrdup(target, GFP_KERNEL);
	if (!i->i_link) {
		iput(i);
		return -ENOMEM;
	}
	i->i_size = strlen(target);
	add_name(dir, dentry, i);
	return 0;
}

static const char *tmpfs_get_link(struct dentry *dentry, struct inode *inode, char *buf) { return inode->i_link; }

static int tmpfs_link(struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	struct inode *i = igrab(old->d_inode);

	i->i_nlink++;
	inode_update_time(i, false);
	add_name(dir, dentry, i);
	return 0;
}

static int tmpfs_unlink(struct inode *dir, struct dentry *dentry)
{
	struct inode *i = dentry->d_inode;

	i->i_nlink -= S_ISDIR(i->i_mode) ? 2 : 1;
	dir_changed(dir, -1, S_ISDIR(i->i_mode) ? -1 : 0);
	i->i_ctime = dir->i_ctime;
	return 0;
}

static int tmpfs_rmdir(struct inode *dir, struct dentry *dentry)
{
	return simple_empty(dentry) ? tmpfs_unlink(dir, dentry) : -ENOTEMPTY;
}

static int tmpfs_rename(struct inode *odir, struct dentry *old, struct inode *ndir, struct dentry *new)
{
	int subdirs = S_ISDIR(old->d_inode->i_mode);

	if (new->d_inode) {
		if (S_ISDIR(new->d_inode->i_mode) && !simple_empty(new))
			return -ENOTEMPTY;
		tmpfs_unlink(ndir, new);
	}
	dir_changed(odir, -1, -subdirs);
	dir_changed(ndir, 1, subdirs);
	inode_update_time(old->d_inode, false);
	return 0;
}

static const struct inode_operations tmpfs_dir_inode_operations = {
	.create = tmpfs_create, .mkdir = tmpfs_create, .mknod = tmpfs_mknod, .symlink = tmpfs_symlink, .link = tmpfs_link,
	.unlink = tmpfs_unlink, .rmdir = tmpfs_rmdir, .rename = tmpfs_rename,
};
static const struct inode_operations tmpfs_link_operations = { .get_link = tmpfs_get_link };

/* ---- contents ---- */
static const struct file_operations tmpfs_file_operations = {
	.read = generic_file_read, .write = generic_file_write, .mmap = generic_file_mmap, .fsync = nothing_to_sync,
};

/* ---- super blocks ---- */
/* "size=64M,nr_inodes=10k,mode=1777,uid=0,gid=0"; size also in percent of RAM. 0, -EINVAL */
static int parse_options(struct tmpfs_info *info, char *s)
{
	char *next, *value, *end;

	for (; s && *s; s = next) {
		next = strchr(s, ',');
		if (next)
			*next++ = '\0';
		value = strchr(s, '=');
		if (!*s)
			continue;
		if (!value)
			return -EINVAL;
		*value++ = '\0';
		u64 n = strcmp(s, "mode") ? memparse(value, &end) : strtoull(value, &end, 8);

		if (!strcmp(s, "size")) {
			info->pages.max = *end == '%' ? totalram_pages * n / 100 : DIV_ROUND_UP(n, PAGE_SIZE);
			end += *end == '%';
		} else if (!strcmp(s, "nr_inodes")) {
			info->max_inodes = n;
		} else if (!strcmp(s, "mode")) {
			info->mode = n & S_IALLUGO;
		} else if (!strcmp(s, "uid")) {
			info->uid = n;
		} else if (!strcmp(s, "gid")) {
			info->gid = n;
		} else {
			return -EINVAL;
		}
		if (*end || end == value)
			return -EINVAL;
	}
	return 0;
}

static void tmpfs_statfs(struct super_block *sb, struct statfs *st)
{
	struct tmpfs_info *info = sb->s_fs_info;

	if (info->pages.max) {
		st->f_blocks = info->pages.max;
		st->f_bfree = st->f_bavail = info->pages.max - min_t(u64, atomic_long_read(&info->pages.used), info->pages.max);
	}
	if (info->max_inodes) {
		st->f_files = info->max_inodes;
		st->f_ffree = info->max_inodes - atomic_long_read(&info->inodes);
	}
}

static int tmpfs_remount(struct super_block *sb, unsigned flags, char *data)
{
	struct tmpfs_info *info = sb->s_fs_info, new = *info;
	int err = parse_options(&new, data);

	if (err)
		return err;
	if ((new.pages.max && atomic_long_read(&info->pages.used) > new.pages.max) ||
	    (new.max_inodes && atomic_long_read(&info->inodes) > new.max_inodes))
		return -EINVAL;
	info->pages.max = new.pages.max;
	info->max_inodes = new.max_inodes;
	return 0;
}

static void tmpfs_show_options(struct super_block *sb, struct seq_file *m)
{
	const struct tmpfs_info *info = sb->s_fs_info;

	if (sb->s_type->single || !strcmp(sb->s_type->name, "rootfs"))
		return;
	if (info->pages.max != totalram_pages / 2)
		seq_printf(m, ",size=%luk", info->pages.max * (PAGE_SIZE / 1024));
	if (info->max_inodes != totalram_pages / 2)
		seq_printf(m, ",nr_inodes=%lu", info->max_inodes);
	if (info->mode != 01777)
		seq_printf(m, ",mode=%03o", info->mode);
	if (info->uid)
		seq_printf(m, ",uid=%u", info->uid);
	if (info->gid)
		seq_printf(m, ",gid=%u", info->gid);
}

static void tmpfs_put_super(struct super_block *sb) { kfree(sb->s_fs_info); }

static const struct super_operations tmpfs_super_operations = {
	.evict_inode = tmpfs_evict, .statfs = tmpfs_statfs, .put_super = tmpfs_put_super, .remount = tmpfs_remount,
	.show_options = tmpfs_show_options,
};

static int fill_super(struct super_block *sb, char *data, umode_t mode)
{
	struct tmpfs_info *info = kzalloc(sizeof(*info), GFP_KERNEL);

	if (!info)
		return -ENOMEM;
	*info = (struct tmpfs_info){ .pages.max = totalram_pages / 2, .max_inodes = totalram_pages / 2, .mode = mode,
		.uid = current_cred()->fsuid, .gid = current_cred()->fsgid };
	sb->s_fs_info = info;
	sb->s_magic = TMPFS_MAGIC;
	sb->s_op = &tmpfs_super_operations;
	int err = parse_options(info, data);
	struct inode *root = err ? ERR_PTR(err) : tmpfs_inode(sb, NULL, S_IFDIR | info->mode, 0);
	if (IS_ERR(root))
		return PTR_ERR(root);
	root->i_uid = info->uid;
	root->i_gid = info->gid;
	sb->s_root = d_make_root(root);
	return sb->s_root ? 0 : -ENOMEM;
}

static int tmpfs_fill_super(struct super_block *sb, char *data) { return fill_super(sb, data, 01777); }
static int rootfs_fill_super(struct super_block *sb, char *data) { return fill_super(sb, data, 0755); }

/* ---- sysfs: a tree of directories that nothing changes ---- */
static int sysfs_fill_super(struct super_block *sb, char *data)
{
	static const struct tree_file root = { .mode = S_IFDIR | 0555, .fops = &simple_dir_operations }, dir = { .mode = S_IFDIR | 0755 };
	char cpu[32];
	int err = tree_root(sb, SYSFS_MAGIC, &root, NULL) ?: tree_add(sb->s_root, "devices", &dir) ?:
		  tree_add(sb->s_root, "kernel", &dir) ?: tree_add(sb->s_root, "kernel/tracing", &dir);

	for (unsigned i = 0; !err && i < nr_cpus; i++) {	/* what nproc --all counts */
		snprintf(cpu, sizeof(cpu), "devices/system/cpu/cpu%u", i);
		err = tree_add(sb->s_root, cpu, &dir);
	}
	return err;
}

static struct file_system_type types[] = {
	{ .name = "sysfs", .fill_super = sysfs_fill_super, .one_instance = true },
	{ .name = "tmpfs", .fill_super = tmpfs_fill_super },
	{ .name = "devtmpfs", .fill_super = rootfs_fill_super, .one_instance = true },
	{ .name = "rootfs", .fill_super = rootfs_fill_super },
};

void __init tmpfs_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++)
		register_filesystem(&types[i]);
}

int devtmpfs_create(const char *name, umode_t mode, dev_t dev)
{
	struct dentry *root = types[2].single->s_root, *d;
	struct qstr q = { .name = name, .len = strlen(name), .hash = full_name_hash(root, name, strlen(name)) };

	down_write(&root->d_inode->i_rwsem);
	d = d_alloc(root, &q);
	int err = d ? tmpfs_mknod(root->d_inode, d, mode, dev) : -ENOMEM;
	up_write(&root->d_inode->i_rwsem);
	dput(d);
	return err;
}
