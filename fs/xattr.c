/*
 * Extended attributes: no file system here has any. The calls look their file up, for the errors that
 * programs expect before they hear so (ls and cp ask for each file).  In Linux: fs/xattr.c.
 */
#include "fs/fs.h"
#include "kernel/syscall.h"

static long path_answer(const char __user *name, unsigned flags, long answer)
{
	struct path path __cleanup(path_put) = {};

	return user_path_at(AT_FDCWD, name, flags, &path) ?: answer;
}

static long fd_answer(int fd, long answer)
{
	struct fd f __cleanup(fdput) = fdget(fd);

	return f.file ? answer : -EBADF;
}

long sys_setxattr(const char __user *path, const char __user *name, const void __user *value, size_t size, int flags)
{
	return path_answer(path, LOOKUP_FOLLOW, -EOPNOTSUPP);
}
long sys_lsetxattr(const char __user *path, const char __user *name, const void __user *value, size_t size, int flags)
{
	return path_answer(path, 0, -EOPNOTSUPP);
}
long sys_fsetxattr(int fd, const char __user *name, const void __user *value, size_t size, int flags)
{
	return fd_answer(fd, -EOPNOTSUPP);
}
long sys_getxattr(const char __user *path, const char __user *name, void __user *value, size_t size)
{
	return path_answer(path, LOOKUP_FOLLOW, -EOPNOTSUPP);
}
long sys_lgetxattr(const char __user *path, const char __user *name, void __user *value, size_t size)
{
	return path_answer(path, 0, -EOPNOTSUPP);
}
long sys_fgetxattr(int fd, const char __user *name, void __user *value, size_t size) { return fd_answer(fd, -EOPNOTSUPP); }
long sys_listxattr(const char __user *path, char __user *list, size_t size) { return path_answer(path, LOOKUP_FOLLOW, 0); }
long sys_llistxattr(const char __user *path, char __user *list, size_t size) { return path_answer(path, 0, 0); }
long sys_flistxattr(int fd, char __user *list, size_t size) { return fd_answer(fd, 0); }
long sys_removexattr(const char __user *path, const char __user *name) { return path_answer(path, LOOKUP_FOLLOW, -EOPNOTSUPP); }
long sys_lremovexattr(const char __user *path, const char __user *name) { return path_answer(path, 0, -EOPNOTSUPP); }
long sys_fremovexattr(int fd, const char __user *name) { return fd_answer(fd, -EOPNOTSUPP); }
