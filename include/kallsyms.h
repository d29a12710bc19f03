/*
 * The kernel's own symbol table: which function is this address in?  For backtraces and wchan.
 *
 * tools/kallsyms.sh makes it from a first link of the kernel (Makefile): pairs sorted by address, and
 * the names one after the other.  The high half of every kernel address is the same, so 32 bits do.
 *
 * In Linux: kernel/kallsyms.c, which compresses the names as well.
 */
#pragma once
#include "types.h"

struct kallsym {
	u32 addr;	/* low half of the address; the high half is all ones */
	u32 name;	/* offset in kallsyms_names */
};

extern const struct kallsym kallsyms_table[];
extern const char kallsyms_names[];
extern const u32 kallsyms_nr;

/* The name of the function that addr lies in and, if offset is not NULL, how far into it; NULL when
 * addr is not in the kernel's text.  Takes no lock: may be called from a panic. */
const char *kallsyms_lookup(u64 addr, u64 *offset);
