/*
 * wrong: short writes do not share a page: 16 of them fill the pipe
 * fails: bytes_through
 * hint: hints/bytes.md
 */
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
			(void)pipe_merge;
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
