/*
 * fork.c: children that begin as a copy: fork, _Fork, vfork and clone. A child's own recording starts in the child
 * (process_start); that it was made is noted in the parent.
 */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/types.h>
#include <unistd.h>

#include "interpose/next.h"
#include "record/thread.h"
#include "start.h"

NEXT(fork, pid_t(void))
NEXT(_Fork, pid_t(void))
NEXT(vfork, pid_t(void))
NEXT(clone, int(int (*)(void *), void *, int, void *, ...))

static void note_child(long pid, enum trace_how how)
{
	struct trace_child child = {.pid = (uint32_t)pid, .how = how};

	meta_write(TRACE_RECORD_CHILD, &child, sizeof(child), NULL, 0);
}

/* The stack that the calling thread runs on: a child goes on using its copy. */
static void own_stack(uintptr_t *low, uintptr_t *high)
{
	struct thread *thread = process && process_start() ? thread_state() : NULL;

	*low = thread ? thread->stack_low : 0;
	*high = thread ? thread->stack_high : 0;
}

static pid_t fork_by(pid_t (*real)(void))
{
	uintptr_t low, high;
	uint64_t before;
	int error;
	pid_t pid;

	own_stack(&low, &high);
	before = clock_tick();
	pid = real();
	error = errno;
	if (pid == 0)
		process_forked(before, low, high);
	else if (pid > 0)
		note_child(pid, TRACE_HOW_FORK);
	errno = error;
	return pid;
}

PUBLIC pid_t fork(void)
{
	return fork_by(next_fork());
}

PUBLIC pid_t _Fork(void)
{
	pid_t (*real)(void) = next__Fork();

	return fork_by(real ? real : next_fork());
}

/* For vfork.S. */
void *vfork_next(void) HIDDEN;
void *vfork_next(void)
{
	process_start();
	return (void *)next_vfork();
}

struct clone_call {              /* on the stack of the caller, which a child without CLONE_VM has a copy of */
	int    (*function)(void *);
	void    *argument;
	uint64_t before;
};

static int cloned(void *argument)
{
	struct clone_call *call = argument;

	process_forked(call->before, 0, 0);
	return call->function(call->argument);
}

PUBLIC int clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
	struct clone_call call = {function, argument, clock_tick()};
	pid_t *parent_tid, *child_tid;
	va_list arguments;
	void *tls;
	int result, error;

	va_start(arguments, argument);
	parent_tid = va_arg(arguments, pid_t *);
	tls = va_arg(arguments, void *);
	child_tid = va_arg(arguments, pid_t *);
	va_end(arguments);
	if (!function || flags & CLONE_VM)
		return next_clone()(function, stack, flags, argument, parent_tid, tls, child_tid);
	process_start();
	result = next_clone()(cloned, stack, flags, &call, parent_tid, tls, child_tid);
	error = errno;
	if (result > 0)
		note_child(result, TRACE_HOW_CLONE);
	errno = error;
	return result;
}
