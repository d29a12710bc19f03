/*
 * seq: text files whose content a function prints as a whole, as most of /proc.
 *
 * The text is made when the file is read from its beginning, and served from there on: a reader with a
 * small buffer sees one moment. What does not fit the buffer is printed again into one twice as large.
 *
 * In Linux: fs/seq_file.c, which goes record by record.
 */
#include "fs/fs.h"
#include "string.h"

#define SEQ_MAX (4UL << 20)

int seq_printf(struct seq_file *m, const char *fmt, ...)
{
	size_t left = m->count < m->size ? m->size - m->count : 0;
	va_list ap;

	va_start(ap, fmt);
	m->count += vsnprintf(m->buf + m->count, left, fmt, ap);
	va_end(ap);
	return 0;
}

void seq_write(struct seq_file *m, const void *p, size_t n)
{
	if (m->count + n < m->size)
		memcpy(m->buf + m->count, p, n);
	m->count += n;
}

void seq_puts(struct seq_file *m, const char *s)
{
	seq_write(m, s, strlen(s));
}

void seq_putc(struct seq_file *m, char c)
{
	seq_write(m, &c, 1);
}

void seq_escape(struct seq_file *m, const char *s, const char *escape)
{
	for (; *s; s++)
		if (strchr(escape, *s))
			seq_printf(m, "\\%03o", (u8)*s);
		else
			seq_putc(m, *s);
}

void seq_path(struct seq_file *m, const struct path *path, const char *escape)
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL), *name = buf ? d_path(path, buf, PATH_MAX) : ERR_PTR(-ENOMEM);

	if (!IS_ERR(name))
		seq_escape(m, name, escape);
	kfree(buf);
}

/* Makes the text anew. 0 or show's error, -ENOMEM */
static int seq_fill(struct seq_file *m)
{
	for (size_t size = m->buf ? m->size : PAGE_SIZE; size <= SEQ_MAX; size *= 2) {
		int err;

		if (size != m->size) {
			kfree(m->buf);
			m->size = 0;
			m->buf = kmalloc(size, GFP_KERNEL);
			if (!m->buf)
				return -ENOMEM;
			m->size = size;
		}
		m->count = 0;
		err = m->show(m, m->private);
		if (err || m->count < m->size)
			return err;
	}
	return -ENOMEM;
}

int single_open(struct file *f, int (*show)(struct seq_file *m, void *v), void *data)
{
	struct seq_file *m = kzalloc(sizeof(*m), GFP_KERNEL);

	if (!m)
		return -ENOMEM;
	m->show = show;
	m->private = data;
	f->private_data = m;
	return 0;
}

ssize_t seq_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
	struct seq_file *m = f->private_data;
	int err;

	if (!m->buf || *pos == 0) {
		err = seq_fill(m);
		if (err)
			return err;
	}
	if (*pos < 0 || (size_t)*pos >= m->count)
		return 0;
	n = min(n, m->count - *pos);
	if (copy_to_user(buf, m->buf + *pos, n))
		return -EFAULT;
	*pos += n;
	return n;
}

/* There is no end to count from: the text is not made yet. */
loff_t seq_lseek(struct file *f, loff_t off, int whence)
{
	if (whence == SEEK_CUR)
		off += f->f_pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (off < 0)
		return -EINVAL;
	return f->f_pos = off;
}

int single_release(struct inode *inode, struct file *f)
{
	struct seq_file *m = f->private_data;

	kfree(m->buf);
	kfree(m);
	return 0;
}
