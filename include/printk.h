/*
 * The kernel's log and its last words (kernel/printk.c, kernel/panic.c).
 * Lines go to a ring of 64 KiB that dmesg reads, and to every console that wants them, with
 * Linux's "[    0.000123] " stamps. Consoles may be called with interrupts off and must not sleep.
 */
#pragma once
#include "asm/cpu.h"
#include "list.h"

#define KERN_EMERG "\0010"
#define KERN_ERR "\0013"
#define KERN_WARNING "\0014"
#define KERN_NOTICE "\0015"
#define KERN_INFO "\0016"

struct console {
	const char *name;		/* "ttyS" or "tty": matches console= with the index after it */
	int index;
	bool enabled;			/* chosen by console=, or the default */
	void (*write)(struct console *c, const char *s, unsigned n);
	void *(*tty)(struct console *c);	/* the struct tty_struct behind it, for /dev/console; may be NULL */
	u64 seq;			/* how far into the log it has printed */
	struct list_head list;
};

int printk(const char *fmt, ...) __printf(1, 2);
#define pr_emerg(...) printk(KERN_EMERG __VA_ARGS__)
#define pr_err(...) printk(KERN_ERR __VA_ARGS__)
#define pr_warn(...) printk(KERN_WARNING __VA_ARGS__)
#define pr_notice(...) printk(KERN_NOTICE __VA_ARGS__)
#define pr_info(...) printk(KERN_INFO __VA_ARGS__)

/* Adds a console; it is sent the whole log so far. enabled is decided from console= (boot_cmdline). */
void register_console(struct console *c);
/* The console that /dev/console means: the last console= word's, else the first registered. May be NULL. */
struct console *preferred_console(void);
struct console *console_next(struct console *c);	/* iterate: NULL starts */
extern int console_loglevel;			/* messages below this number are printed: 7, 4 with quiet */
/* For /dev/kmsg and syslog(2): copies log text from *seq (byte position, moved on; skips what is gone). */
unsigned log_read(u64 *seq, char *buf, unsigned size);
unsigned log_line(u64 *seq, char *line, unsigned size);	/* one line with its end, or as much of it as fits */
u64 log_first(void);
u64 log_end(void);

extern int panic_cpu;			/* the one whose last words these are; -1: all is well */
static inline bool panicking(void) { return unlikely(panic_cpu >= 0) && panic_cpu == (int)smp_processor_id(); }
void panic(const char *fmt, ...) __noreturn __printf(1, 2);
struct pt_regs;
struct task_struct;
void show_stack(struct task_struct *p);		/* of one that sleeps */
void dump_stack(void);			/* backtrace of the caller with symbols */
void show_backtrace(struct pt_regs *regs);	/* of what was interrupted: CPU, task, place, callers; in an NMI too */
/* An exception in kernel mode with no fix: prints all and panics. */
void die(const char *what, struct pt_regs *regs, long error) __noreturn;
void warn_at(const char *file, int line, const char *cond);

/* A kernel bug: panics naming the condition; cite the invariant in a comment or in msg. */
#define BUG_ON(cond) do { if (unlikely(cond)) panic("kernel BUG at %s:%d: %s", __FILE__, __LINE__, #cond); } while (0)
#define BUG() panic("kernel BUG at %s:%d", __FILE__, __LINE__)
#define WARN_ON(cond) ({ bool _w = (cond); if (unlikely(_w)) warn_at(__FILE__, __LINE__, #cond); unlikely(_w); })
