/* tables.c: see tables.h. Reads a profile. */
#include "export/tables.h"

#include <stdlib.h>
#include <string.h>

#include "export/formats.h"
#include "heap/history.h"
#include "report/usage.h"
#include "trace/time.h"
#include "util.h"

#define KEY  "INTEGER PRIMARY KEY"
#define NUMBER "INTEGER"

struct writer {
	struct profile *profile;
	const struct table_sink *sink;
	struct profile_tree tree; /* of frames: its nodes are the stacks */
	uint32_t *stacks;         /* by site: its node; owned */
};

static struct cell number(uint64_t value)
{
	return (struct cell){.kind = CELL_NUMBER, .number = value};
}

/* 0 is no number. */
static struct cell number_or_null(uint64_t value)
{
	return value ? number(value) : (struct cell){0};
}

static struct cell real(double value)
{
	return (struct cell){.kind = CELL_REAL, .real = value};
}

static struct cell text(const struct writer *writer, uint32_t id)
{
	return (struct cell){.kind = CELL_TEXT, .text = profile_text(writer->profile, id)};
}

/* "" is no text. */
static struct cell text_or_null(const struct writer *writer, uint32_t id)
{
	return id ? text(writer, id) : (struct cell){0};
}

static struct cell raw(struct writer *writer, const char *any)
{
	return any ? text(writer, profile_text_of(writer->profile, any)) : (struct cell){0};
}

static struct cell time_of(const struct process_info *info, uint64_t tick)
{
	uint64_t time;

	return time_of_tick(info, tick, &time) ? number(time) : (struct cell){0};
}

#define BEGIN(writer, title, ...) \
	static const struct column columns[] = {__VA_ARGS__}; \
	static const struct table_shape shape = {title, columns, sizeof(columns) / sizeof(*columns)}; \
	\
	if (!(writer)->sink->table((writer)->sink->context, &shape)) \
		return false

#define ROW(writer, ...) \
	do { \
		if (!(writer)->sink->row((writer)->sink->context, (const struct cell[]){__VA_ARGS__})) \
			return false; \
	} while (0)

static bool write_recordings(struct writer *writer)
{
	const struct view *view = writer->profile->view;
	BEGIN(writer, "recordings", {"id", KEY}, {"dir", "TEXT"}, {"started_ns", NUMBER});

	for (size_t i = 0; i < view->input_count; i++) {
		const struct recording *recording = view->inputs[i].recording;

		ROW(writer, number(i + 1), raw(writer, recording->dir), number_or_null(recording->header.realtime_ns));
	}
	return true;
}

static bool write_processes(struct writer *writer)
{
	const struct view *view = writer->profile->view;
	BEGIN(writer, "processes", {"id", KEY}, {"recording", NUMBER " REFERENCES recordings"}, {"name", "TEXT"},
	      {"pid", NUMBER}, {"parent_pid", NUMBER}, {"exe", "TEXT"}, {"command", "TEXT"}, {"end", "TEXT"}, {"status", NUMBER},
	      {"allocs", NUMBER}, {"frees", NUMBER}, {"bytes_allocated", NUMBER}, {"temporary", NUMBER}, {"peak_bytes", NUMBER},
	      {"live_blocks", NUMBER}, {"live_bytes", NUMBER}, {"lost", NUMBER});

	for (size_t i = 0; i < view->process_count; i++) {
		const struct view_process *process = &view->processes[i];
		const struct process_info *info = process->info;
		const struct totals *sums = &info->totals;
		bool ended = process->end == END_EXIT || process->end == END_SIGNAL;
		char *command = command_line(info);
		struct cell line = raw(writer, command);

		free(command);
		ROW(writer, number(i + 1), number((uint64_t)(process->input - view->inputs) + 1), raw(writer, info->stem),
		    number_or_null(info->header.pid), number_or_null(info->header.parent_pid), raw(writer, info->exe), line,
		    raw(writer, info->logged ? NULL : end_name(process->end)),
		    ended && !info->logged ? number((uint64_t)process->status) : (struct cell){0}, number(sums->allocs),
		    number(sums->frees), number(sums->bytes_allocated), number(sums->temporary), number(sums->peak_bytes),
		    number(sums->live_blocks), number(sums->live_bytes), number(info->lost));
	}
	return true;
}

static bool write_threads(struct writer *writer)
{
	const struct view *view = writer->profile->view;
	BEGIN(writer, "threads", {"process", NUMBER " REFERENCES processes"}, {"stream", NUMBER}, {"tid", NUMBER},
	      {"name", "TEXT"});

	for (size_t i = 0; i < view->process_count; i++)
		for (size_t at = 0; at < view->processes[i].info->thread_count; at++) {
			const struct thread_info *thread = &view->processes[i].info->threads[at];

			ROW(writer, number(i + 1), number(thread->stream.index), number(thread->tid), raw(writer, thread->name));
		}
	return true;
}

static bool write_marks(struct writer *writer)
{
	const struct view *view = writer->profile->view;
	BEGIN(writer, "marks", {"process", NUMBER " REFERENCES processes"}, {"number", NUMBER}, {"label", "TEXT"},
	      {"time_ns", NUMBER});

	for (size_t i = 0; i < view->process_count; i++)
		for (size_t at = 0; at < view->processes[i].info->mark_count; at++) {
			const struct process_info *info = view->processes[i].info;

			ROW(writer, number(i + 1), number(at), raw(writer, info->marks[at].label), time_of(info, info->marks[at].tick));
		}
	return true;
}

static bool write_functions(struct writer *writer)
{
	static const char *const kinds[] = {"native", "js", "wasm", "builtin", "log", "unknown"};
	BEGIN(writer, "functions", {"id", KEY}, {"name", "TEXT"}, {"named", NUMBER}, {"kind", "TEXT"}, {"file", "TEXT"},
	      {"module", "TEXT"}, {"line", NUMBER});

	for (size_t i = 0; i < writer->profile->function_count; i++) {
		const struct profile_function *function = &writer->profile->functions[i];

		ROW(writer, number(i + 1), text(writer, function->name), number(function->named),
		    raw(writer, kinds[function->kind <= FRAME_UNKNOWN ? function->kind : FRAME_UNKNOWN]),
		    text_or_null(writer, function->file), text_or_null(writer, function->module), number_or_null(function->line));
	}
	return true;
}

static bool write_frames(struct writer *writer)
{
	BEGIN(writer, "frames", {"id", KEY}, {"function", NUMBER " REFERENCES functions"}, {"line", NUMBER}, {"column", NUMBER},
	      {"inlined", NUMBER});

	for (size_t i = 0; i < writer->profile->frame_count; i++) {
		const struct profile_frame *frame = &writer->profile->frames[i];

		ROW(writer, number(i + 1), number((uint64_t)frame->function + 1), number_or_null(frame->line),
		    number_or_null(frame->column), number(frame->inlined));
	}
	return true;
}

static bool write_stacks(struct writer *writer)
{
	BEGIN(writer, "stacks", {"id", KEY}, {"caller", NUMBER " REFERENCES stacks"}, {"frame", NUMBER " REFERENCES frames"});

	for (size_t i = 1; i < writer->tree.count; i++)
		ROW(writer, number(i), number_or_null(writer->tree.nodes[i].parent),
		    number((uint64_t)writer->tree.nodes[i].function + 1));
	return true;
}

static bool write_sites(struct writer *writer)
{
	static const char *const trends[] = {NULL, "steady", "once", "growing"};
	BEGIN(writer, "sites", {"id", KEY}, {"process", NUMBER " REFERENCES processes"}, {"domain", "TEXT"},
	      {"stack", NUMBER " REFERENCES stacks"}, {"function", NUMBER " REFERENCES functions"}, {"type", "TEXT"},
	      {"owner", "TEXT"}, {"type_evidence", "TEXT"}, {"allocs", NUMBER}, {"bytes_allocated", NUMBER},
	      {"temporary", NUMBER}, {"peak_bytes", NUMBER}, {"live_blocks", NUMBER}, {"live_bytes", NUMBER}, {"trend", "TEXT"},
	      {"bytes_per_mark", "REAL"}, {"blocks_per_mark", "REAL"}, {"confidence", "REAL"});

	for (size_t i = 0; i < writer->profile->site_count; i++) {
		const struct profile_site *site = &writer->profile->sites[i];
		const struct growth *growth;
		bool known;

		if (!site->site)
			continue;
		growth = &site->site->growth;
		known = growth->trend != TREND_UNKNOWN;
		ROW(writer, number(i + 1), number(site->process + 1), raw(writer, domain_name(site->domain)),
		    number_or_null(writer->stacks[i]),
		    site->blamed == PROFILE_NONE ? (struct cell){0} : number((uint64_t)site->blamed + 1),
		    text_or_null(writer, site->type), text_or_null(writer, site->owner), text_or_null(writer, site->evidence),
		    number(site->values[VALUE_ALLOCS]), number(site->values[VALUE_BYTES]), number(site->values[VALUE_TEMPORARY]),
		    number(site->values[VALUE_PEAK]), number(site->values[VALUE_LIVE_BLOCKS]),
		    number(site->values[VALUE_LIVE_BYTES]), raw(writer, trends[growth->trend]),
		    known ? real(growth->bytes_per_mark) : (struct cell){0},
		    known ? real(growth->blocks_per_mark) : (struct cell){0}, known ? real(growth->confidence) : (struct cell){0});
	}
	return true;
}

/* Of sites that grow: what was alive of them at each mark at which it was measured. */
static bool write_growth(struct writer *writer)
{
	BEGIN(writer, "growth", {"site", NUMBER " REFERENCES sites"}, {"mark", NUMBER}, {"time_ns", NUMBER},
	      {"live_blocks", NUMBER}, {"live_bytes", NUMBER});

	for (size_t i = 0; i < writer->profile->site_count; i++) {
		const struct profile_site *site = &writer->profile->sites[i];
		const struct process_info *info = writer->profile->view->processes[site->process].info;
		const uint32_t *numbers;
		struct history_sum sum;

		if (!site->site || site->site->growth.trend != TREND_GROWING || !info->history)
			continue;
		history_sum_begin(&sum, info);
		history_sum_add(&sum, site->site);
		numbers = history_numbers(info->history);
		for (size_t at = 0; at < sum.count; at++) {
			struct cell time = {0};

			for (size_t instant = 0; instant < info->instants.count; instant++)
				if (info->instants.numbers[instant] == numbers[at])
					time = time_of(info, info->instants.ticks[instant]);
			ROW(writer, number(i + 1), number(numbers[at]), time, number(sum.blocks[at]), number(sum.bytes[at]));
		}
	}
	return true;
}

struct type_row { uint64_t sites, values[PROFILE_VALUES]; };

static bool write_types(struct writer *writer)
{
	size_t count = writer->profile->text_count;
	struct type_row *rows = xcalloc(count, sizeof(*rows));
	bool good = true;
	static const struct column columns[] = {
		{"type", "TEXT"}, {"sites", NUMBER}, {"allocs", NUMBER}, {"bytes_allocated", NUMBER}, {"live_blocks", NUMBER},
		{"live_bytes", NUMBER},
	};
	static const struct table_shape shape = {"types", columns, sizeof(columns) / sizeof(*columns)};

	for (size_t i = 0; i < writer->profile->site_count; i++) {
		const struct profile_site *site = &writer->profile->sites[i];

		if (!site->site)
			continue;
		rows[site->type].sites++;
		for (size_t value = 0; value < PROFILE_VALUES; value++)
			rows[site->type].values[value] += site->values[value];
	}
	good = writer->sink->table(writer->sink->context, &shape);
	for (size_t i = 0; good && i < count; i++)
		if (rows[i].sites)
			good = writer->sink->row(writer->sink->context, (const struct cell[]){
				text_or_null(writer, (uint32_t)i), number(rows[i].sites), number(rows[i].values[VALUE_ALLOCS]),
				number(rows[i].values[VALUE_BYTES]), number(rows[i].values[VALUE_LIVE_BLOCKS]),
				number(rows[i].values[VALUE_LIVE_BYTES])});
	free(rows);
	return good;
}

/* CPU samples, by thread and stack. */
static bool write_cpu(struct writer *writer)
{
	const struct profile *profile = writer->profile;
	BEGIN(writer, "cpu", {"process", NUMBER " REFERENCES processes"}, {"stream", NUMBER}, {"tid", NUMBER},
	      {"stack", NUMBER " REFERENCES stacks"}, {"function", NUMBER " REFERENCES functions"}, {"samples", NUMBER},
	      {"cpu_ns", NUMBER}, {"instructions", NUMBER}, {"cycles", NUMBER}, {"cache_misses", NUMBER}, {"page_faults", NUMBER});

	for (size_t i = 0; i < profile->site_count; i++) {
		const struct profile_site *site = &profile->sites[i];
		const struct process_info *info = profile->view->processes[site->process].info;
		struct cell counts[TRACE_CPU_KINDS], stream = {0}, tid = {0}, function = {0};

		if (!site->cpu)
			continue;
		if (site->cpu->thread < info->thread_count) {
			stream = number(info->threads[site->cpu->thread].stream.index);
			tid = number(info->threads[site->cpu->thread].tid);
		}
		if (writer->stacks[i])
			function = number((uint64_t)profile->frames[writer->tree.nodes[writer->stacks[i]].function].function + 1);
		for (int kind = 0; kind < TRACE_CPU_KINDS; kind++)
			counts[kind] = cpu_counts(info->cpu, (enum trace_cpu)kind) ? number(site->values[VALUE_CPU + kind])
			                                                           : (struct cell){0};
		ROW(writer, number(site->process + 1), stream, tid, number_or_null(writer->stacks[i]), function,
		    number(site->values[VALUE_SAMPLES]), counts[TRACE_CPU_TIME], counts[TRACE_CPU_INSTRUCTIONS],
		    counts[TRACE_CPU_CYCLES], counts[TRACE_CPU_CACHE_MISSES], counts[TRACE_CPU_PAGE_FAULTS]);
	}
	return true;
}

static bool usage_row(struct writer *writer, size_t process, uint32_t child, const struct trace_usage *usage)
{
	return writer->sink->row(writer->sink->context, (const struct cell[]){
		number(process + 1), number_or_null(child), number(usage->user_us * 1000), number(usage->system_us * 1000),
		number(usage->peak_rss), number(usage->minor_faults), number(usage->major_faults), number(usage->voluntary),
		number(usage->involuntary)});
}

/* What processes took, and children of theirs that were not recorded. */
static bool write_usage(struct writer *writer)
{
	const struct view *view = writer->profile->view;
	BEGIN(writer, "usage", {"process", NUMBER " REFERENCES processes"}, {"child_pid", NUMBER}, {"user_ns", NUMBER},
	      {"system_ns", NUMBER}, {"peak_rss_bytes", NUMBER}, {"minor_faults", NUMBER}, {"major_faults", NUMBER},
	      {"voluntary_switches", NUMBER}, {"involuntary_switches", NUMBER});

	for (size_t i = 0; i < view->process_count; i++) {
		const struct process_info *info = view->processes[i].info;
		struct trace_usage own;

		if (usage_of(view, &view->processes[i], &own) && !usage_row(writer, i, 0, &own))
			return false;
		for (size_t child = 0; child < info->child_usage_count; child++) {
			struct trace_usage rest;

			if (usage_unrecorded(&view->processes[i], &info->child_usages[child], &rest) &&
			    !usage_row(writer, i, info->child_usages[child].record.pid, &rest))
				return false;
		}
	}
	return true;
}

bool tables_write(struct profile *profile, const struct table_sink *sink)
{
	struct writer writer = {.profile = profile, .sink = sink};
	bool good;

	writer.stacks = xcalloc(profile->site_count + 1, sizeof(*writer.stacks));
	writer.tree = profile_tree_of_frames(profile, writer.stacks);
	good = write_recordings(&writer) && write_processes(&writer) && write_threads(&writer) && write_marks(&writer) &&
	       write_functions(&writer) && write_frames(&writer) && write_stacks(&writer) && write_sites(&writer) &&
	       write_growth(&writer) && write_types(&writer) && write_cpu(&writer) && write_usage(&writer);
	profile_tree_free(&writer.tree);
	free(writer.stacks);
	return good;
}
