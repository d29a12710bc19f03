/*
 * Slab caches: objects of one size, cut from blocks of pages.
 *
 *   kmem_cache --- cpu->slab[id]: stack of free objects, linked through themselves   (interrupts off)
 *       |
 *       `-- partial: slab - slab - ...   page->freelist, page->inuse          (cache->lock)
 *           full slabs are on no list: the page of an object leads to its slab and cache
 *
 * Alloc and free touch only the CPU's stack; it is filled and emptied half at a time. A free object
 * carries a link and a mark made of its own address: an object freed twice, or written to after it was
 * freed, is found at once.
 *
 * In Linux: mm/slub.c. NUMA nodes, merging of caches and shrinkers are left out.
 */
#include "mm/mm.h"
#include "string.h"

#define FREE_MARK 0x5afe0b1ec7dead00UL
#define MAX_SLAB_ORDER 3
#define KMALLOC_MAX 4096

struct kmem_cache {
	const char *name;
	size_t size, objsize;		/* room of an object, and what was asked for */
	unsigned order, per_slab, limit;	/* limit: objects kept by a CPU */
	struct list_head caches;
	struct spinlock lock;
	struct list_head partial;
	u64 nr_slabs, nr_inuse;		/* inuse as in M8 */

	unsigned id;			/* this_cpu->slab[id]: interrupts off, own CPU only */
};
struct free_link {			/* a free object */
	struct free_link *next;
	u64 mark;
};

static LIST_HEAD(caches);
static unsigned nr_caches;
static DEFINE_SPINLOCK(caches_lock, RANK_MISC);
static struct kmem_cache cache_cache;
static struct kmem_cache kmalloc_caches[11];
static const u16 kmalloc_sizes[11] = { 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 96, 192 };
static const char *const kmalloc_names[11] = { "kmalloc-16", "kmalloc-32", "kmalloc-64", "kmalloc-128", "kmalloc-256",
	"kmalloc-512", "kmalloc-1k", "kmalloc-2k", "kmalloc-4k", "kmalloc-96", "kmalloc-192" };

static inline struct page *slab_of(struct kmem_cache *c, void *obj)
{
	u64 pfn = __pa(obj) >> PAGE_SHIFT;
	return pfn_to_page(pfn & ~((1UL << c->order) - 1));
}

/* A slab with all its objects free, on no list; NULL. */
static struct page *new_slab(struct kmem_cache *c)
{
	struct page *page = alloc_pages(__GFP_NOFAIL_INJECT, c->order);
	struct free_link *obj, *next = NULL;
	if (!page)
		return NULL;
	for (unsigned i = 0; i < 1u << c->order; i++) {
		page[i].flags = PG_slab | (i ? 0 : page->flags);
		page[i].slab_cache = c;
	}
	for (unsigned i = c->per_slab; i--; next = obj) {
		obj = page_address(page) + i * c->size;
		*obj = (struct free_link){ next, FREE_MARK ^ (u64)obj };
	}
	page->freelist = next;
	page->inuse = 0;
	mod_page_state(NR_SLAB_PAGES, 1 << c->order);
	return page;
}

static void free_slab(struct kmem_cache *c, struct page *page)
{
	for (unsigned i = 0; i < 1u << c->order; i++)
		page[i].flags = i ? PG_free : page->flags & PG_head;
	mod_page_state(NR_SLAB_PAGES, -(1 << c->order));
	__free_pages(page, c->order);
}

/* Gives the CPU half of what it may keep. => interrupts off. False: no memory. */
static noinline bool cpu_fill(struct kmem_cache *c)
{
	struct cpu_slab __seg_gs *cpu = &this_cpu->slab[c->id];

	spin_lock(&c->lock);
	while (cpu->n < DIV_ROUND_UP(c->limit, 2)) {
		struct page *page = list_first_entry(&c->partial, struct page, lru);
		if (list_empty(&c->partial)) {
			page = cpu->n ? NULL : new_slab(c);
			if (!page)
				break;
			list_add(&page->lru, &c->partial);
			c->nr_slabs++;
		}
		struct free_link *obj = page->freelist;
		page->freelist = obj->next;
		page->inuse++;
		c->nr_inuse++;
		BUG_ON(page->inuse > c->per_slab || (page->inuse == c->per_slab) != !page->freelist);	/* M8 */
		if (!page->freelist)
			list_del(&page->lru);
		obj->next = cpu->first;
		cpu->first = obj;
		cpu->n++;
	}
	spin_unlock(&c->lock);
	return cpu->n;
}

/* Takes half of what the CPU keeps back to the slabs; empty slabs go but one. => interrupts off */
static noinline void cpu_drain(struct kmem_cache *c)
{
	struct cpu_slab __seg_gs *cpu = &this_cpu->slab[c->id];

	spin_lock(&c->lock);
	while (cpu->n > c->limit / 2) {
		struct free_link *obj = cpu->first;
		struct page *page = slab_of(c, obj);
		cpu->first = obj->next;
		cpu->n--;
		BUG_ON(!page->inuse || page->slab_cache != c);	/* M8 */
		if (page->inuse == c->per_slab)
			list_add(&page->lru, &c->partial);
		obj->next = page->freelist;
		page->freelist = obj;
		page->inuse--;
		c->nr_inuse--;
		if (!page->inuse && c->partial.next != c->partial.prev) {
			list_del(&page->lru);
			c->nr_slabs--;
			free_slab(c, page);
		}
	}
	spin_unlock(&c->lock);
}

void *kmem_cache_alloc(struct kmem_cache *c, gfp_t gfp)
{
	if (unlikely(fault_injection) && !(gfp & __GFP_NOFAIL_INJECT) && should_fail_alloc())
		return NULL;
	u64 flags = local_irq_save();
	struct cpu_slab __seg_gs *cpu = &this_cpu->slab[c->id];
	void *obj = likely(cpu->first) || cpu_fill(c) ? cpu->first : NULL;
	if (likely(obj)) {
		struct free_link *l = obj;
		BUG_ON(l->mark != (FREE_MARK ^ (u64)obj));	/* written to while it was free */
		l->mark = 0;
		cpu->first = l->next;
		cpu->n--;
	}
	local_irq_restore(flags);
	return gfp & __GFP_ZERO && obj ? memset(obj, 0, c->objsize) : obj;
}

void kmem_cache_free(struct kmem_cache *c, void *obj)
{
	struct free_link *l = obj;
	u64 flags = local_irq_save();
	struct cpu_slab __seg_gs *cpu = &this_cpu->slab[c->id];

	BUG_ON(l->mark == (FREE_MARK ^ (u64)obj));	/* freed twice */
	BUG_ON(virt_to_page(obj)->slab_cache != c);
	l->mark = FREE_MARK ^ (u64)obj;
	l->next = cpu->first;
	cpu->first = obj;
	if (unlikely(++cpu->n > c->limit))
		cpu_drain(c);
	local_irq_restore(flags);
}

/* ---- caches ---- */

static void init_cache(struct kmem_cache *c, const char *name, size_t size, size_t align)
{
	size_t room;
	align = max(align, 8UL);
	c->name = name;
	c->objsize = size;
	c->size = ALIGN(max(size, sizeof(struct free_link)), align);
	for (; c->order < MAX_SLAB_ORDER; c->order++) {	/* until at most an eighth is wasted */
		room = PAGE_SIZE << c->order;
		if (c->size <= room && room % c->size <= room / 8)
			break;
	}
	c->per_slab = (PAGE_SIZE << c->order) / c->size;
	BUG_ON(!c->per_slab);
	c->limit = c->size >= 2048 ? 4 : c->size >= 512 ? 8 : 32;
	INIT_LIST_HEAD(&c->partial);
	spin_lock_init(&c->lock, name, RANK_SLAB);
	u64 flags = spin_lock_irqsave(&caches_lock);
	c->id = nr_caches++;
	BUG_ON(c->id >= MAX_CACHES);
	list_add_tail(&c->caches, &caches);
	spin_unlock_irqrestore(&caches_lock, flags);
}

/* At boot, never undone: panics without memory. */
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align)
{
	struct kmem_cache *c = kmem_cache_alloc(&cache_cache, __GFP_ZERO);
	if (!c)
		panic("kmem_cache_create: no memory for %s", name);
	init_cache(c, name, size, align);
	return c;
}

void kmem_cache_init(void)
{
	init_cache(&cache_cache, "kmem_cache", sizeof(struct kmem_cache), 8);
	for (unsigned i = 0; i < ARRAY_SIZE(kmalloc_sizes); i++)
		init_cache(&kmalloc_caches[i], kmalloc_names[i], kmalloc_sizes[i], 16);
}

bool slabinfo_nth(unsigned n, struct slabinfo *out)
{
	u64 flags = spin_lock_irqsave(&caches_lock);
	struct kmem_cache *c;
	list_for_each_entry(c, &caches, caches) {
		if (n--)
			continue;
		*out = (struct slabinfo){ c->name, c->nr_inuse, c->nr_slabs * c->per_slab, c->size, c->per_slab, 1u << c->order };
		for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
			out->active -= READ_ONCE(cpus[cpu].slab[c->id].n);
		spin_unlock_irqrestore(&caches_lock, flags);
		return true;
	}
	spin_unlock_irqrestore(&caches_lock, flags);
	return false;
}

/* ---- kmalloc ---- */

static inline struct kmem_cache *kmalloc_cache(size_t size)
{
	if (size <= 16)
		return &kmalloc_caches[0];
	if (size > 64 && size <= 192 && (size <= 96 || size > 128))
		return &kmalloc_caches[size <= 96 ? 9 : 10];
	return &kmalloc_caches[fls64(size - 1) - 4];
}

void *kmalloc(size_t size, gfp_t gfp)
{
	if (likely(size <= KMALLOC_MAX))
		return kmem_cache_alloc(kmalloc_cache(size), gfp);
	if (size > PAGE_SIZE << (MAX_ORDER - 1))
		return NULL;
	struct page *page = alloc_pages(gfp, fls64(size - 1) - PAGE_SHIFT);
	return page ? page_address(page) : NULL;
}

void kfree(const void *p)
{
	if (!p)
		return;
	struct page *page = virt_to_page(p);
	if (page->flags & PG_slab)
		kmem_cache_free(page->slab_cache, (void *)p);
	else
		__free_pages(page, page->order);
}

void *kmemdup(const void *p, size_t n, gfp_t gfp)
{
	void *new = kmalloc(n, gfp);
	return new ? memcpy(new, p, n) : NULL;
}

char *kstrdup(const char *s, gfp_t gfp) { return kmemdup(s, strlen(s) + 1, gfp); }

/* Door of lib/radix.c. */
void *radix_node_alloc(size_t size) { return kzalloc(size, 0); }
void radix_node_free(void *node) { kfree(node); }
