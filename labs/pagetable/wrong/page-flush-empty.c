/*
 * wrong: flush_tlb_page does nothing: QEMU and the processor walk again after a fault anyway
 * fails: unmapped_is_gone protection_at_once
 * hint: hints/tlb.md
 */
void flush_tlb_page(struct mm_struct *mm, u64 addr)
{
}
