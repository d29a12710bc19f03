/*
 * procfs: the machine in text files: meminfo, cpuinfo, stat ... in Linux's formats.
 *
 * In Linux: fs/proc/{meminfo,stat,uptime,loadavg,version,interrupts}.c, mm/{vmstat,slab_common}.c, arch/x86/kernel/cpu/proc.c.
 */
#include "fs/proc/proc.h"
#include "kernel/process.h"
#include "kernel/irq.h"
#include "boot_param.h"
#include "sched/lock.h"
#include "string.h"
#include "uapi/utsname.h"

#define TICKS_PER_USER_HZ (HZ / USER_HZ)
#define K(pages) ((u64)(pages) << (PAGE_SHIFT - 10))

static int meminfo_show(struct seq_file *m, void *v)
{
	u64 free = nr_free_pages(), cache = global_page_state(NR_PAGE_CACHE), shmem = global_page_state(NR_SHMEM);
	u64 anon = global_page_state(NR_ANON_PAGES), slab = global_page_state(NR_SLAB_PAGES);
	const struct { const char *name; u64 kib; } rows[] = {
		{ "MemTotal:", K(totalram_pages) }, { "MemFree:", K(free) }, { "MemAvailable:", K(free + cache - min(cache, shmem)) },
		{ "Buffers:", 0 }, { "Cached:", K(cache) }, { "SwapCached:", 0 }, { "Active:", K(anon + cache) }, { "Inactive:", 0 },
		{ "Active(anon):", K(anon + shmem) }, { "Inactive(anon):", 0 }, { "Active(file):", K(cache - min(cache, shmem)) },
		{ "Inactive(file):", 0 }, { "Unevictable:", 0 }, { "Mlocked:", 0 }, { "SwapTotal:", 0 }, { "SwapFree:", 0 },
		{ "Dirty:", 0 }, { "Writeback:", 0 }, { "AnonPages:", K(anon) }, { "Mapped:", 0 }, { "Shmem:", K(shmem) },
		{ "KReclaimable:", 0 }, { "Slab:", K(slab) }, { "SReclaimable:", 0 }, { "SUnreclaim:", K(slab) },
		{ "KernelStack:", K(global_page_state(NR_KSTACK_PAGES)) }, { "PageTables:", K(global_page_state(NR_PAGE_TABLES)) },
		{ "VmallocTotal:", (VMALLOC_END - VMALLOC_START) >> 10 }, { "VmallocUsed:", K(global_page_state(NR_KSTACK_PAGES)) },
		{ "VmallocChunk:", 0 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		seq_printf(m, "%-15s%9lu kB\n", rows[i].name, rows[i].kib);
	return 0;
}

static int cpuinfo_show(struct seq_file *m, void *v)
{
	static const char *const edx1[32] = { "fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic", NULL, "sep",
		"mtrr", "pge", "mca", "cmov", "pat", "pse36", "pn", "clflush", NULL, "dts", "acpi", "mmx", "fxsr", "sse", "sse2", "ss",
		"ht", "tm", "ia64", "pbe" };
	static const char *const ecx1[32] = { "pni", "pclmulqdq", "dtes64", "monitor", "ds_cpl", "vmx", "smx", "est", "tm2", "ssse3",
		"cid", "sdbg", "fma", "cx16", "xtpr", "pdcm", NULL, "pcid", "dca", "sse4_1", "sse4_2", "x2apic", "movbe", "popcnt",
		"tsc_deadline_timer", "aes", "xsave", NULL, "avx", "f16c", "rdrand", "hypervisor" };
	static const char *const ext[32] = { [11] = "syscall", [20] = "nx", [26] = "pdpe1gb", [27] = "rdtscp", [29] = "lm" };
	static const char *const leaf7[32] = { [0] = "fsgsbase", [3] = "bmi1", [5] = "avx2", [7] = "smep", [8] = "bmi2",
		[9] = "erms", [18] = "rdseed", [19] = "adx", [20] = "smap" };
	struct cpuid_regs c = cpuid(1, 0);
	const struct { u32 bits; const char *const *names; } flags[] = { { c.edx, edx1 }, { cpuid(0x80000001, 0).edx, ext },
		{ c.ecx, ecx1 }, { cpuid(7, 0).ebx, leaf7 } };
	unsigned family = c.eax >> 8 & 15, model = c.eax >> 4 & 15, khz = tsc_khz;

	if (family == 6 || family == 15)
		model |= c.eax >> 12 & 0xf0;
	if (family == 15)
		family += c.eax >> 20 & 0xff;
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		seq_printf(m, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %s\nstepping\t: %u\n", cpu,
			   cpu_vendor, family, model, cpu_model_name, c.eax & 15);
		seq_printf(m, "cpu MHz\t\t: %u.%03u\nphysical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\napicid\t\t: %u\n"
			   "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\nflags\t\t:", khz / 1000, khz % 1000, nr_cpus,
			   cpu, nr_cpus, cpus[cpu].apic_id, cpuid(0, 0).eax);
		for (unsigned i = 0; i < 32 * ARRAY_SIZE(flags); i++)
			if ((flags[i / 32].bits >> i % 32 & 1) && flags[i / 32].names[i % 32])
				seq_printf(m, " %s", flags[i / 32].names[i % 32]);
		seq_printf(m, "\nbogomips\t: %u.%02u\nclflush size\t: 64\ncache_alignment\t: 64\n\n", khz / 500, khz / 5 % 100);
	}
	return 0;
}

static void stat_cpu(struct seq_file *m, const char *name, u64 user, u64 nice, u64 system, u64 idle)
{
	seq_printf(m, "%s %lu %lu %lu %lu 0 0 0 0 0 0\n", name, user / TICKS_PER_USER_HZ, nice / TICKS_PER_USER_HZ,
		   system / TICKS_PER_USER_HZ, idle / TICKS_PER_USER_HZ);
}

static int stat_show(struct seq_file *m, void *v)
{
	u64 t[4] = { 0 }, irqs = 0, boot = ktime_get_real() - ktime_get();
	struct task_struct *p;
	unsigned blocked = 0;
	char name[12];

	for (unsigned c = 0; c < nr_cpus; c++) {
		t[0] += cpus[c].user_ticks;
		t[1] += cpus[c].nice_ticks;
		t[2] += cpus[c].system_ticks;
		t[3] += cpus[c].idle_ticks;
		irqs += cpus[c].nr_irqs;
	}
	stat_cpu(m, "cpu ", t[0], t[1], t[2], t[3]);
	for (unsigned c = 0; c < nr_cpus; c++) {
		snprintf(name, sizeof(name), "cpu%u", c);
		stat_cpu(m, name, cpus[c].user_ticks, cpus[c].nice_ticks, cpus[c].system_ticks, cpus[c].idle_ticks);
	}
	seq_printf(m, "intr %lu", irqs);
	for (unsigned irq = 0; irq < NR_IRQS; irq++) {
		u64 n = 0;

		for (unsigned c = 0; c < nr_cpus; c++)
			n += irq_count(irq, c);
		seq_printf(m, " %lu", n);
	}
	spin_lock_irq(&tasklist_lock);
	for_each_process(p)
		blocked += (p->state & TASK_UNINTERRUPTIBLE) != 0;
	spin_unlock_irq(&tasklist_lock);
	seq_printf(m, "\nctxt %lu\nbtime %lu\nprocesses %lu\nprocs_running %lu\nprocs_blocked %u\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n",
		   nr_context_switches(), boot / NSEC_PER_SEC, atomic_long_read(&total_forks), nr_running(), blocked);
	return 0;
}

static int uptime_show(struct seq_file *m, void *v)
{
	u64 up = ktime_get() / (NSEC_PER_SEC / 100), idle = 0;

	for (unsigned c = 0; c < nr_cpus; c++)
		idle += cpus[c].idle_ticks / (HZ / 100);
	return seq_printf(m, "%lu.%02lu %lu.%02lu\n", up / 100, up % 100, idle / 100, idle % 100);
}

static int loadavg_show(struct seq_file *m, void *v)
{
	for (int i = 0; i < 3; i++) {
		u64 load = avenrun[i] + (1 << 11) / 200;	/* 11 bits of fraction, rounded */

		seq_printf(m, "%lu.%02lu ", load >> 11, (load & 2047) * 100 >> 11);
	}
	return seq_printf(m, "%lu/%ld %d\n", nr_running(), atomic_long_read(&nr_tasks), last_pid);
}

static int filesystems_show(struct seq_file *m, void *v)
{
	struct file_system_type *t;

	list_for_each_entry(t, &file_systems, list)
		seq_printf(m, "nodev\t%s\n", t->name);
	return 0;
}

static int interrupts_show(struct seq_file *m, void *v)
{
	static const struct { unsigned irq; const char *tag; } ipis[] = { { IPI_TICK, "LOC" }, { IPI_RESCHEDULE, "RES" }, { IPI_CALL, "CAL" } };
	seq_puts(m, "           ");
	for (unsigned c = 0; c < nr_cpus; c++)
		seq_printf(m, "CPU%-8u", c);
	seq_putc(m, '\n');
	for (unsigned irq = 0; irq < NR_IRQS; irq++) {
		if (!irq_name(irq))
			continue;
		seq_printf(m, "%3u: ", irq);
		for (unsigned c = 0; c < nr_cpus; c++)
			seq_printf(m, "%10lu ", irq_count(irq, c));
		seq_printf(m, "   %s  %3u-edge      %s\n", irq_chip->name, irq, irq_name(irq));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(ipis); i++) {
		seq_printf(m, "%s: ", ipis[i].tag);
		for (unsigned c = 0; c < nr_cpus; c++)
			seq_printf(m, "%10lu ", irq_count(ipis[i].irq, c));
		seq_printf(m, "  %s\n", irq_name(ipis[i].irq));
	}
	return seq_printf(m, "ERR: %10lu\n", irq_err_count);
}

static int version_show(struct seq_file *m, void *v)
{
	return seq_printf(m, "%s version %s (root@cutaway) (gcc) %s\n", UTS_SYSNAME, UTS_RELEASE, UTS_VERSION);
}

static int cmdline_show(struct seq_file *m, void *v) { return seq_printf(m, "%s\n", saved_command_line); }

static int buddyinfo_show(struct seq_file *m, void *v)
{
	struct buddy_stat st;

	buddy_stats(&st);
	seq_puts(m, "Node 0, zone   Normal ");
	for (int i = 0; i < MAX_ORDER; i++)
		seq_printf(m, "%6lu ", st.free[i]);
	seq_putc(m, '\n');
	return 0;
}

static int slabinfo_show(struct seq_file *m, void *v)
{
	struct slabinfo s;

	seq_puts(m, "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables "
		    "<limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	for (unsigned n = 0; slabinfo_nth(n, &s); n++) {
		u64 slabs = s.per_slab ? s.total / s.per_slab : 0;

		seq_printf(m, "%-17s %6lu %6lu %6u %4u %4u : tunables    0    0    0 : slabdata %6lu %6lu      0\n", s.name, s.active,
			   s.total, s.size, s.per_slab, s.pages_per_slab, slabs, slabs);
	}
	return 0;
}

static void emit_seq(void *ctx, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	seq_puts(ctx, line);
}

static int lock_stat_seq(struct seq_file *m, void *v) { return lock_stat_show(emit_seq, m); }

/* The text is made under run queue locks: the buffer is large enough from the start. */
static int sched_debug_seq(struct seq_file *m, void *v)
{
	sched_debug_show(emit_seq, m);
	return 0;
}

static int consoles_show(struct seq_file *m, void *v)
{
	for (struct console *c = console_next(NULL); c; c = console_next(c))
		if (c->enabled)
			seq_printf(m, "%s%-*d -W- (E%c p  )\n", c->name, 21 - (int)strlen(c->name), c->index,
				   c == preferred_console() ? 'C' : ' ');
	return 0;
}

void __init system_init(void)
{
	static const struct { const char *name; int (*show)(struct seq_file *m, void *v); } files[] = {
		{ "buddyinfo", buddyinfo_show }, { "cmdline", cmdline_show }, { "consoles", consoles_show }, { "cpuinfo", cpuinfo_show },
		{ "filesystems", filesystems_show }, { "interrupts", interrupts_show },
		{ "loadavg", loadavg_show }, { "meminfo", meminfo_show },
		{ "sched_debug", sched_debug_seq }, { "lock_stat", lock_stat_seq }, { "stat", stat_show }, { "uptime", uptime_show },
		{ "version", version_show },
	};
	static const struct { const char *name, *target; } links[] = {	/* formats for tgid and pid */
		{ "self", "%d" }, { "thread-self", "%d/task/%d" }, { "mounts", "self/mounts" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		proc_create(files[i].name, 0444, files[i].show);
	proc_create("slabinfo", 0400, slabinfo_show);
	for (unsigned i = 0; i < ARRAY_SIZE(links); i++)
		tree_add(proc_root, links[i].name, &(struct tree_file){ .mode = S_IFLNK | 0777, .data = (void *)links[i].target });
}
