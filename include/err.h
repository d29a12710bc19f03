/* Errors as pointers: the last 4095 addresses are -errno. */
#pragma once
#include "types.h"
#include "uapi/errno.h"

#define MAX_ERRNO 4095
static inline void *ERR_PTR(long err) { return (void *)err; }
static inline long PTR_ERR(const void *p) { return (long)p; }
static inline bool IS_ERR(const void *p) { return unlikely((unsigned long)p >= (unsigned long)-MAX_ERRNO); }
