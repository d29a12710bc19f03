/*
 * wrong: the reader makes room and tells nobody
 * fails: write_blocks ping_pong
 * hint: hints/sleep.md
 */
static ssize_t pipe_read(struct file *f, char __user *to, size_t n, loff_t *pos)
{
	struct pipe_inode_info *pipe = f->f_inode->i_pipe;
	ssize_t ret = 0;

	if (!n)
		return 0;
	mutex_lock(&pipe->mutex);
	for (;;) {
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
	mutex_unlock(&pipe->mutex);
	return ret;
}
