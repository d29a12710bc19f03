/* Proves: M1, M2, M8 for page frames and slabs; kernel mappings are W^X; stacks have guards. */
#include "ktest.h"
#include "mm/mm.h"
#include "string.h"

static u32 seed = 1;
static u32 rnd(u32 n) { return (seed = seed * 1664525 + 1013904223) / 65536 % n; }

/* Frees exactly what it took, in any order: blocks are aligned, do not overlap, and join again. */
KTEST(mm_buddy)
{
	static struct { struct page *page; unsigned order; } held[200];
	u64 before = nr_free_pages(), taken = 0;

	for (int round = 0; round < 5000; round++) {
		unsigned i = rnd(ARRAY_SIZE(held));

		if (held[i].page) {
			u64 *first = page_address(held[i].page), n = 1UL << held[i].order;

			KEXPECT(first[0] == i && first[n * 512 - 1] == i);
			put_page(held[i].page);
			held[i].page = NULL;
			taken -= n;
			continue;
		}
		held[i].order = rnd(3) ? 0 : rnd(6);
		held[i].page = alloc_pages(rnd(2) ? __GFP_ZERO : 0, held[i].order);
		if (!held[i].page)
			continue;
		u64 *first = page_address(held[i].page), n = 1UL << held[i].order;

		KEXPECT(page_to_pfn(held[i].page) % n == 0 && page_count(held[i].page) == 1);
		first[0] = first[n * 512 - 1] = i;
		taken += n;
		KEXPECT(nr_free_pages() == before - taken);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(held); i++)
		if (held[i].page)
			__free_pages(held[i].page, held[i].order);
	memset(held, 0, sizeof(held));
	KEXPECT(nr_free_pages() == before);
}

/* All memory can be taken as pages, is distinct, and afterwards makes large blocks again. */
KTEST(mm_exhaust)
{
	struct page *list = NULL, *page;
	u64 before = nr_free_pages(), n = 0;

	while ((page = alloc_page(0))) {
		*(struct page **)page_address(page) = list;
		list = page;
		n++;
	}
	KEXPECT(n == before && nr_free_pages() == 0);
	KEXPECT(!kmalloc(8192, 0));
	for (; list; list = page) {
		page = *(struct page **)page_address(list);
		put_page(list);
	}
	KEXPECT(nr_free_pages() == before);
	page = alloc_pages(0, MAX_ORDER - 1);
	KEXPECT(page);
	if (page)
		__free_pages(page, MAX_ORDER - 1);
}

KTEST(mm_slab)
{
	static u8 *held[400];
	static u16 size[400];

	for (int round = 0; round < 20000; round++) {
		unsigned i = rnd(ARRAY_SIZE(held));

		if (held[i]) {
			bool good = true;

			for (unsigned j = 0; j < size[i]; j++)
				good &= held[i][j] == (u8)i;
			KEXPECT(good);
			kfree(held[i]);
			held[i] = NULL;
			continue;
		}
		size[i] = 1 + rnd(rnd(4) ? 300 : 9000);
		held[i] = kzalloc(size[i], 0);
		KEXPECT(held[i] && !held[i][0] && !held[i][size[i] - 1]);
		KEXPECT(((u64)held[i] & (size[i] > 8 ? 15 : 7)) == 0);
		memset(held[i], i, size[i]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(held); i++) {
		kfree(held[i]);
		held[i] = NULL;
	}
}

/* M8 by the numbers of /proc/slabinfo. */
KTEST(mm_slabinfo)
{
	struct slabinfo a, b;
	void *p[100];
	unsigned n = 0;

	while (slabinfo_nth(n, &a) && strcmp(a.name, "kmalloc-192"))
		n++;
	for (int i = 0; i < 100; i++)
		p[i] = kmalloc(192, 0);
	KEXPECT(slabinfo_nth(n, &b) && b.active == a.active + 100 && b.total >= b.active);
	for (int i = 0; i < 100; i++)
		kfree(p[i]);
	KEXPECT(slabinfo_nth(n, &b) && b.active == a.active && !slabinfo_nth(1000, &b));
}

KTEST(mm_vmalloc)
{
	u64 before;
	u8 *a = vmalloc(5 * PAGE_SIZE), *b, *c;

	vfree(a);			/* its tables stay */
	before = nr_free_pages();
	a = vmalloc(5 * PAGE_SIZE);
	b = vmalloc(1);
	c = vmalloc(3 * PAGE_SIZE);
	KEXPECT(a && b && c);
	KEXPECT(!kernel_addr_mapped((u64)a + 5 * PAGE_SIZE) && !kernel_addr_mapped((u64)b + PAGE_SIZE));
	KEXPECT(kernel_addr_mapped((u64)a) && kernel_addr_mapped((u64)c + 3 * PAGE_SIZE - 1));
	vfree(b);
	b = vmalloc(PAGE_SIZE);
	KEXPECT(b > a && b < c);	/* the first gap */
	vfree(a);
	vfree(b);
	vfree(c);
	KEXPECT(!kernel_addr_mapped((u64)a));
	u32 *screen = ioremap(0xb8000 + 4, 100, PAGE_KERNEL_NOCACHE);

	KEXPECT(screen && ((u64)screen & ~PAGE_MASK) == 4);
	iounmap(screen);
	kfree(kmalloc(64, 0));
	KEXPECT(nr_free_pages() + 2 >= before);	/* a slab for the areas at most */
}

KTEST(mm_kstacks)
{
	void *s[40];

	for (int i = 0; i < 40; i++) {
		s[i] = alloc_kstack();
		KEXPECT(s[i] && is_kstack_guard((u64)s[i] - 1) && !is_kstack_guard((u64)s[i]));
		KEXPECT(!kernel_addr_mapped((u64)s[i] - 1) && kernel_addr_mapped((u64)s[i] + KSTACK_SIZE - 1));
		memset(s[i], i, KSTACK_SIZE);
	}
	for (int i = 0; i < 40; i++) {
		KEXPECT(((u8 *)s[i])[0] == i && ((u8 *)s[i])[KSTACK_SIZE - 1] == i);
		free_kstack(s[i]);
	}
	KEXPECT(global_page_state(NR_KSTACK_PAGES) < 40 * 4);
}

/* Every present entry of the kernel half: never writable and executable, never for user mode. */
static void check_table(u64 *table, unsigned shift, bool writable, bool exec, u64 *bad)
{
	for (unsigned i = shift == PGDIR_SHIFT ? 256 : 0; i < PTRS_PER_PTE; i++) {
		bool w = writable && pte_write(table[i]), x = exec && !(table[i] & _PAGE_NX);

		if (!pte_present(table[i]))
			continue;
		*bad += !!(table[i] & _PAGE_USER);
		if (shift == PAGE_SHIFT || (shift < PGDIR_SHIFT && pmd_large(table[i])))
			*bad += w && x;
		else
			check_table(table_of(table[i]), shift - 9, w, x, bad);
	}
}

KTEST(mm_w_xor_x)
{
	extern char _text[];
	u64 bad = 0;

	check_table(init_pgd, PGDIR_SHIFT, true, true, &bad);
	KEXPECT(bad == 0);
	KEXPECT(init_pgd[0] == 0 && !kernel_addr_mapped(0x1000) && kernel_addr_mapped((u64)_text));
}

KTEST(mm_pgd)
{
	pgd_t *pgd = pgd_alloc();

	KEXPECT(pgd && pgd[0] == 0 && pgd[511] == init_pgd[511] && pgd[pgd_index(VMALLOC_START)]);
	pgd_free(pgd);
}
