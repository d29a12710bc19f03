/*
 * procfs: /proc/PID and what lies in it: a table of names, and two directories that are made up as they
 * are read: fd (descriptors) and task (threads).
 *
 * An inode holds its task_struct; whether the task is still one is asked each time.  In Linux: fs/proc/base.c, fd.c.
 */
#include "fs/namei.h"
#include "fs/proc/proc.h"
#include "kernel/process.h"
#include "string.h"

/* Inode numbers: 0 is /proc/PID itself, then the names of the table. */
#define PID_INO(pid, what) ((u64)(pid) << 16 | (what))
enum { INO_PID = 0, INO_THREAD = 0x3fff, INO_FD = 0x8000 };

static const struct dentry_operations pid_dops;
static const struct inode_operations pid_iops, fd_iops, task_iops;
static int make_pid_dir(struct dentry *d, pid_t tgid, u64 kind);
static const struct file_operations pid_fops, pid_text_fops, fd_fops, task_fops;

bool task_gone(struct task_struct *p) { return hlist_unhashed(&p->pid_hash); }

/* In Linux: ptrace_may_access(PTRACE_MODE_READ_FSCREDS) */
bool may_trace(struct task_struct *p)
{
	const struct cred *me = current_cred(), *c;
	struct mm_struct *mm __cleanup(put_task_mm) = get_task_mm(p);
	bool may = !mm || mm->dumpable == 1;

	if (p->tgid == current->tgid || capable(CAP_SYS_PTRACE))
		return true;
	spin_lock_irq(&tasklist_lock);		/* In Linux RCU: p may change its credentials */
	c = p->cred;
	may = may && me->fsuid == c->euid && me->fsuid == c->suid && me->fsuid == c->uid && me->fsgid == c->egid &&
	      me->fsgid == c->sgid && me->fsgid == c->gid;
	spin_unlock_irq(&tasklist_lock);
	return may;
}

static int pid_setattr(struct dentry *d, struct iattr *a)
{
	return task_gone(PROC_I(d->d_inode)->task) ? -ESRCH : proc_setattr(d, a);
}

/* Files belong to the task's effective user, or to root when it may not be dumped. */
static void own_inode(struct inode *inode, struct task_struct *p)
{
	struct mm_struct *mm __cleanup(put_task_mm) = get_task_mm(p);
	bool dumpable = !mm || mm->dumpable == 1 || (inode->i_mode & 0777777) == (S_IFDIR | 0555);

	spin_lock_irq(&tasklist_lock);
	inode->i_uid = dumpable ? p->cred->euid : 0;
	inode->i_gid = dumpable ? p->cred->egid : 0;
	spin_unlock_irq(&tasklist_lock);
}

/* ---- descriptors ---- */

/* A reference of p's files that lasts; NULL when it exits. In Linux task_lock(p) guards p->files. */
struct files_struct *get_task_files(struct task_struct *p)
{
	spin_lock_irq(&tasklist_lock);
	struct files_struct *files = p->files;
	if (files && !atomic_inc_not_zero(&files->count))
		files = NULL;
	spin_unlock_irq(&tasklist_lock);
	return files;
}

/* p's open file at *fd, or, with `next`, the first one from there on; *fd is where. Referenced; NULL: none */
static struct file *get_task_file(struct task_struct *p, int *fd, bool next)
{
	struct files_struct *files = get_task_files(p);
	struct file *f = NULL;

	if (!files)
		return NULL;
	spin_lock(&files->file_lock);
	while (*fd < files->fdt->max_fds && !(f = files->fdt->fd[*fd]) && next)
		++*fd;
	if (f)
		get_file(f);
	spin_unlock(&files->file_lock);
	put_files_struct(files);
	return f;
}

/* A decimal number without leading zeros, or -1. */
static int name_to_int(const char *name)
{
	u64 n = 0;

	if (*name == '0' && name[1])
		return -1;
	for (; *name; name++) {
		n = n * 10 + *name - '0';
		if (*name < '0' || *name > '9' || n > 0x7fffffff)
			return -1;
	}
	return n;
}

static int follow_fd(struct task_struct *p, int fd, struct path *out)
{
	struct file *f = get_task_file(p, &fd, false);

	if (!f)
		return -ENOENT;
	*out = f->f_path;
	path_get(out);
	fput(f);
	return 0;
}

static const struct pid_entry fd_entry = { .mode = S_IFLNK | 0700, .follow = follow_fd, .guarded = true };

static int magic_follow(struct dentry *d, struct path *out)
{
	struct proc_info *i = PROC_I(d->d_inode);

	if (task_gone(i->task))
		return -ENOENT;
	if (!may_trace(i->task))
		return -EACCES;
	return i->entry->follow(i->task, i->fd, out);
}
static const struct inode_operations magic_iops = { .follow_link = magic_follow, .setattr = pid_setattr };
static const struct inode_operations plain_iops = { .setattr = pid_setattr };

/* ---- text: what the table's functions print and take ---- */

static int pid_show(struct seq_file *m, void *v)
{
	struct proc_info *i = v;

	return task_gone(i->task) ? -ESRCH : i->entry->show(m, i->task);
}

static int pid_write(void *v, char *text)
{
	struct proc_info *i = v;

	return task_gone(i->task) ? -ESRCH : i->entry->write ? i->entry->write(i->task, text) : -EINVAL;
}

static int make_entry(struct dentry *d, struct task_struct *p, const struct pid_entry *e, int fd, umode_t mode, u64 ino)
{
	struct proc_info info = { { .mode = mode, .show = pid_show, .write = pid_write, .fops = e->fop ?: &pid_text_fops }, e, p, fd };
	struct inode *inode = tree_inode(d->d_sb, &info.file, sizeof(info));

	if (!inode)
		return -ENOMEM;
	get_task_struct(p);
	PROC_I(inode)->file.data = PROC_I(inode);
	inode->i_ino = ino;
	inode->i_op = e->iop ?: e->follow ? &magic_iops : &plain_iops;
	own_inode(inode, p);
	d->d_op = &pid_dops;
	d_add(d, inode);
	return 0;
}

/* Hands out the numbers from next(p, at or above this) at positions `first` and up; their inodes' are ino + (number << shift). */
static int iterate_numbers(struct dir_context *ctx, loff_t first, struct task_struct *p,
			   int (*next)(struct task_struct *p, int from), u64 ino, int shift, unsigned type)
{
	char name[12];

	ctx->pos = max(ctx->pos, first);
	for (int n; (n = next(p, ctx->pos - first)) >= 0; ctx->pos++) {
		ctx->pos = first + n;
		if (!ctx->actor(ctx, name, snprintf(name, sizeof(name), "%d", n), ctx->pos, ino + ((u64)n << shift), type))
			break;
	}
	return 0;
}

static int fd_lookup(struct inode *dir, struct dentry *d)
{
	struct proc_info *i = PROC_I(dir);
	int fd = name_to_int(d->d_name.name);
	struct file *f = fd >= 0 && !task_gone(i->task) ? get_task_file(i->task, &fd, false) : NULL;

	if (!f)
		return -ENOENT;
	umode_t mode = S_IFLNK | (f->f_mode & FMODE_READ ? 0500 : 0) | (f->f_mode & FMODE_WRITE ? 0300 : 0);
	fput(f);
	int err = make_entry(d, i->task, &fd_entry, fd, mode, PID_INO(i->task->pid, INO_FD) + fd);
	if (!err)
		d->d_inode->i_size = 64;	/* as ls -l shows it on Linux */
	return err;
}

static int next_fd(struct task_struct *p, int fd)
{
	struct file *f = get_task_file(p, &fd, true);

	if (f)
		fput(f);
	return f ? fd : -1;
}

static int fd_iterate(struct file *f, struct dir_context *ctx)
{
	struct task_struct *p = PROC_I(f->f_inode)->task;

	return task_gone(p) ? -ENOENT : iterate_numbers(ctx, 2, p, next_fd, PID_INO(p->pid, INO_FD), 0, DT_LNK);
}

static int fd_permission(struct inode *inode, int mask)
{
	const struct cred *c = current_cred();

	if (PROC_I(inode)->task->tgid == current->tgid || (c->fsuid == inode->i_uid && (mask & (inode->i_mode >> 6)) == mask))
		return 0;
	return capable(CAP_DAC_OVERRIDE) || (!(mask & MAY_WRITE) && capable(CAP_DAC_READ_SEARCH)) ? 0 : -EACCES;
}

/* ---- threads ---- */

static int next_thread(struct task_struct *leader, int tid)
{
	struct task_struct *t;
	int found = leader->pid >= tid ? leader->pid : -1;

	spin_lock_irq(&tasklist_lock);
	if (!task_gone(leader))
		list_for_each_entry(t, &leader->thread_group, thread_group)
			if (t->pid >= tid && (found < 0 || t->pid < found))
				found = t->pid;
	spin_unlock_irq(&tasklist_lock);
	return found;
}

static int task_lookup(struct inode *dir, struct dentry *d)
{
	struct task_struct *leader = PROC_I(dir)->task;

	return task_gone(leader) ? -ENOENT : make_pid_dir(d, leader->tgid, INO_THREAD);
}

static int task_iterate(struct file *f, struct dir_context *ctx)
{
	struct task_struct *leader = PROC_I(f->f_inode)->task;

	return task_gone(leader) ? -ENOENT : iterate_numbers(ctx, 2, leader, next_thread, INO_THREAD, 16, DT_DIR);
}

/* ---- files of text, and memory ---- */

int pid_open(struct inode *inode, struct file *f)
{
	struct proc_info *i = PROC_I(inode);

	if (i->entry->guarded && !may_trace(i->task))
		return -EACCES;
	return i->entry->show ? single_open(f, pid_show, i) : 0;
}

static const struct file_operations pid_text_fops = {
	.open = pid_open, .read = seq_read, .llseek = seq_lseek, .write = text_write, .release = single_release,
};

/* ---- links and small files ---- */

static int follow_exe(struct task_struct *p, int fd, struct path *out)
{
	struct mm_struct *mm __cleanup(put_task_mm) = get_task_mm(p);

	if (!mm || !mm->exe_file)
		return -ENOENT;
	*out = mm->exe_file->f_path;
	path_get(out);
	return 0;
}

static int follow_fs(struct task_struct *p, bool root, struct path *out)
{
	spin_lock_irq(&tasklist_lock);		/* In Linux task_lock(p): p->fs goes at exit */
	struct fs_struct *fs = p->fs;
	if (fs) {
		spin_lock(&dcache_lock);
		*out = root ? fs->root : fs->pwd;
		path_get(out);
		spin_unlock(&dcache_lock);
	}
	spin_unlock_irq(&tasklist_lock);
	return fs ? 0 : -ENOENT;
}
static int follow_cwd(struct task_struct *p, int fd, struct path *out) { return follow_fs(p, false, out); }
static int follow_root(struct task_struct *p, int fd, struct path *out) { return follow_fs(p, true, out); }

static int show_score_adj(struct seq_file *m, struct task_struct *p) { return seq_printf(m, "%d\n", p->signal->oom_score_adj); }
static int show_fail_nth(struct seq_file *m, struct task_struct *p) { return seq_printf(m, "%d\n", p->fail_nth); }

static int write_comm(struct task_struct *p, char *text)
{
	if (p->tgid != current->tgid)
		return -EINVAL;
	strscpy(p->comm, text, sizeof(p->comm));
	return 0;
}

/* Fault injection: the n-th allocation from now on fails, once (the kernel's word fail_nth turns it on). */
static int write_fail_nth(struct task_struct *p, char *text) { return parse_int(text, 0, 0x7fffffff, &p->fail_nth); }
static int write_score_adj(struct task_struct *p, char *text)
{
	int adj, err = parse_int(text, -1000, 1000, &adj);

	if (err)
		return err;
	if (adj < p->signal->oom_score_adj && !capable(CAP_SYS_RESOURCE))
		return -EACCES;
	p->signal->oom_score_adj = adj;
	return 0;
}

/* ---- the table ---- */

#define F (S_IFREG | 0444)
#define OWN (S_IFREG | 0400)
#define LNK (S_IFLNK | 0777)
const struct pid_entry tgid_entries[] = {
	{ "task", S_IFDIR | 0555, .iop = &task_iops, .fop = &task_fops },	/* first: threads have all but this */
	{ "fd", S_IFDIR | 0500, .iop = &fd_iops, .fop = &fd_fops },
	{ "environ", OWN, .show = show_environ, .guarded = true }, { "status", F, .show = show_status },
	{ "comm", S_IFREG | 0644, .show = show_comm, .write = write_comm }, { "cmdline", F, .show = show_cmdline },
	{ "stat", F, .show = show_stat }, { "statm", F, .show = show_statm }, { "maps", F, .show = show_maps, .guarded = true },
	{ "cwd", LNK, .follow = follow_cwd }, { "root", LNK, .follow = follow_root }, { "exe", LNK, .follow = follow_exe },
	{ "mounts", F, .show = show_mounts }, { "mountinfo", F, .show = show_mountinfo },
	{ "wchan", F, .show = show_wchan },
	{ "smaps", F, .show = show_smaps, .guarded = true }, { "pagemap", OWN, .fop = &pagemap_fops, .guarded = true },
	{ "pagetables", OWN, .fop = &pagetables_fops, .guarded = true },
	{ "oom_score_adj", S_IFREG | 0644, .show = show_score_adj, .write = write_score_adj },
	{ "fail-nth", S_IFREG | 0644, .show = show_fail_nth, .write = write_fail_nth }, { .name = NULL },
};

/* Whether this /proc/PID shows a process, not a thread of .../task/. */
static bool is_tgid_dir(const struct inode *dir) { return !(dir->i_ino & 0xffff); }

static int pid_dir_lookup(struct inode *dir, struct dentry *d)
{
	struct proc_info *i = PROC_I(dir);

	if (task_gone(i->task))
		return -ENOENT;
	for (const struct pid_entry *e = tgid_entries + !is_tgid_dir(dir); e->name; e++)
		if (!strcmp(e->name, d->d_name.name))
			return make_entry(d, i->task, e, 0, e->mode, PID_INO(i->task->pid, e - tgid_entries + 1));
	return -ENOENT;
}

static int pid_dir_iterate(struct file *f, struct dir_context *ctx)
{
	struct proc_info *i = PROC_I(f->f_inode);
	const struct pid_entry *first = tgid_entries + !is_tgid_dir(f->f_inode);

	if (task_gone(i->task))
		return -ENOENT;
	for (const struct pid_entry *e; (u64)ctx->pos < ARRAY_SIZE(tgid_entries) + 2 && (e = first + ctx->pos - 2)->name; ctx->pos++)
		if (!ctx->actor(ctx, e->name, strlen(e->name), ctx->pos, PID_INO(i->task->pid, e - tgid_entries + 1),
				e->mode >> 12 & 15))
			return 0;
	return 0;
}

static const struct inode_operations pid_iops = { .lookup = pid_dir_lookup, .setattr = pid_setattr };
static const struct file_operations pid_fops = { .iterate = pid_dir_iterate };
static const struct inode_operations fd_iops = { .lookup = fd_lookup, .permission = fd_permission, .setattr = pid_setattr };
static const struct file_operations fd_fops = { .iterate = fd_iterate };
static const struct inode_operations task_iops = { .lookup = task_lookup, .setattr = pid_setattr };
static const struct file_operations task_fops = { .iterate = task_iterate };

static int pid_revalidate(struct dentry *d)
{
	struct proc_info *i = PROC_I(d->d_inode);

	if (task_gone(i->task))
		return 0;
	own_inode(d->d_inode, i->task);
	if (i->entry != &fd_entry)
		return 1;
	struct file *f = get_task_file(i->task, &i->fd, false);
	if (f)
		fput(f);
	return f != NULL;
}
static const struct dentry_operations pid_dops = { .d_revalidate = pid_revalidate };

/* The directory of a process, or, with INO_THREAD, of a thread of tgid's. */
static int make_pid_dir(struct dentry *d, pid_t tgid, u64 kind)
{
	static const struct pid_entry entry = { .mode = S_IFDIR | 0555, .iop = &pid_iops, .fop = &pid_fops };
	int pid = name_to_int(d->d_name.name), err = -ENOENT;
	struct task_struct *p = pid > 0 ? get_task_by_pid(pid) : NULL;

	if (!p)
		return -ENOENT;
	if (kind == INO_PID || p->tgid == tgid)
		err = make_entry(d, p, &entry, 0, entry.mode, PID_INO(pid, kind));
	put_task_struct(p);
	return err;
}

int pid_lookup(struct dentry *d) { return make_pid_dir(d, 0, INO_PID); }

static int next_tgid(struct task_struct *unused, int pid)
{
	struct task_struct *p;
	int found = -1;

	spin_lock_irq(&tasklist_lock);
	for_each_process(p)
		if (p->pid >= pid && (found < 0 || p->pid < found))
			found = p->pid;
	spin_unlock_irq(&tasklist_lock);
	return found;
}

int pid_iterate(struct dir_context *ctx)
{
	return iterate_numbers(ctx, FIRST_PID_POS, NULL, next_tgid, INO_PID, 16, DT_DIR);
}
