/*
 * fdtable: the table of descriptors, and a process's root and working directory.
 *
 *   open_fds        1 1 1 0 1 1 0 ...    in use (F4): a bit without a file is a number that open has reserved
 *   close_on_exec   0 0 0 0 1 0 0 ...
 *   fd              * * * - * - - ...    struct file
 *
 * 64 descriptors lie in files_struct itself; the table grows by doubling, up to RLIMIT_NOFILE.
 *
 * Locks: files->file_lock guards the table; dcache_lock root and cwd, as the walk begins there.
 * In Linux: fs/file.c, fs/fs_struct.c. There the table is read under RCU.
 */
#include "fs/namei.h"
#include "string.h"
#include "kernel/process.h"
#include "kernel/syscall.h"

#define NR_OPEN_MAX (1u << 20)
#define FDS_INIT 64
struct files_struct init_files = {
	.count = ATOMIC_INIT(1),
	.file_lock = SPINLOCK_INIT("file_lock", RANK_FILES),
	.fdt = &init_files.fdtab,
	.fdtab = { FDS_INIT, init_files.fd_array, init_files.open_fds_init, init_files.close_on_exec_init },
};
struct fs_struct init_fs = { .users = ATOMIC_INIT(1), .umask = 022 };
static struct kmem_cache *files_cache, *fs_cache;

void __init fdtable_init(void)
{
	files_cache = kmem_cache_create("files_cache", sizeof(struct files_struct), 0);
	fs_cache = kmem_cache_create("fs_cache", sizeof(struct fs_struct), 0);
}

/* ---- the table ---- */
u64 nofile_limit(void) { return rlimit(RLIMIT_NOFILE); }

/* Makes room for fd. 0, -EMFILE, -ENOMEM. => file_lock, which is dropped and taken again (1 is returned then) */
static int expand_files(struct files_struct *files, unsigned fd)
{
	struct fdtable *t = files->fdt;
	unsigned n, old = t->max_fds;
	struct file **array;

	if (fd < old)
		return 0;
	if (fd >= NR_OPEN_MAX)
		return -EMFILE;
	for (n = 256; n <= fd; n *= 2)
		;
	spin_unlock(&files->file_lock);
	array = kzalloc(n * sizeof(*array), GFP_KERNEL);
	unsigned long *bits = kzalloc(n / 8 * 2, GFP_KERNEL);
	spin_lock(&files->file_lock);
	if (!array || !bits || t->max_fds >= n) {
		/* No memory, or somebody else was faster. */
		kfree(array);
		kfree(bits);
		return t->max_fds >= n ? 1 : -ENOMEM;
	}
	old = t->max_fds;
	memcpy(array, t->fd, old * sizeof(*array));
	memcpy(bits, t->open_fds, old / 8);
	memcpy(bits + n / 64, t->close_on_exec, old / 8);
	if (t->fd != files->fd_array) {
		kfree(t->fd);
		kfree(t->open_fds);
	}
	*t = (struct fdtable){ n, array, bits, bits + n / 64 };
	return 1;
}

/* => file_lock */
static void __set_close_on_exec(struct fdtable *t, unsigned fd, bool on)
{
	if (on)
		set_bit(fd, t->close_on_exec);
	else
		clear_bit(fd, t->close_on_exec);
}

void set_close_on_exec(unsigned fd, bool on)
{
	struct files_struct *files = current->files;

	spin_lock(&files->file_lock);
	__set_close_on_exec(files->fdt, fd, on);
	spin_unlock(&files->file_lock);
}

static int alloc_fd(unsigned start, u64 end, unsigned flags)
{
	struct files_struct *files = current->files;
	struct fdtable *t = files->fdt;
	unsigned fd;
	int err;

	spin_lock(&files->file_lock);
	do {
		fd = max(start, files->next_fd);
		if (fd < t->max_fds && (~t->open_fds[fd / 64] >> (fd % 64)))
			fd += ffs64(~t->open_fds[fd / 64] >> (fd % 64));
		else if (fd < t->max_fds)
			fd = find_next_zero_bit(t->open_fds, t->max_fds, fd);
		err = fd >= end ? -EMFILE : expand_files(files, fd);
	} while (err > 0);
	if (!err) {
		if (start <= files->next_fd)
			files->next_fd = fd + 1;
		set_bit(fd, t->open_fds);
		__set_close_on_exec(t, fd, flags & O_CLOEXEC);
	}
	spin_unlock(&files->file_lock);
	return err ? err : fd;
}

int get_unused_fd_flags(unsigned flags) { return alloc_fd(0, nofile_limit(), flags); }

/* => file_lock */
static void __put_unused_fd(struct files_struct *files, unsigned fd)
{
	clear_bit(fd, files->fdt->open_fds);
	if (fd < files->next_fd)
		files->next_fd = fd;
}

void put_unused_fd(unsigned fd)
{
	spin_lock(&current->files->file_lock);
	__put_unused_fd(current->files, fd);
	spin_unlock(&current->files->file_lock);
}

void fd_install(unsigned fd, struct file *f)
{
	spin_lock(&current->files->file_lock);
	BUG_ON(current->files->fdt->fd[fd]);	/* F4 */
	current->files->fdt->fd[fd] = f;
	spin_unlock(&current->files->file_lock);
}

/* One descriptor less: POSIX locks of this process go, then the reference. */
static void filp_close(struct file *f, struct files_struct *id)
{
	if (unlikely(f->f_inode->i_flock))
		locks_remove_posix(f, id);
	fput(f);
}

/* => file_lock */
static struct file *take_fd(struct files_struct *files, unsigned fd)
{
	struct file *f = fd < files->fdt->max_fds ? files->fdt->fd[fd] : NULL;

	if (f) {
		files->fdt->fd[fd] = NULL;
		__put_unused_fd(files, fd);
	}
	return f;
}

int close_fd(unsigned fd)
{
	struct files_struct *files = current->files;

	spin_lock(&files->file_lock);
	struct file *f = take_fd(files, fd);
	spin_unlock(&files->file_lock);
	if (!f)
		return -EBADF;
	filp_close(f, files);
	return 0;
}

long sys_close(unsigned fd) { return close_fd(fd); }

#define CLOSE_RANGE_CLOEXEC 4
long sys_close_range(unsigned fd, unsigned max_fd, unsigned flags)
{
	struct files_struct *files = current->files;

	if ((flags & ~CLOSE_RANGE_CLOEXEC) || fd > max_fd)
		return -EINVAL;
	for (; fd <= max_fd && fd < files->fdt->max_fds; fd++)
		if (flags & CLOSE_RANGE_CLOEXEC)
			set_close_on_exec(fd, true);
		else
			close_fd(fd);
	return 0;
}

/* ---- dup ---- */
int f_dupfd(u64 from, struct file *f, unsigned flags)
{
	int fd = from >= nofile_limit() ? -EINVAL : alloc_fd(from, nofile_limit(), flags);

	if (fd >= 0)
		fd_install(fd, get_file(f));
	return fd;
}

long sys_dup(unsigned oldfd)
{
	struct fd f __cleanup(fdput) = fdget_raw(oldfd);

	return !f.file ? -EBADF : nofile_limit() ? f_dupfd(0, f.file, 0) : -EMFILE;
}

long sys_dup3(unsigned oldfd, unsigned newfd, int flags)
{
	struct files_struct *files = current->files;
	struct file *f = NULL, *old = NULL;
	int err = -EBADF;

	if ((flags & ~O_CLOEXEC) || oldfd == newfd)
		return -EINVAL;
	if (newfd >= nofile_limit())
		return -EBADF;
	spin_lock(&files->file_lock);
	err = expand_files(files, newfd);
	if (oldfd < files->fdt->max_fds)
		f = files->fdt->fd[oldfd];
	if (!f || err == -EMFILE)
		err = -EBADF;
	if (err >= 0 && !files->fdt->fd[newfd] && test_bit(newfd, files->fdt->open_fds))
		err = -EBUSY;		/* an open in another thread has reserved it */
	if (err >= 0) {
		old = files->fdt->fd[newfd];
		files->fdt->fd[newfd] = get_file(f);
		set_bit(newfd, files->fdt->open_fds);
		__set_close_on_exec(files->fdt, newfd, flags & O_CLOEXEC);
	}
	spin_unlock(&files->file_lock);
	if (old)
		filp_close(old, files);
	return err < 0 ? err : (int)newfd;
}

long sys_dup2(unsigned oldfd, unsigned newfd)
{
	if (oldfd == newfd) {
		struct fd f __cleanup(fdput) = fdget_raw(oldfd);

		return f.file ? (int)newfd : -EBADF;
	}
	return sys_dup3(oldfd, newfd, 0);
}

/* ---- fork, exec, exit ---- */
static struct files_struct *alloc_files(void)
{
	struct files_struct *files = kmem_cache_alloc(files_cache, __GFP_ZERO);

	if (!files)
		return NULL;
	atomic_set(&files->count, 1);
	spin_lock_init(&files->file_lock, "file_lock", RANK_FILES);
	files->fdt = &files->fdtab;
	files->fdtab = (struct fdtable){ FDS_INIT, files->fd_array, files->open_fds_init, files->close_on_exec_init };
	return files;
}

struct files_struct *dup_fd(struct files_struct *old)
{
	struct files_struct *new = alloc_files();
	unsigned max, n;
	int err = 0;

	if (!new)
		return ERR_PTR(-ENOMEM);
	struct fdtable *t = new->fdt;
	do {
		max = old->fdt->max_fds;
		spin_lock(&new->file_lock);
		err = expand_files(new, max - 1);
		spin_unlock(&new->file_lock);
		if (err < 0) {
			put_files_struct(new);
			return ERR_PTR(err);
		}
		spin_lock(&old->file_lock);
		if (old->fdt->max_fds <= t->max_fds)
			break;
		/* It grew meanwhile. */
		spin_unlock(&old->file_lock);
	} while (true);
	max = old->fdt->max_fds;
	for (n = 0; n < max / 64; n++) {
		t->open_fds[n] = old->fdt->open_fds[n];
		t->close_on_exec[n] = old->fdt->close_on_exec[n];
	}
	for (n = 0; (n = find_next_bit(t->open_fds, max, n)) < max; n++) {
		t->fd[n] = old->fdt->fd[n];
		if (t->fd[n])
			get_file(t->fd[n]);
		else
			clear_bit(n, t->open_fds);	/* reserved by a thread that was not copied */
	}
	new->next_fd = find_next_zero_bit(t->open_fds, max, 0);
	spin_unlock(&old->file_lock);
	return new;
}

void put_files_struct(struct files_struct *files)
{
	struct fdtable *t = files->fdt;

	if (!atomic_dec_and_test(&files->count))
		return;
	for (unsigned fd = 0; (fd = find_next_bit(t->open_fds, t->max_fds, fd)) < t->max_fds; fd++)
		if (t->fd[fd])
			filp_close(t->fd[fd], files);
	if (t->fd != files->fd_array) {
		kfree(t->fd);
		kfree(t->open_fds);
	}
	kmem_cache_free(files_cache, files);
}

void do_close_on_exec(struct files_struct *files)
{
	for (unsigned fd = 0; fd < files->fdt->max_fds; fd++) {
		struct file *f;

		fd = find_next_bit(files->fdt->close_on_exec, files->fdt->max_fds, fd);
		spin_lock(&files->file_lock);
		f = take_fd(files, fd);
		spin_unlock(&files->file_lock);
		if (f)
			filp_close(f, files);
	}
}

/* ---- root and cwd ---- */
void set_fs_path(struct path *which, const struct path *to)
{
	path_get(to);
	spin_lock(&dcache_lock);
	struct path old = *which;
	*which = *to;
	spin_unlock(&dcache_lock);
	path_put(&old);
}

struct fs_struct *copy_fs_struct(struct fs_struct *old)
{
	struct fs_struct *fs = kmem_cache_alloc(fs_cache, GFP_KERNEL);

	if (!fs)
		return NULL;
	spin_lock(&dcache_lock);
	*fs = (struct fs_struct){ .users = ATOMIC_INIT(1), .umask = old->umask, .root = old->root, .pwd = old->pwd };
	path_get(&fs->root);
	path_get(&fs->pwd);
	spin_unlock(&dcache_lock);
	return fs;
}

void put_fs_struct(struct fs_struct *fs)
{
	if (!atomic_dec_and_test(&fs->users))
		return;
	path_put(&fs->root);
	path_put(&fs->pwd);
	kmem_cache_free(fs_cache, fs);
}
