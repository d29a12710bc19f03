/*
 * PCI: which devices there are, where their registers lie, and how they interrupt.
 *
 *   bus 0 --+-- 00:00.0 host bridge
 *           +-- 00:02.0 xHCI: BAR 0 -> [mem 0xfebf0000-0xfebf3fff 64bit], capabilities: MSI-X, ...
 *           +-- 00:03.0 bridge to bus 1 --+-- 01:00.0 ...
 *
 * The firmware has numbered the buses and given the addresses; we read what it did. The list is made once, at boot.
 * PCI Local Bus Specification 3.0, chapter 6; bridges: PCI-to-PCI Bridge Architecture 1.2. In Linux: drivers/pci/.
 */
#pragma once
#include "types.h"
#include "list.h"

#define PCI_CLASS_XHCI 0x0c0330
#define PCI_BAR_IO BIT(0)		/* ports; these bits are the register's own */
#define PCI_BAR_64 BIT(2)
#define PCI_BAR_PREFETCH BIT(3)
struct seq_file;
struct pci_dev {
	struct list_head list;
	u8 bus, devfn;			/* device << 3 | function */
	u8 header, irq_line;
	u16 vendor, device;
	u32 class;			/* base class << 16 | subclass << 8 | programming interface */
	struct { u64 start, size; u32 flags; } bar[6];	/* size 0: none; a 64-bit one takes two numbers */
	const char *driver;		/* who took it, or NULL */
};
#define PCI_NAME "0000:%02x:%02x.%u"	/* with these arguments */
#define pci_name(d) (d)->bus, (d)->devfn >> 3, (d)->devfn & 7u

void pci_init(void);
struct pci_dev *pci_find_class(u32 class, struct pci_dev *from);	/* the next after from (NULL: the first), or NULL */
u32 pci_read(const struct pci_dev *d, unsigned reg, unsigned bytes);	/* configuration space; any context */
void pci_write(const struct pci_dev *d, unsigned reg, unsigned bytes, u32 v);
unsigned pci_find_capability(const struct pci_dev *d, u8 id);		/* its place in configuration space, 0: none */
/* Switches on memory decoding and bus mastering and maps a memory BAR, uncached; NULL with a message. */
void *pci_enable(struct pci_dev *d, unsigned bar, const char *driver);
/* An interrupt of its own by MSI-X (entry 0) or MSI: the irq, or -errno where device or machine have none. */
int pci_request_msi(struct pci_dev *d, void (*fn)(int irq, void *data), const char *name, void *data);
int pci_devices_show(struct seq_file *m, void *v);	/* /proc/bus/pci/devices, in Linux's format */

/* Registers of devices in memory. */
static inline u32 readl(const volatile void *p) { return *(const volatile u32 *)p; }
static inline void writel(volatile void *p, u32 v) { *(volatile u32 *)p = v; }
static inline void writeq(volatile void *p, u64 v) { writel(p, v); writel((volatile u8 *)p + 4, v >> 32); }
