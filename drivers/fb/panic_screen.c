/*
 * The screen of a panic, made to be photographed: white on blue, letters as large as leave 80x25 of them.
 *
 *   what happened, with our version          blue on white, as many rows as it needs
 *   CPU, task, registers
 *   the call trace, side by side
 *   locks held
 *   the log before it, as much as fits       grey
 *   what to do with it                       blue on white
 *
 * All text comes from the log. What stands on the screen, and whose it is, does not matter any more, nor does what
 * console= said. Nothing is allocated, locked or waited for.
 */
#include "boot_param.h"
#include "drivers/fb/fb.h"
#include "kernel/process.h"
#include "printk.h"
#include "string.h"

#define TITLE 0x7400
#define REPORT 0x4f00
#define LOG 0x4700
#define TRACE_WIDTH 40

static const struct screen *s;
static unsigned x, y, end;			/* the next cell; the row below what may be written */
static char line[512];

static void put(const char *text, unsigned len, u16 attr)
{
	for (; len && y < end; len--, text++) {
		s->draw(x, y, attr | ((u8)*text < ' ' || (u8)*text > '~' ? '?' : *text));
		if (++x == s->cols) {
			x = 0;
			y++;
		}
	}
}

/* The rest of the row in this colour. */
static void end_row(u16 attr)
{
	do
		put(" ", 1, attr);
	while (x && y < end);
}

static void put_line(const char *text, unsigned len, u16 attr)
{
	put(text, len, attr);
	if (x || !len)
		end_row(attr);
}

/* One of the trace's functions, without its address: that is in the symbol table. */
static void put_function(const char *text, unsigned len)
{
	const char *address = memchr(text + 2, ' ', len - 2);

	put(text, address ? address - text : len, REPORT);
	do
		put(" ", 1, REPORT);
	while (x % TRACE_WIDTH && y < end);
	if (x && x + TRACE_WIDTH > s->cols)
		end_row(REPORT);
}

/* The next line's text into line, without "<6>"; its length, or -1 at the end. */
static int next_line(u64 *seq)
{
	unsigned len = log_line(seq, line, sizeof(line)), skip = len > 3 && line[0] == '<' ? 3 : 0;

	if (!len)
		return -1;
	len -= skip + (line[len - 1] == '\n');
	memmove(line, line + skip, len);
	return len;
}

static void put_report(u64 seq)
{
	unsigned trace_rows = s->rows / 4, trace_end = 0;
	int len = next_line(&seq);		/* the title's */

	while ((len = next_line(&seq)) >= 0) {
		const char *text = memchr(line, ']', len);

		text = text ? text + 2 : line;
		len -= text - line;
		if (len > 2 && text[0] == ' ') {
			trace_end = trace_end ? trace_end : y + trace_rows;
			if (y < trace_end)
				put_function(text, len);
			continue;
		}
		if (x)
			end_row(REPORT);
		put_line(text, len, REPORT);
	}
	if (x)
		end_row(REPORT);
}

static unsigned rows_of(unsigned len) { return max(1U, (len + s->cols - 1) / s->cols); }

/* The last lines before the report that fit into the rows that are left. */
static void put_log(u64 report)
{
	u64 room = end - y, height = 0, from = max(log_first(), report - min(report, room * s->cols)), seq;
	int len;

	if (from > log_first())
		next_line(&from);		/* not from its middle */
	for (seq = from; seq < report && (len = next_line(&seq)) >= 0;)
		height += rows_of(len);
	for (seq = from; seq < report && (len = next_line(&seq)) >= 0;) {
		if (height > room)
			height -= rows_of(len);
		else
			put_line(line, len, LOG);
	}
}

void panic_screen(const char *what, u64 report)
{
	static const char title[] = "Cutaway " UTS_RELEASE ": KERNEL PANIC: ";
	s64 seconds = (s64)param_u64("panic", 0);
	char last[96];

	s = fb_large();
	x = y = 0;
	end = s->rows - 1;
	put(title, sizeof(title) - 1, TITLE);
	put_line(what, strlen(what), TITLE);
	put_report(report);
	put_log(report);
	while (y < end)
		end_row(LOG);
	end++;
	put(last, snprintf(last, sizeof(last), "Photograph this screen; docs/hardware.md says who wants it. Machine "), TITLE);
	put(last, snprintf(last, sizeof(last), seconds ? "resets in %ld s." : "stopped.", max(seconds, 0L)), TITLE);
	end_row(TITLE);
}
