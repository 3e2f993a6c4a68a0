/* export.c: probe export DIR --format F: what was recorded, in a format that others read. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/output_file.h"
#include "export/allocation_log.h"
#include "export/formats.h"
#include "report/hot.h"
#include "report/view.h"
#include "trace/recording.h"
#include "trace/recording.h"
#include "util.h"

enum { FORMAT, OUTPUT, DOMAIN_OPTION, BY, THREAD, DIFF, PROCESS };

#define BUFFER (1u << 20)        /* bytes written at once */

#define BOTH   (PROFILE_MEMORY | PROFILE_CPU)

static const struct format {     /* one of the functions is there */
	const char *name;
	bool (*blocks)(FILE *file, const struct view *view, int domain); /* false: a message was printed; the others, too */
	bool (*profile)(FILE *file, struct profile *profile, const struct export_options *options);
	bool (*folder)(const char *folder, struct profile *profile);
	bool typed;               /* it shows types */
	bool single;              /* it has room for one process */
	int  shows;               /* PROFILE_MEMORY and PROFILE_CPU, */
	bool together;            /* both at once, if both are there; else it is one, by the value */
	bool times;               /* it shows each CPU sample */
} formats[] = {
	{"folded", .profile = folded_export, .shows = BOTH},
	{"svg", .profile = svg_export, .shows = BOTH, .together = true},
	{"pprof", .profile = pprof_export, .typed = true, .shows = BOTH},
	{"speedscope", .profile = speedscope_export, .shows = BOTH, .together = true},
	{"firefox", .profile = firefox_export, .shows = BOTH, .together = true, .times = true},
	{"heapprofile", .profile = heapprofile_export, .single = true, .shows = PROFILE_MEMORY},
	{"cpuprofile", .profile = cpuprofile_export, .single = true, .shows = PROFILE_CPU, .times = true},
	{"massif", .profile = massif_export, .single = true, .shows = PROFILE_MEMORY},
	{"dhat", .profile = dhat_export, .single = true, .shows = PROFILE_MEMORY},
	{"sqlite", .profile = sqlite_export, .typed = true, .shows = BOTH, .together = true},
	{"csv", .folder = csv_export, .typed = true, .shows = BOTH, .together = true},
	{"allocation-log", .blocks = allocation_log_export, .shows = PROFILE_MEMORY},
};

static const char *const value_names[PROFILE_VALUES] = {
	[VALUE_ALLOCS] = "allocs", [VALUE_BYTES] = "bytes", [VALUE_LIVE_BLOCKS] = "live-blocks",
	[VALUE_LIVE_BYTES] = "live-bytes", [VALUE_PEAK] = "peak", [VALUE_TEMPORARY] = "temporary", [VALUE_CPU] = "cpu",
	[VALUE_INSTRUCTIONS] = "instructions", [VALUE_CYCLES] = "cycles", [VALUE_CACHE_MISSES] = "cache-misses",
	[VALUE_PAGE_FAULTS] = "page-faults", [VALUE_SAMPLES] = "samples",
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
	const char **dirs, **processes, **threads; size_t dir_count, process_count, thread_count; /* arrays owned */
	const char *diff;         /* NULL: not given */
	const struct format *format;
	const char *output;
	int      domain;          /* < 0: each process's own */
	int      value;           /* < 0: not given */
};

/* Is it about CPU samples alone? */
static bool is_cpu(const struct request *request)
{
	return request->format->shows == PROFILE_CPU || (request->value >= 0 && value_is_cpu((enum profile_value)request->value));
}

static int kinds_of(const struct request *request)
{
	if (request->format->together || request->format->shows == PROFILE_CPU)
		return request->format->shows;
	return is_cpu(request) ? PROFILE_CPU : PROFILE_MEMORY;
}

/* What does not go together. */
static void check(const struct command *command, const struct request *request)
{
	const struct format *format = request->format;
	bool sampled = is_cpu(request);

	if (sampled && !(format->shows & PROFILE_CPU))
		usage_error(command, "%s has no room for CPU samples; %s have", format->name,
		            "folded, svg, pprof, speedscope, firefox, cpuprofile, sqlite and csv");
	if (format->shows == PROFILE_CPU && request->value >= 0 && !value_is_cpu((enum profile_value)request->value))
		usage_error(command, "%s is for CPU samples, not for memory", format->name);
	if (sampled && request->domain >= 0)
		usage_error(command, "--domain is of memory, not of CPU samples");
	if (request->thread_count && !sampled)
		usage_error(command, "--thread is for CPU samples: --by cpu, or cpuprofile");
	if (request->diff && format->profile != svg_export)
		usage_error(command, "--diff is for svg");
}

static bool write_format(FILE *file, const struct request *request, const struct view *view, struct profile *profile,
                         size_t earlier)
{
	struct export_options options = {.value = (enum profile_value)request->value, .domain = request->domain};

	if (request->format->blocks)
		return request->format->blocks(file, view, request->domain);
	options.earlier = earlier;
	options.thread_chosen = request->thread_count > 0;
	/* What is alive is asked for first; where nothing is, what there was. */
	if (request->value < 0)
		options.value = request->format->shows == PROFILE_CPU ? VALUE_CPU : profile->totals[VALUE_LIVE_BYTES]
			? VALUE_LIVE_BYTES : profile->totals[VALUE_BYTES] || !profile->totals[VALUE_CPU] ? VALUE_BYTES : VALUE_CPU;
	return request->format->profile(file, profile, &options);
}

static int write_output(const struct request *request, const struct view *view, struct profile *profile, size_t earlier)
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
		good = write_format(stdout, request, view, profile, earlier);
		status = output_end();
		return status == STATUS_DONE && !good ? STATUS_INPUT : status;
	}
	if (!output_file_open(&output, request->output))
		return STATUS_INPUT;
	good = write_format(output.file, request, view, profile, earlier);
	return output_file_close(&output, good) ? STATUS_DONE : STATUS_INPUT;
}

/* Of the format's room for one process. */
static uint64_t weight_of(const struct process_info *info, const struct request *request)
{
	int domain = request->domain;
	enum domain wanted = domain >= 0 ? (enum domain)domain : info->logged ? DOMAIN_LOG : DOMAIN_HEAP;
	uint64_t bytes = 0;

	if (is_cpu(request))
		return info->cpu ? info->cpu->amounts[TRACE_CPU_TIME] : 0;
	for (size_t i = 0; i < info->site_count; i++)
		bytes += info->sites[i].domain == wanted ? info->sites[i].bytes_allocated : 0;
	return bytes;
}

/* A view of the one process that allocated or took most, where a format has no room for more. NULL: there is none. */
static struct view *narrow(struct view *view, const struct view_input *inputs, size_t count, const struct request *request)
{
	const struct view_process *most = NULL;
	struct view *narrowed;
	const char *stem;

	for (size_t i = 0; i < view->process_count; i++)
		if (!most || weight_of(view->processes[i].info, request) > weight_of(most->info, request))
			most = &view->processes[i];
	if (!most) {
		warn("%s: there is no process in it", request->dirs[0]);
		view_free(view);
		return NULL;
	}
	if (view->process_count == 1)
		return view;
	warn("%s has room for one process: this is pid %" PRIu32 ", %s, which %s most; --process chooses another",
	     request->format->name, most->info->header.pid, *most->info->exe ? most->info->exe : most->info->stem,
	     is_cpu(request) ? "took" : "allocated");
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

/* Is the peak asked for, of processes that may have one together? Then blocks are counted one by one: in `churn`. */
static bool wants_peak(const struct request *request, struct recording_churn *churn)
{
	*churn = (struct recording_churn){.domain = request->domain < 0 ? DOMAIN_HEAP : (enum domain)request->domain};
	return request->value == VALUE_PEAK && !request->format->single && !request->format->blocks && !request->diff &&
	       hot_has_blocks(churn->domain);
}

/* Recordings to compare with stand behind the others. */
static struct view_input *open_inputs(const struct request *request, size_t *count, size_t *earlier)
{
	struct recording_cpu cpu = {
		.threads = request->threads, .thread_count = request->thread_count, .keep = request->format->times,
	};
	struct view_input *inputs, *olds;
	struct recording_churn churn;

	if (wants_peak(request, &churn))
		inputs = inputs_open_churn(request->dirs, request->dir_count, &churn, count);
	else
		inputs = inputs_open_cpu(request->dirs, request->dir_count, &cpu, count);
	*earlier = 0;
	if (!inputs || !request->diff)
		return inputs;
	olds = inputs_open_cpu(&request->diff, 1, &cpu, earlier);
	if (!olds) {
		inputs_close(inputs, *count);
		return NULL;
	}
	inputs = xreallocarray(inputs, *count + *earlier, sizeof(*inputs));
	memcpy(inputs + *count, olds, *earlier * sizeof(*inputs));
	*count += *earlier;
	free(olds);
	return inputs;
}

/* Has one of them? If not, a message says how to come by them. */
static bool have_samples(const struct view_input *inputs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t p = 0; p < inputs[i].recording->process_count; p++)
			if (inputs[i].recording->processes[p].cpu && inputs[i].recording->processes[p].cpu->taken)
				return true;
	for (size_t i = 0; i < count; i++)
		warn("%s: it has no CPU samples: they are taken where PROBE_CPU=199 or another rate is in the environment",
		     inputs[i].recording->dir);
	return false;
}

static int run(const struct request *request)
{
	size_t count, earlier;
	struct view_input *inputs = open_inputs(request, &count, &earlier);
	struct recording_churn churn;
	struct view *view;
	int status = STATUS_USAGE;

	if (!inputs)
		return STATUS_INPUT;
	if (is_cpu(request) && !have_samples(inputs, count)) {
		inputs_close(inputs, count);
		return STATUS_INPUT;
	}
	view = view_build(inputs, count, &(struct view_options){
		.processes = request->processes, .process_count = request->process_count,
	});
	if (view && request->format->single) {
		status = STATUS_INPUT;
		view = narrow(view, inputs, count, request);
	}
	if (view && wants_peak(request, &churn))
		moment_take(view, &churn);
	if (view) {
		struct profile *profile = request->format->blocks
			? NULL : profile_build(view, request->domain, request->format->typed,
			                       kinds_of(request) | (request->diff ? PROFILE_BASE_NAMES : 0));

		status = write_output(request, view, profile, earlier);
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
	request.threads = xcalloc((size_t)argc, sizeof(*request.threads));
	while ((next = argument_next(&arguments)) != ARGUMENT_END) {
		if (next == FORMAT)
			request.format = read_format(command, arguments.value);
		else if (next == OUTPUT)
			request.output = arguments.value;
		else if (next == DOMAIN_OPTION)
			request.domain = argument_domain(command, arguments.value);
		else if (next == BY)
			request.value = read_value(command, arguments.value);
		else if (next == THREAD)
			request.threads[request.thread_count++] = arguments.value;
		else if (next == DIFF)
			request.diff = arguments.value;
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
	check(command, &request);
	status = run(&request);
	free(request.dirs);
	free(request.processes);
	free(request.threads);
	return status;
}
