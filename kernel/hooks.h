/* Upward calls of kernel/ into plug-ins, set at their init; all may be NULL. */
#pragma once
#include "sched/sched.h"
extern void (*disassociate_ctty_hook)(struct task_struct *leader);	/* drivers/tty: a session leader exits */
extern void (*screen_takeover_hook)(void);	/* panic: show the log on the screen */
extern u32 (*tty_nr_hook)(struct task_struct *p, pid_t *pgrp);	/* /proc/PID/stat: device of its terminal, its foreground group */
