/*
 * open: open(2) and the calls that change a file's attributes or the caller's place in the tree.
 *
 * Each sys_ checks its arguments in Linux's order, finds the file, and leaves the work to namei.c and inode.c.
 *
 * In Linux: fs/open.c, fs/utimes.c.
 */
#include "fs/namei.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "uapi/capability.h"
#include "uapi/mount.h"

#define ATTR_INVALID 0x1000	/* a time makes no sense: EINVAL once the file is found */
#define O_TMPFILE_BIT 0x400000
#define VALID_OPEN_FLAGS (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_ASYNC | \
	O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE)

/* Linux's build_open_flags: what makes no sense is EINVAL, what is unknown is ignored. */
static int check_open_flags(int *flags)
{
	*flags &= *flags & O_PATH ? O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC : VALID_OPEN_FLAGS;
	if ((*flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return -EINVAL;
	if (*flags & O_TMPFILE_BIT)
		return (*flags & O_TMPFILE) == O_TMPFILE && (*flags & O_ACCMODE) ? -EOPNOTSUPP : -EINVAL;
	return 0;
}

long sys_openat(int dfd, const char __user *filename, int flags, umode_t mode)
{
	struct filename name __cleanup(drop_name);
	int fd, err = init_name(&name, filename, 0);

	flags |= O_LARGEFILE;
	fd = check_open_flags(&flags);
	if (fd == -EINVAL || err)
		return fd == -EINVAL ? fd : err;
	fd = fd ?: get_unused_fd_flags(flags);
	if (fd < 0)
		return fd;
	struct file *f = do_filp_open(dfd, name.name, flags, mode & S_IALLUGO);
	if (IS_ERR(f)) {
		put_unused_fd(fd);
		return PTR_ERR(f);
	}
	fd_install(fd, f);
	return fd;
}

long sys_open(const char __user *filename, int flags, umode_t mode) { return sys_openat(AT_FDCWD, filename, flags, mode); }
long sys_creat(const char __user *name, umode_t mode) { return sys_open(name, O_CREAT | O_WRONLY | O_TRUNC, mode); }

struct file *filp_open(const char *name, int flags, umode_t mode)
{
	int err = check_open_flags(&flags);

	return err ? ERR_PTR(err) : do_filp_open(AT_FDCWD, name, flags, mode);
}

/* For exec: a regular file that may be executed; nobody writes to it until fput. ERR_PTR */
struct file *open_exec(int dfd, const char *name, int flags)
{
	struct path path __cleanup(path_put) = {};
	int err = filename_lookup(dfd, name, lookup_flags(flags), &path), old;

	if (err)
		return ERR_PTR(err);
	err = may_open(&path, MAY_EXEC, 0);
	if (!err && (!S_ISREG(path.dentry->d_inode->i_mode) || (path.mnt->mnt_flags & MS_NOEXEC)))
		err = -EACCES;
	struct file *f = err ? ERR_PTR(err) : dentry_open(&path, O_RDONLY | O_LARGEFILE);
	if (IS_ERR(f))
		return f;
	old = atomic_read(&f->f_inode->i_writecount);
	while (old <= 0)
		if (__atomic_compare_exchange_n(&f->f_inode->i_writecount.v, &old, old - 1, false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST)) {
			f->f_mode |= FMODE_DENYWRITE;
			return f;
		}
	fput(f);
	return ERR_PTR(-ETXTBSY);
}

/* ---- access ---- */
static int access_path(const struct path *path, int mode)
{
	struct inode *inode = path->dentry->d_inode;

	if ((mode & MAY_EXEC) && S_ISREG(inode->i_mode) && (path->mnt->mnt_flags & MS_NOEXEC))
		return -EACCES;
	int err = inode_permission(inode, mode);
	if (!err && (mode & MAY_WRITE) && !S_ISCHR(inode->i_mode) && !S_ISBLK(inode->i_mode) && !S_ISFIFO(inode->i_mode) &&
	    !S_ISSOCK(inode->i_mode))
		err = mnt_want_write(path->mnt);
	return err;
}

/* access(2) asks for the real user: the answer is given under a changed copy of the credentials. false: no memory */
static bool become_real_user(void)
{
	const struct cred *old = current->cred;

	if (old->fsuid == old->uid && old->fsgid == old->gid)
		return true;
	struct cred *new = prepare_creds();
	if (!new)
		return false;
	new->fsuid = old->uid;
	new->fsgid = old->gid;
	new->cap_effective = old->uid ? 0 : old->cap_permitted;
	current->cred = new;
	return true;
}

long sys_faccessat2(int dfd, const char __user *filename, int mode, int flags)
{
	const struct cred *old = current->cred;
	struct path path __cleanup(path_put) = {};

	if ((mode & ~7) || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	if (!(flags & AT_EACCESS) && !become_real_user())
		return -ENOMEM;
	int err = user_path_at(dfd, filename, lookup_flags(flags), &path) ?: access_path(&path, mode);
	if (current->cred != old) {
		put_cred(current->cred);
		current->cred = old;
	}
	return err;
}

long sys_faccessat(int dfd, const char __user *name, int mode) { return sys_faccessat2(dfd, name, mode, 0); }
long sys_access(const char __user *name, int mode) { return sys_faccessat2(AT_FDCWD, name, mode, 0); }

/* ---- size ---- */
long sys_truncate(const char __user *name, loff_t length)
{
	struct path path __cleanup(path_put) = {};
	int err = length < 0 ? -EINVAL : user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW, &path);

	if (err)
		return err;
	struct inode *inode = path.dentry->d_inode;
	if (!S_ISREG(inode->i_mode))
		return S_ISDIR(inode->i_mode) ? -EISDIR : -EINVAL;
	err = mnt_want_write(path.mnt) ?: inode_permission(inode, MAY_WRITE) ?: get_write_access(inode);
	if (err)
		return err;
	err = do_truncate(path.dentry, length);
	put_write_access(inode);
	return err;
}

long sys_ftruncate(int fd, loff_t length)
{
	struct fd f __cleanup(fdput) = fdget(fd);

	if (length < 0)
		return -EINVAL;
	if (!f.file)
		return -EBADF;
	if (!S_ISREG(f.file->f_inode->i_mode) || !(f.file->f_mode & FMODE_WRITE))
		return -EINVAL;
	return do_truncate(f.file->f_path.dentry, length);
}

/* No file system can do it: libc then writes zeros. */
long sys_fallocate(int fd, int mode, loff_t offset, loff_t len) { return -EOPNOTSUPP; }

/* ---- owner, mode, times ---- */
static int change_path(const struct path *path, struct iattr *a)
{
	struct inode *inode = path->dentry->d_inode;
	int err = a->ia_valid & ATTR_INVALID ? -EINVAL : mnt_want_write(path->mnt);

	if (err)
		return err;
	down_write(&inode->i_rwsem);
	err = notify_change(path->dentry, a);
	up_write(&inode->i_rwsem);
	return err;
}

static long change_at(int dfd, const char __user *name, unsigned lookup, struct iattr a)
{
	struct path path __cleanup(path_put) = {};

	return user_path_at(dfd, name, lookup, &path) ?: change_path(&path, &a);
}

static long change_fd(int fd, struct iattr a)
{
	struct fd f __cleanup(fdput) = fdget(fd);

	return f.file ? change_path(&f.file->f_path, &a) : -EBADF;
}

static struct iattr mode_attr(umode_t mode) { return (struct iattr){ .ia_valid = ATTR_MODE, .ia_mode = mode & S_IALLUGO }; }
static struct iattr owner_attr(uid_t uid, gid_t gid)
{
	return (struct iattr){ .ia_valid = (uid != -1u ? ATTR_UID : 0) | (gid != -1u ? ATTR_GID : 0), .ia_uid = uid, .ia_gid = gid };
}

long sys_fchmodat(int dfd, const char __user *name, umode_t mode)
{
	return change_at(dfd, name, LOOKUP_FOLLOW, mode_attr(mode));
}

long sys_chmod(const char __user *name, umode_t mode) { return sys_fchmodat(AT_FDCWD, name, mode); }
long sys_fchmod(int fd, umode_t mode) { return change_fd(fd, mode_attr(mode)); }

long sys_fchownat(int dfd, const char __user *name, uid_t user, gid_t group, int flag)
{
	if (flag & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return change_at(dfd, name, lookup_flags(flag), owner_attr(user, group));
}

long sys_chown(const char __user *name, uid_t user, gid_t group) { return sys_fchownat(AT_FDCWD, name, user, group, 0); }
long sys_lchown(const char __user *name, uid_t user, gid_t group)
{
	return sys_fchownat(AT_FDCWD, name, user, group, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(int fd, uid_t user, gid_t group) { return change_fd(fd, owner_attr(user, group)); }

/* One of the two times into a: now, omitted, or a value. */
static void set_time(struct iattr *a, const struct timespec64 *t, unsigned valid, unsigned set, struct timespec64 *out)
{
	if (t->tv_nsec == UTIME_OMIT)
		return;
	a->ia_valid |= valid;
	if (t->tv_nsec == UTIME_NOW)
		return;
	a->ia_valid |= t->tv_nsec < 0 || t->tv_nsec >= NSEC_PER_SEC ? ATTR_INVALID : set;
	*out = *t;
}

long sys_utimensat(int dfd, const char __user *name, struct timespec64 __user *utimes, int flags)
{
	struct iattr a = { .ia_valid = ATTR_ATIME | ATTR_MTIME };
	struct timespec64 t[2];

	if (utimes) {
		if (copy_from_user(t, utimes, sizeof(t)))
			return -EFAULT;
		a.ia_valid = 0;
		set_time(&a, &t[0], ATTR_ATIME, ATTR_ATIME_SET, &a.ia_atime);
		set_time(&a, &t[1], ATTR_MTIME, ATTR_MTIME_SET, &a.ia_mtime);
		if (!a.ia_valid)
			return 0;
		/* Now for one of them only needs the owner, as a value does. */
		if (a.ia_valid == ATTR_ATIME || a.ia_valid == ATTR_MTIME) {
			a.ia_valid |= a.ia_valid == ATTR_ATIME ? ATTR_ATIME_SET : ATTR_MTIME_SET;
			a.ia_atime = a.ia_mtime = current_time();
		}
	}
	if (!name && dfd != AT_FDCWD)
		return flags ? -EINVAL : change_fd(dfd, a);
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return change_at(dfd, name, lookup_flags(flags), a);
}

/* ---- the caller's place ---- */
long sys_umask(int mask)
{
	umode_t old = current->fs->umask;

	current->fs->umask = mask & S_IRWXUGO;
	return old;
}

static int change_dir(const char __user *name, struct path *which, bool root)
{
	struct path path __cleanup(path_put) = {};
	int err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path) ?:
		  inode_permission(path.dentry->d_inode, MAY_EXEC);

	if (!err && root && !capable(CAP_SYS_CHROOT))
		err = -EPERM;
	if (!err)
		set_fs_path(which, &path);
	return err;
}

long sys_chdir(const char __user *name) { return change_dir(name, &current->fs->pwd, false); }
long sys_chroot(const char __user *name) { return change_dir(name, &current->fs->root, true); }

long sys_fchdir(int fd)
{
	struct fd f __cleanup(fdput) = fdget_raw(fd);

	if (!f.file)
		return -EBADF;
	int err = S_ISDIR(f.file->f_inode->i_mode) ? inode_permission(f.file->f_inode, MAY_EXEC) : -ENOTDIR;
	if (!err)
		set_fs_path(&current->fs->pwd, &f.file->f_path);
	return err;
}
