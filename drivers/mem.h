/* Devices that are only memory, and random numbers (drivers/mem.c). In Linux: drivers/char/mem.c, random.c. */
#pragma once
#include "types.h"

void chr_dev_init(void);		/* /dev/null zero full random urandom kmsg. After vfs_init */
void get_random_bytes(void *buf, size_t n);	/* any context; seeds itself at the first call */
