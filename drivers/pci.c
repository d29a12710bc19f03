/*
 * PCI enumeration through the ports 0xcf8 (address) and 0xcfc (data), and message-signalled interrupts.
 *
 * Buses are visited in ascending order, beginning with 0; a bridge that the firmware set up adds its secondary bus, which
 * has a higher number, so that broken bridges can't make a circle. A BAR's size is what its address bits can't hold: ones
 * are written and read back, with decoding off meanwhile and interrupts too, since the device may be the screen.
 *
 * Lock: pci_lock keeps address and data port together. The list is never changed after boot.
 * In Linux: drivers/pci/probe.c, access.c, msi/. Left out: addresses of our own giving, more root buses than one (ACPI's
 * _CRS), interrupt lines (ACPI's _PRT), ECAM with its extended capabilities, hot-plug.
 */
#include "drivers/pci.h"
#include "asm/x86.h"
#include "bitmap.h"
#include "fs/fs.h"
#include "kernel/irq.h"
#include "printk.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define CONFIG_ENABLE BIT(31)
enum { PCI_ID = 0x00, PCI_COMMAND = 0x04, PCI_STATUS = 0x06, PCI_CLASS = 0x08, PCI_HEADER = 0x0e, PCI_BAR0 = 0x10,
       PCI_SECONDARY = 0x19, PCI_CAPABILITIES = 0x34, PCI_LINE = 0x3c };
#define COMMAND_IO BIT(0)
#define COMMAND_MEMORY BIT(1)
#define COMMAND_MASTER BIT(2)
#define COMMAND_NO_INTX BIT(10)
#define STATUS_CAPABILITIES BIT(4)
#define HEADER_TYPE 0x7f		/* 0 device, 1 bridge */
#define HEADER_MULTI BIT(7)		/* has functions beside 0 */
#define HEADER_BRIDGE 1
#define CLASS_HOST_BRIDGE 0x0600
enum { CAP_MSI = 0x05, CAP_MSIX = 0x11 };
#define MSI_ENABLE BIT(0)
#define MSI_COUNT (7 << 4)		/* log2 of the vectors that are used */
#define MSI_64 BIT(7)
#define MSIX_ENABLE BIT(15)
#define MSIX_MASK_ALL BIT(14)

static LIST_HEAD(pci_devices);
static DEFINE_SPINLOCK(pci_lock, RANK_MISC);
static DECLARE_BITMAP(buses, 256) __initdata;

static u32 address(const struct pci_dev *d, unsigned reg) { return CONFIG_ENABLE | d->bus << 16 | d->devfn << 8 | (reg & 0xfc); }

u32 pci_read(const struct pci_dev *d, unsigned reg, unsigned bytes)
{
	u64 flags = spin_lock_irqsave(&pci_lock);
	u16 port = CONFIG_DATA + (reg & 3);

	outl(CONFIG_ADDRESS, address(d, reg));
	u32 v = bytes == 4 ? inl(port) : bytes == 2 ? inw(port) : inb(port);
	spin_unlock_irqrestore(&pci_lock, flags);
	return v;
}

void pci_write(const struct pci_dev *d, unsigned reg, unsigned bytes, u32 v)
{
	u64 flags = spin_lock_irqsave(&pci_lock);
	u16 port = CONFIG_DATA + (reg & 3);

	outl(CONFIG_ADDRESS, address(d, reg));
	if (bytes == 4)
		outl(port, v);
	else if (bytes == 2)
		outw(port, v);
	else
		outb(port, v);
	spin_unlock_irqrestore(&pci_lock, flags);
}

unsigned pci_find_capability(const struct pci_dev *d, u8 id)
{
	unsigned at = pci_read(d, PCI_STATUS, 2) & STATUS_CAPABILITIES ? pci_read(d, PCI_CAPABILITIES, 1) & 0xfc : 0;

	for (int left = 48; at >= 0x40 && left; left--) {	/* as many as there is room for: a circle ends too */
		u16 cap = pci_read(d, at, 2);

		if ((cap & 0xff) == id)
			return at;
		at = cap >> 8 & 0xfc;
	}
	return 0;
}

struct pci_dev *pci_find_class(u32 class, struct pci_dev *from)
{
	struct list_head *pos = from ? &from->list : &pci_devices;

	while ((pos = pos->next) != &pci_devices)
		if (list_entry(pos, struct pci_dev, list)->class == class)
			return list_entry(pos, struct pci_dev, list);
	return NULL;
}

/* ---- enumeration ---- */

/* BAR nr; true: it is 64 bits wide and takes the next one too. => decoding off */
static bool __init size_bar(struct pci_dev *d, unsigned nr, unsigned last)
{
	unsigned reg = PCI_BAR0 + 4 * nr;
	u64 value = pci_read(d, reg, 4), mask;
	bool io = value & PCI_BAR_IO, wide = !io && nr < last && (value & 6) == PCI_BAR_64;
	u64 low = io ? 3 : 15;

	pci_write(d, reg, 4, ~0u);
	mask = pci_read(d, reg, 4);
	pci_write(d, reg, 4, value);
	if (wide) {
		u64 high = pci_read(d, reg + 4, 4);

		pci_write(d, reg + 4, 4, ~0u);
		mask |= (u64)pci_read(d, reg + 4, 4) << 32;
		pci_write(d, reg + 4, 4, high);
		value |= high << 32;
	} else if (mask & ~low) {
		mask |= (mask & 0xffff0000 ? ~0UL << 32 : ~0UL << 16);	/* ports may have 16 bits */
	}
	mask &= ~low;
	d->bar[nr].start = value & ~low;
	d->bar[nr].size = mask & -mask;
	d->bar[nr].flags = value & low;
	return wide;
}

static void __init read_bars(struct pci_dev *d)
{
	unsigned count = (d->header & HEADER_TYPE) == HEADER_BRIDGE ? 2 : (d->header & HEADER_TYPE) == 0 ? 6 : 0;
	u64 flags = local_irq_save();
	u16 command = pci_read(d, PCI_COMMAND, 2);

	if (d->class >> 8 != CLASS_HOST_BRIDGE)		/* without it nothing would answer any more */
		pci_write(d, PCI_COMMAND, 2, command & ~(COMMAND_IO | COMMAND_MEMORY));
	for (unsigned nr = 0; nr < count; nr++)
		nr += size_bar(d, nr, count - 1);
	pci_write(d, PCI_COMMAND, 2, command);
	local_irq_restore(flags);
	for (unsigned nr = 0; nr < count; nr++)
		if (d->bar[nr].size)
			pr_info("pci " PCI_NAME ": BAR %u: [%s %#lx-%#lx%s%s]\n", pci_name(d), nr, d->bar[nr].flags & PCI_BAR_IO ? "io " : "mem",
				d->bar[nr].start, d->bar[nr].start + d->bar[nr].size - 1,
				(d->bar[nr].flags & (PCI_BAR_64 | PCI_BAR_IO)) == PCI_BAR_64 ? " 64bit" : "",
				(d->bar[nr].flags & (PCI_BAR_PREFETCH | PCI_BAR_IO)) == PCI_BAR_PREFETCH ? " pref" : "");
}

/* Looks at one function; false: there is none, or no other beside it. */
static bool __init probe_function(u8 bus, u8 devfn)
{
	struct pci_dev found = { .bus = bus, .devfn = devfn }, *d;
	u32 id = pci_read(&found, PCI_ID, 4);

	if ((id & 0xffff) == 0xffff || !(d = kmemdup(&found, sizeof(found), GFP_KERNEL)))
		return false;
	d->vendor = id;
	d->device = id >> 16;
	d->class = pci_read(d, PCI_CLASS, 4) >> 8;
	d->header = pci_read(d, PCI_HEADER, 1);
	d->irq_line = pci_read(d, PCI_LINE, 1);
	list_add_tail(&d->list, &pci_devices);
	pr_info("pci " PCI_NAME ": [%04x:%04x] type %02x class 0x%06x\n", pci_name(d), d->vendor, d->device,
		d->header & HEADER_TYPE, d->class);
	read_bars(d);
	if ((d->header & HEADER_TYPE) == HEADER_BRIDGE && pci_read(d, PCI_SECONDARY, 1) > bus)
		set_bit(pci_read(d, PCI_SECONDARY, 1), buses);
	return d->header & HEADER_MULTI;
}

void __init pci_init(void)
{
	outl(CONFIG_ADDRESS, CONFIG_ENABLE);
	if (inl(CONFIG_ADDRESS) != CONFIG_ENABLE) {
		pr_info("PCI: no configuration ports\n");
		return;
	}
	set_bit(0, buses);
	for (unsigned bus = 0; bus < 256; bus = find_next_bit(buses, 256, bus + 1))
		for (unsigned device = 0; device < 32; device++)
			for (unsigned fn = 0; fn < 8 && (probe_function(bus, device << 3 | fn) || fn); fn++)
				;
}

int pci_devices_show(struct seq_file *m, void *v)
{
	struct pci_dev *d;

	list_for_each_entry(d, &pci_devices, list) {
		seq_printf(m, "%02x%02x\t%04x%04x\t%x", d->bus, d->devfn, d->vendor, d->device, d->irq_line);
		for (unsigned i = 0; i < 7; i++)	/* the seventh is the ROM's */
			seq_printf(m, "\t%16lx", i < 6 ? d->bar[i].start | d->bar[i].flags : 0);
		for (unsigned i = 0; i < 7; i++)
			seq_printf(m, "\t%16lx", i < 6 ? d->bar[i].size : 0);
		seq_printf(m, "\t%s\n", d->driver ?: "");
	}
	return 0;
}

/* ---- for drivers ---- */

void *pci_enable(struct pci_dev *d, unsigned bar, const char *driver)
{
	void *regs = NULL;

	if (d->bar[bar].start && d->bar[bar].size && !(d->bar[bar].flags & PCI_BAR_IO))
		regs = ioremap(d->bar[bar].start, d->bar[bar].size, PAGE_KERNEL_NOCACHE);
	if (!regs) {
		pr_err("%s " PCI_NAME ": BAR %u can't be used\n", driver, pci_name(d), bar);
		return NULL;
	}
	d->driver = driver;
	pci_write(d, PCI_COMMAND, 2, pci_read(d, PCI_COMMAND, 2) | COMMAND_MEMORY | COMMAND_MASTER);
	return regs;
}

/* Entry 0 of the MSI-X table, mapped; NULL when it is not where it should be. */
static u8 *map_msix(const struct pci_dev *d, unsigned cap)
{
	u32 table = pci_read(d, cap + 4, 4);
	unsigned bar = table & 7;

	table &= ~7u;
	if (bar >= ARRAY_SIZE(d->bar) || d->bar[bar].flags & PCI_BAR_IO || !d->bar[bar].start || table + 16UL > d->bar[bar].size)
		return NULL;
	return ioremap(d->bar[bar].start + table, 16, PAGE_KERNEL_NOCACHE);
}

int pci_request_msi(struct pci_dev *d, void (*fn)(int irq, void *data), const char *name, void *data)
{
	unsigned msix = pci_find_capability(d, CAP_MSIX), msi = pci_find_capability(d, CAP_MSI);
	u8 *entry = msix ? map_msix(d, msix) : NULL;
	u64 target;
	u32 value;

	if (!entry && !msi)
		return -ENODEV;
	int irq = alloc_msi_irq(&target, &value);
	int err = irq < 0 ? irq : request_irq(irq, fn, name, data);
	if (err) {
		if (entry)
			iounmap(entry);
		return err;
	}
	pci_write(d, PCI_COMMAND, 2, pci_read(d, PCI_COMMAND, 2) | COMMAND_NO_INTX);
	if (entry) {
		u16 control = pci_read(d, msix + 2, 2);

		pci_write(d, msix + 2, 2, control | MSIX_ENABLE | MSIX_MASK_ALL);
		writeq(entry, target);
		writel(entry + 8, value);
		writel(entry + 12, 0);			/* not masked */
		pci_write(d, msix + 2, 2, (control | MSIX_ENABLE) & ~MSIX_MASK_ALL);
		return irq;
	}
	u16 control = pci_read(d, msi + 2, 2);

	pci_write(d, msi + 4, 4, target);
	if (control & MSI_64)
		pci_write(d, msi + 8, 4, target >> 32);
	pci_write(d, msi + (control & MSI_64 ? 12 : 8), 2, value);
	pci_write(d, msi + 2, 2, (control & ~MSI_COUNT) | MSI_ENABLE);
	return irq;
}
