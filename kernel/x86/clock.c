/*
 * Time. The 8254 (PIT) ticks at 1000 Hz; between ticks nanoseconds come from a counter:
 *
 *   TSC          ktime = (tsc - tsc_base) * tsc_mult >> 22                  64 bits: never comes round
 *   ACPI timer   ktime = base.ns + ((counter - base.cycles) & mask) * mult >> 22, base moved on by each tick
 *   jiffies      when there is nothing else: ktime stands still between ticks
 *
 * The slow ones are read without a lock, since an NMI may print: base is two copies, of which base_seq names the one
 * that is whole; a reader that sees base_seq change begins again.
 *
 * In Linux: kernel/time/timekeeping.c, drivers/clocksource/acpi_pm.c. Left out: the HPET.
 * Intel 8254 datasheet; ACPI 4.8.3.3 (power management timer).
 */
#include "boot_param.h"
#include "kernel/irq.h"
#include "kernel/process.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/clocksource.h"
#include "kernel/x86/x86.h"
#include "printk.h"
#include "sched/sched.h"
#include "string.h"

#define PIT_CH0 0x40
#define PIT_CH2 0x42
#define PIT_CMD 0x43
#define PORT61 0x61			/* bit 0: gate of channel 2, bit 1: speaker */
#define PM_TIMER_HZ 3579545

u64 jiffies;
static u64 tsc_base, tsc_mult;		/* tsc_mult 0: the TSC is not the clock */
static bool tsc_clean;			/* its rate is sure */
static u64 boot_real_ns;		/* realtime at ktime 0 */

static u64 pit_read(void)
{
	u64 flags = local_irq_save();
	outb(PIT_CMD, 0x80);			/* hold channel 2 for reading */
	u8 low = inb(PIT_CH2);
	u16 left = low | inb(PIT_CH2) << 8;
	local_irq_restore(flags);
	return (u16)-left;
}
static u64 pm_timer_read(void) { return inl(acpi_fadt.pm_timer); }
static u64 jiffies_read(void) { return READ_ONCE(jiffies); }

struct clocksource clock_pit = { "pit", pit_read, 0xffff, 0 };
static struct clocksource clock_pm = { "acpi_pm", pm_timer_read, 0xffffff, 0 };
static struct clocksource clock_jiffies = { "jiffies", jiffies_read, ~0UL, 0 };
static struct clocksource *clock = &clock_jiffies;	/* used when the TSC is not */
static const struct clocksource *watchdog;		/* looks after the TSC */
static struct { u64 cycles, ns, rest; } base[2];	/* rest: of ns, in 1/2^22 */
static unsigned base_seq;

static u64 slow_ktime_get(void)
{
	u64 ns;
	unsigned seq;
	do {
		seq = __atomic_load_n(&base_seq, __ATOMIC_ACQUIRE);
		u64 cycles = (clock->read() - base[seq & 1].cycles) & clock->mask;
		ns = base[seq & 1].ns + ((cycles * clock->mult + base[seq & 1].rest) >> CLOCK_SHIFT);
		barrier();
	} while (seq != READ_ONCE(base_seq));
	return ns;
}

/* The base moves to now, before the counter comes round; the fraction goes along, so that no reading is lost. */
static void move_base(void)
{
	unsigned old = base_seq & 1;
	u64 cycles = clock->read(), sum = ((cycles - base[old].cycles) & clock->mask) * clock->mult + base[old].rest;
	base[!old].cycles = cycles;
	base[!old].ns = base[old].ns + (sum >> CLOCK_SHIFT);
	base[!old].rest = sum & (BIT(CLOCK_SHIFT) - 1);
	__atomic_store_n(&base_seq, base_seq + 1, __ATOMIC_RELEASE);
}

u64 ktime_get(void)
{
	u64 mult = READ_ONCE(tsc_mult);
	if (unlikely(!mult))
		return slow_ktime_get();
	u64 cycles = rdtsc_ordered() - tsc_base;
	return (unsigned __int128)cycles * mult >> CLOCK_SHIFT;	/* 64 bits would overflow after some hours */
}

u64 ktime_get_real(void) { return READ_ONCE(boot_real_ns) + ktime_get(); }
void ktime_set_real(u64 ns) { WRITE_ONCE(boot_real_ns, ns - ktime_get()); }

/* From the TSC, or from none, to `to`: time goes on where it was. */
static void switch_clock(struct clocksource *to)
{
	u64 now = ktime_get();
	clock = to;
	base[0].cycles = base[1].cycles = to->read();
	base[0].ns = base[1].ns = now;
	__atomic_store_n(&tsc_mult, 0, __ATOMIC_RELEASE);
	pr_info("clocksource: Switched to clocksource %s\n", to->name);
}

static struct clocksource *best_slow(void) { return clock_pm.mult ? &clock_pm : &clock_jiffies; }

void clock_tsc_failed(const char *why)
{
	if (!tsc_mult)
		return;
	pr_warn("tsc: Marking TSC unstable due to %s\n", why);
	switch_clock(best_slow());
}

/* The tick: time, timers, accounting and the scheduler, in this order. Ticks that a busy host swallowed are made up for. */
static void tick(int irq, void *data)
{
	if (!tsc_mult)
		move_base();
	u64 now = tsc_mult || clock != &clock_jiffies ? ktime_get() / NSEC_PER_MSEC : jiffies + 1;
	if (watchdog && tsc_mult && now / 1000 != jiffies / 1000 && !tsc_agrees(watchdog))
		clock_tsc_failed("a disagreement with another clock");
	WRITE_ONCE(jiffies, max(now, jiffies));
	run_timers();
	scheduler_tick();
	smp_send_tick();
}

static bool __init counts(const struct clocksource *c)
{
	u64 first = c->read();
	for (int i = 0; i < 100000; i++)
		if ((c->read() ^ first) & c->mask)
			return true;
	pr_warn("clocksource: %s does not count: not used\n", c->name);
	return false;
}

static void __init find_clocks(void)
{
	if (acpi_fadt.timer32)
		clock_pm.mask = 0xffffffff;
	if (acpi_fadt.pm_timer && counts(&clock_pm))
		clock_pm.mult = clock_mult(PM_TIMER_HZ);
	clock_jiffies.mult = clock_mult(HZ);
}

/* By a clock that takes seconds to come round; the time goes on where it is. */
static void __init measure_again(const struct clocksource *ref)
{
	u64 khz = tsc_measure(ref, &tsc_clean), now = ktime_get();
	if (!khz)
		return;
	tsc_khz = khz;
	tsc_mult = clock_mult(khz * 1000);
	tsc_base = rdtsc() - now * khz / 1000000;
}

/* The best clock: TSC if it can be trusted, ACPI's timer. */
void __init clock_init(void)
{
	find_clocks();
	if (tsc_khz && !tsc_clean && best_slow() != &clock_jiffies)
		measure_again(best_slow());
	if (tsc_khz)
		pr_info("tsc: Detected %lu.%03lu MHz processor\n", tsc_khz / 1000, tsc_khz % 1000);
	const char *complaint = tsc_complaint(best_slow() != &clock_jiffies);
	watchdog = param_get("tsc") && !strcmp(param_get("tsc"), "reliable") ? NULL :
		   best_slow() != &clock_jiffies ? best_slow() : &clock_pit;
	if (complaint) {
		pr_warn("tsc: not used: %s\n", complaint);
		switch_clock(best_slow());
	} else {
		pr_info("clocksource: Switched to clocksource tsc\n");
	}
	u64 date = rtc_read(acpi_fadt.century);
	if (!date)
		pr_warn("rtc: the clock has no date; it is 1970 until somebody sets it\n");
	ktime_set_real(date * NSEC_PER_SEC);
}

/* The first of all: the log wants to know when. */
void __init clock_early_init(void)
{
	outb(PORT61, (inb(PORT61) & ~2) | 1);
	outb(PIT_CMD, 0xb4);			/* channel 2, low then high byte, mode 2: from 65536 down, for ever */
	outb(PIT_CH2, 0);
	outb(PIT_CH2, 0);
	clock_pit.mult = clock_mult(PIT_HZ);
	tsc_base = rdtsc();
	for (int try = 0; try < 5 && !tsc_clean; try++) {
		u64 khz = tsc_measure(&clock_pit, &tsc_clean);
		tsc_khz = khz && tsc_khz && !tsc_clean ? min(khz, tsc_khz) : khz;
	}
	tsc_mult = tsc_khz ? clock_mult(tsc_khz * 1000) : 0;
}

void __init pit_init(void)
{
	u32 count = (PIT_HZ + HZ / 2) / HZ;
	outb(PIT_CMD, 0x34);			/* channel 0, low then high byte, mode 2: rate generator */
	outb(PIT_CH0, count & 0xff);
	outb(PIT_CH0, count >> 8);
	request_irq(0, tick, "timer", NULL);
}
