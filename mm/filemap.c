/*
 * The page cache: a file's pages in a radix tree by index. read, write, mmap and exec share them.
 *
 *   inode -> i_mapping -> pages: 0 1 2 - 4 ...     each slot holds one reference (M1); a hole reads as zeros
 *
 * A page that is in the tree has page->mapping set; truncate clears it under tree_lock, and who found the
 * page before that sees so under page_table_lock (do_file_fault). For tmpfs the cache is the file.
 *
 * Locks: tree_lock for tree and page->mapping; i_rwsem (write) for size changes and writes; reading takes none.
 * Left out: reclaim, write-back, read-ahead.  In Linux: mm/filemap.c, mm/truncate.c.
 */
#include "mm/mm.h"
#include "fs/fs.h"
#include "kernel/process.h"
#include "string.h"
#include "uapi/capability.h"

#define MAX_FILE_SIZE (~0UL >> 1)

void address_space_init(struct address_space *m, struct inode *host, const struct address_space_operations *ops)
{
	m->host = host;
	spin_lock_init(&m->tree_lock, "tree_lock", RANK_MAPPING);
	init_rwsem(&m->i_mmap_rwsem, "i_mmap_rwsem", RANK_I_MMAP);
	m->pages = (struct radix_root){ NULL, 0 };
	m->nrpages = 0;
	m->limit = NULL;
	m->a_ops = ops;
	INIT_LIST_HEAD(&m->i_mmap);
}

struct page *find_get_page(struct address_space *m, u64 index)
{
	spin_lock(&m->tree_lock);
	struct page *page = radix_lookup(&m->pages, index);
	if (page)
		get_page(page);
	spin_unlock(&m->tree_lock);
	return page;
}

static bool limit_reached(struct address_space *m)
{
	return m->limit && m->limit->max && (u64)atomic_long_read(&m->limit->used) >= m->limit->max;
}

/* Counts n more pages. False: then they are over the limit, and to be taken off again. */
static bool count_pages(struct address_space *m, int n)
{
	mod_page_state(NR_PAGE_CACHE, n);
	if (m->a_ops && m->a_ops->shmem)
		mod_page_state(NR_SHMEM, n);
	return !m->limit || (u64)atomic_long_add_return(n, &m->limit->used) <= m->limit->max || !m->limit->max;
}

/* Takes its own reference. 0, -EEXIST, -ENOMEM, -ENOSPC */
static int add_to_page_cache(struct address_space *m, struct page *page, u64 index)
{
	if (!count_pages(m, 1)) {
		count_pages(m, -1);
		return -ENOSPC;
	}
	spin_lock(&m->tree_lock);
	int err = radix_insert(&m->pages, index, page);
	if (!err) {
		get_page(page);
		page->mapping = m;
		page->index = index;
		m->nrpages++;
	}
	spin_unlock(&m->tree_lock);
	if (err)
		count_pages(m, -1);
	return err;
}

/* => tree_lock. Takes the slot's page out, with its reference. */
static struct page *delete_from_page_cache(struct address_space *m, u64 index)
{
	struct page *page = radix_delete(&m->pages, index);
	page->mapping = NULL;
	m->nrpages--;
	count_pages(m, -1);
	return page;
}

struct page *read_mapping_page(struct address_space *m, u64 index)
{
	struct page *page;
	int err;
	while (!(page = find_get_page(m, index))) {
		page = alloc_page(__GFP_ZERO);
		if (!page)
			return ERR_PTR(-ENOMEM);
		err = m->a_ops && m->a_ops->readpage ? m->a_ops->readpage(m, page) : 0;
		if (!err)
			err = add_to_page_cache(m, page, index);
		if (!err)
			return page;
		put_page(page);
		if (err != -EEXIST)	/* somebody was quicker: take theirs */
			return ERR_PTR(err);
	}
	return page;
}

void truncate_inode_pages(struct address_space *m, u64 size)
{
	u64 index = DIV_ROUND_UP(size, PAGE_SIZE), off = size & ~PAGE_MASK;
	struct page *page;
	spin_lock(&m->tree_lock);		/* a fault adds its page before we look, or sees the new size after (filemap_fault) */
	bool empty = !m->nrpages;
	spin_unlock(&m->tree_lock);
	if (empty)
		return;
	unmap_mapping_range(m, PAGE_ALIGN(size));
	if (off && (page = find_get_page(m, size >> PAGE_SHIFT))) {
		memset(page_address(page) + off, 0, PAGE_SIZE - off);
		put_page(page);
	}
	do {
		unsigned batch = 64;	/* let others run in between */
		spin_lock(&m->tree_lock);
		while (batch-- && (page = radix_next(&m->pages, &index)))
			put_page(delete_from_page_cache(m, index++));
		spin_unlock(&m->tree_lock);
	} while (page);
	/* A fault may have mapped a page after the first round and before it left the tree. */
	unmap_mapping_range(m, PAGE_ALIGN(size));
}

/* ---- read and write ---- */

ssize_t generic_file_read(struct file *file, char __user *buf, size_t n, loff_t *pos)
{
	struct address_space *m = file->f_mapping;
	struct inode *inode = m->host;
	size_t done = 0;

	while (done < n) {
		size_t off = *pos & ~PAGE_MASK, part = min(n - done, PAGE_SIZE - off), left;
		loff_t size = i_size_read(inode);
		if (*pos >= size)
			break;
		part = min(part, (size_t)(size - *pos));
		struct page *page = m->a_ops && m->a_ops->readpage ? read_mapping_page(m, *pos >> PAGE_SHIFT) :
								     find_get_page(m, *pos >> PAGE_SHIFT);
		if (IS_ERR(page))
			return done ? done : PTR_ERR(page);
		if (page) {
			left = copy_to_user(buf + done, page_address(page) + off, part);
			put_page(page);
		} else {
			left = clear_user(buf + done, part);
		}
		done += part - left;
		*pos += part - left;
		if (left)
			return done ? done : -EFAULT;
	}
	if (done && (inode->i_atime.tv_sec < inode->i_mtime.tv_sec ||		/* relatime */
		     (inode->i_atime.tv_sec == inode->i_mtime.tv_sec && inode->i_atime.tv_nsec <= inode->i_mtime.tv_nsec)))
		inode->i_atime = current_time();
	return done;
}

/* The page to write part bytes into: a page to be written whole need not be zeroed first. *fresh: not in the tree yet. */
static struct page *page_for_write(struct address_space *m, u64 index, size_t part, bool *fresh)
{
	struct page *page = find_get_page(m, index);
	*fresh = false;
	if (page)
		return page;
	if (part < PAGE_SIZE || limit_reached(m))
		return read_mapping_page(m, index);
	page = alloc_page(0);
	*fresh = true;
	return page ? page : ERR_PTR(-ENOMEM);
}

/* Writes inside one page; the bytes that were written or -errno. => i_rwsem (write) */
static ssize_t write_one_page(struct address_space *m, loff_t pos, const char __user *buf, size_t part)
{
	size_t off = pos & ~PAGE_MASK;
	bool fresh;
	struct page *page;
	int err;
again:
	page = page_for_write(m, pos >> PAGE_SHIFT, part, &fresh);
	if (IS_ERR(page))
		return PTR_ERR(page);
	size_t left = copy_from_user(page_address(page) + off, buf, part);
	err = 0;
	if (fresh && left < part) {
		memset(page_address(page) + part - left, 0, left);
		err = add_to_page_cache(m, page, pos >> PAGE_SHIFT);
	}
	if (!err && left < part) {
		set_page_dirty(page);
		if (pos + (loff_t)(part - left) > m->host->i_size)
			i_size_write(m->host, pos + part - left);
	}
	put_page(page);
	if (err == -EEXIST)	/* a fault was quicker, perhaps our own on buf: into its page */
		goto again;
	return err ? err : left == part ? -EFAULT : (ssize_t)(part - left);
}

/* Where the write may begin and how much of it; RLIMIT_FSIZE. In Linux: generic_write_checks() */
static ssize_t write_checks(struct file *file, struct inode *inode, size_t n, loff_t *pos)
{
	u64 limit = rlimit(RLIMIT_FSIZE);
	if (file->f_flags & O_APPEND)
		*pos = inode->i_size;
	if (!n)
		return 0;
	if ((u64)*pos >= limit) {
		send_sig(SIGXFSZ, current, false);
		return -EFBIG;
	}
	n = min(n, limit - *pos);
	if ((u64)*pos >= (u64)MAX_FILE_SIZE)
		return -EFBIG;
	n = min(n, (u64)MAX_FILE_SIZE - *pos);
	if ((inode->i_mode & (S_ISUID | S_ISGID)) && !capable(CAP_FSETID))
		inode->i_mode &= ~(S_ISUID | (inode->i_mode & 0010 ? S_ISGID : 0));	/* setgid without x is a lock's mark */
	return n;
}

ssize_t generic_file_write(struct file *file, const char __user *buf, size_t n, loff_t *pos)
{
	struct address_space *m = file->f_mapping;
	struct inode *inode = m->host;
	ssize_t done = 0;

	down_write(&inode->i_rwsem);
	ssize_t ret = write_checks(file, inode, n, pos);
	if (ret > 0) {
		n = ret;
		inode_update_time(inode, true);
		while (done < n) {
			ret = write_one_page(m, *pos, buf + done, min(n - done, PAGE_SIZE - (*pos & ~PAGE_MASK)));
			if (ret < 0)
				break;
			done += ret;
			*pos += ret;
		}
	}
	up_write(&inode->i_rwsem);
	return done ? done : ret;
}

/* The same for kernel memory: exec and the initramfs. */
static ssize_t mapping_copy(struct address_space *m, void *buf, size_t n, loff_t pos, bool write)
{
	size_t done = 0;
	while (done < n) {
		size_t off = (pos + done) & ~PAGE_MASK, part = min(n - done, PAGE_SIZE - off);
		struct page *page = read_mapping_page(m, (pos + done) >> PAGE_SHIFT);
		if (IS_ERR(page))
			return done ? done : PTR_ERR(page);
		if (write) {
			memcpy(page_address(page) + off, buf + done, part);
			set_page_dirty(page);
		} else {
			memcpy(buf + done, page_address(page) + off, part);
		}
		put_page(page);
		done += part;
		if (write && pos + (loff_t)done > m->host->i_size)
			i_size_write(m->host, pos + done);
	}
	return done;
}

ssize_t mapping_read(struct address_space *m, void *buf, size_t n, loff_t pos)
{
	size_t size = i_size_read(m->host);
	return mapping_copy(m, buf, pos >= size ? 0 : min(n, size - pos), pos, false);
}

ssize_t mapping_write(struct address_space *m, const void *buf, size_t n, loff_t pos)
{
	return mapping_copy(m, (void *)buf, n, pos, true);
}

/* ---- mmap ---- */

static int filemap_fault(struct vm_fault *vmf)
{
	struct address_space *m = vmf->vma->vm_file->f_mapping;
	if (vmf->pgoff >= DIV_ROUND_UP((u64)i_size_read(m->host), PAGE_SIZE))
		return VM_FAULT_SIGBUS;
	struct page *page = read_mapping_page(m, vmf->pgoff);
	if (IS_ERR(page))
		return PTR_ERR(page) == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
	/* Recheck: truncate may have taken the pages out before this one came in. It lowers the size first. */
	if (vmf->pgoff >= DIV_ROUND_UP((u64)i_size_read(m->host), PAGE_SIZE)) {
		put_page(page);
		return VM_FAULT_SIGBUS;
	}
	vmf->page = page;
	return 0;
}

/* Fills empty entries for [start, end) with pages that are in the cache. => page_table_lock */
static void filemap_map_pages(struct vm_fault *vmf, u64 start, u64 end)
{
	struct vm_area_struct *vma = vmf->vma;
	struct address_space *m = vma->vm_file->f_mapping;
	pgprot_t prot = vma->vm_page_prot & (vma->vm_ops->page_mkwrite ? ~_PAGE_RW : ~0UL);
	pte_t *pte = vmf->pte - (vmf->pgoff - start);
	long mapped = 0;

	spin_lock(&m->tree_lock);
	end = min(end, DIV_ROUND_UP((u64)i_size_read(m->host), PAGE_SIZE));
	for (u64 index = start; index < end; index++, pte++) {
		struct page *page;
		if (!pte_none(*pte) || !(page = radix_lookup(&m->pages, index)))
			continue;
		get_page(page);
		*pte = pfn_pte(page_to_pfn(page), prot);
		mapped++;
	}
	spin_unlock(&m->tree_lock);
	atomic_long_add(mapped, rss_of_file(vma));
}

const struct vm_operations_struct generic_file_vm_ops = { .fault = filemap_fault, .map_pages = filemap_map_pages };

int generic_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &generic_file_vm_ops;
	return 0;
}
