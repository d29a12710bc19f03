/*
 * System calls over a range of existing mappings: mprotect, madvise, mlock, msync, mincore. Left out: mlockall, and advice that has nothing
 * to change here or that few give (COLD, REMOVE, WIPEONFORK, POPULATE).
 *
 * walk_range goes from VMA to VMA and calls a function for each piece. Who meets a hole has done what lies
 * before it, as POSIX asks, and says ENOMEM; madvise and msync do what lies behind it too.
 *
 * In Linux: mm/mprotect.c, mm/madvise.c, mm/mlock.c, mm/msync.c, mm/mincore.c.
 */
#include "mm/mm.h"
#include "fs/fs.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "uapi/capability.h"

/* Does its work on [from, to) of vma; returns the VMA that has from afterwards, or ERR_PTR. */
typedef struct vm_area_struct *(*range_fn)(struct vm_area_struct *vma, u64 from, u64 to, u64 arg);

static int walk_range(struct mm_struct *mm, u64 start, u64 end, bool skip_holes, range_fn fn, u64 arg)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	int err = 0;
	while (start < end) {
		if (!vma || vma->vm_start >= end || (vma->vm_start > start && !skip_holes))
			return -ENOMEM;
		if (vma->vm_start > start) {
			err = -ENOMEM;
			start = vma->vm_start;
		}
		u64 to = min(vma->vm_end, end);
		vma = fn(vma, start, to, arg);
		if (IS_ERR(vma))
			return PTR_ERR(vma);
		if (vma->vm_end <= to)
			vma = vma->vm_next;
		start = to;
	}
	return err;
}

/* ---- mprotect ---- */

static struct vm_area_struct *mprotect_fixup(struct vm_area_struct *vma, u64 from, u64 to, u64 prot)
{
	struct mm_struct *mm = vma->vm_mm;
	u64 flags = prot | (vma->vm_flags & ~(VM_READ | VM_WRITE | VM_EXEC)), npages = (to - from) >> PAGE_SHIFT;
	if (flags & ~(flags >> 4) & (VM_READ | VM_WRITE | VM_EXEC))	/* VM_MAY* are four bits up */
		return ERR_PTR(-EACCES);
	if (flags == vma->vm_flags)
		return vma;
	if ((flags & VM_WRITE) && !may_expand_vm(mm, flags, npages) && may_expand_vm(mm, vma->vm_flags, npages))
		return ERR_PTR(-ENOMEM);
	vma = vma_set_flags(vma, from, to, flags);
	if (!IS_ERR(vma))
		change_protection(vma, from, to);
	return vma;
}

long sys_mprotect(u64 start, size_t len, u64 prot)
{
	struct mm_struct *mm = current->mm;
	u64 grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	int err = -ENOMEM;

	prot &= ~grows;
	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || start & ~PAGE_MASK)
		return -EINVAL;
	if (!len)
		return 0;
	u64 end = start + PAGE_ALIGN(len);
	if (end <= start)
		return -ENOMEM;
	if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | 8))	/* 8: PROT_SEM, means nothing */
		return -EINVAL;
	prot &= PROT_READ | PROT_WRITE | PROT_EXEC;
	down_write(&mm->mmap_lock);
	struct vm_area_struct *vma = find_vma(mm, start);
	if (!vma)
		goto out;
	if (vma->vm_start >= (grows == PROT_GROWSDOWN ? end : start + 1))
		goto out;
	if (grows) {
		err = -EINVAL;
		if (grows == PROT_GROWSUP || !(vma->vm_flags & VM_GROWSDOWN))
			goto out;
		start = vma->vm_start;
	}
	err = walk_range(mm, start, end, false, mprotect_fixup, prot);
out:
	up_write(&mm->mmap_lock);
	return err;
}

/* ---- madvise ---- */

static struct vm_area_struct *madvise_vma(struct vm_area_struct *vma, u64 from, u64 to, u64 behavior)
{
	switch (behavior) {
	case MADV_FREE:
		if (vma->vm_ops)
			return ERR_PTR(-EINVAL);
		fallthrough;
	case MADV_DONTNEED:
		if (vma->vm_flags & VM_LOCKED)
			return ERR_PTR(-EINVAL);
		zap_page_range(vma, from, to);
		return vma;
	case MADV_DONTFORK: return vma_set_flags(vma, from, to, vma->vm_flags | VM_DONTCOPY);
	case MADV_DOFORK: return vma_set_flags(vma, from, to, vma->vm_flags & ~VM_DONTCOPY);
	default: return vma;		/* how it will be read, what to dump: nothing to change */
	}
}

long sys_madvise(u64 start, size_t len, int behavior)
{
	struct mm_struct *mm = current->mm;
	u64 end = start + PAGE_ALIGN(len);
	if (behavior < 0 || behavior > MADV_DODUMP || (behavior > MADV_DONTNEED && behavior < MADV_FREE) || behavior == MADV_REMOVE)
		return -EINVAL;
	if (start & ~PAGE_MASK || (len && !PAGE_ALIGN(len)) || end < start)
		return -EINVAL;
	if (end == start)
		return 0;
	down_write(&mm->mmap_lock);
	int err = walk_range(mm, start, end, true, madvise_vma, behavior);
	up_write(&mm->mmap_lock);
	return err;
}

/* ---- mlock: pages never leave memory here, so it is limits, flags and faulting in ---- */

static struct vm_area_struct *set_locked(struct vm_area_struct *vma, u64 from, u64 to, u64 locked)
{
	return vma_set_flags(vma, from, to, (vma->vm_flags & ~VM_LOCKED) | locked);
}

static struct vm_area_struct *count_unlocked(struct vm_area_struct *vma, u64 from, u64 to, u64 counter)
{
	if (!(vma->vm_flags & VM_LOCKED))
		*(u64 *)counter += (to - from) >> PAGE_SHIFT;
	return vma;
}

long sys_mlock(u64 start, size_t len)
{
	struct mm_struct *mm = current->mm;
	u64 end = PAGE_ALIGN(start + len), npages = 0;
	if (!rlimit(RLIMIT_MEMLOCK) && !capable(CAP_IPC_LOCK))
		return -EPERM;
	start &= PAGE_MASK;
	down_write(&mm->mmap_lock);
	if (end >= start)
		walk_range(mm, start, end, true, count_unlocked, (u64)&npages);
	else
		npages = (end - start) >> PAGE_SHIFT;
	int err = !mlock_allowed(mm, VM_LOCKED, npages) ? -ENOMEM : end < start ? -EINVAL :
		  walk_range(mm, start, end, false, set_locked, VM_LOCKED);
	up_write(&mm->mmap_lock);
	if (!err && end > start && (err = mm_populate(start, end - start, 0)))
		err = err == -EFAULT ? -ENOMEM : -EAGAIN;
	return err;
}

long sys_munlock(u64 start, size_t len)
{
	struct mm_struct *mm = current->mm;
	u64 end = PAGE_ALIGN(start + len);
	start &= PAGE_MASK;
	if (end < start)
		return -EINVAL;
	down_write(&mm->mmap_lock);
	int err = walk_range(mm, start, end, false, set_locked, 0);
	up_write(&mm->mmap_lock);
	return err;
}

/* ---- asking ---- */

static struct vm_area_struct *msync_vma(struct vm_area_struct *vma, u64 from, u64 to, u64 flags)
{
	return (flags & MS_INVALIDATE) && (vma->vm_flags & VM_LOCKED) ? ERR_PTR(-EBUSY) : vma;
}

/* Shared pages are the file's pages: there is nothing to carry over. */
long sys_msync(u64 start, size_t len, int flags)
{
	u64 end = start + PAGE_ALIGN(len);
	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || start & ~PAGE_MASK || (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	if (end < start)
		return -ENOMEM;
	down_read(&current->mm->mmap_lock);
	int err = walk_range(current->mm, start, end, true, msync_vma, flags);
	up_read(&current->mm->mmap_lock);
	return err;
}

/* Whether an access to addr would find its page in memory. => mmap_lock; -ENOMEM: not mapped */
static int page_in_core(struct mm_struct *mm, u64 addr)
{
	struct vm_area_struct *vma = find_vma(mm, addr);
	struct page *page = NULL;
	if (!vma || vma->vm_start > addr)
		return -ENOMEM;
	pte_t *pte = pte_lookup(mm, addr);
	if (pte && pte_mapped(*pte))
		return 1;
	if (vma->vm_file && vma->vm_file->f_mapping && vma->vm_ops)
		page = find_get_page(vma->vm_file->f_mapping, vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT));
	if (page)
		put_page(page);
	return page != NULL;
}

long sys_mincore(u64 start, size_t len, u8 __user *vec)
{
	struct mm_struct *mm = current->mm;
	u64 npages = DIV_ROUND_UP(len, PAGE_SIZE);
	if (start & ~PAGE_MASK)
		return -EINVAL;
	if (!access_ok((void __user *)start, len))
		return -ENOMEM;
	if (!access_ok(vec, npages))
		return -EFAULT;
	for (u64 i = 0; i < npages; i++) {
		down_read(&mm->mmap_lock);
		int in = page_in_core(mm, start + i * PAGE_SIZE);
		up_read(&mm->mmap_lock);
		if (in < 0 || put_user((u8)in, vec + i))
			return in < 0 ? in : -EFAULT;
	}
	return 0;
}
