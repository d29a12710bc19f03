/*
 * Inside the fs room: what the path walk, the dentry cache and the mounts share.
 */
#pragma once
#include "fs/fs.h"
#include "err.h"


/* The hash of a name, a byte at a time; the parent comes in last. The top bits choose the bucket. */
static __always_inline u32 name_hash_step(u32 h, u8 c) { return (h + c) * 0x01000193; }
static __always_inline u32 name_hash_end(u32 h, const struct dentry *parent)
{
	return (h ^ (u32)((u64)parent >> 6)) * 0x9e3779b1;
}
void dcache_init(void), inode_init(void), file_init(void), fdtable_init(void), namei_init(void), mnt_init(void), tmpfs_init(void);
struct dentry *__d_lookup(const struct dentry *parent, const struct qstr *name);	/* borrowed. => dcache_lock */
void d_shrink_tree(struct dentry *root);
char *getname_buf(void);		/* PATH_MAX bytes, or NULL */
void putname_buf(char *buf);

/* ---- mounts ---- */
struct mount *__lookup_mnt(const struct path *p);	/* what is mounted on p, borrowed; NULL. => dcache_lock */
#define ATIME_FLAGS (MS_NOATIME | MS_NODIRATIME | MS_RELATIME)
#define MNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | ATIME_FLAGS)
struct file_system_type *get_fs_type(const char *name);
/* A super block with one more user; ERR_PTR */
struct super_block *get_super(struct file_system_type *type, unsigned long flags, char *data);
void put_super(struct super_block *sb);
/* Takes the caller's user of sb, also when it fails. NULL: no memory */
struct mount *alloc_mount(struct super_block *sb, const char *devname, unsigned flags);
/* What the flags AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH mean to a lookup that follows links */
static inline unsigned lookup_flags(int at)
{
	return (at & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (at & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
}
void follow_mounts(struct path *p);		/* to the topmost mount on it, borrowed. => dcache_lock */
void path_to_top(struct path *p);		/* the same with references */
void mntput(struct mount *mnt);
static inline struct mount *mntget(struct mount *mnt) { atomic_inc(&mnt->mnt_count); return mnt; }
bool mnt_readonly(const struct mount *mnt);
int mnt_want_write(const struct mount *mnt);	/* 0 or -EROFS */
void vfs_statfs(const struct path *path, struct statfs *st);
void set_fs_path(struct path *which, const struct path *to);	/* which is a root or pwd. Takes references of its own */

/* ---- the walk (walk.c) ---- */
enum last_type { LAST_NORM, LAST_ROOT, LAST_DOT, LAST_DOTDOT };
struct nameidata {
	struct path path;		/* referenced unless fast */
	bool fast;			/* dcache_lock is held, path is borrowed */
	bool parent;			/* stop before the last component */
	unsigned flags;			/* LOOKUP_* */
	unsigned links;
	char *buf;			/* holds the rest of the path after a symlink, or NULL */
	struct qstr last;
	enum last_type type;
	bool slash;
};
int walk_begin(struct nameidata *nd, int dfd, const char *name);	/* 0: nd is at the start, fast; EBADF, ENOTDIR */
int walk(struct nameidata *nd, const char *name);
int walk_end(struct nameidata *nd, int err);			/* err. 0: nd->path is referenced; else nd is dropped */
void walk_drop(struct nameidata *nd);				/* gives up path and buf, in either gear; also of an empty one */
void shift_down(struct nameidata *nd);				/* from here on nd->path is referenced */
/* Goes through the link d (referenced; nd is not fast). The rest of the path to walk, or ERR_PTR */
const char *follow_symlink(struct nameidata *nd, struct dentry *d, const char *rest, bool slash);
/* The last component of name, not looked up: in nd->last, its directory in nd->path. walk_drop() ends it. */
int path_parent(int dfd, const char *name, struct nameidata *nd);
/* A child of a directory: referenced, NULL when there is none, ERR_PTR. => dir's i_rwsem (write) */
struct dentry *lookup_one(struct dentry *dir, const struct qstr *name);
int may_create(const struct inode *dir);
int may_delete(struct inode *dir, struct dentry *victim, bool is_dir);	/* is_dir: the caller removes directories */
struct dentry *lookup_existing(struct nameidata *nd);	/* of a locked directory; ERR_PTR, -ENOENT too */
/* Two names from user space; drop_name both when it gives 0. */
long two_names(struct filename *a, const char __user *ua, unsigned a_flags, struct filename *b, const char __user *ub);
int do_renameat2(int ofd, const char *from, int nfd, const char *to, unsigned flags);
bool has_room(const struct dentry *dir);	/* for new names */
bool inode_owner_or_capable(const struct inode *inode);
int may_open(const struct path *path, int acc_mode, int flags);
static inline int get_write_access(struct inode *i)
{
	int old = atomic_read(&i->i_writecount);

	while (old >= 0)
		if (__atomic_compare_exchange_n(&i->i_writecount.v, &old, old + 1, false, 5, 5))
			return 0;
	return -ETXTBSY;
}
static inline void put_write_access(struct inode *i) { atomic_dec(&i->i_writecount); }

/* ---- files ---- */
#define MAX_RW_COUNT 0x7ffff000UL	/* no call moves more */
struct file *dentry_open(const struct path *path, int flags);	/* takes references of its own */
void set_close_on_exec(unsigned fd, bool on);
void locks_remove_posix(struct file *f, struct files_struct *owner);
void locks_remove_flock(struct file *f);
struct flock;
long fcntl_lock(struct file *f, unsigned cmd, struct flock __user *ul);
u64 nofile_limit(void);
int f_dupfd(u64 from, struct file *f, unsigned flags);	/* the lowest free fd from `from` on, with a reference of its own */
int devtmpfs_create(const char *name, umode_t mode, dev_t dev);
