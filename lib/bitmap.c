/* Searches in bitmaps, 64 bits at a time. */
#include "bitmap.h"

/* The first bit at or after start where map XOR flip has a 1. */
static inline unsigned long find_next(const unsigned long *map, unsigned long size, unsigned long start, u64 flip)
{
	for (unsigned long i = start / 64; i * 64 < size; i++) {
		u64 word = map[i] ^ flip;

		if (i == start / 64)
			word &= ~0UL << start % 64;
		if (word)
			return min(size, i * 64 + ffs64(word));
	}
	return size;
}

unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size, unsigned long start)
{
	return find_next(map, size, start, ~0UL);
}

unsigned long find_next_bit(const unsigned long *map, unsigned long size, unsigned long start)
{
	return find_next(map, size, start, 0);
}
