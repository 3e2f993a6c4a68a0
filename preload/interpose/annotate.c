/*
 * annotate.c: see annotate.h. Events in the thread's ring like those of the wrappers, so they survive what these survive.
 */
#include "interpose/annotate.h"

#include "record/event.h"
#include "record/meta.h"
#include "record/types.h"

#define SIZE_MOST (1ull << 47)        /* bytes */

void probe_library_type(const void *ptr, const char *type);
void probe_library_alloc(const void *pool, const void *ptr, size_t size, const char *type);
void probe_library_free(const void *pool, const void *ptr);
void probe_library_pool_free(const void *pool);

static void tell(enum trace_told what, uint64_t address, uint64_t size, struct stack_start at)
{
	struct thread *thread = event_thread();

	if (likely(thread))
		event_without(thread, TRACE_EVENT_TOLD, what, 0, (const void *)address, size, clock_tick(), at.sp);
}

/* Two events, published at once, that say by their tick that they belong together. */
void annotate_alloc(uint64_t pool, uint64_t block, uint64_t size, const char *type, struct stack_start at)
{
	struct thread *thread = event_thread();
	uint32_t number = likely(thread) ? type_number(type) : 0;
	struct lane *lane = likely(thread) ? event_lane(thread, at.sp) : NULL;
	struct trace_event *event;

	if (unlikely(!lane))
		return;
	if (unlikely(size > SIZE_MOST)) {
		meta_warn("probe_alloc was given a size that no address space has room for, which counts as 0");
		size = 0;
	}
	uint32_t stack = stack_capture(thread, lane, at);
	event = event_room(thread, lane, 2);
	if (likely(event)) {
		uint64_t tick = clock_tick();

		event[0] = (struct trace_event){.tick = tick, .address = pool, .size = number, .kind = TRACE_EVENT_TOLD,
			.detail = TRACE_TOLD_POOL};
		event[1] = (struct trace_event){.tick = tick, .address = block, .size = size, .stack = stack,
			.kind = TRACE_EVENT_TOLD_ALLOC};
		event_publish(lane, 2);
	}
	event_lane_done(lane);
}

void annotate_free(uint64_t pool, uint64_t block, struct stack_start at)
{
	tell(TRACE_TOLD_FREE, block, pool, at);
}

PUBLIC void probe_library_type(const void *ptr, const char *type)
{
	struct stack_start at = STACK_CALLER();
	uint32_t number = process_start() ? type_number(type) : 0;

	if (number)
		tell(TRACE_TOLD_TYPE, (uintptr_t)ptr, number, at);
}

PUBLIC void probe_library_alloc(const void *pool, const void *ptr, size_t size, const char *type)
{
	annotate_alloc((uintptr_t)pool, (uintptr_t)ptr, size, type, STACK_CALLER());
}

PUBLIC void probe_library_free(const void *pool, const void *ptr)
{
	annotate_free((uintptr_t)pool, (uintptr_t)ptr, STACK_CALLER());
}

PUBLIC void probe_library_pool_free(const void *pool)
{
	tell(TRACE_TOLD_POOL_FREE, (uintptr_t)pool, 0, STACK_CALLER());
}
