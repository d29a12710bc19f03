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

/* Copies a NULL-ended array of 32-bit pointers out as 64-bit ones, to below the user's stack: exec reads user arrays. */
static long widen(u32 __user *from, u64 *top, const char __user *const __user **to)
{
	u32 n = 0, p;
	*to = NULL;
	if (!from)
		return 0;
	do {
		if (n == 4096)
			return -E2BIG;
		if (get_user(p, from + n))
			return -EFAULT;
		n++;
	} while (p);
	u64 sp = *top - n * 8;
	for (u32 i = 0; i < n; i++)
		if (get_user(p, from + i) || put_user((u64)p, (u64 __user *)sp + i))
			return -EFAULT;
	*top = sp;
	*to = (const char __user *const __user *)sp;
	return 0;
}

long sys_ia32_execve(const char __user *filename, u32 __user *argv, u32 __user *envp)
{
	const char __user *const __user *argv64, *const __user *envp64;
	u64 top = (task_pt_regs(current)->rsp - 256) & ~15UL;	/* below the red zone */
	long err = widen(argv, &top, &argv64);
	if (!err)
		err = widen(envp, &top, &envp64);
	return err ? err : sys_execve(filename, argv64, envp64);
}

long sys_ia32_lseek(int fd, int offset, int whence) { return sys_lseek(fd, offset, whence); }

long sys_ia32_nanosleep(s32 __user *rqtp, s32 __user *rmtp)
{
	s32 sec, nsec;
	if (get_user(sec, rqtp) || get_user(nsec, rqtp + 1))
		return -EFAULT;
	if (sec < 0 || nsec < 0 || nsec >= (s32)NSEC_PER_SEC)
		return -EINVAL;
	set_current_state(TASK_INTERRUPTIBLE);
	u64 left = schedule_timeout_ns(sec * NSEC_PER_SEC + nsec);
	if (!left)
		return 0;
	if (rmtp && (put_user((s32)(left / NSEC_PER_SEC), rmtp) || put_user((s32)(left % NSEC_PER_SEC), rmtp + 1)))
		return -EFAULT;
	return -EINTR;
}

long sys_ia32_mmap2(u32 addr, u32 len, u32 prot, u32 flags, u32 fd, u32 pgoff)
{
	return sys_mmap(addr, len, prot, flags | MAP_32BIT, (s32)fd, (u64)pgoff << PAGE_SHIFT);
}

long sys_ia32_time(s32 __user *tloc)
{
	s32 now = ktime_get_real() / NSEC_PER_SEC;
	return tloc && put_user(now, tloc) ? -EFAULT : now;
}

static long rw_vec(int fd, void __user *vec, u32 vlen, long (*one)(int, void __user *, u32))
{
	struct { u32 base, len; } v;
	long done = 0, n;
	if (vlen > UIO_MAXIOV)
		return -EINVAL;
	for (u32 i = 0; i < vlen; i++) {
		if (copy_from_user(&v, (u8 __user *)vec + i * sizeof(v), sizeof(v)))
			return done ? done : -EFAULT;
		n = one(fd, (void __user *)(u64)v.base, v.len);
		if (n < 0)
			return done ? done : n;
		done += n;
		if (n < v.len)
			break;
	}
	return done;
}

static long read_one(int fd, void __user *p, u32 n) { return sys_read(fd, p, n); }
static long write_one(int fd, void __user *p, u32 n) { return sys_write(fd, p, n); }
long sys_ia32_readv(int fd, void __user *vec, u32 vlen) { return rw_vec(fd, vec, vlen, read_one); }
long sys_ia32_writev(int fd, void __user *vec, u32 vlen) { return rw_vec(fd, vec, vlen, write_one); }
