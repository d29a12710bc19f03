/*
 * The PC keyboard: scan codes of set 1 from the i8042 on irq 1 become the bytes that Linux's console sends.
 *
 * A machine without an i8042 answers 0xff to everything and has no keyboard for us (USB is for later).
 * Ctrl-Alt-Del restarts. The state of the shift keys belongs to the interrupt handler alone.
 *
 * Scan codes: IBM PS/2 Technical Reference, Keyboards; i8042 commands: the same, Keyboard and Auxiliary Device
 * Controller. In Linux: drivers/input/serio/i8042.c, keyboard/atkbd.c, drivers/tty/vt/keyboard.c. Left out: LEDs,
 * other layouts than US, the mouse.
 */
#include "drivers/tty/tty.h"
#include "drivers/fb/fb.h"
#include "kernel/irq.h"
#include "kernel/process.h"
#include "printk.h"

#define I8042_DATA 0x60
#define I8042_STATUS 0x64		/* read */
#define I8042_COMMAND 0x64		/* write */
#define STATUS_OUT_FULL BIT(0)		/* a byte for us */
#define STATUS_IN_FULL BIT(1)		/* ours is not taken yet */
#define CMD_READ_CONFIG 0x20
#define CMD_WRITE_CONFIG 0x60
#define CMD_DISABLE_MOUSE 0xa7
#define CMD_ENABLE_KEYBOARD 0xae
#define CONFIG_IRQ1 BIT(0)
#define CONFIG_IRQ12 BIT(1)
#define CONFIG_KEYBOARD_OFF BIT(4)
#define CONFIG_TRANSLATE BIT(6)		/* the keyboard's set 2 arrives as set 1 */
#define KEYBOARD_IRQ 1
#define RELEASED 0x80
enum { SC_CTRL = 0x1d, SC_LSHIFT = 0x2a, SC_RSHIFT = 0x36, SC_ALT = 0x38, SC_CAPS = 0x3a, SC_F1 = 0x3b, SC_F10 = 0x44,
       SC_NUM = 0x45, SC_HOME = 0x47, SC_DEL = 0x53, SC_F11 = 0x57, SC_F12 = 0x58, SC_EXTENDED = 0xe0 };

static const char plain[] = "\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\033!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
/* The block at 0x47: digits with num lock, else what they send. */
static const char keypad[] = "789-456+1230.";
static const char *const motion[] = { "\033[1~", "A", "\033[5~", "-", "D", "G", "C", "+", "\033[4~", "B", "\033[6~",
				      "\033[2~", "\033[3~" };
static const char *const function[] = { "[A", "[B", "[C", "[D", "[E", "17~", "18~", "19~", "20~", "21~", "23~", "24~" };

static struct tty_struct *tty;
static bool shift[2], ctrl[2], alt[2], caps, num, extended;	/* [1]: the right one */

static void send(const char *s)
{
	while (*s)
		tty_insert_char(tty, *s++);
}

static void motion_key(int i)
{
	const char *s = motion[i];

	if (num && !extended) {
		tty_insert_char(tty, keypad[i]);
		return;
	}
	if (*s >= 'A' && *s <= 'G')
		send(vt_app_cursor_keys ? "\033O" : "\033[");
	send(s);
}

static void character_key(u8 code)
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
		tty_insert_char(tty, '\033');
	tty_insert_char(tty, c);
}

static bool modifier_key(u8 code, bool down)
{
	switch (code) {
	case SC_LSHIFT: shift[0] = down && !extended; return true;	/* e0 2a: a fake shift around the grey keys */
	case SC_RSHIFT: shift[1] = down && !extended; return true;
	case SC_CTRL: ctrl[extended] = down; return true;
	case SC_ALT: alt[extended] = down; return true;
	case SC_CAPS: caps ^= down; return true;
	case SC_NUM: num ^= down; return true;
	}
	return false;
}

static void key(u8 code)
{
	bool down = !(code & RELEASED);

	code &= ~RELEASED;
	if (modifier_key(code, down) || !down)
		return;
	if (code == SC_DEL && (ctrl[0] || ctrl[1]) && (alt[0] || alt[1]))
		ctrl_alt_del();
	if (code >= SC_HOME && code <= SC_DEL) {
		motion_key(code - SC_HOME);
	} else if ((code >= SC_F1 && code <= SC_F10) || code == SC_F11 || code == SC_F12) {
		send("\033[");
		send(function[code <= SC_F10 ? code - SC_F1 : code - SC_F11 + 10]);
	} else if (code < sizeof(plain) - 1) {
		character_key(code);
	}
}

static void keyboard_interrupt(int irq, void *data)
{
	while (inb(I8042_STATUS) & STATUS_OUT_FULL) {
		u8 code = inb(I8042_DATA);

		if (code == SC_EXTENDED) {
			extended = true;
			continue;
		}
		key(code);
		extended = false;
	}
}

static void send_byte(u16 port, u8 v)
{
	for (int spin = 0; inb(I8042_STATUS) & STATUS_IN_FULL && spin < 100000; spin++)
		cpu_relax();
	outb(port, v);
}

static u8 read_config(void)
{
	send_byte(I8042_COMMAND, CMD_READ_CONFIG);
	for (int spin = 0; !(inb(I8042_STATUS) & STATUS_OUT_FULL) && spin < 100000; spin++)
		cpu_relax();
	return inb(I8042_DATA);
}

void __init keyboard_init(struct tty_struct *to)
{
	u8 config;

	if (inb(I8042_STATUS) == 0xff)
		return;
	tty = to;
	send_byte(I8042_COMMAND, CMD_DISABLE_MOUSE);
	while (inb(I8042_STATUS) & STATUS_OUT_FULL)
		inb(I8042_DATA);		/* what was typed to the boot loader */
	config = (read_config() | CONFIG_IRQ1 | CONFIG_TRANSLATE) & ~(CONFIG_IRQ12 | CONFIG_KEYBOARD_OFF);
	send_byte(I8042_COMMAND, CMD_WRITE_CONFIG);
	send_byte(I8042_DATA, config);
	send_byte(I8042_COMMAND, CMD_ENABLE_KEYBOARD);
	if (!request_irq(KEYBOARD_IRQ, keyboard_interrupt, "i8042", NULL))
		pr_info("i8042: keyboard on irq %d\n", KEYBOARD_IRQ);
}
