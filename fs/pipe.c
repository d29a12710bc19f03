/*
 * Pipes and FIFOs; the picture is in fs/pipe.h.
 *
 * Both sides work under pipe->mutex and sleep without it. A reader that finds the ring full, or a writer
 * that finds it empty, wakes the other side when it is done, and only then: with data already there the
 * other side is not asleep for want of data.
 *
 * A FIFO's pipe hangs on its inode from the first open on; what it holds goes with the last who has it open.
 *
 * In Linux: fs/pipe.c. There also: other sizes (F_SETPIPE_SZ), packet mode (O_DIRECT), splice, watch queues.
 */
#include "fs/pipe.h"
#include "asm/uaccess.h"
#include "err.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "string.h"
#include "uapi/termios.h"
#include "uapi/uio.h"

static inline bool pipe_empty(const struct pipe_inode_info *p) { return READ_ONCE(p->head) == READ_ONCE(p->tail); }
static inline bool pipe_full(const struct pipe_inode_info *p) { return READ_ONCE(p->head) - READ_ONCE(p->tail) >= PIPE_BUFFERS; }
static inline struct pipe_buffer *pipe_buf(struct pipe_inode_info *p, unsigned n) { return &p->bufs[n % PIPE_BUFFERS]; }

/* The waiter queued itself before it looked, we changed the ring before we look: one sees the other. */
static void wake_side(struct wait_queue_head *wq, unsigned events)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (waitqueue_active(wq))
		__wake_up(wq, TASK_INTERRUPTIBLE | WAKE_SYNC, 0, (void *)(u64)events);
}

static ssize_t pipe_read(struct file *f, char __user *to, size_t n, loff_t *pos)
{
	struct pipe_inode_info *pipe = f->f_inode->i_pipe;
	bool was_full = false;
	ssize_t ret = 0;

	if (!n)
		return 0;
	mutex_lock(&pipe->mutex);
	for (;;) {
		was_full |= pipe_full(pipe);
		while (n && !pipe_empty(pipe)) {
			struct pipe_buffer *buf = pipe_buf(pipe, pipe->tail);
			unsigned len = min_t(size_t, buf->len, n);

			if (copy_to_user(to + ret, page_address(buf->page) + buf->offset, len)) {
				ret = ret ? ret : -EFAULT;
				goto out;
			}
			buf->offset += len;
			buf->len -= len;
			n -= len;
			ret += len;
			if (!buf->len) {
				put_page(buf->page);
				WRITE_ONCE(pipe->tail, pipe->tail + 1);
			}
		}
		if (ret || !pipe->writers)
			break;
		if (f->f_flags & O_NONBLOCK) {
			ret = -EAGAIN;
			break;
		}
		mutex_unlock(&pipe->mutex);
		if (wait_event_interruptible(&pipe->rd_wait, !pipe_empty(pipe) || !READ_ONCE(pipe->writers)))
			return -ERESTARTSYS;
		mutex_lock(&pipe->mutex);
	}
out:
	was_full &= !pipe_full(pipe);
	mutex_unlock(&pipe->mutex);
	if (was_full)
		wake_side(&pipe->wr_wait, POLLOUT | POLLWRNORM);
	return ret;
}

struct cursor {				/* where in the parts of a writev we are */
	const struct iovec *v;
	size_t off;
};

static int copy_from_cursor(void *to, struct cursor *c, size_t n)
{
	for (size_t len; n; to += len, n -= len, c->off += len) {
		if (c->off == c->v->iov_len) {
			c->v++;
			c->off = 0;
		}
		len = min(n, c->v->iov_len - c->off);
		if (copy_from_user(to, c->v->iov_base + c->off, len))
			return -EFAULT;
	}
	return 0;
}

/* The part of n that completes no page goes behind what is there, if it fits as a whole. Bytes, or -EFAULT. */
static ssize_t pipe_merge(struct pipe_inode_info *pipe, struct cursor *from, size_t n)
{
	struct pipe_buffer *buf = pipe_buf(pipe, pipe->head - 1);
	unsigned len = n & (PAGE_SIZE - 1), end = buf->offset + buf->len;

	if (pipe_empty(pipe) || !len || end + len > PAGE_SIZE)
		return 0;
	if (copy_from_cursor(page_address(buf->page) + end, from, len))
		return -EFAULT;
	buf->len += len;
	return len;
}

/* One new page of up to n bytes. => not full. Bytes, -EFAULT, -ENOMEM. */
static ssize_t pipe_add_page(struct pipe_inode_info *pipe, struct cursor *from, size_t n)
{
	struct page *page = alloc_page(0);
	unsigned len = min(n, PAGE_SIZE);

	if (!page)
		return -ENOMEM;
	if (copy_from_cursor(page_address(page), from, len)) {
		put_page(page);
		return -EFAULT;
	}
	*pipe_buf(pipe, pipe->head) = (struct pipe_buffer){ page, 0, len };
	WRITE_ONCE(pipe->head, pipe->head + 1);
	return len;
}

static ssize_t pipe_writev(struct file *f, const struct iovec *v, size_t n)
{
	struct pipe_inode_info *pipe = f->f_inode->i_pipe;
	struct cursor from = { v, 0 };
	ssize_t done = 0, got = 0;
	bool was_empty, merge = true;

	mutex_lock(&pipe->mutex);
	was_empty = pipe_empty(pipe);
	for (;; merge = false) {
		if (!pipe->readers) {
			send_sig(SIGPIPE, current, false);
			got = -EPIPE;
			break;
		}
		if (merge) {
			got = pipe_merge(pipe, &from, n);
			done = max(got, 0L);
		}
		while (got >= 0 && done < n && !pipe_full(pipe)) {
			got = pipe_add_page(pipe, &from, n - done);
			done += max(got, 0L);
		}
		if (got < 0 || done == n)
			break;
		if (f->f_flags & O_NONBLOCK) {
			got = -EAGAIN;
			break;
		}
		mutex_unlock(&pipe->mutex);
		if (was_empty)
			wake_side(&pipe->rd_wait, POLLIN | POLLRDNORM);
		got = wait_event_interruptible(&pipe->wr_wait, !pipe_full(pipe) || !READ_ONCE(pipe->readers));
		mutex_lock(&pipe->mutex);
		was_empty = pipe_empty(pipe);
		if (got)
			break;
	}
	mutex_unlock(&pipe->mutex);
	if (was_empty && done)
		wake_side(&pipe->rd_wait, POLLIN | POLLRDNORM);
	if (done)
		inode_update_time(f->f_inode, true);
	return done ? done : got;
}

static ssize_t pipe_write(struct file *f, const char __user *from, size_t n, loff_t *pos)
{
	return n ? pipe_writev(f, &(struct iovec){ (void __user *)from, n }, n) : 0;
}

static unsigned pipe_poll(struct file *f, struct poll_table *pt)
{
	struct pipe_inode_info *pipe = f->f_inode->i_pipe;
	unsigned mask = 0;

	if (f->f_mode & FMODE_READ) {
		poll_wait(f, &pipe->rd_wait, pt);
		mask |= pipe_empty(pipe) ? 0 : POLLIN | POLLRDNORM;
		/* A FIFO opened before any writer came has not been hung up on. */
		if (!READ_ONCE(pipe->writers) && (u64)f->private_data != pipe->w_counter)
			mask |= POLLHUP;
	}
	if (f->f_mode & FMODE_WRITE) {
		poll_wait(f, &pipe->wr_wait, pt);
		mask |= pipe_full(pipe) ? 0 : POLLOUT | POLLWRNORM;
		mask |= READ_ONCE(pipe->readers) ? 0 : POLLERR;
	}
	return mask;
}

static long pipe_ioctl(struct file *f, unsigned cmd, unsigned long arg)
{
	struct pipe_inode_info *pipe = f->f_inode->i_pipe;
	int n = 0;

	if (cmd != FIONREAD)
		return -ENOTTY;
	mutex_lock(&pipe->mutex);
	for (unsigned i = pipe->tail; i != pipe->head; i++)
		n += pipe_buf(pipe, i)->len;
	mutex_unlock(&pipe->mutex);
	return put_user(n, (int __user *)arg);
}

/* ---- from nothing to an open pipe and back ---- */

/* The inode's pipe, made by the first who asks; it goes with the inode. NULL: no memory */
static struct pipe_inode_info *get_pipe(struct inode *inode)
{
	struct pipe_inode_info *pipe = READ_ONCE(inode->i_pipe), *none = NULL;

	if (pipe)
		return pipe;
	pipe = kzalloc(sizeof(*pipe), GFP_KERNEL);
	if (!pipe)
		return NULL;
	mutex_init(&pipe->mutex, "pipe", RANK_PIPE);
	init_waitqueue_head(&pipe->rd_wait);
	init_waitqueue_head(&pipe->wr_wait);
	if (!__atomic_compare_exchange_n(&inode->i_pipe, &none, pipe, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		kfree(pipe);		/* another open was faster */
	return inode->i_pipe;
}

static int pipe_release(struct inode *inode, struct file *f)
{
	struct pipe_inode_info *pipe = inode->i_pipe;

	mutex_lock(&pipe->mutex);
	pipe->readers -= !!(f->f_mode & FMODE_READ);
	pipe->writers -= !!(f->f_mode & FMODE_WRITE);
	bool one_side = !pipe->readers != !pipe->writers;
	for (; !pipe->readers && !pipe->writers && !pipe_empty(pipe); pipe->tail++)
		put_page(pipe_buf(pipe, pipe->tail)->page);
	mutex_unlock(&pipe->mutex);
	if (one_side) {
		wake_side(&pipe->rd_wait, POLLIN | POLLRDNORM | POLLHUP);
		wake_side(&pipe->wr_wait, POLLOUT | POLLWRNORM | POLLERR);
	}
	return 0;
}

/* Opens of a FIFO: a reader waits for a writer and a writer for a reader, unless O_NONBLOCK, which lets the
 * reader in and refuses the writer (ENXIO); O_RDWR waits for nobody. */
static int fifo_open(struct inode *inode, struct file *f)
{
	bool rd = f->f_mode & FMODE_READ, wr = f->f_mode & FMODE_WRITE, nonblock = f->f_flags & O_NONBLOCK, wait;
	struct pipe_inode_info *pipe = get_pipe(inode);

	if (!pipe)
		return -ENOMEM;
	mutex_lock(&pipe->mutex);
	unsigned *other = rd ? &pipe->w_counter : &pipe->r_counter, seen = *other;

	if (wr && !rd && nonblock && !pipe->readers) {
		mutex_unlock(&pipe->mutex);
		return -ENXIO;
	}
	pipe->r_counter += rd;
	pipe->w_counter += wr;
	pipe->readers += rd;
	pipe->writers += wr;
	wait = rd != wr && !(rd ? pipe->writers : pipe->readers) && inode->i_sb != anon_sb;
	if (wait && nonblock)
		f->private_data = (void *)(u64)pipe->w_counter;	/* see pipe_poll */
	mutex_unlock(&pipe->mutex);
	wake_side(&pipe->rd_wait, POLLIN);
	wake_side(&pipe->wr_wait, POLLOUT);
	if (!wait || nonblock)
		return 0;
	if (wait_event_interruptible(&pipe->rd_wait, READ_ONCE(*other) != seen)) {
		pipe_release(inode, f);
		return -ERESTARTSYS;
	}
	return 0;
}

const struct file_operations pipefifo_fops = {
	.open = fifo_open, .release = pipe_release, .read = pipe_read, .write = pipe_write, .writev = pipe_writev,
	.poll = pipe_poll, .ioctl = pipe_ioctl, .unseekable = true,
};

/* A new pipe's two files, both ends of one inode. 0 or -errno. */
static int pipe_files(struct file *f[2], unsigned flags)
{
	struct inode *inode = new_inode(anon_sb);
	struct pipe_inode_info *pipe = inode ? get_pipe(inode) : NULL;

	if (!pipe)
		goto put_inode;
	pipe->readers = pipe->writers = pipe->w_counter = 1;
	inode_init_owner(inode, NULL, S_IFIFO | 0600);
	inode->i_fop = &pipefifo_fops;
	f[0] = alloc_file_pseudo(inode, "pipe", O_RDONLY | flags, &pipefifo_fops);
	if (IS_ERR(f[0]))
		goto put_inode;
	f[1] = alloc_file(&f[0]->f_path, O_WRONLY | flags, &pipefifo_fops);
	if (IS_ERR(f[1])) {
		fput(f[0]);
		return -ENFILE;
	}
	path_get(&f[1]->f_path);
	return 0;
put_inode:
	iput(inode);
	return -ENFILE;
}

int do_pipe2(int fd[2], int flags)
{
	struct file *f[2];
	int err;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	err = pipe_files(f, flags & O_NONBLOCK);
	if (err)
		return err;
	fd[0] = err = get_unused_fd_flags(flags);
	if (err < 0)
		goto put_files;
	fd[1] = err = get_unused_fd_flags(flags);
	if (err < 0)
		goto put_fd;
	fd_install(fd[0], f[0]);
	fd_install(fd[1], f[1]);
	return 0;
put_fd:
	put_unused_fd(fd[0]);
put_files:
	fput(f[0]);
	fput(f[1]);
	return err;
}

long sys_pipe2(int __user *fds, int flags)
{
	int fd[2], err = do_pipe2(fd, flags);

	if (!err && copy_to_user(fds, fd, sizeof(fd))) {
		close_fd(fd[0]);
		close_fd(fd[1]);
		err = -EFAULT;
	}
	return err;
}

long sys_pipe(int __user *fds) { return sys_pipe2(fds, 0); }
