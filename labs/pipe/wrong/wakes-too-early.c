/*
 * wrong: the writer wakes the reader before it has put anything in
 * fails: ping_pong
 * hint: hints/sleep.md
 */
static ssize_t pipe_writev(struct file *f, const struct iovec *v, size_t n)
{
	struct pipe_inode_info *pipe = f->f_inode->i_pipe;
	struct cursor from = { v, 0 };
	ssize_t done = 0, got = 0;
	bool was_empty, merge = true;

	mutex_lock(&pipe->mutex);
	was_empty = pipe_empty(pipe);
	if (was_empty)
		wake_side(&pipe->rd_wait, POLLIN | POLLRDNORM);
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
		got = wait_event_interruptible(&pipe->wr_wait, !pipe_full(pipe) || !READ_ONCE(pipe->readers));
		mutex_lock(&pipe->mutex);
		was_empty = pipe_empty(pipe);
		if (got)
			break;
	}
	mutex_unlock(&pipe->mutex);
	if (done)
		inode_update_time(f->f_inode, true);
	return done ? done : got;
}
