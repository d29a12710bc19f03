/*
 * fcntl and ioctl: what can be asked of a descriptor, whatever is behind it. The rest goes to the file's own ioctl.
 *
 * In Linux: fs/fcntl.c, fs/ioctl.c. There also signals when a file gets ready (F_SETOWN, O_ASYNC).
 */
#include "fs/namei.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "uapi/termios.h"

#define FIGETBSZ 2
#define SETFL_MASK (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

static long set_flags(struct file *f, unsigned flags)
{
	if ((flags & ~f->f_flags & O_NOATIME) && !inode_owner_or_capable(f->f_inode))
		return -EPERM;
	f->f_flags = (f->f_flags & ~SETFL_MASK) | (flags & SETFL_MASK);
	return 0;
}

long sys_fcntl(unsigned fd, unsigned cmd, unsigned long arg)
{
	struct fd f __cleanup(fdput) = fdget_raw(fd);

	if (!f.file)
		return -EBADF;
	switch (cmd) {			/* these are of the descriptor, and open to O_PATH */
	case F_DUPFD: return f_dupfd(arg, f.file, 0);
	case F_DUPFD_CLOEXEC: return f_dupfd(arg, f.file, O_CLOEXEC);
	case F_GETFD: return test_bit(fd, current->files->fdt->close_on_exec) ? FD_CLOEXEC : 0;
	case F_SETFD: set_close_on_exec(fd, arg & FD_CLOEXEC); return 0;
	case F_GETFL: return f.file->f_flags;
	}
	if (f.file->f_mode & FMODE_PATH)
		return -EBADF;
	switch (cmd) {
	case F_SETFL: return set_flags(f.file, arg);
	case F_GETLK: case F_SETLK: case F_SETLKW: return fcntl_lock(f.file, cmd, (struct flock __user *)arg);
	case F_GETOWN: case F_GETSIG: return 0;
	default: return -EINVAL;
	}
}

static long file_ioctl(struct file *f, unsigned fd, unsigned cmd, unsigned long arg)
{
	struct inode *i = f->f_inode;
	int on;

	switch (cmd) {
	case FIOCLEX:
	case FIONCLEX:
		set_close_on_exec(fd, cmd == FIOCLEX);
		return 0;
	case FIONBIO:
		if (get_user(on, (int __user *)arg))
			return -EFAULT;
		f->f_flags = on ? f->f_flags | O_NONBLOCK : f->f_flags & ~O_NONBLOCK;
		return 0;
	case FIGETBSZ:
		return put_user((int)i->i_sb->s_blocksize, (int __user *)arg);
	case FIONREAD:
		if (S_ISREG(i->i_mode))
			return put_user((int)(i_size_read(i) - f->f_pos), (int __user *)arg);
	}
	long ret = f->f_op->ioctl ? f->f_op->ioctl(f, cmd, arg) : -ENOTTY;
	return ret == -ENOIOCTLCMD ? -ENOTTY : ret;
}

long sys_ioctl(unsigned fd, unsigned cmd, unsigned long arg)
{
	struct fd f __cleanup(fdput) = fdget(fd);

	return f.file ? file_ioctl(f.file, fd, cmd, arg) : -EBADF;
}
