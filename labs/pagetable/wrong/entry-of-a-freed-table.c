/*
 * wrong: the table is freed, the entry above still leads to it
 * fails: tables_go_too
 * hint: hints/tables.md
 */
static void free_tables(struct table_gather *g, u64 *table, int shift, u64 start, u64 end)
{
	u64 size = 1UL << shift;
	for (u64 a = ALIGN_DOWN(start, size); a < end; a += size) {
		u64 *e = &table[a >> shift & 511];
		if (!pte_present(*e))
			continue;
		if (shift > PMD_SHIFT)
			free_tables(g, table_of(*e), shift - 9, max(start, a), min(end, a + size));
		if (a >= g->floor && a + size <= g->ceiling) {
			atomic_long_dec(&g->mm->nr_ptes);
			mod_page_state(NR_PAGE_TABLES, -1);
			list_add(&virt_to_page(table_of(*e))->lru, &g->list);
		}
	}
}
