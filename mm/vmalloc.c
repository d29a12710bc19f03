/*
 * Mapped kernel memory: kernel stacks, large areas, device memory.
 *
 *   VMALLOC_START                                  + 2 GiB                                512 GiB
 *   | slot 0              | slot 1  | ...          | area |guard| area |guard| ...         |
 *   | unmapped  16K stack |
 *
 * A stack has a slot of twice its size, so that what overflows runs into the unmapped half and faults.
 * A freed stack stays mapped in a small cache: fork mostly takes one from there.  A stack that is unmapped gives its
 * pages back at once, since nobody uses its addresses any more, but its slot is stale: some TLB may know the old pages.
 * Slots become free again many at a time, after one flush, in fork, where interrupts are on.
 *
 * Areas are a list sorted by address; a new one takes the first gap. In Linux: mm/vmalloc.c.
 */
#include "mm/mm.h"
#include "string.h"
#include "uapi/errno.h"

#define NR_KSTACKS 65536		/* pid_max is 32768 */
#define KSTACK_SLOT (2UL * KSTACK_SIZE)
#define KSTACK_PAGES (KSTACK_SIZE / PAGE_SIZE)
#define KSTACK_CACHE 16
#define KSTACK_STALE 64			/* so many slots are worth a flush of all processors */
#define AREAS_START (VMALLOC_START + NR_KSTACKS * KSTACK_SLOT)
#define AREAS_END (VMALLOC_START + PGDIR_SIZE)	/* one pgd entry, see pgtable.c */

struct vm_area {
	u64 start, size;		/* mapped bytes, the guard page not included */
	bool io;			/* device memory: the frames are not ours */
	struct list_head list;
};

static DEFINE_SPINLOCK(vmalloc_lock, RANK_VMALLOC);	/* all below */
static LIST_HEAD(areas);
static DECLARE_BITMAP(kstack_slots, NR_KSTACKS);
static unsigned long kstack_hint;	/* no free slot below it */
static void *kstack_cache;		/* linked by their first word */
static unsigned nr_cached, nr_stale;
static u16 stale_slots[NR_KSTACKS / 8];

/* Unmaps [start, end) and frees the frames unless they are a device's; TLBs may still know them. => vmalloc_lock */
static void unmap_area(u64 start, u64 end, bool io)
{
	for (; start < end; start += PAGE_SIZE) {
		u64 phys = unmap_kernel_page(start);
		if (!io)
			put_page(phys_to_page(phys));
	}
}

/* Maps size bytes at start: frames of ours, or those from phys on. 0, -ENOMEM with nothing mapped. => vmalloc_lock */
static int map_area(u64 start, u64 size, bool io, u64 phys, pgprot_t prot)
{
	for (u64 off = 0; off < size; off += PAGE_SIZE) {
		struct page *page = io ? NULL : alloc_page(0);
		if ((io || page) && !map_kernel_page(start + off, io ? phys + off : page_to_phys(page), prot))
			continue;
		if (page)
			put_page(page);
		unmap_area(start, start + off, io);
		return -ENOMEM;
	}
	return 0;
}

static void *new_area(u64 size, bool io, u64 phys, pgprot_t prot)
{
	struct vm_area *area = kmalloc(sizeof(*area), 0), *next;
	size = PAGE_ALIGN(size);
	if (!area || !size || size > AREAS_END - AREAS_START)
		goto free;
	*area = (struct vm_area){ .start = AREAS_START, .size = size, .io = io };
	u64 flags = spin_lock_irqsave(&vmalloc_lock);
	list_for_each_entry(next, &areas, list) {
		if (area->start + size < next->start)
			break;		/* fits before next, with a guard page */
		area->start = next->start + next->size + PAGE_SIZE;
	}
	if (area->start + size > AREAS_END || map_area(area->start, size, io, phys, prot)) {
		spin_unlock_irqrestore(&vmalloc_lock, flags);
		goto free;
	}
	list_add_tail(&area->list, &next->list);
	spin_unlock_irqrestore(&vmalloc_lock, flags);
	return (void *)area->start;
free:
	kfree(area);
	return NULL;
}

/* => interrupts on */
void *vmalloc(size_t size) { return new_area(size, false, 0, PAGE_KERNEL); }

void vfree(void *p)
{
	struct vm_area *area, *found = NULL;
	if (!p)
		return;
	u64 flags = spin_lock_irqsave(&vmalloc_lock);
	list_for_each_entry(area, &areas, list)
		if (area->start == ((u64)p & PAGE_MASK))
			found = area;
	BUG_ON(!found);
	unmap_area(found->start, found->start + found->size, found->io);
	spin_unlock_irqrestore(&vmalloc_lock, flags);
	flush_tlb_kernel_range(found->start, found->start + found->size);
	flags = spin_lock_irqsave(&vmalloc_lock);	/* its addresses can be given away now */
	list_del(&found->list);
	spin_unlock_irqrestore(&vmalloc_lock, flags);
	kfree(found);
}

void *ioremap(u64 phys, size_t size, pgprot_t prot)
{
	u64 off = phys & ~PAGE_MASK;
	void *p = new_area(size + off, true, phys - off, prot);
	return p ? p + off : NULL;
}

void iounmap(void *p) { vfree(p); }

/* ---- kernel stacks ---- */

/* Makes stale slots free. => vmalloc_lock, which it drops meanwhile; interrupts on before */
static void purge_stale_slots(u64 *flags)
{
	static bool purging;
	unsigned n = nr_stale;
	if (n < KSTACK_STALE || purging)
		return;
	purging = true;
	spin_unlock_irqrestore(&vmalloc_lock, *flags);
	flush_tlb_kernel_range(VMALLOC_START, AREAS_START);
	*flags = spin_lock_irqsave(&vmalloc_lock);
	purging = false;
	for (unsigned i = 0; i < n; i++) {
		clear_bit(stale_slots[i], kstack_slots);
		kstack_hint = min(kstack_hint, (unsigned long)stale_slots[i]);
	}
	nr_stale -= n;			/* others may have come since */
	memmove(stale_slots, stale_slots + n, nr_stale * sizeof(stale_slots[0]));
}

void *alloc_kstack(void)
{
	void *stack = NULL;
	if (unlikely(fault_injection) && should_fail_alloc())
		return NULL;
	u64 flags = spin_lock_irqsave(&vmalloc_lock);
	if (!kstack_cache)
		purge_stale_slots(&flags);
	if (kstack_cache) {
		stack = kstack_cache;
		kstack_cache = *(void **)stack;
		nr_cached--;
		goto out;
	}
	unsigned long slot = find_next_zero_bit(kstack_slots, NR_KSTACKS, kstack_hint);
	u64 start = VMALLOC_START + slot * KSTACK_SLOT + KSTACK_SIZE;
	if (slot == NR_KSTACKS || map_area(start, KSTACK_SIZE, false, 0, PAGE_KERNEL))
		goto out;
	set_bit(slot, kstack_slots);
	kstack_hint = slot + 1;
	mod_page_state(NR_KSTACK_PAGES, KSTACK_PAGES);
	stack = (void *)start;
out:
	spin_unlock_irqrestore(&vmalloc_lock, flags);
	return stack;
}

void free_kstack(void *stack)
{
	unsigned long slot = ((u64)stack - VMALLOC_START) / KSTACK_SLOT;
	u64 flags = spin_lock_irqsave(&vmalloc_lock);
	BUG_ON(slot >= NR_KSTACKS || !test_bit(slot, kstack_slots));
	if (nr_cached < KSTACK_CACHE || nr_stale == ARRAY_SIZE(stale_slots)) {
		*(void **)stack = kstack_cache;
		kstack_cache = stack;
		nr_cached++;
	} else {
		unmap_area((u64)stack, (u64)stack + KSTACK_SIZE, false);
		stale_slots[nr_stale++] = slot;
		mod_page_state(NR_KSTACK_PAGES, -(long)KSTACK_PAGES);
	}
	spin_unlock_irqrestore(&vmalloc_lock, flags);
}

bool is_kstack_guard(u64 addr)
{
	return addr >= VMALLOC_START && addr < AREAS_START && (addr - VMALLOC_START) % KSTACK_SLOT < KSTACK_SIZE;
}
