/*
 * wrong: the index of the pmd level is taken for the pte level too
 * fails: walk
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
	if (unlikely(!*e) && !add_table(mm, e))
		return NULL;
	return &table_of(*e)[(addr >> PMD_SHIFT) & 511];
}
