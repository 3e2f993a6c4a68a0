/*
 * names.c: resolves nodes; see names.h. Two caches: frames by process and node, and locations by file and address
 * (binary.c), since many processes load the same files at different places.
 */
#include "names/names.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "names/aside.h"
#include "names/binary.h"
#include "names/generated.h"
#include "names/modules.h"
#include "names/problems.h"
#include "names/rust_literal.h"
#include "names/when.h"
#include "types/receiver.h"
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
	char    **classes;        /* by number of a vtable; "" unknown, NULL until asked for; owned */
	struct generated generated;
	uint64_t  unknown[UNKNOWN_KINDS]; /* addresses that were asked for and have no function, by reason */
	struct aside aside;
};

struct shared {               /* by names of several recordings */
	size_t    users;          /* of these, open */
	struct cache binaries;    /* by build-id and path, and by who opened one if it has no build-id; owned */
	struct demangler demangler;
	struct generated_names generated;
};

struct names {
	const struct recording *recording; /* not owned */
	const char *debug_root;   /* folder of separate debug files; not owned */
	struct process_names *processes; /* by process */
	struct shared *shared;    /* the last user frees it */
	bool      opened_first;   /* among these */
	struct cache binaries;    /* of this recording, by build-id and path; not owned */
	struct problems problems; /* as of the last names_problems */
};

/* ---- hot ------------------------------------------------------------------------------------------------------ */

static struct binary *binary_of(struct names *names, struct process_id id, const struct module *module)
{
	const struct process_info *process = &names->recording->processes[id.index];
	struct process_names *cache = &names->processes[id.index];
	struct binary **binary = &cache->binaries[module - process->modules];
	struct cache_entry *entry, *shared;
	size_t path_size = strlen(module->path), size = module->build_id_size + path_size;
	char *key;

	if (*binary)
		return *binary;
	key = xmalloc(size + sizeof(struct names *));
	if (module->build_id_size)
		memcpy(key, module->build_id, module->build_id_size);
	memcpy(key + module->build_id_size, module->path, path_size);
	memcpy(key + size, &names, sizeof(struct names *));
	entry = cache_at(&names->binaries, key, size);
	/* Whether a file without build-id is what was loaded depends on when that was. */
	shared = entry->value ? NULL : cache_at(&names->shared->binaries, key,
	                                        module->build_id_size ? size : size + sizeof(struct names *));
	free(key);
	if (shared && !shared->value) {
		struct binary *new = xcalloc(1, sizeof(*new));

		new->module = module;
		new->loaded_ns = realtime_of(process, module->loaded);
		shared->value = new;
	}
	if (shared)
		entry->value = shared->value;
	return *binary = entry->value;
}

static struct resolved *one(struct frame frame)
{
	struct resolved *resolved = xcalloc(1, sizeof(*resolved) + sizeof(resolved->frames[0]));

	resolved->count = 1;
	resolved->frames[0] = frame;
	return resolved;
}

static struct resolved *known(struct frame frame, const struct location *location)
{
	struct resolved *resolved = xcalloc(1, sizeof(*resolved) + location->count * sizeof(resolved->frames[0]));

	resolved->count = location->count;
	frame.kind = FRAME_NATIVE;
	for (size_t i = 0; i < location->count; i++) {
		const struct place *place = &location->places[i];

		frame.function = place->function;
		frame.generic = place->generic;
		frame.merged = place->merged;
		frame.file = place->file;
		frame.line = place->line;
		frame.column = place->column;
		frame.inlined = i + 1 < location->count;
		resolved->frames[i] = frame;
	}
	return resolved;
}

static void build(struct names *names, struct process_id id)
{
	const struct process_info *process = &names->recording->processes[id.index];
	struct process_names *cache = &names->processes[id.index];

	module_index_build(&cache->modules, process);
	cache->binaries = xcalloc(process->module_count, sizeof(struct binary *));
	generated_build(&cache->generated, names->recording, id);
}

/* What lies in a module, and which builtin of V8 it is, or NULL. */
static const struct location *locate(struct names *names, struct process_id id, const struct module *module,
                                     uint64_t address, const char **builtin)
{
	struct binary *binary = binary_of(names, id, module);
	const struct location *location = binary_locate(binary, &names->shared->demangler, names->debug_root,
	                                                address - module->bias);

	*builtin = binary_builtin(binary, location);
	return location;
}

/* Did a function that V8 interprets call the one of this node? Then its frame follows. */
static bool is_above_interpreter(struct names *names, struct process_id id, const struct trace_node *node)
{
	const struct process_info *process = &names->recording->processes[id.index];
	struct process_names *cache = &names->processes[id.index];
	const struct trace_node *caller;
	const struct module *module;
	const char *builtin;
	uint32_t generation;

	if (node->parent < TRACE_FIRST_NODE)
		return false;
	caller = &process->nodes[node->parent - TRACE_FIRST_NODE];
	generation = caller->generation & TRACE_NODE_GENERATION;
	if (generated_is_interpreted(&cache->generated, caller))
		return true;
	module = module_at(&cache->modules, call_of(caller), generation);
	if (!module || !module->path[0])
		return false;
	locate(names, id, module, call_of(caller), &builtin);
	return builtin && !strcmp(builtin, "InterpreterEntryTrampoline");
}

/* What a runtime told in a file of its own, or that of the process's parent before the fork. False: nothing. */
static bool aside_frame(struct names *names, struct process_id id, const struct generated_place *at,
                        struct frame *frame)
{
	const struct recording *recording = names->recording;
	struct process_names *cache = &names->processes[id.index];
	const struct process_info *teller;
	enum jitcode_answer answer = JITCODE_NONE;
	struct jitcode_place place;
	enum aside_kind kind;

	/* Bytecode moves about, which V8 tells us and not the file. */
	if (cache->generated.is_named && (at->node->generation & TRACE_NODE_EXACT))
		return false;
	for (int forks = 0; forks < MOST_FORKS && id.index < recording->process_count; forks++) {
		teller = &recording->processes[id.index];
		answer = aside_find(&names->processes[id.index].aside, recording, teller, frame->address, &place,
		                    &kind);
		if (answer != JITCODE_NONE || !teller->forked)
			break;
		id = teller->parent;
	}
	if (answer == JITCODE_NONE)
		return false;
	frame->why = UNKNOWN_TWICE;
	if (answer == JITCODE_TWO ||
	    generated_named(&cache->generated, &names->shared->generated, &names->shared->demangler, at, place.name, frame))
		return true;
	frame->kind = FRAME_NATIVE;
	frame->function = demangle(&names->shared->demangler, place.name);
	frame->file = place.file;
	frame->line = place.line;
	frame->module = aside_module(kind);
	return true;
}

/* A place that an imported log names. */
static struct frame logged_frame(const struct logged *logged, uint64_t address)
{
	struct frame frame = {.kind = FRAME_LOG, .address = address};
	const struct log_site *site;

	if (address - 1 >= logged->site_count)
		return (struct frame){.kind = FRAME_UNKNOWN, .address = address, .why = UNKNOWN_SYMBOL};
	site = &logged->sites[address - 1];
	frame.file = site->file;
	frame.line = site->line;
	frame.column = site->column;
	frame.type = site->type;
	return frame;
}

static struct resolved *resolve(struct names *names, struct process_id id, const struct trace_node *node)
{
	struct process_names *cache = &names->processes[id.index];
	struct generated_place place = {
		.process = &names->recording->processes[id.index], .node = node,
	};
	uint64_t address = call_of(node);
	struct frame frame = {.kind = FRAME_UNKNOWN, .address = address, .why = UNKNOWN_SYMBOL};
	const struct location *location = NULL;
	const struct module *module;
	const char *builtin = NULL;

	if (place.process->logged)
		return one(logged_frame(place.process->logged, node->address));
	if (!cache->modules.built)
		build(names, id);
	module = module_at(&cache->modules, address, node->generation & TRACE_NODE_GENERATION);
	if (module) {
		frame.module = module->path[0] ? module->path : VDSO;
		if (module->path[0])
			location = locate(names, id, module, address, &builtin);
	}
	if (builtin || !location)
		place.above_interpreter = is_above_interpreter(names, id, node);
	if (location && !builtin) {
		if (location->count == 1)
			frame.literal = rust_literal(binary_of(names, id, module), &names->shared->demangler, names->debug_root,
			                             address - module->bias);
		return known(frame, location);
	}
	if (builtin)
		generated_builtin(&names->shared->generated, builtin, place.above_interpreter, &frame);
	else if (!generated_frame(&cache->generated, &names->shared->generated, &names->shared->demangler, &place, &frame) &&
	         !aside_frame(names, id, &place, &frame) && module)
		frame.why = UNKNOWN_SYMBOL;
	cache->unknown[frame.why] += !frame.function && !frame.machinery;
	return one(frame);
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

struct binary *names_binary(struct names *names, struct process_id id, struct node_id node, uint64_t *vaddr,
                            bool *exact)
{
	const struct process_info *process = &names->recording->processes[id.index];
	size_t index = (size_t)node.index - TRACE_FIRST_NODE;
	const struct trace_node *at;
	const struct module *module;
	struct binary *binary;

	if (node.index < TRACE_FIRST_NODE || index >= process->node_count)
		return NULL;
	if (!names->processes[id.index].modules.built)
		build(names, id);
	at = &process->nodes[index];
	module = module_at(&names->processes[id.index].modules, call_of(at), at->generation & TRACE_NODE_GENERATION);
	if (!module || !module->path[0])
		return NULL;
	binary = binary_of(names, id, module);
	*vaddr = at->address - module->bias;
	*exact = at->generation & TRACE_NODE_EXACT;
	return binary_open(binary, names->debug_root) ? binary : NULL;
}

/* The module that had the address then, NULL: none. */
static const struct module *module_then(const struct process_info *process, uint64_t address, uint64_t tick)
{
	for (size_t i = 0; i < process->module_count; i++) {
		const struct module *module = &process->modules[i];

		if (address >= module->start && address < module->end && module->loaded <= tick && tick < module->unloaded)
			return module;
	}
	return NULL;
}

const char *names_class(struct names *names, struct process_id id, uint32_t vtable)
{
	const struct process_info *process = &names->recording->processes[id.index];
	struct process_names *cache = &names->processes[id.index];
	const struct module *module;
	const char *symbol = NULL;
	char **class;

	if (vtable >= process->vtable_count || !process->vtables[vtable].name)
		return NULL;
	if (!cache->classes)
		cache->classes = xcalloc(process->vtable_count, sizeof(char *));
	class = &cache->classes[vtable];
	if (!*class) {
		const struct vtable *table = &process->vtables[vtable];

		if (!cache->modules.built)
			build(names, id);
		module = table->name[0] ? NULL : module_then(process, table->address, table->tick);
		if (module && module->path[0])
			symbol = binary_vtable(binary_of(names, id, module), names->debug_root, table->address - module->bias);
		*class = vtable_class(table->name, symbol);
		*class = *class ? *class : xstrdup("");
	}
	return **class ? *class : NULL;
}

bool names_class_size(struct names *names, struct process_id id, uint32_t vtable, uint64_t *size)
{
	const struct process_info *process = &names->recording->processes[id.index];
	const char *name = names_class(names, id, vtable), *symbol = NULL;
	const struct module *module;
	struct binary *binary;

	*size = 0;
	module = name ? module_then(process, process->vtables[vtable].address, process->vtables[vtable].tick) : NULL;
	if (module && module->path[0]) {
		binary = binary_of(names, id, module);
		symbol = binary_vtable(binary, names->debug_root, process->vtables[vtable].address - module->bias);
		if (binary_open(binary, names->debug_root)) {
			*size = class_size(binary, name);
			*size = *size ? *size : class_size_deleted(binary, process->vtables[vtable].address - module->bias);
		}
	}
	return !name || !vtable_is_shared(process->vtables[vtable].name, symbol);
}

/* ---- cold ----------------------------------------------------------------------------------------------------- */

static bool lacks_names(const struct names *names, size_t process)
{
	const struct process_names *cache = &names->processes[process];

	return cache->generated.missing && !cache->generated.is_named &&
	       cache->unknown[UNKNOWN_SILENT] + cache->unknown[UNKNOWN_INTERPRETED];
}

/* Processes whose functions would have names, had their runtime what it takes; once for each thing that it lacks. */
static void add_missing(struct names *names)
{
	for (size_t i = 0; i < names->recording->process_count; i++) {
		const struct process_info *process = &names->recording->processes[i];
		const char *slash = strrchr(process->exe, '/');
		size_t others = 0;
		bool is_first = true;

		if (!lacks_names(names, i))
			continue;
		for (size_t j = 0; j < names->recording->process_count; j++)
			if (j != i && lacks_names(names, j) &&
			    !strcmp(names->processes[i].generated.missing, names->processes[j].generated.missing)) {
				is_first = is_first && j > i;
				others++;
			}
		if (!is_first)
			continue;
		problems_add(&names->problems,
		             others ? xasprintf("JavaScript functions of %zu processes have no names: %s", others + 1,
		                                names->processes[i].generated.missing)
		                    : xasprintf("JavaScript functions of %s (pid %" PRIu32 ") have no names: %s",
		                                slash ? slash + 1 : process->exe, process->header.pid,
		                                names->processes[i].generated.missing));
	}
}

static void add_changed(struct names *names)
{
	const struct originals *originals = &names->shared->generated.originals;

	if (originals->changed == 1)
		problems_add(&names->problems,
		             xasprintf("a script or its source map changed since it was loaded, so places in it are "
		                       "those of what ran: %s", originals->example));
	else if (originals->changed)
		problems_add(&names->problems,
		             xasprintf("%zu scripts or their source maps changed since they were loaded, so places in "
		                       "them are those of what ran: %s, …", originals->changed, originals->example));
}

static void add_asides(struct names *names)
{
	for (size_t i = 0; i < names->recording->process_count; i++)
		for (enum aside_kind kind = 0; kind < ASIDE_KINDS; kind++)
			problems_add(&names->problems, aside_problem(&names->processes[i].aside,
			                                             &names->recording->processes[i], kind));
}

size_t names_problems(struct names *names, const char *const **sentences)
{
	problems_free(&names->problems);
	for (size_t i = 0; i < names->binaries.capacity; i++)
		if (names->binaries.slots[i].entry)
			problems_note(&names->problems, names->binaries.slots[i].entry->value);
	problems_write(&names->problems);
	add_missing(names);
	if (names->opened_first)
		add_changed(names);
	add_asides(names);
	*sentences = (const char *const *)names->problems.sentences;
	return names->problems.count;
}

static struct names *open_beside(const struct recording *recording, const char *debug_root, const struct names *other)
{
	struct names *names = xcalloc(1, sizeof(*names));

	names->recording = recording;
	names->debug_root = debug_root;
	names->opened_first = !other;
	names->shared = other ? other->shared : xcalloc(1, sizeof(*names->shared));
	names->shared->users++;
	names->processes = xcalloc(recording->process_count, sizeof(*names->processes));
	return names;
}

struct names *names_open(const struct recording *recording)
{
	return open_beside(recording, DEBUG_ROOT, NULL);
}

struct names *names_open_with(const struct recording *recording, const char *debug_root)
{
	return open_beside(recording, debug_root, NULL);
}

struct names *names_open_beside(const struct recording *recording, const struct names *other)
{
	return open_beside(recording, other ? other->debug_root : DEBUG_ROOT, other);
}

static void release(struct shared *shared)
{
	if (--shared->users)
		return;
	cache_free(&shared->binaries, binary_close);
	demangler_free(&shared->demangler);
	generated_names_free(&shared->generated);
	free(shared);
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
		generated_free(&cache->generated);
		free(cache->binaries);
		for (size_t j = 0; cache->classes && j < names->recording->processes[i].vtable_count; j++)
			free(cache->classes[j]);
		free(cache->classes);
		aside_free(&cache->aside);
	}
	free(names->processes);
	cache_free(&names->binaries, NULL);
	release(names->shared);
	problems_free(&names->problems);
	free(names);
}
