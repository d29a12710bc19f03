/*
 * The fault: the table in mm/mm.h, in code.
 *
 *   do_page_fault      the exception: which VMA, is it allowed, grow the stack, signal
 *     handle_mm_fault  the entry: none, or read-only and written to
 *       do_anonymous_page, do_file_fault (and its neighbours), do_wp_page (COW)
 *
 * Locks: mmap_lock (read) for the VMA, page_table_lock for the entry. Only looking for a file's page may
 * sleep; the entry is then looked at again.  Left out: huge pages, swap.  In Linux: mm/memory.c, arch/x86/mm/fault.c.
 */
#include "mm/mm.h"
#include "fs/fs.h"
#include "kernel/process.h"
#include "string.h"
#include "trace.h"

#define PF_PROT BIT(0)			/* error code: SDM 3A 4.7 */
#define PF_WRITE BIT(1)
#define PF_INSTR BIT(4)
#define FAULT_AROUND_PAGES 16UL

/* The entry for a page in vma; a private page becomes writable only when it is being written and may be. */
static pte_t make_entry(struct vm_area_struct *vma, struct page *page, unsigned flags)
{
	pte_t e = pfn_pte(page_to_pfn(page), vma->vm_page_prot);
	if (flags & FAULT_FLAG_WRITE)
		return vma->vm_flags & VM_WRITE ? e | _PAGE_RW | _PAGE_DIRTY : e | _PAGE_DIRTY;
	return vma->vm_ops && vma->vm_ops->page_mkwrite ? pte_wrprotect(e) : e;
}

static struct page *new_anon_page(struct vm_fault *vmf, gfp_t gfp)
{
	struct page *page = alloc_page(gfp);
	if (page) {
		page->flags |= PG_anon;
		mod_page_state(NR_ANON_PAGES, 1);
		atomic_long_inc(&vmf->vma->vm_mm->rss_anon);
	}
	return page;
}

/* => page_table_lock, as all that set entries here */
static int do_anonymous_page(struct vm_fault *vmf)
{
	if (!(vmf->flags & FAULT_FLAG_WRITE)) {
		*vmf->pte = pte_mkspecial(pfn_pte(page_to_pfn(zero_page), vmf->vma->vm_page_prot & ~_PAGE_RW));
		return 0;
	}
	struct page *page = new_anon_page(vmf, 0);
	if (!page)
		return VM_FAULT_OOM;
	clear_page(page_address(page));
	*vmf->pte = make_entry(vmf->vma, page, vmf->flags);
	return 0;
}

/* Write to a read-only entry of a private mapping: the sole owner takes the page, others get a copy. */
static int do_wp_page(struct vm_fault *vmf)
{
	struct mm_struct *mm = vmf->vma->vm_mm;
	struct page *old = pfn_to_page(pte_pfn(vmf->orig_pte));
	bool counted = !pte_special(vmf->orig_pte);

	if (counted && (old->flags & PG_anon) && page_count(old) == 1) {
		*vmf->pte = make_entry(vmf->vma, old, vmf->flags);
		trace_cow(vmf->address, old, old);
		return 0;
	}
	if (!pfn_valid(pte_pfn(vmf->orig_pte)))
		return VM_FAULT_SIGBUS;
	struct page *page = new_anon_page(vmf, 0);
	if (!page)
		return VM_FAULT_OOM;
	if (!counted && old == zero_page)
		clear_page(page_address(page));
	else
		copy_page(page_address(page), page_address(old));
	trace_cow(vmf->address, old, page);
	ptep_get_and_clear(vmf->pte);	/* nobody may read the old page while another writes to the new one */
	flush_tlb_page(mm, vmf->address);
	*vmf->pte = make_entry(vmf->vma, page, vmf->flags);
	if (counted) {
		atomic_long_dec(old->flags & PG_anon ? &mm->rss_anon : rss_of_file(vmf->vma));
		put_page(old);
	}
	return 0;
}

/* An entry is there. Either it was only the TLB that did not know, or it is written to and read-only.
 * An entry that comes to allow more needs no flush: the processor looks again before it faults. */
static int do_present(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	pte_t e = vmf->orig_pte;
	if (!(vmf->flags & FAULT_FLAG_WRITE) || pte_write(e))
		return 0;
	if (!(vma->vm_flags & VM_SHARED))
		return do_wp_page(vmf);
	if (vma->vm_ops && vma->vm_ops->page_mkwrite) {
		vmf->page = pfn_to_page(pte_pfn(e));
		int ret = vma->vm_ops->page_mkwrite(vmf);
		if (ret)
			return ret;
	}
	*vmf->pte = e | _PAGE_RW | _PAGE_DIRTY;
	return 0;
}

/* Maps what the cache has around the address, inside the VMA and one aligned block of pages. */
static bool do_fault_around(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	u64 back = min((vmf->address >> PAGE_SHIFT) % FAULT_AROUND_PAGES, (vmf->address - vma->vm_start) >> PAGE_SHIFT);
	u64 block = FAULT_AROUND_PAGES - (vmf->address >> PAGE_SHIFT) % FAULT_AROUND_PAGES;
	u64 ahead = min(block, (vma->vm_end - vmf->address) >> PAGE_SHIFT);

	spin_lock(&vma->vm_mm->page_table_lock);
	vma->vm_ops->map_pages(vmf, vmf->pgoff - back, vmf->pgoff + ahead);
	bool done = !pte_none(*vmf->pte);
	spin_unlock(&vma->vm_mm->page_table_lock);
	return done;
}

/* Nothing is there and a file has the page. => mmap_lock only; may sleep */
static int do_file_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	bool write = vmf->flags & FAULT_FLAG_WRITE, cow = write && !(vma->vm_flags & VM_SHARED);
	vmf->pgoff = vma->vm_pgoff + ((vmf->address - vma->vm_start) >> PAGE_SHIFT);
	if (!write && vma->vm_ops->map_pages && do_fault_around(vmf))
		return 0;
	int ret = vma->vm_ops->fault(vmf);
	if (ret)
		return ret & VM_FAULT_NOPAGE ? 0 : ret;
	struct page *page = vmf->page;
	if (write && !cow && vma->vm_ops->page_mkwrite && (ret = vma->vm_ops->page_mkwrite(vmf)))
		goto out;
	spin_lock(&vma->vm_mm->page_table_lock);
	/* Recheck: the lock was dropped. Another thread was quicker, or truncate took the page: fault again. */
	if (!pte_none(*vmf->pte) || page->mapping != vma->vm_file->f_mapping) {
		spin_unlock(&vma->vm_mm->page_table_lock);
		goto out;
	}
	if (cow) {
		struct page *copy = new_anon_page(vmf, 0);
		if (copy) {
			copy_page(page_address(copy), page_address(page));
			*vmf->pte = make_entry(vma, copy, vmf->flags);
		} else {
			ret = VM_FAULT_OOM;
		}
	} else {
		get_page(page);
		atomic_long_inc(rss_of_file(vma));
		*vmf->pte = make_entry(vma, page, vmf->flags);
	}
	spin_unlock(&vma->vm_mm->page_table_lock);
out:
	put_page(page);
	return ret;
}

int handle_mm_fault(struct vm_area_struct *vma, u64 address, unsigned flags)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_fault vmf;
	int ret;

	vmf.vma = vma;
	vmf.address = address & PAGE_MASK;
	vmf.flags = flags;
	spin_lock(&mm->page_table_lock);
	vmf.pte = pte_alloc(mm, vmf.address);
	if (unlikely(!vmf.pte)) {
		ret = VM_FAULT_OOM;
	} else if (!pte_none(vmf.orig_pte = *vmf.pte)) {
		ret = do_present(&vmf);
	} else if (!vma->vm_ops || !vma->vm_ops->fault) {
		ret = do_anonymous_page(&vmf);
	} else {
		spin_unlock(&mm->page_table_lock);
		return do_file_fault(&vmf);
	}
	spin_unlock(&mm->page_table_lock);
	return ret;
}

/* ---- the exception ---- */

/* Linux's line for the log: "name[pid]: segfault at 0 ip ... sp ... error 6 in file[start+len]". */
static void show_segfault(struct pt_regs *regs, u64 address, u64 error_code)
{
	struct mm_struct *mm = current->mm;
	char in[80] = "";
	void *handler = (void *)current->sighand->action[SIGSEGV - 1].sa.sa_handler;

	if (current != init_process && handler != (void *)SIG_DFL && handler != (void *)SIG_IGN)
		return;
	down_read(&mm->mmap_lock);
	struct vm_area_struct *vma = find_vma(mm, regs->rip);
	spin_lock(&dcache_lock);		/* the name: rename may be at it */
	if (vma && vma->vm_file && vma->vm_start <= regs->rip)
		snprintf(in, sizeof(in), " in %s[%lx+%lx]", vma->vm_file->f_path.dentry->d_name.name, vma->vm_start,
			 vma->vm_end - vma->vm_start);
	spin_unlock(&dcache_lock);
	up_read(&mm->mmap_lock);
	printk(KERN_INFO "%s[%d]: segfault at %lx ip %016lx sp %016lx error %lx%s\n", current->comm, current->pid, address,
	       regs->rip, regs->rsp, error_code, in);
}

/* The fault can't be mended: a signal for user code, the exception table for a user copy, the end for others. */
static void bad_area(struct pt_regs *regs, u64 address, u64 error_code, int sig, int code)
{
	u64 fixup;
	if (!user_mode(regs)) {
		fixup = search_exception_table(regs->rip);
		if (!fixup)
			die("BUG: unable to handle page fault", regs, error_code);
		regs->rip = fixup;
		return;
	}
	if (address >= TASK_SIZE)
		error_code |= PF_PROT;	/* tells nothing about kernel addresses */
	if (sig == SIGSEGV)
		show_segfault(regs, address, error_code);
	current->thread.cr2 = address;
	current->thread.error_code = error_code;
	current->thread.trap_nr = 14;
	force_sig_fault(sig, code, address);
}

static bool access_allowed(struct vm_area_struct *vma, u64 error_code)
{
	if (error_code & PF_WRITE)
		return vma->vm_flags & VM_WRITE;
	if (error_code & PF_INSTR)
		return vma->vm_flags & VM_EXEC;
	return !(error_code & PF_PROT) && (vma->vm_flags & (VM_READ | VM_WRITE | VM_EXEC));
}

/* Finds the VMA of a user address, growing the stack down to it. => mmap_lock (read) */
static struct vm_area_struct *find_vma_grow(struct mm_struct *mm, u64 address)
{
	struct vm_area_struct *vma = find_vma(mm, address);
	if (vma && unlikely(vma->vm_start > address) && (!(vma->vm_flags & VM_GROWSDOWN) || expand_stack(vma, address)))
		return NULL;
	return vma;
}

static __always_inline void trace_page_fault(u64 address, struct pt_regs *regs, u64 error_code)
{
	if (trace_any_on(page_fault_user, page_fault_kernel))
		user_mode(regs) ? trace_page_fault_user(address, regs, error_code) : trace_page_fault_kernel(address, regs, error_code);
}

void do_page_fault(struct pt_regs *regs, u64 address, u64 error_code)
{
	struct mm_struct *mm = current->mm;
	unsigned flags = error_code & PF_WRITE ? FAULT_FLAG_WRITE : 0;
	trace_page_fault(address, regs, error_code);
	if (unlikely(address >= TASK_SIZE))
		return bad_area(regs, address, error_code, SIGSEGV, SEGV_MAPERR);
	if (!user_mode(regs) && (!mm || this_cpu->preempt_count || !(regs->eflags & EFLAGS_IF) || !search_exception_table(regs->rip)))
		return bad_area(regs, address, error_code, SIGSEGV, SEGV_MAPERR);
	if (regs->eflags & EFLAGS_IF)
		local_irq_enable();
	this_cpu->nr_faults++;
retry:
	down_read(&mm->mmap_lock);
	struct vm_area_struct *vma = find_vma_grow(mm, address);
	if (unlikely(!vma || !access_allowed(vma, error_code))) {
		up_read(&mm->mmap_lock);
		return bad_area(regs, address, error_code, SIGSEGV, vma ? SEGV_ACCERR : SEGV_MAPERR);
	}
	int ret = handle_mm_fault(vma, address, flags);
	up_read(&mm->mmap_lock);
	if (likely(!ret)) {
		current->min_flt++;
	} else if (ret & VM_FAULT_OOM) {
		bool again = !fatal_signal_pending(current) && (out_of_memory() || !fault_injection);
		if (user_mode(regs))
			return;		/* the instruction tries again, or the signal ends it */
		if (again)
			goto retry;
		bad_area(regs, address, error_code, SIGSEGV, SEGV_MAPERR);
	} else if (ret & VM_FAULT_SIGBUS) {
		bad_area(regs, address, error_code, SIGBUS, BUS_ADRERR);
	} else if (ret & VM_FAULT_SIGSEGV) {
		bad_area(regs, address, error_code, SIGSEGV, SEGV_ACCERR);
	} else {
		current->maj_flt++;
	}
}

/* ---- the kernel in another address space ---- */

struct page *get_user_page(struct mm_struct *mm, u64 addr, bool write)
{
	struct vm_area_struct *vma = addr < TASK_SIZE ? find_vma_grow(mm, addr) : NULL;
	if (!vma || !(vma->vm_flags & (write ? VM_WRITE : VM_MAYREAD)))
		return ERR_PTR(-EFAULT);
	for (;;) {
		struct page *page = NULL;
		spin_lock(&mm->page_table_lock);
		pte_t *pte = pte_lookup(mm, addr);
		if (pte && pte_mapped(*pte) && (!write || pte_write(*pte))) {
			page = pfn_to_page(pte_pfn(*pte));
			get_page(page);
		}
		spin_unlock(&mm->page_table_lock);
		if (page)
			return page;
		int ret = handle_mm_fault(vma, addr, write ? FAULT_FLAG_WRITE : 0);
		if (ret & VM_FAULT_OOM)
			return ERR_PTR(-ENOMEM);
		if (ret & (VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV))
			return ERR_PTR(-EFAULT);
	}
}

size_t access_process_vm(struct mm_struct *mm, u64 addr, void *buf, size_t len)
{
	size_t done = 0;
	down_read(&mm->mmap_lock);
	while (done < len) {
		size_t off = (addr + done) & ~PAGE_MASK, n = min(len - done, PAGE_SIZE - off);
		struct page *page = get_user_page(mm, addr + done, false);
		if (IS_ERR(page))
			break;
		memcpy((char *)buf + done, page_address(page) + off, n);
		put_page(page);
		done += n;
	}
	up_read(&mm->mmap_lock);
	return done;
}

int mm_populate(u64 start, u64 len, u64 need)
{
	struct mm_struct *mm = current->mm;
	int err = 0;
	down_read(&mm->mmap_lock);
	for (u64 addr = start; addr < start + len && !err && !fatal_signal_pending(current); addr += PAGE_SIZE) {
		struct vm_area_struct *vma = find_vma(mm, addr);
		bool write;
		int ret;

		if (!vma || vma->vm_start > addr) {
			err = -ENOMEM;
		} else if ((vma->vm_flags & need) != need) {
			err = -EINVAL;
		} else if (!(vma->vm_flags & (VM_READ | VM_WRITE | VM_EXEC))) {
			err = -EFAULT;
		} else {
			write = need ? need & VM_WRITE : (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
			ret = handle_mm_fault(vma, addr, write ? FAULT_FLAG_WRITE : 0);
			err = ret & VM_FAULT_OOM ? -ENOMEM : ret & (VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV) ? -EFAULT : 0;
		}
	}
	up_read(&mm->mmap_lock);
	return err;
}
