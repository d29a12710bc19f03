/*
 * Page tables: the kernel's own, and the walk that faults and fork use.
 *
 *   address   47..39   38..30   29..21   20..12   11..0
 *              pgd  ->  pud  ->  pmd  ->  pte  ->  byte
 *                        `- 1 GiB leaf `- 2 MiB leaf (direct map)
 *
 * The kernel half of init_pgd gets all its entries at boot: the direct map's and the image's, and one
 * for vmalloc (512 GiB of it). pgd_alloc copies them, and since they never change, a kernel mapping
 * made later below them is seen by every address space.
 *
 * W^X: no kernel page is writable and executable, in either of its two mappings: the direct map is
 * never executable, and read-only where it shows the kernel's text and constants.
 *
 * In Linux: arch/x86/mm/init_64.c, mm/memory.c, arch/x86/mm/tlb.c.
 */
#include "mm/mm.h"
#include "uapi/errno.h"

#define KERNEL_TABLE (_PAGE_TABLE & ~_PAGE_USER)
#define FLUSH_ALL_PAGES 32		/* from here on the whole TLB is flushed */

extern char _text[], _etext[], __init_begin[], _einittext[], __init_data[], __init_end[], _rodata[], _erodata[], _data[], _end[];
extern char init_stack_guard[];		/* boot/start.asm */

static pgd_t init_pgd_table[PTRS_PER_PTE] __aligned(PAGE_SIZE);
static pmd_t early_io_table[PTRS_PER_PTE] __aligned(PAGE_SIZE);	/* the last GiB of addresses */
pgd_t *init_pgd;

/* ---- the kernel's tables ---- */

/* Where the way to addr ends, and at which level: the entry that maps it, or the first that is not there. */
static u64 *lookup(pgd_t *pgd, u64 addr, unsigned *shift)
{
	u64 *e = &pgd[pgd_index(addr)];
	for (*shift = PGDIR_SHIFT; *shift > PAGE_SHIFT && pte_present(*e) && !pmd_large(*e);) {
		*shift -= 9;
		e = &table_of(*e)[addr >> *shift & (PTRS_PER_PTE - 1)];
	}
	return e;
}

static struct page *table_page(gfp_t gfp)
{
	struct page *page = alloc_page(gfp);
	if (page) {
		page->flags |= PG_table;
		mod_page_state(NR_PAGE_TABLES, 1);
	}
	return page;
}

/* Physical address of a zeroed table; 0: no memory. */
static u64 new_kernel_table(void)
{
	if (!mem_map)
		return memblock_alloc(PAGE_SIZE, PUD_SIZE);	/* the boot tables map 1 GiB */
	struct page *page = table_page(__GFP_ZERO);
	return page ? page_to_phys(page) : 0;
}

/*
 * The kernel's entry for addr at the level of *shift, tables made on the way. A large leaf above is split
 * if split is set, else it is returned and *shift says its level. NULL: no memory.
 */
static u64 *kernel_walk(u64 addr, unsigned *shift, bool split)
{
	u64 *e = &init_pgd[pgd_index(addr)];
	for (unsigned s = PGDIR_SHIFT; s > *shift; s -= 9) {
		bool large = s < PGDIR_SHIFT && pmd_large(*e);
		if (large && !split) {
			*shift = s;
			return e;
		}
		if (large || !pte_present(*e)) {
			u64 table = new_kernel_table(), leaf = *e & (s == PMD_SHIFT ? ~_PAGE_PSE : ~0UL);
			if (!table)
				return NULL;
			for (unsigned i = 0; large && i < PTRS_PER_PTE; i++)
				((u64 *)__va(table))[i] = leaf + ((u64)i << (s - 9));
			*e = table | KERNEL_TABLE;
		}
		e = &table_of(*e)[addr >> (s - 9) & (PTRS_PER_PTE - 1)];
	}
	return e;
}

/* Maps what is not mapped yet of [virt, virt + len), with pages as large as max_shift allows. */
static void __init map_range(u64 virt, u64 phys, u64 len, pgprot_t prot, unsigned max_shift)
{
	for (u64 end = virt + len; virt < end;) {
		unsigned want = max_shift, shift;
		u64 *e = lookup(init_pgd, virt, &shift);
		while (want > PAGE_SHIFT && ((virt | phys) & (BIT(want) - 1) || end - virt < BIT(want)))
			want -= 9;
		if (!pte_present(*e)) {
			shift = min(shift, want);
			*kernel_walk(virt, &shift, false) = phys | prot | (shift > PAGE_SHIFT ? _PAGE_PSE : 0);
		}
		u64 next = ALIGN_DOWN(virt, BIT(shift)) + BIT(shift);
		phys += next - virt;
		virt = next;
	}
}

void __init map_direct(u64 start, u64 end)
{
	if (start < end)
		map_range((u64)__va(start), start, end - start, PAGE_KERNEL, cpu_has.gbpages ? PUD_SHIFT : PMD_SHIFT);
}

static void __init map_section(char *start, char *end, pgprot_t prot, pgprot_t alias)
{
	map_range((u64)start, __pa_symbol(start), end - start, prot, PAGE_SHIFT);
	map_range((u64)__va(__pa_symbol(start)), __pa_symbol(start), end - start, alias, PAGE_SHIFT);
}

static pud_t *__init early_io_entry(pgd_t *pgd) { return &table_of(pgd[pgd_index(EARLY_IO_START)])[pud_index(EARLY_IO_START)]; }

void __init map_kernel_image(void)
{
	init_pgd = __va(__pa_symbol(init_pgd_table));
	map_section(_text, (char *)PAGE_ALIGN(_etext), PAGE_KERNEL_EXEC, PAGE_KERNEL_RO);
	map_section(__init_begin, (char *)PAGE_ALIGN(_einittext), PAGE_KERNEL_EXEC, PAGE_KERNEL);
	map_section(__init_data, __init_end, PAGE_KERNEL, PAGE_KERNEL);
	map_section(_rodata, _erodata, PAGE_KERNEL_RO, PAGE_KERNEL_RO);
	map_section(_data, _end, PAGE_KERNEL, PAGE_KERNEL);
	*early_io_entry(init_pgd) = __pa_symbol(early_io_table) | KERNEL_TABLE;
}

void *__init early_ioremap(u64 phys, size_t size)
{
	static unsigned used __initdata;
	u64 from = ALIGN_DOWN(phys, PMD_SIZE), nr = (ALIGN(phys + size, PMD_SIZE) - from) >> PMD_SHIFT;
	u64 virt = EARLY_IO_START + used * PMD_SIZE + (phys - from);
	if (used + nr > PTRS_PER_PTE)
		return NULL;
	for (; nr--; from += PMD_SIZE)
		early_io_table[used++] = from | PAGE_KERNEL_NOCACHE | _PAGE_PSE;
	*early_io_entry(table_of(read_cr3())) = __pa_symbol(early_io_table) | KERNEL_TABLE;
	return (void *)virt;
}

void __init load_init_pgd(void)
{
	init_pgd[0] = *table_of(read_cr3());	/* the identity map, until paging_init */
	write_cr3(__pa(init_pgd));
}

/* CR4.PGE off and on again drops global entries too (SDM 3A 4.10.4.1). */
static void flush_tlb_global(void)
{
	u64 cr4 = read_cr4();
	write_cr4(cr4 & ~CR4_PGE);
	write_cr3(read_cr3());
	write_cr4(cr4);
}

void __init paging_init(void)
{
	unsigned shift = PUD_SHIFT;
	BUG_ON(!kernel_walk(VMALLOC_START, &shift, false));	/* its pud table, for ever */
	init_mm.pgd = init_pgd;
	set_kernel_prot((u64)init_stack_guard, (u64)init_stack_guard + PAGE_SIZE, 0);
	init_pgd[0] = 0;
	flush_tlb_global();
}

void set_kernel_prot(u64 start, u64 end, pgprot_t prot)
{
	for (u64 addr = start; addr < end; addr += PAGE_SIZE) {
		unsigned shift = PAGE_SHIFT;
		pte_t *pte = kernel_walk(addr, &shift, true);
		BUG_ON(!pte);
		*pte = prot ? (*pte & PTE_PFN_MASK) | prot : 0;
	}
	flush_tlb_kernel_range(start, end);
}

int map_kernel_page(u64 virt, u64 phys, pgprot_t prot)
{
	unsigned shift = PAGE_SHIFT;
	pte_t *pte = kernel_walk(virt, &shift, false);
	if (!pte)
		return -ENOMEM;
	BUG_ON(pgd_index(virt) != pgd_index(VMALLOC_START) || !pte_none(*pte));
	*pte = phys | prot;
	return 0;
}

u64 unmap_kernel_page(u64 virt)
{
	unsigned shift;
	pte_t *pte = lookup(init_pgd, virt, &shift), old = *pte;
	BUG_ON(old && shift != PAGE_SHIFT);
	*pte = 0;
	return old & PTE_PFN_MASK;
}

bool kernel_addr_mapped(u64 addr)
{
	unsigned shift;
	return (s64)addr >> 47 == -1 && pte_present(*lookup(init_pgd ? init_pgd : table_of(read_cr3()), addr, &shift));
}

/* ---- an address space's tables ---- */

pgd_t *pgd_alloc(void)
{
	struct page *page = table_page(0);
	if (!page)
		return NULL;
	pgd_t *pgd = page_address(page);
	rep_stosq(pgd, 0, PTRS_PER_PTE / 2);
	rep_movsq(pgd + PTRS_PER_PTE / 2, init_pgd + PTRS_PER_PTE / 2, PTRS_PER_PTE / 2);
	return pgd;
}

void pgd_free(pgd_t *pgd)
{
	mod_page_state(NR_PAGE_TABLES, -1);
	free_page(pgd);
}

static noinline bool add_table(struct mm_struct *mm, u64 *entry)
{
	struct page *page = table_page(__GFP_ZERO);
	if (!page)
		return false;
	atomic_long_inc(&mm->nr_ptes);
	WRITE_ONCE(*entry, page_to_phys(page) | _PAGE_TABLE);	/* truncate and processors walk without the lock */
	return true;
}

pte_t *pte_alloc(struct mm_struct *mm, u64 addr)
{
	u64 *e = &mm->pgd[pgd_index(addr)];
	if (unlikely(!*e) && !add_table(mm, e))
		return NULL;
	e = &table_of(*e)[pud_index(addr)];
	if (unlikely(!*e) && !add_table(mm, e))
		return NULL;
	e = &table_of(*e)[pmd_index(addr)];
	if (unlikely(!*e) && !add_table(mm, e))
		return NULL;
	return &table_of(*e)[pte_index(addr)];
}

pte_t *pte_lookup(struct mm_struct *mm, u64 addr)
{
	u64 *e = &mm->pgd[pgd_index(addr)];
	if (!*e)
		return NULL;
	e = &table_of(*e)[pud_index(addr)];
	if (!*e || pmd_large(*e))
		return NULL;
	e = &table_of(*e)[pmd_index(addr)];
	if (!*e || pmd_large(*e))
		return NULL;
	return &table_of(*e)[pte_index(addr)];
}

/* ---- the TLB: an entry that went must be gone from every processor before its page is anybody else's ---- */

struct tlb_flush {
	struct mm_struct *mm;			/* NULL: the kernel's addresses */
	u64 start, end;
};

/* => preemption off: a switch between the question and the write would load the tables of a task that does not run any more */
static __always_inline void flush_here(struct mm_struct *mm, u64 start, u64 end)
{
	if (mm && mm != current->active_mm)
		return;				/* left since: the switch has flushed */
	if (end - start <= FLUSH_ALL_PAGES * PAGE_SIZE)
		for (; start < end; start += PAGE_SIZE)
			invlpg(start);
	else if (mm)
		write_cr3(__pa(mm->pgd));
	else
		flush_tlb_global();
}

static void flush_asked(void *arg)
{
	const struct tlb_flush *f = arg;
	struct task_struct *p = current;
	if (f->mm && f->mm == p->active_mm && !p->mm) {	/* only borrowed, by idle mostly: gives it back, and is asked no more */
		mmgrab(p->active_mm = &init_mm);
		switch_mm(f->mm, &init_mm);
		mmdrop(f->mm);			/* not the last one: who asks has the mm */
	} else {
		flush_here(f->mm, f->start, f->end);
	}
}

static noinline void flush_others(cpumask_t cpus, struct mm_struct *mm, u64 start, u64 end)
{
	struct tlb_flush f = { mm, start, end };
	smp_call_function_many(cpus, flush_asked, &f);
}

/* The mask is read after the entries were changed, and switch_mm sets its bit before it loads them: whoever is not in
 * the mask has not seen the old ones. */
static __always_inline void flush_everywhere(cpumask_t *cpus, struct mm_struct *mm, u64 start, u64 end)
{
	preempt_disable();
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	cpumask_t others = READ_ONCE(*cpus) & ~BIT(smp_processor_id());
	flush_here(mm, start, end);
	if (unlikely(others))
		flush_others(others, mm, start, end);
	preempt_enable();
}

void flush_tlb_page(struct mm_struct *mm, u64 addr) { flush_everywhere(&mm->cpu_mask, mm, addr, addr + PAGE_SIZE); }
void flush_tlb_range(struct mm_struct *mm, u64 start, u64 end) { flush_everywhere(&mm->cpu_mask, mm, start, end); }
void flush_tlb_mm(struct mm_struct *mm) { flush_everywhere(&mm->cpu_mask, mm, 0, TASK_SIZE); }

void flush_tlb_kernel_range(u64 start, u64 end)
{
	cpumask_t online = cpu_online_mask();
	flush_everywhere(&online, NULL, start, end);
}
