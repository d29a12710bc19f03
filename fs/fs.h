/*
 * fs: names, files, pipes, poll.
 *
 *   fd -> files_struct -> struct file -> struct path (mount + dentry) -> inode -> address_space -> pages
 *                                             dentry tree and hash: names
 *
 * Invariants
 *  F1  A dentry's d_count is the number of references: open files, cwd and root, mounts, children, walks, and one
 *      pin while a name of a memory file system (tmpfs) exists.
 *  F2  A hashed dentry is in the hash under (parent, name), where names are unique, and a pinned one in its parent's
 *      d_children: there are only names that last.
 *  F3  i_nlink is the number of names; an inode goes when i_nlink and i_count are both 0.
 *  F4  An fd is in use exactly when its bit in open_fds is set and fdt->fd[n] is not NULL (or reserved by open).
 *  F5  f_count is the number of fd slots, mappings and system calls in flight.
 *  F6  A directory has one dentry at most; rename never makes a loop (rename_lock).
 *  F7  A pipe's head - tail is the number of its full slots; readers and writers count open ends.
 *
 * Locks: rename mutex > f_pos_lock > mount_sem > i_rwsem (parent, then child by _nested) > pipe->mutex > mmap_lock;
 *        spin: files->file_lock, dcache_lock (d_count 0 -> free, tree, hash, root and pwd).
 *
 * In Linux: fs/, include/linux/fs.h. There d_lock and RCU walk do what dcache_lock does here.
 */
#pragma once
#include "mm/mm.h"
#include "kdev.h"
#include "uapi/stat.h"
#include "uapi/fcntl.h"
#include "uapi/poll.h"
#include "uapi/statfs.h"
#include "uapi/time.h"
#include "uapi/dirent.h"

#define NAME_MAX 255
#define PATH_MAX 4096
#define MAX_SYMLINKS 40

struct iovec;
struct super_block;
struct dentry;
struct file;
struct poll_table;
struct dir_context;
struct seq_file;
struct cred;
struct iattr;

struct file_system_type {
	const char *name;
	int (*fill_super)(struct super_block *sb, char *data);	/* sets s_root; 0 or -errno */
	struct super_block *single;	/* proc, devtmpfs: every mount shows the same */
	bool one_instance;
	struct list_head list;
};
struct super_operations {
	void (*evict_inode)(struct inode *inode);	/* last reference and no name: free what the fs holds */
	void (*statfs)(struct super_block *sb, struct statfs *st);
	void (*put_super)(struct super_block *sb);
	void (*show_options)(struct super_block *sb, struct seq_file *m);
	int (*remount)(struct super_block *sb, unsigned flags, char *data);
};
struct super_block {
	dev_t s_dev;
	u32 s_magic, s_blocksize;
	unsigned long s_flags;		/* MS_RDONLY ... */
	struct dentry *s_root;
	struct file_system_type *s_type;
	const struct super_operations *s_op;
	void *s_fs_info;
	atomic_t s_active;		/* mounts */
	u64 s_next_ino;
};
struct mount {
	struct mount *mnt_parent;	/* itself for the root */
	struct dentry *mnt_mountpoint, *mnt_root;
	struct super_block *mnt_sb;
	unsigned mnt_flags;
	int mnt_id;			/* for mountinfo */
	atomic_t mnt_count;
	char *mnt_devname;
	struct list_head mnt_list;	/* all, in order of mounting; mount_sem */
	struct hlist_node mnt_hash;
};
struct path {
	struct mount *mnt;
	struct dentry *dentry;
};

struct inode_operations {
	/* Makes dentry positive with d_add(); returns 0, or -ENOENT with the dentry untouched. NULL op: the dcache holds all names. => dir i_rwsem (read or write) */
	int (*lookup)(struct inode *dir, struct dentry *dentry);
	int (*create)(struct inode *dir, struct dentry *dentry, umode_t mode);	/* regular file; d_instantiate on success */
	int (*mkdir)(struct inode *dir, struct dentry *dentry, umode_t mode);
	int (*mknod)(struct inode *dir, struct dentry *dentry, umode_t mode, dev_t dev);	/* also FIFOs, sockets */
	int (*symlink)(struct inode *dir, struct dentry *dentry, const char *target);
	int (*link)(struct dentry *old, struct inode *dir, struct dentry *dentry);
	int (*unlink)(struct inode *dir, struct dentry *dentry);
	int (*rmdir)(struct inode *dir, struct dentry *dentry);
	int (*rename)(struct inode *odir, struct dentry *old, struct inode *ndir, struct dentry *new);
	/* The target, NUL-ended, valid while the inode is referenced; buf of PATH_MAX may be used. ERR_PTR */
	const char *(*get_link)(struct dentry *dentry, struct inode *inode, char *buf);
	/* For magic links (/proc/PID/fd/N, exe, cwd): the path itself, referenced; NULL op for others */
	int (*follow_link)(struct dentry *dentry, struct path *out);
	int (*permission)(struct inode *inode, int mask);
	int (*setattr)(struct dentry *dentry, struct iattr *attr);	/* NULL: simple_setattr */
};
struct inode {
	umode_t i_mode;
	uid_t i_uid;
	gid_t i_gid;
	dev_t i_rdev;
	unsigned i_nlink;		/* F3 */
	atomic_t i_count;
	u64 i_ino;
	loff_t i_size;			/* i_rwsem; read through i_size_read */
	struct timespec64 i_atime, i_mtime, i_ctime;
	const struct inode_operations *i_op;
	const struct file_operations *i_fop;
	struct super_block *i_sb;
	struct address_space *i_mapping, i_data;
	struct rw_semaphore i_rwsem;	/* contents, size, and for directories the names */
	atomic_t i_writecount;		/* >0 writers, <0 executables mapped: ETXTBSY */
	struct pipe_inode_info *i_pipe;
	void *i_private;
	char *i_link;			/* tmpfs symlink target */
	u64 i_dir_cookie;		/* d_cookie of the newest name in this directory: they count down */
	struct file_lock *i_flock;	/* locks.c: POSIX and flock locks */
};
struct iattr {
	unsigned ia_valid;		/* ATTR_* */
	umode_t ia_mode;
	uid_t ia_uid;
	gid_t ia_gid;
	loff_t ia_size;
	struct timespec64 ia_atime, ia_mtime;
};
#define ATTR_MODE 1
#define ATTR_UID 2
#define ATTR_GID 4
#define ATTR_SIZE 8
#define ATTR_ATIME 16
#define ATTR_MTIME 32
#define ATTR_FORCE 64			/* no permission check: the kernel itself asks */
#define ATTR_ATIME_SET 128		/* explicit value, not "now" */
#define ATTR_MTIME_SET 256

#define DNAME_INLINE_LEN 40
struct qstr {
	const char *name;
	u32 len, hash;
};
struct dentry_operations {
	int (*d_revalidate)(struct dentry *dentry);	/* 1 valid, 0: drop and look up again */
};
struct dentry {
	atomic_t d_count;		/* F1 */
	unsigned d_flags;
	struct inode *d_inode;		/* NULL: negative */
	struct dentry *d_parent;	/* itself for a root */
	struct qstr d_name;
	char d_iname[DNAME_INLINE_LEN];
	struct hlist_node d_hash;
	struct list_head d_child, d_children;	/* in order of d_cookie */
	struct dentry *d_cursor;	/* child where the last readdir stopped, or NULL */
	u64 d_cookie;			/* position for readdir: fixed for the dentry's life in its directory */
	struct super_block *d_sb;
	const struct dentry_operations *d_op;
};
#define DCACHE_MOUNTED BIT(0)		/* something is mounted here */
#define DCACHE_PINNED BIT(1)		/* memory fs: the name itself holds a reference */
#define DCACHE_UNHASHED BIT(2)
#define DCACHE_DELETED BIT(3)		/* /proc shows " (deleted)" */
extern struct spinlock dcache_lock;	/* tree, names, hash, mount hash; fs->root and pwd change under it too */

struct file_operations {
	loff_t (*llseek)(struct file *f, loff_t off, int whence);	/* NULL: generic; no_llseek gives ESPIPE */
	ssize_t (*read)(struct file *f, char __user *buf, size_t n, loff_t *pos);
	ssize_t (*write)(struct file *f, const char __user *buf, size_t n, loff_t *pos);
	/* writev as one write, total bytes; NULL: write() for each part. Pipes: one message stays in one piece. */
	ssize_t (*writev)(struct file *f, const struct iovec *v, size_t total);
	unsigned (*poll)(struct file *f, struct poll_table *pt);	/* POLL* bits ready; NULL: always IN|OUT */
	long (*ioctl)(struct file *f, unsigned cmd, unsigned long arg);
	int (*mmap)(struct file *f, struct vm_area_struct *vma);	/* sets vm_ops */
	int (*open)(struct inode *inode, struct file *f);
	int (*release)(struct inode *inode, struct file *f);	/* last reference gone */
	int (*iterate)(struct file *f, struct dir_context *ctx);	/* directories, without . and ..; ctx->pos is 2 or more and moves on */
	int (*fsync)(struct file *f);
	bool unseekable;			/* pipes, ttys: lseek, pread and pwrite give ESPIPE */
};
struct dir_context {
	/* false: the buffer is full, stop (pos stays at this entry). */
	bool (*actor)(struct dir_context *ctx, const char *name, int len, loff_t pos, u64 ino, unsigned d_type);
	loff_t pos;
};
#define DIR_END (1L << 62)	/* behind all names of dcache_names */
#define FMODE_READ 1u
#define FMODE_WRITE 2u
#define FMODE_PATH 4u
#define FMODE_DENYWRITE 16u		/* open_exec: nobody may write while it is open */
struct file {
	atomic_t f_count;
	unsigned f_flags, f_mode;
	struct path f_path;
	struct inode *f_inode;
	const struct file_operations *f_op;
	struct mutex f_pos_lock;
	loff_t f_pos;
	void *private_data;
	struct address_space *f_mapping;
};
struct fdtable {
	unsigned max_fds;
	struct file **fd;
	unsigned long *open_fds, *close_on_exec;
};
struct files_struct {
	atomic_t count;
	struct spinlock file_lock;
	struct fdtable *fdt;
	struct fdtable fdtab;			/* the first 64 without an allocation */
	unsigned next_fd;
	struct file *fd_array[64];
	unsigned long open_fds_init[1], close_on_exec_init[1];
};
struct fs_struct {
	atomic_t users;
	umode_t umask;
	struct path root, pwd;		/* dcache_lock */
};

/* ---- namei.c: from a name to a dentry ---- */
#define LOOKUP_FOLLOW 1u		/* follow a symlink at the end */
#define LOOKUP_DIRECTORY 2u		/* ENOTDIR unless it is one */
#define LOOKUP_EMPTY 4u			/* "" means dirfd itself (AT_EMPTY_PATH) */
struct filename {
	char *name;			/* kernel copy of a user path */
	char iname[64];
};
/* n lies on the caller's stack and ends in drop_name(), failed or not. 0, EFAULT ENAMETOOLONG ENOENT(empty) ENOMEM */
int init_name(struct filename *n, const char __user *name, unsigned lookup_flags);
void drop_name(struct filename *n);
int filename_lookup(int dfd, const char *name, unsigned flags, struct path *out);	/* out referenced; -errno */
int kern_path(const char *name, unsigned flags, struct path *out);
int user_path_at(int dfd, const char __user *name, unsigned flags, struct path *out);
/* open(2)'s work on a kernel name: a new struct file, or ERR_PTR. May sleep */
struct file *do_filp_open(int dfd, const char *name, int flags, umode_t mode);
struct file *filp_open(const char *name, int flags, umode_t mode);
struct file *open_exec(int dfd, const char *name, int flags);	/* deny_write done; ERR_PTR: EACCES, ETXTBSY ... */
int inode_permission(struct inode *inode, int mask);	/* MAY_*; 0 or -EACCES, -EROFS */
#define MAY_EXEC 1
#define MAY_WRITE 2
#define MAY_READ 4
bool capable(int cap);
int do_mkdirat(int dfd, const char *name, umode_t mode);	/* kernel names, for initramfs and devtmpfs */
int do_mknodat(int dfd, const char *name, umode_t mode, dev_t dev);
int do_symlinkat(const char *target, int dfd, const char *name);
int do_linkat(int ofd, const char *old, int nfd, const char *new, int flags);
int do_unlinkat(int dfd, const char *name);
int do_rmdir(int dfd, const char *name);
/* Absolute name of path as root sees it, in buf's end; " (deleted)" added; ERR_PTR(-ENAMETOOLONG) */
char *d_path(const struct path *path, char *buf, int size);
static inline void path_get(const struct path *p);
void path_put(const struct path *p);		/* of an empty one too */

/* ---- dcache.c, inode.c, super.c ---- */
struct dentry *d_alloc(struct dentry *parent, const struct qstr *name);	/* negative, unhashed, count 1 */
struct dentry *d_make_root(struct inode *inode);		/* takes the inode's reference, frees it on failure */
struct dentry *d_lookup(struct dentry *parent, const struct qstr *name);	/* referenced or NULL */
void d_add(struct dentry *d, struct inode *inode);		/* instantiate and hash; takes the inode's reference */
void d_pin(struct dentry *d);					/* memory fs: the name's own reference */
void d_drop(struct dentry *d);					/* out of hash and parent's list: no longer found; a pin goes */
/* d takes target's place and name, and target (dropped) d's. => both directories' i_rwsem (write) */
void d_move(struct dentry *d, struct dentry *target);
struct dentry *dget(struct dentry *d);
void dput(struct dentry *d);					/* NULL is fine. May sleep (evict) */
u32 full_name_hash(const struct dentry *parent, const char *name, unsigned len);
struct inode *new_inode(struct super_block *sb);		/* count 1, nlink 1, times now, ino given; NULL */
void iput(struct inode *inode);				/* NULL is fine. May sleep */
static inline struct inode *igrab(struct inode *i) { atomic_inc(&i->i_count); return i; }
static inline loff_t i_size_read(const struct inode *i) { return READ_ONCE(i->i_size); }
static inline void i_size_write(struct inode *i, loff_t n) { WRITE_ONCE(i->i_size, n); }
static inline void path_get(const struct path *p) { atomic_inc(&p->mnt->mnt_count); dget(p->dentry); }
int simple_setattr(struct dentry *dentry, struct iattr *attr);
int notify_change(struct dentry *dentry, struct iattr *attr);	/* checks permission, then i_op->setattr. => i_rwsem write */
int do_truncate(struct dentry *dentry, loff_t size);
void inode_init_owner(struct inode *inode, const struct inode *dir, umode_t mode);
/* Sets i_fop by type for devices, FIFOs and sockets. */
void init_special_inode(struct inode *inode, umode_t mode, dev_t rdev);
struct timespec64 current_time(void);
void inode_update_time(struct inode *i, bool mtime);
void register_filesystem(struct file_system_type *fs);
extern struct list_head file_systems;
extern struct rw_semaphore mount_sem;
extern struct list_head mount_list;
extern struct path root_path;					/* the rootfs, before any chroot */
/* For iterate: the pinned names of a directory, the newest first; false: the actor has enough. */
bool dcache_names(struct file *f, struct dir_context *ctx);
extern const struct file_operations simple_dir_operations;	/* directories of memory file systems */
int nothing_to_sync(struct file *f);				/* their fsync */
bool simple_empty(struct dentry *d);
u64 nr_dentries(void), nr_inodes(void), nr_files(void);

/* ---- file.c: descriptors ---- */
struct file *alloc_file(const struct path *path, unsigned f_flags, const struct file_operations *fop);	/* takes path's references; ERR_PTR */
/* A file that has no name (pipe): own inode in a kernel mount; ERR_PTR */
struct file *alloc_file_pseudo(struct inode *inode, const char *name, unsigned f_flags, const struct file_operations *fop);
extern struct super_block *anon_sb;				/* where pipes and the like live */
void fput(struct file *f);
static inline struct file *get_file(struct file *f) { atomic_inc(&f->f_count); return f; }
/* A borrowed file: no atomic when the table is not shared (bit 0 of the word says "put it"). */
struct fd {
	struct file *file;
	bool need_put;
};
struct fd fdget(unsigned fd);					/* not O_PATH; file is NULL when there is none */
struct fd fdget_raw(unsigned fd);				/* O_PATH too */
static inline void fdput(struct fd *f) { if (f->need_put) fput(f->file); }	/* also of an empty one */
int get_unused_fd_flags(unsigned flags);			/* reserves the lowest free fd (O_CLOEXEC); -EMFILE, -ENOMEM */
void put_unused_fd(unsigned fd);
void fd_install(unsigned fd, struct file *f);
int close_fd(unsigned fd);
struct files_struct *dup_fd(struct files_struct *old);		/* ERR_PTR */
void put_files_struct(struct files_struct *files);
void do_close_on_exec(struct files_struct *files);
struct fs_struct *copy_fs_struct(struct fs_struct *old);	/* NULL */
void put_fs_struct(struct fs_struct *fs);
extern struct files_struct init_files;
extern struct fs_struct init_fs;
ssize_t kernel_read(struct file *f, void *buf, size_t n, loff_t *pos);	/* regular files: through the page cache */
ssize_t vfs_read(struct file *f, char __user *buf, size_t n, loff_t *pos);
ssize_t vfs_write(struct file *f, const char __user *buf, size_t n, loff_t *pos);

/* ---- devices ---- */
int register_chrdev(unsigned major, unsigned minor, const char *name, umode_t mode, const struct file_operations *fops);	/* and makes /dev/name in devtmpfs */
const struct file_operations *chrdev_fops(dev_t dev);

/* ---- select.c: poll ---- */
struct poll_table {
	void (*queue)(struct poll_table *pt, struct file *f, struct wait_queue_head *wq);	/* NULL: only asking */
	unsigned events;
};
static inline void poll_wait(struct file *f, struct wait_queue_head *wq, struct poll_table *pt)
{
	if (pt && pt->queue)
		pt->queue(pt, f, wq);
}

/* ---- pipe.c ---- */
extern const struct file_operations pipefifo_fops;
int do_pipe2(int fd[2], int flags);

/* ---- seq: text files whose whole content a function prints (proc) ---- */
struct seq_file {
	char *buf;
	size_t size, count;		/* count may pass size: it is then printed again into a larger buffer */
	int (*show)(struct seq_file *m, void *v);
	void *private;
};
int seq_printf(struct seq_file *m, const char *fmt, ...) __printf(2, 3);
void seq_puts(struct seq_file *m, const char *s);
void seq_putc(struct seq_file *m, char c);
void seq_write(struct seq_file *m, const void *p, size_t n);
void seq_escape(struct seq_file *m, const char *s, const char *escape);	/* characters of escape as \ooo */
void seq_path(struct seq_file *m, const struct path *path, const char *escape);
/* Read functions for a file whose show() prints all: fops->open calls single_open; read, llseek, release are these. */
int single_open(struct file *f, int (*show)(struct seq_file *m, void *v), void *data);
loff_t seq_lseek(struct file *f, loff_t off, int whence);
ssize_t seq_read(struct file *f, char __user *buf, size_t n, loff_t *pos);
int single_release(struct inode *inode, struct file *f);

/* ---- initramfs.c ---- */
/* Unpacks newc archives (several back to back, zero padding between) into the root. 0, or -errno after naming the bad entry. __init */
int unpack_initramfs(const void *data, size_t len);

void vfs_init(void);				/* caches, rootfs (a tmpfs) mounted, init_fs and init_files set */

/*
 * Doors, called upward from fs: kernel/process.h for credentials (in_group_p, prepare_creds, put_cred, capable) and the
 * mask of ppoll (sigprocmask_set); tmpfs, on which the root lies, by tmpfs_init and devtmpfs_create.
 */
