/* Strings, memory, and formatted text (lib/string.c, lib/vsnprintf.c). */
#pragma once
#include "types.h"

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);
/* Copies at most size-1 bytes and always ends with NUL (size > 0); returns the length or -E2BIG when cut. */
ssize_t strscpy(char *dst, const char *src, size_t size);
/* As in C; *end (may be NULL) is the first byte not used. base 0 knows 0x and 0. */
u64 strtoull(const char *s, char **end, int base);
s64 strtoll(const char *s, char **end, int base);
/* "32M", "1G", "512k": like Linux's memparse. */
u64 memparse(const char *s, char **end);

/* d i u x o c s p % with flags 0 - # width .precision * and l ll z; like C's. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
/* As snprintf, but returns what was stored (never more than size-1). */
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
