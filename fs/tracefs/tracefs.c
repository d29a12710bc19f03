/*
 * tracefs: the trace (include/trace.h) as files, mounted at /sys/kernel/tracing.
 *
 *   trace              what is in the rings; writing empties them          trace_pipe   takes it out, and waits for more
 *   set_event          "sched:sched_switch", "sched:*", "!fork" ...        tracing_on, buffer_size_kb, trace_marker
 *   events/enable, events/SYSTEM/enable, events/SYSTEM/NAME/{enable,format,id}
 *
 * The tree is made at the first mount, of pinned dentries, and stays. A file is a row of files[]; i_private of a file below
 * events/ is the set of events that it is for.
 *
 * In Linux: fs/tracefs/, kernel/trace/{trace,trace_events}.c.
 */
#include "asm/uaccess.h"
#include "fs/namei.h"
#include "fs/tracefs/tracefs.h"
#include "kernel/tracing.h"
#include "string.h"

#define TRACEFS_MAGIC 0x74726163
#define PIPE_WAIT_NS (10 * NSEC_PER_MSEC)
static DECLARE_WAIT_QUEUE_HEAD(pipe_wait);

struct trace_file {			/* a row of the table at the end */
	const char *name;
	umode_t mode;
	int (*show)(struct seq_file *m, void *events);	/* NULL: fops has all */
	int (*set)(u64 events, u64 value);	/* a number was written */
	struct file_operations fops;
};
static const struct trace_file *row_of(const struct file *f) { return container_of(f->f_op, struct trace_file, fops); }
static int show_open(struct inode *inode, struct file *f) { return single_open(f, row_of(f)->show, inode->i_private); }

/* A decimal number alone on its line, as Linux's kstrtoul. */
static ssize_t number_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
	char text[24], *end;
	u64 value;
	int err;

	if (!n || n >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, n))
		return -EFAULT;
	text[n] = '\0';
	value = strtoull(text, &end, 10);
	end += *end == '\n';
	err = text[0] < '0' || text[0] > '9' || *end ? -EINVAL : row_of(f)->set((u64)f->f_inode->i_private, value);
	return err ? err : (ssize_t)n;
}

/* ---- trace, trace_pipe: records become text as they are read ---- */

struct reader {
	struct mutex lock;		/* of all below */
	struct trace_iter it;
	int len, given;			/* of line: made, and what the program has of it */
	bool any;			/* it has read something */
	char line[TRACE_LINE];
};

static int header(char *buf, size_t size)
{
	u64 entries, written;

	trace_count(&entries, &written);
	return scnprintf(buf, size, "# tracer: nop\n#\n# entries-in-buffer/entries-written: %lu/%lu   #P:%u\n#\n"
			 "#                                _-----=> irqs-off\n"
			 "#                               / _----=> need-resched\n"
			 "#                              | / _---=> hardirq\n"
			 "#                              || / _--=> preempt-depth\n"
			 "#                              ||| /\n"
			 "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n"
			 "#              | |         |   |||||     |         |\n", entries, written, nr_cpus);
}

static int reader_open(struct inode *inode, struct file *f)
{
	struct reader *r = kmalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return -ENOMEM;
	mutex_init(&r->lock, "trace reader", RANK_PIPE);	/* as a pipe's: user memory is touched under it */
	trace_iter_init(&r->it, false);
	r->len = r->given = 0;
	r->any = false;
	f->private_data = r;
	return 0;
}

static int pipe_open(struct inode *inode, struct file *f)
{
	int err = reader_open(inode, f);

	if (!err)
		trace_iter_init(&((struct reader *)f->private_data)->it, true);
	return err;
}

static int reader_release(struct inode *inode, struct file *f)
{
	kfree(f->private_data);
	return 0;
}

/* Lines as they fit; the rest of one is for the next read. Bytes, or -EFAULT. => r->lock */
static ssize_t read_lines(struct reader *r, char __user *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		size_t part = min(n - done, (size_t)(r->len - r->given));

		if (!part) {
			if (!trace_next(&r->it))
				break;
			r->len = trace_line(r->line, sizeof(r->line), &r->it.head);
			r->given = 0;
			continue;
		}
		if (copy_to_user(buf + done, r->line + r->given, part))
			return done ? (ssize_t)done : -EFAULT;
		r->given += part;
		done += part;
	}
	return done;
}

static ssize_t trace_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
	struct reader *r = f->private_data;
	ssize_t done;

	mutex_lock(&r->lock);
	if (*pos == 0) {
		trace_iter_init(&r->it, false);
		r->len = header(r->line, sizeof(r->line));
		r->given = 0;
	}
	done = read_lines(r, buf, n);
	mutex_unlock(&r->lock);
	*pos += max(done, 0L);
	return done;
}

static ssize_t ignore_write(struct file *f, const char __user *buf, size_t n, loff_t *pos) { return n; }

/* A trace point can't wake anybody (T3), so while somebody waits a timer looks. In Linux irq_work does it at once. */
static void look_for_waiters(struct timer *t)
{
	if (!waitqueue_active(&pipe_wait))
		return;
	if (!trace_empty())
		wake_up_interruptible_all(&pipe_wait);
	timer_start(t, ktime_get() + PIPE_WAIT_NS);
}
static struct timer pipe_timer = { .fn = look_for_waiters };

/* False. Who waits must be queued before: the timer stops when it finds nobody. */
static bool start_looking(void)
{
	timer_start(&pipe_timer, ktime_get() + PIPE_WAIT_NS);
	return false;
}

static ssize_t pipe_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
	struct reader *r = f->private_data;
	ssize_t done;

	for (;;) {
		mutex_lock(&r->lock);
		done = read_lines(r, buf, n);
		r->any |= done > 0;
		mutex_unlock(&r->lock);
		if (done || !n || (r->any && !tracing_on))
			return done;
		if (f->f_flags & O_NONBLOCK)
			return -EAGAIN;
		done = wait_event_interruptible(&pipe_wait, start_looking() || !trace_empty() || (r->any && !tracing_on));
		if (done)
			return done;
	}
}

static unsigned pipe_poll(struct file *f, struct poll_table *pt)
{
	poll_wait(f, &pipe_wait, pt);
	start_looking();
	return trace_empty() ? 0 : POLLIN | POLLRDNORM;
}

/* ---- which events ---- */

static bool word_is(const char *s, size_t len, const char *name) { return strlen(name) == len && !memcmp(s, name, len); }

/* Events that a word of set_event means: SYSTEM:NAME, either empty or "*" for all; a word alone is a system or a name. */
static u64 events_by_name(const char *s)
{
	const char *colon = strchr(s, ':'), *name = colon ? colon + 1 : s;
	size_t len = strlen(name), system_len = colon ? colon - s : len;
	bool any_system = !system_len || word_is(s, system_len, "*"), any_name = !len || word_is(name, len, "*");
	u64 found = 0;

	for (unsigned i = 0; i < NR_TRACE_EVENTS; i++) {
		bool system = any_system || word_is(s, system_len, trace_info[i].system);
		bool event = any_name || word_is(name, len, trace_info[i].name);

		if (colon ? system && event : *s && (system || event))
			found |= BIT(i);
	}
	return found;
}

static ssize_t set_event_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
	char *text, *word, *next;
	int err = 0;

	n = min(n, PAGE_SIZE - 1);
	text = kmalloc(n + 1, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	text[n] = '\0';
	if (copy_from_user(text, buf, n))
		err = -EFAULT;
	for (word = text; !err && *word; word = next) {
		bool off = *word == '!';
		u64 events;

		for (next = word; *next && !strchr(" \t\n", *next); next++)
			;
		if (*next)
			*next++ = '\0';
		if (!*word)
			continue;
		events = events_by_name(word + off);
		err = events ? trace_enable(events, !off) : -EINVAL;
	}
	kfree(text);
	return err ? err : (ssize_t)n;
}

static int show_names(struct seq_file *m, u64 events)
{
	for (unsigned i = 0; i < NR_TRACE_EVENTS; i++)
		if (events & BIT(i))
			seq_printf(m, "%s:%s\n", trace_info[i].system, trace_info[i].name);
	return 0;
}
static int set_event_show(struct seq_file *m, void *v) { return show_names(m, trace_enabled()); }
static int available_show(struct seq_file *m, void *v) { return show_names(m, ~0UL); }

static int enable_show(struct seq_file *m, void *v)
{
	u64 events = (u64)v, on = trace_enabled() & events;

	return seq_printf(m, "%c\n", on == events ? '1' : on ? 'X' : '0');
}

static int enable_set(u64 events, u64 on) { return on > 1 ? -EINVAL : trace_enable(events, on); }

static int id_show(struct seq_file *m, void *v) { return seq_printf(m, "%d\n", ffs64((u64)v) + 1); }

static int format_show(struct seq_file *m, void *v)
{
	unsigned event = ffs64((u64)v), off = sizeof(struct trace_head);
	const struct trace_info *e = &trace_info[event];

	seq_printf(m, "name: %s\nID: %u\nformat:\n", e->name, event + 1);
	for (unsigned i = 0; i < e->nr_fields; i++) {
		const struct trace_field *f = &e->fields[i];

		off = ALIGN(off, f->align);
		seq_printf(m, "\tfield:%s;\toffset:%u;\tsize:%u;\tsigned:%d;\n", f->decl, off, f->size, f->is_signed);
		off += f->size;
	}
	return seq_printf(m, "\nprint fmt: %s\n", e->print);
}

/* ---- the others ---- */

static int tracing_on_show(struct seq_file *m, void *v) { return seq_printf(m, "%d\n", tracing_on); }
static int tracers_show(struct seq_file *m, void *v) { return seq_printf(m, "nop\n"); }

static int buffer_size_show(struct seq_file *m, void *v)
{
	return trace_has_rings() ? seq_printf(m, "%u\n", trace_kb) : seq_printf(m, "7 (expanded: %u)\n", trace_kb);
}

static int tracing_on_set(u64 unused, u64 on) { return tracing_set_on(on); }

static int buffer_size_set(u64 unused, u64 kb)
{
	return !kb ? -EINVAL : kb > totalram_pages * (PAGE_SIZE / 1024) / nr_cpus ? -ENOMEM : trace_resize(max(kb, 4UL));
}

static ssize_t tracer_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
	char text[4] = "";

	if (copy_from_user(text, buf, min(n, sizeof(text))))
		return -EFAULT;
	return n >= 3 && n <= 4 && !memcmp(text, "nop\n", n) ? (ssize_t)n : -EINVAL;
}

static ssize_t marker_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
	struct marker_record *r = kmalloc(sizeof(*r), GFP_KERNEL);
	int err;

	if (!r)
		return -ENOMEM;
	n = min(n, TRACE_MARKER_MAX);
	r->text[n] = '\0';
	err = copy_from_user(r->text, buf, n) ? -EFAULT : trace_mark(r);
	kfree(r);
	return err ? err : (ssize_t)n;
}

/* ---- the tree ---- */

#define SHOWN .open = show_open, .read = seq_read, .llseek = seq_lseek, .release = single_release
static const struct trace_file files[] = {
	{ "available_events", 0440, available_show, NULL, { SHOWN } },
	{ "available_tracers", 0440, tracers_show, NULL, { SHOWN } },
	{ "buffer_size_kb", 0640, buffer_size_show, buffer_size_set, { SHOWN, .write = number_write } },
	{ "current_tracer", 0640, tracers_show, NULL, { SHOWN, .write = tracer_write } },
	{ "set_event", 0640, set_event_show, NULL, { SHOWN, .write = set_event_write } },
	{ "trace", 0640, NULL, NULL, { .open = reader_open, .read = trace_read, .write = ignore_write, .llseek = seq_lseek, .release = reader_release } },
	{ "trace_marker", 0220, NULL, NULL, { .write = marker_write, .unseekable = true } },
	{ "trace_pipe", 0440, NULL, NULL, { .open = pipe_open, .read = pipe_read, .poll = pipe_poll, .release = reader_release, .unseekable = true } },
	{ "tracing_on", 0640, tracing_on_show, tracing_on_set, { SHOWN, .write = number_write } },
}, event_files[] = {
	{ "enable", 0640, enable_show, enable_set, { SHOWN, .write = number_write } },
	{ "format", 0440, format_show, NULL, { SHOWN } },
	{ "id", 0440, id_show, NULL, { SHOWN } },
};

/* O_TRUNC, as "echo > FILE" opens it, is a wish to empty: the rings, or the set of events. */
static int tracefs_setattr(struct dentry *d, struct iattr *a)
{
	if (!(a->ia_valid & ATTR_SIZE))
		return simple_setattr(d, a);
	if (!strcmp(d->d_name.name, "trace"))
		trace_clear();
	return !strcmp(d->d_name.name, "set_event") ? trace_enable(~0UL, false) : 0;
}
static const struct inode_operations tracefs_iops = { .setattr = tracefs_setattr }, dir_iops;
static const struct file_operations dir_fops = { .iterate = dcache_readdir };

/* A file, or without one a directory; NULL: no memory. */
static struct dentry *add(struct dentry *dir, const char *name, const struct trace_file *t, u64 events)
{
	struct qstr q = { .name = name, .len = strlen(name), .hash = full_name_hash(dir, name, strlen(name)) };
	struct inode *i = new_inode(dir->d_sb);
	struct dentry *d = i ? d_alloc(dir, &q) : NULL;

	if (!d) {
		if (i)
			iput(i);
		return NULL;
	}
	i->i_mode = t ? S_IFREG | t->mode : S_IFDIR | 0750;
	i->i_nlink = t ? 1 : 2;
	i->i_op = t ? &tracefs_iops : &dir_iops;
	i->i_fop = t ? &t->fops : &dir_fops;
	i->i_private = (void *)events;
	d_pin(d);
	d_add(d, i);
	dput(d);			/* the pin keeps it */
	return d;
}

static bool add_files(struct dentry *dir, const struct trace_file *t, unsigned n, u64 events)
{
	while (n--)
		if (!add(dir, t[n].name, &t[n], events))
			return false;
	return true;
}

/* events/SYSTEM/NAME; rows of one system stand together or apart. */
static bool add_events(struct dentry *root)
{
	struct dentry *events = add(root, "events", NULL, 0), *dirs[NR_TRACE_EVENTS];

	if (!events || !add_files(events, event_files, 1, BIT(NR_TRACE_EVENTS) - 1))
		return false;
	for (unsigned i = 0, j; i < NR_TRACE_EVENTS; i++) {
		const char *system = trace_info[i].system;
		struct dentry *d;

		for (j = 0; j < i && strcmp(trace_info[j].system, system); j++)
			;
		dirs[i] = j < i ? dirs[j] : add(events, system, NULL, 0);
		if (!dirs[i] || (j == i && !add_files(dirs[i], event_files, 1, events_by_name(system))))
			return false;
		d = add(dirs[i], trace_info[i].name, NULL, 0);
		if (!d || !add_files(d, event_files, ARRAY_SIZE(event_files), BIT(i)))
			return false;
	}
	return true;
}

static int fill_super(struct super_block *sb, char *data)
{
	struct inode *i = new_inode(sb);

	if (!i)
		return -ENOMEM;
	sb->s_magic = TRACEFS_MAGIC;
	i->i_mode = S_IFDIR | 0700;
	i->i_nlink = 2;
	i->i_op = &dir_iops;
	i->i_fop = &dir_fops;
	sb->s_root = d_make_root(i);
	if (!sb->s_root)
		return -ENOMEM;
	if (add_files(sb->s_root, files, ARRAY_SIZE(files), 0) && add_events(sb->s_root))
		return 0;
	d_shrink_tree(sb->s_root);
	dput(sb->s_root);
	return -ENOMEM;
}

static struct file_system_type tracefs_type = { .name = "tracefs", .fill_super = fill_super, .one_instance = true };

void __init tracefs_init(void) { register_filesystem(&tracefs_type); }
