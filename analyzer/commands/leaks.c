/* leaks.c: probe leaks DIR… */
#include <string.h>

#include "commands/commands.h"
#include "commands/show.h"

enum {
	BY, DOMAIN_OPTION, SINCE, SUPPRESSIONS, NO_DEFAULT_SUPPRESSIONS, PRINT_SUPPRESSIONS, UNUSED_SUPPRESSIONS,
	GEN_SUPPRESSIONS, TOP, JSON, PROCESS
};

static enum leaks_by read_by(const struct command *command, const char *value)
{
	static const char *const names[] = {[BY_SITE] = "site", [BY_TYPE] = "type", [BY_MODULE] = "module",
	                                     [BY_PROCESS] = "process"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(value, names[i]))
			return (enum leaks_by)i;
	usage_error(command, "--by wants site, type, module or process, not '%s'%s", value,
	            strcmp(value, "line") != 0 ? "" : "; site tells lines");
}

int leaks_command(const struct command *command, int argc, char **argv)
{
	struct arguments arguments = {.command = command, .argc = argc, .argv = argv, .at = 1};
	struct show show = {.domain = -1, .leaks = true};
	int next;

	while ((next = argument_next(&arguments)) != ARGUMENT_END) {
		switch (next) {
		case BY:
			show.by = read_by(command, arguments.value);
			break;
		case DOMAIN_OPTION:
			show.domain = argument_domain(command, arguments.value);
			break;
		case SINCE:
			show.since = arguments.value;
			break;
		case SUPPRESSIONS:
			show_add_suppressions(&show, arguments.value);
			break;
		case NO_DEFAULT_SUPPRESSIONS:
			show.no_shipped = true;
			break;
		case UNUSED_SUPPRESSIONS:
			show.print_unused = true;
			/* fall through */
		case PRINT_SUPPRESSIONS:
			show.print_suppressions = true;
			break;
		case GEN_SUPPRESSIONS:
			show.generate = true;
			break;
		case TOP:
			show.top = argument_number(command, "top", arguments.value, 1000000000);
			break;
		case JSON:
			show.json = true;
			break;
		case PROCESS:
			show_add_process(&show, arguments.value);
			break;
		default:
			show_add_dir(&show, arguments.value);
		}
	}
	if (!show.dir_count)
		usage_error(command, "which recording?");
	if (show.generate && (show.json || show.print_suppressions))
		usage_error(command, "--gen-suppressions prints a file of suppressions and nothing else");
	return show_run(&show);
}
