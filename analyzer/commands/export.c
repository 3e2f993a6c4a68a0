/* export.c: probe export DIR --format F: what was recorded, in a format that others read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "export/allocation_log.h"
#include "report/view.h"
#include "util.h"

enum { FORMAT, OUTPUT, DOMAIN_OPTION, PROCESS };

#define BUFFER (1u << 20)        /* bytes written at once */

static const struct format {
	const char *name;
	bool (*export)(FILE *file, const struct view *view, int domain); /* false: a message was printed */
} formats[] = {
	{"allocation-log", allocation_log_export},
};

static const struct format *read_format(const struct command *command, const char *value)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (!strcmp(value, formats[i].name))
			return &formats[i];
	usage_error(command, "there is no format '%s' to export; there is allocation-log", value);
}

static int write_file(const char *path, const struct format *format, const struct view *view, int domain)
{
	bool standard = !path || !strcmp(path, "-"), good;
	FILE *file = standard ? stdout : fopen(path, "we");

	if (!file) {
		warn("%s:", path);
		return STATUS_INPUT;
	}
	output_begin();
	setvbuf(file, NULL, _IOFBF, BUFFER);
	good = format->export(file, view, domain);
	if (standard) {
		int status = output_end();

		return status == STATUS_DONE && !good ? STATUS_INPUT : status;
	}
	if (ferror(file) | fclose(file)) {
		warn("%s: not all of it could be written", path);
		good = false;
	}
	return good ? STATUS_DONE : STATUS_INPUT;
}

struct request {
	const char **dirs, **processes; size_t dir_count, process_count; /* arrays owned */
	const struct format *format;
	const char *output;
	int      domain;          /* < 0: each process's own */
};

static int run(const struct request *request)
{
	size_t count;
	struct view_input *inputs = inputs_open(request->dirs, request->dir_count, NULL, &count);
	struct view *view;
	int status = STATUS_USAGE;

	if (!inputs)
		return STATUS_INPUT;
	view = view_build(inputs, count, &(struct view_options){
		.processes = request->processes, .process_count = request->process_count,
	});
	if (view) {
		status = write_file(request->output, request->format, view, request->domain);
		view_free(view);
	}
	inputs_close(inputs, count);
	return status;
}

int export_command(const struct command *command, int argc, char **argv)
{
	struct arguments arguments = {.command = command, .argc = argc, .argv = argv, .at = 1};
	struct request request = {.domain = -1};
	int next, status;

	request.dirs = xcalloc((size_t)argc, sizeof(*request.dirs));
	request.processes = xcalloc((size_t)argc, sizeof(*request.processes));
	while ((next = argument_next(&arguments)) != ARGUMENT_END) {
		if (next == FORMAT)
			request.format = read_format(command, arguments.value);
		else if (next == OUTPUT)
			request.output = arguments.value;
		else if (next == DOMAIN_OPTION)
			request.domain = argument_domain(command, arguments.value);
		else if (next == PROCESS)
			request.processes[request.process_count++] = arguments.value;
		else
			request.dirs[request.dir_count++] = arguments.value;
	}
	if (!request.format)
		usage_error(command, "which --format? There is allocation-log");
	if (!request.dir_count)
		usage_error(command, "which recording?");
	status = run(&request);
	free(request.dirs);
	free(request.processes);
	return status;
}
