/*
 * readdir: getdents64.
 *
 * The file system's iterate() hands names to an actor, which does not sleep: it only fills a page of our
 * own, and the page goes out to the user between two calls of iterate(). A record's d_off is where the next begins.
 *
 * In Linux: fs/readdir.c.
 */
#include "fs/namei.h"
#include "string.h"
#include "asm/uaccess.h"
#include "kernel/syscall.h"

struct dirent_buf {
	struct dir_context ctx;
	char *page;
	unsigned used, room;		/* bytes in page; room for this call of iterate */
	s64 *last_off;			/* d_off of the last record */
	bool full;
};

static bool fill_dirent(struct dir_context *ctx, const char *name, int len, loff_t pos, u64 ino, unsigned type)
{
	struct dirent_buf *b = container_of(ctx, struct dirent_buf, ctx);
	unsigned reclen = ALIGN(offsetof(struct linux_dirent64, d_name) + len + 1, 8);
	struct linux_dirent64 *d = (struct linux_dirent64 *)(b->page + b->used);

	if (b->used + reclen > b->room) {
		b->full = true;
		return false;
	}
	if (b->last_off)
		*b->last_off = pos;
	b->last_off = &d->d_off;
	*(u64 *)((char *)d + reclen - 8) = 0;	/* the padding */
	d->d_ino = ino;
	d->d_reclen = reclen;
	d->d_type = type;
	memcpy(d->d_name, name, len);
	d->d_name[len] = '\0';
	b->used += reclen;
	return true;
}

/* What every directory has at positions 0 and 1; false: the page is full. */
static bool fill_dots(struct dentry *dir, struct dir_context *ctx)
{
	if (ctx->pos == 0 && fill_dirent(ctx, ".", 1, 0, dir->d_inode->i_ino, DT_DIR))
		ctx->pos = 1;
	if (ctx->pos == 1) {
		spin_lock(&dcache_lock);	/* keeps d_parent */
		ctx->pos += fill_dirent(ctx, "..", 2, 1, dir->d_parent->d_inode->i_ino, DT_DIR);
		spin_unlock(&dcache_lock);
	}
	return ctx->pos > 1;
}

/* => dir's i_rwsem (read) for each page */
static long read_dir(struct file *f, char __user *out, unsigned count, struct dirent_buf *b)
{
	unsigned done = 0;
	long err = 0;

	b->ctx.pos = f->f_pos;
	do {
		b->used = 0;
		b->full = false;
		b->last_off = NULL;
		b->room = min(count - done, (unsigned)PAGE_SIZE);
		down_read(&f->f_inode->i_rwsem);
		if (!f->f_inode->i_nlink)
			err = -ENOENT;
		else if (fill_dots(f->f_path.dentry, &b->ctx))
			err = f->f_op->iterate(f, &b->ctx);
		up_read(&f->f_inode->i_rwsem);
		if (b->last_off)
			*b->last_off = b->ctx.pos;
		if (err || !b->used)
			break;
		if (copy_to_user(out + done, b->page, b->used)) {
			err = -EFAULT;
			break;
		}
		done += b->used;
		f->f_pos = b->ctx.pos;
	} while (b->full);
	if (!done && !err && b->full)
		err = -EINVAL;		/* not even one fits */
	f->f_pos = done || err ? f->f_pos : b->ctx.pos;
	return done ? done : err;
}

long sys_getdents64(unsigned fd, struct linux_dirent64 __user *dirent, unsigned count)
{
	struct dirent_buf b = { .ctx.actor = fill_dirent };
	struct fd f __cleanup(fdput) = fdget(fd);

	if (!f.file)
		return -EBADF;
	if (!f.file->f_op->iterate)
		return -ENOTDIR;
	b.page = getname_buf();
	if (!b.page)
		return -ENOMEM;
	bool locked = atomic_read(&f.file->f_count) > 1;
	if (locked)
		mutex_lock(&f.file->f_pos_lock);
	long n = read_dir(f.file, (char __user *)dirent, count, &b);
	if (locked)
		mutex_unlock(&f.file->f_pos_lock);
	putname_buf(b.page);
	return n;
}
