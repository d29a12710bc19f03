/*
 * inode: a file without its name; who may do what with it, and how its attributes change.
 *
 * There is no inode cache: an inode lives while a dentry or a file holds it (i_count). For a memory file system
 * that is as long as a name or an open file exists (F3).
 *
 * Locks: i_rwsem (write) for attribute changes; counts are atomic.
 * In Linux: fs/inode.c, fs/attr.c, and generic_permission of fs/namei.c. There also ACLs and id-mapped mounts.
 */
#include "fs/namei.h"
#include "kernel/process.h"
#include "uapi/capability.h"
#include "uapi/mount.h"

static struct kmem_cache *inode_cache;
static atomic_long_t inodes;
static const struct inode_operations no_operations;

void __init inode_init(void)
{
	inode_cache = kmem_cache_create("inode_cache", sizeof(struct inode), 0);
}

u64 nr_inodes(void) { return atomic_long_read(&inodes); }

struct timespec64 current_time(void)
{
	u64 ns = ktime_get_real(), sec = ns / NSEC_PER_SEC;

	return (struct timespec64){ .tv_sec = sec, .tv_nsec = ns - sec * NSEC_PER_SEC };
}

struct inode *new_inode(struct super_block *sb)
{
	struct inode *i = kmem_cache_alloc(inode_cache, __GFP_ZERO);

	if (!i)
		return NULL;
	atomic_set(&i->i_count, 1);
	i->i_nlink = 1;
	i->i_ino = __atomic_add_fetch(&sb->s_next_ino, 1, __ATOMIC_RELAXED);
	i->i_atime = i->i_mtime = i->i_ctime = current_time();
	i->i_sb = sb;
	i->i_op = &no_operations;
	i->i_dir_cookie = DIR_END;
	init_rwsem(&i->i_rwsem, "i_rwsem", RANK_I_RWSEM);
	address_space_init(&i->i_data, i, NULL);
	i->i_mapping = &i->i_data;
	atomic_long_inc(&inodes);
	return i;
}

void iput(struct inode *i)
{
	if (!i || !atomic_dec_and_test(&i->i_count))
		return;
	/* Last reference. */
	if (i->i_data.nrpages)
		truncate_inode_pages(&i->i_data, 0);
	if (i->i_sb->s_op->evict_inode)
		i->i_sb->s_op->evict_inode(i);
	kfree(i->i_pipe);
	atomic_long_add(-1, &inodes);
	kmem_cache_free(inode_cache, i);
}

void inode_init_owner(struct inode *inode, const struct inode *dir, umode_t mode)
{
	inode->i_uid = current_cred()->fsuid;
	inode->i_gid = current_cred()->fsgid;
	if (dir && (dir->i_mode & S_ISGID)) {
		inode->i_gid = dir->i_gid;
		if (S_ISDIR(mode))
			mode |= S_ISGID;
		else if ((mode & (S_ISGID | 0010)) == (S_ISGID | 0010) && !in_group_p(dir->i_gid) && !capable(CAP_FSETID))
			mode &= ~S_ISGID;
	}
	inode->i_mode = mode;
}

void inode_update_time(struct inode *i, bool mtime)
{
	i->i_ctime = current_time();
	if (mtime)
		i->i_mtime = i->i_ctime;
}

bool inode_owner_or_capable(const struct inode *inode)
{
	return current_cred()->fsuid == inode->i_uid || capable(CAP_FOWNER);
}

int inode_permission(struct inode *inode, int mask)
{
	umode_t mode = inode->i_mode;

	if ((mask & MAY_WRITE) && (inode->i_sb->s_flags & MS_RDONLY) && (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode)))
		return -EROFS;
	if (inode->i_op->permission)
		return inode->i_op->permission(inode, mask);
	if (current_cred()->fsuid == inode->i_uid)
		mode >>= 6;
	else if ((mode >> 3 & 7) != (mode & 7) && in_group_p(inode->i_gid))
		mode >>= 3;
	if ((mask & mode & 7) == mask)
		return 0;
	if (S_ISDIR(inode->i_mode)) {
		if (!(mask & MAY_WRITE) && capable(CAP_DAC_READ_SEARCH))
			return 0;
		return capable(CAP_DAC_OVERRIDE) ? 0 : -EACCES;
	}
	if (mask == MAY_READ && capable(CAP_DAC_READ_SEARCH))
		return 0;
	/* Nobody executes what has no x bit at all. */
	if (!(mask & MAY_EXEC) || (inode->i_mode & S_IXUGO))
		return capable(CAP_DAC_OVERRIDE) ? 0 : -EACCES;
	return -EACCES;
}

int simple_setattr(struct dentry *dentry, struct iattr *a)
{
	struct inode *i = dentry->d_inode;
	struct timespec64 now = current_time();

	if (a->ia_valid & ATTR_SIZE) {
		loff_t old = i->i_size;

		i_size_write(i, a->ia_size);
		if (a->ia_size < old)
			truncate_inode_pages(i->i_mapping, a->ia_size);
		i->i_mtime = now;
	}
	if (a->ia_valid & ATTR_MODE)
		i->i_mode = (i->i_mode & S_IFMT) | (a->ia_mode & S_IALLUGO);
	if (a->ia_valid & ATTR_UID)
		i->i_uid = a->ia_uid;
	if (a->ia_valid & ATTR_GID)
		i->i_gid = a->ia_gid;
	if (a->ia_valid & ATTR_ATIME)
		i->i_atime = a->ia_valid & ATTR_ATIME_SET ? a->ia_atime : now;
	if (a->ia_valid & ATTR_MTIME)
		i->i_mtime = a->ia_valid & ATTR_MTIME_SET ? a->ia_mtime : now;
	i->i_ctime = now;
	return 0;
}

/* May the caller change these attributes? Linux's setattr_prepare. */
static int setattr_prepare(struct inode *i, struct iattr *a)
{
	bool owner = current_cred()->fsuid == i->i_uid;
	gid_t gid = a->ia_valid & ATTR_GID ? a->ia_gid : i->i_gid;

	if ((a->ia_valid & ATTR_UID) && !(owner && a->ia_uid == i->i_uid) && !capable(CAP_CHOWN))
		return -EPERM;
	if ((a->ia_valid & ATTR_GID) && !(owner && (gid == i->i_gid || in_group_p(gid))) && !capable(CAP_CHOWN))
		return -EPERM;
	if (a->ia_valid & ATTR_MODE) {
		if (!inode_owner_or_capable(i))
			return -EPERM;
		if (!in_group_p(gid) && !capable(CAP_FSETID))
			a->ia_mode &= ~S_ISGID;
	}
	if ((a->ia_valid & (ATTR_ATIME_SET | ATTR_MTIME_SET)) && !inode_owner_or_capable(i))
		return -EPERM;
	if ((a->ia_valid & (ATTR_ATIME | ATTR_MTIME)) && !inode_owner_or_capable(i))
		return inode_permission(i, MAY_WRITE);
	return 0;
}

/* What a change of owner or content does to the set-id bits. */
static umode_t without_privs(const struct inode *i, umode_t mode)
{
	mode &= ~S_ISUID;
	if (mode & 0010 || (!in_group_p(i->i_gid) && !capable(CAP_FSETID)))
		mode &= ~S_ISGID;
	return mode;
}

int notify_change(struct dentry *dentry, struct iattr *a)
{
	struct inode *i = dentry->d_inode;
	int err = a->ia_valid & ATTR_FORCE ? 0 : setattr_prepare(i, a);

	if (err)
		return err;
	if ((a->ia_valid & (ATTR_UID | ATTR_GID)) && !S_ISDIR(i->i_mode) && !(a->ia_valid & ATTR_MODE) &&
	    (i->i_mode & (S_ISUID | S_ISGID))) {
		a->ia_valid |= ATTR_MODE;
		a->ia_mode = without_privs(i, i->i_mode);
	}
	return i->i_op->setattr ? i->i_op->setattr(dentry, a) : simple_setattr(dentry, a);
}

int do_truncate(struct dentry *dentry, loff_t size)
{
	struct iattr a = { .ia_valid = ATTR_SIZE | ATTR_FORCE, .ia_size = size };
	struct inode *i = dentry->d_inode;

	if (size > 0 && (u64)size > rlimit(RLIMIT_FSIZE) && size > i_size_read(i)) {
		send_sig(SIGXFSZ, current, false);
		return -EFBIG;
	}
	down_write(&i->i_rwsem);
	if ((i->i_mode & (S_ISUID | S_ISGID)) && !capable(CAP_FSETID)) {
		a.ia_valid |= ATTR_MODE;
		a.ia_mode = without_privs(i, i->i_mode);
	}
	int err = notify_change(dentry, &a);
	up_write(&i->i_rwsem);
	return err;
}
