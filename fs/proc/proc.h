/*
 * procfs: text made by functions.
 *
 *   /proc/meminfo, sys/...   a tree of struct proc_dir, made once by proc_create (root.c, system.c, sysctl.c)
 *   /proc/PID/...            a table of struct pid_entry (pid.c); inodes are made on lookup and hold the task
 *
 * A task's files outlive the task: every function looks again whether there is still something to show, through
 * get_task_mm and the like; a file of a task that was released reads ESRCH.
 *
 * In Linux: fs/proc/.
 */
#pragma once
#include "fs/fs.h"
#include "kernel/process.h"

/* /proc/NAME (slashes make directories); show prints the whole file. Called from init functions. */
int proc_create(const char *name, umode_t mode, int (*show)(struct seq_file *m, void *v));
void proc_init(void);				/* registers the file system */

/* ---- inside the room ---- */
struct proc_dir {				/* a file or directory that is always there */
	const char *name;
	umode_t mode;
	u64 ino;
	int (*show)(struct seq_file *m, void *data);
	int (*write)(void *data, char *text, size_t n);	/* text is NUL-ended; 0 or -errno */
	void *data;
	const char *(*link)(char *buf);		/* symlink: its target, of up to 40 bytes in buf */
	const struct file_operations *fops;
	struct list_head list, children;
};
/* 0, -ENOMEM */
int proc_add(const struct proc_dir *what);	/* its name is a path; copied */

struct pid_entry {				/* a name in /proc/PID */
	const char *name;
	umode_t mode;
	int (*show)(struct seq_file *m, struct task_struct *p);
	int (*write)(struct task_struct *p, char *text);
	int (*follow)(struct task_struct *p, int fd, struct path *out);	/* magic link */
	const struct inode_operations *iop;
	const struct file_operations *fop;
	bool guarded;				/* only for those who might trace the task */
};
struct proc_info {				/* i_private of every inode of procfs */
	const struct proc_dir *dir;
	const struct pid_entry *entry;
	struct task_struct *task;		/* referenced */
	int fd;					/* of fd/N */
};
/* For __cleanup(): of a task that has none, too. */
static inline void put_task_mm(struct mm_struct **mm)
{
	if (*mm)
		mmput(*mm);
}
static inline struct proc_info *PROC_I(const struct inode *inode) { return inode->i_private; }

/* Makes dentry positive; the inode holds info->task. 0, -ENOMEM */
int proc_instantiate(struct dentry *d, umode_t mode, u64 ino, const struct proc_info *info,
		     const struct inode_operations *iop, const struct file_operations *fop);
int pid_lookup(struct dentry *d, const char *name);	/* /proc/NUMBER; 0, -ENOENT, -ENOMEM */
pid_t next_tgid(pid_t pid);			/* the first process at or above it; 0: none */
bool task_gone(struct task_struct *p);		/* released: no pid any more */
struct files_struct *get_task_files(struct task_struct *p);	/* a reference, or NULL */
bool may_trace(struct task_struct *p);		/* Linux's ptrace_may_access() */
bool proc_emit_dots(struct file *f, struct dir_context *ctx);	/* false: the actor has enough */
int proc_setattr(struct dentry *d, struct iattr *a);	/* nothing but O_TRUNC */
extern const struct pid_entry tgid_entries[];	/* ends with a name of NULL */
int parse_int(const char *text, long min, long max, int *out);	/* 0, -EINVAL */
ssize_t text_from_user(char *text, size_t size, const char __user *buf, size_t n);	/* NUL-ended, no newline at its end */
void system_init(void);
void sysctl_init(void);
void pagemap_init(void);
int pid_open(struct inode *inode, struct file *f);	/* a file of /proc/PID: -EACCES when guarded; text by its show */
loff_t mem_llseek(struct file *f, loff_t off, int whence);	/* of files as long as memory */
extern const struct file_operations pagemap_fops, pagetables_fops;

/* task.c: what the files of a task say */
typedef int show_task(struct seq_file *m, struct task_struct *p);
show_task show_stat, show_status, show_statm, show_maps, show_smaps, show_cmdline, show_environ, show_comm, show_wchan, show_mounts,
	show_mountinfo;
