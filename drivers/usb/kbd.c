/*
 * Boot-protocol keyboards: a report of 8 bytes each time something changes, with all keys that are down.
 *
 *   | modifiers | 0 | key | key | key | key | key | key |      a key is a HID usage: 4 is A; 0: none, 1: too many
 *
 * What is new in a report went down, what is missing went up. The repeat is ours: the key pressed last goes down again
 * after 250 ms and then 30 times a second, as Linux's input layer does it. HID 1.11 appendix B.1; HID Usage Tables 10.
 * In Linux: drivers/hid/usbhid/usbkbd.c, drivers/input/input.c.
 */
#include "drivers/usb/usb.h"
#include "drivers/tty/tty.h"
#include "string.h"

#define REPEAT_DELAY (250 * NSEC_PER_MSEC)
#define REPEAT_PERIOD (33 * NSEC_PER_MSEC)
#define ROLL_OVER 1			/* more keys than it can tell apart */
#define KEYS 2				/* where the report's keys begin */
#define E0 0x80				/* an extended key */

/* Usage -> scan code of set 1. */
static const u8 scan_code[] = {
	0, 0, 0, 0, 0x1e, 0x30, 0x2e, 0x20, 0x12, 0x21, 0x22, 0x23, 0x17, 0x24, 0x25, 0x26,	/* 04: a .. */
	0x32, 0x31, 0x18, 0x19, 0x10, 0x13, 0x1f, 0x14, 0x16, 0x2f, 0x11, 0x2d, 0x15, 0x2c,	/* 10: m .. z */
	0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,				/* 1e: 1 .. 9, 0 */
	0x1c, 0x01, 0x0e, 0x0f, 0x39, 0x0c, 0x0d, 0x1a, 0x1b, 0x2b, 0x2b, 0x27, 0x28, 0x29, 0x33, 0x34, 0x35, 0x3a,	/* 28: enter .. */
	0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x40, 0x41, 0x42, 0x43, 0x44, 0x57, 0x58,		/* 3a: F1 .. F12 */
	E0 | 0x37, 0x46, 0, E0 | 0x52, E0 | 0x47, E0 | 0x49, E0 | 0x53, E0 | 0x4f, E0 | 0x51,	/* 46: print screen .. page down */
	E0 | 0x4d, E0 | 0x4b, E0 | 0x50, E0 | 0x48,						/* 4f: right, left, down, up */
	0x45, E0 | 0x35, 0x37, 0x4a, 0x4e, E0 | 0x1c,						/* 53: num lock, keypad / * - + enter */
	0x4f, 0x50, 0x51, 0x4b, 0x4c, 0x4d, 0x47, 0x48, 0x49, 0x52, 0x53, 0x56, E0 | 0x5d,	/* 59: keypad 1 .. 9, 0, . */
};
/* Left control, shift, alt, GUI; the right ones. */
static const u8 modifier_code[8] = { 0x1d, 0x2a, 0x38, E0 | 0x5b, E0 | 0x1d, 0x36, E0 | 0x38, E0 | 0x5c };

static void press(u8 code, bool down)
{
	if (code)
		keyboard_key(code & ~E0, code & E0, down);
}

static void press_usage(u8 usage, bool down)
{
	if (usage < sizeof(scan_code))
		press(scan_code[usage], down);
}

static bool has(const u8 *report, u8 usage) { return memchr(report + KEYS, usage, KBD_REPORT_SIZE - KEYS); }

void usb_kbd_report(struct usb_kbd *k, const u8 *report)
{
	u8 changed = k->report[0] ^ report[0];

	if (has(report, ROLL_OVER))
		return;
	for (int i = 0; i < 8; i++)
		if (changed >> i & 1)
			press(modifier_code[i], report[0] >> i & 1);
	for (int i = KEYS; i < KBD_REPORT_SIZE; i++)
		if (!has(report, k->report[i]))
			press_usage(k->report[i], false);
	if (!has(report, k->repeating))
		k->repeating = 0;
	for (int i = KEYS; i < KBD_REPORT_SIZE; i++)
		if (report[i] && !has(k->report, report[i])) {
			press_usage(report[i], true);
			k->repeating = report[i];
			k->repeat_at = ktime_get() + REPEAT_DELAY;
		}
	memcpy(k->report, report, KBD_REPORT_SIZE);
}

u64 usb_kbd_repeat(struct usb_kbd *k)
{
	if (k->repeating && ktime_get() >= k->repeat_at) {
		press_usage(k->repeating, true);
		k->repeat_at = ktime_get() + REPEAT_PERIOD;
	}
	return k->repeating ? k->repeat_at : ~0UL;
}
