/*
 * Strings and memory.
 *
 * The copies that carry bandwidth (pipes, files) go through copy_from_user and its kin; memcpy is for
 * structs and names. It moves words of 8 bytes by rep movsq and ends with one word that may overlap the
 * one before. That last word is loaded before anything is stored, which makes a forward copy right for
 * dst < src too: memmove only has to add the way down.
 */
#include "string.h"
#include "uapi/errno.h"
#include "asm/x86.h"

struct word8 { u64 v; } __packed;	/* loads and stores at any address */
struct word4 { u32 v; } __packed;
struct word2 { u16 v; } __packed;
#define WORD(type, p) (((struct type *)(p))->v)

/* n < 8: all is loaded before the first store, so any overlap is fine. */
static __always_inline void copy_small(u8 *d, const u8 *s, size_t n)
{
	if (n >= 4) {
		u32 first = WORD(word4, s), last = WORD(word4, s + n - 4);

		WORD(word4, d) = first;
		WORD(word4, d + n - 4) = last;
	} else if (n >= 2) {
		u16 first = WORD(word2, s), last = WORD(word2, s + n - 2);

		WORD(word2, d) = first;
		WORD(word2, d + n - 2) = last;
	} else if (n) {
		*d = *s;
	}
}

static __always_inline void copy_forward(u8 *d, const u8 *s, size_t n)
{
	if (n >= 8) {
		u64 last = WORD(word8, s + n - 8);

		rep_movsq(d, s, n / 8);
		WORD(word8, d + n - 8) = last;
	} else {
		copy_small(d, s, n);
	}
}

void *memcpy(void *dst, const void *src, size_t n)
{
	copy_forward(dst, src, n);
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	if (d <= s || d >= s + n) {
		copy_forward(d, s, n);
		return dst;
	}
	while (n >= 8) {
		n -= 8;
		WORD(word8, d + n) = WORD(word8, s + n);
	}
	copy_small(d, s, n);
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	u8 *d = dst;
	u64 v = (u8)c * 0x0101010101010101UL;

	if (n >= 8) {
		WORD(word8, d + n - 8) = v;
		rep_stosq(d, v, n / 8);
	} else {
		while (n)
			d[--n] = v;
	}
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n >= 8 && WORD(word8, x) == WORD(word8, y); n -= 8)
		x += 8, y += 8;
	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	for (const u8 *p = s; n; n--, p++)
		if (*p == (u8)c)
			return (void *)p;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return p - s;
}

size_t strnlen(const char *s, size_t n)
{
	size_t len = 0;

	while (len < n && s[len])
		len++;
	return len;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

static int lower(char c) { return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : (u8)c; }

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	do
		if (*s == (char)c)
			found = s;
	while (*s++);
	return (char *)found;
}

char *strstr(const char *s, const char *what)
{
	size_t n = strlen(what);

	for (; strncmp(s, what, n); s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(src, size);
	bool cut = n == size;

	n -= cut;
	memcpy(dst, src, n);
	dst[n] = 0;
	return cut ? -E2BIG : (ssize_t)n;
}

static int digit(char c)
{
	c = lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

u64 strtoull(const char *s, char **end, int base)
{
	const char *begin = s;
	bool minus, any = false;
	u64 v = 0, sum;

	while (*s == ' ' || (*s >= '\t' && *s <= '\r'))
		s++;
	minus = *s == '-';
	if (*s == '-' || *s == '+')
		s++;
	if ((base == 0 || base == 16) && s[0] == '0' && lower(s[1]) == 'x' && digit(s[2]) < 16) {
		s += 2;
		base = 16;
	} else if (base == 0) {
		base = *s == '0' ? 8 : 10;
	}
	for (bool over = false; digit(*s) < base; s++, any = true) {
		over |= __builtin_mul_overflow(v, base, &sum) || __builtin_add_overflow(sum, digit(*s), &sum);
		v = over ? ~0UL : sum;
	}
	if (end)
		*end = (char *)(any ? s : begin);
	return minus && v != ~0UL ? -v : v;
}

s64 strtoll(const char *s, char **end, int base) { return strtoull(s, end, base); }

u64 memparse(const char *s, char **end)
{
	char *p;
	u64 v = strtoull(s, &p, 0);
	const char *units = "kmgtpe", *unit = *p ? strchr(units, lower(*p)) : NULL;

	if (unit) {
		v <<= 10 * (unit - units + 1);
		p++;
	}
	if (end)
		*end = p;
	return v;
}
