/*
 * The date, once: the CMOS clock with its battery. Seconds to years stand in registers, in BCD or binary, hours in 12
 * or 24; the century in a register that the FADT names, if at all. Motorola MC146818A.
 */
#include "asm/x86.h"
#include "kernel/x86/clocksource.h"
#include "string.h"

#define RTC_A 0x0a
#define RTC_A_UIP BIT(7)		/* an update comes: the others can't be trusted */
#define RTC_B 0x0b
#define RTC_B_24H BIT(1)
#define RTC_B_BINARY BIT(2)
enum { SEC, MIN, HOUR, DAY, MONTH, YEAR, CENTURY, NR_FIELDS };

static u8 cmos(u8 reg)
{
	outb(0x70, reg);
	return inb(0x71);
}

/* Seconds since 1970 of the clock's fields (century 0: unknown); 0: that is no date. tests/boot/test_clock.py */
u64 rtc_seconds(const u8 fields[NR_FIELDS], u8 status_b)
{
	u8 v[NR_FIELDS];
	bool pm = !(status_b & RTC_B_24H) && fields[HOUR] & 0x80;
	memcpy(v, fields, NR_FIELDS);
	if (!(status_b & RTC_B_24H))
		v[HOUR] &= 0x7f;
	for (int i = 0; i < NR_FIELDS && !(status_b & RTC_B_BINARY); i++)
		v[i] = (v[i] & 0xf) + (v[i] >> 4) * 10;
	if (!(status_b & RTC_B_24H))
		v[HOUR] = v[HOUR] % 12 + (pm ? 12 : 0);
	if (v[SEC] > 59 || v[MIN] > 59 || v[HOUR] > 23 || v[DAY] - 1U > 30 || v[MONTH] - 1U > 11 || v[YEAR] > 99)
		return 0;
	u64 y = v[YEAR] + (v[CENTURY] >= 19 && v[CENTURY] <= 25 ? v[CENTURY] : v[YEAR] < 70 || !fields[CENTURY] ? 20 : 19) * 100;
	if (y < 1970)
		return 0;
	y -= v[MONTH] <= 2;				/* years begin in March: leap days come last */
	u64 m = (v[MONTH] + 9) % 12, days = 365 * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + v[DAY] - 1 - 719468;
	return ((days * 24 + v[HOUR]) * 60 + v[MIN]) * 60 + v[SEC];
}

u64 __init rtc_read(u8 century_reg)
{
	const u8 regs[NR_FIELDS] = { 0, 2, 4, 7, 8, 9, century_reg };
	u8 v[NR_FIELDS] = { 0 }, again[NR_FIELDS] = { 0 };
	for (int tries = 0; tries < 10; tries++) {	/* two equal readings: no update fell in between */
		for (int i = 0; i < 10000 && cmos(RTC_A) & RTC_A_UIP; i++)
			;
		memcpy(v, again, NR_FIELDS);
		for (int i = 0; i < NR_FIELDS; i++)
			again[i] = i < CENTURY || regs[i] ? cmos(regs[i]) : 0;
		if (tries && !memcmp(v, again, NR_FIELDS))
			break;
	}
	return rtc_seconds(again, cmos(RTC_B));
}
