/*
 * file: open files, and the way from a descriptor to one.
 *
 *   current->files -> fd[0..n] -> struct file (f_count) -> path, inode, position
 *
 * A system call borrows the file without touching its count while nobody shares the table: then only this task
 * could close it, and it is busy.
 *
 * In Linux: fs/file_table.c, fs/open.c (do_dentry_open), fs/file.c.
 */
#include "fs/namei.h"

static struct kmem_cache *filp_cache;
static atomic_long_t files_open;

void __init file_init(void)
{
	filp_cache = kmem_cache_create("filp", sizeof(struct file), 0);
	fdtable_init();
}

u64 nr_files(void) { return atomic_long_read(&files_open); }

/* ---- struct file ---- */
/* Takes path's references when it succeeds; ERR_PTR(-ENOMEM) */
struct file *alloc_file(const struct path *path, unsigned f_flags, const struct file_operations *fop)
{
	struct file *f = kmem_cache_alloc(filp_cache, __GFP_ZERO);

	if (!f)
		return ERR_PTR(-ENOMEM);
	atomic_set(&f->f_count, 1);
	f->f_flags = f_flags;
	f->f_mode = f_flags & O_PATH ? FMODE_PATH : (f_flags + 1) & O_ACCMODE;
	f->f_path = *path;
	f->f_inode = path->dentry->d_inode;
	f->f_mapping = f->f_inode->i_mapping;
	f->f_op = fop;
	mutex_init(&f->f_pos_lock, "f_pos_lock", RANK_F_POS);
	atomic_long_inc(&files_open);
	return f;
}

static bool counts_as_writer(const struct file *f)
{
	return (f->f_mode & FMODE_WRITE) && S_ISREG(f->f_inode->i_mode);
}

static void free_file(struct file *f)
{
	if (f->f_mode & FMODE_DENYWRITE)
		atomic_inc(&f->f_inode->i_writecount);
	path_put(&f->f_path);
	kmem_cache_free(filp_cache, f);
	atomic_long_add(-1, &files_open);
}

void fput(struct file *f)
{
	if (!atomic_dec_and_test(&f->f_count))
		return;
	/* Last reference. */
	if (unlikely(f->f_inode->i_flock))
		locks_remove_flock(f);
	if (f->f_op && f->f_op->release)
		f->f_op->release(f->f_inode, f);
	if (counts_as_writer(f))
		put_write_access(f->f_inode);
	free_file(f);
}

/* Opens what path names; permissions were checked. References of its own. ERR_PTR */
struct file *dentry_open(const struct path *path, int flags)
{
	struct inode *inode = path->dentry->d_inode;
	struct file *f = alloc_file(path, flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC), inode->i_fop);
	int err = 0;

	if (IS_ERR(f))
		return f;
	path_get(path);
	if (f->f_mode & FMODE_PATH) {
		f->f_op = NULL;
		return f;
	}
	if (counts_as_writer(f))
		err = get_write_access(inode);
	if (err) {
		free_file(f);
		return ERR_PTR(err);
	}
	if (S_ISCHR(inode->i_mode))
		f->f_op = chrdev_fops(inode->i_rdev);
	if (!f->f_op)
		err = -ENXIO;
	else if (f->f_op->open)
		err = f->f_op->open(inode, f);
	f->f_flags &= ~O_NOCTTY;		/* a terminal's open asks for it */
	if (!err)
		return f;
	if (counts_as_writer(f))
		put_write_access(inode);
	free_file(f);
	return ERR_PTR(err);
}

/* ---- from a descriptor to a file ---- */
static struct file *__fget(struct files_struct *files, unsigned fd, unsigned mask)
{
	struct file *f = NULL;

	spin_lock(&files->file_lock);
	if (fd < files->fdt->max_fds)
		f = files->fdt->fd[fd];
	if (f && (f->f_mode & mask))
		f = NULL;
	if (f)
		get_file(f);
	spin_unlock(&files->file_lock);
	return f;
}

static __always_inline struct fd __fdget(unsigned fd, unsigned mask)
{
	struct files_struct *files = current->files;
	struct file *f;

	if (unlikely(atomic_read(&files->count) != 1)) {
		f = __fget(files, fd, mask);
		return (struct fd){ f, f != NULL };
	}
	f = fd < files->fdtab.max_fds ? files->fdtab.fd[fd] : NULL;
	if (f && unlikely(f->f_mode & mask))
		f = NULL;
	return (struct fd){ f, false };
}

struct fd fdget(unsigned fd) { return __fdget(fd, FMODE_PATH); }
struct fd fdget_raw(unsigned fd) { return __fdget(fd, 0); }
