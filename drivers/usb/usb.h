/*
 * USB: a device and how it is asked. A control transfer is 8 bytes of request, perhaps data, and an acknowledgement;
 * descriptors say what the device is. USB 2.0, chapter 9; keyboards: Device Class Definition for HID 1.11, appendix B, F.
 */
#pragma once
#include "types.h"

enum { SPEED_FULL = 1, SPEED_LOW, SPEED_HIGH, SPEED_SUPER };	/* xHCI's numbers */
enum { GET_DESCRIPTOR = 6, SET_CONFIGURATION = 9, HID_SET_IDLE = 10, HID_SET_PROTOCOL = 11 };
enum { DESC_DEVICE = 1, DESC_CONFIG, DESC_INTERFACE = 4, DESC_ENDPOINT };
enum { TO_DEVICE = 0x00, TO_INTERFACE_CLASS = 0x21, FROM_DEVICE = 0x80 };	/* bmRequestType */
#define KBD_REPORT_SIZE 8

/* ---- descriptor.c ---- */
struct usb_keyboard_info {
	u8 configuration, interface, endpoint;	/* endpoint: number 1..15, IN */
	u8 interval;				/* as the descriptor has it */
	u16 max_packet;				/* bytes */
};
/* Finds a boot-protocol keyboard in a configuration descriptor of len bytes, whatever they hold. 0, -ENODEV: it is well
 * formed and has none, -EINVAL: it contradicts itself. */
int usb_find_keyboard(const u8 *d, size_t len, struct usb_keyboard_info *out);

/* ---- kbd.c ---- */
struct usb_kbd {			/* the controller's thread */
	u8 report[KBD_REPORT_SIZE];	/* the last one */
	u8 repeating;			/* the key that is held, as HID usage; 0: none */
	u64 repeat_at;			/* ktime */
};
void usb_kbd_report(struct usb_kbd *k, const u8 *report);	/* KBD_REPORT_SIZE bytes */
u64 usb_kbd_repeat(struct usb_kbd *k);	/* presses what is held if it is time; when to call again, ~0: not */

/* ---- xhci.c ---- */
void xhci_init(void);			/* after pci_init, and a console for the keys */
