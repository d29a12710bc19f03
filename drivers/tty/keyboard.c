/*
 * The keyboard: keys become the bytes that Linux's console sends. Whatever it is plugged in by, a key has its number of
 * scan code set 1; those that came with the AT have e0 before it and stand here for themselves (`extended`).
 *
 *   drivers/tty/i8042.c --.
 *                          >-- keyboard_key(code, extended, down) --> bytes --> tty_insert_char()
 *   drivers/usb/kbd.c ----'
 *
 * The state of the shift keys is one for all keyboards, as on Linux.
 * Lock: keyboard_lock guards the state, not the terminal: the bytes go there when it is dropped (signals need tasklist_lock).
 *
 * Scan codes: IBM PS/2 Technical Reference, Keyboards. In Linux: drivers/tty/vt/keyboard.c, drivers/input/input.c.
 * Left out: LEDs, other layouts than US.
 */
#include "drivers/tty/tty.h"
#include "drivers/fb/fb.h"
#include "kernel/process.h"
#include "string.h"

enum { SC_CTRL = 0x1d, SC_LSHIFT = 0x2a, SC_RSHIFT = 0x36, SC_ALT = 0x38, SC_CAPS = 0x3a, SC_F1 = 0x3b, SC_F10 = 0x44,
       SC_NUM = 0x45, SC_HOME = 0x47, SC_DEL = 0x53, SC_F11 = 0x57, SC_F12 = 0x58 };

static const char plain[] = "\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\033!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
/* The block at 0x47: digits with num lock, else what they send. */
static const char keypad[] = "789-456+1230.";
static const char *const motion[] = { "\033[1~", "A", "\033[5~", "-", "D", "G", "C", "+", "\033[4~", "B", "\033[6~",
				      "\033[2~", "\033[3~" };
static const char *const function[] = { "[A", "[B", "[C", "[D", "[E", "17~", "18~", "19~", "20~", "21~", "23~", "24~" };

static struct tty_struct *tty;
static DEFINE_SPINLOCK(keyboard_lock, RANK_MISC);	/* all below */
static bool shift[2], ctrl[2], alt[2], caps, num, caps_held, num_held;	/* [1]: the right one */
static char out[8];					/* what the key sends: at most a function key's */
static unsigned nr_out;

static void send_char(char c) { out[nr_out++] = c; }
static void send(const char *s)
{
	while (*s)
		send_char(*s++);
}

static void motion_key(int i, bool extended)
{
	const char *s = motion[i];

	if (num && !extended) {
		send_char(keypad[i]);
		return;
	}
	if (*s >= 'A' && *s <= 'G')
		send(vt_app_cursor_keys ? "\033O" : "\033[");
	send(s);
}

static void character_key(u8 code, bool extended)
{
	bool shifting = shift[0] || shift[1];
	char c = plain[code];

	if (c >= 'a' && c <= 'z' ? shifting != caps : shifting)
		c = shifted[code];
	if (extended)
		c = code == 0x1c ? '\r' : code == 0x35 ? '/' : 0;
	if (!c && code)
		return;
	if (ctrl[0] || ctrl[1])
		c = c == ' ' || c == '2' ? 0 : c == '/' || c == '-' ? 0x1f : c == 0x7f ? '\b' : c == '\r' || c == '\t' ? c : c & 0x1f;
	if (alt[0] || alt[1])
		send_char('\033');
	send_char(c);
}

static bool modifier_key(u8 code, bool extended, bool down)
{
	switch (code) {
	case SC_LSHIFT: shift[0] = down && !extended; return true;	/* e0 2a: a fake shift around the grey keys */
	case SC_RSHIFT: shift[1] = down && !extended; return true;
	case SC_CTRL: ctrl[extended] = down; return true;
	case SC_ALT: alt[extended] = down; return true;
	case SC_CAPS: caps ^= down && !caps_held; caps_held = down; return true;	/* they repeat too */
	case SC_NUM: num ^= down && !num_held; num_held = down; return true;
	}
	return false;
}

/* => keyboard_lock. Whether it is Ctrl-Alt-Del */
static bool key(u8 code, bool extended, bool down)
{
	if (modifier_key(code, extended, down) || !down)
		return false;
	if (code == SC_DEL && (ctrl[0] || ctrl[1]) && (alt[0] || alt[1]))
		return true;
	if (code >= SC_HOME && code <= SC_DEL) {
		motion_key(code - SC_HOME, extended);
	} else if ((code >= SC_F1 && code <= SC_F10) || code == SC_F11 || code == SC_F12) {
		send("\033[");
		send(function[code <= SC_F10 ? code - SC_F1 : code - SC_F11 + 10]);
	} else if (code < sizeof(plain) - 1) {
		character_key(code, extended);
	}
	return false;
}

void keyboard_key(u8 code, bool extended, bool down)
{
	char bytes[sizeof(out)];
	u64 flags = spin_lock_irqsave(&keyboard_lock);
	bool restart = key(code, extended, down);
	unsigned n = nr_out;

	memcpy(bytes, out, sizeof(out));
	nr_out = 0;
	spin_unlock_irqrestore(&keyboard_lock, flags);
	if (restart)
		ctrl_alt_del();
	for (unsigned i = 0; tty && i < n; i++)
		tty_insert_char(tty, bytes[i]);
}

void __init keyboard_init(struct tty_struct *to)
{
	tty = to;
	i8042_init();
}
