/*
 * cpuprofile.c: CPU samples of one thread as Chrome's DevTools save and load them (Profiler.Profile): the tree of functions, and
 * which of them ran from when on. A sample says what ran for the CPU time that it tells, up to when it was taken; before that
 * the thread was idle. Times are microseconds.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "export/formats.h"
#include "export/put.h"
#include "trace/array.h"
#include "trace/time.h"
#include "util.h"

struct span { uint64_t from; uint32_t node; }; /* nanoseconds */

struct writer {
	FILE     *file;           /* not owned */
	struct profile *profile;
	const struct process_info *info;
	uint32_t  thread;         /* as in the samples */
	struct profile_tree tree;
	uint32_t *of_site;        /* by site: its node; owned */
	uint32_t  idle;           /* a node that is not in the tree */
	bool     *shown;          /* by node: it or what it calls was sampled; owned */
	uint64_t *hits;           /* by node: nanoseconds, in the end a count; owned */
	struct span *spans;       size_t span_count; /* in order of time, each up to the next; owned */
};

/* The thread that took most. */
static uint32_t choose_thread(const struct process_info *info, size_t *count)
{
	uint64_t *sums = xcalloc(info->thread_count + 1, sizeof(*sums));
	size_t most = 0;

	for (size_t i = 0; info->cpu && i < info->cpu->row_count; i++) {
		const struct cpu_row *row = &info->cpu->rows[i];

		sums[row->thread < info->thread_count ? row->thread : info->thread_count] += row->amounts[TRACE_CPU_TIME] + 1;
	}
	*count = 0;
	for (size_t i = 0; i <= info->thread_count; i++) {
		*count += sums[i] > 0;
		most = sums[i] > sums[most] ? i : most;
	}
	free(sums);
	return most < info->thread_count ? (uint32_t)most : UINT32_MAX;
}

static void tell_thread(const struct writer *writer)
{
	const struct thread_info *thread = writer->thread < writer->info->thread_count
	                                   ? &writer->info->threads[writer->thread] : NULL;

	warn("cpuprofile has room for one thread: this is %" PRIu32 ", %s, which took most; --thread chooses another",
	     thread ? thread->tid : 0, thread && thread->name ? thread->name : "unknown");
}

static void add_span(struct writer *writer, uint64_t from, uint32_t node)
{
	array_room(writer->spans, writer->span_count);
	writer->spans[writer->span_count++] = (struct span){from, node};
	for (uint32_t at = node; node != writer->idle && !writer->shown[at]; at = writer->tree.nodes[at].parent)
		writer->shown[at] = true;
}

/*
 * DevTools take each hit for as long as any other, which samples are not: a node has as many as its time would have had at the
 * rate that was asked for, at least one.
 */
static void count_hits(struct writer *writer)
{
	uint64_t period = writer->info->cpu ? writer->info->cpu->sampling.period_ns : 0;

	for (size_t i = 0; i <= writer->tree.count; i++)
		if (writer->hits[i])
			writer->hits[i] = period && writer->hits[i] > period ? (writer->hits[i] + period / 2) / period : 1;
}

static void lay_out(struct writer *writer)
{
	const struct cpu *cpu = writer->info->cpu;
	uint64_t end = 0;

	for (size_t i = 0; cpu && i < cpu->sample_count; i++) {
		const struct cpu_sample *sample = &cpu->samples[i];
		uint32_t site = writer->profile->processes[0].sampled[sample->row];
		uint64_t time, from;

		if (cpu->rows[sample->row].thread != writer->thread || site == PROFILE_NONE)
			continue;
		/* Without a clock one stands behind the other. */
		if (!time_of_tick(writer->info, sample->tick, &time))
			time = end + sample->time_ns;
		from = time > sample->time_ns ? time - sample->time_ns : 0;
		if (writer->span_count && from / 1000 > end / 1000) {
			add_span(writer, end, writer->idle);
			writer->hits[writer->idle] += from - end;
		}
		/* Two clocks: what of the sample does not fit between it and the one before is not there. */
		add_span(writer, from > end ? from : end, writer->of_site[site]);
		writer->hits[writer->of_site[site]] += sample->time_ns;
		end = time > end ? time : end;
	}
	if (writer->span_count)
		add_span(writer, end, writer->idle);
	count_hits(writer);
}

static void put_node(const struct writer *writer, uint32_t node, uint32_t function, const char *name)
{
	fprintf(writer->file, "{\"id\":%" PRIu32 ",", node + 1);
	put_call_frame(writer->file, writer->profile, function, name);
	fprintf(writer->file, ",\"hitCount\":%" PRIu64, writer->hits[node]);
}

static void put_nodes(const struct writer *writer)
{
	const struct profile_node *nodes = writer->tree.nodes;

	for (uint32_t i = 0; i < writer->tree.count && !ferror_unlocked(writer->file); i++) {
		const char *before = "";

		if (i && !writer->shown[i])
			continue;
		if (i)
			fputs_unlocked(",\n", writer->file);
		put_node(writer, i, nodes[i].function, "(root)");
		fputs_unlocked(",\"children\":[", writer->file);
		if (!i) {
			put_number(writer->file, writer->idle + 1);
			before = ",";
		}
		for (uint32_t child = nodes[i].child; child != PROFILE_NONE; child = nodes[child].sibling)
			if (writer->shown[child]) {
				fputs_unlocked(before, writer->file);
				put_number(writer->file, child + 1);
				before = ",";
			}
		fputs_unlocked("]}", writer->file);
	}
	fputs_unlocked(",\n", writer->file);
	put_node(writer, writer->idle, PROFILE_NONE, "(idle)");
	putc_unlocked('}', writer->file);
}

bool cpuprofile_export(FILE *file, struct profile *profile, const struct export_options *options)
{
	struct writer writer = {.file = file, .profile = profile, .info = profile->view->processes[0].info};
	size_t threads;
	uint64_t before;

	writer.thread = choose_thread(writer.info, &threads);
	if (threads > 1 && !options->thread_chosen)
		tell_thread(&writer);
	writer.of_site = xcalloc(profile->site_count + 1, sizeof(*writer.of_site));
	writer.tree = profile_tree_of_functions(profile, writer.of_site);
	writer.idle = (uint32_t)writer.tree.count;
	writer.shown = xcalloc(writer.tree.count + 1, sizeof(*writer.shown));
	writer.hits = xcalloc(writer.tree.count + 1, sizeof(*writer.hits));
	lay_out(&writer);
	fputs_unlocked("{\"nodes\":[", file);
	put_nodes(&writer);
	before = writer.span_count ? writer.spans[0].from / 1000 : 0;
	fprintf(file, "],\n\"startTime\":%" PRIu64 ",\"endTime\":%" PRIu64 ",\n\"samples\":[", before,
	        writer.span_count ? writer.spans[writer.span_count - 1].from / 1000 : 0);
	for (size_t i = 0; i < writer.span_count; i++) {
		if (i)
			putc_unlocked(',', file);
		put_number(file, writer.spans[i].node + 1);
	}
	fputs_unlocked("],\n\"timeDeltas\":[", file);
	for (size_t i = 0; i < writer.span_count; i++) {
		if (i)
			putc_unlocked(',', file);
		put_number(file, writer.spans[i].from / 1000 - before);
		before = writer.spans[i].from / 1000;
	}
	fputs_unlocked("]}\n", file);
	profile_tree_free(&writer.tree);
	free(writer.of_site);
	free(writer.shown);
	free(writer.hits);
	free(writer.spans);
	return true;
}
