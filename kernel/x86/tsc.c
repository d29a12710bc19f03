/*
 * The time stamp counter, the fastest clock there is, and what it takes to trust it:
 *
 *   its rate      measured against the PIT at boot, and again when a busy host was in the way
 *   constant      CPUID says "invariant", or a hypervisor looks after it; tsc=reliable, tsc=unstable say it for us
 *   checked       every second against another clock (ACPI's timer, the PIT): two disagreements end its service
 *   everywhere    each processor's, at its start, against the boot processor's: no reading may be older than one before
 *
 * In Linux: arch/x86/kernel/tsc.c, tsc_sync.c; kernel/time/clocksource.c clocksource_watchdog. SDM 3B 18.17.
 */
#include "asm/cpu.h"
#include "atomic.h"
#include "boot_param.h"
#include "kernel/x86/clocksource.h"
#include "kernel/x86/x86.h"
#include "printk.h"
#include "sched/sched.h"
#include "string.h"

#define CALIBRATE_MS 10
#define SYNC_ROUNDS 1000

u64 tsc_khz;
static u64 last_tsc, last_ref, max_warp;
static unsigned disagreements;

/* Both clocks at one moment: of eight readings the one that took least. */
static u64 read_both(const struct clocksource *ref, u64 *count)
{
	u64 best = ~0UL, at = 0;
	for (int i = 0; i < 8; i++) {
		u64 before = rdtsc(), c = ref->read(), took = rdtsc() - before;
		if (took >= best)
			continue;
		best = took;
		at = before + took / 2;
		*count = c;
	}
	return at;
}

/* Lets both run side by side for 10 ms. 0: ref does not count. *clean: nobody took the processor away for so long that
 * ref could have come round unseen; the rate is too high then. */
u64 __init tsc_measure(const struct clocksource *ref, bool *clean)
{
	u64 c0, c1, t0 = read_both(ref, &c0), now = t0, gap = 0, ns = 0, left = 1000000;
	while (ns < CALIBRATE_MS * NSEC_PER_MSEC && --left && (ns || left > 900000)) {	/* icount: 330,000 of 30 ns */
		u64 before = now;
		ns = clock_ns(ref, ref->read() - c0);
		now = rdtsc();
		gap = max(gap, now - before);
	}
	if (!left || !ns)
		return 0;
	u64 t1 = read_both(ref, &c1);
	*clean = max(gap, t1 - now) < (t1 - t0) / 4;
	return (t1 - t0) * 1000000 / max(clock_ns(ref, c1 - c0), 1UL);
}

/* NULL: it may serve; else why not. */
const char * __init tsc_complaint(bool others)
{
	const char *word = param_get("tsc");
	if (!tsc_khz)
		return "no rate could be measured";
	if (word && !strcmp(word, "unstable"))
		return "tsc=unstable";
	if ((word && !strcmp(word, "reliable")) || !others)
		return NULL;
	bool invariant = cpuid(0x80000000, 0).eax >= 0x80000007 && cpuid(0x80000007, 0).edx & BIT(8);
	bool hypervisor = cpuid(1, 0).ecx & BIT(31);
	return invariant || hypervisor ? NULL : "not invariant";
}

/* Once a second, in the boot processor's tick. Clocks that come round are compared by what is left. false: no trust. */
bool tsc_agrees(const struct clocksource *ref)
{
	u64 r0 = ref->read(), tsc = rdtsc(), r1 = ref->read(), took = clock_ns(ref, r1 - r0);
	if (took > NSEC_PER_MSEC)			/* somebody was in between: next time */
		return true;
	u64 passed = (tsc - last_tsc) / tsc_khz * NSEC_PER_MSEC, round = clock_ns(ref, ref->mask);
	s64 differ = passed - clock_ns(ref, r0 - last_ref);
	bool first = !last_tsc;
	last_tsc = tsc;
	last_ref = r0;
	differ = (differ < 0 ? -differ : differ) % (s64)round;
	disagreements = first || min((u64)differ, round - differ) < passed / 64 ? 0 : disagreements + 1;
	return disagreements < 2;
}

static void meet(atomic_t *here)
{
	int both = (atomic_inc_return(here) + 1) & ~1;
	while (atomic_read(here) < both)
		cpu_relax();
}

/* The boot processor and a new one, both at once: each looks whether it reads less than the other has read before. */
void tsc_sync_check(void)
{
	static atomic_t here;
	static bool taken;
	static u64 last;
	u64 flags = local_irq_save();
	meet(&here);
	for (int i = 0; i < SYNC_ROUNDS; i++) {
		while (__atomic_exchange_n(&taken, true, __ATOMIC_ACQUIRE))
			cpu_relax();
		u64 now = rdtsc_ordered();
		if (now < last)
			max_warp = max(max_warp, last - now);
		last = now;
		__atomic_store_n(&taken, false, __ATOMIC_RELEASE);
	}
	meet(&here);
	if (max_warp && smp_processor_id() == 0)
		clock_tsc_failed("processors that differ");
	local_irq_restore(flags);
}
