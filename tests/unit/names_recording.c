/* names_recording.c: see names_recording.h. */
#include "names_recording.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "names/elf.h"
#include "util.h"

struct recording *made_recording(void)
{
	struct recording *recording = xcalloc(1, sizeof(*recording));

	recording->dir = (char *)(uintptr_t)"/nonexistent";
	made_process(recording);
	return recording;
}

struct process_id made_process(struct recording *recording)
{
	struct process_info *process;
	struct timespec now;

	recording->processes = xreallocarray(recording->processes, recording->process_count + 1,
	                                     sizeof(*recording->processes));
	process = &recording->processes[recording->process_count];
	clock_gettime(CLOCK_REALTIME, &now);
	*process = (struct process_info){
		.ns_per_tick = 1, .exe = (char *)(uintptr_t)"", .stem = (char *)(uintptr_t)"1-1-00000000-0",
	};
	process->header.realtime_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	process->header.anchor[0].monotonic_ns = 1;
	return (struct process_id){(uint32_t)recording->process_count++};
}

void made_recording_free(struct recording *recording)
{
	for (size_t i = 0; i < recording->process_count; i++) {
		struct process_info *process = &recording->processes[i];

		for (size_t j = 0; j < process->module_count; j++) {
			free(process->modules[j].path);
			free(process->modules[j].build_id);
		}
		free(process->modules);
		free(process->nodes);
		for (size_t j = 0; j < process->code_count; j++)
			free((void *)(uintptr_t)process->codes[j].lines);
		free(process->codes);
		free(process->places);
		free(process->runtimes);
	}
	free(recording->processes);
	free(recording);
}

struct module *made_module(struct recording *recording, struct process_id id, const char *path, uint64_t bias)
{
	struct process_info *process = &recording->processes[id.index];
	struct elf_file *file = NULL;
	struct module *module;

	process->modules = xreallocarray(process->modules, process->module_count + 1, sizeof(*process->modules));
	module = &process->modules[process->module_count++];
	*module = (struct module){.path = xstrdup(path), .bias = bias, .unloaded = UINT64_MAX};
	if (elf_file_open(path, &file) != ELF_FINE)
		return module;
	module->start = bias + file->start;
	module->end = bias + file->end;
	module->build_id_size = (uint32_t)file->build_id_size;
	if (file->build_id_size) {
		module->build_id = xmalloc(file->build_id_size);
		memcpy(module->build_id, file->build_id, file->build_id_size);
	}
	elf_file_close(file);
	return module;
}

struct node_id made_node(struct recording *recording, struct process_id id, struct trace_node node)
{
	struct process_info *process = &recording->processes[id.index];

	/* Grown by doubling: a benchmark makes many. */
	if ((process->node_count & (process->node_count - 1)) == 0)
		process->nodes = xreallocarray(process->nodes, process->node_count ? process->node_count * 2 : 1,
		                               sizeof(*process->nodes));
	process->nodes[process->node_count] = node;
	return (struct node_id){(uint32_t)(TRACE_FIRST_NODE + process->node_count++)};
}

struct node_id made_call(struct recording *recording, struct process_id process, uint64_t address)
{
	return made_node(recording, process, (struct trace_node){.address = address + 1, .parent = TRACE_STACK_ROOT});
}

void made_codes(struct recording *recording, struct process_id id, size_t count)
{
	recording->processes[id.index].codes = xcalloc(count, sizeof(struct code));
}

void made_move(struct recording *recording, struct process_id process_id, uint32_t id, uint64_t address,
               uint32_t generation)
{
	struct process_info *process = &recording->processes[process_id.index];

	if ((process->place_count & (process->place_count - 1)) == 0)
		process->places = xreallocarray(process->places, process->place_count ? process->place_count * 2 : 1,
		                                sizeof(*process->places));
	process->places[process->place_count++] = (struct code_place){
		.address = address, .generation = generation, .id = id, .code = &process->codes[id - 1],
		.tick = process->place_count,
	};
}

uint32_t made_code(struct recording *recording, struct process_id process_id, enum trace_code_kind kind,
                   const char *name, uint64_t address, uint32_t size, uint32_t generation)
{
	struct process_info *process = &recording->processes[process_id.index];
	uint32_t id = (uint32_t)++process->code_count;

	process->codes[id - 1] = (struct code){
		.id = id, .size = size, .kind = (uint16_t)kind, .isolate = 1, .name = name,
		.tick = process->place_count + 1,
	};
	made_move(recording, process_id, id, address, generation);
	return id;
}

static uint8_t *put_varint(uint8_t *to, uint64_t value)
{
	for (; value >= 128; value >>= 7)
		*to++ = (uint8_t)(value | 128);
	*to++ = (uint8_t)value;
	return to;
}

static uint64_t zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

void made_lines(struct recording *recording, struct process_id process, uint32_t id, const uint32_t (*entries)[3],
                size_t count)
{
	struct code *code = &recording->processes[process.index].codes[id - 1];
	uint8_t *table = xmalloc(count * 15), *to = table;

	for (size_t i = 0; i < count; i++) {
		const uint32_t none[3] = {0}, *before = i ? entries[i - 1] : none;

		to = put_varint(to, entries[i][0] - before[0]);
		to = put_varint(to, zigzag((int64_t)entries[i][1] - before[1]));
		to = put_varint(to, zigzag((int64_t)entries[i][2] - before[2]));
	}
	code->lines = table;
	code->lines_size = (uint32_t)(to - table);
}

void made_runtime(struct recording *recording, struct process_id id, enum trace_runtime_state state, const char *text)
{
	struct process_info *process = &recording->processes[id.index];

	process->runtimes = xreallocarray(process->runtimes, process->runtime_count + 1, sizeof(*process->runtimes));
	process->runtimes[process->runtime_count++] = (struct runtime_note){
		.isolate = 1, .state = state, .text = (char *)(uintptr_t)text,
	};
}
