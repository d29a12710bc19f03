/*
 * Page frames: the buddy allocator, and mem_init, which makes it from the loader's memory map.
 *
 *   order 0   [5]                  a block of 2^n pages starts at a multiple of 2^n; its buddy is the
 *   order 1   [2 3]  [8 9]         other half of the block twice as large: pfn ^ 2^n. A freed block
 *   order 3   [16 .. 23]           joins its buddy as long as that is free and whole (M2).
 *
 * Single pages, nearly all that is asked for, come from a small stack for each CPU, guarded by
 * disabled interrupts alone; it is filled and emptied in blocks of PCP_BATCH. Who finds no memory asks the
 * other CPUs by interrupt to give their stacks back.
 *
 * Before mem_init is done memory comes from memblock_alloc: first fit in the RAM regions, around what
 * is reserved. The map may be unsorted, overlapping and unaligned: RAM is what a RAM region covers
 * wholly and no other region touches. The boot tables map only the first GiB, so the tables of the
 * full direct map are taken from there.
 *
 * In Linux: mm/page_alloc.c, mm/memblock.c. Zones, migrate types and watermarks are left out.
 */
#include "mm/mm.h"
#include "boot_param.h"
#include "smp.h"
#include "string.h"
#include "trace.h"

#define PG_BAD_AT_FREE (PG_free | PG_buddy | PG_reserved | PG_slab)
#define PCP_HIGH 127
#define PCP_ORDER 4
#define PCP_BATCH (1u << PCP_ORDER)

struct page *mem_map;
u64 max_pfn, totalram_pages;
bool fault_injection;

static struct {
	struct spinlock lock;
	struct list_head list[MAX_ORDER];
	u64 nr[MAX_ORDER];		/* blocks */
	u64 free_pages;			/* in blocks; those in CPU stacks not included */
} zone = { .lock = SPINLOCK_INIT("zone", RANK_ZONE) };

static struct pcp {			/* interrupts off, own CPU only */
	u64 n;
	struct page *pages[PCP_HIGH];
} pcp[NR_CPUS] __aligned(64);			/* 1 KiB each */

/* ---- blocks: all => zone.lock ---- */

static inline void add_block(struct page *page, unsigned order)
{
	page->flags = PG_buddy | PG_free;
	page->order = order;
	list_add(&page->lru, &zone.list[order]);
	zone.nr[order]++;
}

static inline void del_block(struct page *page, unsigned order)
{
	page->flags = PG_free;
	list_del(&page->lru);
	zone.nr[order]--;
}

static struct page *take_block(unsigned order)
{
	unsigned o = order;
	while (o < MAX_ORDER && list_empty(&zone.list[o]))
		o++;
	if (o == MAX_ORDER)
		return NULL;
	struct page *page = list_first_entry(&zone.list[o], struct page, lru);
	del_block(page, o);
	while (o-- > order)		/* split: the upper halves stay free */
		add_block(page + (1UL << o), o);
	zone.free_pages -= 1UL << order;
	return page;
}

static void give_block(struct page *page, unsigned order)
{
	u64 pfn = page_to_pfn(page);
	BUG_ON(pfn & ((1UL << order) - 1));	/* M2 */
	zone.free_pages += 1UL << order;
	for (; order < MAX_ORDER - 1; order++) {
		u64 buddy = pfn ^ 1UL << order;
		if (buddy >= max_pfn || !(mem_map[buddy].flags & PG_buddy) || mem_map[buddy].order != order)
			break;
		del_block(&mem_map[buddy], order);
		pfn &= buddy;
	}
	add_block(&mem_map[pfn], order);
}

/* ---- single pages: => interrupts off ---- */

static noinline bool pcp_fill(struct pcp *l)
{
	struct page *page = NULL;
	unsigned order = PCP_ORDER + 1;
	spin_lock(&zone.lock);
	while (!page && order--)
		page = take_block(order);
	spin_unlock(&zone.lock);
	if (!page)
		return false;
	for (unsigned i = 1u << order; i--; l->n++) {
		page[i].flags = PG_free;
		l->pages[l->n] = &page[i];
	}
	return true;
}

/* Gives the n pages that lie longest back to the buddy. */
static noinline void pcp_drain(struct pcp *l, unsigned n)
{
	spin_lock(&zone.lock);
	for (unsigned i = 0; i < n; i++)
		give_block(l->pages[i], 0);
	spin_unlock(&zone.lock);
	l->n -= n;
	memmove(l->pages, l->pages + n, l->n * sizeof(l->pages[0]));
}

static void drain_here(void *unused)
{
	struct pcp *l = &pcp[smp_processor_id()];
	pcp_drain(l, l->n);
}

void drain_all_pages(void)
{
	u64 flags = local_irq_save();
	drain_here(NULL);
	local_irq_restore(flags);
	if (nr_cpus > 1 && !irqs_disabled())
		smp_call_function(drain_here, NULL);
}

static __always_inline struct page *prepare_page(struct page *page, gfp_t gfp, unsigned order)
{
	BUG_ON(page->flags != PG_free || page_count(page));	/* M1, M2 */
	page->flags = order ? PG_head : 0;
	page->order = order;
	page->mapping = NULL;
	atomic_set(&page->count, 1);
	if (gfp & __GFP_ZERO)
		rep_stosq(page_address(page), 0, PAGE_SIZE / 8 << order);
	trace_mm_page_alloc(page, order, gfp);
	return page;
}

static noinline struct page *alloc_pages_slow(gfp_t gfp, unsigned order)
{
	struct page *page = NULL;
	if (order >= MAX_ORDER || (fault_injection && !(gfp & __GFP_NOFAIL_INJECT) && should_fail_alloc()))
		return NULL;
	for (bool again = true;; again = false) {
		u64 flags = local_irq_save();
		struct pcp *l = &pcp[smp_processor_id()];
		if (order) {
			spin_lock(&zone.lock);
			page = take_block(order);
			spin_unlock(&zone.lock);
		} else if (l->n || pcp_fill(l)) {
			page = l->pages[--l->n];
		}
		local_irq_restore(flags);
		if (page || !again)
			return page ? prepare_page(page, gfp, order) : NULL;
		drain_all_pages();	/* what the processors keep may complete a block */
	}
}

struct page *alloc_pages(gfp_t gfp, unsigned order)
{
	if (unlikely(order || fault_injection))
		return alloc_pages_slow(gfp, order);
	u64 flags = local_irq_save();
	struct pcp *l = &pcp[smp_processor_id()];
	if (unlikely(!l->n)) {
		local_irq_restore(flags);
		return alloc_pages_slow(gfp, order);
	}
	struct page *page = l->pages[--l->n];
	local_irq_restore(flags);
	return prepare_page(page, gfp, 0);
}

/* => interrupts off */
static noinline void free_pages_slow(struct pcp *l, struct page *page, unsigned order)
{
	trace_mm_page_free(page, order);
	if (order == 0) {
		if (l->n == PCP_HIGH)
			pcp_drain(l, PCP_BATCH);
		l->pages[l->n++] = page;
	} else {
		spin_lock(&zone.lock);
		give_block(page, order);
		spin_unlock(&zone.lock);
	}
}

void __free_pages(struct page *page, unsigned order)
{
	BUG_ON(page->flags & PG_BAD_AT_FREE || page_count(page) > 1);	/* M1: freed twice, or in use */
	BUG_ON(page->order != order);					/* M2 */
	if (page->flags & PG_anon)
		mod_page_state(NR_ANON_PAGES, -1);
	page->flags = PG_free;
	atomic_set(&page->count, 0);
	u64 flags = local_irq_save();
	struct pcp *l = &pcp[smp_processor_id()];
	if (unlikely(order || l->n == PCP_HIGH) || trace_is_on(mm_page_free))
		free_pages_slow(l, page, order);
	else
		l->pages[l->n++] = page;
	local_irq_restore(flags);
}

void __put_page(struct page *page) { __free_pages(page, page->order); }
void free_page(void *addr) { __free_pages(virt_to_page(addr), 0); }

u64 nr_free_pages(void)
{
	u64 n = READ_ONCE(zone.free_pages);
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		n += READ_ONCE(pcp[cpu].n);
	return n;
}

u64 global_page_state(enum vm_stat item)
{
	long n = 0;		/* one processor's is below 0 when it frees what others took */
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		n += READ_ONCE(cpus[cpu].vmstat[item]);
	return max(n, 0L);
}

void buddy_stats(struct buddy_stat *st)
{
	u64 flags = spin_lock_irqsave(&zone.lock);
	memcpy(st->free, zone.nr, sizeof(st->free));
	spin_unlock_irqrestore(&zone.lock, flags);
}

bool should_fail_alloc(void)
{
	return current && !this_cpu->irq_depth && current->fail_nth > 0 && --current->fail_nth == 0;
}

/* ---- memory that was reserved at boot ---- */

void free_reserved_area(u64 start, u64 end)
{
	for (u64 pfn = DIV_ROUND_UP(start, PAGE_SIZE); pfn < min(end >> PAGE_SHIFT, max_pfn); pfn++) {
		if (mem_map[pfn].flags != PG_reserved)
			continue;
		mem_map[pfn].flags = mem_map[pfn].order = 0;
		__free_pages(&mem_map[pfn], 0);
		totalram_pages++;
	}
}

u64 free_initmem(void)
{
	extern char __init_begin[], __init_end[];
	u64 start = __pa_symbol(__init_begin), end = __pa_symbol(__init_end);
	set_kernel_prot((u64)__init_begin, (u64)__init_end, 0);
	memset(__va(start), 0xcc, end - start);	/* no old code stays: a QEMU that has translated it makes writes beside it slow */
	free_reserved_area(start, end);
	return (end - start) >> 10;
}

/* ---- boot ---- */

static struct { u64 start, end; } reserved[64] __initdata;
static unsigned nr_reserved __initdata;
static u64 mem_limit __initdata = ~0UL;

static void __init memblock_reserve(u64 start, u64 end)
{
	for (unsigned i = 0; i < nr_reserved; i++)
		if (reserved[i].end == start) {
			reserved[i].end = end;
			return;
		}
	if (nr_reserved == ARRAY_SIZE(reserved))
		panic("memblock: too many reserved ranges");
	reserved[nr_reserved].start = start;
	reserved[nr_reserved++].end = end;
}

static u64 __init ram_end(const struct mem_region *r)
{
	return r->type == MEM_RAM ? ALIGN_DOWN(min(r->end, mem_limit), PAGE_SIZE) : 0;
}

/* The end of something that is not ours to give and overlaps [start, end); 0: nothing does. */
static u64 __init taken_until(u64 start, u64 end)
{
	for (unsigned i = 0; i < nr_reserved; i++)
		if (start < reserved[i].end && reserved[i].start < end)
			return reserved[i].end;
	for (unsigned i = 0; i < boot_info.nr_regions; i++) {
		const struct mem_region *r = &boot_info.regions[i];
		if (r->type != MEM_RAM && start < r->end && r->start < end)
			return r->end;
	}
	return 0;
}

u64 __init memblock_alloc(u64 size, u64 limit)
{
	for (unsigned i = 0; i < boot_info.nr_regions; i++) {
		const struct mem_region *r = &boot_info.regions[i];
		u64 start = PAGE_ALIGN(r->start), end = min(ram_end(r), limit), until;
		while (start < end && size <= end - start) {
			until = taken_until(start, start + size);
			if (!until) {
				memblock_reserve(start, start + size);
				rep_stosq(__va(start), 0, DIV_ROUND_UP(size, 8));
				return start;
			}
			start = PAGE_ALIGN(until);
		}
	}
	panic("Not enough memory: no %lu KiB for the kernel's tables", size >> 10);
}

static void __init map_all_ram(void)
{
	for (unsigned i = 0; i < boot_info.nr_regions; i++) {
		const struct mem_region *r = &boot_info.regions[i];
		if (r->type == MEM_RAM)
			map_direct(PAGE_ALIGN(r->start), ram_end(r));
		else if (r->type == MEM_ACPI || r->type == MEM_NVS)
			map_direct(ALIGN_DOWN(r->start, PAGE_SIZE), PAGE_ALIGN(r->end));
		max_pfn = max(max_pfn, ram_end(r) >> PAGE_SHIFT);
	}
	for (unsigned i = 0; i < boot_info.nr_modules; i++)
		map_direct(ALIGN_DOWN(boot_info.modules[i].start, PAGE_SIZE), PAGE_ALIGN(boot_info.modules[i].end));
}

static void __init mark(u64 pfn, u64 end_pfn, u32 flags)
{
	for (; pfn < min(end_pfn, max_pfn); pfn++)
		mem_map[pfn].flags = flags;
}

/* Every frame is reserved, but those that RAM regions cover, but those that anything else touches. */
static void __init mark_pages(void)
{
	mark(0, max_pfn, PG_reserved);
	for (unsigned i = 0; i < boot_info.nr_regions; i++)
		mark(DIV_ROUND_UP(boot_info.regions[i].start, PAGE_SIZE), ram_end(&boot_info.regions[i]) >> PAGE_SHIFT, PG_free);
	for (unsigned i = 0; i < boot_info.nr_regions; i++)
		if (boot_info.regions[i].type != MEM_RAM)
			mark(boot_info.regions[i].start >> PAGE_SHIFT, DIV_ROUND_UP(boot_info.regions[i].end, PAGE_SIZE), PG_reserved);
	for (unsigned i = 0; i < nr_reserved; i++)
		mark(reserved[i].start >> PAGE_SHIFT, DIV_ROUND_UP(reserved[i].end, PAGE_SIZE), PG_reserved);
}

void __init mem_init(void)
{
	extern char _boot_start[], _end[];
	u64 order;

	mem_limit = param_u64("mem", 0) ?: ~0UL;
	fault_injection = param_bool("fail_nth");
	memblock_reserve(0, 0x100000);		/* page 0, the start-up page of other CPUs, the screen, ROMs; firmware scribbles here */
	memblock_reserve((u64)_boot_start, __pa_symbol(_end));
	for (unsigned i = 0; i < boot_info.nr_modules; i++)
		memblock_reserve(boot_info.modules[i].start, boot_info.modules[i].end);
	map_kernel_image();
	map_direct(0, 0x100000);		/* BIOS tables and the text screen */
	map_all_ram();
	load_init_pgd();
	mem_map = __va(memblock_alloc(max_pfn * sizeof(struct page), ~0UL));
	mark_pages();
	for (unsigned o = 0; o < MAX_ORDER; o++)
		INIT_LIST_HEAD(&zone.list[o]);
	for (u64 pfn = 0; pfn < max_pfn; pfn += 1UL << order) {
		order = 0;
		if (mem_map[pfn].flags != PG_free)
			continue;
		/* The largest aligned block that is free as a whole. */
		while (order < MAX_ORDER - 1 && !(pfn & 1UL << order) && pfn + (2UL << order) <= max_pfn) {
			u64 p = pfn + (1UL << order), end = pfn + (2UL << order);
			while (p < end && mem_map[p].flags == PG_free)
				p++;
			if (p < end)
				break;
			order++;
		}
		give_block(&mem_map[pfn], order);
		totalram_pages += 1UL << order;
	}
	pr_info("Memory: %luK/%luK available\n", totalram_pages << 2, max_pfn << 2);
}
