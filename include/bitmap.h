/* Bits in arrays of unsigned long. Not atomic. */
#pragma once
#include "types.h"

#define BITS_TO_LONGS(n) DIV_ROUND_UP(n, 64)
#define DECLARE_BITMAP(name, n) unsigned long name[BITS_TO_LONGS(n)]

static inline void set_bit(unsigned long nr, unsigned long *map) { map[nr / 64] |= 1UL << (nr % 64); }
static inline void clear_bit(unsigned long nr, unsigned long *map) { map[nr / 64] &= ~(1UL << (nr % 64)); }
static inline bool test_bit(unsigned long nr, const unsigned long *map) { return map[nr / 64] >> (nr % 64) & 1; }
/* The first zero (set) bit at or after start, or size when there is none. */
unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size, unsigned long start);
unsigned long find_next_bit(const unsigned long *map, unsigned long size, unsigned long start);
static inline int ffs64(u64 x) { return x ? __builtin_ctzl(x) : 64; }	/* index of the lowest set bit */
static inline int fls64(u64 x) { return x ? 64 - __builtin_clzl(x) : 0; }	/* 1 + index of the highest */
