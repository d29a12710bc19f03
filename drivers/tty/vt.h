/* The screen as a terminal, between what bytes do to its cells (vt_escape.c) and what shows them (vt.c). */
#pragma once
#include "drivers/fb/fb.h"
#include "drivers/tty/tty.h"

#define MAX_ROWS 160
#define MAX_PARAMS 16
enum vt_state { TEXT, ESC, CSI, OSC, OSC_ESC, SKIP_ONE };

extern struct vt {
	struct spinlock lock;
	const struct screen *screen;
	int cols, rows;
	u16 *row[MAX_ROWS], *other[MAX_ROWS];	/* the screen shown, the one that is not */
	u16 *drawn;
	DECLARE_BITMAP(dirty, MAX_ROWS);
	struct timer timer;			/* draws what a flood left */
	u64 flushed;				/* when, ktime */
	int x, y, top, bottom;			/* the scroll region is rows top .. bottom - 1 */
	struct pen { u8 fg, bg; bool bold, reverse; } pen, saved_pen;
	int saved_x, saved_y;
	int drawn_x, drawn_y;			/* where the cursor is seen; -1: nowhere */
	bool wrap_next, autowrap, insert, cursor_on, alternate;
	enum vt_state state;
	bool private;				/* CSI ? */
	int params[MAX_PARAMS], nr_params;
	u32 utf8;				/* bits so far, utf8_left bytes to come */
	int utf8_left;
	char reply[32];				/* what the terminal itself says */
	int nr_reply;
} vc;

void vt_char(u8 c);			/* => vc.lock */
void vt_reset(void);			/* => vc.lock, or nobody else knows of the screen yet */
