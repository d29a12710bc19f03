/*
 * The xHCI driver: starts a controller, gives it requests, takes its events (drivers/usb/xhci.h has the plan).
 *
 * start() once; then the thread sleeps until an event, handles it, and looks at ports that changed (drivers/usb/port.c).
 * While it waits for a command or a transfer it goes on handling events, so that other keyboards are served, and every
 * wait has an end. A controller that fails keeps its pages, since it may still write to them (H3).
 *
 * Left out: memory below 4 GiB is not searched for on controllers that reach no other; suspend, quirks.
 */
#include "drivers/usb/xhci.h"
#include "drivers/pci.h"
#include "mm/mm.h"
#include "printk.h"
#include "sched/sched.h"
#include "string.h"

#define COMMAND_TIMEOUT (5 * NSEC_PER_SEC)
#define CONTROL_TIMEOUT (2 * NSEC_PER_SEC)

/* ---- memory and rings ---- */

struct page *xhci_page(struct xhci *x)
{
	struct page *page = alloc_page(__GFP_ZERO);

	if (page && !x->ac64 && page_to_phys(page) >> 32) {
		put_page(page);
		return NULL;
	}
	return page;
}

void ring_init(struct ring *r, struct page *page, unsigned offset)
{
	*r = (struct ring){ .trb = page_address(page) + offset, .phys = page_to_phys(page) + offset, .cycle = TRB_CYCLE };
}

/* Adds a TRB and gives its address. The controller may take it from the moment its cycle bit is written, the last. */
static u64 ring_put(struct ring *r, u64 parameter, u32 status, u32 control)
{
	struct trb *t = &r->trb[r->next];
	u64 phys = r->phys + r->next * sizeof(*t);

	t->parameter = parameter;
	t->status = status;
	barrier();
	WRITE_ONCE(t->control, control | r->cycle);
	if (++r->next == RING_SIZE - 1) {
		t[1].parameter = r->phys;
		barrier();
		WRITE_ONCE(t[1].control, TRB_TYPE(TRB_LINK) | TRB_TOGGLE | r->cycle);
		r->next = 0;
		r->cycle ^= TRB_CYCLE;
	}
	return phys;
}

/* ---- events ---- */

void xhci_queue_report(struct xhci *x, struct usb_device *d)
{
	ring_put(&d->interrupt, page_to_phys(d->context) + REPORT_AT, d->info.max_packet,
		 TRB_TYPE(TRB_NORMAL) | TRB_ON_COMPLETION | TRB_ON_SHORT);
	writel(&x->doorbell[d->slot], d->dci);
}

static void transfer_event(struct xhci *x, const struct trb *e)
{
	unsigned slot = e->control >> 24, dci = e->control >> 16 & 31, code = e->status >> 24, missing = e->status & 0xffffff;
	struct usb_device *d = slot <= MAX_SLOTS ? x->device[slot] : NULL;

	if (slot == x->answer.slot && dci == 1) {
		if (code == CC_SHORT_PACKET)		/* of the data; the status stage is still to come */
			x->answer.missing = missing;
		else
			x->answer.code = code;
	} else if (d && d->dci && dci == d->dci) {
		if (code != CC_SUCCESS && code != CC_SHORT_PACKET) {
			pr_warn("usb %u-%u: no more reports: completion code %u\n", x->bus, d->port, code);
			return;
		}
		if (missing + KBD_REPORT_SIZE <= d->info.max_packet)
			usb_kbd_report(&d->kbd, page_address(d->context) + REPORT_AT);
		xhci_queue_report(x, d);
	}
}

static bool event_ready(struct xhci *x)
{
	return (READ_ONCE(x->events[x->event_next].control) & TRB_CYCLE) == x->event_cycle;
}

static void handle_events(struct xhci *x)
{
	if (!event_ready(x))
		return;
	do {
		barrier();				/* the cycle bit was read before the rest */
		struct trb e = x->events[x->event_next];

		if (++x->event_next == EVENT_RING_SIZE) {
			x->event_next = 0;
			x->event_cycle ^= TRB_CYCLE;
		}
		switch (e.control >> 10 & 63) {
		case EVENT_TRANSFER:
			transfer_event(x, &e);
			break;
		case EVENT_COMMAND:
			if (e.parameter == x->answer.trb) {
				x->answer.new_slot = e.control >> 24;
				x->answer.code = e.status >> 24;
			}
			break;
		case EVENT_PORT:
			set_bit(e.parameter >> 24 & 255, x->changed);
			break;
		}
	} while (event_ready(x));
	writeq(x->runtime + ERDP, (x->events_phys + x->event_next * sizeof(struct trb)) | ERDP_BUSY);
}

static void xhci_interrupt(int irq, void *data)
{
	struct xhci *x = data;

	writel(x->op + USBSTS, STS_EVENT);
	writel(x->runtime + IMAN, IMAN_PENDING | IMAN_ENABLE);
	wake_up(&x->wait);
}

/* Handles the events that come, and keys that repeat, until there was one or it is `until`. May sleep */
static void pump(struct xhci *x, u64 until)
{
	struct wait_queue_entry w;
	u64 now = ktime_get();

	for (unsigned slot = 1; slot <= x->nr_slots; slot++)
		if (x->device[slot])
			until = min(until, usb_kbd_repeat(&x->device[slot]->kbd));
	if (!x->msi)
		until = min(until, now + XHCI_POLL);
	init_wait_entry(&w);
	prepare_to_wait(&x->wait, &w, TASK_INTERRUPTIBLE);
	current->wchan = __func__;
	if (!event_ready(x) && until > now)
		schedule_timeout_ns(until == ~0UL ? ~0UL : until - now);
	finish_wait(&x->wait, &w);
	handle_events(x);
}

void xhci_delay(struct xhci *x, u64 ns)
{
	for (u64 until = ktime_get() + ns; ktime_get() < until;)
		pump(x, until);
}

/* ---- commands and control transfers ---- */

static int wait_answer(struct xhci *x, u64 timeout)
{
	for (u64 until = ktime_get() + timeout; !x->answer.code && ktime_get() < until;)
		pump(x, until);
	unsigned code = x->answer.code;

	x->answer.trb = x->answer.slot = 0;
	return code == CC_SUCCESS ? 0 : code == CC_STALL ? -EPIPE : code ? -EIO : -ETIMEDOUT;
}

int xhci_command(struct xhci *x, unsigned type, u32 flags, u64 parameter)
{
	memset(&x->answer, 0, sizeof(x->answer));
	if (x->dead)
		return -EIO;
	x->answer.trb = ring_put(&x->command, parameter, 0, TRB_TYPE(type) | flags);
	writel(&x->doorbell[0], 0);
	int err = wait_answer(x, COMMAND_TIMEOUT);

	if (err == -ETIMEDOUT) {
		pr_err("xhci " PCI_NAME ": command %u has no end, USBSTS %#x: given up\n", pci_name(x->pci), type, readl(x->op + USBSTS));
		x->dead = true;
	}
	return err;
}

int xhci_control(struct xhci *x, struct usb_device *d, u8 type, u8 request, u16 value, u16 index, u16 len)
{
	u64 setup = type | (u32)request << 8 | (u32)value << 16 | (u64)index << 32 | (u64)len << 48;

	memset(&x->answer, 0, sizeof(x->answer));
	x->answer.slot = d->slot;
	ring_put(&d->control, setup, 8, TRB_TYPE(TRB_SETUP) | TRB_IMMEDIATE | (len ? SETUP_DATA_IN : 0));
	if (len)
		ring_put(&d->control, page_to_phys(d->context) + BUFFER_AT, len, TRB_TYPE(TRB_DATA) | TRB_ON_SHORT | TRB_DIR_IN);
	ring_put(&d->control, 0, 0, TRB_TYPE(TRB_STATUS) | TRB_ON_COMPLETION | (len ? 0 : TRB_DIR_IN));
	writel(&x->doorbell[d->slot], 1);
	int err = wait_answer(x, CONTROL_TIMEOUT);

	return err ?: len - min_t(unsigned, len, x->answer.missing);
}

/* ---- the controller ---- */

static bool wait_register(u8 *reg, u32 mask, u32 value, unsigned ms)
{
	for (; (readl(reg) & mask) != value; ms--) {
		if (!ms)
			return false;
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_timeout_ns(NSEC_PER_MSEC);
	}
	return true;
}

/* Takes the controller from the firmware, which may still serve a keyboard by it (4.22.1). */
static void take_from_firmware(struct xhci *x)
{
	u64 at = readl(x->cap + HCCPARAMS1) >> 16 << 2, size = x->pci->bar[0].size;

	for (u32 v; at && at + 8 <= size; at = v >> 8 & 255 ? at + ((v >> 8 & 255) << 2) : 0) {
		v = readl(x->cap + at);
		if ((v & 255) != LEGACY_SUPPORT)
			continue;
		writel(x->cap + at, v | LEGACY_OS_OWNED);
		if (!wait_register(x->cap + at, LEGACY_BIOS_OWNED, 0, 1000)) {
			pr_warn("xhci " PCI_NAME ": the firmware does not let go\n", pci_name(x->pci));
			writel(x->cap + at, (v | LEGACY_OS_OWNED) & ~LEGACY_BIOS_OWNED);
		}
		writel(x->cap + at + 4, (readl(x->cap + at + 4) & LEGACY_SMI_KEEP) | LEGACY_SMI_EVENTS);
	}
}

/* The tables that the controller reads; false: no memory below its limit. */
static bool give_memory(struct xhci *x)
{
	u32 params = readl(x->cap + HCSPARAMS2), scratchpads = params >> 27 | (params >> 21 & 31) << 5;
	struct page *tables = xhci_page(x), *command = xhci_page(x), *events = xhci_page(x), *input = xhci_page(x), *list = xhci_page(x);

	if (!tables || !command || !events || !input || !list || scratchpads > PAGE_SIZE / 8)
		return false;
	x->dcbaa = page_address(tables);
	for (u32 i = 0; i < scratchpads; i++) {		/* pages for the controller's own use (4.20) */
		struct page *page = xhci_page(x);

		if (!page)
			return false;
		((u64 *)page_address(list))[i] = page_to_phys(page);
	}
	x->dcbaa[0] = scratchpads ? page_to_phys(list) : 0;
	u64 *segment = page_address(tables) + PAGE_SIZE / 2;	/* the event ring's only one (6.5) */

	x->events = page_address(events);
	x->events_phys = segment[0] = page_to_phys(events);
	segment[1] = EVENT_RING_SIZE;
	x->event_cycle = TRB_CYCLE;
	x->input = page_address(input);
	x->input_phys = page_to_phys(input);
	ring_init(&x->command, command, 0);
	writel(x->op + CONFIG, x->nr_slots);
	writeq(x->op + DCBAAP, page_to_phys(tables));
	writeq(x->op + CRCR, x->command.phys | TRB_CYCLE);
	writel(x->runtime + ERSTSZ, 1);
	writeq(x->runtime + ERDP, x->events_phys);
	writeq(x->runtime + ERSTBA, page_to_phys(tables) + PAGE_SIZE / 2);
	return true;
}

/* Makes it run (4.2). NULL, or what was wrong */
static const char *start(struct xhci *x)
{
	take_from_firmware(x);
	writel(x->op + USBCMD, readl(x->op + USBCMD) & ~(CMD_RUN | CMD_INTERRUPTS));
	if (!wait_register(x->op + USBSTS, STS_HALTED, STS_HALTED, 100))
		return "does not stop";
	writel(x->op + USBCMD, CMD_RESET);
	if (!wait_register(x->op + USBCMD, CMD_RESET, 0, 1000) || !wait_register(x->op + USBSTS, STS_NOT_READY, 0, 1000))
		return "does not come out of reset";
	if (!(readl(x->op + PAGESIZE) & 1))
		return "has other pages than of 4 KiB";
	if (!give_memory(x))
		return "has no memory that it can reach";
	x->msi = pci_request_msi(x->pci, xhci_interrupt, "xhci_hcd", x) >= 0;
	writel(x->runtime + IMOD, IMOD_1MS);
	writel(x->runtime + IMAN, IMAN_ENABLE | IMAN_PENDING);
	writel(x->op + USBCMD, CMD_RUN | (x->msi ? CMD_INTERRUPTS : 0));
	return wait_register(x->op + USBSTS, STS_HALTED | STS_ERROR, 0, 100) ? NULL : "does not run";
}

static int xhci_thread(void *data)
{
	struct xhci *x = data;
	const char *wrong = start(x);

	if (wrong) {
		pr_err("xhci " PCI_NAME ": %s\n", pci_name(x->pci), wrong);
		return -EIO;
	}
	pr_info("xhci " PCI_NAME ": bus %u, %u ports, %u slots, %s\n", pci_name(x->pci), x->bus, x->nr_ports, x->nr_slots,
		x->msi ? "MSI" : "polled");
	sched_setscheduler(current, SCHED_FIFO, 50);	/* as Linux's interrupt threads */
	for (unsigned port = 1; port <= x->nr_ports; port++) {
		writel(xhci_port(x, port), (readl(xhci_port(x, port)) & PORT_KEEP) | PORT_POWER);
		set_bit(port, x->changed);
	}
	while (!x->dead) {
		unsigned port = find_next_bit(x->changed, x->nr_ports + 1, 1);

		if (port > x->nr_ports) {
			pump(x, ~0UL);
			continue;
		}
		clear_bit(port, x->changed);
		xhci_port_changed(x, port);
	}
	writel(x->op + USBCMD, 0);
	return -EIO;
}

void __init xhci_init(void)
{
	unsigned bus = 0;

	for (struct pci_dev *pci = NULL; (pci = pci_find_class(PCI_CLASS_XHCI, pci));) {
		u8 *cap = pci_enable(pci, 0, "xhci_hcd");
		struct xhci *x = cap ? kzalloc(sizeof(*x), GFP_KERNEL) : NULL;

		if (!x)
			continue;
		u32 op = readl(cap + CAPLENGTH) & 255, params = readl(cap + HCSPARAMS1), hcc = readl(cap + HCCPARAMS1);
		u64 doorbell = readl(cap + DBOFF) & ~3u, runtime = readl(cap + RTSOFF) & ~31u, size = pci->bar[0].size;

		x->pci = pci;
		x->bus = ++bus;
		x->cap = cap;
		x->op = cap + op;
		x->doorbell = (u32 *)(cap + doorbell);
		x->runtime = cap + runtime;
		x->nr_ports = params >> 24;
		x->nr_slots = min_t(unsigned, params & 255, MAX_SLOTS);
		x->context_words = hcc & HCC_CSZ ? 16 : 8;
		x->ac64 = hcc & HCC_AC64;
		init_waitqueue_head(&x->wait);
		if (op + PORTSC + 16 * x->nr_ports > size || doorbell + 4 * (x->nr_slots + 1) > size || runtime + ERDP + 8 > size)
			pr_err("xhci " PCI_NAME ": registers outside of its BAR\n", pci_name(pci));
		else
			kthread_run(xhci_thread, x, "xhci%u", bus);
	}
}
