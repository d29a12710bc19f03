/*
 * A pipe: a ring of page buffers between those that write and those that read.
 *
 *   bufs     [   ][###][####][####][##  ][   ]      head and tail only grow; slot = n % PIPE_BUFFERS
 *                  ^tail            ^head - 1       F7: head - tail slots are full
 *
 * A write fills whole pages; a short one is added to the last page if it fits there as a whole. So a write
 * of up to PIPE_BUF bytes always lies in one page, and goes in at once or not at all.
 *
 * In Linux: include/linux/pipe_fs_i.h.
 */
#pragma once
#include "fs/fs.h"

#define PIPE_BUF 4096
#define PIPE_BUFFERS 16			/* slots: a power of 2 */

struct pipe_buffer {
	struct page *page;
	unsigned offset, len;
};
struct pipe_inode_info {
	struct mutex mutex;		/* guards all; open takes it too */
	struct wait_queue_head rd_wait, wr_wait;	/* rd_wait: also opens that wait for the other side */
	unsigned head, tail;
	struct pipe_buffer bufs[PIPE_BUFFERS];
	unsigned readers, writers;	/* open ends */
	unsigned r_counter, w_counter;	/* opens ever: a FIFO's open waits for a change */
};
