/*
 * wrong: the next task runs in the address space of the one before it
 * fails: borrowed_spaces
 * hint: hints/mm.md
 */
static void context_switch(struct rq *rq, struct task_struct *prev, struct task_struct *next)
{
	if (next->mm) {
		if (!prev->mm) {		/* what it borrowed, finish_task_switch gives back */
			rq->prev_mm = prev->active_mm;
			prev->active_mm = NULL;
		}
	} else {				/* a kernel thread borrows */
		next->active_mm = prev->active_mm;
		if (prev->mm)
			mmgrab(prev->active_mm);
		else
			prev->active_mm = NULL;
	}
	switch_to_extra(prev, next);
	next->on_cpu = true;
	this_cpu->curr = next;
	prev = __switch_to_asm(prev, next);
	/* We are next now, perhaps years later: only prev, from rax, is known. */
	finish_task_switch(prev);
}
