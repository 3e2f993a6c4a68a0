/* export.c: probe export DIR --format F: what was recorded, in a format that others read. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/output_file.h"
#include "export/allocation_log.h"
#include "export/formats.h"
#include "report/view.h"
#include "util.h"

enum { FORMAT, OUTPUT, DOMAIN_OPTION, VALUE, PROCESS };

#define BUFFER (1u << 20)        /* bytes written at once */

static const struct format {     /* one of the functions is there */
	const char *name;
	bool (*blocks)(FILE *file, const struct view *view, int domain); /* false: a message was printed; the others, too */
	bool (*profile)(FILE *file, struct profile *profile, const struct export_options *options);
	bool (*folder)(const char *folder, struct profile *profile);
	bool typed;               /* it shows types */
	bool single;              /* it has room for one process */
} formats[] = {
	{"folded", .profile = folded_export},
	{"svg", .profile = svg_export},
	{"pprof", .profile = pprof_export, .typed = true},
	{"speedscope", .profile = speedscope_export},
	{"firefox", .profile = firefox_export},
	{"heapprofile", .profile = heapprofile_export, .single = true},
	{"massif", .profile = massif_export, .single = true},
	{"dhat", .profile = dhat_export, .single = true},
	{"sqlite", .profile = sqlite_export, .typed = true},
	{"csv", .folder = csv_export, .typed = true},
	{"allocation-log", .blocks = allocation_log_export},
};

static const char *const value_names[PROFILE_VALUES] = {
	[VALUE_ALLOCS] = "allocs", [VALUE_BYTES] = "bytes", [VALUE_LIVE_BLOCKS] = "live-blocks",
	[VALUE_LIVE_BYTES] = "live-bytes", [VALUE_PEAK] = "peak", [VALUE_TEMPORARY] = "temporary",
};

/* "a, b, c": of an array of structs or strings, `stride` apart, of which each begins with its name. */
static const char *list_names(char *into, size_t size, const void *first, size_t count, size_t stride)
{
	size_t used = 0;

	for (size_t i = 0; i < count && used < size; i++) {
		const char *name = *(const char *const *)((const char *)first + i * stride);

		used += (size_t)snprintf(into + used, size - used, "%s%s", i ? ", " : "", name);
	}
	return into;
}

#define LIST(array) list_names((char[256]){0}, 256, (array), sizeof(array) / sizeof(*(array)), sizeof(*(array)))

static const struct format *read_format(const struct command *command, const char *value)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (!strcmp(value, formats[i].name))
			return &formats[i];
	if (!strcmp(value, "cpuprofile"))
		usage_error(command, "there is no format 'cpuprofile' yet, as there are no samples of CPU time");
	usage_error(command, "there is no format '%s' to export; there are %s", value, LIST(formats));
}

static int read_value(const struct command *command, const char *name)
{
	for (int value = 0; value < PROFILE_VALUES; value++)
		if (!strcmp(name, value_names[value]))
			return value;
	usage_error(command, "there is no value '%s'; there are %s", name, LIST(value_names));
}

struct request {
	const char **dirs, **processes; size_t dir_count, process_count; /* arrays owned */
	const struct format *format;
	const char *output;
	int      domain;          /* < 0: each process's own */
	int      value;           /* < 0: not given */
};

static bool write_format(FILE *file, const struct request *request, const struct view *view, struct profile *profile)
{
	struct export_options options = {.value = (enum profile_value)request->value, .domain = request->domain};

	if (request->format->blocks)
		return request->format->blocks(file, view, request->domain);
	/* What is alive is asked for first; where nothing is, what there was. */
	if (request->value < 0)
		options.value = profile->totals[VALUE_LIVE_BYTES] ? VALUE_LIVE_BYTES : VALUE_BYTES;
	return request->format->profile(file, profile, &options);
}

static int write_output(const struct request *request, const struct view *view, struct profile *profile)
{
	struct output_folder folder;
	struct output_file output;
	bool good;

	if (request->format->folder)
		return output_folder_open(&folder, request->output) &&
		       output_folder_close(&folder, request->format->folder(folder.aside, profile)) ? STATUS_DONE : STATUS_INPUT;
	output_begin();
	if (!request->output || !strcmp(request->output, "-")) {
		int status;

		setvbuf(stdout, NULL, _IOFBF, BUFFER);
		good = write_format(stdout, request, view, profile);
		status = output_end();
		return status == STATUS_DONE && !good ? STATUS_INPUT : status;
	}
	if (!output_file_open(&output, request->output))
		return STATUS_INPUT;
	good = write_format(output.file, request, view, profile);
	return output_file_close(&output, good) ? STATUS_DONE : STATUS_INPUT;
}

static uint64_t bytes_of(const struct process_info *info, int domain)
{
	enum domain wanted = domain >= 0 ? (enum domain)domain : info->logged ? DOMAIN_LOG : DOMAIN_HEAP;
	uint64_t bytes = 0;

	for (size_t i = 0; i < info->site_count; i++)
		bytes += info->sites[i].domain == wanted ? info->sites[i].bytes_allocated : 0;
	return bytes;
}

/* A view of the one process that allocated most, where a format has no room for more. NULL: there is none. */
static struct view *narrow(struct view *view, const struct view_input *inputs, size_t count, const struct request *request)
{
	const struct view_process *most = NULL;
	struct view *narrowed;
	const char *stem;

	for (size_t i = 0; i < view->process_count; i++)
		if (!most || bytes_of(view->processes[i].info, request->domain) > bytes_of(most->info, request->domain))
			most = &view->processes[i];
	if (!most) {
		warn("%s: there is no process in it", request->dirs[0]);
		view_free(view);
		return NULL;
	}
	if (view->process_count == 1)
		return view;
	warn("%s has room for one process: this is pid %" PRIu32 ", %s, which allocated most; --process chooses another",
	     request->format->name, most->info->header.pid, *most->info->exe ? most->info->exe : most->info->stem);
	stem = most->info->stem;
	for (size_t i = 0; i < count; i++)
		if (&inputs[i] == most->input) {
			inputs = &inputs[i];
			break;
		}
	narrowed = view_build(inputs, 1, &(struct view_options){.processes = &stem, .process_count = 1});
	view_free(view);
	return narrowed;
}

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
	if (view && request->format->single) {
		status = STATUS_INPUT;
		view = narrow(view, inputs, count, request);
	}
	if (view) {
		struct profile *profile = request->format->blocks
			? NULL : profile_build(view, request->domain, request->format->typed);

		status = write_output(request, view, profile);
		if (profile)
			profile_free(profile);
		view_free(view);
	}
	inputs_close(inputs, count);
	return status;
}

int export_command(const struct command *command, int argc, char **argv)
{
	struct arguments arguments = {.command = command, .argc = argc, .argv = argv, .at = 1};
	struct request request = {.domain = -1, .value = -1};
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
		else if (next == VALUE)
			request.value = read_value(command, arguments.value);
		else if (next == PROCESS)
			request.processes[request.process_count++] = arguments.value;
		else
			request.dirs[request.dir_count++] = arguments.value;
	}
	if (!request.format)
		usage_error(command, "which --format? There are %s", LIST(formats));
	if (request.format->folder && (!request.output || !strcmp(request.output, "-")))
		usage_error(command, "%s is a folder: where is it to be? --output DIR", request.format->name);
	if (!request.dir_count)
		usage_error(command, "which recording?");
	status = run(&request);
	free(request.dirs);
	free(request.processes);
	return status;
}
