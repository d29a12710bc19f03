/*
 * wrong: pte_lookup goes through entries that are empty: frame 0 is taken for a table
 * fails: lookup
 * hint: hints/lookup.md
 */
pte_t *pte_lookup(struct mm_struct *mm, u64 addr)
{
	u64 *e = &mm->pgd[pgd_index(addr)];

	if (!*e)
		return NULL;
	e = &table_of(*e)[pud_index(addr)];
	e = &table_of(*e)[pmd_index(addr)];
	return &table_of(*e)[pte_index(addr)];
}
