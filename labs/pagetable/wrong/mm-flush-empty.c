/*
 * wrong: flush_tlb_mm does nothing: the next switch will load CR3
 * fails: fork_sees_no_old_rights
 * hint: hints/tlb-whose.md
 */
void flush_tlb_mm(struct mm_struct *mm)
{
}
