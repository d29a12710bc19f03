/*
 * wrong: poll does not say that the other side is gone
 * fails: poll
 * hint: hints/poll.md
 */
static unsigned pipe_poll(struct file *f, struct poll_table *pt)
{
	struct pipe_inode_info *pipe = f->f_inode->i_pipe;
	unsigned mask = 0;

	if (f->f_mode & FMODE_READ) {
		poll_wait(f, &pipe->rd_wait, pt);
		mask |= pipe_empty(pipe) ? 0 : POLLIN | POLLRDNORM;
	}
	if (f->f_mode & FMODE_WRITE) {
		poll_wait(f, &pipe->wr_wait, pt);
		mask |= pipe_full(pipe) ? 0 : POLLOUT | POLLWRNORM;
		mask |= READ_ONCE(pipe->readers) ? 0 : POLLERR;
	}
	return mask;
}
