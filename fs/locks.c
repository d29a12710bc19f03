/*
 * locks: advisory locks, fcntl's on byte ranges and flock's on whole files.
 *
 * An inode has one list of both kinds. POSIX locks belong to a process (its files_struct) and go with its first
 * close of the file; flocks belong to the struct file. Who must wait sleeps on one queue for all files and tries again
 * whenever any lock goes. Who would close a circle of processes that wait for each other's byte ranges gets EDEADLK.
 *
 * Lock: flock_lock guards all lists.
 * In Linux: fs/locks.c. There also: leases, open-file-description locks, merging of neighbours.
 */
#include "fs/namei.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/syscall.h"

struct file_lock {
	struct file_lock *next;
	void *owner;			/* files_struct, or struct file for flock */
	pid_t pid;
	int type;			/* F_RDLCK, F_WRLCK, F_UNLCK */
	bool flock;
	loff_t start, end;		/* end inclusive */
	void *blocker;			/* on the list blocked: the owner it waits for */
};
static DEFINE_SPINLOCK(flock_lock, RANK_MISC);
static DECLARE_WAIT_QUEUE_HEAD(flock_wait);
static struct file_lock *blocked;	/* what somebody sleeps for */

/* A lock of somebody else that keeps want from being had. => flock_lock */
static struct file_lock *conflict(struct inode *i, const struct file_lock *want)
{
	struct file_lock *l;

	for (l = i->i_flock; l; l = l->next)
		if (l->flock == want->flock && l->owner != want->owner && l->start <= want->end && l->end >= want->start &&
		    (l->type == F_WRLCK || want->type == F_WRLCK))
			return l;
	return NULL;
}

/* Takes want's range out of its owner's locks; *spare is used when one falls apart. Whether one went. => flock_lock */
static bool carve(struct inode *i, const struct file_lock *want, struct file_lock **spare)
{
	struct file_lock **p = &i->i_flock, *l;
	bool gone = false;

	while ((l = *p)) {
		bool left = l->start < want->start, right = l->end > want->end;

		if (l->flock != want->flock || l->owner != want->owner || l->start > want->end || l->end < want->start) {
			p = &l->next;
			continue;
		}
		if (left && right) {
			struct file_lock *r = *spare;

			*spare = NULL;
			*r = *l;
			r->start = want->end + 1;
			l->end = want->start - 1;
			l->next = r;
			p = &r->next;
		} else if (left || right) {
			if (left)
				l->end = want->start - 1;
			else
				l->start = want->end + 1;
			p = &l->next;
		} else {
			*p = l->next;
			kfree(l);
			gone = true;
		}
	}
	return gone;
}

/* Does the owner of what want waits for wait for want's owner, in at most ten steps? => flock_lock */
static bool deadlock(const struct file_lock *want)
{
	void *owner = want->blocker;

	for (int step = 0; step < 10 && owner != want->owner; step++) {
		struct file_lock *l = blocked;

		while (l && l->owner != owner)
			l = l->next;
		if (!l)
			return false;
		owner = l->blocker;
	}
	return owner == want->owner;
}

/* Who waits for owner will look again. => flock_lock */
static void forget_blocker(void *owner)
{
	for (struct file_lock *l = blocked; l; l = l->next)
		if (l->blocker == owner)
			l->blocker = NULL;
}

/* 0, -EAGAIN, -EDEADLK if wait, -ENOLCK */
static int try_lock(struct inode *i, struct file_lock *want, bool wait)
{
	struct file_lock *new = kmemdup(want, sizeof(*want), GFP_KERNEL), *spare = kmalloc(sizeof(*spare), GFP_KERNEL);
	bool gone = false;
	int err = new && spare ? 0 : -ENOLCK;

	if (!err) {
		spin_lock(&flock_lock);
		struct file_lock *l = want->type == F_UNLCK ? NULL : conflict(i, want);
		if (l) {
			want->blocker = l->owner;
			err = wait && !want->flock && deadlock(want) ? -EDEADLK : -EAGAIN;
		}
		if (!err || want->flock)	/* flock gives its old lock up before it waits for the new */
			gone = carve(i, want, &spare);
		if (!err && want->type != F_UNLCK) {
			new->next = i->i_flock;
			i->i_flock = new;
			new = NULL;
		}
		gone |= !err && want->type != F_WRLCK;	/* or became less */
		if (gone)
			forget_blocker(want->owner);
		spin_unlock(&flock_lock);
	}
	kfree(new);
	kfree(spare);
	if (gone)
		wake_up_all(&flock_wait);
	return err;
}

static int do_lock(struct file *f, struct file_lock *want, bool wait)
{
	int err = try_lock(f->f_inode, want, wait), sig;
	struct file_lock **p = &blocked;

	if (err != -EAGAIN || !wait)
		return err;
	spin_lock(&flock_lock);
	want->next = blocked;
	blocked = want;
	spin_unlock(&flock_lock);
	sig = wait_event_interruptible(&flock_wait, (err = try_lock(f->f_inode, want, true)) != -EAGAIN);
	spin_lock(&flock_lock);
	while (*p != want)
		p = &(*p)->next;
	*p = want->next;
	spin_unlock(&flock_lock);
	return sig ? sig : err;
}

static void remove_all(struct inode *i, void *owner, bool flock)
{
	struct file_lock all = { .owner = owner, .type = F_UNLCK, .flock = flock, .end = INT64_MAX }, *spare = NULL;

	spin_lock(&flock_lock);
	bool gone = carve(i, &all, &spare);	/* nothing falls apart: the range is everything */
	if (gone)
		forget_blocker(owner);
	spin_unlock(&flock_lock);
	if (gone)
		wake_up_all(&flock_wait);
}

void locks_remove_posix(struct file *f, struct files_struct *owner) { remove_all(f->f_inode, owner, false); }
void locks_remove_flock(struct file *f) { remove_all(f->f_inode, f, true); }

/* struct flock's range. 0, -EINVAL, -EOVERFLOW */
static int flock_to_lock(struct file *f, const struct flock *u, struct file_lock *l)
{
	loff_t base = u->l_whence == 1 ? f->f_pos : u->l_whence == 2 ? i_size_read(f->f_inode) : 0;

	if (u->l_whence < 0 || u->l_whence > 2)
		return -EINVAL;
	if (__builtin_add_overflow(base, u->l_start, &l->start))
		return -EOVERFLOW;
	if (l->start < 0)
		return -EINVAL;
	l->end = INT64_MAX;
	if (u->l_len > 0) {
		if (__builtin_add_overflow(l->start, u->l_len - 1, &l->end))
			return -EOVERFLOW;
	} else if (u->l_len < 0) {
		if (l->start + u->l_len < 0)
			return -EINVAL;
		l->end = l->start - 1;
		l->start += u->l_len;
	}
	l->type = u->l_type;
	return u->l_type < F_RDLCK || u->l_type > F_UNLCK ? -EINVAL : 0;
}

/* F_GETLK: the lock that is in the way of want, or F_UNLCK */
static void get_conflict(struct inode *i, const struct file_lock *want, struct flock *u)
{
	spin_lock(&flock_lock);
	struct file_lock *l = conflict(i, want);
	u->l_type = F_UNLCK;
	if (l)
		*u = (struct flock){ .l_type = l->type, .l_start = l->start, .l_pid = l->pid,
			.l_len = l->end == INT64_MAX ? 0 : l->end - l->start + 1 };
	spin_unlock(&flock_lock);
}

/* F_GETLK, F_SETLK, F_SETLKW */
long fcntl_lock(struct file *f, unsigned cmd, struct flock __user *ul)
{
	struct file_lock want = { .owner = current->files, .pid = current->tgid };
	struct flock u;

	if (copy_from_user(&u, ul, sizeof(u)))
		return -EFAULT;
	long err = cmd == F_GETLK && u.l_type != F_RDLCK && u.l_type != F_WRLCK ? -EINVAL : flock_to_lock(f, &u, &want);
	if (err)
		return err;
	if (cmd == F_GETLK) {
		get_conflict(f->f_inode, &want, &u);
		return copy_to_user(ul, &u, sizeof(u)) ? -EFAULT : 0;
	}
	if ((want.type == F_RDLCK && !(f->f_mode & FMODE_READ)) || (want.type == F_WRLCK && !(f->f_mode & FMODE_WRITE)))
		return -EBADF;
	return do_lock(f, &want, cmd == F_SETLKW);
}

long sys_flock(unsigned fd, unsigned cmd)
{
	struct fd f __cleanup(fdput) = fdget(fd);
	struct file_lock want = { .owner = f.file, .pid = current->tgid, .flock = true, .end = INT64_MAX };

	switch (cmd & ~LOCK_NB) {
	case LOCK_SH: want.type = F_RDLCK; break;
	case LOCK_EX: want.type = F_WRLCK; break;
	case LOCK_UN: want.type = F_UNLCK; break;
	default: return -EINVAL;
	}
	if (!f.file || (want.type != F_UNLCK && !(f.file->f_mode & (FMODE_READ | FMODE_WRITE))))
		return -EBADF;
	return do_lock(f.file, &want, !(cmd & LOCK_NB));
}
