/*
 * execve: another program in the same process.
 *
 * Everything new is built beside the old: struct linux_binprm gets the file, new credentials, and a new mm with
 * the strings already at the top of its stack (binprm.c). Then the formats are asked in turn. The one that knows
 * the file calls begin_new_exec: point of no return (P4). A failure before it leaves the old program as it was; a
 * failure after it kills.
 *
 *   do_execveat: bprm_open -> bprm_mm_init, copy_all_strings -> bprm_execve -> search_binary_handler
 *   the format:  begin_new_exec, setup_new_exec, setup_arg_pages, its segments and tables, finalize_exec, start_thread
 *
 * Locks: signal->cred_guard_mutex over the whole of it; the new mm is ours alone until exec_mmap.
 * In Linux: fs/exec.c.
 */
#include "err.h"
#include "string.h"
#include "trace.h"
#include "kernel/binfmts.h"
#include "kernel/syscall.h"
#include "uapi/mount.h"

#define STACK_EXPAND (128UL << 10)	/* mapped below the strings from the start */
#define MAX_INTERP_DEPTH 5

static LIST_HEAD(formats);		/* changed at boot only */

void register_binfmt(struct linux_binfmt *fmt) { list_add_tail(&fmt->lh, &formats); }

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
