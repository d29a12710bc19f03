/*
 * Copies between kernel and user space; the only code that touches user addresses
 * (invariant U1: every pointer from user space passes access_ok and a copy with an exception-table
 * entry; a bad one ends in -EFAULT, never in a kernel fault). May sleep (page faults).
 * In Linux: arch/x86/lib/usercopy_64.c, getuser.S.
 */
#pragma once
#include "types.h"
#include "uapi/errno.h"

#define TASK_SIZE 0x00007ffffffff000UL	/* first address user space can't have */

static inline bool access_ok(const void __user *p, size_t n)
{
	return n <= TASK_SIZE && (u64)p <= TASK_SIZE - n;
}
/* The number of bytes NOT copied: 0 is success. copy_from_user does not zero the rest. */
size_t copy_from_user(void *dst, const void __user *src, size_t n);
size_t copy_to_user(void __user *dst, const void *src, size_t n);
size_t clear_user(void __user *dst, size_t n);
/* Length without the NUL; size when no NUL came in size bytes (dst is then not ended); -EFAULT. */
ssize_t strncpy_from_user(char *dst, const char __user *src, size_t size);
/* As above without a copy: length of a user string up to max, max when longer, -EFAULT. */
ssize_t strnlen_user(const char __user *s, size_t max);

/* 32 bytes, all or nothing: dst, or ERR_PTR(-EFAULT) with dst as it was. */
void *get_user_32_bytes(void *dst, const void __user *src);

/* One value of 1, 2, 4 or 8 bytes; 0 or -EFAULT. In uaccess.asm; x is zeroed on a fault. */
int __get_user_1(u8 *x, const void __user *p);
int __get_user_2(u16 *x, const void __user *p);
int __get_user_4(u32 *x, const void __user *p);
int __get_user_8(u64 *x, const void __user *p);
int __put_user_1(u64 x, void __user *p);
int __put_user_2(u64 x, void __user *p);
int __put_user_4(u64 x, void __user *p);
int __put_user_8(u64 x, void __user *p);
#define get_user(x, p)                                                                             \
	({                                                                                         \
		union { __typeof__(*(p)) v; u8 b; u16 w; u32 d; u64 q; } _u;                       \
		int _e = sizeof(*(p)) == 1 ? __get_user_1(&_u.b, p) :                              \
			 sizeof(*(p)) == 2 ? __get_user_2(&_u.w, p) :                              \
			 sizeof(*(p)) == 4 ? __get_user_4(&_u.d, p) : __get_user_8(&_u.q, p);      \
		(x) = _u.v;                                                                        \
		_e;                                                                                \
	})
#define put_user(x, p)                                                                             \
	({                                                                                         \
		__typeof__(*(p)) _v = (x);                                                         \
		sizeof(*(p)) == 1 ? __put_user_1((u64)_v, p) :                                     \
		sizeof(*(p)) == 2 ? __put_user_2((u64)_v, p) :                                     \
		sizeof(*(p)) == 4 ? __put_user_4((u64)_v, p) : __put_user_8((u64)_v, p);           \
	})

/* The address to go on at when the instruction at rip faulted, or 0 (kernel/x86/uaccess). */
u64 search_exception_table(u64 rip);
