/*
 * trace: what the kernel does, as it does it.
 *
 *   trace_sched_switch(...)        a trace point: one line in a room. Off: one load and one branch never taken
 *        | its bit of trace_mask is set
 *        v
 *   __trace_sched_switch           kernel/trace.c: fills struct sched_switch_record on the stack
 *        v
 *   ring of this CPU               | oldest | ... | ... | newest |      the newest overwrites the oldest
 *        v formatted when it is read
 *   /sys/kernel/tracing/trace      fs/tracefs: Linux's files and Linux's text, which trace viewers open
 *
 * Each event is one row of include/trace_events.tbl.h: its system, its name, what the point is given, the fields that
 * are kept, how they are filled, how they are printed. An event more is a row more, and its point in a room.
 *
 * Invariants
 *  T1  While nothing is traced trace_mask is 0, and no ring need exist. A bit set means that the rings are there.
 *  T2  Between a ring's tail and head lie whole records in the order of their coming; none wraps around the end.
 *  T3  A point may stand anywhere, under any lock and in interrupts (not in an NMI): recording takes only the ring's own
 *      lock, sleeps never and wakes nobody. Only sys_enter, which reads strings of the user, must be able to sleep.
 *  T4  System calls cost nothing extra while they are not traced: tracing them sets the number of known calls to 0,
 *      so that each takes the door's way for unknown numbers, and is traced there (kernel/syscall.c).
 *
 * Lock: ring->lock (RANK_TRACE, the last of all; irqs off).
 * In Linux: kernel/trace/, include/trace/events/. There points are no-operations patched at run time, and the ring is
 * written without a lock.
 */
#pragma once
#include "types.h"

struct task_struct;
struct sched_entity;
struct pt_regs;
struct page;
struct timer;
struct sigaction;
struct siginfo;

enum trace_event {
#define TRACE_EVENT(system, name, proto, args, fields, assign, print) TRACE_##name,
#include "trace_events.tbl.h"
#undef TRACE_EVENT
	NR_TRACE_EVENTS
};
extern u64 trace_mask;			/* a bit for each event */

/* For points that hot code keeps in a slow path: is it wanted? any: one test for two events. */
#define trace_is_on(name) unlikely(trace_mask & BIT(TRACE_##name))
#define trace_any_on(a, b) unlikely(trace_mask & (BIT(TRACE_##a) | BIT(TRACE_##b)))

#define TRACE_EVENT(system, name, proto, args, fields, assign, print) \
	void __trace_##name proto __attribute__((cold)); \
	static __always_inline void trace_##name proto { if (trace_is_on(name)) __trace_##name args; }
#include "trace_events.tbl.h"
#undef TRACE_EVENT
