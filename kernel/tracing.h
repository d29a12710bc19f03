/* Tracing behind the trace points (include/trace.h is the spec): the rings, their readers, their text; for fs/tracefs. */
#pragma once
#include "trace.h"
#include "asm/cpu.h"

#define TRACE_TEXT 64UL			/* of each string argument of a system call */
#define TRACE_MARKER NR_TRACE_EVENTS	/* what a program wrote to trace_marker */
#define TRACE_MARKER_MAX 1024UL
#define TRACE_LINE (TRACE_MARKER_MAX + 128)	/* longest line of text */

struct trace_head {			/* begins each record */
	u16 len, event;			/* bytes with the head, a multiple of 8 */
	pid_t pid;
	u64 time;			/* ktime_get() */
	u8 cpu, flags, preempt_count;
	char comm[16];
};
#define TRACE_IRQS_OFF 1
#define TRACE_NEED_RESCHED 2
#define TRACE_HARDIRQ 4

#define FIELDS(...) __VA_ARGS__
#define F(type, name) type name;
#define A(type, name, n) type name[n];
#define TRACE_EVENT(system, name, proto, args, fields, assign, print) struct name##_record { struct trace_head h; fields };
#include "trace_events.tbl.h"
#undef TRACE_EVENT
#undef F
#undef A
struct marker_record {
	struct trace_head h;
	char text[TRACE_MARKER_MAX + 8];	/* NUL-ended */
};

struct trace_field {
	const char *decl;		/* "pid_t prev_pid" */
	u16 size, align;		/* after sizeof(struct trace_head) they stand as C puts them */
	bool is_signed;
};
struct trace_info {			/* a row of the table */
	const char *system, *name, *print;
	const struct trace_field *fields;
	unsigned nr_fields;
	int (*show)(char *buf, size_t size, const void *record);
};
extern const struct trace_info trace_info[NR_TRACE_EVENTS];

/* ---- trace.c: control; all may sleep ---- */
int trace_enable(u64 events, bool on);	/* on: makes the rings, too. 0, -ENOMEM */
u64 trace_enabled(void);		/* what is enabled, be tracing on or not */
extern bool tracing_on;
int tracing_set_on(bool on);
extern unsigned trace_kb;		/* of each CPU's ring */
int trace_resize(unsigned kb);		/* empties the rings. -ENOMEM: nothing changed */
bool trace_has_rings(void);
void trace_clear(void);
int trace_mark(struct marker_record *r);	/* its text is set. 0, -EBADF: tracing is off, -ENOMEM */
void trace_count(u64 *entries, u64 *written);	/* in the rings now, and ever */

/* ---- readers: records of all CPUs in order of time ---- */
struct trace_iter {
	bool consume;			/* takes them out of the rings */
	u64 pos[NR_CPUS], end[NR_CPUS];
	union {
		struct trace_head head;
		struct marker_record largest;
	};
};
void trace_iter_init(struct trace_iter *it, bool consume);	/* what is there now; consume: without end */
bool trace_next(struct trace_iter *it);	/* the next record is in it->head; false: no more */
bool trace_empty(void);

/* ---- trace_text.c, trace_syscall.c ---- */
extern bool trace_irq_info;		/* a line has the five flags: options/irq-info */
int trace_line(char *buf, size_t size, const struct trace_head *h);	/* Linux's line with its newline; its length */
size_t fill_args(struct sys_enter_record *r, const struct pt_regs *regs);	/* bytes of r->text used. May sleep */
int print_sys_enter(char *buf, size_t size, const struct sys_enter_record *r);
int print_sys_exit(char *buf, size_t size, const struct sys_exit_record *r);
