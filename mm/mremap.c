/*
 * mremap: a mapping changes its size or its place, and takes its pages along.
 *
 *   shrink   munmap of the end            grow in place   room behind the VMA: longer
 *   move     a second VMA elsewhere, the entries go over, munmap of the old one
 *
 * In Linux: mm/mremap.c, whose order of errors is kept. Left out: MREMAP_DONTUNMAP.
 */
#include "mm/mm.h"
#include "fs/fs.h"
#include "kernel/process.h"
#include "kernel/syscall.h"

/* The VMA that may go from old_len to new_len at addr, or ERR_PTR. */
static struct vm_area_struct *vma_to_resize(struct mm_struct *mm, u64 addr, u64 old_len, u64 new_len)
{
	struct vm_area_struct *vma = find_vma_intersection(mm, addr, addr + 1);
	u64 grow = (new_len - old_len) >> PAGE_SHIFT;
	if (!vma)
		return ERR_PTR(-EFAULT);
	if (!old_len && !(vma->vm_flags & (VM_SHARED | VM_MAYSHARE)))
		return ERR_PTR(-EINVAL);
	if (old_len > vma->vm_end - addr)
		return ERR_PTR(-EFAULT);
	if (new_len == old_len)
		return vma;
	u64 pgoff = vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);
	if (pgoff + (new_len >> PAGE_SHIFT) < pgoff)
		return ERR_PTR(-EINVAL);
	if (!mlock_allowed(mm, vma->vm_flags, grow))
		return ERR_PTR(-EAGAIN);
	if (!may_expand_vm(mm, vma->vm_flags, grow))
		return ERR_PTR(-ENOMEM);
	return vma;
}

/* => new_addr is free */
static u64 move_vma(struct vm_area_struct *vma, u64 addr, u64 old_len, u64 new_len, u64 new_addr)
{
	struct mm_struct *mm = vma->vm_mm;
	if (mm->map_count >= sysctl_max_map_count - 3)
		return -ENOMEM;
	struct vm_area_struct *new = vma_dup(mm, vma);
	if (!new)
		return -ENOMEM;
	new->vm_start = new_addr;
	new->vm_end = new_addr + new_len;
	new->vm_pgoff = vma->vm_file ? vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT) : new_addr >> PAGE_SHIFT;
	vma_link(mm, new);		/* behind vma in its file's list: truncate finds the entries in one or the other */
	vm_stat_account(mm, new->vm_flags, vma_pages(new));
	if (move_page_tables(mm, addr, new_addr, old_len)) {
		do_munmap(mm, new_addr, new_len);
		return -ENOMEM;
	}
	/* An out-of-memory split leaves the old range mapped and empty, as in Linux. */
	if (old_len)
		do_munmap(mm, addr, old_len);
	vma_merge(new);
	return new_addr;
}

static bool can_grow_in_place(struct mm_struct *mm, struct vm_area_struct *vma, u64 addr, u64 old_len, u64 new_len)
{
	u64 end = addr + new_len;
	return old_len == vma->vm_end - addr && end > addr && end <= TASK_SIZE &&
	       (!vma->vm_next || end <= vma->vm_next->vm_start);
}

/* MREMAP_FIXED: what lies at the new place goes once nothing but memory can be wanting. */
static u64 mremap_to(struct mm_struct *mm, u64 addr, u64 old_len, u64 new_addr, u64 new_len)
{
	u64 keep = min(old_len, new_len);
	struct vm_area_struct *vma = vma_to_resize(mm, addr, keep, new_len);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	u64 ret = do_munmap(mm, new_addr, new_len);
	if (!ret && old_len > new_len)
		ret = do_munmap(mm, addr + new_len, old_len - new_len);
	if (!ret)
		ret = get_unmapped_area(mm, new_addr, new_len, MAP_FIXED);
	if ((s64)ret < 0)
		return ret;
	return move_vma(find_vma(mm, addr), addr, keep, new_len, ret);	/* munmap may have split the VMA: found again */
}

static u64 do_mremap(struct mm_struct *mm, u64 addr, u64 old_len, u64 new_len, u64 flags, u64 new_addr)
{
	struct vm_area_struct *vma = find_vma_intersection(mm, addr, addr + 1);
	u64 ret;
	if (!vma)
		return -EFAULT;
	if (flags & MREMAP_FIXED)
		return mremap_to(mm, addr, old_len, new_addr, new_len);
	if (old_len >= new_len) {
		ret = old_len > new_len ? do_munmap(mm, addr + new_len, old_len - new_len) : 0;
		return ret ? ret : addr;
	}
	vma = vma_to_resize(mm, addr, old_len, new_len);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	if (can_grow_in_place(mm, vma, addr, old_len, new_len)) {
		vm_stat_account(mm, vma->vm_flags, (new_len - old_len) >> PAGE_SHIFT);
		vma_set_range(vma, vma->vm_start, addr + new_len);
		vma_merge(vma);
		return addr;
	}
	ret = flags & MREMAP_MAYMOVE ? get_unmapped_area(mm, 0, new_len, 0) : (u64)-ENOMEM;
	return (s64)ret < 0 ? ret : move_vma(vma, addr, old_len, new_len, ret);
}

long sys_mremap(u64 addr, u64 old_len, u64 new_len, u64 flags, u64 new_addr)
{
	struct mm_struct *mm = current->mm;
	old_len = PAGE_ALIGN(old_len);
	new_len = PAGE_ALIGN(new_len);
	if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED) || addr & ~PAGE_MASK || !new_len || new_len > TASK_SIZE)
		return -EINVAL;
	if (flags & MREMAP_FIXED && (new_addr > TASK_SIZE - new_len || new_addr & ~PAGE_MASK || !(flags & MREMAP_MAYMOVE) ||
				     (addr + old_len > new_addr && new_addr + new_len > addr)))
		return -EINVAL;
	down_write(&mm->mmap_lock);
	u64 ret = do_mremap(mm, addr, old_len, new_len, flags, new_addr);
	bool locked = (s64)ret >= 0 && new_len > old_len && (find_vma(mm, ret)->vm_flags & VM_LOCKED);
	up_write(&mm->mmap_lock);
	if (locked)
		mm_populate(ret + old_len, new_len - old_len, 0);
	return ret;
}
