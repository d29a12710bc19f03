/*
 * The watchdog: says what is stuck, once for each, with a backtrace of it.
 *
 *   a processor that does not tick         seen by the others, once a second; an NMI makes it show where it is
 *   one that ticks, but does not switch    seen by its own tick: preemption has been off all the time
 *   a task that sleeps uninterruptibly     seen by the boot processor, under tasklist_lock
 *   a spinlock that never comes free       seen by who spins (spin_lockup in sched/lock.c)
 *
 * The boot processor passes the tick on: when it is stuck itself, nobody ticks. So processor 1 has a timer of its own,
 * in its local APIC, of which only matters that it comes now and then. Not seen: the boot processor of a machine with
 * one processor that has interrupts off.
 *
 * In Linux: kernel/watchdog.c, kernel/hung_task.c.
 */
#include "kernel/irq.h"
#include "kernel/process.h"
#include "kernel/x86/x86.h"
#include "printk.h"
#include "sched/lock.h"
#include "smp.h"

#define TIMEOUT_S 10
int hung_task_timeout_secs = 10;

static struct watch {
	u64 ticks, switched;		/* own tick only; switched: the last one that found nobody waiting for this processor */
	u64 seen, since;		/* checking: how many ticks there were, and since when (0: reported) */
	u32 backtrace;			/* atomic: asked for one by NMI, which sets it to 0 when that is in the log */
} watch[NR_CPUS];
static u32 checking;			/* atomic: who has it looks at all others */

/* Makes another processor tell where it is, whatever it does. */
void watchdog_backtrace(unsigned cpu)
{
	if (cpu >= nr_cpus || cpu == smp_processor_id())
		return;
	u32 *asked = &watch[cpu].backtrace;
	__atomic_store_n(asked, 1, __ATOMIC_SEQ_CST);
	smp_send_nmi(cpu);
	for (u64 end = ktime_get() + 100 * NSEC_PER_MSEC; __atomic_load_n(asked, __ATOMIC_ACQUIRE) && ktime_get() < end;)
		cpu_relax();
	/* An NMI only notes what it prints; this brings it out. */
	pr_emerg("NMI from CPU#%u to CPU#%u: %s\n", smp_processor_id(), cpu, READ_ONCE(*asked) ? "no answer" : "answered as above");
}

/* From do_nmi: whether it was for us. */
bool watchdog_nmi(struct pt_regs *regs)
{
	u32 *asked = &watch[smp_processor_id()].backtrace;
	if (!__atomic_load_n(asked, __ATOMIC_ACQUIRE))
		return false;
	show_backtrace(regs);
	show_held_locks(current);
	__atomic_store_n(asked, 0, __ATOMIC_RELEASE);
	return true;
}

/* The boot processor first: without it nobody ticks, and that is then the news. Any context, irqs off. */
void watchdog_check_cpus(void)
{
	u64 now = ktime_get();
	if (__atomic_exchange_n(&checking, 1, __ATOMIC_ACQUIRE))
		return;
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		struct watch *w = &watch[cpu];
		if (cpu == smp_processor_id())
			continue;
		if (w->seen != READ_ONCE(w->ticks)) {
			w->seen = READ_ONCE(w->ticks);
			w->since = now;
		} else if (w->since && now - w->since > TIMEOUT_S * NSEC_PER_SEC) {
			struct task_struct *p = READ_ONCE(cpus[cpu].curr);
			w->since = 0;
			pr_emerg("watchdog: BUG: soft lockup - CPU#%u stuck for %us! [%s:%d]\n", cpu, TIMEOUT_S, p->comm, p->pid);
			watchdog_backtrace(cpu);
			break;
		}
	}
	__atomic_store_n(&checking, 0, __ATOMIC_RELEASE);
}

static void check_task(struct task_struct *p, u64 now)
{
	u64 switches = p->nvcsw + p->nivcsw;
	if (READ_ONCE(p->state) != TASK_UNINTERRUPTIBLE)
		return;
	if (p->hung_switches != switches) {
		p->hung_switches = switches;
		p->hung_since = now;
	} else if (p->hung_since && now - p->hung_since >= hung_task_timeout_secs * NSEC_PER_SEC) {
		p->hung_since = 0;
		pr_err("INFO: task %s:%d blocked for more than %d seconds.\n", p->comm, p->pid, hung_task_timeout_secs);
		pr_err("      Not tainted %s\n", UTS_RELEASE);
		pr_err("task:%-15s state:D pid:%-5d ppid:%-6d wchan:%s\n", p->comm, p->pid, p->ppid, p->wchan ? p->wchan : "0");
		show_stack(p);
		show_held_locks(p);
	}
}

static void check_tasks(void)
{
	u64 now = ktime_get();
	struct task_struct *p;
	spin_lock(&tasklist_lock);
	for_each_process(p)
		check_task(p, now);
	spin_unlock(&tasklist_lock);
}

/* From every tick of every processor. */
void watchdog_tick(void)
{
	unsigned me = smp_processor_id();
	struct watch *w = &watch[me];
	w->ticks++;
	if (!need_resched())
		w->switched = w->ticks;
	if (unlikely(w->ticks - w->switched == TIMEOUT_S * HZ)) {
		pr_emerg("watchdog: BUG: soft lockup - CPU#%u stuck for %us! [%s:%d]\n", me, TIMEOUT_S, current->comm, current->pid);
		show_backtrace(this_cpu->irq_regs);
		show_held_locks(current);
	}
	if (unlikely(w->ticks % HZ == 0)) {
		if (nr_cpus > 1)
			watchdog_check_cpus();
		if (!me && hung_task_timeout_secs)
			check_tasks();
	}
}
