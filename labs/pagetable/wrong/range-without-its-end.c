/*
 * wrong: flush_tlb_range forgets the last page
 * fails: unmapped_is_gone protection_at_once
 * hint: hints/tlb.md
 */
void flush_tlb_range(struct mm_struct *mm, u64 start, u64 end)
{
	if (mm != current->active_mm)
		return;
	if (end - start > FLUSH_ALL_PAGES * PAGE_SIZE) {
		flush_tlb_mm(mm);
		return;
	}
	for (; start + PAGE_SIZE < end; start += PAGE_SIZE)
		invlpg(start);
}
