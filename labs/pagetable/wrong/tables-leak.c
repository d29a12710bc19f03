/*
 * wrong: only last-level tables are freed
 * fails: tables_go_too
 * hint: hints/tables.md
 */
static void free_tables(struct mm_struct *mm, u64 *table, int shift, u64 start, u64 end, u64 floor, u64 ceiling)
{
	u64 size = 1UL << shift;
	for (u64 a = ALIGN_DOWN(start, size); a < end; a += size) {
		u64 *e = &table[a >> shift & 511];
		if (!pte_present(*e))
			continue;
		if (shift > PMD_SHIFT)
			free_tables(mm, table_of(*e), shift - 9, max(start, a), min(end, a + size), floor, ceiling);
		if (shift == PMD_SHIFT && a >= floor && a + size <= ceiling) {
			atomic_long_dec(&mm->nr_ptes);
			atomic_long_dec(&nr_page_tables);
			free_page(table_of(*e));
			*e = 0;
		}
	}
}
