/*
 * What bytes do to the cells of the screen.
 *
 *   bytes -> UTF-8 -> text / control / ESC / CSI -> row[y][x]
 *
 * A row is a pointer into one array, so that scrolling turns pointers and never copies cells. The alternate screen
 * (1049) is a second set of rows. The sequences are those of Linux's console (terminfo "linux"), with what xterm has
 * and vi, less, top and readline use.
 *
 * In Linux: drivers/tty/vt/vt.c. Left out: scrollback, tab stops but each 8th, blinking, origin mode, DEC graphics,
 * more than 16 colours.
 */
#include "drivers/tty/vt.h"
#include "string.h"

#define DEFAULT_ATTR 0x07
bool vt_app_cursor_keys;

/* ---- cells; => vc.lock ---- */

static u8 attribute(void)
{
	u8 fg = vc.pen.fg | (vc.pen.bold ? 8 : 0);

	return vc.pen.reverse ? (fg & 7) << 4 | vc.pen.bg : vc.pen.bg << 4 | fg;
}

static u16 blank(void) { return (vc.pen.bg << 4 | vc.pen.fg) << 8 | ' '; }
static void erase_cells(int y, int from, int to)
{
	for (int x = from; x < to; x++)
		vc.row[y][x] = blank();
	set_bit(y, vc.dirty);
}

static void erase_rows(int from, int to)
{
	for (int y = from; y < to; y++)
		erase_cells(y, 0, vc.cols);
}

/* Rows top .. bottom - 1 go up by n (down, if negative); what comes in is blank. */
static void scroll(int top, int bottom, int n)
{
	int size = bottom - top, up = n > 0 ? min(n, size) : size - min(-n, size);
	u16 *old[MAX_ROWS];

	memcpy(old, vc.row + top, size * sizeof(*old));
	for (int i = 0; i < size; i++)
		vc.row[top + i] = old[(i + up) % size];
	if (n > 0)
		erase_rows(bottom - up, bottom);
	else
		erase_rows(top, top + size - up);
	for (int y = top; y < bottom; y++)
		set_bit(y, vc.dirty);
}

static void move_to(int x, int y)
{
	vc.x = max(0, min(x, vc.cols - 1));
	vc.y = max(0, min(y, vc.rows - 1));
	vc.wrap_next = false;
}

static void linefeed(void)
{
	vc.wrap_next = false;
	if (vc.y + 1 == vc.bottom)
		scroll(vc.top, vc.bottom, 1);
	else if (vc.y + 1 < vc.rows)
		vc.y++;
}

static void reverse_linefeed(void)
{
	vc.wrap_next = false;
	if (vc.y == vc.top)
		scroll(vc.top, vc.bottom, -1);
	else if (vc.y)
		vc.y--;
}

/* Moves the cells from x to the end of the line right by n (left, if negative). */
static void shift_cells(int n)
{
	u16 *row = vc.row[vc.y] + vc.x;
	int len = vc.cols - vc.x, by = min(n < 0 ? -n : n, len);

	memmove(row + (n > 0 ? by : 0), row + (n > 0 ? 0 : by), (len - by) * sizeof(*row));
	erase_cells(vc.y, n > 0 ? vc.x : vc.cols - by, n > 0 ? vc.x + by : vc.cols);
}

static void put_glyph(u8 glyph)
{
	if (vc.wrap_next) {
		vc.x = 0;
		linefeed();
	}
	if (vc.insert)
		shift_cells(1);
	vc.row[vc.y][vc.x] = attribute() << 8 | glyph;
	set_bit(vc.y, vc.dirty);
	if (vc.x + 1 < vc.cols)
		vc.x++;
	else
		vc.wrap_next = vc.autowrap;
}

/* Unicode's box drawing and block elements as far as the font goes. */
static u8 glyph_of(u32 c)
{
	static const u8 lines[] = { 10, 10, 5, 5 }, corners[] = { 6, 12, 3, 9, 7, 13, 14, 11, 15 };	/* ARM_* */

	if (c >= ' ' && c <= '~')
		return c;
	if (c >= 0x2500 && c < 0x2504)
		return GLYPH_LINES + lines[c - 0x2500];
	if (c >= 0x250c && c < 0x2540 && c / 4 - 0x250c / 4 < 4)
		return GLYPH_LINES + corners[(c - 0x250c) / 4];
	if (c >= 0x251c && c < 0x2544)
		return GLYPH_LINES + corners[4 + min((c - 0x251c) / 8, 4U)];
	if (c >= 0x2550 && c < 0x256d)		/* double lines: as single ones */
		return GLYPH_LINES + (c == 0x2550 ? 10 : c == 0x2551 ? 5 : corners[(c - 0x2552) / 3]);
	if (c == 0x2588 || c == 0x2584 || c == 0x2580)
		return GLYPH_BLOCK;
	if (c >= 0x2591 && c <= 0x2593)
		return GLYPH_SHADE;
	if (c >= 0xc0 && c <= 0xff)
		return "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYPsaaaaaaaceeeeiiiidnooooo/ouuuuypy"[c - 0xc0];
	return c == 0x2022 || c == 0xb7 ? GLYPH_DOT : c == 0xa0 ? ' ' : GLYPH_UNKNOWN;
}

/* ---- sequences; => vc.lock ---- */

static void save_cursor(void)
{
	vc.saved_x = vc.x;
	vc.saved_y = vc.y;
	vc.saved_pen = vc.pen;
}

static void restore_cursor(void)
{
	move_to(vc.saved_x, vc.saved_y);
	vc.pen = vc.saved_pen;
}

static void default_attribute(void) { vc.pen = (struct pen){ .fg = DEFAULT_ATTR }; }
static void alternate_screen(bool on)
{
	if (on == vc.alternate)
		return;
	vc.alternate = on;
	for (int y = 0; y < vc.rows; y++) {
		swap(vc.row[y], vc.other[y]);
		set_bit(y, vc.dirty);
	}
	if (on)
		erase_rows(0, vc.rows);
}

void vt_reset(void)
{
	alternate_screen(false);
	default_attribute();
	vc.insert = vt_app_cursor_keys = false;
	vc.autowrap = vc.cursor_on = true;
	vc.top = 0;
	vc.bottom = vc.rows;
	move_to(0, 0);
	save_cursor();
	erase_rows(0, vc.rows);
}

static void __printf(1, 2) say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vc.nr_reply += vsnprintf(vc.reply + vc.nr_reply, sizeof(vc.reply) - vc.nr_reply, fmt, ap);
	vc.nr_reply = min(vc.nr_reply, (int)sizeof(vc.reply) - 1);
	va_end(ap);
}

static void select_graphic_rendition(void)
{
	for (int i = 0; i < vc.nr_params; i++) {
		int p = vc.params[i];

		switch (p) {
		case 0: default_attribute(); break;
		case 1: vc.pen.bold = true; break;
		case 21: case 22: vc.pen.bold = false; break;
		case 7: vc.pen.reverse = true; break;
		case 27: vc.pen.reverse = false; break;
		case 30 ... 37: vc.pen.fg = p - 30; break;
		case 39: vc.pen.fg = DEFAULT_ATTR; break;
		case 40 ... 47: vc.pen.bg = p - 40; break;
		case 38: case 48:		/* 5;N or 2;R;G;B: we have the first 16 of N */
			if (i + 2 < vc.nr_params && vc.params[i + 1] == 5 && vc.params[i + 2] < 16)
				*(p == 38 ? &vc.pen.fg : &vc.pen.bg) = vc.params[i + 2];
			i += i + 1 < vc.nr_params && vc.params[i + 1] == 2 ? 4 : 2;
			break;
		case 49: vc.pen.bg = 0; break;
		case 90 ... 97: vc.pen.fg = p - 90 + 8; break;
		case 100 ... 107: vc.pen.bg = p - 100 + 8; break;
		}
	}
}

static void set_mode(bool on)
{
	for (int i = 0; i < vc.nr_params; i++) {
		switch (vc.params[i] + (vc.private ? 1000000 : 0)) {
		case 4: vc.insert = on; break;
		case 1000001: vt_app_cursor_keys = on; break;
		case 1000007: vc.autowrap = on; vc.wrap_next = false; break;
		case 1000025: vc.cursor_on = on; break;
		case 1000047: case 1001047: alternate_screen(on); break;
		case 1001049:
			if (on)
				save_cursor();
			alternate_screen(on);
			if (!on)
				restore_cursor();
			break;
		}
	}
}

static void csi(u8 c)
{
	int p = vc.params[0], n = max(p, 1);

	switch (c) {
	case '@': shift_cells(n); break;
	case 'A': move_to(vc.x, max(vc.y - n, vc.y >= vc.top ? vc.top : 0)); break;
	case 'B': case 'e': move_to(vc.x, min(vc.y + n, vc.y < vc.bottom ? vc.bottom - 1 : vc.rows - 1)); break;
	case 'C': case 'a': move_to(vc.x + n, vc.y); break;
	case 'D': move_to(vc.x - n, vc.y); break;
	case 'E': move_to(0, vc.y + n); break;
	case 'F': move_to(0, vc.y - n); break;
	case 'G': case '`': move_to(n - 1, vc.y); break;
	case 'd': move_to(vc.x, n - 1); break;
	case 'H': case 'f': move_to(max(vc.params[1], 1) - 1, n - 1); break;
	case 'J':
		if (p == 0)
			erase_cells(vc.y, vc.x, vc.cols);
		else if (p == 1)
			erase_cells(vc.y, 0, vc.x + 1);
		erase_rows(p == 0 ? vc.y + 1 : 0, p == 1 ? vc.y : vc.rows);
		break;
	case 'K': erase_cells(vc.y, p ? 0 : vc.x, p == 1 ? vc.x + 1 : vc.cols); break;
	case 'L': case 'M':
		if (vc.y >= vc.top && vc.y < vc.bottom)
			scroll(vc.y, vc.bottom, c == 'L' ? -n : n);
		vc.x = 0;
		break;
	case 'P': shift_cells(-n); break;
	case 'S': scroll(vc.top, vc.bottom, n); break;
	case 'T': scroll(vc.top, vc.bottom, -n); break;
	case 'X': erase_cells(vc.y, vc.x, min(vc.x + n, vc.cols)); break;
	case 'Z': move_to((vc.x - 1) / 8 * 8, vc.y); break;
	case 'c':
		if (!p)
			say("\033[?6c");
		break;
	case 'h': set_mode(true); break;
	case 'l': set_mode(false); break;
	case 'm': select_graphic_rendition(); break;
	case 'n':
		if (p == 5)
			say("\033[0n");
		else if (p == 6)
			say("\033[%d;%dR", vc.y + 1, vc.x + 1);
		break;
	case 'r':
		p = vc.params[1] ? min(vc.params[1], vc.rows) : vc.rows;
		if (n < p) {
			vc.top = n - 1;
			vc.bottom = p;
			move_to(0, 0);
		}
		break;
	case 's': save_cursor(); break;
	case 'u': restore_cursor(); break;
	}
	if (strchr("@KPXJ", c))
		vc.wrap_next = false;
}

static void csi_char(u8 c)
{
	int *p = &vc.params[vc.nr_params - 1];

	if (c >= '0' && c <= '9') {
		*p = min(*p * 10 + c - '0', 9999);
	} else if (c == ';' || c == ':') {
		if (vc.nr_params < MAX_PARAMS)
			vc.params[vc.nr_params++] = 0;
	} else if (c == '?') {
		vc.private = true;
	} else if (c == '[') {
		vc.state = SKIP_ONE;		/* a function key, echoed */
	} else if (c >= '@' && c <= '~') {
		vc.state = TEXT;
		if (!vc.private || c == 'h' || c == 'l')
			csi(c);
	} else if (c == '>' || c == '=' || c == '!') {
		vc.private = true;		/* xterm's: none are known, and none are mistaken for others */
		vc.params[0] = -1;
	}
}

static void escape_char(u8 c)
{
	vc.state = TEXT;
	switch (c) {
	case '[':
		vc.state = CSI;
		vc.private = false;
		memset(vc.params, 0, sizeof(vc.params));
		vc.nr_params = 1;
		break;
	case ']': vc.state = OSC; break;
	case '(': case ')': case '#': case '%': case ' ': vc.state = SKIP_ONE; break;
	case '7': save_cursor(); break;
	case '8': restore_cursor(); break;
	case 'D': linefeed(); break;
	case 'E': vc.x = 0; linefeed(); break;
	case 'M': reverse_linefeed(); break;
	case 'Z': say("\033[?6c"); break;
	case 'c': vt_reset(); break;
	}
}

/* Control characters work inside sequences too. */
static bool control_char(u8 c)
{
	switch (c) {
	case '\b':
		if (vc.x && !vc.wrap_next)
			vc.x--;
		vc.wrap_next = false;
		return true;
	case '\t': move_to((vc.x / 8 + 1) * 8, vc.y); return true;
	case '\n': case '\v': case '\f': linefeed(); return true;
	case '\r': move_to(0, vc.y); return true;
	case 0x18: case 0x1a: vc.state = TEXT; return true;
	case 0x1b: vc.state = ESC; return true;
	default: return c < 0x20 || c == 0x7f;
	}
}

static void text_char(u8 c)
{
	if ((c & 0xc0) == 0x80 && vc.utf8_left) {
		vc.utf8 = vc.utf8 << 6 | (c & 0x3f);
		if (--vc.utf8_left == 0 && (vc.utf8 < 0x300 || vc.utf8 > 0x36f))	/* not accents of their own */
			put_glyph(glyph_of(vc.utf8));
		return;
	}
	vc.utf8_left = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
	vc.utf8 = c & (0x3f >> vc.utf8_left);
	if (!vc.utf8_left)
		put_glyph(glyph_of(c));
}

void vt_char(u8 c)
{
	if (vc.state == OSC || vc.state == OSC_ESC) {	/* to BEL or ESC \ : titles, palettes */
		if (c == '\a' || (vc.state == OSC_ESC && c == '\\'))
			vc.state = TEXT;
		else
			vc.state = c == 0x1b ? OSC_ESC : OSC;
		return;
	}
	if (control_char(c))
		return;
	switch (vc.state) {
	case ESC: escape_char(c); break;
	case CSI: csi_char(c); break;
	case SKIP_ONE: vc.state = TEXT; break;
	default: text_char(c);
	}
}
