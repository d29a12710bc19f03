/*
 * The PS/2 keyboard: scan codes of set 1 from the i8042 on irq 1. A machine without one answers 0xff to everything.
 *
 * i8042 commands: IBM PS/2 Technical Reference, Keyboard and Auxiliary Device Controller.
 * In Linux: drivers/input/serio/i8042.c, keyboard/atkbd.c. Left out: the mouse.
 */
#include "drivers/tty/tty.h"
#include "kernel/irq.h"
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
#define EXTENDED 0xe0			/* the next code is of a key that the AT brought */

static void i8042_interrupt(int irq, void *data)
{
	static bool extended;		/* the line comes to one processor at a time */

	while (inb(I8042_STATUS) & STATUS_OUT_FULL) {
		u8 code = inb(I8042_DATA);

		if (code != EXTENDED)
			keyboard_key(code & ~RELEASED, extended, !(code & RELEASED));
		extended = code == EXTENDED;
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

void __init i8042_init(void)
{
	u8 config;

	if (inb(I8042_STATUS) == 0xff)
		return;
	send_byte(I8042_COMMAND, CMD_DISABLE_MOUSE);
	while (inb(I8042_STATUS) & STATUS_OUT_FULL)
		inb(I8042_DATA);		/* what was typed to the boot loader */
	config = (read_config() | CONFIG_IRQ1 | CONFIG_TRANSLATE) & ~(CONFIG_IRQ12 | CONFIG_KEYBOARD_OFF);
	send_byte(I8042_COMMAND, CMD_WRITE_CONFIG);
	send_byte(I8042_DATA, config);
	send_byte(I8042_COMMAND, CMD_ENABLE_KEYBOARD);
	if (!request_irq(KEYBOARD_IRQ, i8042_interrupt, "i8042", NULL))
		pr_info("i8042: keyboard on irq %d\n", KEYBOARD_IRQ);
}
