/*
 * wrong: flush_tlb_page loads the tables of whatever address space it is asked to flush
 * fails: exec_leaves_the_old
 * hint: hints/tlb-whose.md
 */
void flush_tlb_page(struct mm_struct *mm, u64 addr)
{
	preempt_disable();
	write_cr3(__pa(mm->pgd));
	preempt_enable();
}
