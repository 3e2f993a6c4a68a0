/* view.c: chooses processes and adds up; see view.h. Reads the model, prints nothing but warnings. */
#include "names/types.h"
#include "report/view.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "report/suppress.h"
#include "report/verdicts.h"
#include "util.h"

const char *domain_name(enum domain domain)
{
	static const char *const names[] = {"heap", "map", "wasm-memory", "wasm-heap", "log", "pool"};

	return names[domain];
}

const char *end_name(enum process_end end)
{
	static const char *const names[] = {"exit", "exec", "signal", "killed", "running"};

	return names[end];
}

/* ---- processes ----------------------------------------------------------------------------------------------- */

static bool is_last_part(const char *path, const char *wanted)
{
	const char *slash = strrchr(path, '/');

	return !strcmp(wanted, slash && slash[1] ? slash + 1 : path);
}

/* The script that a runtime was started with, NULL unknown. */
static const char *script_of(const struct process_info *info)
{
	size_t i = 1;

	if (!info->runtime_count || !info->argv || !info->argv[0])
		return NULL;
	while (info->argv[i] && info->argv[i][0] == '-')
		i++;
	return info->argv[i];
}

/*
 * Is `wanted` the id of the process, its pid, the path of its executable or that path's last part? Or the name that
 * the table of processes shows: a script's interpreter or a multi-call program goes by another than its executable.
 * Or the file of the script that node runs.
 */
static bool is_called(const struct process_info *info, const char *wanted)
{
	const char *script = script_of(info);
	char *rest;
	unsigned long pid = strtoul(wanted, &rest, 10);

	if (*wanted >= '0' && *wanted <= '9' && !*rest)
		return pid == info->header.pid;
	return !strcmp(wanted, info->stem) || !strcmp(wanted, info->exe) || is_last_part(info->exe, wanted) ||
	       (info->argv && info->argv[0] && is_last_part(info->argv[0], wanted)) ||
	       (script && is_last_part(script, wanted));
}

static bool is_chosen(const struct process_info *info, const struct view_options *options, bool *used)
{
	bool chosen = !options->process_count;

	for (size_t i = 0; i < options->process_count; i++)
		if (is_called(info, options->processes[i]))
			chosen = used[i] = true;
	return chosen;
}

/* The same process, another image: images follow each other by exec. */
static bool same_process(const struct process_info *a, const struct process_info *b)
{
	return a->header.pid == b->header.pid && a->header.start_ticks == b->header.start_ticks &&
	       a->header.pid_namespace == b->header.pid_namespace &&
	       !memcmp(a->header.boot_id, b->header.boot_id, sizeof(a->header.boot_id));
}

/* Was there a runtime in it, or in those that it was forked from? */
static bool has_runtime(const struct recording *recording, const struct process_info *info)
{
	for (size_t steps = 0; steps < recording->process_count; steps++) {
		if (info->runtime_count || info->place_count)
			return true;
		if (!info->forked || info->parent.index >= recording->process_count)
			break;
		info = &recording->processes[info->parent.index];
	}
	return false;
}

static void add_process(struct view *view, const struct view_input *input, uint32_t index)
{
	struct view_process *process = &view->processes[view->process_count++];
	const struct process_info *info = &input->recording->processes[index];

	*process = (struct view_process){
		.input = input, .info = info, .id = {index}, .parent = NO_PROCESS, .previous = NO_PROCESS,
		.end = info->end, .status = info->status, .has_runtime = has_runtime(input->recording, info),
	};
	for (size_t i = 0; i < info->thread_count; i++)
		process->threads += info->threads[i].lane == 0;
}

static bool choose_processes(struct view *view, const struct view_options *options)
{
	bool *used = xcalloc(options->process_count, sizeof(*used));
	bool good = true;

	for (size_t i = 0; i < view->input_count; i++)
		view->process_total += view->inputs[i].recording->process_count;
	view->processes = xcalloc(view->process_total, sizeof(*view->processes));
	for (size_t i = 0; i < view->input_count; i++) {
		const struct recording *recording = view->inputs[i].recording;

		for (size_t p = 0; p < recording->process_count; p++)
			if (is_chosen(&recording->processes[p], options, used))
				add_process(view, &view->inputs[i], (uint32_t)p);
	}
	for (size_t i = 0; i < options->process_count; i++) {
		if (!used[i])
			warn("no process is called '%s': give an id, a pid or an executable", options->processes[i]);
		good = good && used[i];
	}
	free(used);
	return good;
}

/* Where the chosen process `id` of this recording stands, or NO_PROCESS. Ids grow within a recording. */
static size_t find_process(const struct view *view, const struct view_input *input, struct process_id id)
{
	size_t low = 0, high = view->process_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct view_process *process = &view->processes[middle];

		if (process->input == input && process->id.index == id.index)
			return middle;
		if (process->input < input || (process->input == input && process->id.index < id.index))
			low = middle + 1;
		else
			high = middle;
	}
	return NO_PROCESS;
}

/* A recording's processes stand together, by start time, then image. */
static void link_processes(struct view *view)
{
	for (size_t i = 0; i < view->process_count; i++) {
		struct view_process *process = &view->processes[i];

		for (size_t j = i; j-- > 0;) {
			const struct view_process *other = &view->processes[j];

			if (other->input != process->input ||
			    other->info->header.start_ticks != process->info->header.start_ticks)
				break;
			if (same_process(process->info, other->info) &&
			    other->info->header.image + 1 == process->info->header.image)
				process->previous = j;
		}
		process->parent = find_process(view, process->input, process->info->parent);
		if (process->parent == i || process->parent == process->previous)
			process->parent = NO_PROCESS;
	}
}

/* What `probe run` saw of its child, where the recording could not know better. */
static void apply_wait(struct view *view, const struct view_options *options)
{
	for (size_t i = view->process_count; options->waited && i-- > 0;) {
		struct view_process *process = &view->processes[i];

		if (process->info->header.pid != options->waited_pid || process->end == END_EXEC)
			continue;
		if (process->end != END_EXIT && WIFSIGNALED(options->wait_status)) {
			process->end = END_SIGNAL;
			process->status = WTERMSIG(options->wait_status);
		} else if (process->end != END_EXIT && WIFEXITED(options->wait_status)) {
			process->end = END_EXIT;
			process->status = WEXITSTATUS(options->wait_status);
		}
		return;
	}
}

/* ---- sums ---------------------------------------------------------------------------------------------------- */

static void add_totals(struct view *view)
{
	struct totals *sum = &view->totals;

	view->peak_process = NO_PROCESS;
	for (size_t i = 0; i < view->process_count; i++) {
		const struct process_info *info = view->processes[i].info;
		const struct totals *one = &info->totals;

		sum->allocs += one->allocs;
		sum->frees += one->frees;
		sum->bytes_allocated += one->bytes_allocated;
		sum->live_blocks += one->live_blocks;
		sum->live_bytes += one->live_bytes;
		sum->temporary += one->temporary;
		sum->teardown_allocs += one->teardown_allocs;
		sum->teardown_frees += one->teardown_frees;
		sum->inherited_frees += one->inherited_frees;
		sum->unmatched_frees += one->unmatched_frees;
		sum->repaired += one->repaired;
		if (one->peak_bytes > sum->peak_bytes) {
			sum->peak_bytes = one->peak_bytes;
			view->peak_process = i;
		}
		view->events += info->events;
		view->lost += info->lost;
		view->recovered += info->recovered;
	}
}

/* Which processes the damage concerns is not told apart: it makes all numbers doubtful. */
static void add_findings(struct view *view)
{
	for (size_t i = 0; i < view->input_count; i++)
		for (size_t f = 0; f < view->inputs[i].recording->finding_count; f++) {
			const struct finding *finding = &view->inputs[i].recording->findings[f];

			if (!strcmp(finding->kind, "damage"))
				view->damaged += finding->count;
			else if (!strcmp(finding->kind, "not-recorded"))
				view->not_recorded += finding->count;
		}
}

/* ---- a view --------------------------------------------------------------------------------------------------- */

struct view *view_build(const struct view_input *inputs, size_t input_count, const struct view_options *options)
{
	struct view *view = xcalloc(1, sizeof(*view));

	view->inputs = inputs;
	view->suppressions = options->suppressions;
	view->since = options->since;
	view->input_count = input_count;
	view->worst_process = NO_PROCESS;
	if (!choose_processes(view, options)) {
		view_free(view);
		return NULL;
	}
	link_processes(view);
	apply_wait(view, options);
	if (view->suppressions)
		suppressions_add_targets(view->suppressions, view);
	if (view->suppressions && options->shipped)
		suppressions_add_shipped(view->suppressions);
	add_totals(view);
	add_findings(view);
	view_collect(view, options->join);
	verdicts_make(view);
	return view;
}

void view_free(struct view *view)
{
	for (size_t i = 0; i < view->process_count; i++) {
		free(view->processes[i].places);
		free(view->processes[i].hashes);
		free(view->processes[i].suppressed);
		free(view->processes[i].shipped);
		free(view->processes[i].verdict.reason);
		types_close(view->processes[i].types);
		free(view->processes[i].class_least);
	}
	free(view->processes);
	free(view->sites);
	free(view->garbage);
	free(view->held);
	free(view->pending);
	free(view);
}
