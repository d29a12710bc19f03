/*
 * devices: from a device number to the driver's file operations.
 *
 * In Linux: fs/char_dev.c. Block devices have no numbers here yet: opening one is ENXIO.
 */
#include "fs/namei.h"

struct chrdev {
	struct list_head list;
	dev_t dev;
	const struct file_operations *fops;
};
static LIST_HEAD(chrdevs);		/* only grows, at boot */

int register_chrdev(unsigned major, unsigned minor, const char *name, umode_t mode, const struct file_operations *fops)
{
	struct chrdev *c = kmalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return -ENOMEM;
	c->dev = MKDEV(major, minor);
	c->fops = fops;
	list_add_tail(&c->list, &chrdevs);
	return devtmpfs_create(name, S_IFCHR | mode, c->dev);
}

/* NULL: no such device */
const struct file_operations *chrdev_fops(dev_t dev)
{
	struct chrdev *c;

	list_for_each_entry(c, &chrdevs, list)
		if (c->dev == dev)
			return c->fops;
	return NULL;
}

/* A device, FIFO or socket; which driver it is shows at open (file.c). */
void init_special_inode(struct inode *inode, umode_t mode, dev_t rdev)
{
	inode->i_mode = mode;
	inode->i_rdev = rdev;
	inode->i_fop = S_ISFIFO(mode) ? &pipefifo_fops : NULL;
}
