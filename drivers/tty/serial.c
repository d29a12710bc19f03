/*
 * The serial port COM1: a 16550 UART as console "ttyS" and as the terminal ttyS0.
 *
 *   printk -> console write: polls for room, works with interrupts off, in a panic, before memory is up
 *   write() -> ring -> "transmitter empty" interrupt -> 16 bytes at a time -> line
 *   line -> "data" interrupt -> tty_insert_char(); left in the UART while the input buffer is full
 *
 * Where nothing answers (every register reads 0xff), there is neither console nor ttyS0.
 * Lock: port.lock (RANK_CONSOLE, irqs off) guards registers and ring.
 *
 * Registers: National Semiconductor PC16550D data sheet, table 2. In Linux: drivers/tty/serial/8250/.
 * Left out: other ports, changing the speed (115200 always: tcsetattr's is kept, not obeyed), modem lines.
 */
#include "drivers/tty/tty.h"
#include "kernel/irq.h"
#include "printk.h"

#define COM1 0x3f8
#define COM1_IRQ 4
enum { UART_DATA, UART_IER, UART_FCR, UART_LCR, UART_MCR, UART_LSR };
enum { UART_DLL = UART_DATA, UART_DLM = UART_IER, UART_IIR = UART_FCR };
#define IER_RX BIT(0)
#define IER_TX BIT(1)			/* transmitter holding register empty */
#define IIR_NONE BIT(0)			/* no interrupt pending; reading IIR takes back IER_TX's */
#define FCR_ENABLE_CLEAR 0x07		/* FIFOs on, both emptied */
#define LCR_8N1 0x03
#define LCR_DLAB 0x80			/* the first two registers are the divisor */
#define MCR_DTR_RTS_OUT2 0x0b		/* OUT2 lets the interrupt through to the 8259 */
#define LSR_DATA BIT(0)
#define LSR_TX_EMPTY BIT(5)
#define FIFO_SIZE 16
#define TURNS 32		/* of the interrupt handler */
#define RING_SIZE 4096
#define ECHO_ROOM 128			/* of the ring, kept back from writers */

static struct {
	struct spinlock lock;
	u8 ier;
	unsigned head, tail;		/* ring: head - tail bytes wait */
	char ring[RING_SIZE];
} port = { .lock = SPINLOCK_INIT("serial", RANK_CONSOLE) };
static struct tty_struct serial_tty;
static bool present;

static u8 uart_in(int reg) { return inb(COM1 + reg); }
static void uart_out(int reg, u8 v) { outb(COM1 + reg, v); }

/* => port.lock */
static void set_ier(u8 ier)
{
	if (ier == port.ier)
		return;
	port.ier = ier;
	uart_out(UART_IER, ier);
}

/* ---- console ---- */

/* A line that takes nothing for a second (a terminal that holds us up) loses kernel messages rather than stop the machine. */
static bool put_polled(char c)
{
	static bool stuck;
	int spin = stuck ? 0 : 2000000;

	while (!(uart_in(UART_LSR) & LSR_TX_EMPTY) && spin-- > 0)
		cpu_relax();
	stuck = spin < 0;
	if (!stuck)
		uart_out(UART_DATA, c);
	return !stuck;
}

static void serial_console_write(struct console *c, const char *s, unsigned n)
{
	u64 flags = spin_lock_irqsave(&port.lock);

	while (port.head != port.tail && put_polled(port.ring[port.tail % RING_SIZE]))
		port.tail++;			/* what programs wrote before comes first, in a panic too */
	for (; n; n--, s++) {
		if (*s == '\n')
			put_polled('\r');
		put_polled(*s);
	}
	spin_unlock_irqrestore(&port.lock, flags);
}

static void *serial_console_tty(struct console *c) { return serial_tty.driver ? &serial_tty : NULL; }

static struct console serial_console = {
	.name = "ttyS", .index = 0, .write = serial_console_write, .tty = serial_console_tty,
};

void __init serial_early_init(void)
{
	uart_out(UART_IER, 0);
	if (uart_in(UART_LSR) == 0xff)
		return;
	uart_out(UART_LCR, LCR_DLAB);
	uart_out(UART_DLL, 1);			/* 115200 */
	uart_out(UART_DLM, 0);
	uart_out(UART_LCR, LCR_8N1);
	uart_out(UART_FCR, FCR_ENABLE_CLEAR);
	uart_out(UART_MCR, MCR_DTR_RTS_OUT2);
	present = true;
	register_console(&serial_console);
}

/* ---- tty ---- */

/* Fills the transmitter from the ring; its interrupt comes when it is empty again. => port.lock */
static void transmit(void)
{
	if (port.head != port.tail && !READ_ONCE(serial_tty.stopped) && (uart_in(UART_LSR) & LSR_TX_EMPTY))
		for (int i = 0; i < FIFO_SIZE && port.head != port.tail; i++)
			uart_out(UART_DATA, port.ring[port.tail++ % RING_SIZE]);
	set_ier(port.head != port.tail && !READ_ONCE(serial_tty.stopped) ? port.ier | IER_TX : port.ier & ~IER_TX);
}

static int serial_write(struct tty_struct *tty, const char *s, int n)
{
	u64 flags = spin_lock_irqsave(&port.lock);
	int done;

	for (done = 0; done < n && port.head - port.tail < RING_SIZE; done++)
		port.ring[port.head++ % RING_SIZE] = s[done];
	transmit();
	spin_unlock_irqrestore(&port.lock, flags);
	return done;
}

static int serial_chars_in_buffer(struct tty_struct *tty) { return READ_ONCE(port.head) - READ_ONCE(port.tail); }
static int serial_write_room(struct tty_struct *tty)
{
	return max(RING_SIZE - ECHO_ROOM - serial_chars_in_buffer(tty), 0);
}

static void serial_flush_buffer(struct tty_struct *tty)
{
	u64 flags = spin_lock_irqsave(&port.lock);

	port.tail = port.head;
	spin_unlock_irqrestore(&port.lock, flags);
}

/* => tty->lock */
static void serial_start(struct tty_struct *tty)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* room was made before we look whether the interrupt found none */
	if ((READ_ONCE(port.ier) & IER_RX) && port.head == port.tail)
		return;
	u64 flags = spin_lock_irqsave(&port.lock);
	if (tty_input_room(tty))
		set_ier(port.ier | IER_RX);
	transmit();
	spin_unlock_irqrestore(&port.lock, flags);
}

/* The interrupt controller sees edges: the line must have fallen before we leave, else no other interrupt comes. It has
 * when no cause is left in IIR. A UART that sends as fast as programs write never gets there: then we let it fall. */
static void serial_interrupt(int irq, void *data)
{
	int turns = 0;

	while (!(uart_in(UART_IIR) & IIR_NONE) && turns++ < TURNS) {
		while (uart_in(UART_LSR) & LSR_DATA && tty_input_room(&serial_tty))
			tty_insert_char(&serial_tty, uart_in(UART_DATA));
		spin_lock(&port.lock);
		if (!tty_input_room(&serial_tty)) {
			set_ier(port.ier & ~IER_RX);
			if (tty_input_room(&serial_tty))	/* a reader on another processor was faster than we */
				set_ier(port.ier | IER_RX);
		}
		transmit();
		spin_unlock(&port.lock);
	}
	if (turns > TURNS) {
		spin_lock(&port.lock);
		uart_out(UART_IER, 0);
		uart_out(UART_IER, port.ier);
		spin_unlock(&port.lock);
	}
	if (serial_chars_in_buffer(&serial_tty) < RING_SIZE / 4 && waitqueue_active(&serial_tty.write_wait))
		wake_up_interruptible_poll(&serial_tty.write_wait, POLLOUT | POLLWRNORM);
}

static const struct tty_driver serial_driver = {
	.name = "ttyS", .write = serial_write, .write_room = serial_write_room, .chars_in_buffer = serial_chars_in_buffer,
	.flush_buffer = serial_flush_buffer, .start = serial_start,
};

void __init serial_init(void)
{
	if (!present || tty_register(&serial_tty, &serial_driver, 0, 4, 64) ||
	    request_irq(COM1_IRQ, serial_interrupt, "ttyS0", NULL))
		return;
	spin_lock_irq(&port.lock);
	set_ier(IER_RX);
	spin_unlock_irq(&port.lock);
	pr_info("ttyS0 at I/O 0x%x (irq = %d) is a 16550A\n", COM1, COM1_IRQ);
}
