/*
 * initramfs: unpacks cpio archives into the root file system.
 *
 * Later archives overwrite what earlier ones made. Hard links are entries with the same inode number; the data may
 * come with any of them. Directories get their times at the end, as making files in them changes them.
 *
 * In Linux: init/initramfs.c. There also compressed archives.
 */
#include "fs/namei.h"
#include "fs/cpio.h"
#include "string.h"

struct seen {				/* an entry to come back to */
	struct seen *next;
	struct cpio_entry e;		/* its name lies inside the archive */
};
static struct seen *links __initdata;	/* the first names of files that have several */
static struct seen *dirs __initdata;

static int __init remember(struct seen **list, const struct cpio_entry *e)
{
	struct seen *s = kmalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return -ENOMEM;
	*s = (struct seen){ *list, *e };
	*list = s;
	return 0;
}

static void __init forget(struct seen **list)
{
	for (struct seen *s; (s = *list);) {
		*list = s->next;
		kfree(s);
	}
}

/* The name that an entry is a further link to, or NULL */
static const char *__init find_link(const struct cpio_entry *e)
{
	for (struct seen *s = links; s; s = s->next)
		if (s->e.ino == e->ino && s->e.major == e->major && s->e.minor == e->minor)
			return s->e.name;
	return NULL;
}

static int __init set_attributes(const char *name, const struct cpio_entry *e)
{
	struct path path __cleanup(path_put) = {};
	int err = kern_path(name, 0, &path);

	if (err)
		return err;
	struct inode *i = path.dentry->d_inode;

	i->i_uid = e->uid;
	i->i_gid = e->gid;
	if (!S_ISLNK(e->mode))
		i->i_mode = (i->i_mode & S_IFMT) | (e->mode & S_IALLUGO);
	i->i_mtime = i->i_atime = (struct timespec64){ .tv_sec = e->mtime };
	return 0;
}

static void __init set_dir_times(void)
{
	for (struct seen *s = dirs; s; s = s->next) {
		struct path path __cleanup(path_put) = {};

		if (!kern_path(s->e.name, 0, &path))
			path.dentry->d_inode->i_mtime = (struct timespec64){ .tv_sec = s->e.mtime };
	}
}

/* What stands where an entry of another type wants to be goes; directories stay for directories. */
static void __init clean_path(const char *name, umode_t mode)
{
	struct path path __cleanup(path_put) = {};

	if (kern_path(name, 0, &path))
		return;
	umode_t old = path.dentry->d_inode->i_mode;
	if (S_ISDIR(old) && !S_ISDIR(mode))
		do_rmdir(AT_FDCWD, name);
	else if ((old ^ mode) & S_IFMT)
		do_unlinkat(AT_FDCWD, name);
}

static int __init unpack_file(const struct cpio_entry *e)
{
	const char *first = e->nlink > 1 ? find_link(e) : NULL;
	int err = e->nlink > 1 && !first ? remember(&links, e) : 0;

	if (err)
		return err;
	if (first && strcmp(first, e->name)) {
		do_unlinkat(AT_FDCWD, e->name);
		err = do_linkat(AT_FDCWD, first, AT_FDCWD, e->name, 0);
		if (err || !e->size)
			return err;
	}
	struct file *f = filp_open(e->name, O_WRONLY | O_CREAT | (first ? 0 : O_TRUNC), e->mode & S_IALLUGO);
	if (IS_ERR(f))
		return PTR_ERR(f);
	ssize_t n = e->size ? mapping_write(f->f_mapping, e->data, e->size, 0) : 0;
	if (n == e->size && e->size > f->f_inode->i_size)
		i_size_write(f->f_inode, e->size);
	fput(f);
	return n < 0 ? n : n < e->size ? -ENOSPC : set_attributes(e->name, e);
}

static int __init unpack_symlink(const struct cpio_entry *e)
{
	int err = -ENAMETOOLONG;

	if (e->size >= PATH_MAX)
		return err;
	char *target = getname_buf();
	if (!target)
		return -ENOMEM;
	memcpy(target, e->data, e->size);
	target[e->size] = '\0';
	do_unlinkat(AT_FDCWD, e->name);
	err = do_symlinkat(target, AT_FDCWD, e->name);
	putname_buf(target);
	return err ? err : set_attributes(e->name, e);
}

/* Names without a leading slash are below the root, where PID 1 stands. */
static int __init unpack_entry(const struct cpio_entry *e)
{
	int err;

	clean_path(e->name, e->mode);
	if (S_ISREG(e->mode))
		return unpack_file(e);
	if (S_ISLNK(e->mode))
		return unpack_symlink(e);
	if (S_ISDIR(e->mode)) {
		err = do_mkdirat(AT_FDCWD, e->name, e->mode);
		if (err == -EEXIST)	/* "." and ".." too */
			err = 0;
		if (!err)
			err = remember(&dirs, e);
	} else {
		do_unlinkat(AT_FDCWD, e->name);
		err = e->mode & S_IFMT ? do_mknodat(AT_FDCWD, e->name, e->mode, MKDEV(e->rmajor, e->rminor)) : -EINVAL;
	}
	return err ? err : set_attributes(e->name, e);
}

int __init unpack_initramfs(const void *data, size_t len)
{
	struct cpio_state st = { .data = data, .len = len };
	struct cpio_entry e;
	unsigned entries = 0;
	bool ended = false;
	int more, err = 0;

	while (!err && (more = cpio_next(&st, &e)) > 0) {
		ended = e.trailer;
		if (e.trailer) {
			forget(&links);
			continue;
		}
		entries++;
		err = *e.name ? unpack_entry(&e) : 0;
		if (err)
			pr_err("initramfs: entry \"%s\" at byte %zu: error %d\n", e.name, st.entry, err);
		if (err != -ENOMEM && err != -ENOSPC)
			err = 0;		/* a name that can't be made is left out, as on Linux */
	}
	if (!err && more < 0) {
		pr_err("initramfs: the archive %s%s%s%s (byte %zu of %zu, after %u entries)\n", st.error, *st.name ? " \"" : "",
		       st.name, *st.name ? "\"" : "", st.entry, len, entries);
		err = -EINVAL;
	}
	if (!err && !ended) {
		pr_err("initramfs: the archive has no end (TRAILER!!!): it is cut short after %u entries\n", entries);
		err = -EINVAL;
	}
	forget(&links);
	set_dir_times();
	forget(&dirs);
	return err;
}
