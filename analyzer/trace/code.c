/* code.c: codes, places and runtimes of a process from their records; see code.h. */
#include "trace/code.h"

#include <stdlib.h>
#include <string.h>

#include "trace/array.h"
#include "trace/image.h"
#include "trace/lines.h"

/* ---- one record ---------------------------------------------------------------------------------------------- */

static void add_place(struct process_info *process, uint64_t address, uint32_t generation, uint32_t id, uint64_t tick)
{
	array_room(process->places, process->place_count);
	process->places[process->place_count++] = (struct code_place){
		.address = address, .tick = tick, .generation = generation, .id = id,
	};
}

static bool read_code(struct code_reader *reader, struct payload payload, uint64_t tick)
{
	struct process_info *process = reader->process;
	struct trace_code code;

	if (!payload_take(&payload, &code, sizeof code) || !code.id || code.kind < TRACE_CODE_BYTECODE ||
	    code.kind > TRACE_CODE_GONE || code.generation > TRACE_NODE_GENERATION ||
	    code.address > UINT64_MAX - code.size)
		return false;
	array_room(reader->name_sizes, process->code_count);
	reader->name_sizes[process->code_count] = strnlen((const char *)payload.at, payload.left);
	array_room(process->codes, process->code_count);
	process->codes[process->code_count++] = (struct code){
		.id = code.id, .size = code.size, .kind = code.kind, .isolate = code.isolate,
		.name = (const char *)payload.at, .tick = tick,
	};
	add_place(process, code.address, code.generation, code.id, tick);
	return true;
}

static bool read_moved(struct process_info *process, struct payload payload, uint64_t tick)
{
	struct trace_code_moved moved;

	if (!payload_take(&payload, &moved, sizeof moved) || !moved.id || moved.generation > TRACE_NODE_GENERATION)
		return false;
	add_place(process, moved.address, moved.generation, moved.id, tick);
	return true;
}

static bool read_lines(struct code_reader *reader, struct payload payload)
{
	struct trace_code_lines head;
	struct lines lines;
	uint32_t count = 0;

	if (!payload_take(&payload, &head, sizeof head) || !head.id || payload.left > UINT32_MAX)
		return false;
	lines = (struct lines){.at = payload.at, .end = payload.at + payload.left};
	while (count < head.count && lines_next(&lines))
		count++;
	if (count < head.count || lines.at != lines.end)
		return false;
	array_room(reader->tables, reader->table_count);
	reader->tables[reader->table_count++] = (struct code_table){head.id, (uint32_t)payload.left, payload.at};
	return true;
}

static bool read_runtime(struct process_info *process, struct payload payload, uint64_t tick)
{
	struct trace_runtime runtime;

	if (!payload_take(&payload, &runtime, sizeof runtime) || runtime.state < TRACE_RUNTIME_NAMED ||
	    runtime.state > TRACE_RUNTIME_MISSING)
		return false;
	array_room(process->runtimes, process->runtime_count);
	process->runtimes[process->runtime_count++] = (struct runtime_note){
		.isolate = runtime.isolate, .state = runtime.state, .text = payload_text(&payload), .tick = tick,
	};
	return true;
}

bool code_record(struct code_reader *reader, const struct trace_record *record, struct payload payload)
{
	switch (record->type) {
	case TRACE_RECORD_CODE:
		return read_code(reader, payload, record->tick);
	case TRACE_RECORD_MOVED:
		return read_moved(reader->process, payload, record->tick);
	case TRACE_RECORD_LINES:
		return read_lines(reader, payload);
	case TRACE_RECORD_RUNTIME:
		return read_runtime(reader->process, payload, record->tick);
	}
	return false;
}

/* ---- all of them --------------------------------------------------------------------------------------------- */

static int by_id(const void *left, const void *right)
{
	const struct code *a = left, *b = right;

	return (a->id > b->id) - (a->id < b->id);
}

static struct code *find(const struct process_info *process, uint32_t id)
{
	struct code wanted = {.id = id};

	return process->code_count ? bsearch(&wanted, process->codes, process->code_count, sizeof wanted, by_id) : NULL;
}

/* By id, which they nearly are; of two with the same id the first stays. Gives the number of the others. */
static size_t sort_codes(struct process_info *process)
{
	size_t count = process->code_count, kept = 0;
	bool sorted = true;

	for (size_t i = 1; sorted && i < count; i++)
		sorted = process->codes[i - 1].id < process->codes[i].id;
	if (sorted)
		return 0;
	/* glibc's qsort is a merge sort and keeps the order of equals. */
	qsort(process->codes, count, sizeof *process->codes, by_id);
	for (size_t i = 0; i < count; i++)
		if (!kept || process->codes[kept - 1].id != process->codes[i].id)
			process->codes[kept++] = process->codes[i];
	process->code_count = kept;
	return count - kept;
}

/* Names and tables move out of the file. */
static void copy_text(const struct code_reader *reader)
{
	struct process_info *process = reader->process;
	size_t size = 0;
	char *to;

	for (size_t i = 0; i < process->code_count; i++)
		size += reader->name_sizes[i] + 1;
	for (size_t i = 0; i < reader->table_count; i++)
		size += reader->tables[i].size;
	to = process->code_text = size ? xmalloc(size) : NULL;
	for (size_t i = 0; i < process->code_count; i++) {
		memcpy(to, process->codes[i].name, reader->name_sizes[i]);
		process->codes[i].name = to;
		to += reader->name_sizes[i];
		*to++ = '\0';
	}
	for (size_t i = 0; i < reader->table_count; i++) {
		memcpy(to, reader->tables[i].data, reader->tables[i].size);
		reader->tables[i].data = (const uint8_t *)to;
		to += reader->tables[i].size;
	}
}

void code_finish(struct code_reader *reader, struct damage *damage)
{
	struct process_info *process = reader->process;
	size_t homeless = 0;

	copy_text(reader); /* first, while names and their sizes are in the same order */
	damage_some(damage, sort_codes(process), "records of generated code under an id that another has");
	for (size_t i = 0; i < reader->table_count; i++) {
		struct code *code = find(process, reader->tables[i].id);

		homeless += !code;
		if (!code)
			continue;
		code->lines = reader->tables[i].data;
		code->lines_size = reader->tables[i].size;
	}
	damage_some(damage, homeless, "tables of lines of generated code that is not there");
	for (size_t i = 0; i < process->place_count; i++)
		process->places[i].code = find(process, process->places[i].id);
	free(reader->tables);
	free(reader->name_sizes);
	*reader = (struct code_reader){0};
}

/* What a forked process moved may have been generated by whom it was forked from, before. */
static const struct code *find_inherited(const struct image *images, size_t count, size_t child, uint32_t id)
{
	const struct process_info *process = images[child].process;

	for (size_t steps = 0; steps < count && process->forked && process->parent.index < count; steps++) {
		uint64_t fork = process->header.fork_before;
		const struct code *code;

		process = images[process->parent.index].process;
		code = find(process, id);
		if (code && code->tick <= fork)
			return code;
	}
	return NULL;
}

void code_link(struct image *images, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct process_info *process = images[i].process;
		size_t homeless = 0;

		for (size_t j = 0; j < process->place_count; j++) {
			struct code_place *place = &process->places[j];

			if (!place->code)
				place->code = find_inherited(images, count, i, place->id);
			homeless += !place->code;
		}
		damage_some(&images[i].damage, homeless, "moves of generated code that is not there");
	}
}
