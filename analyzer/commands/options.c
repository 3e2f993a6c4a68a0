/* options.c: reads arguments by a command's table; see commands.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "report/view.h"
#include "util.h"

_Noreturn void usage_error(const struct command *command, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = xvasprintf(format, arguments);
	va_end(arguments);
	if (command)
		fatal(STATUS_USAGE, "%s: %s; see 'probe %s --help'", command->name, text, command->name);
	fatal(STATUS_USAGE, "%s; see 'probe --help'", text);
}

static int find_long(const struct command *command, const char *name, size_t length)
{
	for (int i = 0; command->options[i].name; i++)
		if (strlen(command->options[i].name) == length && !strncmp(command->options[i].name, name, length))
			return i;
	usage_error(command, "there is no option --%.*s", (int)length, name);
}

static int find_short(const struct command *command, char letter)
{
	for (int i = 0; command->options[i].name; i++)
		if (command->options[i].letter == letter)
			return i;
	usage_error(command, "there is no option -%c", letter);
}

static const char *following(struct arguments *arguments, const struct option *option)
{
	if (arguments->at >= arguments->argc)
		usage_error(arguments->command, "--%s needs a value: %s", option->name, option->value);
	return arguments->argv[arguments->at++];
}

static void give_help(const struct command *command)
{
	output_begin();
	help_command(command);
	exit(output_end());
}

static int next_long(struct arguments *arguments, const char *name)
{
	size_t length = strcspn(name, "=");
	const struct option *option;
	int found;

	if (!strcmp(name, "help"))
		give_help(arguments->command);
	found = find_long(arguments->command, name, length);
	option = &arguments->command->options[found];
	if (name[length] && !option->value)
		usage_error(arguments->command, "--%s takes no value", option->name);
	arguments->value = name[length] ? name + length + 1 : option->value ? following(arguments, option) : NULL;
	return found;
}

static int next_short(struct arguments *arguments)
{
	char letter = *arguments->letters++;
	const char *rest = *arguments->letters ? arguments->letters : NULL;
	const struct option *option;
	int found;

	if (letter == 'h')
		give_help(arguments->command);
	found = find_short(arguments->command, letter);
	option = &arguments->command->options[found];
	if (option->value) {
		arguments->value = rest ? rest : following(arguments, option);
		rest = NULL;
	}
	arguments->letters = rest;
	return found;
}

int argument_next(struct arguments *arguments)
{
	const char *word;

	if (arguments->letters)
		return next_short(arguments);
	if (arguments->at >= arguments->argc)
		return ARGUMENT_END;
	word = arguments->argv[arguments->at++];
	if (!arguments->operands_only && !strcmp(word, "--")) {
		arguments->operands_only = true;
		return argument_next(arguments);
	}
	if (!arguments->operands_only && word[0] == '-' && word[1] == '-')
		return next_long(arguments, word + 2);
	if (!arguments->operands_only && word[0] == '-' && word[1]) {
		arguments->letters = word + 1;
		return next_short(arguments);
	}
	arguments->operands_only |= arguments->command->stops;
	arguments->value = word;
	return ARGUMENT_OPERAND;
}

unsigned long argument_number(const struct command *command, const char *option, const char *value,
                              unsigned long most)
{
	unsigned long number;
	char *rest;

	errno = 0;
	number = strtoul(value, &rest, 10);
	if (*value < '0' || *value > '9' || *rest || errno || number < 1 || number > most)
		usage_error(command, "--%s wants a number from 1 to %lu, not '%s'", option, most, value);
	return number;
}

int argument_domain(const struct command *command, const char *value)
{
	for (int domain = 0; domain < DOMAINS; domain++)
		if (!strcmp(value, domain_name((enum domain)domain)))
			return domain;
	usage_error(command, "--domain wants heap, map, wasm-memory, wasm-heap, pool or log, not '%s'", value);
}
