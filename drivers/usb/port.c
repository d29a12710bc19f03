/*
 * What is plugged into a port: given an address, asked what it is, made a keyboard, and let go when it is pulled out.
 *
 *   changed -> debounce -> port reset -> Enable Slot -> Address Device -> device and configuration descriptor
 *           -> Configure Endpoint -> SET_CONFIGURATION -> SET_PROTOCOL(boot) -> reports
 *
 * A device that does not answer, answers nonsense or is no keyboard is named in the log and left alone until it is plugged
 * in again. All of it runs in the controller's thread (H1).
 *
 * xHCI 4.3; USB 2.0 chapter 9. In Linux: drivers/usb/core/hub.c, drivers/usb/host/xhci.c. Left out: hubs and what is
 * behind them, LEDs, alternate settings, USB 3 link recovery.
 */
#include "drivers/usb/xhci.h"
#include "drivers/pci.h"
#include "mm/mm.h"
#include "printk.h"
#include "string.h"

#define DEBOUNCE (100 * NSEC_PER_MSEC)		/* USB 2.0 7.1.7.3, TATTDB */
#define PORT_RESET_TIMEOUT (500 * NSEC_PER_MSEC)
#define RESET_RECOVERY (10 * NSEC_PER_MSEC)	/* TRSTRCY */

static int get_descriptor(struct xhci *x, struct usb_device *d, u8 type, u16 len)
{
	int n = xhci_control(x, d, FROM_DEVICE, GET_DESCRIPTOR, type << 8, 0, len);

	return n < 0 ? n : n < len || d->buffer[0] < 8 || d->buffer[1] != type ? -EINVAL : n;
}

/* ---- a device ---- */

/* The input context anew, with the slot's part; entries: the highest DCI in it (6.2.2). */
static void begin_input(struct xhci *x, struct usb_device *d, unsigned entries)
{
	u32 *slot = x->input + x->context_words;

	memset(x->input, 0, PAGE_SIZE);
	x->input[1] = BIT(0);			/* the slot context is to be taken over */
	slot[0] = entries << 27 | d->speed << 20;
	slot[1] = d->port << 16;
}

/* Adds an endpoint (6.2.3). */
static void add_endpoint(struct xhci *x, unsigned dci, unsigned type, unsigned max_packet, unsigned interval, const struct ring *r)
{
	u32 *ep = x->input + x->context_words * (dci + 1);

	x->input[1] |= BIT(dci);
	ep[0] = interval << 16;
	ep[1] = max_packet << 16 | type << 3 | 3 << 1;	/* three tries */
	ep[2] = r->phys | TRB_CYCLE;
	ep[3] = r->phys >> 32;
	ep[4] = 8 | (type == EP_INTERRUPT_IN ? max_packet << 16 : 0);	/* bytes: on average, in one interval */
}

/* Gives the device its address and reads what it is. 0: a keyboard, -ENODEV: something else */
static int identify(struct xhci *x, struct usb_device *d)
{
	unsigned packet = d->speed >= SPEED_SUPER ? 512 : d->speed == SPEED_HIGH ? 64 : 8, total;
	const u8 *b = d->buffer;

	begin_input(x, d, 1);
	add_endpoint(x, 1, EP_CONTROL, packet, 0, &d->control);
	int err = xhci_command(x, TRB_ADDRESS_DEVICE, TRB_SLOT(d->slot), x->input_phys);

	if (err < 0 || (err = get_descriptor(x, d, DESC_DEVICE, 8)) < 0)
		return err;
	if (d->speed == SPEED_FULL && b[7] != packet) {	/* 8 bytes were safe to ask for; now it has said */
		begin_input(x, d, 1);
		add_endpoint(x, 1, EP_CONTROL, b[7], 0, &d->control);
		err = xhci_command(x, TRB_EVALUATE_CONTEXT, TRB_SLOT(d->slot), x->input_phys);
	}
	if (err < 0 || (err = get_descriptor(x, d, DESC_DEVICE, 18)) < 0)
		return err;
	pr_info("usb %u-%u: New USB device found, idVendor=%04x, idProduct=%04x\n", x->bus, d->port, b[8] | b[9] << 8, b[10] | b[11] << 8);
	if ((err = get_descriptor(x, d, DESC_CONFIG, 9)) < 0)
		return err;
	total = b[2] | b[3] << 8;
	if (total < 9 || total > BUFFER_SIZE)
		return -EINVAL;
	err = get_descriptor(x, d, DESC_CONFIG, total);
	return err < 0 ? err : usb_find_keyboard(b, total, &d->info);
}

/* Unit: 125 us << interval (6.2.3.6) */
static unsigned endpoint_interval(const struct usb_device *d)
{
	int n = d->speed >= SPEED_HIGH ? d->info.interval - 1 : fls64(d->info.interval * 8) - 1;

	return d->speed >= SPEED_HIGH ? min(max(n, 0), 15) : min(max(n, 3), 10);
}

static int start_keyboard(struct xhci *x, struct usb_device *d)
{
	unsigned dci = 2 * d->info.endpoint + 1;

	begin_input(x, d, dci);
	add_endpoint(x, dci, EP_INTERRUPT_IN, d->info.max_packet, endpoint_interval(d), &d->interrupt);
	int err = xhci_command(x, TRB_CONFIGURE_ENDPOINT, TRB_SLOT(d->slot), x->input_phys);

	if (err || (err = xhci_control(x, d, TO_DEVICE, SET_CONFIGURATION, d->info.configuration, 0, 0)) < 0 ||
	    (err = xhci_control(x, d, TO_INTERFACE_CLASS, HID_SET_PROTOCOL, 0, d->info.interface, 0)) < 0)
		return err;
	/* Reports on change only. Many refuse; the stalled endpoint 0 is not needed any more. */
	xhci_control(x, d, TO_INTERFACE_CLASS, HID_SET_IDLE, 0, d->info.interface, 0);
	d->dci = dci;
	xhci_queue_report(x, d);
	return 0;
}

/* What it held down goes up; slot and memory are given back. */
static void release_device(struct xhci *x, struct usb_device *d)
{
	static const u8 nothing[KBD_REPORT_SIZE];

	usb_kbd_report(&d->kbd, nothing);
	if (d->dci)
		xhci_command(x, TRB_STOP_ENDPOINT, TRB_SLOT(d->slot) | TRB_ENDPOINT(d->dci), 0);
	if (d->slot) {
		x->device[d->slot] = NULL;
		if (xhci_command(x, TRB_DISABLE_SLOT, TRB_SLOT(d->slot), 0))
			return;			/* H3 */
		x->dcbaa[d->slot] = 0;
	}
	if (d->context)
		put_page(d->context);
	if (d->rings)
		put_page(d->rings);
	kfree(d);
}

static int new_device(struct xhci *x, struct usb_device *d)
{
	d->context = xhci_page(x);
	d->rings = xhci_page(x);
	if (!d->context || !d->rings)
		return -ENOMEM;
	d->buffer = page_address(d->context) + BUFFER_AT;
	ring_init(&d->control, d->rings, 0);
	ring_init(&d->interrupt, d->rings, PAGE_SIZE / 2);
	int err = xhci_command(x, TRB_ENABLE_SLOT, 0, 0);

	if (err)
		return err;
	if (!x->answer.new_slot || x->answer.new_slot > x->nr_slots)
		return -EIO;
	d->slot = x->answer.new_slot;
	x->device[d->slot] = d;
	x->dcbaa[d->slot] = page_to_phys(d->context);
	err = identify(x, d);
	return err ?: start_keyboard(x, d);
}

/* ---- ports ---- */

/* A reset leaves a USB 2 port enabled; a USB 3 port is so already (4.3.1). */
static bool reset_port(struct xhci *x, unsigned port)
{
	u32 *reg = xhci_port(x, port), v = readl(reg);

	if (!(v & PORT_CONNECTED))
		return false;
	if (!(v & PORT_ENABLED))
		writel(reg, (v & PORT_KEEP) | PORT_RESET);
	for (u64 until = ktime_get() + PORT_RESET_TIMEOUT; ktime_get() < until; xhci_delay(x, RESET_RECOVERY))
		if (((v = readl(reg)) & (PORT_ENABLED | PORT_RESET)) == PORT_ENABLED)
			break;
	xhci_delay(x, RESET_RECOVERY);
	return v & PORT_ENABLED;
}

static void connect(struct xhci *x, unsigned port)
{
	xhci_delay(x, DEBOUNCE);
	struct usb_device *d = reset_port(x, port) ? kzalloc(sizeof(*d), GFP_KERNEL) : NULL;

	if (!d)
		return;
	d->port = port;
	d->speed = PORT_SPEED(readl(xhci_port(x, port)));
	int err = new_device(x, d);

	if (!err) {
		pr_info("usb %u-%u: keyboard\n", x->bus, port);
		return;
	}
	if (err == -ENODEV)
		pr_info("usb %u-%u: no keyboard, left alone\n", x->bus, port);
	else
		pr_warn("usb %u-%u: left alone: it %s (error %d)\n", x->bus, port, err == -ETIMEDOUT ? "does not answer" :
			err == -EPIPE ? "refuses a request" : err == -EINVAL ? "has broken descriptors" : "can't be used", err);
	release_device(x, d);
}

void xhci_port_changed(struct xhci *x, unsigned port)
{
	u32 v = readl(xhci_port(x, port));

	writel(xhci_port(x, port), (v & PORT_KEEP) | (v & PORT_CHANGES));
	if (!(v & PORT_CONNECTED) || v & PORT_CONNECT_CHANGE)
		clear_bit(port, x->known);
	for (unsigned slot = 1; slot <= x->nr_slots; slot++)
		if (x->device[slot] && x->device[slot]->port == port && !test_bit(port, x->known)) {
			pr_info("usb %u-%u: USB disconnect\n", x->bus, port);
			release_device(x, x->device[slot]);
		}
	if (v & PORT_CONNECTED && !test_bit(port, x->known)) {
		set_bit(port, x->known);
		connect(x, port);
	}
}
