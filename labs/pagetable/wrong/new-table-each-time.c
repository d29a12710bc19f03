/*
 * wrong: pte_alloc hangs in a new last-level table whenever the table's first page is asked for: what was mapped is lost
 * fails: tables_are_shared
 * hint: hints/walk.md
 */
pte_t *pte_alloc(struct mm_struct *mm, u64 addr)
{
	u64 *e = &mm->pgd[pgd_index(addr)];
	if (unlikely(!*e) && !add_table(mm, e))
		return NULL;
	e = &table_of(*e)[pud_index(addr)];
	if (unlikely(!*e) && !add_table(mm, e))
		return NULL;
	e = &table_of(*e)[pmd_index(addr)];
	if (pte_index(addr) == 0 && !add_table(mm, e))
		return NULL;
	if (!*e && !add_table(mm, e))
		return NULL;
	return &table_of(*e)[pte_index(addr)];
}
