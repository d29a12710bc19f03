/* What the watchdog must see. Each takes longer than 10 s, so they run only when asked for, as the panics do (their names begin
 * with panic_, though none panics): tests/sched/test_watchdog.py. */
#include "ktest.h"
#include "err.h"
#include "sched/lock.h"
#include "smp.h"

static DEFINE_SPINLOCK(stuck_lock, RANK_MISC);
static bool holding;

static noinline void spin_12_s(void *unused)
{
	for (u64 end = ktime_get() + 12 * NSEC_PER_SEC; ktime_get() < end;)
		cpu_relax();
}

static int run_on(unsigned cpu, void (*fn)(void *))
{
	preempt_disable();
	if (smp_processor_id() == cpu) {
		local_irq_disable();
		fn(NULL);
		local_irq_enable();
	} else {
		smp_call_function_many(BIT(cpu), fn, NULL);	/* there in interrupt context: interrupts are off */
	}
	preempt_enable();
	return 0;
}

KTEST(panic_stuck_cpu1) { run_on(1, spin_12_s); }
KTEST(panic_stuck_cpu0) { run_on(0, spin_12_s); }

KTEST(panic_stuck_preempt)
{
	preempt_disable();
	resched_curr(this_cpu->rq);
	spin_12_s(NULL);
	preempt_enable();
}

static int hold(void *unused)
{
	spin_lock(&stuck_lock);
	WRITE_ONCE(holding, true);
	spin_12_s(NULL);
	spin_unlock(&stuck_lock);
	return 0;
}

KTEST(panic_stuck_lock)
{
	struct task_struct *k = kthread_run(hold, NULL, "holder");

	while (!READ_ONCE(holding))
		yield();
	spin_lock(&stuck_lock);
	spin_unlock(&stuck_lock);
	kthread_stop(k);
}

static int sleep_deep(void *unused)
{
	while (!kthread_should_stop()) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule();
	}
	return 0;
}

KTEST(panic_stuck_task)
{
	struct task_struct *k = kthread_run(sleep_deep, NULL, "sleeper");

	set_current_state(TASK_INTERRUPTIBLE);
	schedule_timeout_ns(25 * NSEC_PER_SEC);
	kthread_stop(k);
}
