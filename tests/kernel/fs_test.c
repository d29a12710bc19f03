/* Proves: F1-F6 of fs/fs.h: counts, tree, hash, links and descriptors are what a full look at them finds, after random work. */
#include "ktest.h"
#include "fs/namei.h"
#include "string.h"
#include "kernel/process.h"

static u32 seed = 7;
static u32 rnd(u32 n) { return (seed = seed * 1664525 + 1013904223) / 65536 % n; }

#define TOP "/ktest_fs"

/* A random path of one to three components under TOP, out of few names, one of them too long to be inline. */
static const char *random_path(char *buf)
{
	static const char *const names[] = { "a", "b", "c", "d", "a-name-that-is-longer-than-the-forty-bytes-in-a-dentry" };
	int n = scnprintf(buf, 300, TOP);

	for (int depth = 1 + rnd(3); depth; depth--)
		n += scnprintf(buf + n, 300 - n, "/%s", names[rnd(ARRAY_SIZE(names))]);
	return buf;
}

static void random_change(void)
{
	static char a[300], b[300];
	struct file *f;

	random_path(a);
	random_path(b);
	switch (rnd(7)) {
	case 0: do_mkdirat(AT_FDCWD, a, 0755); break;
	case 1: do_symlinkat("a/b", AT_FDCWD, a); break;
	case 2: do_linkat(AT_FDCWD, a, AT_FDCWD, b, 0); break;
	case 3: do_unlinkat(AT_FDCWD, a); break;
	case 4: do_rmdir(AT_FDCWD, a); break;
	case 5: do_renameat2(AT_FDCWD, a, AT_FDCWD, b, 0); break;
	default:
		f = filp_open(a, O_CREAT | O_RDWR, 0644);
		if (!IS_ERR(f))
			fput(f);
	}
}

/* Checks d and all below it. Nobody else uses the tree. extra: references of d from outside */
static void check_tree(struct dentry *d, int extra)
{
	struct dentry *child, *found;
	u64 cookie = 1;
	int children = 0, subdirs = 0;

	list_for_each_entry(child, &d->d_children, d_child) {
		KEXPECT(child->d_parent == d && !(child->d_flags & (DCACHE_UNHASHED | DCACHE_DELETED)));
		KEXPECT(child->d_name.hash == full_name_hash(d, child->d_name.name, child->d_name.len));
		found = d_lookup(d, &child->d_name);
		KEXPECT(found == child);		/* F2: hashed, and the only one of its name */
		dput(found);
		KEXPECT(child->d_cookie > cookie);
		cookie = child->d_cookie;
		children++;
		subdirs += S_ISDIR(child->d_inode->i_mode);
		check_tree(child, 1);			/* its pin */
	}
	KEXPECT(atomic_read(&d->d_count) == children + extra);	/* F1 */
	KEXPECT(d->d_inode->i_size == (S_ISDIR(d->d_inode->i_mode) ? 20 * (children + 2) : d->d_inode->i_size));
	if (S_ISDIR(d->d_inode->i_mode))
		KEXPECT(d->d_inode->i_nlink == 2 + subdirs && atomic_read(&d->d_inode->i_count) == 1);	/* F6: one dentry */
	else
		KEXPECT(d->d_inode->i_nlink == atomic_read(&d->d_inode->i_count));	/* F3: each name holds it once */
}

static void remove_tree(struct dentry *d, char *path, int len)
{
	while (!list_empty(&d->d_children)) {
		struct dentry *child = list_first_entry(&d->d_children, struct dentry, d_child);
		int n = len + scnprintf(path + len, PATH_MAX - len, "/%s", child->d_name.name);

		if (S_ISDIR(child->d_inode->i_mode)) {
			remove_tree(child, path, n);
			KEXPECT(do_rmdir(AT_FDCWD, path) == 0);
		} else {
			KEXPECT(do_unlinkat(AT_FDCWD, path) == 0);
		}
		path[len] = '\0';
	}
}

KTEST(fs_tree)
{
	u64 dentries = nr_dentries(), inodes = nr_inodes(), files = nr_files();
	char *path = getname_buf();
	struct path top;

	KEXPECT(do_mkdirat(AT_FDCWD, TOP, 0755) == 0);
	KEXPECT(kern_path(TOP, LOOKUP_DIRECTORY, &top) == 0);
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < 100; i++)
			random_change();
		check_tree(top.dentry, 2);
	}
	remove_tree(top.dentry, path, scnprintf(path, PATH_MAX, TOP));
	path_put(&top);
	KEXPECT(do_rmdir(AT_FDCWD, TOP) == 0);
	putname_buf(path);
	KEXPECT(nr_dentries() == dentries && nr_inodes() == inodes && nr_files() == files);
}

/* F4, F5: a bit for each file in the table, and a count for each slot. */
static void check_table(struct file *f, int extra)
{
	struct fdtable *t = current->files->fdt;
	int uses = 0;

	for (unsigned fd = 0; fd < t->max_fds; fd++) {
		KEXPECT(test_bit(fd, t->open_fds) == !!t->fd[fd]);
		uses += t->fd[fd] == f;
	}
	for (unsigned fd = 0; fd < current->files->next_fd; fd++)
		KEXPECT(test_bit(fd, t->open_fds));	/* below next_fd nothing is free */
	KEXPECT(atomic_read(&f->f_count) == uses + extra);
}

KTEST(fs_descriptors)
{
	struct files_struct *old = current->files, *copy;
	u64 files = nr_files();
	struct file *f = filp_open("/", O_RDONLY | O_DIRECTORY, 0);

	KEXPECT(!IS_ERR(f));
	current->files = dup_fd(old);
	for (int round = 0; round < 300; round++) {
		for (int i = 0; i < 20; i++) {
			int fd = rnd(3) ? f_dupfd(rnd(900), f, rnd(2) ? O_CLOEXEC : 0) : -1;

			if (fd < 0)
				close_fd(rnd(900));
		}
		if (round % 50 == 49)
			do_close_on_exec(current->files);
		check_table(f, 1);
	}
	copy = dup_fd(current->files);
	put_files_struct(current->files);
	current->files = copy;
	check_table(f, 1);
	put_files_struct(copy);
	current->files = old;
	KEXPECT(atomic_read(&f->f_count) == 1);
	fput(f);
	KEXPECT(nr_files() == files);
}
