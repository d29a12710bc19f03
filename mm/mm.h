/*
 * mm: memory, from page frames up to a task's address space.
 *
 *   user    0000000000001000 - 00007fffffffefff   text data bss heap ->   mmap area <-   <- stack
 *   direct  ffff888000000000                      all RAM, 2 MiB or 1 GiB pages
 *   vmalloc ffffc90000000000                      kernel stacks with guard pages, device memory
 *   image   ffffffff80000000                      text RX, rodata R, data RW, W^X
 *
 * The fault (memory.c), asked in this order for the entry of the faulting address:
 *
 *   entry            access        VMA              what happens
 *   none             read          anonymous        zero page, read-only
 *   none             write         anonymous        new zeroed page
 *   none             read, exec    file             page-cache page, read-only; neighbours too
 *   none             write         file, private    copy of the page-cache page
 *   none             write         file, shared     page-cache page, writable, dirty
 *   read-only        write         private          COW: sole owner reuses, others copy
 *   read-only        write         shared           page_mkwrite, then writable
 *   any              not allowed   -                SIGSEGV (SEGV_ACCERR); no VMA: SEGV_MAPERR
 *   beyond the file  any           file             SIGBUS
 *
 * Invariants (M1-M3 in mm/page.h)
 *  M4  VMAs of an mm do not overlap, are sorted in list and tree alike, and neighbours that can merge have.
 *  M5  A present user entry lies inside a VMA, and allows no more than the VMA does.
 *  M6  A page mapped writable in a private VMA has count 1: nobody else sees what is written.
 *  M7  mm->total_vm, rss counters and map_count are what a walk would find; at exit all are 0.
 *  M8  A slab page's inuse is the number of its objects that are out, or kept by a CPU for its next allocation.
 *  M9  Nothing is allocated after the point of no return of fork, exec, mmap.
 *  M10 The tables that the processor uses (CR3) are those of current->active_mm, between any two switches.
 *  M11 A page or table is given back only when no processor can reach it any more: first its entry goes, then a flush on
 *      all of mm->cpu_mask has been waited for. Entries change atomically where another processor may set A or D. An
 *      entry that comes to allow more needs no flush, nor does an mm without users: nobody uses its addresses.
 *  M12 What maps a file is in the file's list of VMAs, and entries move only to VMAs further back (fork, split, mremap):
 *      truncate, which takes no mmap_lock and goes from head to tail, misses none. The size falls before pages go.
 *  M13 Who looks at another task's mm (or files, fs, cred) holds tasklist_lock, and takes a reference for longer.
 *  M14 Pages in the CPUs' lists are free pages, and come back to the buddy before an allocation fails or anybody is killed.
 *
 * Locks: mmap_lock (rwsem; faults read, changes write) > mapping->i_mmap_rwsem > page_table_lock > mapping->tree_lock
 *        > vmalloc > slab > zone.
 *
 * In Linux: mm/, include/linux/mm_types.h.
 */
#pragma once
#include "mm/page.h"
#include "smp.h"
#include "err.h"
#include "radix.h"
#include "asm/uaccess.h"
#include "sched/lock.h"
#include "uapi/mman.h"

/* ---- page_alloc.c: page frames ---- */
#define MAX_ORDER 11			/* blocks of 1 .. 1024 pages */
#define GFP_KERNEL 0u
#define GFP_ATOMIC 0u			/* no allocation here sleeps; the names say what the caller may do */
#define __GFP_ZERO BIT(0)
#define __GFP_NOFAIL_INJECT BIT(1)	/* fault injection passes it by */
typedef unsigned gfp_t;

void mem_init(void);			/* direct map, mem_map, buddy, from boot_info (pages of modules stay reserved) */
u64 memblock_alloc(u64 size, u64 limit);	/* inside mem_init: zeroed pages below limit, physical; panics */
/* 2^order pages, count 1 on the first; NULL when there are none. Any context. */
struct page *alloc_pages(gfp_t gfp, unsigned order);
void __free_pages(struct page *page, unsigned order);	/* count must be 1 or 0; M2 */
static inline struct page *alloc_page(gfp_t gfp) { return alloc_pages(gfp, 0); }
void free_page(void *addr);		/* by direct-map address */
static inline void get_page(struct page *p) { atomic_inc(&p->count); }
void __put_page(struct page *p);	/* frees: count came to 0 */
static inline void put_page(struct page *p) { if (atomic_dec_and_test(&p->count)) __put_page(p); }
static inline int page_count(struct page *p) { return atomic_read(&p->count); }
static inline void clear_page(void *p) { rep_stosq(p, 0, PAGE_SIZE / 8); }
static inline void copy_page(void *d, const void *s) { rep_movsq(d, s, PAGE_SIZE / 8); }
u64 free_initmem(void);			/* gives __init memory to the buddy; KiB freed */
void free_reserved_area(u64 start, u64 end);	/* whole pages inside, physical: modules after unpacking */
u64 nr_free_pages(void);
void drain_all_pages(void);		/* single pages that this processor keeps, and with interrupts on the others, go back to the buddy */
extern u64 totalram_pages;
/* Pages in use, by what for. Each processor counts what it adds and takes: one instruction, in any context. */
#define mod_page_state(item, n) percpu_add64(vmstat[item], n)
u64 global_page_state(enum vm_stat item);
struct buddy_stat { u64 free[MAX_ORDER]; };
void buddy_stats(struct buddy_stat *st);
/* Fault injection: with the word "fail_nth" on the command line, /proc/self/fail-nth sets current->fail_nth
 * as on Linux; every allocation by that task counts it down, and the one at 1 fails. */
extern bool fault_injection;
bool should_fail_alloc(void);

/* ---- slab.c: objects ---- */
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align);	/* align 0: of 8 */
void *kmem_cache_alloc(struct kmem_cache *c, gfp_t gfp);	/* NULL: no memory. Any context. */
void kmem_cache_free(struct kmem_cache *c, void *obj);
void *kmalloc(size_t size, gfp_t gfp);		/* 8-byte aligned (16 from 16 up); above 4096 whole pages; NULL */
static inline void *kzalloc(size_t size, gfp_t gfp) { return kmalloc(size, gfp | __GFP_ZERO); }
void kfree(const void *p);			/* NULL is fine */
char *kstrdup(const char *s, gfp_t gfp);
void *kmemdup(const void *p, size_t n, gfp_t gfp);
void kmem_cache_init(void);
struct slabinfo { const char *name; u64 active, total; unsigned size, per_slab, pages_per_slab; };
bool slabinfo_nth(unsigned n, struct slabinfo *out);	/* for /proc/slabinfo; false after the last */

/* ---- vmalloc.c: mapped kernel memory, a guard page after each area ---- */
void *vmalloc(size_t size);
void vfree(void *p);
void *ioremap(u64 phys, size_t size, pgprot_t prot);	/* device memory; NULL */
void *early_ioremap(u64 phys, size_t size);	/* from start_kernel's first moment on, uncached, for ever; NULL: 1 GiB is full */
void iounmap(void *p);
void *alloc_kstack(void);			/* KSTACK_SIZE bytes, unmapped page below; cached; NULL */
void free_kstack(void *stack);
bool is_kstack_guard(u64 addr);

/* ---- pgtable.c: tables ---- */
extern pgd_t *init_pgd;				/* kernel half shared by all */
void map_kernel_image(void);			/* in mem_init: init_pgd with text RX, rodata R, data RW */
void map_direct(u64 start, u64 end);		/* in mem_init: physical, page aligned; what is mapped stays */
void load_init_pgd(void);			/* in mem_init; the boot's identity map stays until ... */
void paging_init(void);				/* ... here, after mem_init; vmalloc works from here on */
pgd_t *pgd_alloc(void);				/* kernel half filled in; NULL */
void pgd_free(pgd_t *pgd);
/* The entry for addr, tables made on the way; NULL: no memory. => mmap_lock or page_table_lock keeps tables */
pte_t *pte_alloc(struct mm_struct *mm, u64 addr);
pte_t *pte_lookup(struct mm_struct *mm, u64 addr);	/* NULL when a table is missing (or a large page is there) */
int map_kernel_page(u64 virt, u64 phys, pgprot_t prot);	/* 0, -ENOMEM; vmalloc range */
u64 unmap_kernel_page(u64 virt);		/* the physical address that was there, 0: none; TLBs still know it */
bool kernel_addr_mapped(u64 addr);		/* for backtraces of broken stacks */
void set_kernel_prot(u64 start, u64 end, pgprot_t prot);
void flush_tlb_mm(struct mm_struct *mm);
void flush_tlb_range(struct mm_struct *mm, u64 start, u64 end);
void flush_tlb_page(struct mm_struct *mm, u64 addr);
void flush_tlb_kernel_range(u64 start, u64 end);

/* ---- address spaces ---- */
struct file;
struct inode;
struct vm_fault;
struct vm_area_struct;
struct linux_binprm;

#define VM_READ 0x1UL			/* Linux's bits */
#define VM_WRITE 0x2UL
#define VM_EXEC 0x4UL
#define VM_SHARED 0x8UL
#define VM_MAYREAD 0x10UL
#define VM_MAYWRITE 0x20UL
#define VM_MAYEXEC 0x40UL
#define VM_MAYSHARE 0x80UL
#define VM_GROWSDOWN 0x100UL
#define VM_LOCKED 0x2000UL
#define VM_DONTCOPY 0x20000UL
#define VM_STACK (VM_GROWSDOWN | VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)
static inline bool is_cow_mapping(u64 flags) { return (flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE; }

struct vm_operations_struct {
	void (*open)(struct vm_area_struct *vma);	/* a copy was made: fork, split */
	void (*close)(struct vm_area_struct *vma);
	/* Finds the page of vmf->pgoff: vmf->page with a reference for the caller. 0 or VM_FAULT_*. => mmap_lock read */
	int (*fault)(struct vm_fault *vmf);
	/* Maps pages already in memory around the fault; optional. */
	void (*map_pages)(struct vm_fault *vmf, u64 start_pgoff, u64 end_pgoff);
	int (*page_mkwrite)(struct vm_fault *vmf);	/* a shared page is about to become writable */
	const char *name;				/* for /proc/PID/maps, or NULL */
};
struct vm_area_struct {			/* mmap_lock */
	u64 vm_start, vm_end;		/* page aligned, end exclusive */
	struct vm_area_struct *vm_next, *vm_prev;
	struct rb_node vm_rb;
	struct mm_struct *vm_mm;
	pgprot_t vm_page_prot;		/* bits of a read-only or shared-writable entry for these flags */
	u64 vm_flags;
	u64 vm_pgoff;			/* offset in the file, pages; anonymous: vm_start's page number */
	struct file *vm_file;
	const struct vm_operations_struct *vm_ops;
	struct list_head shared;	/* mapping->i_mmap; i_mmap_rwsem; prev of a copy not yet linked: of its original */
};
struct mm_struct {
	/* mmap_lock */
	struct rw_semaphore mmap_lock;
	struct vm_area_struct *mmap;
	struct rb_root mm_rb;
	struct vm_area_struct *mmap_cache;	/* last find_vma; read racily */
	int map_count;
	u64 mmap_base;			/* top of the mmap area; it grows down */
	u64 total_vm, locked_vm, data_vm, exec_vm, stack_vm;	/* pages */
	u64 start_code, end_code, start_data, end_data;
	u64 start_brk, brk, start_stack, arg_start, arg_end, env_start, env_end;
	u64 hiwater_rss;

	/* page_table_lock */
	struct spinlock page_table_lock;
	pgd_t *pgd;
	atomic_long_t rss_anon, rss_file, rss_shmem;	/* pages */
	atomic_long_t nr_ptes;				/* table pages of all levels */

	atomic_t mm_users;		/* tasks that run in it */
	atomic_t mm_count;		/* mm_users count as one, lazy borrowers and /proc readers one each */
	struct file *exe_file;		/* exec */
	u64 saved_auxv[50];
	unsigned dumpable;
	bool oom_victim;
	cpumask_t cpu_mask;			/* where it may be in a TLB; atomic */
};
extern struct mm_struct init_mm;

#define FAULT_FLAG_WRITE BIT(0)
#define VM_FAULT_OOM 0x1
#define VM_FAULT_SIGBUS 0x2
#define VM_FAULT_SIGSEGV 0x40
#define VM_FAULT_NOPAGE 0x100		/* the entry is in place already */
struct vm_fault {
	struct vm_area_struct *vma;
	u64 address;			/* page aligned */
	u64 pgoff;
	unsigned flags;			/* FAULT_FLAG_* */
	struct page *page;
	pte_t *pte;
	pte_t orig_pte;
};

/* mm_struct.c: an address space's life */
void mmap_init(void);				/* caches, zero page; before the first mm_alloc */
struct mm_struct *mm_alloc(void);		/* empty, mm_users 1; NULL */
struct mm_struct *dup_mm(struct mm_struct *old);	/* fork: VMAs and page tables, pages shared (COW); ERR_PTR. May sleep */
void mmget(struct mm_struct *mm);
void mmput(struct mm_struct *mm);		/* last user: exit_mmap. May sleep */
void mmgrab(struct mm_struct *mm);
void mmdrop(struct mm_struct *mm);		/* last reference: pgd and struct go */
struct mm_struct *get_task_mm(struct task_struct *p);	/* a user reference for /proc, or NULL */
void switch_mm(struct mm_struct *prev, struct mm_struct *next);	/* => irqs off or preemption off */
static inline u64 get_mm_rss(struct mm_struct *mm)
{
	return atomic_long_read(&mm->rss_anon) + atomic_long_read(&mm->rss_file) + atomic_long_read(&mm->rss_shmem);
}
void update_hiwater_rss(struct mm_struct *mm);	/* before pages are dropped */

/* fault.c */
/* VM_FAULT_* bits, 0: done. => mmap_lock (read); may sleep */
int handle_mm_fault(struct vm_area_struct *vma, u64 address, unsigned flags);
/* The exception's door, from trap.c: finds the VMA, grows the stack, fixes, or sends the signal; kernel faults end in
 * the exception table or die(). */
void do_page_fault(struct pt_regs *regs, u64 address, u64 error_code);
/* Faults in [start, start+len): as the VMAs allow (need 0: MAP_POPULATE, mlock), or to read or write (VM_READ, VM_WRITE:
 * madvise). Takes mmap_lock. 0, or the first failure: -ENOMEM, -EFAULT, -EINVAL: a VMA does not have what is needed */
int mm_populate(u64 start, u64 len, u64 need);

/* memory.c: page tables. => mmap_lock (write, or read for zap) */
/* Drops the pages, private copies of file pages too. => mmap_lock */
void zap_page_range(struct vm_area_struct *vma, u64 start, u64 end);
int copy_page_range(struct vm_area_struct *dst, struct vm_area_struct *src);	/* 0, -ENOMEM */
/* Frees the tables under a list of dropped VMAs that lie wholly between floor and ceiling. */
void free_pgtables(struct mm_struct *mm, struct vm_area_struct *list, u64 floor, u64 ceiling);
void change_protection(struct vm_area_struct *vma, u64 start, u64 end);	/* entries follow new vm_flags */
atomic_long_t *rss_of_file(struct vm_area_struct *vma);	/* the counter of vma's file pages */
int move_page_tables(struct mm_struct *mm, u64 old, u64 new, u64 len);	/* 0, -ENOMEM: nothing moved */
/* Drops what lies behind byte start of a file from every address space, private copies too: truncate. */
void unmap_mapping_range(struct address_space *mapping, u64 start);
/* Reads another address space (/proc/PID/cmdline): bytes copied. May sleep */
size_t access_process_vm(struct mm_struct *mm, u64 addr, void *buf, size_t len);
/* One user page, made present: to be read wherever it is, to be written as its VMA allows. With a reference, or
 * ERR_PTR. => mmap_lock read */
struct page *get_user_page(struct mm_struct *mm, u64 addr, bool write);
extern struct page *zero_page;
pgprot_t vm_get_page_prot(u64 vm_flags);

/* mmap.c; find_* => mmap_lock */
extern int sysctl_max_map_count;
#define MMAP_MIN_ADDR 65536UL
#define STACK_GUARD_GAP (256UL * PAGE_SIZE)
struct vm_area_struct *find_vma(struct mm_struct *mm, u64 addr);	/* first with vm_end > addr, or NULL */
struct vm_area_struct *find_vma_prev(struct mm_struct *mm, u64 addr, struct vm_area_struct **prev);
struct vm_area_struct *find_vma_intersection(struct mm_struct *mm, u64 start, u64 end);
/* All with mmap_lock (write) held. The address or -errno. */
int do_munmap(struct mm_struct *mm, u64 start, size_t len);
/* Anonymous private memory at a fixed place, for exec's bss, stack, brk. 0 or -errno */
int vm_brk_flags(u64 addr, u64 len, u64 vm_flags);
int expand_stack(struct vm_area_struct *vma, u64 addr);	/* => mmap_lock read is enough: page_table_lock guards vm_start */
u64 vm_mmap(struct file *file, u64 addr, u64 len, u64 prot, u64 flags, u64 off);	/* takes the lock */
int vm_munmap(u64 start, size_t len);
void exit_mmap(struct mm_struct *mm);
/* vma.c: the parts that mmap, mremap, mprotect and fork are made of. => mmap_lock (write) */
void vma_init(void);
/* Joins vma and its neighbours where nothing tells them apart (M4). The VMA that has its start afterwards */
struct vm_area_struct *vma_merge(struct vm_area_struct *vma);
void vma_unlink(struct mm_struct *mm, struct vm_area_struct *vma);	/* its own vm_next stays */
void vma_unlink_file(struct vm_area_struct *vma);
static inline u64 vma_pages(const struct vm_area_struct *vma) { return (vma->vm_end - vma->vm_start) >> PAGE_SHIFT; }
u64 vm_start_gap(const struct vm_area_struct *vma);	/* where the room below ends: a stack keeps a gap */
u64 get_unmapped_area(struct mm_struct *mm, u64 addr, u64 len, u64 flags);	/* -ENOMEM, -EINVAL */
bool may_expand_vm(struct mm_struct *mm, u64 vm_flags, u64 npages);	/* RLIMIT_AS, RLIMIT_DATA */
bool mlock_allowed(struct mm_struct *mm, u64 vm_flags, u64 npages);	/* RLIMIT_MEMLOCK if vm_flags has VM_LOCKED */
void vm_stat_account(struct mm_struct *mm, u64 vm_flags, s64 npages);
void vma_link(struct mm_struct *mm, struct vm_area_struct *vma);
struct vm_area_struct *vma_dup(struct mm_struct *mm, struct vm_area_struct *vma);	/* a copy, not linked; NULL */
void vma_set_range(struct vm_area_struct *vma, u64 start, u64 end);	/* grows or shrinks; pgoff follows start */
void remove_vma(struct vm_area_struct *vma);	/* close, fput, free */
int split_vma(struct mm_struct *mm, struct vm_area_struct *vma, u64 addr);	/* vma keeps what is below addr */
/* Gives [start, end) of vma these flags: splits, merges. The VMA that has start afterwards; ERR_PTR */
struct vm_area_struct *vma_set_flags(struct vm_area_struct *vma, u64 start, u64 end, u64 vm_flags);
/* shmem.c: vma gets a memory file without a name, for MAP_SHARED | MAP_ANONYMOUS; 0 or -errno */
int shmem_zero_setup(struct vm_area_struct *vma);
void arch_pick_mmap_layout(struct mm_struct *mm, u64 stack_gap_rlimit);	/* mmap_base; ASLR unless norandmaps */
struct vm_area_struct *vm_area_alloc(struct mm_struct *mm);	/* zeroed but for mm; NULL */
void vm_area_free(struct vm_area_struct *vma);
extern bool randomize_va_space;
u64 get_random_u64(void);			/* kernel/random or drivers/mem.c: Door */

/* filemap.c: the page cache */
struct address_space_operations {
	/* Fills a page that is new in the cache (ext2 later); tmpfs has none: new pages are zero. 0 or -errno */
	int (*readpage)(struct address_space *mapping, struct page *page);
	bool shmem;			/* pages count as Shmem */
};
struct page_limit {			/* of a memory file system, shared by its files */
	atomic_long_t used;		/* pages in their caches: counted where a page enters and leaves one */
	u64 max;			/* 0: none; a page more is -ENOSPC */
};
struct address_space {
	struct inode *host;
	struct spinlock tree_lock;
	struct radix_root pages;
	u64 nrpages;
	const struct address_space_operations *a_ops;
	struct rw_semaphore i_mmap_rwsem;
	struct list_head i_mmap;	/* VMAs that map it */
	struct page_limit *limit;	/* NULL: none */
};
void address_space_init(struct address_space *m, struct inode *host, const struct address_space_operations *ops);
struct page *find_get_page(struct address_space *m, u64 index);	/* with a reference, or NULL */
/* As above but makes it (zeroed or read) when it is not there; ERR_PTR(-ENOMEM, -EIO, -ENOSPC). May sleep */
struct page *read_mapping_page(struct address_space *m, u64 index);
/* Drops pages wholly beyond byte size and zeroes the tail of the last one; unmaps first. => i_rwsem (write) */
void truncate_inode_pages(struct address_space *m, u64 size);
/* Copies between the cache and user memory, for read/write of tmpfs and ext2. Bytes or -errno; holes read as zeros. */
ssize_t generic_file_read(struct file *file, char __user *buf, size_t n, loff_t *pos);
ssize_t generic_file_write(struct file *file, const char __user *buf, size_t n, loff_t *pos);
int generic_file_mmap(struct file *file, struct vm_area_struct *vma);	/* sets vm_ops to filemap's */
extern const struct vm_operations_struct generic_file_vm_ops;
/* Kernel reads and writes of a file's pages (exec, initramfs). Bytes or -errno */
ssize_t mapping_read(struct address_space *m, void *buf, size_t n, loff_t pos);
ssize_t mapping_write(struct address_space *m, const void *buf, size_t n, loff_t pos);

/* oom.c: kills the largest task with a report as Linux's ("Out of memory: Killed process ..."). May be called by faults and exec. */
bool out_of_memory(void);			/* false: there is memory, nothing was done. May sleep */
void exit_oom_victim(void);			/* the memory of a victim is free */
extern atomic_t nr_mms_leaving;			/* exits in which the task's memory has no owner and is not free yet */

/*
 * Doors, called upward from mm: fs/fs.h: i_size_read, get_file, fput, fdget, fget, fd_install, get_unused_fd_flags,
 * put_unused_fd, new_inode, iput, alloc_file_pseudo, anon_sb, inode_init_owner, inode_update_time, current_time;
 * kernel/process.h: force_sig_fault, send_sig, send_sig_info, for_each_process, tasklist_lock, init_process, fatal_signal_pending, capable;
 * kernel/syscall.h for the prototypes of mm's system calls; init_stack_guard is a page of boot/start.asm.
 */
