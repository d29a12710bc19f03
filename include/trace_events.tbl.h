/*
 * The one table of trace events:
 *
 *   TRACE_EVENT(system, name, (what the point is given), (its names),
 *	FIELDS(what is kept of it), ASSIGN(how that is filled; r is the record), PRINT(how it reads))
 *
 * Fields: F(type, name) a number, A(type, name, n) an array. Names and texts are Linux's (include/trace/events/), but for
 * sched_enqueue and cow, which Linux lacks. It feeds include/trace.h and kernel/trace.c. No #pragma once: included many times.
 */
/* sched/core.c, sched/fair.c */
TRACE_EVENT(sched, sched_switch, (struct task_struct *prev, struct task_struct *next), (prev, next),
	FIELDS(A(char, prev_comm, 16) F(pid_t, prev_pid) F(int, prev_prio) F(int, prev_state) A(char, next_comm, 16) F(pid_t, next_pid) F(int, next_prio)),
	ASSIGN(COMM(prev_comm, prev); r->prev_pid = prev->pid; r->prev_prio = prev->prio; r->prev_state = prev->on_rq && prev->state ? -1 : (int)prev->state;
	       COMM(next_comm, next); r->next_pid = next->pid; r->next_prio = next->prio),
	PRINT("prev_comm=%s prev_pid=%d prev_prio=%d prev_state=%s ==> next_comm=%s next_pid=%d next_prio=%d", r->prev_comm, r->prev_pid,
	      r->prev_prio, state_name(r->prev_state), r->next_comm, r->next_pid, r->next_prio))
TRACE_EVENT(sched, sched_wakeup, (struct task_struct *p), (p),
	FIELDS(A(char, comm, 16) F(pid_t, pid) F(int, prio) F(int, target_cpu)),
	ASSIGN(COMM(comm, p); r->pid = p->pid; r->prio = p->prio; r->target_cpu = p->cpu),
	PRINT("comm=%s pid=%d prio=%d target_cpu=%03d", r->comm, r->pid, r->prio, r->target_cpu))
TRACE_EVENT(sched, sched_wakeup_new, (struct task_struct *p), (p),
	FIELDS(A(char, comm, 16) F(pid_t, pid) F(int, prio) F(int, target_cpu)),
	ASSIGN(COMM(comm, p); r->pid = p->pid; r->prio = p->prio; r->target_cpu = p->cpu),
	PRINT("comm=%s pid=%d prio=%d target_cpu=%03d", r->comm, r->pid, r->prio, r->target_cpu))
TRACE_EVENT(sched, sched_stat_runtime, (struct task_struct *p), (p),
	FIELDS(A(char, comm, 16) F(pid_t, pid) F(u64, runtime) F(u64, vruntime)),
	ASSIGN(COMM(comm, p); r->pid = p->pid; r->vruntime = p->se.vruntime;
	       r->runtime = p->se.sum_exec_runtime - max(p->se.traced_exec_runtime, p->se.prev_sum_exec_runtime);
	       p->se.traced_exec_runtime = p->se.sum_exec_runtime),
	PRINT("comm=%s pid=%d runtime=%lu [ns] vruntime=%lu [ns]", r->comm, r->pid, r->runtime, r->vruntime))
TRACE_EVENT(sched, sched_enqueue, (struct task_struct *p, u64 min_vruntime), (p, min_vruntime),
	FIELDS(A(char, comm, 16) F(pid_t, pid) F(u64, weight) F(u64, vruntime) F(u64, min_vruntime)),
	ASSIGN(COMM(comm, p); r->pid = p->pid; r->weight = p->se.load.weight; r->vruntime = p->se.vruntime; r->min_vruntime = min_vruntime),
	PRINT("comm=%s pid=%d weight=%lu vruntime=%lu [ns] min_vruntime=%lu [ns]", r->comm, r->pid, r->weight, r->vruntime, r->min_vruntime))
/* kernel/fork.c, kernel/exec.c, kernel/exit.c */
TRACE_EVENT(sched, sched_process_fork, (struct task_struct *child), (child),
	FIELDS(A(char, comm, 16) F(pid_t, pid) A(char, child_comm, 16) F(pid_t, child_pid)),
	ASSIGN(COMM(comm, current); r->pid = current->pid; COMM(child_comm, child); r->child_pid = child->pid),
	PRINT("comm=%s pid=%d child_comm=%s child_pid=%d", r->comm, r->pid, r->child_comm, r->child_pid))
TRACE_EVENT(sched, sched_process_exec, (const char *filename), (filename),
	FIELDS(A(char, filename, 64) F(pid_t, pid) F(pid_t, old_pid)),
	ASSIGN(strscpy(r->filename, filename, sizeof(r->filename)); r->pid = r->old_pid = current->pid),
	PRINT("filename=%s pid=%d old_pid=%d", r->filename, r->pid, r->old_pid))
TRACE_EVENT(sched, sched_process_exit, (struct task_struct *p), (p),
	FIELDS(A(char, comm, 16) F(pid_t, pid) F(int, prio)),
	ASSIGN(COMM(comm, p); r->pid = p->pid; r->prio = p->prio),
	PRINT("comm=%s pid=%d prio=%d", r->comm, r->pid, r->prio))
/* kernel/syscall.c */
TRACE_EVENT(syscalls, sys_enter, (struct pt_regs *regs, bool ia32), (regs, ia32),
	FIELDS(F(u32, nr) F(u32, ia32) A(u64, args, 6) A(char, text, 2 * TRACE_TEXT)),
	ASSIGN(r->nr = regs->orig_rax; r->ia32 = ia32; r->h.len -= sizeof(r->text) - fill_args(r, regs)),
	PRINT_BY(print_sys_enter))
TRACE_EVENT(syscalls, sys_exit, (u32 nr, bool ia32, long ret), (nr, ia32, ret),
	FIELDS(F(u32, nr) F(u32, ia32) F(long, ret)),
	ASSIGN(r->nr = nr; r->ia32 = ia32; r->ret = ret),
	PRINT_BY(print_sys_exit))
/* mm/fault.c, mm/page_alloc.c */
TRACE_EVENT(exceptions, page_fault_user, (u64 address, struct pt_regs *regs, u64 error_code), (address, regs, error_code),
	FIELDS(F(u64, address) F(u64, ip) F(u64, error_code)),
	ASSIGN(r->address = address; r->ip = regs->rip; r->error_code = error_code),
	PRINT("address=0x%lx ip=0x%lx error_code=0x%lx", r->address, r->ip, r->error_code))
TRACE_EVENT(exceptions, page_fault_kernel, (u64 address, struct pt_regs *regs, u64 error_code), (address, regs, error_code),
	FIELDS(F(u64, address) F(u64, ip) F(u64, error_code)),
	ASSIGN(r->address = address; r->ip = regs->rip; r->error_code = error_code),
	PRINT("address=0x%lx ip=%s error_code=0x%lx", r->address, function_name(r->ip), r->error_code))
TRACE_EVENT(exceptions, cow, (u64 address, struct page *old, struct page *page), (address, old, page),
	FIELDS(F(u64, address) F(u64, old_pfn) F(u64, new_pfn)),
	ASSIGN(r->address = address; r->old_pfn = page_to_pfn(old); r->new_pfn = page_to_pfn(page)),
	PRINT("address=0x%lx old_pfn=0x%lx new_pfn=0x%lx%s", r->address, r->old_pfn, r->new_pfn, r->old_pfn == r->new_pfn ? " (last sharer)" : ""))
TRACE_EVENT(kmem, mm_page_alloc, (struct page *page, unsigned order, u32 gfp), (page, order, gfp),
	FIELDS(F(u64, pfn) F(u32, order) F(u32, gfp_flags)),
	ASSIGN(r->pfn = page_to_pfn(page); r->order = order; r->gfp_flags = gfp),
	PRINT("page=%p pfn=0x%lx order=%u migratetype=0 gfp_flags=0x%x", pfn_to_page(r->pfn), r->pfn, r->order, r->gfp_flags))
TRACE_EVENT(kmem, mm_page_free, (struct page *page, unsigned order), (page, order),
	FIELDS(F(u64, pfn) F(u32, order)),
	ASSIGN(r->pfn = page_to_pfn(page); r->order = order),
	PRINT("page=%p pfn=0x%lx order=%u", pfn_to_page(r->pfn), r->pfn, r->order))
/* kernel/sigqueue.c, kernel/signal.c */
TRACE_EVENT(signal, signal_generate, (int sig, const struct siginfo *info, struct task_struct *p, bool group), (sig, info, p, group),
	FIELDS(F(int, sig) F(int, errno) F(int, code) A(char, comm, 16) F(pid_t, pid) F(int, group)),
	ASSIGN(r->sig = sig; r->errno = info ? info->si_errno : 0; r->code = info ? info->si_code : SI_KERNEL;
	       COMM(comm, p); r->pid = p->pid; r->group = group),
	PRINT("sig=%d errno=%d code=%d comm=%s pid=%d grp=%d res=0", r->sig, r->errno, r->code, r->comm, r->pid, r->group))
TRACE_EVENT(signal, signal_deliver, (int sig, const struct siginfo *info, const struct sigaction *sa), (sig, info, sa),
	FIELDS(F(int, sig) F(int, errno) F(int, code) F(u64, sa_handler) F(u64, sa_flags)),
	ASSIGN(r->sig = sig; r->errno = info ? info->si_errno : 0; r->code = info ? info->si_code : 0;
	       r->sa_handler = sa ? (u64)sa->sa_handler : 0; r->sa_flags = sa ? sa->sa_flags : 0),
	PRINT("sig=%d errno=%d code=%d sa_handler=%lx sa_flags=%lx", r->sig, r->errno, r->code, r->sa_handler, r->sa_flags))
/* kernel/irq.c, sched/timer.c, sched/rwsem.c */
TRACE_EVENT(irq, irq_handler_entry, (int irq, const char *name), (irq, name),
	FIELDS(F(int, irq) A(char, name, 16)),
	ASSIGN(r->irq = irq; strscpy(r->name, name, sizeof(r->name))),
	PRINT("irq=%d name=%s", r->irq, r->name))
TRACE_EVENT(irq, irq_handler_exit, (int irq, bool handled), (irq, handled),
	FIELDS(F(int, irq) F(int, handled)),
	ASSIGN(r->irq = irq; r->handled = handled),
	PRINT("irq=%d ret=%s", r->irq, r->handled ? "handled" : "unhandled"))
TRACE_EVENT(timer, hrtimer_expire_entry, (struct timer *t, u64 now), (t, now),
	FIELDS(F(u64, hrtimer) F(u64, function) F(u64, now)),
	ASSIGN(r->hrtimer = (u64)t; r->function = (u64)t->fn; r->now = now),
	PRINT("hrtimer=0x%lx function=%s now=%lu", r->hrtimer, function_name(r->function), r->now))
TRACE_EVENT(lock, contention_begin, (const void *lock, bool writer), (lock, writer),
	FIELDS(F(u64, lock_addr) F(u32, writer)),
	ASSIGN(r->lock_addr = (u64)lock; r->writer = writer),
	PRINT("0x%lx (flags=%s)", r->lock_addr, r->writer ? "WRITE" : "READ"))
TRACE_EVENT(lock, contention_end, (const void *lock, int ret), (lock, ret),
	FIELDS(F(u64, lock_addr) F(int, ret)),
	ASSIGN(r->lock_addr = (u64)lock; r->ret = ret),
	PRINT("0x%lx (ret=%d)", r->lock_addr, r->ret))
