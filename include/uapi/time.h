/* Linux's times. */
#pragma once
#include "types.h"

struct timespec64 {			/* user space's struct timespec */
	s64 tv_sec;
	long tv_nsec;
};
struct timeval {
	s64 tv_sec;
	long tv_usec;
};
struct timezone {
	int tz_minuteswest, tz_dsttime;
};
struct itimerval {
	struct timeval it_interval, it_value;
};
struct itimerspec64 {
	struct timespec64 it_interval, it_value;
};
struct tms {
	long tms_utime, tms_stime, tms_cutime, tms_cstime;
};
#define ITIMER_REAL 0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF 2
#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID 3
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_REALTIME_COARSE 5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7
#define TIMER_ABSTIME 1
#define UTIME_NOW 0x3fffffff
#define UTIME_OMIT 0x3ffffffe
