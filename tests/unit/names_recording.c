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
	*process = (struct process_info){.ns_per_tick = 1};
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
