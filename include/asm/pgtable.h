/*
 * Page-table entries of x86-64 (SDM 3A 4.5): the only place that knows their bits.
 *
 *   63  62..52  51......12  11..9  8 7   6 5 4   3   2 1 0
 *   NX  soft    page frame  soft   G PS  D A PCD PWT U W P
 *
 * A non-present entry with bits set is a swap entry (later). Four levels: pgd, pud, pmd, pte.
 */
#pragma once
#include "types.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x) ALIGN((u64)(x), PAGE_SIZE)
#define PMD_SHIFT 21
#define PMD_SIZE (1UL << PMD_SHIFT)
#define PUD_SHIFT 30
#define PUD_SIZE (1UL << PUD_SHIFT)
#define PGDIR_SHIFT 39
#define PGDIR_SIZE (1UL << PGDIR_SHIFT)
#define PTRS_PER_PTE 512

#define PAGE_OFFSET 0xffff888000000000UL	/* direct map of all RAM */
#define VMALLOC_START 0xffffc90000000000UL
#define VMALLOC_END 0xffffe90000000000UL
#define KERNEL_BASE 0xffffffff80000000UL	/* kernel image: virtual = physical + KERNEL_BASE */
#define EARLY_IO_START 0xffffffffc0000000UL	/* early_ioremap */

#define __va(phys) ((void *)((u64)(phys) + PAGE_OFFSET))
#define __pa(virt) ((u64)(virt) - PAGE_OFFSET)		/* direct map only */
#define __pa_symbol(sym) ((u64)(sym) - KERNEL_BASE)	/* kernel image only */

#define _PAGE_PRESENT BIT(0)
#define _PAGE_RW BIT(1)
#define _PAGE_USER BIT(2)
#define _PAGE_PWT BIT(3)
#define _PAGE_PCD BIT(4)
#define _PAGE_ACCESSED BIT(5)
#define _PAGE_DIRTY BIT(6)
#define _PAGE_PSE BIT(7)
#define _PAGE_GLOBAL BIT(8)
#define _PAGE_SPECIAL BIT(9)		/* soft: no struct page is counted (zero page, device memory) */
#define _PAGE_PROTNONE _PAGE_GLOBAL	/* in a user entry that is not present: a page under PROT_NONE */
#define _PAGE_NX BIT(63)
#define PTE_PFN_MASK 0x000ffffffffff000UL
#define _PAGE_TABLE (_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY)

typedef u64 pgd_t;
typedef u64 pud_t;
typedef u64 pmd_t;
typedef u64 pte_t;
typedef u64 pgprot_t;

#define PAGE_KERNEL (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_GLOBAL | _PAGE_NX)
#define PAGE_KERNEL_RO (PAGE_KERNEL & ~(_PAGE_RW | _PAGE_DIRTY))
#define PAGE_KERNEL_EXEC (PAGE_KERNEL_RO & ~_PAGE_NX)
#define PAGE_KERNEL_NOCACHE (PAGE_KERNEL | _PAGE_PCD | _PAGE_PWT)

static inline unsigned pgd_index(u64 a) { return a >> PGDIR_SHIFT & 511; }
static inline unsigned pud_index(u64 a) { return a >> PUD_SHIFT & 511; }
static inline unsigned pmd_index(u64 a) { return a >> PMD_SHIFT & 511; }
static inline unsigned pte_index(u64 a) { return a >> PAGE_SHIFT & 511; }

static inline bool pte_present(pte_t e) { return e & _PAGE_PRESENT; }
static inline bool pte_mapped(pte_t e) { return e & (_PAGE_PRESENT | _PAGE_PROTNONE); }	/* has a page */
static inline bool pte_none(pte_t e) { return !e; }
static inline bool pte_write(pte_t e) { return e & _PAGE_RW; }
static inline bool pte_dirty(pte_t e) { return e & _PAGE_DIRTY; }
static inline bool pte_special(pte_t e) { return e & _PAGE_SPECIAL; }
static inline pte_t pte_wrprotect(pte_t e) { return e & ~_PAGE_RW; }
static inline pte_t pte_mkwrite(pte_t e) { return e | _PAGE_RW; }
static inline pte_t pte_mkspecial(pte_t e) { return e | _PAGE_SPECIAL; }
/* What a TLB may remember of old allows more than new does. */
static inline bool pte_needs_flush(pte_t old, pte_t new)
{
	return (old & ~new & (_PAGE_PRESENT | _PAGE_RW)) | (new & ~old & _PAGE_NX);
}
/* Other processors walk the tables at any time, and set A and D: what they set must not be lost. */
static inline pte_t ptep_get_and_clear(pte_t *p) { return __atomic_exchange_n(p, 0, __ATOMIC_SEQ_CST); }
static inline void ptep_set_wrprotect(pte_t *p) { __atomic_and_fetch(p, ~_PAGE_RW, __ATOMIC_SEQ_CST); }
static inline u64 pte_pfn(pte_t e) { return (e & PTE_PFN_MASK) >> PAGE_SHIFT; }
static inline pte_t pfn_pte(u64 pfn, pgprot_t prot) { return pfn << PAGE_SHIFT | prot; }
static inline bool pmd_large(pmd_t e) { return (e & (_PAGE_PSE | _PAGE_PRESENT)) == (_PAGE_PSE | _PAGE_PRESENT); }

/* The table a present non-leaf entry points to, any level. */
static inline u64 *table_of(u64 entry) { return (u64 *)__va(entry & PTE_PFN_MASK); }
