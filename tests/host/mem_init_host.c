/*
 * Proves: mem_init gives exactly the RAM away that the loader's map has, for random maps: unsorted, overlapping,
 * unaligned, tiny, above 4 GiB, cut by mem=; and never what is reserved. mm/page_alloc.c itself is compiled here, over
 * an address range that plays physical memory (test_mem_init.py moves PAGE_OFFSET and drops cli and sti).
 */
#include "mm/page_alloc.c"

int printf(const char *, ...), arch_prctl(int, unsigned long), memcmp(const void *, const void *, size_t);
void *mmap(void *, size_t, int, int, int, long), exit(int), abort(void), *calloc(size_t, size_t), free(void *);
int madvise(void *, size_t, int), vprintf(const char *, va_list);
long syscall(long, ...), random(void);
void srandom(unsigned);

struct boot_info boot_info;
struct cpu cpus[NR_CPUS];
unsigned nr_cpus = 1;
struct cpu_features cpu_has;
char _boot_start[1], _end[1], __init_begin[1], __init_end[1];
static char mem_word[32];
static u64 mapped_to;
static void dump(void);
static struct { u64 start, end; } mapped[600];
static unsigned nr_mapped;

u64 param_u64(const char *name, u64 otherwise) { return *mem_word ? memparse(mem_word, NULL) : otherwise; }
bool param_bool(const char *name) { return false; }
int printk(const char *fmt, ...) { return 0; }
void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	printf("\n");
	dump();
	exit(3);
}
void smp_call_function(void (*fn)(void *arg), void *arg) {}
void spin_lock(struct spinlock *l) {}
void spin_unlock(struct spinlock *l) {}
u64 spin_lock_irqsave(struct spinlock *l) { return 0; }
void spin_unlock_irqrestore(struct spinlock *l, u64 flags) {}
void set_kernel_prot(u64 start, u64 end, pgprot_t prot) {}
void map_kernel_image(void) { memblock_alloc(PAGE_SIZE, PUD_SIZE); }
void load_init_pgd(void) {}
u64 trace_mask;				/* nothing is traced: these are never called */
void __trace_mm_page_alloc(struct page *page, unsigned order, u32 gfp) {}
void __trace_mm_page_free(struct page *page, unsigned order) {}
void map_direct(u64 start, u64 end)
{
	if (start >= end)
		return;
	memblock_alloc(PAGE_SIZE, PUD_SIZE);	/* a table now and then */
	mapped[nr_mapped].start = start;
	mapped[nr_mapped++].end = end;
	mapped_to = max(mapped_to, end);
}

#define CHECK(c) do { if (!(c)) { printf("%s:%d: %s (map %d)\n", __FILE__, __LINE__, #c, number); dump(); exit(1); } } while (0)
static int number;
static u64 rnd(u64 n) { return ((u64)random() << 31 ^ random()) % n; }
static void dump(void)
{
	for (unsigned i = 0; i < boot_info.nr_regions; i++)
		printf("  %#lx-%#lx type %u\n", boot_info.regions[i].start, boot_info.regions[i].end, boot_info.regions[i].type);
	for (unsigned i = 0; i < nr_reserved; i++)
		printf("  %#lx-%#lx reserved\n", reserved[i].start, reserved[i].end);
	printf("  mem=%s\n", mem_word);
}

static void add(u64 start, u64 len, u32 type)
{
	boot_info.regions[boot_info.nr_regions++] = (struct mem_region){ start, start + len, type };
}

static void random_map(u64 top)
{
	nr_reserved = nr_mapped = 0;
	mem_map = NULL;
	max_pfn = totalram_pages = mapped_to = 0;
	mem_limit = ~0UL;
	memset(&boot_info, 0, sizeof(boot_info));
	memset(&zone, 0, sizeof(zone));
	memset(pcp, 0, sizeof(pcp));
	mem_word[0] = 0;
	if (rnd(4) == 0)
		snprintf(mem_word, sizeof(mem_word), "%luk", 20000 + rnd(top >> 10));
	add(0, 0x9fc00 - rnd(2) * rnd(5000), MEM_RAM);
	add(0x100000, 24 << 20, MEM_RAM);
	for (unsigned n = rnd(20); n--;)
		switch (rnd(4)) {
		case 0: add(rnd(top), rnd(20000), MEM_RAM); break;
		case 1: add(rnd(top) & PAGE_MASK, rnd(top / 4) & PAGE_MASK, MEM_RAM); break;
		case 2: add((25 << 20) + rnd(top), rnd(3) ? rnd(9000) : rnd(1 << 24), 2 + rnd(4)); break;
		case 3: add(rnd(1 << 20), rnd(3000), MEM_RESERVED); break;
		}
	for (unsigned i = boot_info.nr_regions; i > 1; i--) {	/* in any order */
		unsigned j = rnd(i);

		swap(boot_info.regions[i - 1], boot_info.regions[j]);
	}
	for (unsigned n = rnd(3); n--; boot_info.nr_modules++) {
		u64 start = (4 << 20) + rnd(16 << 20);

		boot_info.modules[boot_info.nr_modules].start = start;
		boot_info.modules[boot_info.nr_modules].end = start + 1 + rnd(1 << 20);
	}
}

/* Whether the frame is RAM of ours by the map alone. */
static bool model(u64 pfn)
{
	u64 start = pfn << PAGE_SHIFT, end = start + PAGE_SIZE;
	bool ram = false;

	for (unsigned i = 0; i < boot_info.nr_regions; i++) {
		const struct mem_region *r = &boot_info.regions[i];

		if (r->type == MEM_RAM)
			ram |= start >= r->start && end <= min(r->end, mem_limit);
		else if (start < r->end && r->start < end)
			return false;
	}
	for (unsigned i = 0; i < nr_reserved; i++)
		if (start < reserved[i].end && reserved[i].start < end)
			return false;
	return ram;
}

static void check_map(void)
{
	u64 want = 0, got = 0, free_before;
	struct page *page, *list = NULL;

	mem_init();
	for (unsigned i = 0; i < nr_reserved; i++)	/* early allocations do not overlap what was reserved */
		for (unsigned j = 0; j < i; j++)
			CHECK(reserved[i].start >= reserved[j].end || reserved[j].start >= reserved[i].end || i < 4 + boot_info.nr_modules);
	free_before = nr_free_pages();
	while ((page = alloc_page(0))) {
		u64 phys = page_to_phys(page);
		bool in = false;

		for (unsigned i = 0; i < nr_mapped; i++)
			in |= phys >= mapped[i].start && phys + PAGE_SIZE <= mapped[i].end;
		CHECK(in && model(page_to_pfn(page)) && phys >= 0x10000);
		page->private = (u64)list;
		list = page;
		got++;
	}
	for (u64 pfn = 0; pfn < max_pfn; pfn++)
		want += model(pfn);
	CHECK(got == want && got == totalram_pages && got == free_before);
	for (; list; list = page) {
		page = (struct page *)list->private;
		put_page(list);
	}
	CHECK(nr_free_pages() == got);
	for (u64 pfn = 0; pfn < max_pfn; pfn++)		/* M2 */
		CHECK(!(mem_map[pfn].flags & PG_buddy) || !(pfn & ((1UL << mem_map[pfn].order) - 1)));
}

int main(int argc, char **argv)
{
	u64 room = 6UL << 30;

	syscall(158, 0x1001, cpus);	/* arch_prctl(ARCH_SET_GS): this_cpu */
	CHECK(mmap((void *)PAGE_OFFSET, room, 3, 0x4022 | 0x100000, -1, 0) == (void *)PAGE_OFFSET);
	for (number = 0; number < 150; number++) {
		srandom(number);
		madvise((void *)PAGE_OFFSET, room, 4);
		random_map(number % 50 == 49 ? 5UL << 30 : 32 << 20 << rnd(4));
		check_map();
	}
	printf("%d maps\n", number);
	return 0;
}
