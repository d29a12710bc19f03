/*
 * System calls. kernel/syscalls.tbl.h is the one table; here it becomes prototypes.
 * SYSCALL(nr, nr32, name, nargs, type, arg, ...): nr32 is the number behind int 0x80, -1: none.
 */
#pragma once
#include "types.h"
#include "uapi/signal.h"
#include "uapi/resource.h"

struct iovec; struct stat; struct statx; struct pollfd; struct sigaction; struct rlimit; struct statfs; struct new_utsname;
struct sysinfo; struct itimerval; struct itimerspec64; struct tms; struct sched_param; struct utimbuf; struct rusage;
struct linux_dirent; struct linux_dirent64; struct timezone;

#define NR_SYSCALLS 452
void syscall_trace(bool on);		/* every call takes the way on which it is traced */
const char *syscall_text(u32 nr, bool ia32);	/* "close(unsigned, fd)", or only a name; NULL: no such number */

#define SC_ARGS0()
#define SC_PROTO0() void
#define SC_PROTO2(t1, a1) t1 a1
#define SC_PROTO4(t1, a1, t2, a2) t1 a1, t2 a2
#define SC_PROTO6(t1, a1, t2, a2, t3, a3) t1 a1, t2 a2, t3 a3
#define SC_PROTO8(t1, a1, t2, a2, t3, a3, t4, a4) t1 a1, t2 a2, t3 a3, t4 a4
#define SC_PROTO10(t1, a1, t2, a2, t3, a3, t4, a4, t5, a5) t1 a1, t2 a2, t3 a3, t4 a4, t5 a5
#define SC_PROTO12(t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6) t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6

#define SYSCALL0(nr, nr32, name) long sys_##name(void);
#define SYSCALL1(nr, nr32, name, ...) long sys_##name(SC_PROTO2(__VA_ARGS__));
#define SYSCALL2(nr, nr32, name, ...) long sys_##name(SC_PROTO4(__VA_ARGS__));
#define SYSCALL3(nr, nr32, name, ...) long sys_##name(SC_PROTO6(__VA_ARGS__));
#define SYSCALL4(nr, nr32, name, ...) long sys_##name(SC_PROTO8(__VA_ARGS__));
#define SYSCALL5(nr, nr32, name, ...) long sys_##name(SC_PROTO10(__VA_ARGS__));
#define SYSCALL6(nr, nr32, name, ...) long sys_##name(SC_PROTO12(__VA_ARGS__));
#include "kernel/syscalls.tbl.h"
#undef SYSCALL0
#undef SYSCALL1
#undef SYSCALL2
#undef SYSCALL3
#undef SYSCALL4
#undef SYSCALL5
#undef SYSCALL6
