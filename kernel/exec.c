/*
 * execve: another program in the same process.
 *
 * Everything new is built beside the old: struct linux_binprm gets the file, new credentials, and a new mm with
 * the strings already at the top of its stack (envp strings, argv strings below, growing down). Then the formats
 * are asked in turn. The one that knows the file calls begin_new_exec: point of no return (P4). A failure before
 * it leaves the old program as it was; a failure after it kills.
 *
 *   stack top  8 zero bytes | filename | envp[n-1] .. envp[0] | argv[n-1] .. argv[0] <- bprm->p
 *              (below it the format puts auxv, envp, argv and argc)
 *
 * Locks: signal->cred_guard_mutex over the whole of it; the new mm is ours alone until exec_mmap.
 * In Linux: fs/exec.c; there the stack is built at the very top and moved to its random place later.
 */
#include "err.h"
#include "string.h"
#include "trace.h"
#include "asm/uaccess.h"
#include "kernel/binfmts.h"
#include "kernel/syscall.h"
#include "uapi/mount.h"

#define ARG_MAX 131072UL
#define STACK_LIMIT (8UL << 20)
#define STACK_EXPAND (128UL << 10)	/* mapped below the strings from the start */
#define MAX_INTERP_DEPTH 5

static LIST_HEAD(formats);		/* changed at boot only */

void register_binfmt(struct linux_binfmt *fmt) { list_add_tail(&fmt->lh, &formats); }

/* ---- strings on the new stack ---- */

/* The new mm with one page of stack; its top is random already. */
static int bprm_mm_init(struct linux_binprm *bprm)
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

static void put_arg_page(struct linux_binprm *bprm)
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

static int copy_all_strings(struct linux_binprm *bprm, struct exec_args argv, struct exec_args envp)
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

/* Drops argv[0], for scripts. */
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

/* ---- files and formats ---- */

/* Reads the start of the file and asks every format. */
static int search_binary_handler(struct linux_binprm *bprm)
{
	struct linux_binfmt *fmt;
	loff_t pos = 0;
	int err;

	memset(bprm->buf, 0, BINPRM_BUF_SIZE);
	ssize_t n = kernel_read(bprm->file, bprm->buf, BINPRM_BUF_SIZE, &pos);
	if (n < 0)
		return n;
	list_for_each_entry(fmt, &formats, lh) {
		err = fmt->load_binary(bprm);
		if (bprm->point_of_no_return || err != -ENOEXEC)
			return err;
	}
	return -ENOEXEC;
}

int bprm_change_interp(const char *interp, struct linux_binprm *bprm)
{
	char *copy = kstrdup(interp, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	kfree(bprm->interp_alloc);
	bprm->interp = bprm->interp_alloc = copy;
	return 0;
}

int bprm_run_interpreter(struct linux_binprm *bprm, const char *interp)
{
	struct file *f = open_exec(AT_FDCWD, interp, 0);
	if (IS_ERR(f))
		return PTR_ERR(f);
	fput(bprm->file);
	bprm->file = f;
	if (++bprm->recursion > MAX_INTERP_DEPTH)
		return -ELOOP;
	return search_binary_handler(bprm);
}

/* ---- the point of no return ---- */

/* Set-id bits of the file that runs at last, and what root's identity gives. */
static void bprm_creds_from_file(struct linux_binprm *bprm)
{
	struct cred *new = bprm->cred;
	const struct cred *old = current->cred;
	struct inode *inode = bprm->file->f_inode;
	bool root, setid, honour = !(bprm->file->f_path.mnt->mnt_flags & MS_NOSUID) && !old->no_new_privs &&
				   atomic_read(&current->fs->users) == 1;

	if (honour && (inode->i_mode & S_ISUID))
		new->euid = inode->i_uid;
	if (honour && (inode->i_mode & (S_ISGID | 0010)) == (S_ISGID | 0010))
		new->egid = inode->i_gid;
	setid = new->euid != old->uid || new->egid != old->gid;
	root = !new->euid;
	new->cap_permitted = root || !new->uid ? CAP_FULL_SET : 0;
	new->cap_effective = root ? CAP_FULL_SET : 0;
	new->suid = new->fsuid = new->euid;
	new->sgid = new->fsgid = new->egid;
	new->keep_caps = false;
	bprm->secureexec = setid || (new->uid && root);
}

/* current leaves its old mm for the new one. */
static void exec_mmap(struct linux_binprm *bprm)
{
	struct task_struct *p = current;
	struct mm_struct *mm = bprm->mm, *old = p->mm, *old_active = p->active_mm;
	if (old)
		mm_release(p);
	spin_lock_irq(&tasklist_lock);		/* get_task_mm */
	p->mm = p->active_mm = mm;
	switch_mm(old_active, mm);
	spin_unlock_irq(&tasklist_lock);
	bprm->mm = NULL;
	if (old) {
		p->signal->maxrss = max(p->signal->maxrss, old->hiwater_rss);
		mmput(old);
	} else {
		mmdrop(old_active);	/* a kernel thread had borrowed it */
	}
}

static const char *basename(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

int begin_new_exec(struct linux_binprm *bprm)
{
	struct task_struct *p = current;
	struct files_struct *files = p->files;
	struct sighand_struct *sighand = p->sighand;

	bprm_creds_from_file(bprm);
	if (atomic_read(&files->count) > 1) {	/* a vfork-like clone shares them: closing must not hit the others */
		files = dup_fd(files);
		if (IS_ERR(files))
			return PTR_ERR(files);
	}
	if (atomic_read(&sighand->count) > 1) {
		sighand = alloc_sighand(sighand);
		if (!sighand) {
			if (files != p->files)
				put_files_struct(files);
			return -ENOMEM;
		}
	}
	put_arg_page(bprm);

	bprm->point_of_no_return = true;	/* Point of no return: nothing below fails (M9). */
	bprm->mm->exe_file = get_file(bprm->file);
	exec_mmap(bprm);
	spin_lock_irq(&tasklist_lock);		/* M13 */
	swap(files, p->files);
	swap(sighand, p->sighand);
	spin_unlock_irq(&tasklist_lock);
	if (files != p->files)
		put_files_struct(files);
	if (sighand != p->sighand)
		put_sighand(sighand);
	p->flags &= ~(PF_FORKNOEXEC | PF_KTHREAD);
	do_close_on_exec(p->files);
	strscpy(p->comm, basename(bprm->filename), sizeof(p->comm));
	trace_sched_process_exec(bprm->filename);
	flush_signal_handlers(p, false);
	p->sas_ss_sp = p->sas_ss_size = 0;
	p->exit_signal = SIGCHLD;
	return 0;
}

/* The new mm is current's: its layout, and the identity that goes with it. */
void setup_new_exec(struct linux_binprm *bprm)
{
	struct task_struct *p = current;
	if (bprm->secureexec) {		/* a small stack or a late signal must not steer a privileged program */
		p->pdeath_signal = 0;
		bprm->rlim_stack.rlim_cur = min(bprm->rlim_stack.rlim_cur, STACK_LIMIT);
	}
	arch_pick_mmap_layout(p->mm, bprm->rlim_stack.rlim_cur);
	commit_creds(bprm->cred);
	bprm->cred = NULL;
	p->mm->dumpable = !bprm->secureexec;
	mutex_unlock(&p->signal->cred_guard_mutex);
}

int setup_arg_pages(struct linux_binprm *bprm, bool executable_stack)
{
	struct vm_area_struct *vma = bprm->vma;
	u64 size = vma->vm_end - vma->vm_start, limit = bprm->rlim_stack.rlim_cur & PAGE_MASK;
	int err = 0;

	current->mm->arg_start = bprm->p;
	if (bprm_randomize())
		bprm->p -= get_random_u64() % 8192;
	bprm->p &= ~15UL;
	current->mm->start_stack = bprm->p;
	if (executable_stack)
		err = sys_mprotect(vma->vm_start, size, PROT_READ | PROT_WRITE | PROT_EXEC);
	if (err)
		return err;
	down_write(&current->mm->mmap_lock);
	size = min(size + STACK_EXPAND, max(limit, size));
	if (vma->vm_end - size < vma->vm_start)
		err = expand_stack(vma, vma->vm_end - size) ? -EFAULT : 0;
	up_write(&current->mm->mmap_lock);
	return err;
}

void finalize_exec(struct linux_binprm *bprm) { current->signal->rlim[RLIMIT_STACK] = bprm->rlim_stack; }

/* ---- execve ---- */

static void free_bprm(struct linux_binprm *bprm)
{
	put_arg_page(bprm);
	if (bprm->mm)
		mmput(bprm->mm);
	if (bprm->cred) {
		put_cred(bprm->cred);
		mutex_unlock(&current->signal->cred_guard_mutex);
	}
	if (bprm->file)
		fput(bprm->file);
	kfree(bprm->interp_alloc);
	kfree(bprm->fd_path);
	kfree(bprm);
}

/* Without a path from the root the program is named by its descriptor. */
static int set_filename(struct linux_binprm *bprm, int dfd, const char *filename)
{
	bprm->filename = bprm->interp = filename;
	if (dfd == AT_FDCWD || filename[0] == '/')
		return 0;
	bprm->fd_path = kmalloc(strlen(filename) + 24, GFP_KERNEL);
	if (!bprm->fd_path)
		return -ENOMEM;
	snprintf(bprm->fd_path, strlen(filename) + 24, filename[0] ? "/dev/fd/%d/%s" : "/dev/fd/%d", dfd, filename);
	bprm->filename = bprm->interp = bprm->fd_path;
	bprm->fd_closes = test_bit(dfd, current->files->fdt->close_on_exec);
	return 0;
}

static int bprm_open(struct linux_binprm *bprm, int dfd, const char *filename, int flags)
{
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	struct file *f = open_exec(dfd, filename, flags);
	if (IS_ERR(f))
		return PTR_ERR(f);
	bprm->file = f;
	return set_filename(bprm, dfd, filename);
}

static int bprm_execve(struct linux_binprm *bprm)
{
	if (mutex_lock_interruptible(&current->signal->cred_guard_mutex))
		return -ERESTARTNOINTR;
	bprm->cred = prepare_creds();
	if (!bprm->cred) {
		mutex_unlock(&current->signal->cred_guard_mutex);
		return -ENOMEM;
	}
	int err = search_binary_handler(bprm);
	if (err < 0 && bprm->point_of_no_return && !fatal_signal_pending(current))
		force_sig(SIGSEGV);
	return err;
}

static int do_execveat(int dfd, const char *filename, struct exec_args argv, struct exec_args envp, int flags)
{
	struct linux_binprm *bprm = kzalloc(sizeof(*bprm), GFP_KERNEL);
	if (!bprm)
		return -ENOMEM;
	int err = bprm_open(bprm, dfd, filename, flags);
	if (!err)
		err = bprm_mm_init(bprm);
	if (!err)
		err = copy_all_strings(bprm, argv, envp);
	if (!err)
		err = bprm_execve(bprm);
	free_bprm(bprm);
	return err;
}

int kernel_execve(const char *filename, const char *const *argv, const char *const *envp)
{
	return do_execveat(AT_FDCWD, filename, (struct exec_args){ argv, ARGS_KERNEL }, (struct exec_args){ envp, ARGS_KERNEL }, 0);
}

long execve_user(int dfd, const char __user *filename, struct exec_args argv, struct exec_args envp, int flags)
{
	struct filename name __cleanup(drop_name);
	long err = init_name(&name, filename, flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
	return err ?: do_execveat(dfd, name.name, argv, envp, flags);
}

long sys_execveat(int dfd, const char __user *filename, const char __user *const __user *argv,
		  const char __user *const __user *envp, int flags)
{
	return execve_user(dfd, filename, (struct exec_args){ argv, ARGS_USER }, (struct exec_args){ envp, ARGS_USER }, flags);
}

long sys_execve(const char __user *filename, const char __user *const __user *argv, const char __user *const __user *envp)
{
	return sys_execveat(AT_FDCWD, filename, argv, envp, 0);
}
