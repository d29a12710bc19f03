/*
 * ELF programs: static, static PIE, and dynamic ones, whose interpreter (ld.so) is mapped beside them and started.
 *
 *   segment    p_vaddr       + p_filesz      + p_memsz
 *                 |  from file   | zeros         |
 *   pages      |-----------------------|---------------|
 *               private file mapping      anonymous         the shared page's tail is cleared
 *
 *   stack      strings | "x86_64" | 16 random bytes | auxv | envp[] NULL | argv[] NULL | argc <- rsp
 *
 * ET_EXEC goes where it says, a PIE near 0x555555554000, an interpreter (or a static PIE) into the mmap area.
 * In Linux: fs/binfmt_elf.c.
 */
#include "err.h"
#include "string.h"
#include "asm/uaccess.h"
#include "kernel/binfmts.h"
#include "kernel/elf_check.h"
#include "uapi/auxvec.h"

#define ELF_ET_DYN_BASE ((TASK_SIZE / 3 * 2) & PAGE_MASK)
#define MMAP_RND_MASK 0xfffffffUL		/* 28 bits of pages */
#define BRK_RND_PAGES (0x02000000UL >> PAGE_SHIFT)
#define MMAP_MIN_ADDR 65536UL

struct elf_image {
	struct file *file;
	struct elf64_hdr hdr;
	struct elf64_phdr *phdrs;
	struct elf_layout lay;
	u64 bias;			/* memory address - address in the file */
};

/* 0; -ENOEXEC, -ENOMEM, -EIO. image->file and ->hdr are set; phdrs are to be freed in any case. */
static int read_image(struct elf_image *image)
{
	loff_t pos = image->hdr.e_phoff;
	size_t size = image->hdr.e_phnum * sizeof(struct elf64_phdr);
	int err = elf_check_header(&image->hdr);

	if (err)
		return err;
	if (pos < 0)
		return -ENOEXEC;
	image->phdrs = kmalloc(size, GFP_KERNEL);
	if (!image->phdrs)
		return -ENOMEM;
	if (kernel_read(image->file, image->phdrs, size, &pos) != size)
		return -ENOEXEC;
	return elf_check_segments(&image->hdr, image->phdrs, &image->lay);
}

/* Opens what PT_INTERP names and reads its headers. */
static int open_interp(const struct elf_image *image, struct elf_image *interp)
{
	const struct elf64_phdr *ph = &image->phdrs[image->lay.interp];
	loff_t pos = ph->p_offset;
	int err;

	if (ph->p_filesz > PATH_MAX || ph->p_filesz < 2 || pos < 0)
		return -ENOEXEC;
	char *name = kmalloc(ph->p_filesz, GFP_KERNEL);
	if (!name)
		return -ENOMEM;
	ssize_t n = kernel_read(image->file, name, ph->p_filesz, &pos);
	if (n != ph->p_filesz)
		err = n < 0 ? n : -EIO;
	else if (name[ph->p_filesz - 1])
		err = -ENOEXEC;
	else {
		interp->file = open_exec(AT_FDCWD, name, 0);
		err = IS_ERR(interp->file) ? PTR_ERR(interp->file) : 0;
	}
	kfree(name);
	if (err) {
		interp->file = NULL;
		return err;
	}
	pos = 0;
	n = kernel_read(interp->file, &interp->hdr, sizeof(interp->hdr), &pos);
	if (n != sizeof(interp->hdr))
		return n < 0 ? n : -EIO;
	err = read_image(interp);
	return err == -ENOEXEC || err == -EINVAL ? -ELIBBAD : err;
}

static void release_image(struct elf_image *image, bool opened)
{
	kfree(image->phdrs);
	if (opened && image->file)
		fput(image->file);
}

/* A free range for the image in the mmap area; bias is 0 on failure, which map_image then finds. */
static u64 choose_bias(const struct elf_layout *lay)
{
	u64 size = lay->end - lay->start, at = vm_mmap(NULL, 0, size + lay->align - PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (IS_ERR((void *)at))
		return 0;
	vm_munmap(at, size + lay->align - PAGE_SIZE);
	return ALIGN(at, lay->align) - lay->start;
}

static int map_segment(const struct elf_image *image, const struct elf64_phdr *ph)
{
	u64 addr = image->bias + ph->p_vaddr, file_end = addr + ph->p_filesz, end = PAGE_ALIGN(addr + ph->p_memsz);
	u64 page_off = addr & ~PAGE_MASK, start = addr - page_off, ret;
	u64 prot = (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) | (ph->p_flags & PF_X ? PROT_EXEC : 0);
	int err;

	if (ph->p_filesz) {
		ret = vm_mmap(image->file, start, ph->p_filesz + page_off, prot, MAP_PRIVATE | MAP_FIXED, ph->p_offset - page_off);
		if (IS_ERR((void *)ret))
			return (long)ret;
		start = PAGE_ALIGN(file_end);
	}
	if (end > start) {
		down_write(&current->mm->mmap_lock);
		err = vm_brk_flags(start, end - start, ph->p_flags & PF_X ? VM_EXEC : 0);
		up_write(&current->mm->mmap_lock);
		if (err)
			return err;
	}
	/* Only a segment that can be written is worth killing for: the others just keep the file's bytes. */
	if (ph->p_filesz && ph->p_memsz > ph->p_filesz && (file_end & ~PAGE_MASK) &&
	    clear_user((void *)file_end, PAGE_ALIGN(file_end) - file_end) && (ph->p_flags & PF_W))
		return -EFAULT;
	return 0;
}

/* Maps all segments at image->bias. The whole range must be free: a file must not map over its own stack. */
static int map_image(const struct elf_image *image)
{
	u64 start = image->bias + image->lay.start, end = image->bias + image->lay.end;
	int err = 0;
	if (start > TASK_SIZE || end > TASK_SIZE || end < start)
		return -ENOMEM;
	if (start < MMAP_MIN_ADDR)
		return -EPERM;
	down_read(&current->mm->mmap_lock);
	bool taken = find_vma_intersection(current->mm, start, end);
	up_read(&current->mm->mmap_lock);
	if (taken)
		return -EEXIST;
	for (int i = 0; !err && i < image->hdr.e_phnum; i++)
		if (image->phdrs[i].p_type == PT_LOAD && image->phdrs[i].p_memsz)
			err = map_segment(image, &image->phdrs[i]);
	return err;
}

static void set_mm_fields(const struct elf_image *image, bool dynamic)
{
	struct mm_struct *mm = current->mm;
	const struct elf_layout *lay = &image->lay;
	u64 brk = image->bias + lay->end;

	mm->start_code = image->bias + (lay->end_code ? lay->start_code : lay->start);
	mm->end_code = image->bias + lay->end_code;
	mm->start_data = image->bias + lay->start_data;
	mm->end_data = image->bias + lay->end_data;
	if (bprm_randomize()) {
		if (image->hdr.e_type == ET_DYN && !dynamic)
			brk = ELF_ET_DYN_BASE;	/* out of the mmap area: there it would soon meet others */
		brk += get_random_u64() % BRK_RND_PAGES << PAGE_SHIFT;
	}
	mm->start_brk = mm->brk = brk;
}

/* Puts n pointers to the strings that start at *s into the vector at sp, and a NULL. */
static int put_pointers(u64 __user **sp, u64 *s, int n)
{
	ssize_t len;
	while (n-- > 0) {
		if (put_user(*s, (*sp)++))
			return -EFAULT;
		len = strnlen_user((void *)*s, MAX_ARG_STRLEN);
		if (len < 0 || len >= MAX_ARG_STRLEN)
			return -EINVAL;
		*s += len + 1;
	}
	return put_user(0UL, (*sp)++) ? -EFAULT : 0;
}

static unsigned fill_auxv(u64 *aux, struct linux_binprm *bprm, const struct elf_image *image, u64 interp_bias, u64 platform, u64 random)
{
	const struct cred *cred = current->cred;
	u64 *a = aux;

#define AUX(id, val) (*a++ = (id), *a++ = (val))
	AUX(AT_MINSIGSTKSZ, ALIGN(932 + fpu_frame_size(), 16));	/* the largest frame of all ABIs, as Linux counts it */
	AUX(AT_HWCAP, cpuid(1, 0).edx);
	AUX(AT_PAGESZ, PAGE_SIZE);
	AUX(AT_CLKTCK, USER_HZ);
	AUX(AT_PHDR, image->lay.phdr ? image->bias + image->lay.phdr : 0);
	AUX(AT_PHENT, sizeof(struct elf64_phdr));
	AUX(AT_PHNUM, image->hdr.e_phnum);
	AUX(AT_BASE, interp_bias);
	AUX(AT_FLAGS, 0);
	AUX(AT_ENTRY, image->bias + image->hdr.e_entry);
	AUX(AT_UID, cred->uid);
	AUX(AT_EUID, cred->euid);
	AUX(AT_GID, cred->gid);
	AUX(AT_EGID, cred->egid);
	AUX(AT_SECURE, bprm->secureexec);
	AUX(AT_RANDOM, random);
	AUX(AT_HWCAP2, read_cr4() & CR4_FSGSBASE ? 2 : 0);
	AUX(AT_EXECFN, bprm->exec);
	AUX(AT_PLATFORM, platform);
	AUX(AT_NULL, 0);
#undef AUX
	return a - aux;
}

static int create_elf_tables(struct linux_binprm *bprm, const struct elf_image *image, u64 interp_bias)
{
	struct mm_struct *mm = current->mm;
	u64 random[2] = { get_random_u64(), get_random_u64() }, platform = bprm->p - 8, random_at = platform - 16;
	unsigned n = fill_auxv(mm->saved_auxv, bprm, image, interp_bias, platform, random_at);
	u64 words = 1 + bprm->argc + 1 + bprm->envc + 1 + n;
	u64 __user *sp = (u64 *)((random_at - words * sizeof(u64)) & ~15UL);
	u64 strings = mm->arg_start;

	bprm->p = (u64)sp;
	if (copy_to_user((void *)platform, "x86_64", 7) || copy_to_user((void *)random_at, random, sizeof(random)))
		return -EFAULT;
	if (put_user((u64)bprm->argc, sp++))
		return -EFAULT;
	int err = put_pointers(&sp, &strings, bprm->argc);
	mm->arg_end = mm->env_start = strings;
	if (!err)
		err = put_pointers(&sp, &strings, bprm->envc);
	mm->env_end = strings;
	if (!err && copy_to_user(sp, mm->saved_auxv, n * sizeof(u64)))
		err = -EFAULT;
	return err;
}

/* Everything after the point of no return: an error kills. */
static int start_image(struct linux_binprm *bprm, struct elf_image *image, struct elf_image *interp)
{
	struct elf_image *first = interp->file ? interp : image;
	setup_new_exec(bprm);
	int err = setup_arg_pages(bprm, image->lay.exec_stack);
	if (err)
		return err;
	if (image->hdr.e_type == ET_DYN && interp->file) {
		u64 base = ELF_ET_DYN_BASE + (bprm_randomize() ? (get_random_u64() & MMAP_RND_MASK) << PAGE_SHIFT : 0);
		image->bias = (base & ~(image->lay.align - 1)) - image->lay.start;
	} else if (image->hdr.e_type == ET_DYN) {
		image->bias = choose_bias(&image->lay);
	}
	err = map_image(image);
	if (err)
		return err;
	if (interp->file) {
		if (interp->hdr.e_type == ET_DYN)
			interp->bias = choose_bias(&interp->lay);
		err = map_image(interp);
		if (err)
			return err;
	}
	set_mm_fields(image, interp->file);
	err = create_elf_tables(bprm, image, interp->bias);
	if (err)
		return err;
	u64 entry = first->bias + first->hdr.e_entry;
	if (entry >= TASK_SIZE)
		return -EINVAL;
	finalize_exec(bprm);
	start_thread(task_pt_regs(current), entry, bprm->p);
	return 0;
}

static int load_elf_binary(struct linux_binprm *bprm)
{
	struct elf_image image = { .file = bprm->file }, interp = { 0 };
	memcpy(&image.hdr, bprm->buf, sizeof(image.hdr));
	int err = read_image(&image);
	if (!err && image.lay.interp >= 0)
		err = open_interp(&image, &interp);
	if (!err)
		err = begin_new_exec(bprm);
	if (!err)
		err = start_image(bprm, &image, &interp);
	release_image(&image, false);
	release_image(&interp, true);
	return err;
}

static struct linux_binfmt elf_format = { .name = "elf", .load_binary = load_elf_binary };

void __init binfmt_elf_init(void) { register_binfmt(&elf_format); }
