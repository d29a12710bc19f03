/* Each of these must panic; the names begin with panic_, and they run only when asked for (tests/sched/test_lock_panics.py). */
#include "ktest.h"
#include "mm/mm.h"
#include "smp.h"
#include "sched/lock.h"

static DEFINE_SPINLOCK(low_lock, RANK_TASKLIST);
static DEFINE_SPINLOCK(high_lock, RANK_MISC);
static DEFINE_MUTEX(low_mutex, RANK_PIPE);
static DEFINE_MUTEX(high_mutex, RANK_MISC_MUTEX);

KTEST(panic_lock_order)
{
	spin_lock(&high_lock);
	spin_lock(&low_lock);
}

KTEST(panic_lock_recursion)
{
	spin_lock(&high_lock);
	spin_lock(&high_lock);
}

KTEST(panic_lock_not_held)
{
	spin_lock(&high_lock);
	spin_unlock(&low_lock);
}

KTEST(panic_lock_sleep)
{
	spin_lock(&high_lock);
	mutex_lock(&low_mutex);
}

KTEST(panic_lock_schedule)
{
	spin_lock(&high_lock);
	schedule();
}

KTEST(panic_lock_with_irqs_off)
{
	local_irq_disable();
	mutex_lock(&low_mutex);
}

KTEST(panic_lock_user_copy)
{
	char c;

	spin_lock(&high_lock);
	(void)copy_from_user(&c, (void __user *)PAGE_SIZE, 1);
}

static bool taken;

static void take_high(struct timer *t)
{
	spin_unlock_irqrestore(&high_lock, spin_lock_irqsave(&high_lock));
	WRITE_ONCE(taken, true);
}

static void in_interrupt(void)
{
	static struct timer t;

	timer_setup(&t, take_high, NULL);
	taken = false;
	timer_start(&t, ktime_get());
	while (!READ_ONCE(taken))	/* a busy host holds ticks back */
		cpu_relax();
}

KTEST(panic_lock_in_irq)
{
	spin_lock(&high_lock);
	spin_unlock(&high_lock);
	in_interrupt();
}

KTEST(panic_lock_irqs_on)
{
	in_interrupt();
	spin_lock(&high_lock);
	spin_unlock(&high_lock);
}

KTEST(panic_mutex_order)
{
	mutex_lock(&high_mutex);
	mutex_lock(&low_mutex);
}

KTEST(panic_mutex_recursion)
{
	mutex_lock(&high_mutex);
	mutex_lock(&high_mutex);
}

KTEST(panic_mutex_not_held)
{
	mutex_lock(&high_mutex);
	mutex_unlock(&low_mutex);
}

/* The tables of somebody else are loaded, as a flush did that a switch interrupted. */
KTEST(panic_wrong_tables)
{
	struct mm_struct *mm = mm_alloc();

	preempt_disable();
	write_cr3(__pa(mm->pgd));
	switch_mm(current->active_mm, mm);
}

/* Whose wild pointer this is shows only later, when the page is freed: make replay leads back to it. */
static struct page *volatile victim;

static noinline void wild_write(u32 *p)
{
	*p = 7;
}

KTEST(panic_wild_write)
{
	victim = alloc_page(GFP_KERNEL);
	wild_write(&victim->flags);
	put_page(victim);
}

static int *volatile nowhere = (int *)8;

/* In an interrupt, above the locks of who was interrupted. */
static void fault_in_timer(struct timer *t)
{
	spin_lock(&high_lock);
	*nowhere = 1;
}

KTEST(panic_in_interrupt)
{
	static struct timer t;

	mutex_lock(&low_mutex);
	timer_setup(&t, fault_in_timer, NULL);
	timer_start(&t, ktime_get());
	for (;;)
		cpu_relax();
}

/* What the report needs is broken: a second panic inside. */
KTEST(panic_inside_panic)
{
	current->held_locks[current->nr_held_sleeping++] = (void *)8;
	panic("the first");
}

static noinline int deep(int n)
{
	return (n ? deep(n - 1) : (*nowhere = 1)) + READ_ONCE(*(int *)__builtin_frame_address(0));
}

KTEST(panic_deep)
{
	pr_info("%0300d\n", 1);
	deep(100);
}

static void panic_here(void *unused) { panic("everywhere, here on CPU %u", smp_processor_id()); }
KTEST(panic_everywhere)
{
	smp_call_function(panic_here, NULL);
}
