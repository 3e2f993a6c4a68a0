/* output.c: standard output, which may be a closed pipe or a full disk; see commands.h. */
#include <signal.h>
#include <stdio.h>

#include "commands/commands.h"
#include "util.h"

void output_begin(void)
{
	signal(SIGPIPE, SIG_IGN);
}

int output_end(void)
{
	int failed = ferror(stdout);

	if (fflush(stdout)) {
		warn("standard output:");
		return STATUS_INPUT;
	}
	if (failed) {
		warn("standard output: not all of it could be written");
		return STATUS_INPUT;
	}
	return STATUS_DONE;
}
