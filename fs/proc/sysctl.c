/*
 * procfs: /proc/sys, a table of numbers and strings of the kernel.
 *
 * In Linux: kernel/sysctl.c, fs/proc/proc_sysctl.c.
 */
#include "fs/proc/proc.h"
#include "kernel/process.h"
#include "sched/lock.h"
#include "string.h"
#include "uapi/utsname.h"

struct sysctl {
	const char *name;
	int *number;			/* with limits, and writable if min < max */
	int min, max;
	char *string;			/* writable, of size max */
	const char *text;		/* fixed */
	int (*show)(struct seq_file *m);
	int (*changed)(void);		/* after a write to number */
};

static int randomize_show(struct seq_file *m) { return seq_printf(m, "%d\n", randomize_va_space ? 2 : 0); }
static int mmap_min_show(struct seq_file *m) { return seq_printf(m, "%lu\n", MMAP_MIN_ADDR); }
static int printk_show(struct seq_file *m) { return seq_printf(m, "%d\t4\t1\t7\n", console_loglevel); }

static struct sysctl table[] = {
	{ .name = "sys/kernel/pid_max", .number = &pid_max, .min = 301, .max = PID_MAX_DEFAULT },
	{ .name = "sys/kernel/hostname", .string = utsname_node, .max = sizeof(utsname_node) },
	{ .name = "sys/kernel/domainname", .string = utsname_domain, .max = sizeof(utsname_domain) },
	{ .name = "sys/kernel/hung_task_timeout_secs", .number = &hung_task_timeout_secs, .min = 0, .max = 0x7fffffff },
	{ .name = "sys/kernel/lock_stat", .number = &lock_stat_on, .min = 0, .max = 1, .changed = lock_stat_changed },
	{ .name = "sys/kernel/ostype", .text = UTS_SYSNAME },
	{ .name = "sys/kernel/osrelease", .text = UTS_RELEASE },
	{ .name = "sys/kernel/version", .text = UTS_VERSION },
	{ .name = "sys/kernel/randomize_va_space", .show = randomize_show },
	{ .name = "sys/kernel/random/entropy_avail", .text = "256" },
	{ .name = "sys/kernel/printk", .show = printk_show },
	{ .name = "sys/kernel/ngroups_max", .text = "32" },
	{ .name = "sys/kernel/cap_last_cap", .text = "40" },
	{ .name = "sys/kernel/core_pattern", .text = "core" },
	{ .name = "sys/kernel/overflowuid", .text = "65534" },
	{ .name = "sys/kernel/overflowgid", .text = "65534" },
	{ .name = "sys/vm/overcommit_memory", .text = "0" },
	{ .name = "sys/vm/max_map_count", .number = &sysctl_max_map_count, .min = 0, .max = 0x7fffffff },
	{ .name = "sys/vm/mmap_min_addr", .show = mmap_min_show },
	{ .name = "sys/fs/file-max", .text = "9223372036854775807" },
	{ .name = "sys/fs/nr_open", .text = "1048576" },
};

static int sysctl_show(struct seq_file *m, void *data)
{
	struct sysctl *t = data;

	if (t->show)
		return t->show(m);
	if (t->number)
		return seq_printf(m, "%d\n", *t->number);
	return seq_printf(m, "%s\n", t->string ? t->string : t->text);
}

static int sysctl_write(void *data, char *text)
{
	struct sysctl *t = data;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!t->number && !t->string)
		return -EIO;
	if (t->string) {
		strscpy(t->string, text, t->max);
		return 0;
	}
	int err = parse_int(text, t->min, t->max, t->number);
	return err || !t->changed ? err : t->changed();
}

void __init sysctl_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		struct sysctl *t = &table[i];
		bool writable = t->number || t->string;

		tree_add(proc_root, t->name, &(struct tree_file){ .mode = S_IFREG | (writable ? 0644 : 0444), .show = sysctl_show,
								  .write = sysctl_write, .data = t });
	}
}
