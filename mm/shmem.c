/*
 * Memory files without a name, for MAP_SHARED | MAP_ANONYMOUS: the page cache of an inode that is in no directory; the
 * last mapping ends it. In Linux: mm/shmem.c. Left out: memfd_create.
 */
#include "mm/mm.h"
#include "fs/fs.h"

static const struct address_space_operations shmem_aops = { .shmem = true };
static const struct file_operations shmem_file_operations = { .mmap = generic_file_mmap };

int shmem_zero_setup(struct vm_area_struct *vma)
{
	struct inode *inode = new_inode(anon_sb);
	if (!inode)
		return -ENOMEM;
	inode_init_owner(inode, NULL, S_IFREG | 0777);
	inode->i_nlink = 0;
	inode->i_fop = &shmem_file_operations;
	inode->i_size = vma->vm_end - vma->vm_start;
	inode->i_mapping->a_ops = &shmem_aops;
	struct file *file = alloc_file_pseudo(inode, "dev/zero", O_RDWR, &shmem_file_operations);
	if (IS_ERR(file)) {
		iput(inode);
		return PTR_ERR(file);
	}
	if (vma->vm_file)
		fput(vma->vm_file);
	vma->vm_file = file;
	vma->vm_ops = &generic_file_vm_ops;
	return 0;
}
