/* Device numbers, 12 bits of major and 20 of minor inside the kernel; Linux's encoding at the ABI. */
#pragma once
#include "types.h"

#define MINORBITS 20
#define MKDEV(ma, mi) (((u32)(ma) << MINORBITS) | (mi))
#define MAJOR(dev) ((dev) >> MINORBITS)
#define MINOR(dev) ((dev) & ((1u << MINORBITS) - 1))
/* stat's st_dev (new_encode_dev) and back. */
static inline u32 new_encode_dev(dev_t d) { return (MINOR(d) & 0xff) | MAJOR(d) << 8 | (MINOR(d) & ~0xffu) << 12; }
static inline dev_t new_decode_dev(u32 d) { return MKDEV((d & 0xfff00) >> 8, (d & 0xff) | (d >> 12 & 0xfff00)); }
