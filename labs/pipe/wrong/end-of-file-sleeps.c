/*
 * wrong: the reader does not ask whether there are writers left
 * fails: end_of_file
 * hint: hints/ends.md
 */
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
		if (ret)
			break;
		if (f->f_flags & O_NONBLOCK) {
			ret = -EAGAIN;
			break;
		}
		mutex_unlock(&pipe->mutex);
		if (wait_event_interruptible(&pipe->rd_wait, !pipe_empty(pipe)))
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
