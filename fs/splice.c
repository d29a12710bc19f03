/*
 * splice: from file to file, sendfile and copy_file_range.
 *
 * The bytes go through a window of anonymous memory in the caller's own address space: any file's read can fill it,
 * and any file's write can empty it.
 *
 * In Linux: fs/splice.c, where pages move through a pipe.
 */
#include "fs/namei.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/syscall.h"

#define WINDOW_SIZE 65536UL
/* Moves up to len bytes; ppos are where, and move on. Bytes or -errno */
static ssize_t copy_through_window(struct file *in, loff_t *ipos, struct file *out, loff_t *opos, size_t len)
{
	char __user *window;
	ssize_t done = 0, n = 0, w;

	if (!len)
		return 0;
	window = (char __user *)vm_mmap(NULL, 0, WINDOW_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (IS_ERR(window))
		return PTR_ERR(window);
	while (done < len && !signal_pending(current)) {
		loff_t ip = *ipos;

		n = vfs_read(in, window, min(len - done, WINDOW_SIZE), &ip);
		if (n <= 0)
			break;
		w = vfs_write(out, window, n, opos);
		if (w <= 0) {
			n = w;
			break;
		}
		*ipos += w;
		done += w;
		if (w < n)
			break;
	}
	if (!done && !n && signal_pending(current))
		n = -ERESTARTSYS;
	vm_munmap((u64)window, WINDOW_SIZE);
	return done ? done : n;
}

static ssize_t do_sendfile(struct file *out, struct file *in, loff_t *ppos, size_t count)
{
	if (!(in->f_mode & FMODE_READ))
		return -EBADF;
	if (in->f_op->unseekable && ppos != &in->f_pos)
		return -ESPIPE;
	if (*ppos < 0 || (ssize_t)count < 0)
		return -EINVAL;
	if (!(out->f_mode & FMODE_WRITE))
		return -EBADF;
	if (!in->f_op->read || !out->f_op->write || S_ISDIR(in->f_inode->i_mode) || in->f_op->unseekable ||
	    (out->f_flags & O_APPEND))
		return -EINVAL;
	return copy_through_window(in, ppos, out, &out->f_pos, min(count, MAX_RW_COUNT));
}

long sys_sendfile(int out_fd, int in_fd, loff_t __user *offset, size_t count)
{
	struct fd in __cleanup(fdput) = fdget(in_fd), out __cleanup(fdput) = fdget(out_fd);
	loff_t pos;

	if (offset && copy_from_user(&pos, offset, sizeof(pos)))
		return -EFAULT;
	if (!in.file || !out.file)
		return -EBADF;
	ssize_t n = do_sendfile(out.file, in.file, offset ? &pos : &in.file->f_pos, count);
	return offset && n >= 0 && put_user(pos, offset) ? -EFAULT : n;
}

static ssize_t do_copy_range(struct file *in, loff_t *ip, struct file *out, loff_t *op, size_t len, unsigned flags)
{
	struct inode *i = in->f_inode, *o = out->f_inode;

	if (flags)
		return -EINVAL;
	if (S_ISDIR(i->i_mode) || S_ISDIR(o->i_mode))
		return -EISDIR;
	if (!S_ISREG(i->i_mode) || !S_ISREG(o->i_mode))
		return -EINVAL;
	if (!(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE) || (out->f_flags & O_APPEND))
		return -EBADF;
	if (*ip + len < (u64)*ip || *op + len < (u64)*op)
		return -EOVERFLOW;
	if (*ip < 0 || *op < 0 || (loff_t)(*ip + len) < 0 || (loff_t)(*op + len) < 0)
		return -EINVAL;
	len = min(min_t(size_t, len, max_t(loff_t, i_size_read(i) - *ip, 0)), MAX_RW_COUNT);
	if (i == o && *op + (loff_t)len > *ip && *op < *ip + (loff_t)len)
		return -EINVAL;
	return copy_through_window(in, ip, out, op, len);
}

long sys_copy_file_range(int fd_in, loff_t __user *off_in, int fd_out, loff_t __user *off_out, size_t len, unsigned flags)
{
	struct fd in __cleanup(fdput) = fdget(fd_in), out __cleanup(fdput) = fdget(fd_out);

	if (!in.file || !out.file)
		return -EBADF;
	loff_t ip = in.file->f_pos;
	loff_t op = out.file->f_pos;
	if ((off_in && get_user(ip, off_in)) || (off_out && get_user(op, off_out)))
		return -EFAULT;
	ssize_t n = do_copy_range(in.file, &ip, out.file, &op, len, flags);
	if (n <= 0)
		return n;
	if (!off_in)
		in.file->f_pos = ip;
	if (!off_out)
		out.file->f_pos = op;
	return (off_in && put_user(ip, off_in)) || (off_out && put_user(op, off_out)) ? -EFAULT : n;
}
