/*
 * shell.c: system and popen. They start /bin/sh from inside libc, with `environ` as it is; where that would not do,
 * they are lent another for as long as they take. That is safe only while no other thread can look at it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/single_threaded.h>
#include <unistd.h>

#include "interpose/follow.h"
#include "text.h"

/* An environment that was lent. Mapped: a signal handler may leave system() by longjmp, and it must outlive that. */
struct loan {
	struct scratch scratch;
	char **own, **lent;      /* the program's; ours, or NULL */
};

static void lend(struct loan *loan, const char *function)
{
	enum trace_how how;
	size_t room;

	*loan = (struct loan){.own = environ};
	process_start();
	if (!library.ready)
		return;
	how = !follow_asked(false) ? TRACE_NOT_ASKED
	    : library.filtered ? TRACE_FILTERED : program_at(AT_FDCWD, "/bin/sh", 0, false);
	room = how ? environment_room(how, environ) : 0;
	if (!room)
		return;
	if (!__libc_single_threaded || process_is_borrowed() || !scratch_take(&loan->scratch, room)) {
		char text[128];

		text_format(text, sizeof(text), "%s was called by a program with threads, in whose environment its "
		                                "children are not recorded", function);
		meta_warn(text);
		return;
	}
	loan->lent = (char **)environment_build(how, environ, loan->scratch.memory);
	environ = loan->lent;
}

static void take_back(struct loan *loan)
{
	if (!loan->lent)
		return;
	/* A handler may have called setenv meanwhile, which copies: then it stays, with what was lent. */
	if (environ == loan->lent) {
		environ = loan->own;
		scratch_give(&loan->scratch);
	}
}

PUBLIC int system(const char *command)
{
	struct loan loan;
	int status;

	if (!command)
		return REAL(system)(command);
	lend(&loan, "system");
	status = REAL(system)(command);
	take_back(&loan);
	return status;
}

PUBLIC FILE *popen(const char *command, const char *mode)
{
	struct loan loan;
	FILE *stream;

	lend(&loan, "popen");
	stream = REAL(popen)(command, mode);
	take_back(&loan);
	return stream;
}
