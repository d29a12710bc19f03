/*
 * The configuration descriptor: a list of pieces, each with its length and type in front, of which nothing may be believed.
 *
 *   config (9: total length, value) { interface (9: number, class 3 subclass 1 protocol 1 = boot keyboard)
 *                                     { HID ... endpoint (7: address, attributes, packet size, interval) } }
 *
 * Built on the host too and fuzzed (tests/host/fuzz_usb.c). USB 2.0 9.6; HID 1.11 4.2.
 */
#include "drivers/usb/usb.h"
#include "uapi/errno.h"

#define CLASS_HID 3
#define SUBCLASS_BOOT 1
#define PROTOCOL_KEYBOARD 1
#define ENDPOINT_IN 0x80
#define ENDPOINT_INTERRUPT 3

int usb_find_keyboard(const u8 *d, size_t len, struct usb_keyboard_info *out)
{
	bool keyboard = false;

	if (len < 9 || d[0] < 9 || d[1] != DESC_CONFIG || (d[2] | d[3] << 8) != len || !d[5])
		return -EINVAL;
	*out = (struct usb_keyboard_info){ .configuration = d[5] };
	for (size_t at = d[0], size; at < len; at += size) {
		const u8 *p = d + at;

		size = p[0];
		if (size < 2 || size > len - at || (p[1] == DESC_INTERFACE && size < 9) || (p[1] == DESC_ENDPOINT && size < 7))
			return -EINVAL;
		if (p[1] == DESC_INTERFACE) {
			keyboard = p[3] == 0 && p[5] == CLASS_HID && p[6] == SUBCLASS_BOOT && p[7] == PROTOCOL_KEYBOARD;
			out->interface = p[2];
		}
		if (keyboard && p[1] == DESC_ENDPOINT && p[2] & ENDPOINT_IN && (p[3] & 3) == ENDPOINT_INTERRUPT) {
			out->endpoint = p[2] & 15;
			out->max_packet = (p[4] | p[5] << 8) & 0x7ff;
			out->interval = p[6];
			return out->endpoint && out->max_packet >= 8 && out->max_packet <= 1024 ? 0 : -EINVAL;
		}
	}
	return -ENODEV;
}
