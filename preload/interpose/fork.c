/*
 * fork.c: children that begin as a copy: fork, _Fork, vfork and clone. A child's own recording starts in the child
 * (process_start); that it was made is noted in the parent.
 */
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

static pid_t fork_by(pid_t (*real)(void))
{
	struct forking forking = process_forking();
	pid_t pid = real();

	process_forked(&forking, pid, TRACE_HOW_FORK);
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

NEXT(daemon, int(int, int))

PUBLIC int daemon(int stay, int keep)
{
	int result;

	process_forks_and_leaves = true;
	result = next_daemon()(stay, keep);
	if (process_forks_and_leaves && process_start())
		process_end_undo(); /* the fork failed */
	process_forks_and_leaves = false;
	return result;
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
	struct forking forking;
};

static int cloned(void *argument)
{
	struct clone_call *call = argument;

	call->forking.stack_high = 0; /* a new one, given by the caller of clone */
	process_forked(&call->forking, 0, TRACE_HOW_CLONE);
	return call->function(call->argument);
}

PUBLIC int clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
	struct clone_call call = {function, argument, {0}};
	pid_t *parent_tid, *child_tid;
	va_list arguments;
	void *tls;
	int result;

	va_start(arguments, argument);
	parent_tid = va_arg(arguments, pid_t *);
	tls = va_arg(arguments, void *);
	child_tid = va_arg(arguments, pid_t *);
	va_end(arguments);
	if (!function || flags & CLONE_VM)
		return next_clone()(function, stack, flags, argument, parent_tid, tls, child_tid);
	call.forking = process_forking();
	result = next_clone()(cloned, stack, flags, &call, parent_tid, tls, child_tid);
	process_forked(&call.forking, result, TRACE_HOW_CLONE);
	return result;
}
