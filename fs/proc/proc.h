/*
 * procfs: text made by functions.
 *
 *   /proc/meminfo, sys/...   a tree (fs/tree.h), made once by proc_create (root.c, system.c, sysctl.c)
 *   /proc/PID/...            a table of struct pid_entry (pid.c); inodes are made on lookup and hold the task
 *
 * A task's files outlive the task: every function looks again whether there is still something to show, through
 * get_task_mm and the like; a file of a task that was released reads ESRCH.
 *
 * In Linux: fs/proc/.
 */
#pragma once
#include "fs/tree.h"
#include "kernel/process.h"

/* /proc/NAME (slashes make directories); show prints the whole file. Called from init functions. */
int proc_create(const char *name, umode_t mode, int (*show)(struct seq_file *m, void *v));
void proc_init(void);				/* registers the file system */

/* ---- inside the room ---- */
extern struct dentry *proc_root;
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
struct proc_info {				/* i_private of the inodes of /proc/PID */
	struct tree_file file;
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

int pid_lookup(struct dentry *d);		/* /proc/NUMBER; 0, -ENOENT, -ENOMEM */
#define FIRST_PID_POS DIR_END			/* readdir positions in /proc: fixed names below, PIDs from here */
int pid_iterate(struct dir_context *ctx);	/* the numbers in /proc */
bool task_gone(struct task_struct *p);		/* released: no pid any more */
struct files_struct *get_task_files(struct task_struct *p);	/* a reference, or NULL */
bool may_trace(struct task_struct *p);		/* Linux's ptrace_may_access() */
int proc_setattr(struct dentry *d, struct iattr *a);	/* nothing but O_TRUNC */
extern const struct pid_entry tgid_entries[];	/* ends with a name of NULL */
void system_init(void);
void sysctl_init(void);
int pid_open(struct inode *inode, struct file *f);	/* a file of /proc/PID: -EACCES when guarded; text by its show */
extern const struct file_operations pagemap_fops, pagetables_fops;

/* task.c: what the files of a task say */
typedef int show_task(struct seq_file *m, struct task_struct *p);
show_task show_stat, show_status, show_statm, show_maps, show_smaps, show_cmdline, show_environ, show_comm, show_wchan, show_mounts,
	show_mountinfo;
