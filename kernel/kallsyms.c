/*
 * From address to function name, by binary search in the table that the build puts in .rodata.
 * The table holds where functions begin, not where they end: an address belongs to the last
 * function that begins at or below it.
 */
#include "kallsyms.h"

extern const char _text[], _etext[], _sinittext[], _einittext[];

static bool is_text(u64 addr)
{
	return (addr >= (u64)_text && addr < (u64)_etext) || (addr >= (u64)_sinittext && addr < (u64)_einittext);
}

const char *kallsyms_lookup(u64 addr, u64 *offset)
{
	u32 lo = 0, hi = kallsyms_nr;
	if (!is_text(addr))
		return NULL;
	while (lo < hi) {	/* entries below lo begin at or below addr, entries from hi on above it */
		u32 mid = (lo + hi) / 2;
		if (kallsyms_table[mid].addr <= (u32)addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return NULL;
	if (offset)
		*offset = (u32)addr - kallsyms_table[lo - 1].addr;
	return &kallsyms_names[kallsyms_table[lo - 1].name];
}
