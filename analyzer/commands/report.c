/* report.c: probe report DIR… */
#include "commands/commands.h"
#include "commands/show.h"

enum { SUPPRESSIONS, NO_DEFAULT_SUPPRESSIONS, PRINT_SUPPRESSIONS, JSON, TOP, PROCESS };

int report_command(const struct command *command, int argc, char **argv)
{
	struct arguments arguments = {.command = command, .argc = argc, .argv = argv, .at = 1};
	struct show show = {.domain = -1};
	int next;

	while ((next = argument_next(&arguments)) != ARGUMENT_END) {
		if (next == SUPPRESSIONS)
			show_add_suppressions(&show, arguments.value);
		else if (next == NO_DEFAULT_SUPPRESSIONS)
			show.no_shipped = true;
		else if (next == PRINT_SUPPRESSIONS)
			show.print_suppressions = true;
		else if (next == JSON)
			show.json = true;
		else if (next == TOP)
			show.top = argument_number(command, "top", arguments.value, 1000000000);
		else if (next == PROCESS)
			show_add_process(&show, arguments.value);
		else
			show_add_dir(&show, arguments.value);
	}
	if (!show.dir_count)
		usage_error(command, "which recording?");
	return show_run(&show);
}
