/*
 * procfs: what the files of /proc/PID say, in Linux's words and columns: ps, top, pmap and free read them.
 *
 * In Linux: fs/proc/array.c, task_mmu.c, base.c, fs/proc_namespace.c.
 */
#include "fs/proc/proc.h"
#include "kernel/process.h"
#include "smp.h"
#include "kernel/hooks.h"
#include "kallsyms.h"
#include "string.h"
#include "uapi/mount.h"

#define NS_PER_TICK (NSEC_PER_SEC / USER_HZ)
#define K(pages) ((u64)(pages) << (PAGE_SHIFT - 10))

static unsigned state_index(struct task_struct *p)
{
	unsigned s = p->state | p->exit_state;

	return s & EXIT_ZOMBIE ? 6 : s & (EXIT_DEAD | TASK_DEAD) ? 5 : s & __TASK_TRACED ? 4 : s & __TASK_STOPPED ? 3 :
	       s & TASK_UNINTERRUPTIBLE ? 2 : s & TASK_INTERRUPTIBLE ? 1 : 0;
}

/* Signals in one look: pending for the task and its group, ignored, caught. */
struct sig_sets {
	sigset_t pending, shared, blocked, ignored, caught;
	unsigned queued;
	pid_t ppid;			/* under the same lock */
};

static void collect_signals(struct task_struct *p, struct sig_sets *s)
{
	memset(s, 0, sizeof(*s));
	spin_lock_irq(&tasklist_lock);		/* keeps sighand */
	if (p->sighand && !task_gone(p)) {
		s->ppid = p->real_parent->tgid;
		spin_lock(&p->sighand->siglock);
		s->pending = p->pending.signal;
		s->shared = p->signal->shared_pending.signal;
		s->blocked = p->blocked;
		s->queued = p->signal->nr_sigqueue;
		for (int i = 0; i < _NSIG; i++) {
			void *h = (void *)p->sighand->action[i].sa.sa_handler;

			s->ignored |= h == SIG_IGN ? BIT(i) : 0;
			s->caught |= h != SIG_IGN && h != SIG_DFL ? BIT(i) : 0;
		}
		spin_unlock(&p->sighand->siglock);
	}
	spin_unlock_irq(&tasklist_lock);
}

/* Linux's PF_ bits, for column F of ps. */
static unsigned linux_flags(struct task_struct *p)
{
	return (p->flags & PF_EXITING ? 0x4 : 0) | (p->flags & PF_FORKNOEXEC ? 0x40 : 0) | (p->flags & PF_SIGNALED ? 0x400 : 0) |
	       (p->flags & PF_KTHREAD ? 0x200000 : 0);
}

int show_stat(struct seq_file *m, struct task_struct *p)
{
	struct mm_struct *mm __cleanup(put_task_mm) = get_task_mm(p);
	struct signal_struct *sig = p->signal;
	bool may = may_trace(p);
	struct sig_sets s;
	pid_t tpgid = -1;
	u32 tty = sig->tty && tty_nr_hook ? tty_nr_hook(p, &tpgid) : 0;
	u64 ut, st;

	collect_signals(p, &s);
	task_cputime_adjusted(p, &ut, &st);
	seq_printf(m, "%d (%s) %c %d %d %d %d %d %u %lu %lu %lu %lu %lu %lu %ld %ld ", p->pid, p->comm, "RSDTtXZ"[state_index(p)],
		   s.ppid, sig->pgrp, sig->session, tty, tpgid, linux_flags(p), p->min_flt,
		   sig->children.min_flt, p->maj_flt, sig->children.maj_flt, ut / NS_PER_TICK, st / NS_PER_TICK,
		   sig->children.utime_ns / NS_PER_TICK, sig->children.stime_ns / NS_PER_TICK);
	seq_printf(m, "%d %d %d 0 %lu %lu %lu %lu ", p->prio - 100, task_nice(p), 1, p->start_time / NS_PER_TICK,
		   mm ? mm->total_vm << PAGE_SHIFT : 0, mm ? get_mm_rss(mm) : 0, sig->rlim[RLIMIT_RSS].rlim_cur);
	seq_printf(m, "%lu %lu %lu 0 0 %lu %lu %lu %lu %d 0 0 %d %u %u %u 0 0 0 ", mm ? may ? mm->start_code : 1 : 0,
		   mm ? may ? mm->end_code : 1 : 0, mm && may ? mm->start_stack : 0, s.pending & 0x7fffffff,
		   s.blocked & 0x7fffffff, s.ignored & 0x7fffffff, s.caught & 0x7fffffff, may && p->state != TASK_RUNNING,
		   p->exit_signal, p->cpu, p->rt_priority, p->policy);
	if (mm && may)
		seq_printf(m, "%lu %lu %lu %lu %lu %lu %lu ", mm->start_data, mm->end_data, mm->start_brk, mm->arg_start,
			   mm->arg_end, mm->env_start, mm->env_end);
	else
		seq_puts(m, "0 0 0 0 0 0 0 ");
	seq_printf(m, "%d\n", may ? p->exit_code : 0);
	return 0;
}

static void status_mm(struct seq_file *m, struct mm_struct *mm)
{
	u64 rss = get_mm_rss(mm), hiwater = max(mm->hiwater_rss, rss);
	u64 text = (PAGE_ALIGN(mm->end_code) - (mm->start_code & PAGE_MASK)) >> PAGE_SHIFT;
	const struct { const char *name; u64 pages; } rows[] = {
		{ "VmPeak", mm->total_vm }, { "VmSize", mm->total_vm }, { "VmLck", mm->locked_vm }, { "VmPin", 0 },
		{ "VmHWM", hiwater }, { "VmRSS", rss }, { "RssAnon", atomic_long_read(&mm->rss_anon) },
		{ "RssFile", atomic_long_read(&mm->rss_file) }, { "RssShmem", atomic_long_read(&mm->rss_shmem) },
		{ "VmData", mm->data_vm }, { "VmStk", mm->stack_vm }, { "VmExe", text },
		{ "VmLib", mm->exec_vm > text ? mm->exec_vm - text : 0 }, { "VmPTE", atomic_long_read(&mm->nr_ptes) },
		{ "VmSwap", 0 }, { "HugetlbPages", 0 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		seq_printf(m, "%s:\t%8lu kB\n", rows[i].name, K(rows[i].pages));
	seq_puts(m, "CoreDumping:\t0\nTHP_enabled:\t0\n");
}

int show_status(struct seq_file *m, struct task_struct *p)
{
	static const char *const states[] = { "R (running)", "S (sleeping)", "D (disk sleep)", "T (stopped)",
					      "t (tracing stop)", "X (dead)", "Z (zombie)" };
	struct mm_struct *mm __cleanup(put_task_mm) = get_task_mm(p);
	const struct cred *c;
	struct sig_sets s;
	unsigned fdsize = 0;
	int umask;

	struct files_struct *files = get_task_files(p);
	if (files) {
		spin_lock(&files->file_lock);
		fdsize = files->fdt->max_fds;
		spin_unlock(&files->file_lock);
		put_files_struct(files);
	}
	spin_lock_irq(&tasklist_lock);		/* In Linux task_lock and RCU: what the task may drop */
	c = get_cred(p->cred);
	umask = p->fs ? (int)p->fs->umask : -1;
	spin_unlock_irq(&tasklist_lock);
	collect_signals(p, &s);
	seq_puts(m, "Name:\t");
	seq_escape(m, p->comm, "\n\\");
	if (umask >= 0)
		seq_printf(m, "\nUmask:\t%04o", umask);
	seq_printf(m, "\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t%d\n", states[state_index(p)], p->tgid,
		   p->pid, s.ppid, 0);
	seq_printf(m, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t%u\nGroups:\t", c->uid, c->euid, c->suid, c->fsuid, c->gid,
		   c->egid, c->sgid, c->fsgid, fdsize);
	for (unsigned i = 0; i < c->ngroups; i++)
		seq_printf(m, "%u ", c->groups[i]);
	seq_printf(m, "\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", p->tgid, p->pid, p->signal->pgrp, p->signal->session);
	if (mm)
		status_mm(m, mm);
	seq_printf(m, "Threads:\t%d\nSigQ:\t%u/%lu\nSigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n",
		   1, s.queued, p->signal->rlim[RLIMIT_SIGPENDING].rlim_cur, s.pending, s.shared, s.blocked,
		   s.ignored, s.caught);
	seq_printf(m, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\nCapAmb:\t%016lx\nNoNewPrivs:\t%d\nSeccomp:\t0\n",
		   c->cap_inheritable, c->cap_permitted, c->cap_effective, CAP_FULL_SET, 0UL, c->no_new_privs);
	u64 allowed = p->cpus_mask[0] & cpu_online_mask();
	seq_printf(m, "Cpus_allowed:\t%lx\nCpus_allowed_list:\t", allowed);
	for (unsigned first = 0, end; first < NR_CPUS; first = end) {	/* 0,2-3 */
		for (end = first; end < NR_CPUS && allowed >> end & 1; end++)
			;
		if (end > first)
			seq_printf(m, end > first + 1 ? "%s%u-%u" : "%s%u", allowed & (BIT(first) - 1) ? "," : "", first, end - 1);
		else
			end++;
	}
	seq_putc(m, '\n');
	seq_printf(m, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n", p->nvcsw, p->nivcsw);
	put_cred(c);
	return 0;
}

int show_statm(struct seq_file *m, struct task_struct *p)
{
	struct mm_struct *mm __cleanup(put_task_mm) = get_task_mm(p);

	if (!mm)
		return seq_printf(m, "0 0 0 0 0 0 0\n");
	seq_printf(m, "%lu %lu %lu %lu 0 %lu 0\n", mm->total_vm, get_mm_rss(mm),
		   atomic_long_read(&mm->rss_file) + atomic_long_read(&mm->rss_shmem),
		   (PAGE_ALIGN(mm->end_code) - (mm->start_code & PAGE_MASK)) >> PAGE_SHIFT, mm->data_vm + mm->stack_vm);
	return 0;
}

/* ---- memory ---- */

#define NAME_COLUMN 73

static void show_vma(struct seq_file *m, struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma->vm_mm;
	struct inode *inode = vma->vm_file ? vma->vm_file->f_inode : NULL;
	u64 f = vma->vm_flags;
	size_t line = m->count;
	const char *name = NULL;

	seq_printf(m, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", vma->vm_start, vma->vm_end, f & VM_READ ? 'r' : '-',
		   f & VM_WRITE ? 'w' : '-', f & VM_EXEC ? 'x' : '-', f & VM_MAYSHARE ? 's' : 'p',
		   inode ? vma->vm_pgoff << PAGE_SHIFT : 0, inode ? MAJOR(inode->i_sb->s_dev) : 0,
		   inode ? MINOR(inode->i_sb->s_dev) : 0, inode ? inode->i_ino : 0);
	if (vma->vm_ops && vma->vm_ops->name)
		name = vma->vm_ops->name;
	else if (!inode && vma->vm_start <= mm->brk && vma->vm_end >= mm->start_brk && mm->brk > mm->start_brk)
		name = "[heap]";
	else if (!inode && vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack)
		name = "[stack]";
	if (inode || name) {
		while (m->count < line + NAME_COLUMN)
			seq_putc(m, ' ');
		if (inode)
			seq_path(m, &vma->vm_file->f_path, "\n");
		else
			seq_puts(m, name);
	}
	seq_putc(m, '\n');
}

static int for_each_vma(struct seq_file *m, struct task_struct *p, void (*fn)(struct seq_file *m, struct vm_area_struct *vma))
{
	struct mm_struct *mm __cleanup(put_task_mm) = get_task_mm(p);

	if (!mm)
		return 0;
	down_read(&mm->mmap_lock);
	for (struct vm_area_struct *vma = mm->mmap; vma; vma = vma->vm_next)
		fn(m, vma);
	up_read(&mm->mmap_lock);
	return 0;
}

int show_maps(struct seq_file *m, struct task_struct *p) { return for_each_vma(m, p, show_vma); }

static void show_smap(struct seq_file *m, struct vm_area_struct *vma)
{
	u64 rss = 0, pss = 0, anon = 0, n[4] = { 0 }, addr = vma->vm_start;	/* n: shared 0, private 2, + dirty 1 */

	while (addr < vma->vm_end) {
		pte_t *pte = pte_lookup(vma->vm_mm, addr);
		struct page *page;
		pte_t e;
		int users;

		if (!pte) {
			addr = ALIGN_DOWN(addr, PMD_SIZE) + PMD_SIZE;
			continue;
		}
		addr += PAGE_SIZE;
		e = READ_ONCE(*pte);		/* truncate needs no mmap_lock to clear it */
		if (!pte_mapped(e) || pte_special(e))
			continue;
		page = pfn_to_page(pte_pfn(e));
		users = max(1, page_count(page) - (page->mapping != NULL));
		rss++;
		pss += 4096 / users;
		anon += page->flags & PG_anon ? 1 : 0;
		n[(users == 1) * 2 + (pte_dirty(e) != 0)]++;
	}
	show_vma(m, vma);
	seq_printf(m, "Size:           %8lu kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n", K(vma_pages(vma)));
	seq_printf(m, "Rss:            %8lu kB\nPss:            %8lu kB\nShared_Clean:   %8lu kB\nShared_Dirty:   %8lu kB\n", K(rss),
		   pss >> 10, K(n[0]), K(n[1]));
	seq_printf(m, "Private_Clean:  %8lu kB\nPrivate_Dirty:  %8lu kB\nReferenced:     %8lu kB\nAnonymous:      %8lu kB\n", K(n[2]),
		   K(n[3]), K(rss), K(anon));
	seq_printf(m, "Swap:                  0 kB\nLocked:         %8lu kB\n", vma->vm_flags & VM_LOCKED ? pss >> 10 : 0);
}

int show_smaps(struct seq_file *m, struct task_struct *p) { return for_each_vma(m, p, show_smap); }

/* Memory of p from start to end, as it is. */
static int show_memory(struct seq_file *m, struct mm_struct *mm, u64 start, u64 end)
{
	char *page = kmalloc(PAGE_SIZE, GFP_KERNEL);

	for (size_t n; page && start < end; start += n) {
		n = access_process_vm(mm, start, page, min(end - start, PAGE_SIZE));
		if (!n)
			break;
		seq_write(m, page, n);
	}
	kfree(page);
	return page ? 0 : -ENOMEM;
}

int show_cmdline(struct seq_file *m, struct task_struct *p)
{
	struct mm_struct *mm __cleanup(put_task_mm) = get_task_mm(p);

	return mm ? show_memory(m, mm, mm->arg_start, mm->arg_end) : 0;
}

int show_environ(struct seq_file *m, struct task_struct *p)
{
	struct mm_struct *mm __cleanup(put_task_mm) = get_task_mm(p);

	return mm ? show_memory(m, mm, mm->env_start, mm->env_end) : 0;
}

/* ---- the rest ---- */

int show_comm(struct seq_file *m, struct task_struct *p)
{
	seq_escape(m, p->comm, "\n\\");
	seq_putc(m, '\n');
	return 0;
}

int show_wchan(struct seq_file *m, struct task_struct *p)
{
	const char *wchan = p->wchan;

	seq_puts(m, p->state == TASK_RUNNING || !wchan || !may_trace(p) ? "0" : wchan);
	return 0;
}

static void mount_options(struct seq_file *m, struct mount *mnt)
{
	static const struct { unsigned flag; const char *text; } options[] = {
		{ MS_NOSUID, ",nosuid" }, { MS_NODEV, ",nodev" }, { MS_NOEXEC, ",noexec" }, { MS_NOATIME, ",noatime" },
		{ MS_NODIRATIME, ",nodiratime" }, { MS_RELATIME, ",relatime" },
	};

	seq_puts(m, (mnt->mnt_sb->s_flags | mnt->mnt_flags) & MS_RDONLY ? "ro" : "rw");
	for (unsigned i = 0; i < ARRAY_SIZE(options); i++)
		if (mnt->mnt_flags & options[i].flag)
			seq_puts(m, options[i].text);
}

/*
 * mounts:    DEVICE WHERE TYPE OPTIONS 0 0
 * mountinfo: ID PARENT MAJOR:MINOR ROOT WHERE OPTIONS - TYPE DEVICE SUPER-OPTIONS; df and findmnt read it
 */
static int show_mount_table(struct seq_file *m, bool info)
{
	struct mount *mnt;

	down_read(&mount_sem);
	list_for_each_entry(mnt, &mount_list, mnt_list) {
		struct super_block *sb = mnt->mnt_sb;
		struct path where = { mnt, mnt->mnt_root };

		if (info) {
			seq_printf(m, "%d %d %u:%u / ", mnt->mnt_id, mnt->mnt_parent->mnt_id, MAJOR(sb->s_dev), MINOR(sb->s_dev));
			seq_path(m, &where, " \t\n\\");
			seq_putc(m, ' ');
			mount_options(m, mnt);
			seq_printf(m, " - %s ", sb->s_type->name);
		}
		seq_escape(m, mnt->mnt_devname, " \t\n\\");
		seq_putc(m, ' ');
		if (info) {
			seq_puts(m, sb->s_flags & MS_RDONLY ? "ro" : "rw");
		} else {
			seq_path(m, &where, " \t\n\\");
			seq_printf(m, " %s ", sb->s_type->name);
			mount_options(m, mnt);
		}
		if (sb->s_op->show_options)
			sb->s_op->show_options(sb, m);
		seq_puts(m, info ? "\n" : " 0 0\n");
	}
	up_read(&mount_sem);
	return 0;
}

int show_mounts(struct seq_file *m, struct task_struct *p) { return show_mount_table(m, false); }
int show_mountinfo(struct seq_file *m, struct task_struct *p) { return show_mount_table(m, true); }
