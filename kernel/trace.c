/*
 * The rings of the trace (include/trace.h), and what fills them.
 *
 *   tail %size            head %size          positions only grow; a record that would cross the end of the
 *      v                     v                buffer is put at its beginning, and a filler takes the rest
 *   [..| r | r | filler]  [r | ............]
 *
 * Rings are allocated when something is first enabled. Readers copy one record at a time, so that no lock is held while
 * text is made; what is overwritten before a reader came is skipped.
 *
 * Locks: trace_mutex for what is enabled and for the buffers; ring->lock for what is in them.
 * In Linux: kernel/trace/{trace,ring_buffer,trace_events}.c.
 */
#include "kernel/tracing.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "mm/mm.h"
#include "sched/lock.h"
#include "string.h"

struct ring {
	struct spinlock lock;
	u8 *buf;			/* trace_mutex too */
	u64 size;
	u64 head, tail;			/* T2 */
	u64 entries, written;		/* records in it, records ever */
};
#define FILLER 0xffff			/* an event that is none */

static struct ring rings[NR_CPUS] = { [0 ... NR_CPUS - 1] = { .lock = SPINLOCK_INIT("trace", RANK_TRACE) } };
static DEFINE_MUTEX(trace_mutex, RANK_MISC_MUTEX);
static u64 enabled;
u64 trace_mask;
bool tracing_on = true;
unsigned trace_kb = 1408;		/* Linux's default */

/* ---- writing ---- */

static struct trace_head *record_at(const struct ring *ring, u64 pos) { return (struct trace_head *)(ring->buf + pos % ring->size); }

static void drop_oldest(struct ring *ring)
{
	struct trace_head *h = record_at(ring, ring->tail);

	ring->entries -= h->event != FILLER;
	ring->tail += h->len;
}

/* Appends a record. => any context but NMI (T3) */
static void ring_write(struct trace_head *h)
{
	u64 flags = local_irq_save(), rest;
	struct ring *ring = &rings[smp_processor_id()];

	h->pid = current->pid;
	h->cpu = smp_processor_id();
	h->flags = (flags & EFLAGS_IF ? 0 : TRACE_IRQS_OFF) | (need_resched() ? TRACE_NEED_RESCHED : 0) |
		   (this_cpu->irq_depth ? TRACE_HARDIRQ : 0);
	h->preempt_count = this_cpu->preempt_count;
	memcpy(h->comm, current->comm, sizeof(h->comm));
	spin_lock_irq(&ring->lock);
	if (likely(ring->buf)) {
		rest = ring->size - ring->head % ring->size;
		if (rest >= h->len)
			rest = 0;
		while (ring->head + rest + h->len - ring->tail > ring->size)
			drop_oldest(ring);
		if (rest) {
			*(u32 *)record_at(ring, ring->head) = FILLER << 16 | rest;	/* len and event: 8 bytes are left at least */
			ring->head += rest;
		}
		h->time = ktime_get();
		memcpy(record_at(ring, ring->head), h, h->len);
		ring->head += h->len;
		ring->entries++;
		ring->written++;
	}
	spin_unlock_no_resched(&ring->lock);	/* a point is no place to switch at */
	local_irq_restore(flags);
}

#define ASSIGN(...) __VA_ARGS__
#define COMM(field, p) memcpy(r->field, (p)->comm, sizeof(r->field))
#define TRACE_EVENT(system, name, proto, args, fields, assign, print) \
	void __trace_##name proto \
	{ \
		struct name##_record record, *r = &record; \
		r->h.event = TRACE_##name; \
		r->h.len = sizeof(record); \
		assign; \
		ring_write(&r->h); \
	}
#include "trace_events.tbl.h"
#undef TRACE_EVENT

/* ---- control ---- */

/* => trace_mutex */
static void update_mask(void)
{
	u64 mask = tracing_on && rings[0].buf ? enabled : 0;

	trace_mask = mask;
	syscall_trace(mask & (BIT(TRACE_sys_enter) | BIT(TRACE_sys_exit)));
}

/* New buffers for all; nothing changes if one can't be had. => trace_mutex */
static int set_buffers(unsigned kb)
{
	u8 *new[NR_CPUS];

	for (unsigned i = 0; i < nr_cpus; i++) {
		new[i] = vmalloc(kb * 1024UL);
		if (!new[i]) {
			while (i--)
				vfree(new[i]);
			return -ENOMEM;
		}
	}
	for (unsigned i = 0; i < nr_cpus; i++) {
		struct ring *ring = &rings[i];
		u64 flags = spin_lock_irqsave(&ring->lock);

		swap(ring->buf, new[i]);
		ring->size = kb * 1024UL;
		ring->tail = ring->head;
		ring->entries = 0;
		spin_unlock_irqrestore(&ring->lock, flags);
		vfree(new[i]);
	}
	trace_kb = kb;
	return 0;
}

int trace_enable(u64 events, bool on)
{
	int err = 0;

	mutex_lock(&trace_mutex);
	if (on && !rings[0].buf)
		err = set_buffers(trace_kb);
	if (!err)
		enabled = on ? enabled | events : enabled & ~events;
	update_mask();
	mutex_unlock(&trace_mutex);
	return err;
}

u64 trace_enabled(void) { return enabled; }
bool trace_has_rings(void) { return rings[0].buf; }

int tracing_set_on(bool on)
{
	mutex_lock(&trace_mutex);
	tracing_on = on;
	update_mask();
	mutex_unlock(&trace_mutex);
	return 0;
}

int trace_resize(unsigned kb)
{
	int err;

	mutex_lock(&trace_mutex);
	err = set_buffers(kb);
	update_mask();
	mutex_unlock(&trace_mutex);
	return err;
}

void trace_clear(void)
{
	for (unsigned i = 0; i < nr_cpus; i++) {
		u64 flags = spin_lock_irqsave(&rings[i].lock);

		rings[i].tail = rings[i].head;
		rings[i].entries = rings[i].written = 0;
		spin_unlock_irqrestore(&rings[i].lock, flags);
	}
}

int trace_mark(struct marker_record *r)
{
	int err = trace_has_rings() ? 0 : trace_enable(0, true);

	if (err || !tracing_on)
		return err ? err : -EBADF;
	r->h.event = TRACE_MARKER;
	r->h.len = ALIGN(offsetof(struct marker_record, text) + strlen(r->text) + 1, 8);
	ring_write(&r->h);
	return 0;
}

void trace_count(u64 *entries, u64 *written)
{
	*entries = *written = 0;
	for (unsigned i = 0; i < nr_cpus; i++) {
		*entries += rings[i].entries;
		*written += rings[i].written;
	}
}

/* ---- reading ---- */

void trace_iter_init(struct trace_iter *it, bool consume)
{
	it->consume = consume;
	for (unsigned i = 0; i < nr_cpus; i++) {
		it->pos[i] = 0;
		it->end[i] = consume ? ~0UL : rings[i].head;
	}
}

/* The time of a ring's next record for this reader, ~0 if there is none; take: it is copied, and the reader goes on. */
static u64 ring_look(struct trace_iter *it, unsigned cpu, bool take)
{
	struct ring *ring = &rings[cpu];
	u64 flags = spin_lock_irqsave(&ring->lock), pos = max(it->pos[cpu], ring->tail), end = min(it->end[cpu], ring->head), time = ~0UL;

	if (pos < end && record_at(ring, pos)->event == FILLER)
		pos += record_at(ring, pos)->len;
	if (pos < end) {
		struct trace_head *h = record_at(ring, pos);

		time = h->time;
		if (take) {
			memcpy(&it->head, h, h->len);
			pos += h->len;
		}
		if (take && it->consume) {
			ring->tail = pos;
			ring->entries--;
		}
	}
	it->pos[cpu] = pos;
	spin_unlock_irqrestore(&ring->lock, flags);
	return time;
}

bool trace_next(struct trace_iter *it)
{
	unsigned best;
	u64 least, time;

	do {
		least = ~0UL;
		for (unsigned i = best = 0; i < nr_cpus; i++) {
			time = ring_look(it, i, false);
			if (time < least) {
				least = time;
				best = i;
			}
		}
		if (least == ~0UL)
			return false;
	} while (ring_look(it, best, true) == ~0UL);	/* another reader was quicker */
	return true;
}

bool trace_empty(void)
{
	u64 entries, written;

	trace_count(&entries, &written);
	return !entries;
}
