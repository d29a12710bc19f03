/* drivers/tty/n_tty.c in a library for test_n_tty.py: the kernel's side of it is stubs, the device is a buffer. */
#include "drivers/tty/tty.h"
#include "asm/uaccess.h"
#include "string.h"

static char output[1 << 16];
static int nr_output;
static struct tty_struct tty;
static struct file file;
u64 host_signals;

static int dev_write(struct tty_struct *t, const char *s, int n)
{
	memcpy(output + nr_output, s, n);
	nr_output += n;
	return n;
}
static int dev_room(struct tty_struct *t) { return sizeof(output) - nr_output; }
static const struct tty_driver driver = { .write = dev_write, .write_room = dev_room };

void host_reset(const struct termios *t);
void host_set_termios(const struct termios *t);
void host_type(const u8 *s, int n);
int host_output(char *buf);
long host_read(char *buf, long n);
long host_write(const char *buf, long n);
int host_inq(void);

void host_reset(const struct termios *t)
{
	memset(&tty, 0, sizeof(tty));
	tty.driver = &driver;
	tty.termios = *t;
	file.f_flags = O_NONBLOCK;
	nr_output = 0;
	host_signals = 0;
}
void host_set_termios(const struct termios *t) { n_tty_set_termios(&tty, t); }
void host_type(const u8 *s, int n)
{
	for (int i = 0; i < n; i++) {
		n_tty_receive(&tty, s[i]);
		host_signals |= tty.signals;
		tty.signals = 0;
	}
}
int host_output(char *buf)
{
	int n = nr_output;

	memcpy(buf, output, n);
	nr_output = 0;
	return n;
}
long host_read(char *buf, long n) { return n_tty_read(&tty, &file, buf, n); }
long host_write(const char *buf, long n) { return n_tty_write(&tty, &file, buf, n); }
int host_inq(void) { return n_tty_inq(&tty); }

/* ---- the kernel's side ---- */
u64 spin_lock_irqsave(struct spinlock *l) { return 0; }
void spin_unlock_irqrestore(struct spinlock *l, u64 flags) {}
bool down_write_trylock(struct rw_semaphore *s) { return true; }
int down_write_interruptible(struct rw_semaphore *s) { return 0; }
void up_write(struct rw_semaphore *s) {}
void init_wait_entry(struct wait_queue_entry *w) {}
void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *w, unsigned state) {}
void prepare_to_wait_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *w, unsigned state) {}
void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *w) {}
void __wake_up(struct wait_queue_head *wq, unsigned mode, int nr, void *key) {}
void schedule(void) {}
u64 schedule_timeout_ns(u64 ns) { return 0; }
bool signal_pending(struct task_struct *p) { return false; }
bool signal_pending_state(unsigned state, struct task_struct *p) { return false; }
bool tty_file_hung_up(struct tty_struct *t, struct file *f) { return false; }
size_t copy_from_user(void *dst, const void *src, size_t n) { memcpy(dst, src, n); return 0; }
size_t copy_to_user(void *dst, const void *src, size_t n) { memcpy(dst, src, n); return 0; }
