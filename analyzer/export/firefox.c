/*
 * firefox.c: a processed profile of the Firefox Profiler, in a version that it has long been able to bring up to date. A process
 * is a thread there, with rows of native allocations: of each site what was freed, once positive and once negative, and what was
 * not, so that all of its views of memory are exact. Marks and sites that grow are markers; what was alive at each mark is a
 * track. CPU samples are those of threads: of a process's first thread they stand beside the allocations, other threads have
 * entries of their own behind all processes.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/firefox.h"
#include "export/formats.h"
#include "export/put.h"
#include "heap/history.h"
#include "trace/array.h"
#include "trace/time.h"
#include "util.h"

#define VERSION 48               /* of the format: the tables of a thread are its own */

static const char head_end[] =
	"\"categories\":[{\"name\":\"Other\",\"color\":\"grey\",\"subcategories\":[\"Other\"]},"
	"{\"name\":\"Native\",\"color\":\"blue\",\"subcategories\":[\"Other\"]},"
	"{\"name\":\"JavaScript\",\"color\":\"yellow\",\"subcategories\":[\"Other\"]},"
	"{\"name\":\"WebAssembly\",\"color\":\"purple\",\"subcategories\":[\"Other\"]},"
	"{\"name\":\"Builtin\",\"color\":\"green\",\"subcategories\":[\"Other\"]}],"
	"\"markerSchema\":[{\"name\":\"Mark\",\"tooltipLabel\":\"{marker.data.label}\",\"tableLabel\":\"{marker.data.label}\","
	"\"chartLabel\":\"{marker.data.label}\",\"display\":[\"marker-chart\",\"marker-table\",\"timeline-overview\"],"
	"\"data\":[{\"key\":\"label\",\"label\":\"Label\",\"format\":\"string\",\"searchable\":true}]},"
	"{\"name\":\"Growth\",\"tooltipLabel\":\"{marker.data.label} grows\",\"tableLabel\":\"{marker.data.label}\","
	"\"chartLabel\":\"{marker.data.label}\",\"display\":[\"marker-chart\",\"marker-table\"],"
	"\"data\":[{\"key\":\"label\",\"label\":\"Function\",\"format\":\"string\",\"searchable\":true},"
	"{\"key\":\"bytes\",\"label\":\"Bytes per mark\",\"format\":\"bytes\"}]}]}";

/* Milliseconds since the begin; 0 where it is not known. */
static double time_of(const struct firefox *writer, const struct process_info *info, uint64_t tick)
{
	uint64_t time;

	return time_of_tick(info, tick, &time) && time > writer->begin ? (double)(time - writer->begin) / 1e6 : 0;
}

static double last_time(const struct firefox *writer, const struct process_info *info)
{
	uint64_t tick = info->header.ending_tick ? info->header.ending_tick : info->header.end_tick;
	double last = tick ? time_of(writer, info, tick) : 0;

	for (size_t i = 0; i < info->mark_count; i++) {
		double mark = time_of(writer, info, info->marks[i].tick);

		last = mark > last ? mark : last;
	}
	return last;
}

/* ---- rows ------------------------------------------------------------------------------------------------------ */

struct row { int64_t bytes; uint32_t stack; bool last; size_t block; }; /* stack PROFILE_NONE: none; last: at the end */

/* What one site was given: an address stands for all of it that was freed, and another for what was not. */
static void add_row(struct row **rows, size_t *count, struct row row)
{
	if (!row.bytes)
		return;
	array_room(*rows, *count);
	(*rows)[(*count)++] = row;
}

static void put_allocations(struct firefox *writer, size_t process, uint32_t tid, double end)
{
	struct row *rows = NULL;
	size_t count = 0;

	for (int last = 0; last < 2; last++)
		for (size_t i = writer->first_sites[process]; i < writer->first_sites[process + 1]; i++) {
			const struct profile_site *site = &writer->profile->sites[i];
			uint64_t live = site->values[VALUE_LIVE_BYTES], all = site->values[VALUE_BYTES];
			uint32_t stack;

			if (!site->site)
				continue;
			stack = firefox_use_stack(writer, writer->stacks[i]);
			/* What lived before the mark that was asked for is no row. */
			if (!last)
				add_row(&rows, &count, (struct row){(int64_t)live, stack, false, 2 * i + 1});
			add_row(&rows, &count, (struct row){(int64_t)(all > live ? all - live : 0) * (last ? -1 : 1), stack, last, 2 * i + 2});
		}
	fprintf(writer->file, ",\n\"nativeAllocations\":{\"weightType\":\"bytes\",\"length\":%zu", count);
	COLUMN(writer, "time", count, fprintf(writer->file, "%.6g", rows[i].last ? end : 0.0));
	COLUMN(writer, "weight", count, firefox_put_signed(writer->file, rows[i].bytes));
	COLUMN(writer, "stack", count, {
		if (rows[i].stack == PROFILE_NONE)
			fputs_unlocked("null", writer->file);
		else
			put_number(writer->file, rows[i].stack);
	});
	COLUMN(writer, "memoryAddress", count, put_number(writer->file, rows[i].block * 16));
	COLUMN(writer, "threadId", count, put_number(writer->file, tid));
	putc_unlocked('}', writer->file);
	free(rows);
}

static void put_mark(struct firefox *writer, const struct mark *mark)
{
	fputs_unlocked("{\"type\":\"Mark\",\"label\":", writer->file);
	put_json(writer->file, profile_text(writer->profile, profile_text_of(writer->profile, mark->label)));
	putc_unlocked('}', writer->file);
}

static void put_growth(struct firefox *writer, const struct profile_site *site)
{
	fputs_unlocked("{\"type\":\"Growth\",\"label\":", writer->file);
	put_json(writer->file, site->blamed == PROFILE_NONE
	                               ? "" : profile_text(writer->profile, writer->profile->functions[site->blamed].name));
	fprintf(writer->file, ",\"bytes\":%.17g}", site->site->growth.bytes_per_mark);
}

static void put_markers(struct firefox *writer, size_t process, double end)
{
	const struct process_info *info = writer->profile->view->processes[process].info;
	size_t marks = info->mark_count, count = marks, *growing = NULL;

	for (size_t i = writer->first_sites[process]; i < writer->first_sites[process + 1]; i++)
		if (writer->profile->sites[i].site && writer->profile->sites[i].site->growth.trend == TREND_GROWING) {
			array_room(growing, count - marks);
			growing[count++ - marks] = i;
		}
	fprintf(writer->file, ",\n\"markers\":{\"length\":%zu", count);
	COLUMN(writer, "name", count, put_number(writer->file, firefox_string(writer, i < marks ? "mark" : "growth")));
	COLUMN(writer, "startTime", count, fprintf(writer->file, "%.9g", i < marks ? time_of(writer, info, info->marks[i].tick) : 0.0));
	COLUMN(writer, "endTime", count, {
		if (i < marks)
			fputs_unlocked("null", writer->file);
		else
			fprintf(writer->file, "%.9g", end);
	});
	COLUMN(writer, "phase", count, putc_unlocked(i < marks ? '0' : '1', writer->file));
	COLUMN(writer, "category", count, putc_unlocked('0', writer->file));
	COLUMN(writer, "data", count, {
		if (i < marks)
			put_mark(writer, &info->marks[i]);
		else
			put_growth(writer, &writer->profile->sites[growing[i - marks]]);
	});
	putc_unlocked('}', writer->file);
	free(growing);
}

/* ---- CPU samples ------------------------------------------------------------------------------------------------- */

struct sampled { double time, weight; uint64_t cpu_ns; uint32_t stack; };

static struct sampled *samples_of(struct firefox *writer, size_t process, uint32_t thread, size_t *count)
{
	const struct process_info *info = writer->profile->view->processes[process].info;
	const struct cpu *cpu = info->cpu;
	struct sampled *list = NULL;

	*count = 0;
	for (size_t i = 0; cpu && i < cpu->sample_count; i++) {
		const struct cpu_sample *sample = &cpu->samples[i];
		uint32_t site = writer->profile->processes[process].sampled[sample->row];

		if (cpu->rows[sample->row].thread != thread)
			continue;
		array_room(list, *count);
		list[(*count)++] = (struct sampled){
			.time = time_of(writer, info, sample->tick), .weight = (double)sample->time_ns / 1e6, .cpu_ns = sample->time_ns,
			.stack = site == PROFILE_NONE ? PROFILE_NONE : firefox_use_stack(writer, writer->stacks[site]),
		};
	}
	return list;
}

/* Each sample weighs as much as its CPU time. */
static void put_samples(struct firefox *writer, size_t process, uint32_t thread, double end)
{
	size_t count;
	struct sampled *list = samples_of(writer, process, thread, &count);

	if (!count) {
		fprintf(writer->file, ",\n\"samples\":{\"length\":2,\"weightType\":\"samples\",\"weight\":null,\"eventDelay\":[0,0],"
		        "\"stack\":[null,null],\"time\":[0,%.9g]}", end);
		return;
	}
	fprintf(writer->file, ",\n\"samples\":{\"length\":%zu,\"weightType\":\"tracing-ms\"", count);
	COLUMN(writer, "weight", count, fprintf(writer->file, "%.9g", list[i].weight));
	COLUMN(writer, "eventDelay", count, putc_unlocked('0', writer->file));
	COLUMN(writer, "time", count, fprintf(writer->file, "%.9g", list[i].time));
	COLUMN(writer, "threadCPUDelta", count, put_number(writer->file, list[i].cpu_ns));
	COLUMN(writer, "stack", count, {
		if (list[i].stack == PROFILE_NONE)
			fputs_unlocked("null", writer->file);
		else
			put_number(writer->file, list[i].stack);
	});
	putc_unlocked('}', writer->file);
	free(list);
}

/* The first thread of a process, UINT32_MAX unknown. */
static uint32_t main_thread(const struct process_info *info)
{
	for (uint32_t i = 0; i < info->thread_count; i++)
		if (!info->threads[i].lane && info->threads[i].tid == info->header.pid)
			return i;
	return UINT32_MAX;
}

static bool was_sampled(const struct process_info *info, uint32_t thread)
{
	for (size_t i = 0; info->cpu && i < info->cpu->row_count; i++)
		if (info->cpu->rows[i].thread == thread && info->cpu->rows[i].samples)
			return true;
	return false;
}

/* ---- threads ---------------------------------------------------------------------------------------------------- */

static void put_head(struct firefox *writer, size_t process, const struct thread_info *thread, bool first)
{
	const struct process_info *info = writer->profile->view->processes[process].info;
	uint32_t name = writer->profile->processes[process].name;

	fputs_unlocked(first ? "\n{\"processType\":\"default\",\"processName\":" : ",\n{\"processType\":\"default\",\"processName\":",
	               writer->file);
	put_json(writer->file, profile_text(writer->profile, name));
	fputs_unlocked(",\"name\":", writer->file);
	if (thread)
		name = profile_text_of(writer->profile, thread->name && *thread->name ? thread->name : "thread");
	put_json(writer->file, profile_text(writer->profile, name));
	fprintf(writer->file, ",\"isMainThread\":%s,\"pid\":\"%zu-%" PRIu32 "\",\"tid\":%" PRIu32
	        ",\"processStartupTime\":0,\"processShutdownTime\":null,\"registerTime\":0,\"unregisterTime\":null,\"pausedRanges\":[]",
	        thread ? "false" : "true", process, info->header.pid, thread ? thread->tid : info->header.pid);
}

static void put_process(struct firefox *writer, size_t process)
{
	const struct process_info *info = writer->profile->view->processes[process].info;
	double end = last_time(writer, info);

	put_head(writer, process, NULL, process == 0);
	put_samples(writer, process, main_thread(info), end);
	put_allocations(writer, process, info->header.pid, end);
	put_markers(writer, process, end);
	firefox_put_tables(writer);
}

/* Those that were sampled, but for the first. */
static void put_threads(struct firefox *writer, size_t process)
{
	const struct process_info *info = writer->profile->view->processes[process].info;
	static const struct thread_info unknown = {0};
	uint32_t first = main_thread(info);

	for (uint32_t i = 0; i <= info->thread_count && !ferror_unlocked(writer->file); i++) {
		uint32_t thread = i < info->thread_count ? i : UINT32_MAX;

		if (thread == first || !was_sampled(info, thread))
			continue;
		put_head(writer, process, thread == UINT32_MAX ? &unknown : &info->threads[thread], false);
		put_samples(writer, process, thread, 0);
		fputs_unlocked(",\n\"markers\":{\"length\":0,\"name\":[],\"startTime\":[],\"endTime\":[],\"phase\":[],\"category\":[],"
		               "\"data\":[]}", writer->file);
		firefox_put_tables(writer);
	}
}

/* What was alive at each instant at which it was measured: the differences, as the track wants them. */
static bool put_counter(struct firefox *writer, size_t process, bool first)
{
	const struct process_info *info = writer->profile->view->processes[process].info;
	struct history_sum sum;
	uint64_t before = 0;

	history_sum_begin(&sum, info);
	for (size_t i = writer->first_sites[process]; i < writer->first_sites[process + 1]; i++)
		if (writer->profile->sites[i].site)
			history_sum_add(&sum, writer->profile->sites[i].site);
	if (!sum.count)
		return false;
	fprintf(writer->file, "%s\n{\"name\":\"malloc\",\"category\":\"Memory\",\"description\":\"live bytes at marks\",\"pid\":\"%zu-%" PRIu32
	        "\",\"mainThreadIndex\":%zu,\"samples\":{\"length\":%zu", first ? "" : ",", process, info->header.pid, process, sum.count);
	COLUMN(writer, "time", sum.count, {
		double time = 0;

		for (size_t at = 0; at < info->instants.count; at++)
			if (info->instants.numbers[at] == history_numbers(info->history)[i])
				time = time_of(writer, info, info->instants.ticks[at]);
		fprintf(writer->file, "%.9g", time);
	});
	COLUMN(writer, "count", sum.count, {
		firefox_put_signed(writer->file, (int64_t)(sum.bytes[i] - before));
		before = sum.bytes[i];
	});
	fputs_unlocked("}}", writer->file);
	return true;
}

static size_t *first_sites(const struct profile *profile)
{
	size_t *first = xcalloc(profile->view->process_count + 1, sizeof(*first)), site = 0;

	for (size_t process = 0; process <= profile->view->process_count; process++) {
		first[process] = site;
		while (site < profile->site_count && profile->sites[site].process == process)
			site++;
	}
	return first;
}

static uint64_t begin_of(const struct view *view)
{
	uint64_t begin = UINT64_MAX;

	for (size_t i = 0; i < view->process_count; i++) {
		uint64_t anchor = view->processes[i].info->header.anchor[0].monotonic_ns;

		if (anchor && anchor < begin)
			begin = anchor;
	}
	return begin;
}

/* Milliseconds between CPU samples. */
static double interval_of(const struct view *view)
{
	for (size_t i = 0; i < view->process_count; i++)
		if (view->processes[i].info->cpu && view->processes[i].info->cpu->sampling.period_ns)
			return (double)view->processes[i].info->cpu->sampling.period_ns / 1e6;
	return 1;
}

bool firefox_export(FILE *file, struct profile *profile, const struct export_options *options)
{
	struct firefox writer = {.file = file, .profile = profile, .begin = begin_of(profile->view)};
	bool first = true;

	(void)options;
	writer.stacks = xcalloc(profile->site_count + 1, sizeof(*writer.stacks));
	writer.first_sites = first_sites(profile);
	writer.tree = profile_tree_of_frames(profile, writer.stacks);
	firefox_used_open(&writer.nodes, writer.tree.count);
	firefox_used_open(&writer.frames, profile->frame_count);
	firefox_used_open(&writer.functions, profile->function_count);
	fprintf(file, "{\"meta\":{\"version\":27,\"preprocessedProfileVersion\":%d,\"interval\":%.9g,\"startTime\":%" PRIu64
	        ",\"processType\":0,\"stackwalk\":1,\"debug\":false,\"symbolicated\":true,"
	        "\"sampleUnits\":{\"time\":\"ms\",\"eventDelay\":\"ms\",\"threadCPUDelta\":\"ns\"},\"importedFrom\":\"probe\",\"product\":",
	        VERSION, interval_of(profile->view), profile->view->inputs[0].recording->header.realtime_ns / 1000000);
	put_json(file, profile_title(profile));
	putc_unlocked(',', file);
	fputs_unlocked(head_end, file);
	fputs_unlocked(",\n\"libs\":[],\"pages\":[],\"threads\":[", file);
	for (size_t i = 0; i < profile->view->process_count && !ferror_unlocked(file); i++)
		put_process(&writer, i);
	for (size_t i = 0; i < profile->view->process_count; i++)
		put_threads(&writer, i);
	fputs_unlocked("],\n\"counters\":[", file);
	for (size_t i = 0; i < profile->view->process_count; i++)
		first &= !put_counter(&writer, i, first);
	fputs_unlocked("]}\n", file);
	firefox_used_close(&writer.nodes);
	firefox_used_close(&writer.frames);
	firefox_used_close(&writer.functions);
	profile_tree_free(&writer.tree);
	free(writer.stacks);
	free(writer.first_sites);
	return true;
}
