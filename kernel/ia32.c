/*
 * Calls behind int 0x80 whose arguments have another layout than the 64-bit ones: 32-bit pointers in arrays, 32-bit
 * times, page offsets. All others share the function, see kernel/syscalls.tbl.h.
 */
#include "asm/uaccess.h"
#include "fs/fs.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "mm/mm.h"
#include "string.h"
#include "uapi/utsname.h"

long sys_ia32_waitpid(pid_t pid, int __user *status, int options) { return sys_wait4(pid, status, options, NULL); }

long sys_ia32_execve(const char __user *filename, u32 __user *argv, u32 __user *envp)
{
	return execve_user(AT_FDCWD, filename, (struct exec_args){ argv, ARGS_USER32 }, (struct exec_args){ envp, ARGS_USER32 }, 0);
}

long sys_ia32_lseek(int fd, int offset, int whence) { return sys_lseek(fd, offset, whence); }

long sys_ia32_nanosleep(s32 __user *rqtp, s32 __user *rmtp)
{
	s32 ts[2];
	if (copy_from_user(ts, rqtp, sizeof(ts)))
		return -EFAULT;
	if (ts[0] < 0 || ts[1] < 0 || ts[1] >= (s32)NSEC_PER_SEC)
		return -EINVAL;
	return nanosleep_for(ts[0] * NSEC_PER_SEC + ts[1], rmtp, true);
}

long sys_ia32_mmap2(u32 addr, u32 len, u32 prot, u32 flags, u32 fd, u32 pgoff)
{
	return sys_mmap(addr, len, prot, flags | MAP_32BIT, (s32)fd, (u64)pgoff << PAGE_SHIFT);
}
