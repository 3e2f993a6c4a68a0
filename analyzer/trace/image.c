/* image.c: one process image from its two files; see image.h. */
#include "trace/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "heap/churn.h"
#include "heap/cpu.h"
#include "heap/history.h"
#include "heap/instants.h"
#include "heap/ledger.h"
#include "heap/match.h"
#include "trace/log_record.h"
#include "trace/ahead.h"
#include "trace/sample.h"
#include "trace/unfinalized.h"
#include "trace/vtable_record.h"
#include "trace/wasm_record.h"
#include "util.h"

/* One number of a STEM, canonical (no sign, no space), up to `end`. */
static bool number(const char **text, int base, size_t most, char end, uint64_t *value)
{
	static const char digits[] = "0123456789abcdef";
	size_t length = 0;

	*value = 0;
	for (; **text != end; (*text)++) {
		const char *digit = **text ? memchr(digits, **text, (size_t)base) : NULL;

		if (!digit || ++length > most)
			return false;
		*value = *value * (uint64_t)base + (uint64_t)(digit - digits);
	}
	*text += end != '\0';
	return length > 0;
}

bool image_parse_stem(const char *stem, struct trace_process *header, uint32_t *host)
{
	uint64_t pid, start, host_hash, image;

	if (!number(&stem, 10, 10, '-', &pid) || !number(&stem, 16, 16, '-', &start) ||
	    !number(&stem, 16, 8, '-', &host_hash) || !number(&stem, 10, 9, '\0', &image) || pid > INT32_MAX)
		return false;
	header->pid = (uint32_t)pid;
	header->start_ticks = start;
	header->image = (uint32_t)image;
	*host = (uint32_t)host_hash;
	return true;
}

void image_read(struct image *image, struct bytes shared)
{
	struct process_info *process = image->process;
	struct trace_process name = {0};

	image->damage.stem = process->stem;
	image->known = shared_header(shared, &process->header, &image->damage);
	if (image_parse_stem(process->stem, &name, &image->host)) {
		if (image->known && (process->header.pid != name.pid || process->header.image != name.image ||
		                     process->header.start_ticks != name.start_ticks))
			damage_add(&image->damage, ".shared", 0, "the process header is not that of the file's name");
		process->header.pid = name.pid;
		process->header.start_ticks = name.start_ticks;
		process->header.image = name.image;
	}
	process->parent.index = UINT32_MAX;
	process->ns_per_tick = 1;
	process->since = UINT64_MAX;
	shared_meta(shared, process, &image->damage);
	for (int i = 0; i < TRACE_LOST_KINDS; i++)
		process->lost += process->header.lost[i];
	inherit_init(&image->inherit, &process->totals);
}

/* Who grew a memory: the matcher knows streams by their index. */
static void name_streams(struct process_info *process, const struct streams *streams)
{
	for (size_t i = 0; i < process->wasm_memory_count; i++) {
		struct wasm_memory *memory = &process->wasm_memories[i];

		for (size_t step = 0; step < memory->step_count; step++)
			memory->steps[step].stream.index = streams->list[memory->steps[step].stream.index].id;
	}
}

/* The rings are taken over. */
static void replay(struct image *image, struct bytes log, struct ring_view *rings, size_t ring_count)
{
	struct process_info *process = image->process;
	struct streams streams;
	struct matcher *matcher;
	uint64_t first, last;

	streams_open(&streams, log, rings, ring_count, &image->damage);
	streams_span(&streams, &first, &last);
	instants_choose(process, first, last);
	for (size_t i = 0; process->churn && i < streams.count; i++)
		churn_stream(process, i, streams.count, (struct stream_id){streams.list[i].id});
	for (size_t i = 0; i < streams.count; i++)
		cpu_stream(process, i, streams.count, (struct stream_id){streams.list[i].id});
	matcher = matcher_open(process, &image->inherit, (uint32_t)streams.count);
	merge_ahead(&streams, matcher_events, matcher);
	matcher_close(matcher, &image->damage);
	name_streams(process, &streams);
	process->events = streams.events;
	process->recovered = streams.recovered;
	process->lost += streams.lost;
	streams_close(&streams);
}

void image_replay(struct image *image, struct bytes shared, struct bytes log)
{
	struct ring_view *rings;
	size_t count;

	rings = shared_rings(shared, false, &count, &image->damage);
	shared_tree(shared, image->process, &image->damage);
	replay(image, log, rings, count);
}

static char *file_name(const struct image *image, const char *ending)
{
	return xasprintf("%s%s", image->process->stem, ending);
}

void image_replay_files(struct image *image, int dir)
{
	char *shared_name = file_name(image, ".shared"), *log_name = file_name(image, ".log");
	bool running = image->process->end == END_RUNNING;
	struct bytes shared = {0}, log = {0};
	struct ring_view *rings;
	size_t count;

	/*
	 * While a process runs, events move from rings to the log, and nodes are stored before the events that name
	 * them: so first the rings, then the log, then the tree.
	 */
	file_map(dir, shared_name, &shared); /* a missing one was told in the first pass */
	rings = shared_rings(shared, running, &count, &image->damage);
	if (!file_map(dir, log_name, &log) && errno != ENOENT)
		damage_add(&image->damage, ".log", 0, strerror(errno));
	if (running) {
		file_unmap(&shared);
		file_map(dir, shared_name, &shared);
	}
	shared_tree(shared, image->process, &image->damage);
	replay(image, log, rings, count);
	file_unmap(&shared);
	file_unmap(&log);
	free(shared_name);
	free(log_name);
}

void process_free(struct process_info *process)
{
	free(process->stem);
	free(process->exe);
	for (char **argument = process->argv; argument && *argument; argument++)
		free(*argument);
	free(process->argv);
	for (size_t i = 0; i < process->module_count; i++) {
		free(process->modules[i].path);
		free(process->modules[i].build_id);
	}
	free(process->modules);
	for (size_t i = 0; i < process->thread_count; i++)
		free(process->threads[i].name);
	free(process->threads);
	for (size_t i = 0; i < process->child_count; i++)
		free(process->children[i].path);
	free(process->children);
	for (size_t i = 0; i < process->mark_count; i++)
		free(process->marks[i].label);
	free(process->marks);
	free(process->codes);
	free(process->places);
	free(process->code_text);
	for (size_t i = 0; i < process->runtime_count; i++)
		free(process->runtimes[i].text);
	free(process->runtimes);
	free(process->collections);
	free(process->runtime_heaps);
	unfinalized_free(process);
	for (size_t i = 0; i < process->warning_count; i++)
		free(process->warnings[i]);
	free(process->warnings);
	for (size_t i = 0; i < process->jitdump_count; i++)
		free(process->jitdumps[i]);
	free(process->jitdumps);
	for (size_t i = 0; i < process->suppression_count; i++)
		free(process->suppressions[i]);
	free(process->suppressions);
	for (size_t i = 0; i < process->sample_count; i++)
		sample_free(&process->samples[i]);
	free(process->samples);
	ledgers_free(process);
	for (size_t i = 0; i < process->type_name_count; i++)
		free(process->type_names[i]);
	free(process->type_names);
	vtable_records_free(process);
	free(process->nodes);
	free(process->sites);
	free(process->instants.ticks);
	free(process->instants.numbers);
	history_free(process->history);
	churn_free(process->churn);
	cpu_free(process->cpu);
	free(process->child_usages);
	for (size_t i = 0; i < process->wasm_memory_count; i++) {
		free(process->wasm_memories[i].growth);
		free(process->wasm_memories[i].steps);
		free(process->wasm_memories[i].heap);
	}
	free(process->wasm_memories);
	free(process->wasm_stray);
	wasm_records_free(process);
	log_records_free(process);
	free(process->wasm_stacks);
	free(process->limits.group_path);
	free(process->declared);
	*process = (struct process_info){0};
}
