/*
 * The screen as a terminal: tty1 and the console "tty". What programs write becomes cells; what changed is drawn.
 *
 *   bytes -> vt_escape.c -> row[y][x] -> draw_rows(): cells that differ from drawn[] -> fb.c
 *
 * A burst of lines that scrolls by is drawn once.
 *
 * Lock: vc.lock (RANK_CONSOLE, irqs off) guards all of vc; draw_rows drops it between rows.
 * In Linux: drivers/tty/vt/vt.c. Left out: more than one screen.
 */
#include "drivers/tty/vt.h"
#include "printk.h"
#include "string.h"

#define NOT_DRAWN 0xffff
#define FLUSH_PERIOD (10 * NSEC_PER_MSEC)
struct vt vc = { .lock = SPINLOCK_INIT("vt", RANK_CONSOLE) };
static struct tty_struct vt_tty;

/* ---- drawing ---- */

/* => vc.lock */
static void draw_row(int y)
{
	u16 *drawn = vc.drawn + y * vc.cols;

	for (int x = 0; x < vc.cols; x++) {
		u16 cell = vc.row[y][x];

		if (x == vc.drawn_x && y == vc.drawn_y)	/* the cursor: colours exchanged */
			cell = (cell & 0xff) | (cell & 0x0f00) << 4 | (cell & 0xf000) >> 4;
		if (cell == drawn[x])
			continue;
		drawn[x] = cell;
		vc.screen->draw(x, y, cell);
	}
	clear_bit(y, vc.dirty);
}

/* Draws up to nr rows that changed, each in a hold of the lock of its own; returns whether there are more. */
static bool draw_rows(int nr)
{
	u64 flags = spin_lock_irqsave(&vc.lock);
	int y;

	if (vc.drawn_y >= 0)
		set_bit(vc.drawn_y, vc.dirty);
	vc.drawn_x = vc.cursor_on ? vc.x : -1;
	vc.drawn_y = vc.cursor_on ? vc.y : -1;
	set_bit(vc.y, vc.dirty);
	while ((y = find_next_bit(vc.dirty, vc.rows, 0)) < vc.rows && nr--) {
		draw_row(y);
		spin_unlock_irqrestore(&vc.lock, flags);
		flags = spin_lock_irqsave(&vc.lock);
	}
	spin_unlock_irqrestore(&vc.lock, flags);
	return y < vc.rows;
}

/* In interrupt context: a few rows at a time, for ticks must not be lost. */
static void flush_later(struct timer *t)
{
	if (draw_rows(4))
		timer_start(t, ktime_get() + NSEC_PER_MSEC);
	vc.flushed = ktime_get();
}

/* At once after a pause, as when somebody types; in a flood each 10 ms, so that what only scrolls by costs nothing. */
static void vt_flush(void)
{
	if (vc.timer.pending)
		return;
	if (ktime_get() - vc.flushed < FLUSH_PERIOD) {
		timer_start(&vc.timer, vc.flushed + FLUSH_PERIOD);
		return;
	}
	draw_rows(MAX_ROWS);
	vc.flushed = ktime_get();
}

/* ---- console and tty ---- */

static void vt_console_write(struct console *c, const char *s, unsigned n)
{
	u64 flags;

	if (panicking())
		return;				/* panic_screen() has the screen */
	flags = spin_lock_irqsave(&vc.lock);
	for (; n; n--, s++) {
		if (*s == '\n')
			vt_char('\r');
		vt_char(*s);
	}
	spin_unlock_irqrestore(&vc.lock, flags);
	draw_rows(MAX_ROWS);			/* the caller may hold what timers need */
}

static void *vt_console_tty(struct console *c) { return &vt_tty; }
static struct console vt_console = { .name = "tty", .index = 0, .write = vt_console_write, .tty = vt_console_tty };

static int vt_write(struct tty_struct *tty, const char *s, int n)
{
	u64 flags = spin_lock_irqsave(&vc.lock);
	char reply[sizeof(vc.reply)];
	int nr_reply = 0;

	for (int i = 0; i < n; i++)
		vt_char(s[i]);
	if (!spin_is_held(&tty->lock)) {	/* in an echo the answer waits for the next write */
		nr_reply = vc.nr_reply;
		memcpy(reply, vc.reply, nr_reply);
		vc.nr_reply = 0;
	}
	spin_unlock_irqrestore(&vc.lock, flags);
	vt_flush();
	for (int i = 0; i < nr_reply; i++)
		tty_insert_char(tty, reply[i]);
	return n;
}

static int vt_write_room(struct tty_struct *tty) { return 4096; }
static const struct tty_driver vt_driver = { .name = "tty", .write = vt_write, .write_room = vt_write_room };

void __init vt_init(void)
{
	const struct screen *s = fb_init();
	u16 *cells;

	if (!s)
		return;
	vc.cols = s->cols;
	vc.rows = min(s->rows, (unsigned)MAX_ROWS);
	cells = vmalloc(vc.cols * vc.rows * 3 * sizeof(*cells));
	if (!cells)
		return;
	vc.screen = s;
	vc.drawn = cells + vc.cols * vc.rows * 2;
	for (int y = 0; y < vc.rows; y++) {
		vc.row[y] = cells + y * vc.cols;
		vc.other[y] = vc.row[y] + vc.cols * vc.rows;
	}
	for (int i = 0; i < vc.cols * vc.rows; i++)
		vc.drawn[i] = NOT_DRAWN;
	vc.drawn_x = vc.drawn_y = -1;
	timer_setup(&vc.timer, flush_later, NULL);
	vt_reset();
	if (tty_register(&vt_tty, &vt_driver, 1, 4, 1))
		return;
	vt_tty.termios.c_iflag |= IUTF8;
	vt_tty.init_termios.c_iflag |= IUTF8;
	vt_tty.winsize = (struct winsize){ vc.rows, vc.cols, 0, 0 };
	register_console(&vt_console);
	keyboard_init(&vt_tty);
}
