/* procfs: text made by functions. Plug-ins add files here; /proc/PID is made on lookup. */
#pragma once
#include "fs/fs.h"
/* /proc/NAME (slashes make directories); show prints the whole file. Called from init functions. */
int proc_create(const char *name, umode_t mode, int (*show)(struct seq_file *m, void *v));
void proc_init(void);				/* registers the file system */
