/*
 * super: file system types and their super blocks; the start of the file systems; files that have no name.
 *
 * A super block is one file system in use. It lives as long as mounts show it (s_active).
 *
 * In Linux: fs/super.c, fs/statfs.c, fs/libfs.c.
 */
#include "fs/namei.h"
#include "fs/tree.h"
#include "string.h"
#include "kernel/process.h"
#include "uapi/mount.h"

LIST_HEAD(file_systems);
struct path root_path;
struct super_block *anon_sb;
static const struct super_operations no_operations;
static struct mount *anon_mnt;
#define ST_VALID 0x20			/* statfs's f_flags; the others are MS_'s */
#define ST_RELATIME 0x1000

/* ---- file systems and super blocks ---- */
void register_filesystem(struct file_system_type *fs) { list_add_tail(&fs->list, &file_systems); }

struct file_system_type *get_fs_type(const char *name)
{
	struct file_system_type *t;

	list_for_each_entry(t, &file_systems, list)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

/* A super block with one more user; ERR_PTR */
struct super_block *get_super(struct file_system_type *type, unsigned long flags, char *data)
{
	static atomic_t minor;
	struct super_block *sb = type->single;

	if (sb) {
		atomic_inc(&sb->s_active);
		return sb;
	}
	sb = kzalloc(sizeof(*sb), GFP_KERNEL);
	if (!sb)
		return ERR_PTR(-ENOMEM);
	atomic_set(&sb->s_active, 1);
	sb->s_type = type;
	sb->s_op = &no_operations;
	sb->s_dev = MKDEV(0, atomic_inc_return(&minor));
	sb->s_blocksize = PAGE_SIZE;
	sb->s_flags = flags & MS_RDONLY;
	int err = type->fill_super(sb, data);
	if (err) {
		put_super(sb);
		return ERR_PTR(err);
	}
	if (type->one_instance) {
		atomic_inc(&sb->s_active);	/* for ever */
		type->single = sb;
	}
	return sb;
}

void put_super(struct super_block *sb)
{
	if (!atomic_dec_and_test(&sb->s_active))
		return;
	if (sb->s_root)
		d_shrink_tree(sb->s_root);
	dput(sb->s_root);
	if (sb->s_op->put_super)
		sb->s_op->put_super(sb);
	kfree(sb);
}

void vfs_statfs(const struct path *path, struct statfs *st)
{
	struct super_block *sb = path->dentry->d_sb;

	*st = (struct statfs){ .f_type = sb->s_magic, .f_bsize = sb->s_blocksize, .f_frsize = sb->s_blocksize,
		.f_namelen = NAME_MAX, .f_fsid = { new_encode_dev(sb->s_dev) } };
	if (sb->s_op->statfs)
		sb->s_op->statfs(sb, st);
	st->f_flags = ST_VALID | (path->mnt->mnt_flags & (MNT_FLAGS & ~MS_RELATIME)) |
		(path->mnt->mnt_flags & MS_RELATIME ? ST_RELATIME : 0);
}

/* ---- the beginning ---- */
static int anon_fill_super(struct super_block *sb, char *data)
{
	return tree_root(sb, PIPEFS_MAGIC, &(struct tree_file){ .mode = S_IFDIR | 0600 }, NULL);
}
static struct file_system_type anon_fs = { .name = "pipefs", .fill_super = anon_fill_super };

/* A file that has no name: own dentry in a mount that nobody sees. Takes the inode's reference when it succeeds. */
struct file *alloc_file_pseudo(struct inode *inode, const char *name, unsigned f_flags, const struct file_operations *fop)
{
	struct path path = { .mnt = anon_mnt, .dentry = d_alloc(NULL, &(struct qstr){ .name = name, .len = strlen(name) }) };

	if (!path.dentry)
		return ERR_PTR(-ENOMEM);
	path.dentry->d_sb = anon_sb;
	path.dentry->d_inode = inode;
	struct file *f = alloc_file(&path, f_flags, fop ? fop : inode->i_fop);
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
	struct super_block *sb = get_super(type, 0, NULL);
	struct mount *m = IS_ERR(sb) ? NULL : alloc_mount(sb, devname, 0);

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
	mnt_init();
	anon_mnt = kern_mount(&anon_fs, "pipefs");
	anon_sb = anon_mnt->mnt_sb;
	tmpfs_init();
	root_path.mnt = kern_mount(get_fs_type("rootfs"), "rootfs");
	root_path.dentry = root_path.mnt->mnt_root;
	list_add(&root_path.mnt->mnt_list, &mount_list);
	kern_mount(get_fs_type("devtmpfs"), "devtmpfs");
	set_fs_path(&init_fs.root, &root_path);
	set_fs_path(&init_fs.pwd, &root_path);
	current->fs = &init_fs;
	current->files = &init_files;
	/* What Linux's built-in archive holds. */
	if (do_mkdirat(AT_FDCWD, "/dev", 0755) || do_mkdirat(AT_FDCWD, "/root", 0700) ||
	    do_mknodat(AT_FDCWD, "/dev/console", S_IFCHR | 0600, MKDEV(5, 1)))
		panic("cannot make /dev/console");
}
