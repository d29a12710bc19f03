/* tracefs: the files of the trace (include/trace.h). */
#pragma once
void tracefs_init(void);		/* registers the file system */
