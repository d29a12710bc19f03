/* Linux's wait flags. */
#pragma once
#include "types.h"

#define WCONTINUED 8
#define WEXITED 4
#define WNOHANG 1
#define WNOWAIT 0x1000000
#define WSTOPPED 2
#define WUNTRACED 2
#define __WALL 0x40000000
#define __WCLONE 0x80000000
#define __WNOTHREAD 0x20000000
#define P_ALL 0
#define P_PID 1
#define P_PGID 2
#define P_PIDFD 3
