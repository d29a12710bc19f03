/*
 * Virtual memory areas: which addresses of a process mean something, and what.
 *
 *   mm->mmap   [ text ]-[ data ]-[ heap ]-   -[ libc ]-[ file ]-   -[ stack ]     sorted list,
 *   mm->mm_rb  the same as a red-black tree by address                            and tree (M4)
 *
 * Here are the parts: find, find a gap, count, link, split, merge. The system calls are in mmap.c,
 * mprotect.c and mremap.c.
 *
 * Locks: mmap_lock (read to find, write to change); i_mmap_rwsem for a file's list of VMAs and their bounds.
 * Left out: Linux's maple tree and free-area index; a walk along the list finds the gap.  In Linux: mm/mmap.c.
 */
#include "mm/mm.h"
#include "fs/fs.h"
#include "kernel/process.h"
#include "uapi/capability.h"

int sysctl_max_map_count = 65530;
static struct kmem_cache *vma_cache;

void vma_init(void)
{
	vma_cache = kmem_cache_create("vm_area_struct", sizeof(struct vm_area_struct), 0);
	BUG_ON(!vma_cache);
}

struct vm_area_struct *vm_area_alloc(struct mm_struct *mm)
{
	struct vm_area_struct *vma = kmem_cache_alloc(vma_cache, __GFP_ZERO);
	if (vma)
		vma->vm_mm = mm;
	return vma;
}

void vm_area_free(struct vm_area_struct *vma) { kmem_cache_free(vma_cache, vma); }

/* ---- finding ---- */

struct vm_area_struct *find_vma(struct mm_struct *mm, u64 addr)
{
	struct vm_area_struct *vma = READ_ONCE(mm->mmap_cache), *best = NULL;
	struct rb_node *n = mm->mm_rb.node;
	if (vma && vma->vm_start <= addr && addr < vma->vm_end)
		return vma;
	while (n) {
		vma = rb_entry(n, struct vm_area_struct, vm_rb);
		if (vma->vm_end > addr) {
			best = vma;
			if (vma->vm_start <= addr)
				break;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	if (best)
		WRITE_ONCE(mm->mmap_cache, best);
	return best;
}

struct vm_area_struct *find_vma_prev(struct mm_struct *mm, u64 addr, struct vm_area_struct **prev)
{
	struct vm_area_struct *vma = find_vma(mm, addr);
	*prev = vma ? vma->vm_prev : rb_entry_safe(rb_last(&mm->mm_rb), struct vm_area_struct, vm_rb);
	return vma;
}

struct vm_area_struct *find_vma_intersection(struct mm_struct *mm, u64 start, u64 end)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	return vma && vma->vm_start < end ? vma : NULL;
}

u64 vm_start_gap(const struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_GROWSDOWN))
		return vma->vm_start;
	return vma->vm_start > STACK_GUARD_GAP ? vma->vm_start - STACK_GUARD_GAP : 0;
}

static u64 gap_bottom_up(struct mm_struct *mm, u64 len, u64 low, u64 high)
{
	for (struct vm_area_struct *vma = find_vma(mm, low);; vma = vma->vm_next) {
		if (low + len > high)
			return -ENOMEM;
		if (!vma || low + len <= vm_start_gap(vma))
			return low;
		low = max(low, vma->vm_end);
	}
}

/* The highest gap of len bytes below mmap_base; where there is none, the lowest above a third. */
static u64 gap_top_down(struct mm_struct *mm, u64 len)
{
	struct vm_area_struct *prev, *vma = find_vma_prev(mm, mm->mmap_base, &prev);
	for (;; vma = prev, prev = prev->vm_prev) {
		u64 high = vma ? min(vm_start_gap(vma), mm->mmap_base) : mm->mmap_base;
		u64 low = prev ? prev->vm_end : MMAP_MIN_ADDR;
		if (high >= low && high - low >= len)
			return high - len;
		if (!prev)
			return gap_bottom_up(mm, len, PAGE_ALIGN(TASK_SIZE / 3), TASK_SIZE);
	}
}

u64 get_unmapped_area(struct mm_struct *mm, u64 addr, u64 len, u64 flags)
{
	struct vm_area_struct *vma, *prev;
	if (len > TASK_SIZE)
		return -ENOMEM;
	if (flags & MAP_FIXED) {
		if (addr > TASK_SIZE - len)
			return -ENOMEM;
		return addr & ~PAGE_MASK ? (u64)-EINVAL : addr;
	}
	addr = PAGE_ALIGN(addr);
	if (addr >= MMAP_MIN_ADDR && addr <= TASK_SIZE - len && !((flags & MAP_32BIT) && addr + len > BIT(31))) {
		vma = find_vma_prev(mm, addr, &prev);
		if ((!vma || addr + len <= vm_start_gap(vma)) && (!prev || prev->vm_end <= addr))
			return addr;
	}
	return flags & MAP_32BIT ? gap_bottom_up(mm, len, BIT(30), BIT(31)) : gap_top_down(mm, len);
}

/* ---- limits and counts ---- */

static bool is_data_mapping(u64 vm_flags) { return (vm_flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE; }

void vm_stat_account(struct mm_struct *mm, u64 vm_flags, s64 npages)
{
	mm->total_vm += npages;
	if (vm_flags & VM_GROWSDOWN)
		mm->stack_vm += npages;
	else if ((vm_flags & (VM_EXEC | VM_WRITE)) == VM_EXEC)
		mm->exec_vm += npages;
	else if (is_data_mapping(vm_flags))
		mm->data_vm += npages;
	if (vm_flags & VM_LOCKED)
		mm->locked_vm += npages;
}

bool may_expand_vm(struct mm_struct *mm, u64 vm_flags, u64 npages)
{
	if (mm->total_vm + npages > rlimit(RLIMIT_AS) >> PAGE_SHIFT)
		return false;
	return !is_data_mapping(vm_flags) || mm->data_vm + npages <= rlimit(RLIMIT_DATA) >> PAGE_SHIFT;
}

bool mlock_allowed(struct mm_struct *mm, u64 vm_flags, u64 npages)
{
	return !(vm_flags & VM_LOCKED) || mm->locked_vm + npages <= rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT ||
	       capable(CAP_IPC_LOCK);
}

/* ---- linking, splitting, merging ---- */

static void vma_link_file(struct vm_area_struct *vma)
{
	struct address_space *m = vma->vm_file ? vma->vm_file->f_mapping : NULL;
	if (!m)
		return;
	down_write(&m->i_mmap_rwsem);
	list_add(&vma->shared, vma->shared.prev ?: m->i_mmap.prev);	/* a copy behind its original, see unmap_mapping_range */
	up_write(&m->i_mmap_rwsem);
}

void vma_unlink_file(struct vm_area_struct *vma)
{
	struct address_space *m = vma->vm_file ? vma->vm_file->f_mapping : NULL;
	if (!m)
		return;
	down_write(&m->i_mmap_rwsem);
	list_del(&vma->shared);
	up_write(&m->i_mmap_rwsem);
}

static bool starts_before(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct vm_area_struct, vm_rb)->vm_start < rb_entry(b, struct vm_area_struct, vm_rb)->vm_start;
}

void vma_link(struct mm_struct *mm, struct vm_area_struct *vma)
{
	rb_add(&vma->vm_rb, &mm->mm_rb, starts_before);
	struct vm_area_struct *prev = rb_entry_safe(rb_prev(&vma->vm_rb), struct vm_area_struct, vm_rb);
	vma->vm_prev = prev;
	vma->vm_next = prev ? prev->vm_next : mm->mmap;
	if (prev)
		prev->vm_next = vma;
	else
		mm->mmap = vma;
	if (vma->vm_next)
		vma->vm_next->vm_prev = vma;
	mm->map_count++;
	vma_link_file(vma);
}

void vma_unlink(struct mm_struct *mm, struct vm_area_struct *vma)
{
	if (vma->vm_prev)
		vma->vm_prev->vm_next = vma->vm_next;
	else
		mm->mmap = vma->vm_next;
	if (vma->vm_next)
		vma->vm_next->vm_prev = vma->vm_prev;
	rb_erase(&vma->vm_rb, &mm->mm_rb);
	mm->mmap_cache = NULL;
	mm->map_count--;
	vma_unlink_file(vma);
}

void remove_vma(struct vm_area_struct *vma)
{
	if (vma->vm_ops && vma->vm_ops->close)
		vma->vm_ops->close(vma);
	if (vma->vm_file)
		fput(vma->vm_file);
	vm_area_free(vma);
}

struct vm_area_struct *vma_dup(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vm_area_struct *new = vm_area_alloc(mm);
	if (!new)
		return NULL;
	*new = *vma;
	new->shared.prev = &vma->shared;	/* vma_link_file */
	new->vm_mm = mm;
	if (new->vm_file)
		get_file(new->vm_file);
	if (new->vm_ops && new->vm_ops->open)
		new->vm_ops->open(new);
	return new;
}

void vma_set_range(struct vm_area_struct *vma, u64 start, u64 end)
{
	struct address_space *m = vma->vm_file ? vma->vm_file->f_mapping : NULL;
	if (m)
		down_write(&m->i_mmap_rwsem);
	vma->vm_pgoff += (s64)(start - vma->vm_start) >> PAGE_SHIFT;
	vma->vm_start = start;
	vma->vm_end = end;
	if (m)
		up_write(&m->i_mmap_rwsem);
}

int split_vma(struct mm_struct *mm, struct vm_area_struct *vma, u64 addr)
{
	if (mm->map_count >= sysctl_max_map_count)
		return -ENOMEM;
	struct vm_area_struct *new = vma_dup(mm, vma);
	if (!new)
		return -ENOMEM;
	new->vm_pgoff += (addr - vma->vm_start) >> PAGE_SHIFT;
	new->vm_start = addr;
	vma_link(mm, new);		/* first: truncate must not miss what lies between */
	vma_set_range(vma, vma->vm_start, addr);
	return 0;
}

static bool can_merge(const struct vm_area_struct *vma, const struct vm_area_struct *next)
{
	return vma->vm_end == next->vm_start && vma->vm_flags == next->vm_flags && vma->vm_file == next->vm_file &&
	       vma->vm_pgoff + vma_pages(vma) == next->vm_pgoff && !(vma->vm_ops && vma->vm_ops->close);
}

static void merge_with_next(struct vm_area_struct *vma)
{
	struct vm_area_struct *next = vma->vm_next;
	if (!next || !can_merge(vma, next))
		return;
	vma_set_range(vma, vma->vm_start, next->vm_end);
	vma_unlink(vma->vm_mm, next);
	if (next->vm_file)
		fput(next->vm_file);	/* vma still has it */
	vm_area_free(next);
}

struct vm_area_struct *vma_merge(struct vm_area_struct *vma)
{
	struct vm_area_struct *prev = vma->vm_prev;
	u64 start = vma->vm_start;
	merge_with_next(vma);
	if (!prev)
		return vma;
	merge_with_next(prev);
	return prev->vm_end > start ? prev : vma;
}

struct vm_area_struct *vma_set_flags(struct vm_area_struct *vma, u64 start, u64 end, u64 vm_flags)
{
	struct mm_struct *mm = vma->vm_mm;
	if (vma->vm_flags == vm_flags)
		return vma;
	if (start > vma->vm_start) {
		if (split_vma(mm, vma, start))
			return ERR_PTR(-ENOMEM);
		vma = vma->vm_next;
	}
	if (end < vma->vm_end && split_vma(mm, vma, end)) {
		vma_merge(vma);
		return ERR_PTR(-ENOMEM);
	}
	vm_stat_account(mm, vma->vm_flags, -(s64)vma_pages(vma));
	vm_stat_account(mm, vm_flags, vma_pages(vma));
	vma->vm_flags = vm_flags;
	vma->vm_page_prot = vm_get_page_prot(vm_flags);
	return vma_merge(vma);
}
