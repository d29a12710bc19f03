/*
 * wrong: flush_tlb_mm loads the tables of whatever address space it is asked to flush
 * fails: exec_leaves_the_old
 * hint: hints/tlb-whose.md
 */
void flush_tlb_mm(struct mm_struct *mm)
{
	preempt_disable();
	write_cr3(__pa(mm->pgd));
	preempt_enable();
}
