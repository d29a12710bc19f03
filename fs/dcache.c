/*
 * dcache: the tree of names.
 *
 *   parent ("etc") <--d_parent-- "passwd" --d_inode--> inode
 *      d_children: . . . "passwd" "group" . . .   in order of d_cookie, for readdir: the newest first
 *      hash (parent, name) -> "passwd"            for the path walk
 *
 * A memory file system has its names here and nowhere else: a pin (d_pin) keeps each. Others make dentries
 * on lookup and they go with their last reference, as there is nothing yet that would be dear to look up again.
 *
 * Lock: dcache_lock guards tree, hash, names, flags, mount points, and the step from count 0 to free. A walk may
 * use dentries without references while it holds the lock.
 *
 * In Linux: fs/dcache.c. There: a lock for each dentry and bucket, RCU, negative dentries, an LRU.
 */
#include "fs/fs.h"
#include "fs/namei.h"
#include "string.h"
#include "asm/uaccess.h"
#include "kernel/syscall.h"

#define HASH_BITS 12
struct spinlock dcache_lock = SPINLOCK_INIT("dcache_lock", RANK_DCACHE);
static struct hlist_head hash_table[1 << HASH_BITS];
static struct kmem_cache *dentry_cache;
static atomic_long_t dentries;

void __init dcache_init(void)
{
	dentry_cache = kmem_cache_create("dentry", sizeof(struct dentry), 0);
}

u64 nr_dentries(void) { return atomic_long_read(&dentries); }

u32 full_name_hash(const struct dentry *parent, const char *name, unsigned len)
{
	u32 h = 0;

	while (len--)
		h = name_hash_step(h, *name++);
	return name_hash_end(h, parent);
}

/* Negative, not hashed, count 1; holds its parent. NULL: no memory. */
struct dentry *d_alloc(struct dentry *parent, const struct qstr *name)
{
	struct dentry *d = kmem_cache_alloc(dentry_cache, __GFP_ZERO);

	if (!d)
		return NULL;
	char *text = d->d_iname;
	if (name->len >= DNAME_INLINE_LEN) {
		text = kmalloc(name->len + 1, GFP_KERNEL);
		if (!text) {
			kmem_cache_free(dentry_cache, d);
			return NULL;
		}
	}
	memcpy(text, name->name, name->len);
	text[name->len] = '\0';
	d->d_name = (struct qstr){ .name = text, .len = name->len, .hash = name->hash };
	atomic_set(&d->d_count, 1);
	d->d_flags = DCACHE_UNHASHED;
	INIT_LIST_HEAD(&d->d_children);
	d->d_parent = parent ? dget(parent) : d;
	d->d_sb = parent ? parent->d_sb : NULL;
	atomic_long_inc(&dentries);
	return d;
}

struct dentry *d_make_root(struct inode *inode)
{
	struct dentry *d = inode ? d_alloc(NULL, &(struct qstr){ .name = "/", .len = 1 }) : NULL;

	if (!d) {
		iput(inode);
		return NULL;
	}
	d->d_sb = inode->i_sb;
	d->d_inode = inode;
	return d;
}

static struct hlist_head *bucket(u32 hash) { return &hash_table[hash >> (32 - HASH_BITS)]; }

static bool same_name(const struct qstr *a, const struct qstr *b)
{
	const char *s = a->name, *t = b->name;

	if (a->len != b->len)
		return false;
	for (unsigned n = a->len; n; n--)
		if (*s++ != *t++)
			return false;
	return true;
}

/* Borrowed, or NULL. => dcache_lock */
struct dentry *__d_lookup(const struct dentry *parent, const struct qstr *name)
{
	struct dentry *d;

	hlist_for_each_entry(d, bucket(name->hash), d_hash)
		if (d->d_name.hash == name->hash && d->d_parent == parent && same_name(&d->d_name, name))
			return d;
	return NULL;
}

struct dentry *d_lookup(struct dentry *parent, const struct qstr *name)
{
	spin_lock(&dcache_lock);
	struct dentry *d = __d_lookup(parent, name);
	if (d)
		dget(d);
	spin_unlock(&dcache_lock);
	return d;
}

/* F2: into the hash, and if it is pinned into the parent's list, at its head: who reads the directory and renames what it
 * finds does not find it again. */
static void __d_hash(struct dentry *d)
{
	d->d_flags &= ~DCACHE_UNHASHED;
	if (d->d_flags & DCACHE_PINNED) {
		d->d_cookie = --d->d_parent->d_inode->i_dir_cookie;
		list_add(&d->d_child, &d->d_parent->d_children);
	}
	hlist_add_head(&d->d_hash, bucket(d->d_name.hash));
}

static void __d_unhash(struct dentry *d)
{
	if (d->d_flags & DCACHE_UNHASHED)
		return;
	if (d->d_parent->d_cursor == d)
		d->d_parent->d_cursor = NULL;
	d->d_flags |= DCACHE_UNHASHED;
	if (d->d_flags & DCACHE_PINNED)
		list_del(&d->d_child);
	hlist_del_init(&d->d_hash);
}

void d_add(struct dentry *d, struct inode *inode)
{
	spin_lock(&dcache_lock);
	d->d_inode = inode;
	__d_hash(d);
	spin_unlock(&dcache_lock);
}

/* => not hashed yet: nobody else sees it */
void d_pin(struct dentry *d)
{
	d->d_flags |= DCACHE_PINNED;
	dget(d);
}

void d_drop(struct dentry *d)
{
	spin_lock(&dcache_lock);
	__d_unhash(d);
	bool pinned = d->d_flags & DCACHE_PINNED;
	d->d_flags = (d->d_flags & ~DCACHE_PINNED) | DCACHE_DELETED;
	spin_unlock(&dcache_lock);
	if (pinned)
		dput(d);
}

static void swap_names(struct dentry *a, struct dentry *b)
{
	bool a_inline = a->d_name.name == a->d_iname, b_inline = b->d_name.name == b->d_iname;
	char text[DNAME_INLINE_LEN];

	memcpy(text, a->d_iname, sizeof(text));
	memcpy(a->d_iname, b->d_iname, sizeof(text));
	memcpy(b->d_iname, text, sizeof(text));
	swap(a->d_name, b->d_name);
	if (b_inline)
		a->d_name.name = a->d_iname;
	if (a_inline)
		b->d_name.name = b->d_iname;
}

void d_move(struct dentry *d, struct dentry *target)
{
	spin_lock(&dcache_lock);
	__d_unhash(d);
	__d_unhash(target);
	swap_names(d, target);
	swap(d->d_parent, target->d_parent);
	__d_hash(d);
	bool pinned = target->d_flags & DCACHE_PINNED;
	target->d_flags = (target->d_flags & ~DCACHE_PINNED) | DCACHE_DELETED;
	spin_unlock(&dcache_lock);
	if (pinned)
		dput(target);
}

struct dentry *dget(struct dentry *d)
{
	atomic_inc(&d->d_count);
	return d;
}

static void d_free(struct dentry *d)
{
	if (d->d_name.name != d->d_iname)
		kfree(d->d_name.name);
	kmem_cache_free(dentry_cache, d);
	atomic_long_add(-1, &dentries);
}

void dput(struct dentry *d)
{
	while (d) {
		struct dentry *parent = d->d_parent;
		int old = atomic_read(&d->d_count);

		while (old > 1)
			if (__atomic_compare_exchange_n(&d->d_count.v, &old, old - 1, false, __ATOMIC_SEQ_CST,
							__ATOMIC_SEQ_CST))
				return;
		/* Perhaps the last: the hash may still hand it out, so decide under the lock. */
		spin_lock(&dcache_lock);
		if (!atomic_dec_and_test(&d->d_count)) {
			spin_unlock(&dcache_lock);
			return;
		}
		__d_unhash(d);
		parent = d->d_parent;
		spin_unlock(&dcache_lock);
		if (d->d_inode)
			iput(d->d_inode);
		if (parent == d)
			parent = NULL;
		d_free(d);
		d = parent;
	}
}

/* Unpins all names below root, leaves first: the file system goes. => nobody else uses the tree */
void d_shrink_tree(struct dentry *root)
{
	struct dentry *d = root;

	for (;;) {
		struct dentry *parent = d->d_parent;

		if (!list_empty(&d->d_children)) {
			d = list_first_entry(&d->d_children, struct dentry, d_child);
			continue;
		}
		if (d == root)
			return;
		WARN_ON(!(d->d_flags & DCACHE_PINNED));
		d_drop(d);
		d = parent;
	}
}

bool simple_empty(struct dentry *d) { return list_empty(&d->d_children); }

/* The child at or after pos. */
static struct list_head *find_position(struct dentry *dir, u64 pos)
{
	struct dentry *last = READ_ONCE(dir->d_cursor);
	struct list_head *p;

	if (last && last->d_cookie == pos)
		return &last->d_child;
	list_for_each(p, &dir->d_children)
		if (list_entry(p, struct dentry, d_child)->d_cookie >= pos)
			break;
	return p;
}

/* The names; false: the actor has enough. => dir's i_rwsem (read), which keeps children and their names: dcache_lock would
 * be held too long in a large directory */
bool dcache_names(struct file *f, struct dir_context *ctx)
{
	struct dentry *dir = f->f_path.dentry;
	struct list_head *p;

	for (p = find_position(dir, ctx->pos); p != &dir->d_children; p = p->next) {
		struct dentry *d = list_entry(p, struct dentry, d_child);

		ctx->pos = d->d_cookie;
		if (!ctx->actor(ctx, d->d_name.name, d->d_name.len, d->d_cookie, d->d_inode->i_ino, d->d_inode->i_mode >> 12 & 15)) {
			WRITE_ONCE(dir->d_cursor, d);
			return false;
		}
	}
	ctx->pos = DIR_END;
	return true;
}

static int dcache_readdir(struct file *f, struct dir_context *ctx)
{
	dcache_names(f, ctx);
	return 0;
}

int nothing_to_sync(struct file *f) { return 0; }
const struct file_operations simple_dir_operations = { .iterate = dcache_readdir, .fsync = nothing_to_sync };

static bool prepend(char **p, const char *buf, const char *s, unsigned len)
{
	if (*p - buf < len)
		return false;
	*p -= len;
	memcpy(*p, s, len);
	return true;
}

/* Writes the name of *path as the caller's root sees it before p; *reached says whether it lies below the root. */
static char *name_from_root(const struct path *path, char *buf, char *p, bool *reached)
{
	const struct path *root = &current->fs->root;
	char *end = p;

	spin_lock(&dcache_lock);
	const struct dentry *d = path->dentry;
	const struct mount *mnt = path->mnt;
	*reached = true;
	while (d != root->dentry || mnt != root->mnt) {
		if (d == mnt->mnt_root || d == d->d_parent) {
			*reached = mnt->mnt_parent != mnt;
			if (!*reached)
				break;
			d = mnt->mnt_mountpoint;
			mnt = mnt->mnt_parent;
			continue;
		}
		if (!prepend(&p, buf, d->d_name.name, d->d_name.len) || !prepend(&p, buf, "/", 1)) {
			p = NULL;
			break;
		}
		d = d->d_parent;
	}
	spin_unlock(&dcache_lock);
	return p && (p != end || prepend(&p, buf, "/", 1)) ? p : ERR_PTR(-ENAMETOOLONG);
}

char *d_path(const struct path *path, char *buf, int size)
{
	struct dentry *d = path->dentry;
	char *p = buf + size;
	bool reached;

	if (d->d_sb == anon_sb) {
		int n = S_ISREG(d->d_inode->i_mode) ?	/* memory files: they were never in a directory */
				snprintf(buf, size, "/%s (deleted)", d->d_name.name) :
				snprintf(buf, size, "%s:[%llu]", d->d_name.name, (unsigned long long)d->d_inode->i_ino);
		return n < size ? buf : ERR_PTR(-ENAMETOOLONG);
	}
	if (!prepend(&p, buf, "", 1) || ((d->d_flags & DCACHE_DELETED) && !prepend(&p, buf, " (deleted)", 10)))
		return ERR_PTR(-ENAMETOOLONG);
	return name_from_root(path, buf, p, &reached);
}

long sys_getcwd(char __user *buf, unsigned long size)
{
	const struct path *pwd = &current->fs->pwd;
	char *page = getname_buf(), *end = page + PATH_MAX, *p = end;
	bool reached;

	if (!page)
		return -ENOMEM;
	prepend(&p, page, "", 1);
	p = pwd->dentry->d_flags & DCACHE_DELETED ? ERR_PTR(-ENOENT) : name_from_root(pwd, page, p, &reached);
	if (!IS_ERR(p) && !reached && !prepend(&p, page, "(unreachable)", 13))
		p = ERR_PTR(-ENAMETOOLONG);
	long len = IS_ERR(p) ? PTR_ERR(p) : end - p;
	if (len > 0 && len > size)
		len = -ERANGE;
	if (len > 0 && copy_to_user(buf, p, len))
		len = -EFAULT;
	putname_buf(page);
	return len;
}
