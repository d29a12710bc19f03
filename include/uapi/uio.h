/* Linux's struct iovec. */
#pragma once
#include "types.h"

struct iovec {
	void __user *iov_base;
	size_t iov_len;
};
#define UIO_MAXIOV 1024
#define UIO_FASTIOV 8
