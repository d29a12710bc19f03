/* smp: questions between processors, asked by all of them at once; on one processor they find nobody to ask. */
#include "err.h"
#include "kernel/process.h"
#include "ktest.h"
#include "smp.h"

static atomic_long_t answers;
static atomic_t running;

static void answer(void *arg)
{
	atomic_long_add(*(long *)arg, &answers);
}

/* Asks everybody else, again and again, from one processor. */
static int ask(void *rounds)
{
	for (long i = 1; i <= (long)rounds; i++)
		smp_call_function(answer, &i);
	atomic_dec(&running);
	return 0;
}

KTEST(smp_call_function)
{
	long rounds = 2000, each = rounds * (rounds + 1) / 2;
	answers = (atomic_long_t){ 0 };
	atomic_set(&running, nr_cpus);
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		struct task_struct *k = kthread_create(ask, (void *)rounds, "ask/%u", cpu);
		KEXPECT(!IS_ERR(k));
		set_cpus_allowed(k, BIT(cpu));
		wake_up_process(k);
	}
	while (atomic_read(&running)) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_timeout_ns(NSEC_PER_MSEC);
	}
	KEXPECT(atomic_long_read(&answers) == each * nr_cpus * (nr_cpus - 1));	/* each by everybody, done on return (X2) */
}

/* A mask names who is asked; the asker himself never answers. */
KTEST(smp_call_mask)
{
	long one = 1;
	answers = (atomic_long_t){ 0 };
	preempt_disable();
	smp_call_function_many(BIT(smp_processor_id()), answer, &one);
	KEXPECT(atomic_long_read(&answers) == 0);
	smp_call_function_many(cpu_online_mask() & ~1UL, answer, &one);
	KEXPECT(atomic_long_read(&answers) == nr_cpus - 1 - (smp_processor_id() != 0));
	preempt_enable();
}

KTEST(panic_smp_irqs_off)
{
	long one = 1;
	local_irq_disable();
	smp_call_function(answer, &one);
}
