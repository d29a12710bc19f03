/*
 * fcntl and ioctl: what can be asked of a descriptor, whatever is behind it. The rest goes to the file's own ioctl.
 *
 * In Linux: fs/fcntl.c, fs/ioctl.c.
 */
#include "fs/namei.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "uapi/termios.h"

#define FIOQSIZE 0x5460
#define FIGETBSZ 2
#define SETFL_MASK (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

static void set_cloexec(unsigned fd, bool on)
{
	struct files_struct *files = current->files;

	spin_lock(&files->file_lock);
	if (on)
		set_bit(fd, files->fdt->close_on_exec);
	else
		clear_bit(fd, files->fdt->close_on_exec);
	spin_unlock(&files->file_lock);
}

static long set_flags(struct file *f, unsigned flags)
{
	if ((flags & ~f->f_flags & O_NOATIME) && !inode_owner_or_capable(f->f_inode))
		return -EPERM;
	f->f_flags = (f->f_flags & ~SETFL_MASK) | (flags & SETFL_MASK);
	return 0;
}

static long dup_from(struct file *f, unsigned long from, unsigned flags)
{
	int fd = from > -1u ? -EINVAL : f_dupfd(from, get_file(f), flags);

	if (fd < 0 && from <= -1u)
		fput(f);
	return fd;
}

long sys_fcntl(unsigned fd, unsigned cmd, unsigned long arg)
{
	struct fd f = fdget_raw(fd);
	long ret = -EINVAL;

	if (!f.file)
		return -EBADF;
	if ((f.file->f_mode & FMODE_PATH) && cmd != F_DUPFD && cmd != F_DUPFD_CLOEXEC && cmd != F_GETFD && cmd != F_SETFD &&
	    cmd != F_GETFL) {
		fdput(f);
		return -EBADF;
	}
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		ret = dup_from(f.file, arg, cmd == F_DUPFD ? 0 : O_CLOEXEC);
		break;
	case F_GETFD:
		ret = test_bit(fd, current->files->fdt->close_on_exec) ? FD_CLOEXEC : 0;
		break;
	case F_SETFD:
		set_cloexec(fd, arg & FD_CLOEXEC);
		ret = 0;
		break;
	case F_GETFL:
		ret = f.file->f_flags;
		break;
	case F_SETFL:
		ret = set_flags(f.file, arg);
		break;
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
		ret = fcntl_lock(f.file, cmd, (struct flock __user *)arg);
		break;
	case F_GETOWN:
		ret = f.file->f_owner;
		break;
	case F_SETOWN:
		f.file->f_owner = arg;
		ret = 0;
		break;
	case F_GETSIG:
		ret = 0;
		break;
	}
	fdput(f);
	return ret;
}

static long file_ioctl(struct file *f, unsigned fd, unsigned cmd, unsigned long arg)
{
	struct inode *i = f->f_inode;
	int on;
	long ret;

	switch (cmd) {
	case FIOCLEX:
	case FIONCLEX:
		set_cloexec(fd, cmd == FIOCLEX);
		return 0;
	case FIONBIO:
		if (get_user(on, (int __user *)arg))
			return -EFAULT;
		f->f_flags = on ? f->f_flags | O_NONBLOCK : f->f_flags & ~O_NONBLOCK;
		return 0;
	case FIOASYNC:
		if (get_user(on, (int __user *)arg))
			return -EFAULT;
		return on ? -ENOTTY : 0;
	case FIGETBSZ:
		return put_user((int)i->i_sb->s_blocksize, (int __user *)arg);
	case FIOQSIZE:
		if (S_ISDIR(i->i_mode) || S_ISREG(i->i_mode) || S_ISLNK(i->i_mode))
			return put_user(i_size_read(i), (loff_t __user *)arg);
		return -ENOTTY;
	case FIONREAD:
		if (S_ISREG(i->i_mode))
			return put_user((int)(i_size_read(i) - f->f_pos), (int __user *)arg);
	}
	ret = f->f_op->ioctl ? f->f_op->ioctl(f, cmd, arg) : -ENOTTY;
	return ret == -ENOIOCTLCMD ? -ENOTTY : ret;
}

long sys_ioctl(unsigned fd, unsigned cmd, unsigned long arg)
{
	struct fd f = fdget(fd);
	long ret = f.file ? file_ioctl(f.file, fd, cmd, arg) : -EBADF;

	fdput(f);
	return ret;
}
