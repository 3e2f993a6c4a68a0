/*
 * names.c: resolves nodes; see names.h. Two caches: frames by process and node, and locations by file and address
 * (binary.c), since many processes load the same files at different places.
 */
#include "names/names.h"

#include <stdlib.h>
#include <string.h>

#include "names/aside.h"
#include "names/binary.h"
#include "names/modules.h"
#include "names/problems.h"
#include "util.h"

#define DEBUG_ROOT "/usr/lib/debug"
#define VDSO       "[vdso]"
#define MOST_FORKS 64 /* from parent to parent; files that lie can make a circle of them */

struct resolved {
	size_t    count;          /* frames, at least one */
	struct frame frames[];
};

struct process_names {
	struct resolved **nodes;  /* by node id − TRACE_FIRST_NODE; NULL until asked for; owned */
	struct module_index modules;
	struct binary **binaries; /* by index of the module; NULL until asked for */
	struct aside aside;
};

struct names {
	const struct recording *recording; /* not owned */
	const char *debug_root;   /* folder of separate debug files; not owned */
	struct process_names *processes; /* by process */
	struct cache binaries;    /* by build-id and path; owned */
	struct demangler demangler;
	struct problems problems; /* as of the last names_problems */
};

/* ---- hot ------------------------------------------------------------------------------------------------------ */

static uint64_t realtime_of(const struct process_info *process, uint64_t tick)
{
	const struct trace_process *header = &process->header;
	double ns;

	if (!header->realtime_ns || !header->anchor[0].monotonic_ns || tick < header->anchor[0].tick)
		return 0;
	ns = (double)(tick - header->anchor[0].tick) * process->ns_per_tick;
	return ns < 1e18 ? header->realtime_ns + (uint64_t)ns : 0;
}

static struct binary *binary_of(struct names *names, struct process_id id, const struct module *module)
{
	const struct process_info *process = &names->recording->processes[id.index];
	struct process_names *cache = &names->processes[id.index];
	struct binary **binary = &cache->binaries[module - process->modules];
	struct cache_entry *entry;
	size_t path_size = strlen(module->path);
	char *key;

	if (*binary)
		return *binary;
	key = xmalloc(module->build_id_size + path_size);
	if (module->build_id_size)
		memcpy(key, module->build_id, module->build_id_size);
	memcpy(key + module->build_id_size, module->path, path_size);
	entry = cache_at(&names->binaries, key, module->build_id_size + path_size);
	free(key);
	if (!entry->value) {
		struct binary *new = xcalloc(1, sizeof(*new));

		new->module = module;
		new->loaded_ns = realtime_of(process, module->loaded);
		entry->value = new;
	}
	return *binary = entry->value;
}

static struct resolved *unknown(const char *module, uint64_t address)
{
	struct resolved *resolved = xcalloc(1, sizeof(*resolved) + sizeof(resolved->frames[0]));

	resolved->count = 1;
	resolved->frames[0] = (struct frame){.kind = FRAME_UNKNOWN, .module = module, .address = address};
	return resolved;
}

static struct resolved *known(const char *module, uint64_t address, const struct location *location)
{
	struct resolved *resolved = xcalloc(1, sizeof(*resolved) + location->count * sizeof(resolved->frames[0]));

	resolved->count = location->count;
	for (size_t i = 0; i < location->count; i++) {
		const struct place *place = &location->places[i];

		resolved->frames[i] = (struct frame){
			.kind = FRAME_NATIVE,
			.function = place->function,
			.file = place->file,
			.line = place->line,
			.column = place->column,
			.module = module,
			.address = address,
			.inlined = i + 1 < location->count,
		};
	}
	return resolved;
}

/* In no module: code that a runtime told of in a file of its own, or its parent's before the fork. */
static struct resolved *generated(struct names *names, struct process_id id, uint64_t address)
{
	struct resolved *resolved = unknown(NULL, address);
	struct jitcode_place place;
	enum aside_kind kind;

	for (int forks = 0; forks < MOST_FORKS && id.index < names->recording->process_count; forks++) {
		const struct process_info *process = &names->recording->processes[id.index];

		switch (aside_find(&names->processes[id.index].aside, names->recording, process, address, &place,
		                   &kind)) {
		case JITCODE_ONE:
			resolved->frames[0] = (struct frame){
				.kind = FRAME_NATIVE,
				.function = demangle(&names->demangler, place.name),
				.file = place.file,
				.line = place.line,
				.module = aside_module(kind),
				.address = address,
			};
			return resolved;
		case JITCODE_TWO:
			return resolved;
		case JITCODE_NONE:
			break;
		}
		if (!process->forked)
			break;
		id = process->parent;
	}
	return resolved;
}

static struct resolved *resolve(struct names *names, struct process_id id, const struct trace_node *node)
{
	const struct process_info *process = &names->recording->processes[id.index];
	struct process_names *cache = &names->processes[id.index];
	/* A return address is that of the next instruction, which may be another line's, or another function's. */
	uint64_t address = node->generation & TRACE_NODE_EXACT ? node->address : node->address - 1;
	const struct location *location;
	const struct module *module;

	if (!cache->modules.built) {
		module_index_build(&cache->modules, process);
		cache->binaries = xcalloc(process->module_count, sizeof(struct binary *));
	}
	module = module_at(&cache->modules, address, node->generation & TRACE_NODE_GENERATION);
	if (!module)
		return generated(names, id, address);
	if (!module->path[0])
		return unknown(VDSO, address);
	location = binary_locate(binary_of(names, id, module), &names->demangler, names->debug_root,
	                         address - module->bias);
	return location ? known(module->path, address, location) : unknown(module->path, address);
}

size_t names_resolve(struct names *names, struct process_id id, struct node_id node, const struct frame **frames)
{
	static const struct frame nothing = {.kind = FRAME_UNKNOWN};
	const struct process_info *process;
	struct process_names *cache;
	struct resolved **resolved;
	size_t index = (size_t)node.index - TRACE_FIRST_NODE;

	*frames = &nothing;
	if (id.index >= names->recording->process_count)
		return 1;
	process = &names->recording->processes[id.index];
	if (node.index < TRACE_FIRST_NODE || index >= process->node_count || !process->nodes[index].address)
		return 1;
	cache = &names->processes[id.index];
	if (!cache->nodes)
		cache->nodes = xcalloc(process->node_count, sizeof(struct resolved *));
	resolved = &cache->nodes[index];
	if (!*resolved)
		*resolved = resolve(names, id, &process->nodes[index]);
	*frames = (*resolved)->frames;
	return (*resolved)->count;
}

/* ---- cold ----------------------------------------------------------------------------------------------------- */

size_t names_problems(struct names *names, const char *const **sentences)
{
	problems_free(&names->problems);
	for (size_t i = 0; i < names->binaries.capacity; i++)
		if (names->binaries.slots[i])
			problems_note(&names->problems, names->binaries.slots[i]->value);
	problems_write(&names->problems);
	for (size_t i = 0; i < names->recording->process_count; i++)
		for (enum aside_kind kind = 0; kind < ASIDE_KINDS; kind++)
			problems_add(&names->problems, aside_problem(&names->processes[i].aside,
			                                             &names->recording->processes[i], kind));
	*sentences = (const char *const *)names->problems.sentences;
	return names->problems.count;
}

struct names *names_open_with(const struct recording *recording, const char *debug_root)
{
	struct names *names = xcalloc(1, sizeof(*names));

	names->recording = recording;
	names->debug_root = debug_root;
	names->processes = xcalloc(recording->process_count, sizeof(*names->processes));
	return names;
}

struct names *names_open(const struct recording *recording)
{
	return names_open_with(recording, DEBUG_ROOT);
}

void names_close(struct names *names)
{
	if (!names)
		return;
	for (size_t i = 0; i < names->recording->process_count; i++) {
		struct process_names *cache = &names->processes[i];

		for (size_t j = 0; cache->nodes && j < names->recording->processes[i].node_count; j++)
			free(cache->nodes[j]);
		free(cache->nodes);
		module_index_free(&cache->modules);
		free(cache->binaries);
		aside_free(&cache->aside);
	}
	free(names->processes);
	cache_free(&names->binaries, binary_close);
	demangler_free(&names->demangler);
	problems_free(&names->problems);
	free(names);
}
