/*
 * System calls. kernel/syscalls.tbl.h is the one table; here it becomes prototypes.
 * SYSCALL(nr, nr32, name, (type arg, ...)): nr32 is the number behind int 0x80, -1: none.
 */
#pragma once
#include "types.h"
#include "uapi/signal.h"
#include "uapi/resource.h"

struct iovec; struct stat; struct statx; struct pollfd; struct sigaction; struct rlimit; struct statfs; struct new_utsname;
struct sysinfo; struct itimerval; struct tms; struct sched_param; struct rusage; struct linux_dirent64; struct timezone; struct pt_regs;

#define NR_SYSCALLS 452
void syscall_trace(bool on);		/* every call takes the way on which it is traced */
void syscall_args(const struct pt_regs *r, bool ia32, u64 args[6]);	/* as they came into the kernel */
const char *syscall_text(u32 nr, bool ia32);	/* "close(unsigned fd)", or only a name; NULL: no such number */

#define SYSCALL(nr, nr32, name, args) long sys_##name args;
#include "kernel/syscalls.tbl.h"
#undef SYSCALL
