/* Upward calls of kernel/ into plug-ins, set at their init; all may be NULL. */
#pragma once
#include "sched/sched.h"
extern void (*disassociate_ctty_hook)(struct task_struct *leader);	/* drivers/tty: a session leader exits */
extern void (*panic_screen_hook)(const char *what, u64 report);	/* drivers/fb: the report from this log position on, on the screen */
extern u32 (*tty_nr_hook)(struct task_struct *p, pid_t *pgrp);	/* /proc/PID/stat: device of its terminal, its foreground group */
