/* Linux's struct statfs and file system magics. */
#pragma once
#include "types.h"

struct statfs {
	s64 f_type, f_bsize;
	u64 f_blocks, f_bfree, f_bavail, f_files, f_ffree;
	int f_fsid[2];
	s64 f_namelen, f_frsize, f_flags, f_spare[4];
};
#define TMPFS_MAGIC 0x01021994
#define RAMFS_MAGIC 0x858458f6
#define PROC_SUPER_MAGIC 0x9fa0
#define PIPEFS_MAGIC 0x50495045
#define SYSFS_MAGIC 0x62656572
