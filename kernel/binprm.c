/*
 * The strings of a new program, on its stack before it exists.
 *
 *   stack top  8 zero bytes | filename | envp[n-1] .. envp[0] | argv[n-1] .. argv[0] <- bprm->p
 *              (below it the format puts auxv, envp, argv and argc)
 *
 * The old program's memory holds them, and will be gone after the point of no return. So they are copied now, downwards,
 * into pages of an mm that no processor has loaded: arg_address() makes the page and finds it in the direct map. For a
 * script argv[0] is dropped, and the interpreter's name and word are pushed instead.
 *
 * Locks: the new mm is ours alone; its mmap_lock is taken for get_user_page, which wants it.
 * In Linux: bprm_mm_init(), copy_strings() in fs/exec.c. There the stack is built at the very top and moved to its random
 * place later.
 */
#include "err.h"
#include "string.h"
#include "asm/uaccess.h"
#include "kernel/binfmts.h"

#define ARG_MAX 131072UL

int bprm_mm_init(struct linux_binprm *bprm)
{
	u64 top = TASK_SIZE;
	if (bprm_randomize())
		top -= (get_random_u64() & 0x3fffff) << PAGE_SHIFT;
	bprm->rlim_stack = current->signal->rlim[RLIMIT_STACK];
	bprm->mm = mm_alloc();
	if (!bprm->mm)
		return -ENOMEM;
	struct vm_area_struct *vma = vm_area_alloc(bprm->mm);
	if (!vma)
		return -ENOMEM;
	vma->vm_start = top - PAGE_SIZE;
	vma->vm_end = top;
	vma->vm_flags = VM_STACK;
	vma->vm_page_prot = vm_get_page_prot(VM_STACK);
	vma->vm_pgoff = vma->vm_start >> PAGE_SHIFT;
	vma_link(bprm->mm, vma);	/* nobody else knows this mm */
	vm_stat_account(bprm->mm, VM_STACK, 1);
	bprm->vma = vma;
	bprm->p = top - sizeof(void *);
	return 0;
}

void put_arg_page(struct linux_binprm *bprm)
{
	if (bprm->arg_page)
		put_page(bprm->arg_page);
	bprm->arg_page = NULL;
}

/* Kernel address of byte pos of the new stack; the page stays ours until another is asked for. NULL: no room. */
static void *arg_address(struct linux_binprm *bprm, u64 pos)
{
	struct page *page;
	if (!bprm->arg_page || bprm->arg_page_pos != (pos & PAGE_MASK)) {
		put_arg_page(bprm);
		down_read(&bprm->mm->mmap_lock);
		page = get_user_page(bprm->mm, pos, true);	/* the stack grows by itself */
		up_read(&bprm->mm->mmap_lock);
		if (IS_ERR(page))
			return NULL;
		bprm->arg_page = page;
		bprm->arg_page_pos = pos & PAGE_MASK;
	}
	return page_address(bprm->arg_page) + (pos & ~PAGE_MASK);
}

/* Puts len bytes (NUL included) below p, from the kernel or from user space. */
static int push_bytes(struct linux_binprm *bprm, const char *s, size_t len, bool from_kernel)
{
	u64 pos = bprm->p;
	bprm->p -= len;
	if (len > pos || bprm->p < bprm->argmin)
		return -E2BIG;
	while (len) {
		size_t n = min(len, (pos & ~PAGE_MASK) ?: PAGE_SIZE);
		void *to = arg_address(bprm, pos -= n);
		if (!to)
			return -E2BIG;
		len -= n;
		if (from_kernel)
			memcpy(to, s + len, n);
		else if (copy_from_user(to, s + len, n))
			return -EFAULT;
	}
	return 0;
}

int copy_string_kernel(const char *s, struct linux_binprm *bprm) { return push_bytes(bprm, s, strlen(s) + 1, true); }

/* The nth pointer of a vector; NULL at its end, ERR_PTR(-EFAULT). */
static const char *arg_pointer(struct exec_args args, unsigned n)
{
	const char *s;
	u32 s32;
	if (args.kind == ARGS_KERNEL)
		return ((const char *const *)args.ptr)[n];
	if (args.kind == ARGS_USER32)
		return get_user(s32, (u32 __user *)args.ptr + n) ? ERR_PTR(-EFAULT) : (const char *)(u64)s32;
	return get_user(s, (const char __user *const __user *)args.ptr + n) ? ERR_PTR(-EFAULT) : s;
}

static int count_args(struct exec_args args)
{
	const char *s;
	int n;
	if (!args.ptr)
		return 0;
	for (n = 0; (s = arg_pointer(args, n)); n++) {
		if (IS_ERR(s))
			return -EFAULT;
		if (n == INT32_MAX)
			return -E2BIG;
		if (fatal_signal_pending(current))
			return -ERESTARTNOHAND;
	}
	return n;
}

static int copy_strings(struct linux_binprm *bprm, struct exec_args args, int n)
{
	const char *s;
	ssize_t len;
	int err = 0;

	while (!err && n-- > 0) {
		s = arg_pointer(args, n);
		if (IS_ERR(s))
			return -EFAULT;
		len = args.kind == ARGS_KERNEL ? (ssize_t)strlen(s) : strnlen_user(s, MAX_ARG_STRLEN);
		if (len < 0)
			return -EFAULT;
		if (len >= MAX_ARG_STRLEN)
			return -E2BIG;
		if (fatal_signal_pending(current))
			return -ERESTARTNOHAND;
		err = push_bytes(bprm, s, len + 1, args.kind == ARGS_KERNEL);
	}
	return err;
}

/* The strings and the pointers to them may take a quarter of the stack, 6 MiB at most, 128 KiB at least. */
static int set_arg_limit(struct linux_binprm *bprm)
{
	u64 limit = max(min(STACK_LIMIT / 4 * 3, bprm->rlim_stack.rlim_cur / 4), ARG_MAX);
	u64 pointers = (max(bprm->argc, 1) + (u64)bprm->envc) * sizeof(void *);
	if (limit <= pointers)
		return -E2BIG;
	bprm->argmin = bprm->p - (limit - pointers);
	return 0;
}

int copy_all_strings(struct linux_binprm *bprm, struct exec_args argv, struct exec_args envp)
{
	bprm->argc = count_args(argv);
	if (bprm->argc < 0)
		return bprm->argc;
	bprm->envc = count_args(envp);
	if (bprm->envc < 0)
		return bprm->envc;
	int err = set_arg_limit(bprm);
	if (!err)
		err = copy_string_kernel(bprm->filename, bprm);
	bprm->exec = bprm->p;
	if (!err)
		err = copy_strings(bprm, envp, bprm->envc);
	if (!err)
		err = copy_strings(bprm, argv, bprm->argc);
	if (!err && !bprm->argc) {	/* programs rely on argv[0] */
		err = copy_string_kernel("", bprm);
		bprm->argc = 1;
	}
	return err;
}

int remove_arg_zero(struct linux_binprm *bprm)
{
	const char *s;
	if (!bprm->argc)
		return 0;
	do {
		s = arg_address(bprm, bprm->p++);
		if (!s)
			return -EFAULT;
	} while (*s);
	bprm->argc--;
	return 0;
}
