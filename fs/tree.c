/*
 * tree: directories and files that the kernel itself makes and that stay: the fixed part of /proc, tracefs, sysfs.
 *
 *   tree_add(root, "sys/kernel/pid_max", &(struct tree_file){ .mode = S_IFREG | 0644, .show = ..., .write = ... })
 *
 * makes the directories on the way and the name, all of pinned dentries. An inode's i_private is a copy of its tree_file,
 * from which text_fops make the contents. A name does what its directory does: inode_operations are one for a tree.
 *
 * In Linux: fs/libfs.c; there proc, sysfs and debugfs have each a tree of their own.
 */
#include "fs/namei.h"
#include "fs/tree.h"
#include "string.h"

/* ---- names ---- */
struct inode *tree_inode(struct super_block *sb, const struct tree_file *what, size_t size)
{
	struct inode *i = new_inode(sb);

	if (!i)
		return NULL;
	i->i_mode = what->mode;
	i->i_nlink = S_ISDIR(what->mode) ? 2 : 1;
	i->i_fop = what->fops ?: &text_fops;
	i->i_private = kmemdup(what, size, GFP_KERNEL);
	if (i->i_private)
		return i;
	iput(i);
	return NULL;
}

static void tree_evict(struct inode *i) { kfree(i->i_private); }
static const struct super_operations tree_super_operations = { .evict_inode = tree_evict };

int tree_root(struct super_block *sb, u32 magic, const struct tree_file *root, const struct inode_operations *iop)
{
	sb->s_magic = magic;
	sb->s_op = &tree_super_operations;
	struct inode *i = tree_inode(sb, root, sizeof(*root));
	if (i && iop)
		i->i_op = iop;
	sb->s_root = d_make_root(i);
	return sb->s_root ? 0 : -ENOMEM;
}

/* The name in dir, made if it is not there; its pin keeps it. NULL: no memory */
static struct dentry *tree_name(struct dentry *dir, const char *name, size_t len, const struct tree_file *what)
{
	struct qstr q = { .name = name, .len = len, .hash = full_name_hash(dir, name, len) };
	struct dentry *d = d_lookup(dir, &q);

	if (!d) {
		struct inode *i = tree_inode(dir->d_sb, what, sizeof(*what));

		d = i ? d_alloc(dir, &q) : NULL;
		if (!d) {
			iput(i);
			return NULL;
		}
		i->i_op = dir->d_inode->i_op;
		if (S_ISDIR(what->mode)) {
			i->i_fop = dir->d_inode->i_fop;
			dir->d_inode->i_nlink++;
		}
		d_pin(d);
		d_add(d, i);
	}
	dput(d);
	return d;
}

int tree_add(struct dentry *dir, const char *path, const struct tree_file *what)
{
	for (const char *slash; (slash = strchr(path, '/')); path = slash + 1) {
		dir = tree_name(dir, path, slash - path, &(struct tree_file){ .mode = dir->d_inode->i_mode });
		if (!dir)
			return -ENOMEM;
	}
	return tree_name(dir, path, strlen(path), what) ? 0 : -ENOMEM;
}

/* ---- text ---- */
static int text_open(struct inode *inode, struct file *f)
{
	const struct tree_file *t = inode->i_private;

	return t->show ? single_open(f, t->show, t->data) : 0;
}

ssize_t text_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
	const struct tree_file *t = f->f_inode->i_private;
	int err = 0;

	if (!t->write || n >= PAGE_SIZE)
		return -EINVAL;
	char *text = kmalloc(n + 1, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	if (copy_from_user(text, buf, n)) {
		err = -EFAULT;
	} else if (n) {
		text[n] = '\0';
		if (text[n - 1] == '\n')
			text[n - 1] = '\0';
		err = t->write(t->data, text);
	}
	kfree(text);
	*pos += err ? 0 : n;
	return err ?: (ssize_t)n;
}

const struct file_operations text_fops = {
	.open = text_open, .read = seq_read, .llseek = seq_lseek, .write = text_write, .release = single_release,
};

int parse_int(const char *text, long min, long max, int *out)
{
	char *end;
	long n = strtoll(text, &end, 0);

	if (end == text || *end || n < min || n > max)
		return -EINVAL;
	*out = n;
	return 0;
}
