/*
 * tty: terminals. A driver (serial, screen) below, the line discipline N_TTY in the middle, files above.
 *
 *   keyboard/UART irq -> tty_insert_char() -> n_tty: edit, echo, signals -> read()
 *   write() -> n_tty OPOST -> driver->write() -> UART / screen
 *
 * Invariants
 *  T1  A character typed is delivered once, in order, or dropped with a bell when the buffer is full.
 *  T2  ^C ^\ ^Z go to the foreground process group of the terminal's session, never to others.
 *  T3  A background reader gets SIGTTIN, a background writer with TOSTOP SIGTTOU; orphaned groups get EIO.
 */
#pragma once
#include "fs/fs.h"
#include "uapi/termios.h"

#define N_TTY_BUF_SIZE 4096
struct tty_struct;
struct tty_driver {
	const char *name;			/* "ttyS", "tty" */
	/* Output of n bytes after OPOST; any context; returns bytes taken. */
	int (*write)(struct tty_struct *tty, const char *s, int n);
	int (*write_room)(struct tty_struct *tty);
	void (*set_termios)(struct tty_struct *tty, const struct termios *old);
	void (*flush)(struct tty_struct *tty);
};
struct tty_struct {
	const struct tty_driver *driver;
	unsigned index;
	dev_t dev;
	struct spinlock lock;			/* RANK_TTY_BUF, irqs off: input buffer, column, pgrp, session */
	struct termios termios;
	struct winsize winsize;
	pid_t pgrp, session;
	unsigned count;				/* open files */
	bool stopped, hung_up, lnext, exclusive;
	u8 read_buf[N_TTY_BUF_SIZE];		/* ring; canonical mode: line ends marked in read_flags */
	DECLARE_BITMAP(read_flags, N_TTY_BUF_SIZE);
	u64 read_head, read_tail, canon_head, line_start;
	unsigned column, canon_column;
	struct wait_queue_head read_wait, write_wait;
	struct mutex read_mutex, write_mutex;
	void *driver_data;
};
/* Makes /dev/NAMEn (major, minor); the termios are the sane defaults (ICANON ECHO ISIG, 38400). */
int tty_register(struct tty_struct *tty, const struct tty_driver *drv, unsigned index, unsigned major, unsigned minor);
/* Input from the device, interrupt context. */
void tty_insert_char(struct tty_struct *tty, u8 c);
void tty_hangup(struct tty_struct *tty);
void n_tty_receive(struct tty_struct *tty, u8 c);	/* => tty->lock */
void tty_init(void);				/* /dev/tty, /dev/console */
void serial_early_init(void);			/* console output before memory is up */
void serial_init(void);
void vt_init(void);				/* screen (framebuffer or text) and keyboard */
void disassociate_ctty(struct task_struct *session_leader);	/* Door from kernel/exit.c: by the hook below */
dev_t tty_devnum(struct tty_struct *tty);	/* for /proc/PID/stat */
