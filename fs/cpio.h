/* A reader of cpio archives in the newc format, without kernel objects: also built and fuzzed on the host. */
#pragma once
#include "types.h"

struct cpio_state {
	const u8 *data;
	size_t len, pos;
	size_t entry;			/* where the present entry begins, for messages */
	const char *error;		/* why cpio_next returned -1 */
	char name[64];			/* of the entry that is broken, as far as it is known */
};
struct cpio_entry {
	const char *name;		/* NUL-ended, inside the archive */
	const u8 *data;
	u32 size, ino, mode, uid, gid, nlink, mtime, major, minor, rmajor, rminor;
	bool trailer;			/* TRAILER!!!: another archive may follow */
};
/* The next entry: 1. 0: no more; -1: broken, see st->error. */
int cpio_next(struct cpio_state *st, struct cpio_entry *e);
