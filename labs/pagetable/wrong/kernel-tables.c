/*
 * wrong: tables are hung in without the user bit: the processor lets no program through
 * fails: walk
 * hint: hints/walk.md
 */
static bool my_table(struct mm_struct *mm, u64 *entry)
{
	if (!add_table(mm, entry))
		return false;
	*entry &= ~_PAGE_USER;
	return true;
}

pte_t *pte_alloc(struct mm_struct *mm, u64 addr)
{
	u64 *e = &mm->pgd[pgd_index(addr)];

	if (!*e && !my_table(mm, e))
		return NULL;
	e = &table_of(*e)[pud_index(addr)];
	if (!*e && !my_table(mm, e))
		return NULL;
	e = &table_of(*e)[pmd_index(addr)];
	if (!*e && !my_table(mm, e))
		return NULL;
	return &table_of(*e)[pte_index(addr)];
}
