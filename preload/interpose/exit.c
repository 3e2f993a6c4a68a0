/*
 * exit.c: the program's ways to end. The first that is called is the instant at which leaks are taken.
 */
#include <stdlib.h>
#include <unistd.h>

#include "interpose/next.h"
#include "start.h"

NEXT(exit, void(int))
NEXT(_exit, void(int))
NEXT(_Exit, void(int))
NEXT(quick_exit, void(int))

static void ending(int status)
{
	if (!process_start() || process_is_borrowed())
		return;
	process_ending();
	process_end(TRACE_END_EXIT, status & 0xff);
}

PUBLIC _Noreturn void exit(int status)
{
	process_returned(status);
	next_exit()(status);
	__builtin_unreachable();
}

PUBLIC _Noreturn void _exit(int status)
{
	ending(status);
	next__exit()(status);
	__builtin_unreachable();
}

PUBLIC _Noreturn void _Exit(int status)
{
	ending(status);
	next__Exit()(status);
	__builtin_unreachable();
}

PUBLIC _Noreturn void quick_exit(int status)
{
	ending(status);
	next_quick_exit()(status);
	__builtin_unreachable();
}

/* The last thread left by pthread_exit: libc calls its own exit, which ends in destructors. */
__attribute__((destructor)) static void unseen_exit(void)
{
	if (process && process->live == PROCESS_LIVE && !process->header->end)
		ending(0);
}
