/* Clocks that count, for ktime_get(): clock.c has them all but the TSC, which tsc.c looks after. */
#pragma once
#include "types.h"

#define CLOCK_SHIFT 22
#define PIT_HZ 1193182
struct clocksource {
	const char *name;
	u64 (*read)(void);
	u64 mask;			/* what the counter can reach before it comes round */
	u64 mult;			/* ns = cycles * mult >> CLOCK_SHIFT */
};
static inline u64 clock_mult(u64 hz) { return ((u64)1000000000 << CLOCK_SHIFT) / hz; }
static inline u64 clock_ns(const struct clocksource *c, u64 cycles) { return (cycles & c->mask) * c->mult >> CLOCK_SHIFT; }
extern struct clocksource clock_pit;	/* channel 2: as reference only, since reading it takes three steps */

u64 tsc_measure(const struct clocksource *ref, bool *clean);	/* kHz */
const char *tsc_complaint(bool others);	/* others: there are clocks to take instead */
bool tsc_agrees(const struct clocksource *ref);
void clock_tsc_failed(const char *why);	/* another clock takes over; boot processor, interrupts off */
u64 rtc_read(u8 century_reg);		/* seconds since 1970; 0: the clock has no date */
u64 rtc_seconds(const u8 fields[7], u8 status_b);
