/*
 * procfs: the file system, and /proc itself: a tree that never changes (fs/tree.c), and a directory for each process.
 *
 * In Linux: fs/proc/root.c, generic.c, inode.c, self.c.
 */
#include "fs/namei.h"
#include "fs/proc/proc.h"
#include "string.h"

#define PROC_MAGIC 0x9fa0
struct dentry *proc_root;

/* ---- the fixed tree ---- */
static int no_write(void *data, char *text) { return -EIO; }

int proc_create(const char *name, umode_t mode, int (*show)(struct seq_file *m, void *v))
{
	return tree_add(proc_root, name, &(struct tree_file){ .mode = S_IFREG | mode, .show = show, .write = no_write });
}

/* self and the like: data is a format for tgid and pid. */
static const char *fixed_get_link(struct dentry *d, struct inode *inode, char *buf)
{
	const struct tree_file *link = inode->i_private;

	snprintf(buf, PATH_MAX, link->data, current->tgid, current->pid);
	return buf;
}

int proc_setattr(struct dentry *d, struct iattr *a)
{
	return a->ia_valid & ATTR_SIZE ? 0 : -EPERM;	/* O_TRUNC is harmless */
}

/* ---- /proc ---- */
static int root_lookup(struct inode *dir, struct dentry *d)
{
	return d->d_parent == proc_root ? pid_lookup(d) : -ENOENT;
}

static int root_iterate(struct file *f, struct dir_context *ctx)
{
	if (ctx->pos < FIRST_PID_POS && !dcache_names(f, ctx))
		return 0;
	return f->f_path.dentry == proc_root ? pid_iterate(ctx) : 0;
}

static const struct inode_operations tree_iops = { .lookup = root_lookup, .get_link = fixed_get_link, .setattr = proc_setattr };
static const struct file_operations tree_fops = { .iterate = root_iterate };

/* The fixed tree stays for ever: only inodes of tasks go. */
static void evict_inode(struct inode *inode)
{
	struct proc_info *info = PROC_I(inode);

	if (info)
		put_task_struct(info->task);
	kfree(info);
}
static const struct super_operations proc_sops = { .evict_inode = evict_inode };

static int fill_super(struct super_block *sb, char *data)
{
	int err = tree_root(sb, PROC_MAGIC, &(struct tree_file){ .mode = S_IFDIR | 0555, .fops = &tree_fops }, &tree_iops);

	sb->s_op = &proc_sops;
	return err;
}

static struct file_system_type proc_type = { .name = "proc", .fill_super = fill_super, .one_instance = true };

void __init proc_init(void)
{
	register_filesystem(&proc_type);
	struct super_block *sb = get_super(&proc_type, 0, NULL);
	if (IS_ERR(sb))
		panic("proc: no memory");
	proc_root = sb->s_root;
	system_init();
	sysctl_init();
}
