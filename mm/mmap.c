/*
 * mmap, munmap, brk, and the stack that grows: VMAs come and go.
 *
 * mmap finds a gap, makes a VMA and merges it with its neighbours; munmap splits VMAs at the ends of its
 * range. What can fail comes first, then the old mapping goes (M9).
 *
 * Locks: mmap_lock (write).  Left out: huge pages.  In Linux: mm/mmap.c.
 */
#include "mm/mm.h"
#include "fs/fs.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "uapi/capability.h"
#include "uapi/mount.h"

int do_munmap(struct mm_struct *mm, u64 start, size_t len)
{
	struct vm_area_struct *last;
	if (start & ~PAGE_MASK || start > TASK_SIZE || len > TASK_SIZE - start || !(len = PAGE_ALIGN(len)))
		return -EINVAL;
	u64 end = start + len;
	struct vm_area_struct *vma = find_vma_intersection(mm, start, end);
	if (!vma)
		return 0;
	if (start > vma->vm_start) {
		if (split_vma(mm, vma, start))
			return -ENOMEM;
		vma = vma->vm_next;
	}
	for (last = vma; last->vm_next && last->vm_next->vm_start < end;)
		last = last->vm_next;
	if (end < last->vm_end && split_vma(mm, last, end)) {
		vma_merge(vma);
		return -ENOMEM;
	}
	/* Nothing can fail from here on. */
	update_hiwater_rss(mm);
	struct vm_area_struct *prev = vma->vm_prev;
	struct vm_area_struct *next = last->vm_next;
	for (struct vm_area_struct *v = vma; v != next; v = v->vm_next) {
		vma_unlink(mm, v);
		vm_stat_account(mm, v->vm_flags, -(s64)vma_pages(v));
		zap_page_range(v, v->vm_start, v->vm_end);
	}
	last->vm_next = NULL;
	free_pgtables(mm, vma, prev ? prev->vm_end : 0, next ? next->vm_start : PGDIR_SIZE << 8);
	while (vma) {
		last = vma->vm_next;
		remove_vma(vma);
		vma = last;
	}
	return 0;
}

int vm_munmap(u64 start, size_t len)
{
	struct mm_struct *mm = current->mm;
	down_write(&mm->mmap_lock);
	int err = do_munmap(mm, start, len);
	up_write(&mm->mmap_lock);
	return err;
}

long sys_munmap(u64 addr, size_t len) { return vm_munmap(addr, len); }

/* ---- mmap ---- */

static bool path_noexec(const struct file *file)
{
	return (file->f_path.mnt->mnt_flags & MS_NOEXEC) || S_ISFIFO(file->f_inode->i_mode);
}

/* Regular files have no byte beyond 2^63, devices none beyond 2^64. In Linux: file_mmap_ok() */
static bool beyond_any_file(const struct file *file, u64 pgoff, u64 len)
{
	u64 max = S_ISREG(file->f_inode->i_mode) ? ~0UL >> 1 : ~0UL;
	return len > max || pgoff > (max - len) >> PAGE_SHIFT;
}

/* The flags that a file allows for a mapping of this kind, in *vm_flags; or -errno. In Linux: do_mmap() */
static int check_mmap_file(struct file *file, u64 flags, u64 *vm_flags)
{
	switch (flags & MAP_TYPE) {
	case MAP_SHARED_VALIDATE:
		if (flags & MAP_SYNC)
			return -EOPNOTSUPP;
		fallthrough;
	case MAP_SHARED:
		if ((*vm_flags & VM_WRITE) && !(file->f_mode & FMODE_WRITE))
			return -EACCES;
		*vm_flags |= VM_SHARED | VM_MAYSHARE;
		if (!(file->f_mode & FMODE_WRITE))
			*vm_flags &= ~(VM_MAYWRITE | VM_SHARED);
		fallthrough;
	case MAP_PRIVATE:
		if (!(file->f_mode & FMODE_READ))
			return -EACCES;
		if (path_noexec(file)) {
			if (*vm_flags & VM_EXEC)
				return -EPERM;
			*vm_flags &= ~VM_MAYEXEC;
		}
		if (!file->f_op->mmap)
			return -ENODEV;
		return *vm_flags & VM_GROWSDOWN ? -EINVAL : 0;
	default: return -EINVAL;
	}
}

static int check_mmap_anon(u64 addr, u64 flags, u64 *vm_flags, u64 *pgoff)
{
	switch (flags & MAP_TYPE) {
	case MAP_SHARED:
		if (*vm_flags & VM_GROWSDOWN)
			return -EINVAL;
		*pgoff = 0;
		*vm_flags |= VM_SHARED | VM_MAYSHARE;
		return 0;
	case MAP_PRIVATE:
		*pgoff = addr >> PAGE_SHIFT;
		return 0;
	default: return -EINVAL;
	}
}

static u64 pages_in_range(struct mm_struct *mm, u64 start, u64 end)
{
	u64 n = 0;
	for (struct vm_area_struct *v = find_vma(mm, start); v && v->vm_start < end; v = v->vm_next)
		n += (min(v->vm_end, end) - max(v->vm_start, start)) >> PAGE_SHIFT;
	return n;
}

/* Makes the mapping at its final place over whatever is there. The address or -errno. */
static u64 mmap_region(struct mm_struct *mm, struct file *file, u64 addr, u64 len, u64 vm_flags, u64 pgoff)
{
	u64 npages = len >> PAGE_SHIFT;
	int err = 0;

	if (!may_expand_vm(mm, vm_flags, npages) &&
	    !may_expand_vm(mm, vm_flags, npages - pages_in_range(mm, addr, addr + len)))
		return -ENOMEM;
	struct vm_area_struct *vma = vm_area_alloc(mm);
	if (!vma)
		return -ENOMEM;
	if (do_munmap(mm, addr, len)) {
		vm_area_free(vma);
		return -ENOMEM;
	}
	vma->vm_start = addr;
	vma->vm_end = addr + len;
	vma->vm_pgoff = pgoff;
	vma->vm_flags = vm_flags;
	vma->vm_page_prot = vm_get_page_prot(vm_flags);
	if (file) {
		vma->vm_file = get_file(file);
		err = file->f_op->mmap(file, vma);
	} else if (vm_flags & VM_SHARED) {
		err = shmem_zero_setup(vma);
	}
	if (err) {
		zap_page_range(vma, addr, addr + len);
		remove_vma(vma);
		return err;
	}
	vma_link(mm, vma);
	vm_stat_account(mm, vma->vm_flags, npages);
	vma_merge(vma);
	return addr;
}

/* => mmap_lock (write) */
static u64 do_mmap(struct file *file, u64 addr, u64 len, u64 prot, u64 flags, u64 pgoff)
{
	struct mm_struct *mm = current->mm;
	if (!len)
		return -EINVAL;
	if (flags & MAP_FIXED_NOREPLACE)
		flags |= MAP_FIXED;
	else if (!(flags & MAP_FIXED) && (addr &= PAGE_MASK) && addr < MMAP_MIN_ADDR)
		addr = MMAP_MIN_ADDR;
	len = PAGE_ALIGN(len);
	if (!len)
		return -ENOMEM;
	if (pgoff + (len >> PAGE_SHIFT) < pgoff)
		return -EOVERFLOW;
	if (mm->map_count > sysctl_max_map_count)
		return -ENOMEM;
	addr = get_unmapped_area(mm, addr, len, flags);
	if ((s64)addr < 0)
		return addr;
	if (file && pgoff + (len >> PAGE_SHIFT) > ~0UL >> (PAGE_SHIFT + 1))	/* more than a file can have */
		return -EOVERFLOW;
	if (addr < MMAP_MIN_ADDR && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	if ((flags & MAP_FIXED_NOREPLACE) && find_vma_intersection(mm, addr, addr + len))
		return -EEXIST;
	u64 vm_flags = (prot & (VM_READ | VM_WRITE | VM_EXEC)) | (flags & MAP_GROWSDOWN ? VM_GROWSDOWN : 0) |
		       (flags & MAP_LOCKED ? VM_LOCKED : 0) | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	if (file && beyond_any_file(file, pgoff, len))
		return -EOVERFLOW;
	if ((flags & MAP_LOCKED) && !rlimit(RLIMIT_MEMLOCK) && !capable(CAP_IPC_LOCK))
		return -EPERM;
	if (!mlock_allowed(mm, vm_flags, len >> PAGE_SHIFT))
		return -EAGAIN;
	int err = file ? check_mmap_file(file, flags, &vm_flags) : check_mmap_anon(addr, flags, &vm_flags, &pgoff);
	if (err)
		return err;
	/* More than there is, and each page its own: the one promise that is refused. In Linux: __vm_enough_memory() */
	if ((vm_flags & (VM_SHARED | VM_WRITE)) == VM_WRITE && !(flags & MAP_NORESERVE) && len >> PAGE_SHIFT > totalram_pages)
		return -ENOMEM;
	return mmap_region(mm, file, addr, len, vm_flags, pgoff);
}

u64 vm_mmap(struct file *file, u64 addr, u64 len, u64 prot, u64 flags, u64 off)
{
	struct mm_struct *mm = current->mm;
	if (off & ~PAGE_MASK)
		return -EINVAL;
	down_write(&mm->mmap_lock);
	u64 ret = do_mmap(file, addr, len, prot, flags, off >> PAGE_SHIFT);
	up_write(&mm->mmap_lock);
	if ((s64)ret >= 0 && ((flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE || flags & MAP_LOCKED))
		mm_populate(ret, PAGE_ALIGN(len), 0);
	return ret;
}

long sys_mmap(u64 addr, u64 len, u64 prot, u64 flags, u64 fd, u64 off)
{
	if (off & ~PAGE_MASK)
		return -EINVAL;
	if (flags & MAP_HUGETLB)	/* none are set aside */
		return flags & MAP_ANONYMOUS ? -ENOMEM : -EINVAL;
	if (flags & MAP_ANONYMOUS)
		return vm_mmap(NULL, addr, len, prot, flags, off);
	struct fd f __cleanup(fdput) = fdget(fd);
	return f.file ? vm_mmap(f.file, addr, len, prot, flags, off) : (u64)-EBADF;
}

/* ---- brk, stack, exec's parts ---- */

int vm_brk_flags(u64 addr, u64 len, u64 vm_flags)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *prev, *next;
	len = PAGE_ALIGN(len);
	if (!len)
		return 0;
	vm_flags |= VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	next = find_vma_prev(mm, addr, &prev);
	if (prev && prev->vm_end == addr && prev->vm_flags == vm_flags && !prev->vm_file &&
	    (!next || next->vm_start >= addr + len) && may_expand_vm(mm, vm_flags, len >> PAGE_SHIFT)) {
		vma_set_range(prev, prev->vm_start, addr + len);	/* a heap grows in place */
		vm_stat_account(mm, vm_flags, len >> PAGE_SHIFT);
		vma_merge(prev);
		return 0;
	}
	if (get_unmapped_area(mm, addr, len, MAP_FIXED) != addr || mm->map_count > sysctl_max_map_count)
		return -ENOMEM;
	u64 ret = mmap_region(mm, NULL, addr, len, vm_flags, addr >> PAGE_SHIFT);
	return IS_ERR((void *)ret) ? (int)ret : 0;
}

/* The new end of the heap, or the old one when that can't be. */
long sys_brk(u64 brk)
{
	struct mm_struct *mm = current->mm;
	u64 new = PAGE_ALIGN(brk);
	struct vm_area_struct *next;

	down_write(&mm->mmap_lock);
	u64 ret = mm->brk;
	u64 old = PAGE_ALIGN(mm->brk);
	if (brk < mm->start_brk || brk > TASK_SIZE ||
	    (rlimit(RLIMIT_DATA) != RLIM_INFINITY &&
	     brk - mm->start_brk + mm->end_data - mm->start_data > rlimit(RLIMIT_DATA)))
		goto out;
	if (new < old) {
		if (do_munmap(mm, new, old - new))
			goto out;
	} else if (new > old) {
		next = find_vma(mm, old);
		if ((next && new + PAGE_SIZE > vm_start_gap(next)) || vm_brk_flags(old, new - old, 0))
			goto out;
	}
	ret = mm->brk = brk;
out:
	up_write(&mm->mmap_lock);
	return ret;
}

int expand_stack(struct vm_area_struct *vma, u64 addr)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *prev = vma->vm_prev;
	int err = -ENOMEM;

	addr &= PAGE_MASK;
	if (addr < MMAP_MIN_ADDR)
		return -EPERM;
	if (prev && !(prev->vm_flags & VM_GROWSDOWN) && (prev->vm_flags & (VM_READ | VM_WRITE | VM_EXEC)) &&
	    addr - prev->vm_end < STACK_GUARD_GAP)
		return -ENOMEM;
	spin_lock(&mm->page_table_lock);
	if (addr >= vma->vm_start) {	/* another thread did it */
		spin_unlock(&mm->page_table_lock);
		return 0;
	}
	u64 grow = (vma->vm_start - addr) >> PAGE_SHIFT;
	if (vma->vm_end - addr <= rlimit(RLIMIT_STACK) && grow <= vma->vm_pgoff && may_expand_vm(mm, vma->vm_flags, grow) &&
	    mlock_allowed(mm, vma->vm_flags, grow)) {
		vma->vm_pgoff -= grow;
		vma->vm_start = addr;
		vm_stat_account(mm, vma->vm_flags, grow);
		err = 0;
	}
	spin_unlock(&mm->page_table_lock);
	return err;
}
