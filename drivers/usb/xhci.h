/*
 * xHCI: the controller of today's USB ports, by rings of 16-byte requests (TRBs) in memory. References such as (4.3) are
 * to the eXtensible Host Controller Interface specification 1.2.
 *
 *        we write                       the controller reads, at the ring of a doorbell
 *        +-----+-----+-----+------+
 *   +--> | TRB | TRB |     | link | --+    command ring (one), transfer rings (one for each endpoint of a device)
 *   |    +-----+-----+-----+------+   |
 *   +---------------------------------+    link: back to the start, and the cycle bit turns over
 *
 *   A TRB is the reader's when its cycle bit is that of the reader's lap: nobody writes an index anywhere.
 *
 *        +-------+-------+-----+           event ring: the controller writes (command done, bytes arrived, a port
 *        | event | event |     |           changed), interrupts, and we tell it by ERDP how far we have read
 *        +-------+-------+-----+
 *
 *   DCBAA[slot] -> device context: what the controller knows of a device: slot context, then one for each endpoint,
 *   numbered DCI = 2 * endpoint + (1 if IN); 1 is endpoint 0, both ways. Changed by commands with an input context:
 *   a page that says which of its contexts are to be taken over.
 *
 *   Port changes -> Enable Slot -> Address Device -> descriptors by control transfers on DCI 1 -> Configure Endpoint ->
 *   reports by the interrupt endpoint's ring -> unplugged: Disable Slot.                                       (4.3)
 *
 * Invariants
 *  H1  One kernel thread for each controller owns its rings, registers and devices: there is no lock. The interrupt
 *      handler only wakes it; without MSI it looks at the event ring each XHCI_POLL.
 *  H2  A device has at most one control transfer and one report outstanding, the controller one command: rings are never full.
 *  H3  Pages that the controller may write to are freed only after Disable Slot has succeeded, or never.
 *
 * In Linux: drivers/usb/host/xhci.c, xhci-ring.c, xhci-mem.c, core/hub.c.
 */
#pragma once
#include "drivers/usb/usb.h"
#include "bitmap.h"
#include "sched/sched.h"

#define XHCI_POLL (10 * NSEC_PER_MSEC)
#define RING_SIZE 128			/* TRBs: half a page; the last is the link */
#define EVENT_RING_SIZE 256		/* a page */
#define MAX_SLOTS 64
#define BUFFER_AT 2048			/* in the page of a device's context */
#define REPORT_AT 3072
#define BUFFER_SIZE 1024

/* Capability registers (5.3) */
enum { CAPLENGTH = 0x00, HCSPARAMS1 = 0x04, HCSPARAMS2 = 0x08, HCCPARAMS1 = 0x10, DBOFF = 0x14, RTSOFF = 0x18 };
#define HCC_AC64 BIT(0)			/* 64-bit addresses */
#define HCC_CSZ BIT(2)			/* contexts of 64 bytes, not 32 */
#define LEGACY_SUPPORT 1		/* extended capability (7.1): the firmware's keyboard emulation */
#define LEGACY_BIOS_OWNED BIT(16)
#define LEGACY_OS_OWNED BIT(24)
#define LEGACY_SMI_KEEP 0x000e1fee	/* bits of USBLEGCTLSTS that are reserved: the rest, written 0 or 1, ends SMIs */
#define LEGACY_SMI_EVENTS 0xe0000000
/* Operational registers (5.4) */
enum { USBCMD = 0x00, USBSTS = 0x04, PAGESIZE = 0x08, CRCR = 0x18, DCBAAP = 0x30, CONFIG = 0x38, PORTSC = 0x400 };
#define CMD_RUN BIT(0)
#define CMD_RESET BIT(1)
#define CMD_INTERRUPTS BIT(2)
#define STS_HALTED BIT(0)
#define STS_ERROR BIT(2)
#define STS_EVENT BIT(3)
#define STS_NOT_READY BIT(11)
/* PORTSC of port 1..n (5.4.8) */
#define PORT_CONNECTED BIT(0)
#define PORT_ENABLED BIT(1)		/* written 1: disables */
#define PORT_RESET BIT(4)
#define PORT_POWER BIT(9)
#define PORT_SPEED(v) ((v) >> 10 & 15)
#define PORT_CONNECT_CHANGE BIT(17)
#define PORT_CHANGES (127 << 17)	/* written 1: cleared */
#define PORT_KEEP 0x0e00c200		/* what must be written as it was read: power, indicators, wake-up */
/* Runtime registers: interrupter 0 (5.5.2) */
enum { IMAN = 0x20, IMOD = 0x24, ERSTSZ = 0x28, ERSTBA = 0x30, ERDP = 0x38 };
#define IMAN_PENDING BIT(0)
#define IMAN_ENABLE BIT(1)
#define IMOD_1MS 4000			/* at most an interrupt each 1000 us; unit 250 ns */
#define ERDP_BUSY BIT(3)

struct trb {				/* 4.11, 6.4 */
	u64 parameter;
	u32 status;			/* length; of an event also: completion code << 24 */
	u32 control;			/* cycle, flags, type << 10, slot << 24 */
};
#define TRB_CYCLE BIT(0)
#define TRB_TOGGLE BIT(1)		/* link: the cycle bit turns over */
#define TRB_ON_SHORT BIT(2)		/* an event when less arrives */
#define TRB_ON_COMPLETION BIT(5)	/* an event when done */
#define TRB_IMMEDIATE BIT(6)		/* parameter holds the data */
#define TRB_DIR_IN BIT(16)
#define SETUP_DATA_IN (3 << 16)		/* setup: a data stage follows, to us */
#define TRB_TYPE(t) ((t) << 10)
#define TRB_SLOT(s) ((s) << 24)
#define TRB_ENDPOINT(dci) ((dci) << 16)
enum { TRB_NORMAL = 1, TRB_SETUP, TRB_DATA, TRB_STATUS, TRB_LINK = 6, TRB_ENABLE_SLOT = 9, TRB_DISABLE_SLOT, TRB_ADDRESS_DEVICE,
       TRB_CONFIGURE_ENDPOINT, TRB_EVALUATE_CONTEXT, TRB_STOP_ENDPOINT = 15, EVENT_TRANSFER = 32, EVENT_COMMAND, EVENT_PORT };
enum { CC_SUCCESS = 1, CC_STALL = 6, CC_SHORT_PACKET = 13 };	/* completion codes (6.4.5) */
enum { EP_CONTROL = 4, EP_INTERRUPT_IN = 7 };

struct ring {
	struct trb *trb;
	u64 phys;
	unsigned next;			/* the next TRB that we write */
	u32 cycle;
};

struct usb_device {
	unsigned slot, port, speed;
	struct page *context, *rings;	/* device context, buffer, report; two rings */
	struct ring control, interrupt;
	u8 *buffer;			/* what a control transfer brought */
	struct usb_keyboard_info info;
	unsigned dci;			/* of the reports' endpoint; 0: there are none (yet) */
	struct usb_kbd kbd;
};

struct xhci {				/* the thread's alone: H1 */
	struct pci_dev *pci;
	u8 *cap, *op, *runtime;
	u32 *doorbell;
	unsigned bus, nr_ports, nr_slots, context_words;
	bool ac64, msi, dead;
	struct wait_queue_head wait;		/* the thread, for events */
	DECLARE_BITMAP(changed, 256);		/* ports to look at */
	DECLARE_BITMAP(known, 256);		/* ports whose device was looked at */
	struct ring command;
	struct trb *events;
	u64 events_phys, input_phys;
	unsigned event_next;
	u32 event_cycle;
	u64 *dcbaa;
	u32 *input;				/* the input context */
	/* What is waited for: a command's TRB, or DCI 1 of a slot. code 0: it has not come */
	struct { u64 trb; unsigned slot, code, new_slot, missing; } answer;
	struct usb_device *device[MAX_SLOTS + 1];	/* by slot */
};

/* ---- xhci.c: the controller ---- */
struct page *xhci_page(struct xhci *x);		/* zeroed, where the controller can reach it; NULL */
void ring_init(struct ring *r, struct page *page, unsigned offset);
void xhci_queue_report(struct xhci *x, struct usb_device *d);
void xhci_delay(struct xhci *x, u64 ns);	/* events are handled meanwhile. May sleep */
/* Both wait, and handle events meanwhile: 0 or more, -EPIPE: refused (stall), -EIO, -ETIMEDOUT. */
int xhci_command(struct xhci *x, unsigned type, u32 flags, u64 parameter);
/* A request of which up to len bytes come back, into d->buffer: how many. */
int xhci_control(struct xhci *x, struct usb_device *d, u8 type, u8 request, u16 value, u16 index, u16 len);
/* ---- port.c: what is plugged in ---- */
static inline u32 *xhci_port(struct xhci *x, unsigned port) { return (u32 *)(x->op + PORTSC + 16 * (port - 1)); }
void xhci_port_changed(struct xhci *x, unsigned port);	/* a device came or went: takes it, or lets it go. May sleep */
