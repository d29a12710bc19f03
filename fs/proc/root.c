/*
 * procfs: the file system, its fixed tree, and /proc itself, which adds a directory for each process.
 *
 * In Linux: fs/proc/root.c, generic.c, inode.c, self.c.
 */
#include "fs/proc/proc.h"
#include "kernel/process.h"
#include "string.h"

#define PROC_MAGIC 0x9fa0
#define FIRST_PID_POS 4096		/* readdir positions: fixed names below, PIDs from here */

static struct proc_dir proc_root = { .name = "", .mode = S_IFDIR | 0555, .ino = 1,
	.list = LIST_HEAD_INIT(proc_root.list), .children = LIST_HEAD_INIT(proc_root.children) };
static u64 last_ino = 1;
static const struct inode_operations dir_iops, link_iops, file_iops;
static const struct file_operations dir_fops, file_fops;

/* ---- the fixed tree: made at boot, never changed ---- */

static struct proc_dir *find_child(struct proc_dir *dir, const char *name, size_t len)
{
	struct proc_dir *d;

	list_for_each_entry(d, &dir->children, list)
		if (strlen(d->name) == len && !memcmp(d->name, name, len))
			return d;
	return NULL;
}

static struct proc_dir *new_child(struct proc_dir *dir, const struct proc_dir *what, const char *name)
{
	struct proc_dir *d = kmemdup(what, sizeof(*d), GFP_KERNEL);

	if (!d)
		return NULL;
	d->name = name;
	d->ino = ++last_ino;
	INIT_LIST_HEAD(&d->children);
	list_add_tail(&d->list, &dir->children);
	return d;
}

int proc_add(const struct proc_dir *what)
{
	static const struct proc_dir directory = { .mode = S_IFDIR | 0555 };
	struct proc_dir *dir = &proc_root, *d;
	const char *name = what->name, *slash;

	for (; (slash = strchr(name, '/')); name = slash + 1, dir = d) {
		char part[40];

		strscpy(part, name, slash - name + 1);
		d = find_child(dir, name, slash - name) ?: new_child(dir, &directory, kstrdup(part, GFP_KERNEL));
		if (!d)
			return -ENOMEM;
	}
	return new_child(dir, what, name) ? 0 : -ENOMEM;
}

int proc_create(const char *name, umode_t mode, int (*show)(struct seq_file *m, void *v))
{
	return proc_add(&(struct proc_dir){ .name = name, .mode = S_IFREG | mode, .show = show });
}

static int file_open(struct inode *inode, struct file *f)
{
	const struct proc_dir *d = PROC_I(inode)->dir;

	return single_open(f, d->show, d->data);
}

ssize_t text_from_user(char *text, size_t size, const char __user *buf, size_t n)
{
	if (n >= size)
		return -EINVAL;
	if (copy_from_user(text, buf, n))
		return -EFAULT;
	text[n] = '\0';
	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	return n;
}

int parse_int(const char *text, long min, long max, int *out)
{
	char *end;
	long n = strtoll(text, &end, 0);

	if (end == text || *end || n < min || n > max)
		return -EINVAL;
	*out = n;
	return 0;
}

static ssize_t file_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
	const struct proc_dir *d = PROC_I(f->f_inode)->dir;
	char text[256];
	ssize_t len = d->write ? text_from_user(text, sizeof(text), buf, n) : -EIO;
	int err = len > 0 ? d->write(d->data, text, strlen(text)) : 0;

	if (len > 0 && !err)
		*pos += len;
	return err ? err : len;
}

static const struct file_operations file_fops = {
	.open = file_open, .read = seq_read, .llseek = seq_lseek, .write = file_write, .release = single_release,
};

/* ---- inodes ---- */

int proc_instantiate(struct dentry *d, umode_t mode, u64 ino, const struct proc_info *info,
		     const struct inode_operations *iop, const struct file_operations *fop)
{
	struct inode *inode = new_inode(d->d_sb);
	struct proc_info *copy = kmemdup(info, sizeof(*info), GFP_KERNEL);

	if (!inode || !copy) {
		kfree(copy);
		if (inode)
			iput(inode);
		return -ENOMEM;
	}
	if (copy->task)
		get_task_struct(copy->task);
	inode->i_private = copy;
	inode->i_mode = mode;
	inode->i_ino = ino;
	inode->i_nlink = S_ISDIR(mode) ? 2 : 1;
	inode->i_op = iop;
	inode->i_fop = fop;
	d_add(d, inode);
	return 0;
}

static void evict_inode(struct inode *inode)
{
	struct proc_info *info = PROC_I(inode);

	if (info && info->task)
		put_task_struct(info->task);
	kfree(info);
}

static int fixed_lookup(struct inode *dir, struct dentry *d)
{
	struct proc_dir *e = find_child((struct proc_dir *)PROC_I(dir)->dir, d->d_name.name, d->d_name.len);
	struct proc_info info = { .dir = e };

	if (!e)
		return -ENOENT;
	return proc_instantiate(d, e->mode, e->ino, &info, S_ISDIR(e->mode) ? &dir_iops : S_ISLNK(e->mode) ? &link_iops : &file_iops,
				S_ISDIR(e->mode) ? &dir_fops : e->fops ? e->fops : &file_fops);
}

static const char *fixed_get_link(struct dentry *d, struct inode *inode, char *buf)
{
	return PROC_I(inode)->dir->link(buf);
}

int proc_setattr(struct dentry *d, struct iattr *a)
{
	return a->ia_valid & ATTR_SIZE ? 0 : -EPERM;	/* O_TRUNC is harmless */
}

/* "." and ".."; false: the actor has enough */
bool proc_emit_dots(struct file *f, struct dir_context *ctx)
{
	struct dentry *d = f->f_path.dentry;

	if (ctx->pos == 0) {
		if (!ctx->actor(ctx, ".", 1, 0, d->d_inode->i_ino, DT_DIR))
			return false;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		if (!ctx->actor(ctx, "..", 2, 1, d->d_parent->d_inode->i_ino, DT_DIR))
			return false;
		ctx->pos = 2;
	}
	return true;
}

/* Hands out the fixed names from ctx->pos on; false: the actor has enough. */
static bool fixed_names(struct file *f, struct dir_context *ctx)
{
	const struct proc_dir *dir = PROC_I(f->f_inode)->dir;
	struct proc_dir *d;
	loff_t pos = 2;

	if (!proc_emit_dots(f, ctx))
		return false;
	list_for_each_entry(d, &dir->children, list)
		if (pos++ == ctx->pos) {
			if (!ctx->actor(ctx, d->name, strlen(d->name), ctx->pos, d->ino, d->mode >> 12 & 15))
				return false;
			ctx->pos++;
		}
	return true;
}

static int fixed_iterate(struct file *f, struct dir_context *ctx)
{
	fixed_names(f, ctx);
	return 0;
}

static const struct inode_operations dir_iops = { .lookup = fixed_lookup, .setattr = proc_setattr };
static const struct inode_operations link_iops = { .get_link = fixed_get_link, .setattr = proc_setattr };
static const struct inode_operations file_iops = { .setattr = proc_setattr };
static const struct file_operations dir_fops = { .iterate = fixed_iterate };

/* ---- /proc ---- */

static int root_lookup(struct inode *dir, struct dentry *d)
{
	return fixed_lookup(dir, d) == 0 ? 0 : pid_lookup(d, d->d_name.name);
}

static int root_iterate(struct file *f, struct dir_context *ctx)
{
	char name[12];

	if (ctx->pos < FIRST_PID_POS && !fixed_names(f, ctx))
		return 0;
	ctx->pos = max_t(loff_t, ctx->pos, FIRST_PID_POS);
	for (pid_t pid; (pid = next_tgid(ctx->pos - FIRST_PID_POS)); ctx->pos++) {
		ctx->pos = FIRST_PID_POS + pid;
		if (!ctx->actor(ctx, name, snprintf(name, sizeof(name), "%d", pid), ctx->pos, (u64)pid << 16, DT_DIR))
			return 0;
	}
	return 0;
}

static const struct inode_operations root_iops = { .lookup = root_lookup, .setattr = proc_setattr };
static const struct file_operations root_fops = { .iterate = root_iterate };

static const struct super_operations proc_sops = { .evict_inode = evict_inode };

static int fill_super(struct super_block *sb, char *data)
{
	sb->s_magic = PROC_MAGIC;
	sb->s_op = &proc_sops;
	struct inode *inode = new_inode(sb);
	if (!inode)
		return -ENOMEM;
	inode->i_mode = proc_root.mode;
	inode->i_ino = 1;
	inode->i_op = &root_iops;
	inode->i_fop = &root_fops;
	inode->i_private = kmemdup(&(struct proc_info){ .dir = &proc_root }, sizeof(struct proc_info), GFP_KERNEL);
	sb->s_root = d_make_root(inode);
	return sb->s_root ? 0 : -ENOMEM;
}

static struct file_system_type proc_type = { .name = "proc", .fill_super = fill_super, .one_instance = true };

void __init proc_init(void)
{
	register_filesystem(&proc_type);
	system_init();
	sysctl_init();
	pagemap_init();
}
