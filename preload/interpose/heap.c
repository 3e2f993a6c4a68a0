/*
 * heap.c: malloc and its family. The real call, then one record (event.h); nothing else.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "interpose/nest.h"
#include "interpose/next.h"
#include "record/event.h"

void *memalign(size_t alignment, size_t size);
void *pvalloc(size_t size);
size_t malloc_usable_size(void *p);
void cfree(void *p);
void free_sized(void *p, size_t size);
void free_aligned_sized(void *p, size_t alignment, size_t size);

bool nest_is_inner_call(struct thread *thread, struct stack_start at)
{
	if (at.sp >= thread->nest && at.sp < thread->stack_high) {
		thread->nest = 0;
		thread->nest_freed = NULL;
		return false;
	}
	return at.pc - thread->nest_start < thread->nest_end - thread->nest_start ||
	       at.pc - library.text_start < library.text_end - library.text_start;
}

static inline void birth(unsigned family, void *p, size_t size, struct stack_start at)
{
	struct thread *thread = event_thread();

	if (likely(thread) && !nest_is_inner_birth(thread, at, p))
		event_with_stack(thread, TRACE_EVENT_ALLOC, family, 0, p, size, at);
}

PUBLIC void *malloc(size_t size)
{
	void *p = next.malloc(size);

	if (likely(p))
		birth(TRACE_FAMILY_MALLOC, p, size, STACK_CALLER());
	return p;
}

PUBLIC void free(void *p)
{
	struct stack_start at = STACK_CALLER();
	struct thread *thread;

	if (likely(p)) {
		thread = event_thread();
		if (likely(thread) && !nest_is_inner_death(thread, at, p))
			event_without(thread, TRACE_EVENT_FREE, TRACE_FAMILY_MALLOC, 0, p, 0, clock_tick(), at.sp);
	}
	next.free(p);
}

PUBLIC void *calloc(size_t count, size_t size)
{
	void *p = next.calloc(count, size);

	if (likely(p))
		birth(TRACE_FAMILY_MALLOC, p, count * size, STACK_CALLER());
	return p;
}

static inline void *reallocate(void *old, size_t size, struct stack_start at)
{
	uint64_t before = clock_tick();
	void *p = next.realloc(old, size);
	struct thread *thread;

	if (unlikely(!p && (size || !old)))
		return NULL;
	thread = event_thread();
	if (unlikely(!thread) || nest_is_inner(thread, at))
		return p;
	if (!old)
		event_with_stack(thread, TRACE_EVENT_ALLOC, TRACE_FAMILY_MALLOC, 0, p, size, at);
	else if (p)
		event_pair(thread, TRACE_EVENT_REALLOC_OUT, TRACE_EVENT_REALLOC_IN, TRACE_FAMILY_MALLOC, old, 0,
		           before, p, size, at);
	else
		event_without(thread, TRACE_EVENT_REALLOC_OUT, TRACE_FAMILY_MALLOC, 0, old, 0, before, at.sp);
	return p;
}

PUBLIC void *realloc(void *old, size_t size)
{
	return reallocate(old, size, STACK_CALLER());
}

PUBLIC void *reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return reallocate(old, bytes, STACK_CALLER());
}

PUBLIC int posix_memalign(void **result, size_t alignment, size_t size)
{
	int error = next.posix_memalign(result, alignment, size);

	if (likely(!error && *result))
		birth(TRACE_FAMILY_ALIGNED, *result, size, STACK_CALLER());
	return error;
}

PUBLIC void *aligned_alloc(size_t alignment, size_t size)
{
	void *p = next.aligned_alloc(alignment, size);

	if (likely(p))
		birth(TRACE_FAMILY_ALIGNED, p, size, STACK_CALLER());
	return p;
}

PUBLIC void *memalign(size_t alignment, size_t size)
{
	void *p = next.memalign(alignment, size);

	if (likely(p))
		birth(TRACE_FAMILY_ALIGNED, p, size, STACK_CALLER());
	return p;
}

PUBLIC void *valloc(size_t size)
{
	void *p = next.valloc(size);

	if (likely(p))
		birth(TRACE_FAMILY_ALIGNED, p, size, STACK_CALLER());
	return p;
}

PUBLIC void *pvalloc(size_t size)
{
	void *p = next.pvalloc(size);

	if (likely(p))
		birth(TRACE_FAMILY_ALIGNED, p, size, STACK_CALLER());
	return p;
}

PUBLIC size_t malloc_usable_size(void *p)
{
	return next.malloc_usable_size(p);
}

/* Old names, and C23's, that many a libc has not: each is free. */
static inline void release(void *p, struct stack_start at)
{
	struct thread *thread;

	if (!p)
		return;
	thread = event_thread();
	if (likely(thread) && !nest_is_inner_death(thread, at, p))
		event_without(thread, TRACE_EVENT_FREE, TRACE_FAMILY_MALLOC, 0, p, 0, clock_tick(), at.sp);
	next.free(p);
}

PUBLIC void cfree(void *p)
{
	release(p, STACK_CALLER());
}

PUBLIC void free_sized(void *p, size_t size)
{
	(void)size;
	release(p, STACK_CALLER());
}

PUBLIC void free_aligned_sized(void *p, size_t alignment, size_t size)
{
	(void)alignment, (void)size;
	release(p, STACK_CALLER());
}
