/*
 * The log. A line is "<6>[    0.001234] text\n" in a ring of 64 KiB; positions count bytes since boot, so that a
 * reader knows what it missed. Consoles are fed from the ring by whoever printed, one at a time: a printk in an
 * interrupt handler only appends when another is feeding, which then goes on until all is out. Who holds a console's own
 * lock does not feed; what an NMI prints waits in a ring of its own, since it may have come in the middle of log_lines().
 *
 * Locks: log_lock (RANK_LOG, the innermost) guards the ring. Nothing is locked while a console writes, but feeding.
 * In Linux: kernel/printk/.
 */
#include "printk.h"
#include "asm/uaccess.h"
#include "boot_param.h"
#include "fs/fs.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "string.h"

#define LOG_SIZE 65536
#define LINE_MAX 512
#define NMI_LOG_SIZE 8192

static char log_buf[LOG_SIZE];
static u64 log_head, log_tail, log_cleared;	/* next byte, oldest line, dmesg -c */
static DEFINE_SPINLOCK(log_lock, RANK_LOG);
static u32 feeding;				/* 1: somebody walks the consoles */
static struct {					/* records of level, text, 0: from many NMIs to who holds log_lock */
	u32 busy;				/* an NMI writes; no other context takes it */
	u64 head, tail;
	char buf[NMI_LOG_SIZE];
} nmi_log;
static LIST_HEAD(consoles);
static struct console *preferred;
static u64 user_seq;				/* syslog(2) type 2 */
int console_loglevel = 7;

static void log_byte(char c)
{
	log_buf[log_head++ % LOG_SIZE] = c;
	if (log_head - log_tail <= LOG_SIZE)
		return;
	while (log_buf[log_tail++ % LOG_SIZE] != '\n')	/* the oldest line goes as a whole */
		;
}

/* Appends text line by line, each with level and time. => log_lock */
static void log_lines(const char *text, char level)
{
	char stamp[32];
	u64 us = ktime_get() / NSEC_PER_USEC;
	int n = scnprintf(stamp, sizeof(stamp), "<%c>[%5lu.%06lu] ", level, us / 1000000, us % 1000000);

	while (*text) {
		for (int i = 0; i < n; i++)
			log_byte(stamp[i]);
		while (*text && *text != '\n')
			log_byte(*text++);
		log_byte('\n');
		if (*text == '\n')
			text++;
	}
}

/* What does not fit is dropped as a whole. */
static void nmi_put(const char *text, char level)
{
	while (__atomic_exchange_n(&nmi_log.busy, 1, __ATOMIC_ACQUIRE))
		cpu_relax();
	u64 head = nmi_log.head, n = strlen(text) + 2;
	if (head + n - __atomic_load_n(&nmi_log.tail, __ATOMIC_ACQUIRE) <= NMI_LOG_SIZE) {
		nmi_log.buf[head % NMI_LOG_SIZE] = level;
		for (u64 i = 1; i < n; i++)
			nmi_log.buf[(head + i) % NMI_LOG_SIZE] = text[i - 1];
		__atomic_store_n(&nmi_log.head, head + n, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&nmi_log.busy, 0, __ATOMIC_RELEASE);
}

/* => log_lock */
static void nmi_drain(void)
{
	static char text[LINE_MAX];
	u64 tail = nmi_log.tail;
	while (tail != __atomic_load_n(&nmi_log.head, __ATOMIC_ACQUIRE)) {
		char level = nmi_log.buf[tail++ % NMI_LOG_SIZE], c;
		unsigned n = 0;
		while ((c = nmi_log.buf[tail++ % NMI_LOG_SIZE]))
			text[n++] = c;
		text[n] = 0;
		__atomic_store_n(&nmi_log.tail, tail, __ATOMIC_RELEASE);
		log_lines(text, level);
	}
}

unsigned log_read(u64 *seq, char *buf, unsigned size)
{
	unsigned n = 0;
	u64 flags = spin_lock_irqsave(&log_lock);
	nmi_drain();
	*seq = max(*seq, log_tail);
	while (n < size && *seq < log_head)
		buf[n++] = log_buf[(*seq)++ % LOG_SIZE];
	spin_unlock_irqrestore(&log_lock, flags);
	return n;
}

u64 log_first(void) { return READ_ONCE(log_tail); }
u64 log_end(void) { return READ_ONCE(log_head); }

unsigned log_line(u64 *seq, char *line, unsigned size)
{
	unsigned n = log_read(seq, line, size);
	char *nl = memchr(line, '\n', n);
	unsigned len = nl ? nl - line + 1 : n;
	*seq -= n - len;
	return len;
}

/* One line from the log to one console, without "<6>"; false when it has all. */
static bool feed_line(struct console *c)
{
	char line[LINE_MAX];
	u64 seq = c->seq;
	unsigned len = log_line(&seq, line, sizeof(line));

	if (!len)
		return false;
	c->seq = seq;
	if (line[0] != '<' || len < 4)
		c->write(c, line, len);		/* the rest of a long line */
	else if (line[1] - '0' < console_loglevel)
		c->write(c, line + 3, len - 3);
	return true;
}

/* Not under a console's own lock, nor in an NMI, which may have come under one: the next who prints feeds. */
static bool may_feed(void)
{
	return panicking() || (!this_cpu->in_nmi && this_cpu->held[this_cpu->nr_held]->rank < RANK_CONSOLE);
}

static void feed_consoles(void)
{
	struct console *c;
	bool more = may_feed();
	while (more && !__atomic_exchange_n(&feeding, 1, __ATOMIC_ACQUIRE)) {
		list_for_each_entry(c, &consoles, list)
			while (c->enabled && feed_line(c))
				;
		__atomic_exchange_n(&feeding, 0, __ATOMIC_SEQ_CST);	/* seen before log_end is read */
		more = false;
		list_for_each_entry(c, &consoles, list)
			more |= c->enabled && c->seq < log_end();	/* somebody printed meanwhile */
	}
}

static int vprintk(const char *fmt, va_list ap)
{
	static char text[1024];			/* log_lock */
	char level = '4';
	int n;
	if (fmt[0] == '\001' && fmt[1]) {
		level = fmt[1];
		fmt += 2;
	}
	if (this_cpu->in_nmi && !panicking()) {
		char own[LINE_MAX / 2];
		n = vsnprintf(own, sizeof(own), fmt, ap);
		nmi_put(own, level);
		return n;
	}
	u64 flags = spin_lock_irqsave(&log_lock);
	nmi_drain();
	n = vsnprintf(text, sizeof(text), fmt, ap);
	log_lines(text, level);
	spin_unlock_irqrestore(&log_lock, flags);
	if (panicking())
		feeding = 0;			/* whoever was feeding will not come back */
	feed_consoles();
	return n;
}

int printk(const char *fmt, ...)
{
	va_list ap;
	int n;
	va_start(ap, fmt);
	n = vprintk(fmt, ap);
	va_end(ap);
	return n;
}

/* "ttyS0,115200" names console ttyS, index 0. */
static bool console_matches(const struct console *c, const char *word)
{
	size_t n = strlen(c->name);
	char *end;
	return !strncmp(word, c->name, n) && word[n] >= '0' && word[n] <= '9' &&
	       strtoull(word + n, &end, 10) == (u64)c->index && (*end == 0 || *end == ',');
}

void register_console(struct console *c)
{
	const char *word;
	bool any = false, last = false;
	for (unsigned i = 0; (word = param_get_nth("console", i)); i++) {
		last = console_matches(c, word);
		c->enabled |= last;
		any = true;
	}
	if (!any)
		c->enabled = true;		/* not asked: all of them */
	if (c->enabled && (last || !preferred || (!any && !strcmp(c->name, "tty"))))
		preferred = c;
	while (__atomic_exchange_n(&feeding, 1, __ATOMIC_ACQUIRE))	/* nobody walks the list */
		cpu_relax();
	list_add_tail(&c->list, &consoles);
	__atomic_exchange_n(&feeding, 0, __ATOMIC_SEQ_CST);
	feed_consoles();
}

struct console *preferred_console(void) { return preferred; }

struct console *console_next(struct console *c)
{
	struct list_head *next = c ? c->list.next : consoles.next;
	return next == &consoles ? NULL : list_entry(next, struct console, list);
}

enum { SYSLOG_READ = 2, SYSLOG_READ_ALL, SYSLOG_READ_CLEAR, SYSLOG_CLEAR, SYSLOG_CONSOLE_OFF, SYSLOG_CONSOLE_ON,
       SYSLOG_CONSOLE_LEVEL, SYSLOG_SIZE_UNREAD, SYSLOG_SIZE_BUFFER };

/* Copies the log's last len bytes (whole lines) or, from seq, the next; returns bytes. */
static long syslog_copy(char __user *buf, int len, u64 *seq, bool last)
{
	char chunk[256];
	long done = 0;
	unsigned n;

	if (last && log_end() - *seq > (u64)len)
		*seq = log_end() - len;
	while (done < len && (n = log_read(seq, chunk, min_t(unsigned, len - done, sizeof(chunk))))) {
		if (copy_to_user(buf + done, chunk, n))
			return -EFAULT;
		done += n;
	}
	return done;
}

long sys_syslog(int type, char __user *buf, int len)
{
	u64 seq = max(log_cleared, log_tail);
	static int saved_level;
	long n;

	if (type != SYSLOG_READ_ALL && type != SYSLOG_SIZE_BUFFER && !capable(CAP_SYSLOG))
		return -EPERM;
	switch (type) {
	case 0:
	case 1: return 0;
	case SYSLOG_READ:
	case SYSLOG_READ_ALL:
	case SYSLOG_READ_CLEAR:
		if (!buf || len < 0)
			return -EINVAL;
		if (!len)
			return 0;
		if (!access_ok(buf, len))
			return -EFAULT;
		n = syslog_copy(buf, len, type == SYSLOG_READ ? &user_seq : &seq, type != SYSLOG_READ);
		if (type == SYSLOG_READ_CLEAR && n >= 0)
			log_cleared = log_end();
		return n;
	case SYSLOG_CLEAR:
		log_cleared = log_end();
		return 0;
	case SYSLOG_CONSOLE_OFF:
		saved_level = console_loglevel;
		console_loglevel = 1;
		return 0;
	case SYSLOG_CONSOLE_ON:
		console_loglevel = saved_level ? saved_level : console_loglevel;
		saved_level = 0;
		return 0;
	case SYSLOG_CONSOLE_LEVEL:
		if (len < 1 || len > 8)
			return -EINVAL;
		console_loglevel = len;
		return 0;
	case SYSLOG_SIZE_UNREAD: return log_end() - max(user_seq, log_tail);
	case SYSLOG_SIZE_BUFFER: return LOG_SIZE;
	}
	return -EINVAL;
}
