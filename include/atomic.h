/* Atomic counters. All are full barriers except read and set. */
#pragma once
#include "types.h"

typedef struct { int v; } atomic_t;
typedef struct { long v; } atomic_long_t;

#define ATOMIC_INIT(n) { (n) }
static inline int atomic_read(const atomic_t *a) { return READ_ONCE(a->v); }
static inline void atomic_set(atomic_t *a, int n) { WRITE_ONCE(a->v, n); }
static inline void atomic_inc(atomic_t *a) { __atomic_add_fetch(&a->v, 1, __ATOMIC_SEQ_CST); }
static inline void atomic_dec(atomic_t *a) { __atomic_sub_fetch(&a->v, 1, __ATOMIC_SEQ_CST); }
static inline int atomic_inc_return(atomic_t *a) { return __atomic_add_fetch(&a->v, 1, __ATOMIC_SEQ_CST); }
static inline bool atomic_dec_and_test(atomic_t *a) { return __atomic_sub_fetch(&a->v, 1, __ATOMIC_SEQ_CST) == 0; }
/* Takes a reference unless the count is already 0. */
static inline bool atomic_inc_not_zero(atomic_t *a)
{
	int old = atomic_read(a);

	while (old && !__atomic_compare_exchange_n(&a->v, &old, old + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	return old != 0;
}
static inline long atomic_long_read(const atomic_long_t *a) { return READ_ONCE(a->v); }
static inline void atomic_long_add(long n, atomic_long_t *a) { __atomic_add_fetch(&a->v, n, __ATOMIC_SEQ_CST); }
static inline long atomic_long_add_return(long n, atomic_long_t *a) { return __atomic_add_fetch(&a->v, n, __ATOMIC_SEQ_CST); }
static inline void atomic_long_inc(atomic_long_t *a) { atomic_long_add(1, a); }
static inline void atomic_long_dec(atomic_long_t *a) { atomic_long_add(-1, a); }
