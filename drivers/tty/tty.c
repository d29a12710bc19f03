/*
 * Terminals as files, and whose terminal it is: opening, ioctls, sessions, job control, hangup.
 *
 *   session (setsid) --has at most one--> controlling tty --has--> foreground process group: reads, gets ^C
 *
 * A session leader without a terminal gets the one it opens (no O_NOCTTY) or asks for (TIOCSCTTY). When the leader
 * exits, the terminal is hung up: the foreground group gets SIGHUP, and files open so far are dead (T4). Files opened
 * by the name /dev/console stay alive, and no job control applies to them, as on Linux.
 *
 * signal->tty is under tasklist_lock, tty->session and pgrp under tty->lock as well.
 *
 * In Linux: drivers/tty/tty_io.c, tty_jobctrl.c, tty_ioctl.c.
 */
#include "drivers/tty/tty.h"
#include "kernel/process.h"
#include "kernel/hooks.h"
#include "uapi/capability.h"
#include "asm/uaccess.h"
#include "printk.h"
#include "string.h"
#include "err.h"

#define TTY_MAJOR 4
#define TTYAUX_MAJOR 5
#define DEV_TTY MKDEV(TTYAUX_MAJOR, 0)
#define DEV_CONSOLE MKDEV(TTYAUX_MAJOR, 1)
#define DEV_TTY0 MKDEV(TTY_MAJOR, 0)		/* the screen in front: we have one */

struct tty_file {			/* file->private_data */
	struct tty_struct *tty;
	unsigned generation;		/* tty's at open (T4) */
	bool console;			/* opened as /dev/console */
};
static struct tty_struct *ttys[8];
static unsigned nr_ttys;

/* For /proc/PID/stat, by kernel/hooks.h. */
static u32 tty_nr(struct task_struct *p, pid_t *pgrp)
{
	spin_lock_irq(&tasklist_lock);		/* keeps signal->tty */
	struct tty_struct *tty = p->signal->tty;
	u32 nr = tty ? new_encode_dev(tty->dev) : 0;

	if (tty)
		*pgrp = tty->pgrp ? (int)tty->pgrp : -1;
	spin_unlock_irq(&tasklist_lock);
	return nr;
}

static struct tty_struct *file_tty(struct file *f) { return ((struct tty_file *)f->private_data)->tty; }
static bool is_console(struct file *f) { return ((struct tty_file *)f->private_data)->console; }
bool tty_file_hung_up(struct tty_struct *tty, struct file *f)
{
	struct tty_file *tf = f->private_data;

	return !tf->console && tf->generation != READ_ONCE(tty->generation);
}

void tty_insert_char(struct tty_struct *tty, u8 c)
{
	u64 flags = spin_lock_irqsave(&tty->lock), signals;
	pid_t pgrp = tty->pgrp;

	n_tty_receive(tty, c);
	signals = tty->signals;
	tty->signals = 0;
	spin_unlock_irqrestore(&tty->lock, flags);
	for (; signals && pgrp; signals &= signals - 1)
		kill_pgrp(pgrp, ffs64(signals), true);
}

/* ---- sessions and job control ---- */

static struct tty_struct *ctty_of(struct task_struct *p)
{
	spin_lock_irq(&tasklist_lock);
	struct tty_struct *tty = p->signal->tty;

	spin_unlock_irq(&tasklist_lock);
	return tty;
}

/* => tasklist_lock */
static void set_foreground(struct tty_struct *tty, pid_t session, pid_t pgrp)
{
	spin_lock(&tty->lock);
	tty->session = session;
	tty->pgrp = pgrp;
	spin_unlock(&tty->lock);
}

/* => tasklist_lock */
static void clear_session(struct tty_struct *tty)
{
	struct task_struct *p;

	for_each_process(p)
		if (p->signal && p->signal->tty == tty)
			p->signal->tty = NULL;
}

/* Makes tty the controlling terminal of the current session; arg 1 steals it as root does. */
static long set_ctty(struct tty_struct *tty, struct file *f, unsigned long arg)
{
	struct signal_struct *s = current->signal;
	bool root = capable(CAP_SYS_ADMIN);
	long err = 0;

	spin_lock_irq(&tasklist_lock);
	if (s->leader && s->tty == tty && tty->session == s->session)
		goto out;
	err = -EPERM;
	if (!s->leader || s->tty || (tty->session && !(arg == 1 && root)) || (!(f->f_mode & FMODE_READ) && !root))
		goto out;
	clear_session(tty);
	set_foreground(tty, s->session, s->pgrp);
	s->tty = tty;
	err = 0;
out:
	spin_unlock_irq(&tasklist_lock);
	return err;
}

static void hang_up_group(pid_t pgrp)
{
	if (pgrp) {
		kill_pgrp(pgrp, SIGHUP, true);
		kill_pgrp(pgrp, SIGCONT, true);
	}
}

/* Takes tty from its session; the foreground group hears of it, and the leader's, whose number is the session's. */
static void end_session(struct tty_struct *tty, bool leader_too)
{
	spin_lock_irq(&tasklist_lock);
	pid_t session = tty->session, pgrp = tty->pgrp;

	clear_session(tty);
	set_foreground(tty, 0, 0);
	spin_unlock_irq(&tasklist_lock);
	if (leader_too && session != pgrp)
		hang_up_group(session);
	hang_up_group(pgrp);
}

void tty_hangup(struct tty_struct *tty)
{
	spin_lock_irq(&tty->lock);
	tty->generation++;			/* T4: from here on */
	n_tty_flush_input(tty);
	n_tty_start(tty);
	n_tty_set_termios(tty, &tty->init_termios);
	spin_unlock_irq(&tty->lock);
	wake_up_all(&tty->read_wait);
	wake_up_all(&tty->write_wait);
	end_session(tty, true);
}

void disassociate_ctty(struct task_struct *leader)
{
	struct tty_struct *tty = ctty_of(leader);

	if (tty)
		tty_hangup(tty);
}

/*
 * May the current task do what only the foreground group may? sig is SIGTTIN or SIGTTOU. 0, -EIO, or -ERESTARTSYS
 * after sig was sent to its group (T3).
 */
static long check_change(struct tty_struct *tty, int sig)
{
	struct signal_struct *s = current->signal;
	bool ignored = (current->blocked & BIT(sig - 1)) || current->sighand->action[sig - 1].sa.sa_handler == SIG_IGN;

	if (s->tty != tty || !tty->pgrp || tty->pgrp == s->pgrp)
		return 0;
	if (ignored)
		return sig == SIGTTIN ? -EIO : 0;
	spin_lock_irq(&tasklist_lock);
	bool orphaned = is_orphaned_pgrp(s->pgrp, NULL);
	spin_unlock_irq(&tasklist_lock);
	if (orphaned)
		return -EIO;
	kill_pgrp(s->pgrp, sig, true);
	set_tsk_thread_flag(current, TIF_SIGPENDING);
	return -ERESTARTSYS;
}

static long set_pgrp(struct tty_struct *tty, pid_t __user *arg)
{
	struct signal_struct *s = current->signal;
	long err = check_change(tty, SIGTTOU);
	pid_t pgrp;

	if (err)
		return err == -EIO ? -ENOTTY : err;
	if (s->tty != tty || tty->session != s->session)
		return -ENOTTY;
	if (get_user(pgrp, arg))
		return -EFAULT;
	if (pgrp < 0)
		return -EINVAL;
	spin_lock_irq(&tasklist_lock);
	if (pgrp_exists(pgrp, s->session))
		set_foreground(tty, tty->session, pgrp);
	else
		err = find_task_by_pid(pgrp) ? -EPERM : -ESRCH;
	spin_unlock_irq(&tasklist_lock);
	return err;
}

/* ---- ioctl ---- */

static long drain(struct tty_struct *tty)
{
	int (*left)(struct tty_struct *) = tty->driver->chars_in_buffer;

	return left ? wait_event_interruptible(&tty->write_wait, !left(tty)) : 0;
}

static long set_termios(struct tty_struct *tty, unsigned cmd, const void __user *arg)
{
	long err = check_change(tty, SIGTTOU);
	struct termios t;

	if (err)
		return err;
	if (copy_from_user(&t, arg, sizeof(t)))
		return -EFAULT;
	if (cmd != TCSETS)
		err = drain(tty);
	if (err)
		return err;
	spin_lock_irq(&tty->lock);
	if (cmd == TCSETSF)
		n_tty_flush_input(tty);
	n_tty_set_termios(tty, &t);
	spin_unlock_irq(&tty->lock);
	return 0;
}

static long set_winsize(struct tty_struct *tty, const void __user *arg)
{
	struct winsize ws;

	if (copy_from_user(&ws, arg, sizeof(ws)))
		return -EFAULT;
	bool changed = memcmp(&ws, &tty->winsize, sizeof(ws));
	tty->winsize = ws;
	if (changed && tty->pgrp)
		kill_pgrp(tty->pgrp, SIGWINCH, true);
	return 0;
}

static long flush(struct tty_struct *tty, unsigned long which)
{
	if (which > 2)				/* TCIFLUSH, TCOFLUSH, TCIOFLUSH */
		return -EINVAL;
	spin_lock_irq(&tty->lock);
	if (which != 1)
		n_tty_flush_input(tty);
	if (which != 0 && tty->driver->flush_buffer)
		tty->driver->flush_buffer(tty);
	spin_unlock_irq(&tty->lock);
	wake_up_interruptible_all(&tty->write_wait);
	return 0;
}

static long flow(struct tty_struct *tty, unsigned long what)
{
	u8 c = what < 2 ? 0 : tty->termios.c_cc[what == 2 ? VSTOP : VSTART];

	if (what > 3)				/* TCOOFF, TCOON, TCIOFF, TCION */
		return -EINVAL;
	spin_lock_irq(&tty->lock);
	if (what == 0)
		n_tty_stop(tty);
	else if (what == 1)
		n_tty_start(tty);
	else if (c)
		tty->driver->write(tty, (char *)&c, 1);
	spin_unlock_irq(&tty->lock);
	return 0;
}

static long tty_ioctl(struct file *f, unsigned cmd, unsigned long arg)
{
	struct tty_struct *tty = file_tty(f);
	void __user *p = (void __user *)arg;
	bool mine = current->signal->tty == tty;
	long err;

	if (tty_file_hung_up(tty, f))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	switch (cmd) {
	case TCGETS: return copy_to_user(p, &tty->termios, sizeof(tty->termios)) ? -EFAULT : 0;
	case TCSETS: case TCSETSW: case TCSETSF: return set_termios(tty, cmd, p);
	case TIOCGWINSZ: return copy_to_user(p, &tty->winsize, sizeof(tty->winsize)) ? -EFAULT : 0;
	case TIOCSWINSZ: return set_winsize(tty, p);
	case TIOCSCTTY: return set_ctty(tty, f, arg);
	case TIOCNOTTY:
		if (!mine)
			return -ENOTTY;
		if (current->signal->leader)
			end_session(tty, false);
		current->signal->tty = NULL;
		return 0;
	case TIOCGPGRP: return mine ? put_user(tty->pgrp, (pid_t __user *)p) : -ENOTTY;
	case TIOCSPGRP: return set_pgrp(tty, p);
	case TIOCGSID: return mine && tty->session ? put_user(tty->session, (pid_t __user *)p) : -ENOTTY;
	case FIONREAD: return put_user((int)n_tty_inq(tty), (int __user *)p);
	case TIOCOUTQ:
		return put_user(tty->driver->chars_in_buffer ? tty->driver->chars_in_buffer(tty) : 0, (int __user *)p);
	case TCSBRK: case TCSBRKP: case TCFLSH: case TCXONC:
		err = check_change(tty, SIGTTOU);
		if (err)
			return err;
		return cmd == TCFLSH ? flush(tty, arg) : cmd == TCXONC ? flow(tty, arg) : drain(tty);
	default: return -ENOTTY;
	}
}

/* ---- files ---- */

/* What /dev/console means: the tty of the preferred console, else of any that has one. */
static struct tty_struct *console_tty(void)
{
	struct console *c = preferred_console();
	struct tty_struct *tty = c && c->tty ? c->tty(c) : NULL;

	for (c = NULL; !tty && (c = console_next(c));)
		tty = c->tty ? c->tty(c) : NULL;
	return tty;
}

static struct tty_struct *find_tty(dev_t dev)
{
	for (unsigned i = 0; i < nr_ttys; i++)
		if (ttys[i]->dev == dev || (dev == DEV_TTY0 && ttys[i]->dev == DEV_TTY0 + 1))
			return ttys[i];
	return NULL;
}

static int tty_open(struct inode *inode, struct file *f)
{
	dev_t dev = inode->i_rdev;
	struct tty_struct *tty = dev == DEV_TTY ? ctty_of(current) : dev == DEV_CONSOLE ? console_tty() : find_tty(dev);
	struct tty_file *tf;

	if (!tty)
		return dev == DEV_TTY ? -ENXIO : -ENODEV;
	tf = kmalloc(sizeof(*tf), GFP_KERNEL);
	if (!tf)
		return -ENOMEM;
	*tf = (struct tty_file){ tty, tty->generation, dev == DEV_CONSOLE };
	f->private_data = tf;
	if (!(f->f_flags & O_NOCTTY) && dev != DEV_CONSOLE && dev != DEV_TTY0 && (f->f_mode & FMODE_READ))
		set_ctty(tty, f, 0);		/* if it may: no error when not */
	return 0;
}

static int tty_release(struct inode *inode, struct file *f)
{
	kfree(f->private_data);
	return 0;
}

static ssize_t tty_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
	struct tty_struct *tty = file_tty(f);
	long err = is_console(f) ? 0 : check_change(tty, SIGTTIN);

	if (tty_file_hung_up(tty, f))
		return 0;
	return err ?: n_tty_read(tty, f, buf, n);
}

static ssize_t tty_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
	struct tty_struct *tty = file_tty(f);
	long err = 0;

	if (tty_file_hung_up(tty, f))
		return -EIO;
	if ((tty->termios.c_lflag & TOSTOP) && !is_console(f))
		err = check_change(tty, SIGTTOU);
	return err ?: n_tty_write(tty, f, buf, n);
}

static unsigned tty_poll(struct file *f, struct poll_table *pt)
{
	struct tty_struct *tty = file_tty(f);

	if (tty_file_hung_up(tty, f))
		return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM;
	poll_wait(f, &tty->read_wait, pt);
	poll_wait(f, &tty->write_wait, pt);
	return n_tty_poll(tty);
}

static const struct file_operations tty_fops = {
	.open = tty_open, .release = tty_release, .read = tty_read, .write = tty_write, .poll = tty_poll, .ioctl = tty_ioctl,
	.unseekable = true,
};

static const struct termios tty_std_termios = {
	.c_iflag = ICRNL | IXON,
	.c_oflag = OPOST | ONLCR,
	.c_cflag = B38400 | CS8 | CREAD | HUPCL,
	.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.c_cc = { [VINTR] = 'C' - 64, [VQUIT] = '\\' - 64, [VERASE] = 0x7f, [VKILL] = 'U' - 64, [VEOF] = 'D' - 64, [VMIN] = 1,
		  [VSTART] = 'Q' - 64, [VSTOP] = 'S' - 64, [VSUSP] = 'Z' - 64, [VREPRINT] = 'R' - 64, [VDISCARD] = 'O' - 64,
		  [VWERASE] = 'W' - 64, [VLNEXT] = 'V' - 64 },
};

int tty_register(struct tty_struct *tty, const struct tty_driver *drv, unsigned index, unsigned major, unsigned minor)
{
	char name[16];

	if (nr_ttys == ARRAY_SIZE(ttys))
		return -ENOMEM;
	tty->driver = drv;
	tty->index = index;
	tty->dev = MKDEV(major, minor);
	spin_lock_init(&tty->lock, "tty", RANK_TTY_BUF);
	mutex_init(&tty->read_mutex, "tty read", RANK_TTY);
	mutex_init(&tty->write_mutex, "tty write", RANK_TTY);
	init_waitqueue_head(&tty->read_wait);
	init_waitqueue_head(&tty->write_wait);
	if (!tty->init_termios.c_cflag)
		tty->init_termios = tty_std_termios;
	tty->termios = tty->init_termios;
	ttys[nr_ttys++] = tty;
	snprintf(name, sizeof(name), "%s%u", drv->name, index);
	return register_chrdev(major, minor, name, 0600, &tty_fops);
}

void __init tty_init(void)
{
	disassociate_ctty_hook = disassociate_ctty;
	tty_nr_hook = tty_nr;
	register_chrdev(TTYAUX_MAJOR, 0, "tty", 0666, &tty_fops);
	register_chrdev(TTYAUX_MAJOR, 1, "console", 0600, &tty_fops);
	register_chrdev(TTY_MAJOR, 0, "tty0", 0600, &tty_fops);
}
