/* main.c: probe's first argument says which command it is; the rest is the command's. */
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"

static int help(int argc, char **argv)
{
	const struct command *command = argc > 2 ? command_find(argv[2]) : NULL;

	if (argc > 3 || (argc > 2 && !command))
		usage_error(NULL, "there is no help on '%s'", argv[argc - 1]);
	output_begin();
	if (command)
		help_command(command);
	else
		help_all();
	return output_end();
}

int main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2)
		usage_error(NULL, "which command?");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return help(argc, argv);
	if (!strcmp(argv[1], "--version")) {
		output_begin();
		printf("probe %s\n", PROBE_VERSION);
		return output_end();
	}
	command = command_find(argv[1]);
	if (!command)
		usage_error(NULL, argv[1][0] == '-' ? "there is no option %s" : "there is no command '%s'", argv[1]);
	return command->run(command, argc - 1, argv + 1);
}
