/*
 * N_TTY, the line discipline: what happens between the keys and read(), and between write() and the device.
 *
 *   receive:  ^S ^Q | ^C ^\ ^Z | CR NL | canonical: erase kill word-erase lnext eof | echo, store
 *   read:     canonical: a line at a time; raw: VMIN bytes, VTIME tenths of a second between them
 *   write:    OPOST: NL -> CR NL, and the column is kept, so that erasing a tab works
 *
 * Echo is output by the side door: it goes to the driver at once, past writers that wait for room.
 * Input, column and termios are under tty->lock; a reader sleeps with read_mutex, a writer with write_mutex.
 *
 * In Linux: drivers/tty/n_tty.c. Left out: OPOST's other bits (XTABS, OCRNL, OLCUC ...), VREPRINT,
 * PARMRK, ECHOPRT, break and parity, packet mode, EXTPROC.
 */
#include "drivers/tty/tty.h"
#include "asm/uaccess.h"
#include "string.h"
#include "err.h"

#define L(tty, flag) ((tty)->termios.c_lflag & (flag))
#define I(tty, flag) ((tty)->termios.c_iflag & (flag))

static bool is_cc(struct tty_struct *tty, u8 c, int which)
{
	return c != __DISABLED_CHAR && c == tty->termios.c_cc[which];
}

static bool is_control(u8 c) { return c < 0x20 || c == 0x7f; }
static bool is_continuation(struct tty_struct *tty, u8 c) { return I(tty, IUTF8) && (c & 0xc0) == 0x80; }
static u8 input_at(struct tty_struct *tty, u64 pos) { return tty->read_buf[pos % N_TTY_BUF_SIZE]; }

/* ---- output ---- */

/* What OPOST makes of c: one or two bytes in out, their number is returned. Keeps the column. */
static int opost(struct tty_struct *tty, u8 c, char *out)
{
	int n = 0;

	if (!(tty->termios.c_oflag & OPOST)) {
		out[0] = c;
		return 1;
	}
	if (c == '\n' && (tty->termios.c_oflag & ONLCR))
		out[n++] = '\r';
	if (n || c == '\r')
		tty->column = tty->canon_column = 0;
	else if (c == '\t')
		tty->column += 8 - tty->column % 8;
	else if (c == '\b')
		tty->column -= tty->column > 0;
	else if (!is_control(c) && !is_continuation(tty, c))
		tty->column++;
	out[n++] = c;
	return n;
}

static void echo_raw(struct tty_struct *tty, u8 c)
{
	char out[TTY_OUT_ROOM];

	tty->driver->write(tty, out, opost(tty, c, out));
}

static void echo_char(struct tty_struct *tty, u8 c)
{
	if (L(tty, ECHOCTL) && is_control(c) && c != '\t') {
		echo_raw(tty, '^');
		echo_raw(tty, c ^ 0x40);
	} else {
		echo_raw(tty, c);
	}
}

static void echo_backspace(struct tty_struct *tty)
{
	echo_raw(tty, '\b');
	echo_raw(tty, ' ');
	echo_raw(tty, '\b');
}

static bool can_write(struct tty_struct *tty)
{
	return !READ_ONCE(tty->stopped) && tty->driver->write_room(tty) >= TTY_OUT_ROOM;
}

/* Blocks while the output is stopped or full. Bytes of buf taken, or -EFAULT, -EAGAIN, -ERESTARTSYS, -EIO (hung up). */
ssize_t n_tty_write(struct tty_struct *tty, struct file *f, const char __user *buf, size_t count)
{
	bool nonblock = f->f_flags & O_NONBLOCK;
	char in[256], out[512];
	size_t done = 0;
	long err = 0;

	if (nonblock ? !mutex_trylock(&tty->write_mutex) : mutex_lock_interruptible(&tty->write_mutex) != 0)
		return nonblock ? -EAGAIN : -ERESTARTSYS;
	while (done < count) {
		int n = min_t(size_t, sizeof(in), count - done), i, len = 0, room;
		u64 flags;

		err = nonblock && !can_write(tty) ? -EAGAIN :
			wait_event_interruptible(&tty->write_wait, can_write(tty) || tty_file_hung_up(tty, f));
		if (!err && tty_file_hung_up(tty, f))
			err = -EIO;
		if (!err && copy_from_user(in, buf + done, n))
			err = -EFAULT;
		if (err)
			break;
		room = min_t(int, tty->driver->write_room(tty), sizeof(out));
		flags = spin_lock_irqsave(&tty->lock);
		for (i = 0; i < n && len + TTY_OUT_ROOM <= room; i++)
			len += opost(tty, in[i], out + len);
		spin_unlock_irqrestore(&tty->lock, flags);
		tty->driver->write(tty, out, len);	/* it has room: only echo came between, which has its own */
		done += i;
	}
	mutex_unlock(&tty->write_mutex);
	return done ?: err;
}

void n_tty_stop(struct tty_struct *tty) { tty->stopped = true; }
void n_tty_start(struct tty_struct *tty)
{
	if (!tty->stopped)
		return;
	tty->stopped = false;
	if (tty->driver->start)
		tty->driver->start(tty);
	wake_up_interruptible_all(&tty->write_wait);
}

/* ---- input ---- */

void n_tty_flush_input(struct tty_struct *tty)
{
	tty->read_head = tty->canon_head = tty->read_tail = 0;
	tty->lnext = false;
	memset(tty->read_flags, 0, sizeof(tty->read_flags));
	if (tty->driver->start)
		tty->driver->start(tty);
}

/* A full buffer without a line takes characters and drops them, so that the end of the line still gets in. */
bool tty_input_room(struct tty_struct *tty)
{
	return tty->read_head - tty->read_tail < N_TTY_BUF_SIZE - 1 ||
	       (L(tty, ICANON) && tty->canon_head == tty->read_tail);
}

static void store(struct tty_struct *tty, u8 c, bool ends_line)
{
	/* The last byte is kept for the end of the only line. */
	if (tty->read_head - tty->read_tail >= N_TTY_BUF_SIZE - 1 && (!ends_line || tty->canon_head != tty->read_tail)) {
		if (I(tty, IMAXBEL))
			echo_raw(tty, '\a');
		return;				/* T1 */
	}
	tty->read_buf[tty->read_head % N_TTY_BUF_SIZE] = c;
	if (ends_line) {
		set_bit(tty->read_head % N_TTY_BUF_SIZE, tty->read_flags);
		tty->canon_head = tty->read_head + 1;
	}
	tty->read_head++;
	if (ends_line || !L(tty, ICANON))
		wake_up_interruptible_poll(&tty->read_wait, POLLIN | POLLRDNORM);
}

/* Takes the tab at read_head from the screen: it had what was left of 8 since the tab before, or the line's start. */
static void erase_tab(struct tty_struct *tty)
{
	unsigned cols = 0;
	u64 pos = tty->read_head;

	while (pos != tty->canon_head) {
		u8 c = input_at(tty, --pos);

		if (c == '\t')
			goto found;
		if (is_control(c))
			cols += L(tty, ECHOCTL) ? 2 : 0;
		else if (!is_continuation(tty, c))
			cols++;
	}
	cols += tty->canon_column;
found:
	for (cols = 8 - cols % 8; cols; cols--)
		echo_raw(tty, '\b');
}

static void erase_one(struct tty_struct *tty, u8 c)
{
	if (!L(tty, ECHO))
		return;
	if (c == '\t')
		erase_tab(tty);
	else
		for (int n = !is_control(c) ? 1 : L(tty, ECHOCTL) ? 2 : 0; n; n--)
			echo_backspace(tty);
}

/* VERASE, VWERASE or VKILL, typed as c. */
static void erase(struct tty_struct *tty, int which, u8 c)
{
	bool in_word = false;

	if (tty->read_head == tty->canon_head)
		return;
	if (which == VKILL && !(L(tty, ECHO) && L(tty, ECHOK) && L(tty, ECHOKE) && L(tty, ECHOE))) {
		tty->read_head = tty->canon_head;
		if (L(tty, ECHO)) {
			echo_char(tty, c);
			if (L(tty, ECHOK))
				echo_raw(tty, '\n');
		}
		return;
	}
	while (tty->read_head != tty->canon_head) {
		u64 head = tty->read_head;
		u8 last;

		do
			last = input_at(tty, --head);
		while (is_continuation(tty, last) && head != tty->canon_head);
		if (which == VWERASE) {
			bool word = (last >= '0' && last <= '9') || (last >= 'A' && last <= 'Z') ||
				    (last >= 'a' && last <= 'z') || last == '_' ||
				    (last >= 0xc0 && last != 0xd7 && last != 0xf7);	/* Latin-1, or UTF-8's first */

			if (in_word && !word)
				break;
			in_word |= word;
		}
		tty->read_head = head;
		if (which == VERASE && L(tty, ECHO) && !L(tty, ECHOE))
			echo_char(tty, c);
		else
			erase_one(tty, last);
		if (which == VERASE)
			break;
	}
}

static bool receive_flow_or_signal(struct tty_struct *tty, u8 c)
{
	static const struct { u8 cc, sig; } keys[] = { { VINTR, SIGINT }, { VQUIT, SIGQUIT }, { VSUSP, SIGTSTP } };

	if (I(tty, IXON) && (is_cc(tty, c, VSTART) || is_cc(tty, c, VSTOP))) {
		if (is_cc(tty, c, VSTART))
			n_tty_start(tty);
		else
			n_tty_stop(tty);
		return true;
	}
	for (int i = 0; L(tty, ISIG) && i < ARRAY_SIZE(keys); i++) {
		if (!is_cc(tty, c, keys[i].cc))
			continue;
		if (!L(tty, NOFLSH)) {
			n_tty_flush_input(tty);
			if (tty->driver->flush_buffer)
				tty->driver->flush_buffer(tty);
		}
		tty->signals |= BIT(keys[i].sig);	/* T2: tty_insert_char sends it */
		if (I(tty, IXON))
			n_tty_start(tty);
		if (L(tty, ECHO))
			echo_char(tty, c);
		return true;
	}
	if (tty->stopped && I(tty, IXON) && I(tty, IXANY))
		n_tty_start(tty);
	return false;
}

static bool receive_editing(struct tty_struct *tty, u8 c)
{
	bool iexten = L(tty, IEXTEN);

	if (is_cc(tty, c, VERASE) || is_cc(tty, c, VKILL) || (iexten && is_cc(tty, c, VWERASE))) {
		erase(tty, is_cc(tty, c, VERASE) ? VERASE : is_cc(tty, c, VKILL) ? VKILL : VWERASE, c);
	} else if (iexten && is_cc(tty, c, VLNEXT)) {
		tty->lnext = true;
		if (L(tty, ECHO) && L(tty, ECHOCTL)) {
			echo_raw(tty, '^');
			echo_raw(tty, '\b');
		}
	} else if (is_cc(tty, c, VEOF)) {
		store(tty, __DISABLED_CHAR, true);
	} else if (c == '\n') {
		if (L(tty, ECHO) || L(tty, ECHONL))
			echo_raw(tty, '\n');
		store(tty, c, true);
	} else if (is_cc(tty, c, VEOL) || (iexten && is_cc(tty, c, VEOL2))) {
		if (L(tty, ECHO))
			echo_char(tty, c);
		store(tty, c, true);
	} else {
		return false;
	}
	return true;
}

/* One character from the device. => tty->lock */
void n_tty_receive(struct tty_struct *tty, u8 c)
{
	bool return_key = false;

	if (I(tty, ISTRIP))
		c &= 0x7f;
	if (tty->lnext) {
		tty->lnext = false;		/* after ^V: as it is */
	} else {
		if (receive_flow_or_signal(tty, c))
			return;
		if (c == '\r') {
			if (I(tty, IGNCR))
				return;
			return_key = I(tty, ICRNL);
			if (return_key)
				c = '\n';
		} else if (c == '\n' && I(tty, INLCR)) {
			c = '\r';
		}
		if (L(tty, ICANON) && receive_editing(tty, c))
			return;
	}
	if (L(tty, ECHO)) {
		if (tty->canon_head == tty->read_head)
			tty->canon_column = tty->column;
		if (return_key)
			echo_raw(tty, c);
		else
			echo_char(tty, c);
	}
	store(tty, c, false);
}

/* A change between canonical and raw: what was typed ahead can be read at once either way. */
void n_tty_set_termios(struct tty_struct *tty, const struct termios *t)
{
	u32 changed = tty->termios.c_lflag ^ t->c_lflag;

	tty->termios = *t;
	if (changed & ICANON) {
		memset(tty->read_flags, 0, sizeof(tty->read_flags));
		tty->canon_head = tty->read_tail;
		tty->lnext = false;
		if (L(tty, ICANON) && tty->read_head != tty->read_tail) {
			set_bit((tty->read_head - 1) % N_TTY_BUF_SIZE, tty->read_flags);
			tty->canon_head = tty->read_head;
		}
		wake_up_interruptible_all(&tty->read_wait);
	}
	if (!I(tty, IXON))
		n_tty_start(tty);
}

/* ---- read and poll ---- */

static bool input_available(struct tty_struct *tty, bool poll)
{
	const u8 *cc = tty->termios.c_cc;

	if (L(tty, ICANON))
		return tty->canon_head != tty->read_tail;
	return tty->read_head - tty->read_tail >= (poll && !cc[VTIME] && cc[VMIN] ? cc[VMIN] : 1);
}

/* Moves up to n bytes of input to out; *eol: a line ended here. A ^D ends it, is taken, and is no part of it. */
static int take(struct tty_struct *tty, u8 *out, int n, bool *eol)
{
	bool icanon = L(tty, ICANON);
	u64 flags = spin_lock_irqsave(&tty->lock), end = icanon ? tty->canon_head : tty->read_head;
	int got = 0;

	while (tty->read_tail != end && !*eol) {
		unsigned at = tty->read_tail % N_TTY_BUF_SIZE;
		bool marked = icanon && test_bit(at, tty->read_flags), eof = marked && tty->read_buf[at] == __DISABLED_CHAR;

		if (got == n && !eof)
			break;
		if (!eof)
			out[got++] = tty->read_buf[at];
		if (marked)
			clear_bit(at, tty->read_flags);
		*eol = marked;
		tty->read_tail++;
	}
	if (tty->driver->start)
		tty->driver->start(tty);
	spin_unlock_irqrestore(&tty->lock, flags);
	return got;
}

/* Bytes read; 0: end of file, hung up or timed out; -EAGAIN, -ERESTARTSYS, -EFAULT. May sleep. */
ssize_t n_tty_read(struct tty_struct *tty, struct file *f, char __user *buf, size_t count)
{
	bool nonblock = f->f_flags & O_NONBLOCK, icanon = L(tty, ICANON), eol = false;
	u64 time = icanon ? 0 : tty->termios.c_cc[VTIME] * 100 * NSEC_PER_MSEC, timeout = ~0UL;
	size_t done = 0, minimum = icanon ? 1 : tty->termios.c_cc[VMIN];
	struct wait_queue_entry w;
	u8 chunk[256];
	long err = 0;

	if (nonblock ? !mutex_trylock(&tty->read_mutex) : mutex_lock_interruptible(&tty->read_mutex) != 0)
		return nonblock ? -EAGAIN : -ERESTARTSYS;
	if (!minimum) {
		minimum = 1;
		timeout = time;
	}
	init_wait_entry(&w);
	while (done < count && !eol) {
		prepare_to_wait(&tty->read_wait, &w, TASK_INTERRUPTIBLE);
		if (input_available(tty, false)) {
			int n;

			finish_wait(&tty->read_wait, &w);
			n = take(tty, chunk, min(sizeof(chunk), count - done), &eol);
			err = copy_to_user(buf + done, chunk, n) ? -EFAULT : 0;
			if (err)
				break;
			done += n;
			if (!input_available(tty, false) && done >= minimum)
				break;
			if (time)
				timeout = time;
			continue;
		}
		if (tty_file_hung_up(tty, f) || !timeout)
			break;
		err = nonblock ? -EAGAIN : signal_pending(current) ? -ERESTARTSYS : 0;
		if (err)
			break;
		timeout = schedule_timeout_ns(timeout);
	}
	finish_wait(&tty->read_wait, &w);
	mutex_unlock(&tty->read_mutex);
	return done ?: err;
}

unsigned n_tty_poll(struct tty_struct *tty)
{
	u64 flags = spin_lock_irqsave(&tty->lock);
	unsigned ready = input_available(tty, true) ? POLLIN | POLLRDNORM : 0;

	spin_unlock_irqrestore(&tty->lock, flags);
	return ready | (can_write(tty) ? POLLOUT | POLLWRNORM : 0);
}

unsigned n_tty_inq(struct tty_struct *tty)
{
	u64 flags = spin_lock_irqsave(&tty->lock);
	unsigned n = L(tty, ICANON) ? 0 : tty->read_head - tty->read_tail;

	for (u64 pos = tty->read_tail; L(tty, ICANON) && pos != tty->canon_head; pos++)
		n += !test_bit(pos % N_TTY_BUF_SIZE, tty->read_flags) || input_at(tty, pos) != __DISABLED_CHAR;
	spin_unlock_irqrestore(&tty->lock, flags);
	return n;
}
