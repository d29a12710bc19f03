/* drivers/tty/vt.c and vt_escape.c in a library for test_vt.py: the screen is an array, the kernel's side stubs. */
#include "drivers/tty/tty.h"
#include "drivers/fb/fb.h"
#include "printk.h"
#include "string.h"

#define COLS 80
#define ROWS 25
static u16 cells[ROWS * COLS];
static const struct tty_driver *driver;
static struct tty_struct *tty;
static char typed[1 << 16];
static int nr_typed;
int panic_cpu = -1;

void host_reset(void);
void host_write(const char *s, int n);
int host_typed(char *buf);
u16 *host_cells(void);
void *malloc(size_t n);

static void draw(unsigned x, unsigned y, u16 cell) { cells[y * COLS + x] = cell; }
const struct screen *fb_init(void)
{
	static const struct screen s = { COLS, ROWS, draw };

	return &s;
}
void host_reset(void)
{
	if (!driver)
		vt_init();
	driver->write(tty, "\033c", 2);
	nr_typed = 0;
}
void host_write(const char *s, int n) { driver->write(tty, s, n); }
u16 *host_cells(void) { return cells; }
int host_typed(char *buf)
{
	int n = nr_typed;

	memcpy(buf, typed, n);
	nr_typed = 0;
	return n;
}

/* ---- the kernel's side ---- */
u64 spin_lock_irqsave(struct spinlock *l) { return 0; }
void spin_unlock_irqrestore(struct spinlock *l, u64 flags) {}
bool spin_is_held(const struct spinlock *l) { return false; }
void *vmalloc(size_t n) { return malloc(n); }
void register_console(struct console *c) {}
int tty_register(struct tty_struct *t, const struct tty_driver *d, unsigned index, unsigned major, unsigned minor)
{
	tty = t;
	driver = d;
	return 0;
}
void keyboard_init(struct tty_struct *t) {}
void tty_insert_char(struct tty_struct *t, u8 c) { typed[nr_typed++ % sizeof(typed)] = c; }
void timer_setup(struct timer *t, void (*fn)(struct timer *), void *data) {}
void timer_start(struct timer *t, u64 expires) {}
u64 ktime_get(void)
{
	static u64 now;

	return now += NSEC_PER_SEC;	/* never a flood: all is drawn at once */
}
unsigned long find_next_bit(const unsigned long *map, unsigned long size, unsigned long start)
{
	while (start < size && !test_bit(start, map))
		start++;
	return start;
}
