/*
 * read_write: bytes in and out, and where in the file.
 *
 * Checks in Linux's order: descriptor, mode, a method to do it, the buffer's address, sizes. A file whose struct is
 * shared (dup, fork) has its position under f_pos_lock, so that two readers never get the same bytes.
 *
 * In Linux: fs/read_write.c, fs/sync.c, mm/fadvise.c.
 */
#include "fs/namei.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "uapi/uio.h"

static __always_inline int check_area(const struct file *f, const void __user *buf, size_t n, const loff_t *pos)
{
	if (unlikely(!access_ok(buf, n)))
		return -EFAULT;
	if (unlikely((*pos | (loff_t)(*pos + n)) < 0) && !f->f_op->unseekable)
		return -EINVAL;
	return 0;
}

ssize_t vfs_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
	if (unlikely(!(f->f_mode & FMODE_READ)))
		return -EBADF;
	if (unlikely(!f->f_op->read))
		return f->f_op->iterate ? -EISDIR : -EINVAL;
	int err = check_area(f, buf, n, pos);
	if (unlikely(err))
		return err;
	return f->f_op->read(f, buf, min(n, MAX_RW_COUNT), pos);
}

ssize_t vfs_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
	if (unlikely(!(f->f_mode & FMODE_WRITE)))
		return -EBADF;
	if (unlikely(!f->f_op->write))
		return -EINVAL;
	int err = check_area(f, buf, n, pos);
	if (unlikely(err))
		return err;
	return f->f_op->write(f, buf, min(n, MAX_RW_COUNT), pos);
}

/* True when f_pos must be locked: others may use this struct file at the same time. */
static __always_inline bool pos_lock(struct file *f)
{
	if (likely(atomic_read(&f->f_count) == 1) || f->f_op->unseekable)
		return false;
	mutex_lock(&f->f_pos_lock);
	return true;
}

static __always_inline void pos_unlock(struct file *f, bool locked)
{
	if (locked)
		mutex_unlock(&f->f_pos_lock);
}

long sys_read(int fd, char __user *buf, size_t count)
{
	struct fd f __cleanup(fdput) = fdget(fd);

	if (unlikely(!f.file))
		return -EBADF;
	bool locked = pos_lock(f.file);
	ssize_t n = vfs_read(f.file, buf, count, &f.file->f_pos);
	pos_unlock(f.file, locked);
	return n;
}

long sys_write(int fd, const char __user *buf, size_t count)
{
	struct fd f __cleanup(fdput) = fdget(fd);

	if (unlikely(!f.file))
		return -EBADF;
	bool locked = pos_lock(f.file);
	ssize_t n = vfs_write(f.file, buf, count, &f.file->f_pos);
	pos_unlock(f.file, locked);
	return n;
}

/* What the calls that name a position want first: it is one, and f is a file that has positions. */
static int check_pos(const struct file *f, loff_t pos)
{
	return pos < 0 ? -EINVAL : !f ? -EBADF : f->f_op->unseekable ? -ESPIPE : 0;
}

long sys_pread64(int fd, char __user *buf, size_t count, loff_t pos)
{
	struct fd f __cleanup(fdput) = fdget(fd);

	return check_pos(f.file, pos) ?: vfs_read(f.file, buf, count, &pos);
}

long sys_pwrite64(int fd, const char __user *buf, size_t count, loff_t pos)
{
	struct fd f __cleanup(fdput) = fdget(fd);

	return check_pos(f.file, pos) ?: vfs_write(f.file, buf, count, &pos);
}

/* Regular files, through the page cache. Bytes or -errno */
ssize_t kernel_read(struct file *f, void *buf, size_t n, loff_t *pos)
{
	if (!S_ISREG(f->f_inode->i_mode) || !(f->f_mode & FMODE_READ) || *pos < 0)
		return -EINVAL;
	ssize_t done = mapping_read(f->f_mapping, buf, n, *pos);
	if (done > 0)
		*pos += done;
	return done;
}

/* ---- vectors ---- */
/* Copies and checks a vector, in fast or allocated. The total or -errno */
static ssize_t import_iovec(const struct iovec __user *uvec, unsigned long n, struct iovec *fast, struct iovec **out)
{
	struct iovec *v = fast;
	size_t total = 0;

	*out = NULL;
	if (n > UIO_MAXIOV)
		return -EINVAL;
	if (n > UIO_FASTIOV)
		v = *out = kmalloc(n * sizeof(*v), GFP_KERNEL);
	if (!v)
		return -ENOMEM;
	if (copy_from_user(v, uvec, n * sizeof(*v)))
		return -EFAULT;
	for (unsigned i = 0; i < n; i++)
		if ((ssize_t)v[i].iov_len < 0)
			return -EINVAL;
	for (unsigned i = 0; i < n; i++) {
		if (!access_ok(v[i].iov_base, v[i].iov_len))
			return -EFAULT;
		v[i].iov_len = min(v[i].iov_len, MAX_RW_COUNT - total);
		total += v[i].iov_len;
	}
	return total;
}

static ssize_t do_iov(struct file *f, const struct iovec __user *uvec, unsigned long vlen, loff_t *pos, bool write)
{
	struct iovec fast[UIO_FASTIOV], *alloc;
	ssize_t n;

	if (!(f->f_mode & (write ? FMODE_WRITE : FMODE_READ)))
		return -EBADF;
	ssize_t done = import_iovec(uvec, vlen, fast, &alloc);
	struct iovec *v = alloc ? alloc : fast;
	if (done >= 0 && !(write ? (void *)f->f_op->write : (void *)f->f_op->read))
		done = f->f_op->iterate && !write ? -EISDIR : -EINVAL;
	if (done > 0 && write && f->f_op->writev) {
		done = f->f_op->writev(f, v, done);
	} else if (done > 0) {
		done = 0;
		for (unsigned i = 0; i < vlen; i++) {
			if (!v[i].iov_len)
				continue;
			/* A pipe or tty that has no more now is not waited for. */
			if (done && !write && f->f_op->unseekable && f->f_op->poll && !(f->f_op->poll(f, NULL) & POLLIN))
				break;
			n = write ? vfs_write(f, v[i].iov_base, v[i].iov_len, pos) : vfs_read(f, v[i].iov_base, v[i].iov_len, pos);
			if (n < 0)
				done = done ? done : n;
			else
				done += n;
			if (n != v[i].iov_len)
				break;
		}
	}
	kfree(alloc);
	return done;
}

static long iov_at_pos(int fd, const struct iovec __user *vec, unsigned long vlen, bool write)
{
	struct fd f __cleanup(fdput) = fdget(fd);

	if (!f.file)
		return -EBADF;
	bool locked = pos_lock(f.file);
	ssize_t n = do_iov(f.file, vec, vlen, &f.file->f_pos, write);
	pos_unlock(f.file, locked);
	return n;
}

static long iov_at(int fd, const struct iovec __user *vec, unsigned long vlen, loff_t pos, bool write)
{
	struct fd f __cleanup(fdput) = fdget(fd);

	return check_pos(f.file, pos) ?: do_iov(f.file, vec, vlen, &pos, write);
}

long sys_readv(int fd, const struct iovec __user *vec, unsigned long vlen) { return iov_at_pos(fd, vec, vlen, false); }
long sys_writev(int fd, const struct iovec __user *vec, unsigned long vlen) { return iov_at_pos(fd, vec, vlen, true); }
long sys_preadv(int fd, const struct iovec __user *vec, unsigned long vlen, loff_t pos) { return iov_at(fd, vec, vlen, pos, false); }
long sys_pwritev(int fd, const struct iovec __user *vec, unsigned long vlen, loff_t pos) { return iov_at(fd, vec, vlen, pos, true); }

/* ---- position ---- */
static loff_t generic_llseek(struct file *f, loff_t off, int whence)
{
	struct inode *i = f->f_inode;

	if (whence == SEEK_CUR)
		off += f->f_pos;
	else if (whence == SEEK_END && !S_ISDIR(i->i_mode))
		off += i_size_read(i);
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (off < 0)
		return -EINVAL;
	return f->f_pos = off;
}

long sys_lseek(int fd, loff_t offset, int whence)
{
	struct fd f __cleanup(fdput) = fdget(fd);
	loff_t (*llseek)(struct file *, loff_t, int);

	if (!f.file)
		return -EBADF;
	if ((unsigned)whence > SEEK_HOLE)
		return -EINVAL;
	if (f.file->f_op->unseekable)
		return -ESPIPE;
	llseek = f.file->f_op->llseek ?: generic_llseek;
	bool locked = pos_lock(f.file);
	offset = llseek(f.file, offset, whence);
	pos_unlock(f.file, locked);
	return offset;
}

/* ---- to the disk, of which there is none yet ---- */
long sys_fsync(int fd)
{
	struct fd f __cleanup(fdput) = fdget(fd);

	if (!f.file)
		return -EBADF;
	return f.file->f_op->fsync ? f.file->f_op->fsync(f.file) : -EINVAL;
}

long sys_fdatasync(int fd) { return sys_fsync(fd); }
long sys_sync(void) { return 0; }

long sys_syncfs(int fd)
{
	struct fd f __cleanup(fdput) = fdget(fd);

	return f.file ? 0 : -EBADF;
}

long sys_fadvise64(int fd, loff_t offset, loff_t len, int advice)
{
	struct fd f __cleanup(fdput) = fdget(fd);

	if (!f.file)
		return -EBADF;
	if (S_ISFIFO(f.file->f_inode->i_mode))
		return -ESPIPE;
	return len < 0 || (unsigned)advice > POSIX_FADV_NOREUSE ? -EINVAL : 0;
}
