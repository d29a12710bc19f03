/*
 * tracefs: the trace (include/trace.h) as files, mounted at /sys/kernel/tracing.
 *
 *   trace              what is in the rings; writing empties them          trace_pipe   takes it out, and waits for more
 *   set_event          "sched:sched_switch", "sched:*", "!fork" ...        tracing_on, buffer_size_kb, trace_marker
 *   options/irq-info   0: lines without the column of flags, as trace-cmd's report and its viewers have them
 *   events/enable, events/SYSTEM/enable, events/SYSTEM/NAME/{enable,format,id}
 *
 * The tree (fs/tree.h) is made at the first mount and stays. A file is a row of files[] or event_files[]; the data of one below
 * events/ is the set of events that it is for.
 *
 * In Linux: fs/tracefs/, kernel/trace/{trace,trace_events}.c.
 */
#include "asm/uaccess.h"
#include "fs/tree.h"
#include "fs/tracefs/tracefs.h"
#include "kernel/tracing.h"
#include "string.h"

#define TRACEFS_MAGIC 0x74726163
#define PIPE_WAIT_NS (10 * NSEC_PER_MSEC)
static DECLARE_WAIT_QUEUE_HEAD(pipe_wait);

struct trace_file {			/* a row of the tables at the end */
	const char *name;
	struct tree_file file;
};

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
	int n = scnprintf(buf, size, "# tracer: nop\n#\n# entries-in-buffer/entries-written: %lu/%lu   #P:%u\n#\n", entries, written, nr_cpus);

	if (!trace_irq_info)
		return n + scnprintf(buf + n, size - n, "#           TASK-PID     CPU#     TIMESTAMP  FUNCTION\n"
				     "#              | |         |         |         |\n");
	return n + scnprintf(buf + n, size - n,
			 "#                                _-----=> irqs-off\n"
			 "#                               / _----=> need-resched\n"
			 "#                              | / _---=> hardirq\n"
			 "#                              || / _--=> preempt-depth\n"
			 "#                              ||| /\n"
			 "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n"
			 "#              | |         |   |||||     |         |\n");
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

static int set_event_write(void *unused, char *text)
{
	char *word, *next;

	for (word = text; *word; word = next) {
		bool off = *word == '!';

		for (next = word; *next && !strchr(" \t\n", *next); next++)
			;
		if (*next)
			*next++ = '\0';
		if (!*word)
			continue;
		u64 events = events_by_name(word + off);
		int err = events ? trace_enable(events, !off) : -EINVAL;
		if (err)
			return err;
	}
	return 0;
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

static int enable_write(void *events, char *text)
{
	int on;

	return parse_int(text, 0, 1, &on) ?: trace_enable((u64)events, on);
}

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

static int irq_info_show(struct seq_file *m, void *v) { return seq_printf(m, "%d\n", trace_irq_info); }

static int irq_info_write(void *unused, char *text)
{
	int on, err = parse_int(text, 0, 1, &on);

	if (!err)
		trace_irq_info = on;
	return err;
}

static int buffer_size_show(struct seq_file *m, void *v)
{
	return trace_has_rings() ? seq_printf(m, "%u\n", trace_kb) : seq_printf(m, "7 (expanded: %u)\n", trace_kb);
}

static int tracing_on_write(void *unused, char *text)
{
	int on;

	return parse_int(text, 0, 0x7fffffff, &on) ?: tracing_set_on(on);
}

static int buffer_size_write(void *unused, char *text)
{
	char *end;
	u64 kb = strtoull(text, &end, 10);

	if (*end || !kb)
		return -EINVAL;
	return kb > totalram_pages * (PAGE_SIZE / 1024) / nr_cpus ? -ENOMEM : trace_resize(max(kb, 4UL));
}

static int tracer_write(void *unused, char *text) { return strcmp(text, "nop") ? -EINVAL : 0; }

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

static const struct file_operations trace_fops = {
	.open = reader_open, .read = trace_read, .write = ignore_write, .llseek = seq_lseek, .release = reader_release,
};
static const struct file_operations pipe_fops = {
	.open = pipe_open, .read = pipe_read, .poll = pipe_poll, .release = reader_release, .unseekable = true,
};
static const struct file_operations marker_fops = { .write = marker_write, .unseekable = true };

#define R (S_IFREG | 0440)
#define RW (S_IFREG | 0640)
static const struct trace_file files[] = {
	{ "available_events", { R, .show = available_show } },
	{ "available_tracers", { R, .show = tracers_show } },
	{ "buffer_size_kb", { RW, .show = buffer_size_show, .write = buffer_size_write } },
	{ "current_tracer", { RW, .show = tracers_show, .write = tracer_write } },
	{ "set_event", { RW, .show = set_event_show, .write = set_event_write } },
	{ "trace", { RW, .fops = &trace_fops } },
	{ "trace_marker", { S_IFREG | 0220, .fops = &marker_fops } },
	{ "trace_pipe", { R, .fops = &pipe_fops } },
	{ "tracing_on", { RW, .show = tracing_on_show, .write = tracing_on_write } },
	{ "options", { .mode = S_IFDIR | 0750 } },
	{ "options/irq-info", { RW, .show = irq_info_show, .write = irq_info_write } },
	{ "events", { .mode = S_IFDIR | 0750 } },
	{ "events/enable", { RW, .show = enable_show, .write = enable_write, .data = (void *)(BIT(NR_TRACE_EVENTS) - 1) } },
}, event_files[] = {
	{ "enable", { RW, .show = enable_show, .write = enable_write } },
	{ "format", { R, .show = format_show } },
	{ "id", { R, .show = id_show } },
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
static const struct inode_operations tracefs_iops = { .setattr = tracefs_setattr };

/* events/SYSTEM/NAME/..., and events/SYSTEM/enable, which is there already when another of the system was first. */
static int add_event(struct dentry *root, unsigned event)
{
	const struct trace_info *e = &trace_info[event];
	struct tree_file file = event_files[0].file;
	char path[80];

	file.data = (void *)events_by_name(e->system);
	snprintf(path, sizeof(path), "events/%s/enable", e->system);
	int err = tree_add(root, path, &file);
	for (unsigned i = 0; !err && i < ARRAY_SIZE(event_files); i++) {
		file = event_files[i].file;
		file.data = (void *)BIT(event);
		snprintf(path, sizeof(path), "events/%s/%s/%s", e->system, e->name, event_files[i].name);
		err = tree_add(root, path, &file);
	}
	return err;
}

static int fill_super(struct super_block *sb, char *data)
{
	static const struct tree_file root = { .mode = S_IFDIR | 0700, .fops = &simple_dir_operations };
	int err = tree_root(sb, TRACEFS_MAGIC, &root, &tracefs_iops);

	for (unsigned i = 0; !err && i < ARRAY_SIZE(files); i++)
		err = tree_add(sb->s_root, files[i].name, &files[i].file);
	for (unsigned i = 0; !err && i < NR_TRACE_EVENTS; i++)
		err = add_event(sb->s_root, i);
	return err;
}

static struct file_system_type tracefs_type = { .name = "tracefs", .fill_super = fill_super, .one_instance = true };

void __init tracefs_init(void) { register_filesystem(&tracefs_type); }
