/*
 * wrong: pte_lookup is pte_alloc: who only looks makes tables
 * fails: lookup
 * hint: hints/lookup.md
 */
pte_t *pte_lookup(struct mm_struct *mm, u64 addr)
{
	return pte_alloc(mm, addr);
}
