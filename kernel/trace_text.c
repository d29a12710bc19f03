/*
 * From a record to a line, as Linux's tracefs has it:
 *
 *              sh-42      [000] d..2.    12.345678: sched_wakeup: comm=init pid=1 prio=120 target_cpu=000
 *            task-pid    CPU  |||||  seconds        event: its fields
 *                             d irqs off, N need_resched, h in an interrupt, preempt_count
 *
 * In Linux: kernel/trace/trace_output.c.
 */
#include "kernel/tracing.h"
#include "kallsyms.h"
#include "mm/mm.h"
#include "string.h"

/* prev_state of a switch; -1: preempted on its way to sleep. */
static const char *state_name(int state)
{
	static const struct {
		int bit;
		const char *name;
	} names[] = { { TASK_DEAD, "X" }, { TASK_UNINTERRUPTIBLE, "D" }, { __TASK_STOPPED, "T" }, { __TASK_TRACED, "t" }, { TASK_INTERRUPTIBLE, "S" } };

	if (state < 0)
		return "R+";
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (state & names[i].bit)
			return names[i].name;
	return "R";
}

static const char *function_name(u64 addr)
{
	const char *name = kallsyms_lookup(addr, NULL);

	return name ? name : "?";
}

#define PRINT(...) return scnprintf(buf, size, __VA_ARGS__);
#define PRINT_BY(fn) return fn(buf, size, r);
#define F(type, name)
#define A(type, name, n)
#define TRACE_EVENT(system, name, proto, args, fields, assign, print) \
	static int show_##name(char *buf, size_t size, const void *record) { const struct name##_record *r = record; print }
#include "trace_events.tbl.h"
#undef TRACE_EVENT
#undef F
#undef A

#define F(type, name) { #type " " #name, sizeof(type), sizeof(type), (type)-1 < (type)1 },
#define A(type, name, n) { #type " " #name "[" #n "]", sizeof(type) * (n), sizeof(type), (type)-1 < (type)1 },
#define TRACE_EVENT(system, name, proto, args, fields, assign, print) static const struct trace_field fields_##name[] = { fields };
#include "trace_events.tbl.h"
#undef TRACE_EVENT
#undef PRINT
#undef PRINT_BY
#define PRINT(...) #__VA_ARGS__
#define PRINT_BY(fn) #fn
#define TRACE_EVENT(system, name, proto, args, fields, assign, print) \
	{ #system, #name, print, fields_##name, ARRAY_SIZE(fields_##name), show_##name },
const struct trace_info trace_info[NR_TRACE_EVENTS] = {
#include "trace_events.tbl.h"
};

bool trace_irq_info = true;

static int line_head(char *buf, size_t size, const struct trace_head *h)
{
	u64 us = h->time / NSEC_PER_USEC;
	int n = scnprintf(buf, size, "%16s-%-7d [%03u] ", h->pid ? h->comm : "<idle>", h->pid, h->cpu);

	if (trace_irq_info)
		n += scnprintf(buf + n, size - n, "%c%c%c%c.", h->flags & TRACE_IRQS_OFF ? 'd' : '.', h->flags & TRACE_NEED_RESCHED ? 'N' : '.',
			       h->flags & TRACE_HARDIRQ ? 'h' : '.', h->preempt_count ? "0123456789abcdef"[h->preempt_count & 15] : '.');
	return n + scnprintf(buf + n, size - n, " %5lu.%06lu: ", us / 1000000, us % 1000000);
}

int trace_line(char *buf, size_t size, const struct trace_head *h)
{
	const struct trace_info *e = &trace_info[h->event];
	int n = line_head(buf, size, h);

	if (h->event == TRACE_MARKER) {
		n += scnprintf(buf + n, size - n, "tracing_mark_write: %s", ((const struct marker_record *)h)->text);
		if (buf[n - 1] == '\n')
			return n;
	} else {
		if (strcmp(e->system, "syscalls"))	/* a call's line begins with its own name */
			n += scnprintf(buf + n, size - n, "%s: ", e->name);
		n += e->show(buf + n, size - n, h);
	}
	return n + scnprintf(buf + n, size - n, "\n");
}
