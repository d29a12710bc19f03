/*
 * Memory files without a name: MAP_SHARED | MAP_ANONYMOUS and memfd_create. The page cache of an inode that
 * is in no directory; the last mapping or descriptor ends it.  In Linux: mm/shmem.c, mm/memfd.c.
 */
#include "mm/mm.h"
#include "fs/fs.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "string.h"

static const struct address_space_operations shmem_aops = { .shmem = true };
static const struct file_operations shmem_file_operations = {
	.read = generic_file_read,
	.write = generic_file_write,
	.mmap = generic_file_mmap,
};

struct file *shmem_file_setup(const char *name, u64 size)
{
	struct inode *inode = new_inode(anon_sb);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	inode_init_owner(inode, NULL, S_IFREG | 0777);
	inode->i_nlink = 0;
	inode->i_fop = &shmem_file_operations;
	inode->i_size = size;
	inode->i_mapping->a_ops = &shmem_aops;
	struct file *file = alloc_file_pseudo(inode, name, O_RDWR, &shmem_file_operations);
	if (IS_ERR(file))
		iput(inode);
	return file;
}

int shmem_zero_setup(struct vm_area_struct *vma)
{
	struct file *file = shmem_file_setup("dev/zero", vma->vm_end - vma->vm_start);
	if (IS_ERR(file))
		return PTR_ERR(file);
	if (vma->vm_file)
		fput(vma->vm_file);
	vma->vm_file = file;
	vma->vm_ops = &generic_file_vm_ops;
	return 0;
}

/* Seals are not kept: MFD_ALLOW_SEALING is taken and means nothing. */
long sys_memfd_create(const char __user *uname, unsigned flags)
{
	char name[6 + 250] = "memfd:";
	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
		return -EINVAL;
	ssize_t len = strncpy_from_user(name + 6, uname, sizeof(name) - 6);
	if (len < 0 || len == sizeof(name) - 6)
		return len < 0 ? len : -EINVAL;
	int fd = get_unused_fd_flags(flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
	if (fd < 0)
		return fd;
	struct file *file = shmem_file_setup(name, 0);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}
