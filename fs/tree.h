/* Trees of files that the kernel itself makes: /proc, tracefs, sysfs (fs/tree.c). */
#pragma once
#include "fs/fs.h"

struct tree_file {
	umode_t mode;
	int (*show)(struct seq_file *m, void *data);	/* prints the whole file */
	int (*write)(void *data, char *text);		/* what was written, without the newline at its end. 0 or -errno */
	void *data;
	const struct file_operations *fops;		/* instead of text_fops, which call show and write */
};
extern const struct file_operations text_fops;
ssize_t text_write(struct file *f, const char __user *buf, size_t n, loff_t *pos);
/* Makes sb's root; all names below have its iop (NULL: none), and directories its fops. 0, -ENOMEM */
int tree_root(struct super_block *sb, u32 magic, const struct tree_file *root, const struct inode_operations *iop);
/* A name below dir, where slashes make directories with dir's mode; what is copied. 0, -ENOMEM */
int tree_add(struct dentry *dir, const char *path, const struct tree_file *what);
/* An inode with a copy of size bytes, of which *what is the beginning, as i_private. NULL */
struct inode *tree_inode(struct super_block *sb, const struct tree_file *what, size_t size);
int parse_int(const char *text, long min, long max, int *out);	/* 0, -EINVAL */
