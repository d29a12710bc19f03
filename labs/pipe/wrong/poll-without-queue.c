/*
 * wrong: poll looks, but does not queue itself: nothing wakes it
 * fails: poll
 * hint: hints/poll.md
 */
static unsigned pipe_poll(struct file *f, struct poll_table *pt)
{
	struct pipe_inode_info *pipe = f->f_inode->i_pipe;
	unsigned mask = 0;

	if (f->f_mode & FMODE_READ) {
		mask |= pipe_empty(pipe) ? 0 : POLLIN | POLLRDNORM;
		/* A FIFO opened before any writer came has not been hung up on. */
		if (!READ_ONCE(pipe->writers) && (u64)f->private_data != pipe->w_counter)
			mask |= POLLHUP;
	}
	if (f->f_mode & FMODE_WRITE) {
		mask |= pipe_full(pipe) ? 0 : POLLOUT | POLLWRNORM;
		mask |= READ_ONCE(pipe->readers) ? 0 : POLLERR;
	}
	return mask;
}
