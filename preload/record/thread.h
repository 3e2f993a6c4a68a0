/*
 * thread.h: the states of the process's threads.
 */
#ifndef PROBE_THREAD_H
#define PROBE_THREAD_H

#include "library.h"

bool thread_start(void) HIDDEN;

/*
 * A state for a thread that is about to be created; it takes it over by thread_begin. NULL: there is none.
 * thread_cancel gives it back, when it was not created after all.
 */
struct thread *thread_prepare(void) HIDDEN;
void thread_begin(struct thread *thread, uintptr_t stack_low, uintptr_t stack_high) HIDDEN;
void thread_cancel(struct thread *thread) HIDDEN;

/* Calls `change` for the state of each thread that is not known to be gone / for one: one such call at a time. */
void threads_each(void (*change)(struct thread *)) HIDDEN;
void thread_alone(struct thread *thread, void (*change)(struct thread *)) HIDDEN;

/* Gives the lane's stream an id and tells the recording about it. */
void thread_open_lane(struct thread *thread, struct lane *lane) HIDDEN;

/* The lane for a wrapper at stack pointer sp when lane 0 is busy; NULL (and counted): there are not that many. */
struct lane *thread_inner_lane(struct thread *thread, uintptr_t sp) HIDDEN;

/* Tells of each stack that libc made for a thread, by its end and its size; `old`: the thread is gone. */
void thread_stacks(void (*tell)(void *context, uintptr_t top, size_t size, bool old), void *context) HIDDEN;

/* On another stack than its own a thread may have little room: a crash handler's has often 8 KiB, most of it used. */
static inline bool thread_is_on_other_stack(void)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);

	return self && self->stack_high && (sp < self->stack_low || sp >= self->stack_high);
}

/* The stack of the main thread; ordinary memory, set once. */
extern uintptr_t main_stack_low HIDDEN, main_stack_high HIDDEN;

/* In asm.S: calls fn(a, b, c) in a frame whose return address, root_return, ends every complete stack. */
long root_call(void *fn, long a, long b, long c) HIDDEN;
extern const char root_return[] HIDDEN;

#endif
