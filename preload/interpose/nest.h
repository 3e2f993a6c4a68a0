/*
 * nest.h: a wrapped call inside a wrapped call counts once, the outermost.
 *
 * operator new calls malloc, and we wrap both. While a wrapper's real function runs, the thread knows that function's
 * code; a wrapper that is called from there, or from libprobe.so itself (operator new[] jumps to operator new), is
 * inner and records nothing. A signal handler's calls, a new_handler's and those of an exception's constructor come
 * from elsewhere and count; but the same block counts once also where a program replaces one operator and the
 * library's others call it. Where an exception or longjmp left the real function the mark is stale: frames that are
 * still there lie above the stack pointer.
 */
#ifndef PROBE_NEST_H
#define PROBE_NEST_H

#include "library.h"

struct nest {
	uintptr_t frame, start, end;  /* the mark that was there before */
	const void *freed, *born;
};

bool nest_is_inner_call(struct thread *thread, struct stack_start at) HIDDEN;

static inline bool nest_is_inner(struct thread *thread, struct stack_start at)
{
	return unlikely(thread->nest) && nest_is_inner_call(thread, at);
}

/* The same for the birth (not inner: it will be recorded) or the death of a block. */
static inline bool nest_is_inner_birth(struct thread *thread, struct stack_start at, const void *block)
{
	if (likely(!thread->nest))
		return false;
	if (nest_is_inner_call(thread, at))
		return true;
	thread->nest_born = block;
	return false;
}

static inline bool nest_is_inner_death(struct thread *thread, struct stack_start at, const void *block)
{
	return unlikely(thread->nest) && (nest_is_inner_call(thread, at) || thread->nest_freed == block);
}

/* The real function at [start, end) is about to be called by the wrapper that was called at `at`; it frees block. */
static inline struct nest nest_begin(struct thread *thread, struct stack_start at, uintptr_t start, uintptr_t end,
                                     const void *block)
{
	struct nest before = {thread->nest, thread->nest_start, thread->nest_end, thread->nest_freed,
	                      thread->nest_born};

	thread->nest_start = start;
	thread->nest_end = end;
	thread->nest_freed = block;
	thread->nest_born = NULL;
	thread->nest = at.sp;
	return before;
}

/* An inner wrapper calls its real function: what that calls is inner as well (new[] calls new calls malloc). */
static inline struct nest nest_deepen(struct thread *thread, uintptr_t start, uintptr_t end)
{
	struct nest before = {.start = thread->nest_start, .end = thread->nest_end};

	thread->nest_start = start;
	thread->nest_end = end;
	return before;
}

static inline void nest_surface(struct thread *thread, struct nest before)
{
	thread->nest_start = before.start;
	thread->nest_end = before.end;
}

static inline void nest_end(struct thread *thread, struct nest before)
{
	thread->nest = before.frame;
	thread->nest_start = before.start;
	thread->nest_end = before.end;
	thread->nest_freed = before.freed;
	thread->nest_born = before.born;
}

#endif
