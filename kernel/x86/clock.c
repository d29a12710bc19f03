/*
 * Time. The 8254 (PIT) ticks at 1000 Hz and is the one clock whose rate is known; the TSC, measured against it,
 * gives nanoseconds in between; the CMOS clock gives the date, once.
 *
 *   ktime_get() = (tsc - tsc_base) * mult >> 22        without a TSC rate: jiffies * 1 ms
 *
 * Intel 8254 datasheet; Motorola MC146818A for the CMOS clock; SDM 3B 17.17 for the TSC.
 */
#include "kernel/irq.h"
#include "kernel/process.h"
#include "kernel/x86/x86.h"
#include "printk.h"
#include "sched/sched.h"

#define PIT_HZ 1193182
#define PIT_CH0 0x40
#define PIT_CH2 0x42
#define PIT_CMD 0x43
#define PORT61 0x61			/* bit 0: gate of channel 2, bit 1: speaker, bit 5: channel 2's output */
#define CALIBRATE_MS 10
#define SHIFT 22

u64 tsc_khz, jiffies;
static u64 tsc_base, mult;
static u64 boot_real_ns;		/* realtime at ktime 0 */

/* Runs PIT channel 2 down once and counts TSC cycles. A PC without it never raises the output: give up. */
void __init tsc_calibrate(void)
{
	u32 count = PIT_HZ * CALIBRATE_MS / 1000, tries = 0;
	tsc_base = rdtsc();
	outb(PORT61, (inb(PORT61) & ~2) | 1);
	outb(PIT_CMD, 0xb0);			/* channel 2, low then high byte, mode 0 */
	outb(PIT_CH2, count & 0xff);
	outb(PIT_CH2, count >> 8);
	u64 t0 = rdtsc();
	while (!(inb(PORT61) & 0x20) && ++tries < 20000000)
		;
	u64 t1 = rdtsc();
	if (tries < 10 || tries == 20000000 || t1 <= t0)
		return;
	tsc_khz = (t1 - t0) / CALIBRATE_MS;
	mult = ((u64)1000000 << SHIFT) / tsc_khz;
}

u64 ktime_get(void)
{
	if (!mult)
		return READ_ONCE(jiffies) * NSEC_PER_MSEC;
	u64 cycles = rdtsc() - tsc_base;
	/* In two halves, so that the product does not overflow after some hours. */
	return ((cycles >> 32) * mult << (32 - SHIFT)) + ((cycles & 0xffffffff) * mult >> SHIFT);
}

u64 ktime_get_real(void) { return boot_real_ns + ktime_get(); }
void ktime_set_real(u64 ns) { boot_real_ns = ns - ktime_get(); }

static u8 cmos(u8 reg)
{
	outb(0x70, reg);
	return inb(0x71);
}

static u64 __init read_rtc(void)
{
	u8 status_b = cmos(0x0b), v[6] = { 0 }, again[6] = { 0 };
	static const u8 regs[6] __initdata = { 0, 2, 4, 7, 8, 9 };	/* s m h day month year */
	u64 y, m, days;
	for (int tries = 0; tries < 10; tries++) {	/* two equal readings: no update fell in between */
		for (int i = 0; i < 6; i++)
			again[i] = cmos(regs[i]);
		bool same = !__builtin_memcmp(v, again, 6);
		__builtin_memcpy(v, again, 6);
		if (same)
			break;
	}
	for (int i = 0; i < 6 && !(status_b & 4); i++)
		v[i] = (v[i] & 0xf) + (v[i] >> 4 & (i == 2 ? 7 : 0xf)) * 10 + (i == 2 ? v[i] & 0x80 : 0);
	if (!(status_b & 2) && v[2] & 0x80)		/* 12-hour form, afternoon */
		v[2] = ((v[2] & 0x7f) + 12) % 24;
	y = 2000 + v[5] - (v[4] <= 2);			/* years begin in March: leap days come last */
	m = (v[4] + 9) % 12;
	days = 365 * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + v[3] - 1 - 719468;
	return ((days * 24 + v[2]) * 60 + v[1]) * 60 + v[0];
}

/* The tick: time, timers, accounting and the scheduler, in this order. */
static void tick(int irq, void *data)
{
	u64 now = mult ? ktime_get() / NSEC_PER_MSEC : jiffies + 1;
	WRITE_ONCE(jiffies, max(now, jiffies));	/* ticks that a busy host swallowed are made up for */
	run_timers();
	scheduler_tick();
	smp_send_tick();
}

void __init clock_init(void)
{
	ktime_set_real(read_rtc() * NSEC_PER_SEC);
	if (tsc_khz)
		pr_info("tsc: Detected %lu.%03lu MHz processor\n", tsc_khz / 1000, tsc_khz % 1000);
	else
		pr_warn("tsc: no rate could be measured; time advances by ticks of 1 ms\n");
}

void __init pit_init(void)
{
	u32 count = (PIT_HZ + HZ / 2) / HZ;
	outb(PIT_CMD, 0x34);			/* channel 0, low then high byte, mode 2: rate generator */
	outb(PIT_CH0, count & 0xff);
	outb(PIT_CH0, count >> 8);
	request_irq(0, tick, "timer", NULL);
}
