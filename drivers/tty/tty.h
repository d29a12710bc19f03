/*
 * tty: terminals. A driver (serial, screen) below, the line discipline N_TTY in the middle, files above.
 *
 *   keyboard/UART irq -> tty_insert_char() -> n_tty: edit, echo, signals -> read()
 *   write() -> n_tty OPOST -> driver->write() -> UART / screen
 *
 *   read_buf:   read_tail ....... canon_head ....... read_head
 *               lines, each end marked   the line being edited
 *
 * Invariants
 *  T1  A character typed is delivered once, in order, or dropped with a bell when the buffer is full.
 *  T2  ^C ^\ ^Z go to the foreground process group of the terminal's session, never to others.
 *  T3  A background reader gets SIGTTIN, a background writer with TOSTOP SIGTTOU; orphaned groups get EIO.
 *  T4  After a hangup the files that were open read 0 and write EIO for ever; a new open starts afresh.
 *
 * Locks: read_mutex, write_mutex (sleep) > tasklist_lock (signal->tty) > tty->lock > the driver's (RANK_CONSOLE).
 * Signals are sent with tty->lock dropped: they need tasklist_lock.
 *
 * In Linux: drivers/tty/, include/linux/tty.h. There input passes a flip buffer and a work queue.
 */
#pragma once
#include "fs/fs.h"
#include "uapi/termios.h"

#define N_TTY_BUF_SIZE 4096
#define TTY_OUT_ROOM 8			/* what one character may become: a tab */
struct tty_struct;
struct tty_driver {
	const char *name;			/* "ttyS", "tty" */
	/* Output of n bytes after OPOST; any context; returns bytes taken. */
	int (*write)(struct tty_struct *tty, const char *s, int n);
	int (*write_room)(struct tty_struct *tty);	/* for writers; a little more is kept for echo */
	int (*chars_in_buffer)(struct tty_struct *tty);	/* not yet sent; NULL: always 0 */
	void (*flush_buffer)(struct tty_struct *tty);	/* drop what is not yet sent; may be NULL */
	void (*start)(struct tty_struct *tty);	/* output may go on, input has room again; may be NULL */
};
struct tty_struct {
	const struct tty_driver *driver;
	unsigned index;
	dev_t dev;
	struct mutex read_mutex, write_mutex;	/* one reader, one writer at a time */
	struct wait_queue_head read_wait, write_wait;

	/* lock: RANK_TTY_BUF, irqs off */
	struct spinlock lock;
	struct termios termios, init_termios;
	struct winsize winsize;
	pid_t pgrp, session;			/* 0: none */
	unsigned generation;			/* T4: goes up with each hangup */
	bool stopped, lnext;			/* ^S; after ^V */
	u64 signals;				/* BIT(sig) to send once the lock is dropped */
	u64 read_head, canon_head, read_tail;
	unsigned column, canon_column;		/* of the cursor; where the edited line began */
	u8 read_buf[N_TTY_BUF_SIZE];
	DECLARE_BITMAP(read_flags, N_TTY_BUF_SIZE);	/* canonical: this byte ends a line */
};
#define __DISABLED_CHAR '\0'			/* a c_cc that is off; marked in read_flags: ^D */

/* Makes /dev/NAMEn (major, minor) with the sane termios (ICANON ECHO ISIG) or those of init_termios if set. */
int tty_register(struct tty_struct *tty, const struct tty_driver *drv, unsigned index, unsigned major, unsigned minor);
/* Input from the device, any context. => no lock that is above RANK_TASKLIST */
void tty_insert_char(struct tty_struct *tty, u8 c);
bool tty_input_room(struct tty_struct *tty);	/* false: leave input in the device till start() */
/* Ends every open file of tty and takes it from its session, with SIGHUP and SIGCONT. May not be called from interrupts. */
void tty_hangup(struct tty_struct *tty);
bool tty_file_hung_up(struct tty_struct *tty, struct file *f);
void tty_init(void);				/* /dev/tty, /dev/console */
void serial_early_init(void);			/* console output before memory is up */
void serial_init(void);
void vt_init(void);				/* screen (framebuffer or text) and keyboard */
void keyboard_init(struct tty_struct *tty);	/* keys are tty's input from here on; looks for the PS/2 one */
void i8042_init(void);
/* A key went down, again by repeat, or up: its number in scan code set 1, extended: those with e0. Any context.
 * => no lock that is above RANK_TASKLIST */
void keyboard_key(u8 code, bool extended, bool down);
extern bool vt_app_cursor_keys;			/* DECCKM: arrows are ESC O A, not ESC [ A */
void disassociate_ctty(struct task_struct *session_leader);	/* from kernel/exit.c, by kernel/hooks.h */

/* ---- n_tty.c ---- */
void n_tty_receive(struct tty_struct *tty, u8 c);	/* => tty->lock */
ssize_t n_tty_read(struct tty_struct *tty, struct file *f, char __user *buf, size_t count);
ssize_t n_tty_write(struct tty_struct *tty, struct file *f, const char __user *buf, size_t count);
unsigned n_tty_poll(struct tty_struct *tty);		/* POLLIN | POLLRDNORM, POLLOUT | POLLWRNORM */
unsigned n_tty_inq(struct tty_struct *tty);		/* FIONREAD */
void n_tty_flush_input(struct tty_struct *tty);		/* => tty->lock */
void n_tty_set_termios(struct tty_struct *tty, const struct termios *t);	/* => tty->lock */
void n_tty_stop(struct tty_struct *tty), n_tty_start(struct tty_struct *tty);	/* ^S, ^Q; => tty->lock */
