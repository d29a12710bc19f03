/*
 * struct page: one for each page frame of RAM, in the array mem_map.
 *
 * Invariants
 *  M1  A page's count is exactly the number of page-table entries, page-cache slots and kernel
 *      references to it; 0 means it is free (or never ours).
 *  M2  A free page is on exactly one list: the buddy's, as part of a block aligned to its order, or one
 *      CPU's list of single pages.
 *  M3  Entries with _PAGE_SPECIAL (zero page, device memory) are not counted.
 */
#pragma once
#include "atomic.h"
#include "list.h"
#include "asm/pgtable.h"
#include "printk.h"

#define PG_reserved BIT(0)		/* not RAM of ours: holes, kernel image, mem_map */
#define PG_buddy BIT(1)			/* head of a free block; order valid */
#define PG_slab BIT(2)
#define PG_dirty BIT(4)
#define PG_anon BIT(5)			/* mapped by anonymous memory */
#define PG_table BIT(6)			/* a page table */
#define PG_head BIT(8)			/* first page of an allocation of order > 0 */
#define PG_free BIT(9)			/* free; nothing else is set then but PG_buddy */

struct kmem_cache;
struct address_space;
struct page {
	u32 flags;
	atomic_t count;			/* M1 */
	union {
		struct {		/* page cache */
			struct address_space *mapping;
			u64 index;	/* in pages */
		};
		struct {		/* slab */
			struct kmem_cache *slab_cache;
			void *freelist;
		};
		u64 private;
	};
	struct list_head lru;		/* buddy list; slab list */
	u32 order;			/* of the free block or allocation */
	u32 inuse;			/* slab: objects handed out */
};
extern struct page *mem_map;
extern u64 max_pfn;			/* one past the last RAM frame */

/* Flags of a page in use change without a lock in this one way; the others only while the page is one's own. */
static inline void set_page_dirty(struct page *p)
{
	if (!(p->flags & PG_dirty))
		__atomic_or_fetch(&p->flags, PG_dirty, __ATOMIC_RELAXED);
}
static inline struct page *pfn_to_page(u64 pfn) { return &mem_map[pfn]; }
static inline u64 page_to_pfn(const struct page *p) { return p - mem_map; }
static inline u64 page_to_phys(const struct page *p) { return page_to_pfn(p) << PAGE_SHIFT; }
static inline struct page *phys_to_page(u64 phys) { return pfn_to_page(phys >> PAGE_SHIFT); }
static inline void *page_address(const struct page *p) { return __va(page_to_phys(p)); }
static inline struct page *virt_to_page(const void *v) { return phys_to_page(__pa(v)); }	/* direct map */
static inline bool pfn_valid(u64 pfn) { return pfn < max_pfn; }
