/* hot.c: probe hot DIR… */
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "report/hot.h"
#include "report/logs.h"
#include "report/text.h"
#include "trace/recording.h"
#include "util.h"

enum { BY, FROM, TO, MATCH, THREAD, DOMAIN_OPTION, FOLD, ALL_FRAMES, TOP, JSON, PROCESS };

#define FOLD_DEFAULT 0.02
#define FOLD_JSON    0.0005

struct request {
	const char **dirs, **processes, **matches, **threads; size_t dir_count, process_count; /* arrays owned */
	struct hot_options options;
	int      domain;          /* < 0: not given */
	size_t   top;             /* 0: not given */
	bool     json;
};

static enum hot_by read_by(const struct command *command, const char *value)
{
	for (enum hot_by by = 0; by < HOT_BYS; by++)
		if (!strcmp(value, hot_by_name(by)))
			return by;
	usage_error(command, "--by wants allocs, bytes, temporary, peak, lifetime, cpu, instructions, cycles, cache-misses or "
	                     "page-faults, not '%s'", value);
}

/* "2", "0.5", with or without "%": of a hundred. */
static double read_fold(const struct command *command, const char *value)
{
	char *rest;
	double share = *value >= '0' && *value <= '9' ? strtod(value, &rest) : -1;

	if (share < 0 || (*rest && strcmp(rest, "%")) || share > 100)
		usage_error(command, "--fold wants a share from 0 to 100 %%, not '%s'", value);
	return share / 100;
}

/* Some questions are answered only where births and deaths are put together. */
static void check_domain(const struct command *command, const struct hot_options *options, enum domain domain)
{
	if (hot_is_cpu(options->by))
		return;
	if ((hot_needs_churn(options) || options->by == HOT_TEMPORARY) && !hot_has_blocks(domain))
		usage_error(command, "--by temporary, peak and lifetime, --from, --to and --thread are for the domains heap, "
		                     "wasm-heap and pool, not %s", domain_name(domain));
}

static int print(const struct request *request, const struct view *view)
{
	struct hot_options options = request->options;
	struct page page = page_open(stdout);

	output_begin();
	/* The text cuts; so does JSON, but only what is very thin: of a node program most sites are, by far. */
	if (options.fold < 0)
		options.fold = !request->json ? FOLD_DEFAULT : hot_is_cpu(options.by) ? 0 : FOLD_JSON;
	/* Text shows no rows. */
	options.join = !request->json || view->input_count > 1;
	options.top = request->top ? request->top : request->json ? SIZE_MAX : TOP_DEFAULT;
	if (request->json)
		hot_json(stdout, view, &options);
	else
		hot_text(&page, view, &options);
	return output_end();
}

/* Is each of the threads in one of the processes? */
static bool have_threads(const struct request *request, const struct view *view)
{
	bool good = true;

	for (size_t wanted = 0; wanted < request->options.thread_count; wanted++) {
		bool found = false;

		for (size_t i = 0; i < view->process_count; i++)
			for (size_t t = 0; t < view->processes[i].info->thread_count; t++)
				found |= churn_is_called(&view->processes[i].info->threads[t], request->threads[wanted]);
		if (!found)
			warn("no thread is called '%s': give its id or its name", request->threads[wanted]);
		good &= found;
	}
	return good;
}

/* Has a recording what was asked for? If not, a message says how to come by it. */
static bool has_samples(const struct recording *recording, enum hot_by by)
{
	bool sampled = false;

	for (size_t i = 0; i < recording->process_count; i++) {
		const struct cpu *cpu = recording->processes[i].cpu;

		sampled |= cpu && (cpu->taken || cpu->sampling.period_ns);
		if (cpu && (cpu->taken || cpu->sampling.period_ns) && cpu_counts(cpu, hot_cpu_kind(by)))
			return true;
	}
	if (sampled)
		warn("%s: %s were not counted: the kernel did not allow it", recording->dir, hot_by_name(by));
	else
		warn("%s: it has no CPU samples: they are taken where PROBE_CPU=199 or another rate is in the environment",
		     recording->dir);
	return false;
}

/* Has any of them? */
static bool have_samples(const struct view_input *inputs, size_t count, enum hot_by by)
{
	bool good = false;

	for (size_t i = 0; i < count; i++)
		good |= has_samples(inputs[i].recording, by);
	return good;
}

static struct view_input *open_inputs(const struct request *request, const struct recording_churn *churn, size_t *count)
{
	struct recording_cpu cpu = {
		.from = churn->from, .to = churn->to, .threads = churn->threads, .thread_count = churn->thread_count,
	};

	if (hot_is_cpu(request->options.by))
		return inputs_open_cpu(request->dirs, request->dir_count, &cpu, count);
	if (hot_needs_churn(&request->options))
		return inputs_open_churn(request->dirs, request->dir_count, churn, count);
	return inputs_open(request->dirs, request->dir_count, NULL, count);
}

static int run(const struct command *command, struct request *request)
{
	struct recording_churn churn = {
		.domain = request->domain < 0 ? DOMAIN_HEAP : (enum domain)request->domain, .from = request->options.from,
		.to = request->options.to, .threads = request->options.threads, .thread_count = request->options.thread_count,
	};
	struct view_input *inputs;
	struct view *view = NULL;
	int status = STATUS_USAGE;
	size_t count;

	request->options.domain = churn.domain;
	check_domain(command, &request->options, churn.domain);
	inputs = open_inputs(request, &churn, &count);
	if (!inputs)
		return STATUS_INPUT;
	if (inputs_have_instants(inputs, count))
		view = view_build(inputs, count, &(struct view_options){
			.processes = request->processes, .process_count = request->process_count,
		});
	if (view) {
		if (request->domain < 0)
			request->options.domain = view_domain(view);
		check_domain(command, &request->options, request->options.domain);
		if (hot_is_cpu(request->options.by) && !have_samples(inputs, count, request->options.by)) {
			status = STATUS_INPUT;
		} else if (have_threads(request, view)) {
			if (request->options.by == HOT_PEAK)
				request->options.moment = moment_take(view, &churn);
			status = print(request, view);
		}
		view_free(view);
	}
	inputs_close(inputs, count);
	return status;
}

int hot_command(const struct command *command, int argc, char **argv)
{
	struct arguments arguments = {.command = command, .argc = argc, .argv = argv, .at = 1};
	struct request request = {.domain = -1, .options.fold = -1};
	int next, status;

	request.dirs = xcalloc((size_t)argc, sizeof(*request.dirs));
	request.processes = xcalloc((size_t)argc, sizeof(*request.processes));
	request.matches = xcalloc((size_t)argc, sizeof(*request.matches));
	request.threads = xcalloc((size_t)argc, sizeof(*request.threads));
	while ((next = argument_next(&arguments)) != ARGUMENT_END) {
		switch (next) {
		case BY:
			request.options.by = read_by(command, arguments.value);
			break;
		case FROM:
			request.options.from = arguments.value;
			break;
		case TO:
			request.options.to = arguments.value;
			break;
		case MATCH:
			request.matches[request.options.match_count++] = arguments.value;
			break;
		case THREAD:
			request.threads[request.options.thread_count++] = arguments.value;
			break;
		case DOMAIN_OPTION:
			request.domain = argument_domain(command, arguments.value);
			break;
		case FOLD:
			request.options.fold = read_fold(command, arguments.value);
			break;
		case ALL_FRAMES:
			request.options.all_frames = true;
			break;
		case TOP:
			request.top = argument_number(command, "top", arguments.value, 1000000000);
			break;
		case JSON:
			request.json = true;
			break;
		case PROCESS:
			request.processes[request.process_count++] = arguments.value;
			break;
		default:
			request.dirs[request.dir_count++] = arguments.value;
		}
	}
	if (hot_is_cpu(request.options.by) && request.domain >= 0)
		usage_error(command, "--domain is of memory, not of CPU samples");
	if (!request.dir_count)
		usage_error(command, "which recording?");
	request.options.matches = request.matches;
	request.options.threads = request.threads;
	status = run(command, &request);
	free(request.dirs);
	free(request.processes);
	free(request.matches);
	free(request.threads);
	return status;
}
