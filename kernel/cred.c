/*
 * Credentials: who a task acts for, and what that allows.
 *
 * A struct cred never changes once a task has it: prepare_creds makes a copy, the copy is changed, commit_creds
 * puts it in the old one's place. So fork shares it, and who looks at another task's needs only tasklist_lock.
 *
 * A change of user ids carries the capabilities along: root gains them, who leaves root behind loses them.
 * Left out: the bounding and ambient sets, securebits but for PR_SET_KEEPCAPS, setfsuid.
 * In Linux: kernel/cred.c, security/commoncap.c, the set*id calls of kernel/sys.c, kernel/capability.c.
 */
#include "err.h"
#include "string.h"
#include "asm/uaccess.h"
#include "fs/fs.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "uapi/capability.h"

#define NO_ID ((u32)-1)			/* "leave it as it is"; no user has this number */

struct cred init_cred = {
	.usage = ATOMIC_INIT(1),
	.cap_permitted = CAP_FULL_SET, .cap_effective = CAP_FULL_SET,
};

struct cred *prepare_creds(void)
{
	struct cred *new = kmem_cache_alloc(cred_jar, GFP_KERNEL);
	if (!new)
		return NULL;
	*new = *current->cred;
	atomic_set(&new->usage, 1);
	return new;
}

const struct cred *get_cred(const struct cred *c)
{
	atomic_inc(&((struct cred *)c)->usage);
	return c;
}

void put_cred(const struct cred *c)
{
	if (atomic_dec_and_test(&((struct cred *)c)->usage))
		kmem_cache_free(cred_jar, (struct cred *)c);
}

/* current acts with new from here on. A changed identity makes the process undumpable and parentless in death. */
void commit_creds(struct cred *new)
{
	const struct cred *old = current->cred;
	bool changed = new->euid != old->euid || new->egid != old->egid || new->fsuid != old->fsuid ||
		       new->fsgid != old->fsgid || (new->cap_permitted & ~old->cap_permitted);

	if (changed) {
		if (current->mm)
			current->mm->dumpable = 0;
		current->pdeath_signal = 0;
	}
	u64 flags = spin_lock_irqsave(&tasklist_lock);
	current->cred = new;
	spin_unlock_irqrestore(&tasklist_lock, flags);
	put_cred(old);
}

bool capable(int cap) { return current->cred->cap_effective >> cap & 1; }

bool in_group_p(gid_t gid)
{
	const struct cred *c = current->cred;
	if (gid == c->fsgid)
		return true;
	for (unsigned i = 0; i < c->ngroups; i++)
		if (c->groups[i] == gid)
			return true;
	return false;
}

/* ---- the set*id family: the same rules for users and groups ---- */

struct ids {
	u32 real, saved, effective, fs;
};
_Static_assert(offsetof(struct cred, fsgid) - offsetof(struct cred, gid) == offsetof(struct ids, fs), "cred holds two struct ids");

static struct ids *cred_ids(const struct cred *c, bool group) { return (struct ids *)(group ? &c->gid : &c->uid); }
static bool all_nonzero(const struct cred *c) { return c->uid && c->euid && c->suid; }

/* Capabilities follow the user ids. */
static void fix_caps(struct cred *new, const struct cred *old)
{
	if (!all_nonzero(old) && all_nonzero(new) && !new->keep_caps)
		new->cap_permitted = new->cap_effective = 0;
	if (!old->euid && new->euid)
		new->cap_effective = 0;
	if (old->euid && !new->euid)
		new->cap_effective = new->cap_permitted;
}

static long change_ids(struct ids ids, bool group)
{
	struct cred *new = prepare_creds();
	if (!new)
		return -ENOMEM;
	ids.fs = ids.effective;
	*cred_ids(new, group) = ids;
	if (!group)
		fix_caps(new, current->cred);
	commit_creds(new);
	return 0;
}

static bool may_set(bool group) { return capable(group ? CAP_SETGID : CAP_SETUID); }
static bool is_one_of(u32 id, const struct ids *o) { return id == o->real || id == o->effective || id == o->saved; }

static long set_id(u32 id, bool group)
{
	struct ids n = *cred_ids(current->cred, group);
	if (id == NO_ID)
		return -EINVAL;
	if (may_set(group))
		n.real = n.saved = id;
	else if (id != n.real && id != n.saved)
		return -EPERM;
	n.effective = id;
	return change_ids(n, group);
}

static long set_reid(u32 real, u32 effective, bool group)
{
	const struct ids *o = cred_ids(current->cred, group);
	struct ids n = *o;
	if (((real != NO_ID && real != o->real && real != o->effective) || (effective != NO_ID && !is_one_of(effective, o))) &&
	    !may_set(group))
		return -EPERM;
	if (real != NO_ID)
		n.real = real;
	if (effective != NO_ID)
		n.effective = effective;
	if (real != NO_ID || (effective != NO_ID && effective != o->real))
		n.saved = n.effective;
	return change_ids(n, group);
}

static long set_resid(u32 real, u32 effective, u32 saved, bool group)
{
	const u32 want[3] = { real, effective, saved };
	const struct ids *o = cred_ids(current->cred, group);
	struct ids n = *o;
	u32 *to[3] = { &n.real, &n.effective, &n.saved };
	for (int i = 0; i < 3; i++) {
		if (want[i] == NO_ID)
			continue;
		if (!is_one_of(want[i], o) && !may_set(group))
			return -EPERM;
		*to[i] = want[i];
	}
	return change_ids(n, group);
}

static long get_resid(u32 __user *real, u32 __user *effective, u32 __user *saved, bool group)
{
	const struct ids *o = cred_ids(current->cred, group);
	return put_user(o->real, real) || put_user(o->effective, effective) || put_user(o->saved, saved) ? -EFAULT : 0;
}

long sys_getuid(void) { return current->cred->uid; }
long sys_getgid(void) { return current->cred->gid; }
long sys_geteuid(void) { return current->cred->euid; }
long sys_getegid(void) { return current->cred->egid; }
long sys_setuid(uid_t uid) { return set_id(uid, false); }
long sys_setgid(gid_t gid) { return set_id(gid, true); }
long sys_setreuid(uid_t r, uid_t e) { return set_reid(r, e, false); }
long sys_setregid(gid_t r, gid_t e) { return set_reid(r, e, true); }
long sys_setresuid(uid_t r, uid_t e, uid_t s) { return set_resid(r, e, s, false); }
long sys_setresgid(gid_t r, gid_t e, gid_t s) { return set_resid(r, e, s, true); }
long sys_getresuid(uid_t __user *r, uid_t __user *e, uid_t __user *s) { return get_resid(r, e, s, false); }
long sys_getresgid(gid_t __user *r, gid_t __user *e, gid_t __user *s) { return get_resid(r, e, s, true); }

long sys_getgroups(int size, gid_t __user *list)
{
	const struct cred *c = current->cred;
	if (size < 0 || (size && size < c->ngroups))
		return -EINVAL;
	if (size && copy_to_user(list, c->groups, c->ngroups * sizeof(gid_t)))
		return -EFAULT;
	return c->ngroups;
}

long sys_setgroups(int size, gid_t __user *list)
{
	gid_t gid;
	long err;
	if (!capable(CAP_SETGID))
		return -EPERM;
	if ((unsigned)size > NGROUPS_MAX)
		return -EINVAL;
	struct cred *new = prepare_creds();
	if (!new)
		return -ENOMEM;
	for (new->ngroups = 0; new->ngroups < size; new->ngroups++) {
		unsigned i = new->ngroups;
		err = -EFAULT;
		if (get_user(gid, list + i))
			goto fail;
		err = -EINVAL;
		if (gid == NO_ID)
			goto fail;
		for (; i && new->groups[i - 1] > gid; i--)	/* sorted, as Linux gives them back */
			new->groups[i] = new->groups[i - 1];
		new->groups[i] = gid;
	}
	commit_creds(new);
	return 0;
fail:
	put_cred(new);
	return err;
}

/* ---- capget, capset ---- */

struct cap_header { u32 version; int pid; };
struct cap_data { u32 effective, permitted, inheritable; };

/* The number of struct cap_data that the caller's version has, or -errno; an unknown version is told ours. */
static int cap_version(struct cap_header __user *header)
{
	u32 version;
	if (get_user(version, &header->version))
		return -EFAULT;
	if (version == _LINUX_CAPABILITY_VERSION_1)
		return 1;
	if (version == _LINUX_CAPABILITY_VERSION_2 || version == _LINUX_CAPABILITY_VERSION_3)
		return 2;
	return put_user(_LINUX_CAPABILITY_VERSION_3, &header->version) ? -EFAULT : -EINVAL;
}

long sys_capget(void __user *uheader, void __user *udata)
{
	struct cap_header __user *header = uheader;
	struct cap_data d[2];
	int pid, n = cap_version(header);

	if (!udata || n < 0)
		return !udata && n == -EINVAL ? 0 : min(n, 0);
	if (get_user(pid, &header->pid))
		return -EFAULT;
	if (pid < 0)
		return -EINVAL;
	spin_lock_irq(&tasklist_lock);
	struct task_struct *p = pid ? find_task_by_pid(pid) : current;
	for (int i = 0; p && i < 2; i++)
		d[i] = (struct cap_data){ p->cred->cap_effective >> 32 * i, p->cred->cap_permitted >> 32 * i,
					  p->cred->cap_inheritable >> 32 * i };
	spin_unlock_irq(&tasklist_lock);
	if (!p)
		return -ESRCH;
	return copy_to_user(udata, d, n * sizeof(d[0])) ? -EFAULT : 0;
}

long sys_capset(void __user *uheader, const void __user *udata)
{
	struct cap_header __user *header = uheader;
	const struct cred *old = current->cred;
	struct cap_data d[2] = { 0 };
	int pid, n = cap_version(header);

	if (n < 0)
		return n;
	if (get_user(pid, &header->pid))
		return -EFAULT;
	if (pid && pid != current->pid)
		return -EPERM;
	if (copy_from_user(d, udata, n * sizeof(d[0])))
		return -EFAULT;
	struct cred *new = prepare_creds();
	if (!new)
		return -ENOMEM;
	new->cap_effective = (d[0].effective | (u64)d[1].effective << 32) & CAP_FULL_SET;
	new->cap_permitted = (d[0].permitted | (u64)d[1].permitted << 32) & CAP_FULL_SET;
	new->cap_inheritable = (d[0].inheritable | (u64)d[1].inheritable << 32) & CAP_FULL_SET;
	if ((!capable(CAP_SETPCAP) && (new->cap_inheritable & ~(old->cap_inheritable | old->cap_permitted))) ||
	    (new->cap_permitted & ~old->cap_permitted) || (new->cap_effective & ~new->cap_permitted)) {
		put_cred(new);
		return -EPERM;
	}
	commit_creds(new);
	return 0;
}
