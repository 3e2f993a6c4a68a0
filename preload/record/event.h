/*
 * event.h: the hot path: what a wrapper does to record an event. No lock, no system call, no allocation, errno
 * untouched; a lane's ring and the thread's state are the only memory written.
 *
 * A record is written, then the ring's head is stored: a kill in between loses the one event in flight. Signal handlers
 * of the same thread run between any two instructions here; they see busy set and take another lane, so compiler
 * fences are all the ordering that is needed within the thread. The drain reads only sealed rings; a reader after the
 * thread's death sees its stores in program order (x86-64 TSO), hence the release store of head suffices.
 */
#ifndef PROBE_EVENT_H
#define PROBE_EVENT_H

#include <stdatomic.h>

#include "library.h"
#include "record/ring.h"
#include "record/thread.h"

/* The calling thread's state, or NULL if it is not recorded. */
static inline struct thread *event_thread(void)
{
	struct thread *thread = self;

	return likely(thread && thread->live) ? thread : thread_state();
}

static inline struct lane *event_lane(struct thread *thread, uintptr_t sp)
{
	struct lane *lane = thread->lanes;

	if (unlikely(lane->busy))
		return thread_inner_lane(thread, sp);
	lane->busy = sp;
	atomic_signal_fence(memory_order_seq_cst);
	return lane;
}

static inline void event_lane_done(struct lane *lane)
{
	atomic_signal_fence(memory_order_seq_cst);
	lane->busy = 0;
}

/* Room for `count` events (a few) in one ring, or NULL: lost, and counted. */
static inline struct trace_event *event_room(struct thread *thread, struct lane *lane, unsigned count)
{
	while (unlikely(lane->next + count > lane->limit))
		if (!ring_make_room(thread, lane)) {
			__atomic_fetch_add(&process->header->lost[TRACE_LOST_NO_SPACE], count, __ATOMIC_RELAXED);
			return NULL;
		}
	return lane->next;
}

/* head follows from next: if a handler jumps away between the two stores, the next event makes up for it. */
static inline void event_publish(struct lane *lane, unsigned count)
{
	lane->next += count;
	__atomic_store_n(&lane->ring->head, (uint64_t)(lane->next - ring_events(lane->ring)), __ATOMIC_RELEASE);
}

/* By who maps memory it is known what it is, so that is asked always. */
static inline bool event_wants_stack(unsigned kind)
{
	return likely(library.block_stacks) || (kind != TRACE_EVENT_ALLOC && kind != TRACE_EVENT_REALLOC_IN);
}

/*
 * The three ways to record. `thread` comes from event_thread and is not NULL; `at` is the wrapper's caller.
 * A birth is recorded after the real call, a death before it.
 */
static inline void event_with_stack(struct thread *thread, unsigned kind, unsigned detail, unsigned extra,
                                    const void *address, uint64_t size, struct stack_start at)
{
	struct lane *lane = event_lane(thread, at.sp);
	struct trace_event *event;

	if (unlikely(!lane))
		return;
	uint32_t stack = event_wants_stack(kind) ? stack_capture(thread, lane, at) : TRACE_STACK_NONE;
	event = event_room(thread, lane, 1);
	if (likely(event)) {
		*event = (struct trace_event){.tick = clock_tick(), .address = (uintptr_t)address, .size = size,
			.stack = stack, .kind = (uint8_t)kind, .detail = (uint8_t)detail, .extra = (uint16_t)extra};
		event_publish(lane, 1);
	}
	event_lane_done(lane);
}

static inline void event_without(struct thread *thread, unsigned kind, unsigned detail, unsigned extra,
                                 const void *address, uint64_t size, uint64_t tick, uintptr_t sp)
{
	struct lane *lane = event_lane(thread, sp);
	struct trace_event *event;

	if (unlikely(!lane))
		return;
	event = event_room(thread, lane, 1);
	if (likely(event)) {
		*event = (struct trace_event){.tick = tick, .address = (uintptr_t)address, .size = size,
			.stack = TRACE_STACK_NONE, .kind = (uint8_t)kind, .detail = (uint8_t)detail,
			.extra = (uint16_t)extra};
		event_publish(lane, 1);
	}
	event_lane_done(lane);
}

/*
 * One thing became another (realloc, mremap): two events, published at once when the outcome is known, the death with
 * the time from before the real call.
 */
static inline void event_pair(struct thread *thread, unsigned out_kind, unsigned in_kind, unsigned detail,
                              const void *old, uint64_t old_size, uint64_t before, const void *address, uint64_t size,
                              struct stack_start at)
{
	struct lane *lane = event_lane(thread, at.sp);
	struct trace_event *event;

	if (unlikely(!lane))
		return;
	uint32_t stack = event_wants_stack(in_kind) ? stack_capture(thread, lane, at) : TRACE_STACK_NONE;
	event = event_room(thread, lane, 2);
	if (likely(event)) {
		event[0] = (struct trace_event){.tick = before, .address = (uintptr_t)old, .size = old_size,
			.kind = (uint8_t)out_kind, .detail = (uint8_t)detail};
		event[1] = (struct trace_event){.tick = clock_tick(), .address = (uintptr_t)address, .size = size,
			.stack = stack, .kind = (uint8_t)in_kind, .detail = (uint8_t)detail};
		event_publish(lane, 2);
	}
	event_lane_done(lane);
}

#endif
