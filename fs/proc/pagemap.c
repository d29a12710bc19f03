/*
 * procfs: address spaces page by page.
 *
 *   /proc/PID/pagemap      u64 for each page: 63 present, 61 of a file or shared, 56 mapped nowhere else, 54..0 frame
 *   /proc/PID/pagetables   the tables as text, one line for each entry that is not empty, indented by level:
 *
 *        pgd 255 00007f8000000000 000000000abc6067 P W U A D
 *         pud 511 00007fffc0000000 ...
 *          pmd 511 00007fffffe00000 ...
 *           pte 510 00007ffffffde000 8000000001c21867 P W U A D NX pfn 1c21 count 2 anon
 *
 * Who may not know where pages lie (CAP_SYS_ADMIN) reads frames as 0, and no tables. Not in Linux for users: pagetables
 * (its /sys/kernel/debug/page_tables shows the kernel's); 55 of pagemap (soft-dirty) is never set here.
 *
 * Locks: mmap_lock (read) keeps the tables. In Linux: fs/proc/task_mmu.c, fs/proc/page.c.
 */
#include "fs/proc/proc.h"
#include "kernel/process.h"
#include "string.h"

#define PM_PRESENT BIT(63)
#define PM_FILE BIT(61)
#define PM_MMAP_EXCLUSIVE BIT(56)
#define LONGEST_LINE 128

/* Entries that map the page: its count, without the page cache's reference. 0 for what no user entry maps. */
static u64 page_mapcount(struct page *page)
{
	if (page->flags & (PG_slab | PG_free))
		return 0;
	return page->flags & PG_anon ? page_count(page) : page->mapping ? page_count(page) - 1 : 0;
}

static u64 pagemap_entry(struct mm_struct *mm, u64 addr, bool frames)
{
	pte_t *pte = pte_lookup(mm, addr);
	pte_t e = pte ? READ_ONCE(*pte) : 0;	/* truncate needs no mmap_lock to clear it */
	struct page *page;
	u64 entry;

	if (!pte_mapped(e))
		return 0;
	entry = PM_PRESENT | (frames ? pte_pfn(e) : 0);
	if (pte_special(e))
		return entry;
	page = pfn_to_page(pte_pfn(e));
	return entry | (page->flags & PG_anon ? 0 : PM_FILE) | (page_mapcount(page) == 1 ? PM_MMAP_EXCLUSIVE : 0);
}

/* ---- /proc/PID/pagemap ---- */

static loff_t mem_llseek(struct file *f, loff_t off, int whence)
{
	if (whence != 0 && whence != 1)
		return -EINVAL;
	return f->f_pos = whence ? f->f_pos + off : off;	/* every address is one */
}

static ssize_t pagemap_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
	struct mm_struct *mm __cleanup(put_task_mm) = get_task_mm(PROC_I(f->f_inode)->task);
	bool frames = capable(CAP_SYS_ADMIN);
	u64 part[64];
	ssize_t done = 0;

	if ((*pos | n) % 8)
		return -EINVAL;
	while (mm && (size_t)done < n && *pos / 8 < TASK_SIZE >> PAGE_SHIFT && !signal_pending(current)) {
		u64 index = *pos / 8, some = min(min((n - done) / 8, ARRAY_SIZE(part)), (TASK_SIZE >> PAGE_SHIFT) - index);

		down_read(&mm->mmap_lock);
		for (u64 i = 0; i < some; i++)
			part[i] = pagemap_entry(mm, (index + i) << PAGE_SHIFT, frames);
		up_read(&mm->mmap_lock);
		if (copy_to_user(buf + done, part, some * 8))
			return done ?: -EFAULT;
		done += some * 8;
		*pos += some * 8;
	}
	return done;
}
const struct file_operations pagemap_fops = { .open = pid_open, .read = pagemap_read, .llseek = mem_llseek };

/* ---- /proc/PID/pagetables ---- */

struct table_text {			/* private_data: lines made and not yet read */
	u64 next;			/* the address to go on from */
	size_t len, off;
	char text[PAGE_SIZE - 24];
};

static void print_entry(struct table_text *t, unsigned shift, u64 addr, u64 e)
{
	static const struct { u64 bit; const char *name; } flags[] = {
		{ _PAGE_PRESENT, " P" }, { _PAGE_RW, " W" }, { _PAGE_USER, " U" }, { _PAGE_PWT, " PWT" }, { _PAGE_PCD, " PCD" },
		{ _PAGE_ACCESSED, " A" }, { _PAGE_DIRTY, " D" }, { _PAGE_GLOBAL, " G" }, { _PAGE_SPECIAL, " special" }, { _PAGE_NX, " NX" },
	};
	static const char names[][4] = { "pte", "pmd", "pud", "pgd" };
	unsigned level = (shift - PAGE_SHIFT) / 9;
	char *p = t->text + t->len, *end = t->text + sizeof(t->text);

	p += snprintf(p, end - p, "%*s%s %3u %016lx %016lx", 3 - level, "", names[level], (unsigned)(addr >> shift & 511), addr, e);
	for (unsigned i = 0; i < ARRAY_SIZE(flags); i++)
		if (e & flags[i].bit)
			p += snprintf(p, end - p, "%s", flags[i].name);
	if (shift == PAGE_SHIFT && pte_mapped(e)) {
		struct page *page = pfn_to_page(pte_pfn(e));

		p += snprintf(p, end - p, " pfn %lx", pte_pfn(e));
		if (!pte_special(e))
			p += snprintf(p, end - p, " count %d %s", page_count(page), page->flags & PG_anon ? "anon" : "file");
	}
	*p++ = '\n';
	t->len = p - t->text;
}

/* Prints the entries whose range begins at t->next, from the top down to a leaf or a hole, and steps behind it. */
static void walk_step(struct table_text *t, struct mm_struct *mm)
{
	u64 *table = mm->pgd, addr = t->next;

	for (unsigned shift = PGDIR_SHIFT;; shift -= 9) {
		u64 e = table[addr >> shift & (PTRS_PER_PTE - 1)];

		if (e && !(addr & (BIT(shift) - 1)))
			print_entry(t, shift, addr, e);
		if (shift == PAGE_SHIFT || !pte_present(e) || pmd_large(e)) {
			t->next = (addr | (BIT(shift) - 1)) + 1;
			return;
		}
		table = table_of(e);
	}
}

static ssize_t pagetables_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
	struct mm_struct *mm = get_task_mm(PROC_I(f->f_inode)->task);
	struct table_text *t = f->private_data;
	size_t part;

	if (!mm)
		return 0;
	if (t->off == t->len) {
		t->off = t->len = 0;
		down_read(&mm->mmap_lock);
		while (t->next < TASK_SIZE && t->len + 4 * LONGEST_LINE < sizeof(t->text))
			walk_step(t, mm);
		up_read(&mm->mmap_lock);
	}
	mmput(mm);
	part = min(n, t->len - t->off);
	if (copy_to_user(buf, t->text + t->off, part))
		return -EFAULT;
	t->off += part;
	*pos += part;
	return part;
}

static int pagetables_open(struct inode *inode, struct file *f)
{
	int err = capable(CAP_SYS_ADMIN) ? pid_open(inode, f) : -EPERM;

	if (!err && !(f->private_data = kzalloc(sizeof(struct table_text), GFP_KERNEL)))
		err = -ENOMEM;
	return err;
}

static int pagetables_release(struct inode *inode, struct file *f)
{
	kfree(f->private_data);
	return 0;
}
const struct file_operations pagetables_fops = { .open = pagetables_open, .read = pagetables_read, .release = pagetables_release };
