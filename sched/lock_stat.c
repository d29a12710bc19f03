/*
 * Lock statistics: how often each lock was taken, how often it was not free, and how long was waited for it. Which lock
 * would be next to be split when more processors come? /proc/lock_stat says, the most contended first.
 *
 * Off until `echo 1 >/proc/sys/kernel/lock_stat`, which also begins at zero. While they are on, spin_irq_enter and
 * spin_irq_exit shift lock_ctx so that every acquire reads a rank of 0 and takes the slow way, which counts; so they cost
 * nothing when off, and begin on each processor with its next interrupt.
 *
 * Locks of one name are one line. Each processor counts in a small hash table of its own, with interrupts off.
 * In Linux: CONFIG_LOCK_STAT, kernel/locking/lockdep_proc.c. Left out: times, and who waited for whom.
 */
#include "mm/mm.h"
#include "sched/lock.h"
#include "string.h"

#define SLOTS 128

struct lock_count {
	const char *name;
	u64 acquired, contended, spins;
};
static struct lock_count *counts[NR_CPUS];	/* SLOTS each */
int lock_stat_on;

/* By the address of the name: a name that is written in two files has two slots until it is shown. */
void lock_stat_count(const char *name, bool acquired, bool contended, u64 spins)
{
	u64 flags = local_irq_save();
	struct lock_count *table = counts[smp_processor_id()];
	for (unsigned i = 0, h = (u64)name / 8; table && i < SLOTS; i++) {
		struct lock_count *c = &table[(h + i) % SLOTS];
		if (c->name && c->name != name)
			continue;
		c->name = name;
		c->acquired += acquired;
		c->contended += contended;
		c->spins += spins;
		break;
	}
	local_irq_restore(flags);
}

/* After a write to the switch. => may sleep */
int lock_stat_changed(void)
{
	for (unsigned cpu = 0; lock_stat_on && cpu < nr_cpus; cpu++) {
		if (!counts[cpu])
			counts[cpu] = kzalloc(SLOTS * sizeof(*counts[cpu]), GFP_KERNEL);
		if (!counts[cpu])
			return -ENOMEM;
		memset(counts[cpu], 0, SLOTS * sizeof(*counts[cpu]));
	}
	return 0;
}

static void add_to(struct lock_count *sum, const struct lock_count *c)
{
	while (sum->name && strcmp(sum->name, c->name))
		sum++;
	sum->name = c->name;
	sum->acquired += c->acquired;
	sum->contended += c->contended;
	sum->spins += c->spins;
}

int lock_stat_show(void (*emit)(void *ctx, const char *fmt, ...), void *ctx)
{
	struct lock_count *sum = kzalloc((SLOTS + 1) * sizeof(*sum), GFP_KERNEL);
	if (!sum)
		return -ENOMEM;
	for (unsigned i = 0; i < SLOTS * nr_cpus; i++)
		if (counts[i / SLOTS] && counts[i / SLOTS][i % SLOTS].name)
			add_to(sum, &counts[i / SLOTS][i % SLOTS]);
	emit(ctx, "lock_stat version 0.4, %s\n%24s %14s %14s %14s\n", lock_stat_on ? "on" : "off", "class name", "contentions",
	     "acquisitions", "spins");
	for (;;) {
		struct lock_count *top = sum;
		for (struct lock_count *c = sum; c->name; c++)
			if (!top->acquired || c->contended > top->contended || (c->contended == top->contended && c->acquired > top->acquired))
				top = c;
		if (!top->acquired)
			break;
		emit(ctx, "%23s: %14lu %14lu %14lu\n", top->name, top->contended, top->acquired, top->spins);
		top->acquired = top->contended = 0;
	}
	kfree(sum);
	return 0;
}
