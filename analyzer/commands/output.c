/* output.c: standard output, which may be a closed pipe or a full disk; see commands.h. */
#include <signal.h>
#include <stdio.h>

#include "commands/commands.h"
#include "util.h"

static volatile sig_atomic_t reader_gone;

static void note_pipe(int signal_number)
{
	(void)signal_number;
	reader_gone = true;
}

void output_begin(void)
{
	struct sigaction note = {.sa_handler = note_pipe, .sa_flags = SA_RESTART};

	sigaction(SIGPIPE, &note, NULL);
}

int output_end(void)
{
	int failed = ferror(stdout), flushed = fflush(stdout);

	if (reader_gone)
		return STATUS_PIPE;
	if (flushed) {
		warn("standard output:");
		return STATUS_INPUT;
	}
	if (failed) {
		warn("standard output: not all of it could be written");
		return STATUS_INPUT;
	}
	return STATUS_DONE;
}
