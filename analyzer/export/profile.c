/* profile.c: see profile.h. Reads a view and names. */
#include "export/profile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "heap/churn.h"
#include "names/cache.h"
#include "report/by_type.h"
#include "report/escape.h"
#include "trace/array.h"
#include "util.h"

struct profile_tables {          /* indices + 1, by key */
	struct cache texts, raw;     /* by text, and by text as it was given */
	struct cache functions, frames, places, mappings;
	uint32_t  endings[TRACE_FIRST_NODE]; /* places, PROFILE_NONE until needed */
	uint32_t  library;           /* likewise: libprobe.so */
};

/* The number of a key, `next` if it is new. */
static uint32_t number_of(struct cache *cache, const void *key, size_t size, size_t next)
{
	struct cache_entry *entry = cache_at(cache, key, size);

	if (!entry->value)
		entry->value = (void *)(uintptr_t)(next + 1);
	return (uint32_t)((uintptr_t)entry->value - 1);
}

const char *profile_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

uint32_t profile_text_of(struct profile *profile, const char *text)
{
	struct cache_entry *raw = cache_at(&profile->tables->raw, text, strlen(text)), *entry;
	char *valid;

	if (raw->value)
		return (uint32_t)((uintptr_t)raw->value - 1);
	valid = escape_utf8(text);
	entry = cache_at(&profile->tables->texts, valid, strlen(valid));
	free(valid);
	if (!entry->value) {
		array_room(profile->texts, profile->text_count);
		profile->texts[profile->text_count++] = entry->key;
		entry->value = (void *)(uintptr_t)profile->text_count;
	}
	raw->value = entry->value;
	return (uint32_t)((uintptr_t)raw->value - 1);
}

const char *profile_title(struct profile *profile)
{
	const struct view *view = profile->view;
	char *title = view->process_count == 1
	                      ? xasprintf("%s, pid %" PRIu32, profile_text(profile, profile->processes[0].name),
	                                  view->processes[0].info->header.pid)
	                      : view->input_count == 1
	                      ? xasprintf("%s, %zu processes", view->inputs[0].recording->dir, view->process_count)
	                      : xasprintf("%zu recordings, %zu processes", view->input_count, view->process_count);
	uint32_t text = profile_text_of(profile, title);

	free(title);
	return profile_text(profile, text);
}

/* ---- places ---------------------------------------------------------------------------------------------------- */

/* What a frame without a name is called: of a log by its place, which is all that there is. */
static uint32_t made_name(struct profile *profile, const struct frame *frame, const struct module *module)
{
	uint32_t text;
	char *name;

	if (frame->kind == FRAME_LOG && frame->file)
		name = frame->line ? xasprintf("%s:%" PRIu32, frame->file, frame->line) : xstrdup(frame->file);
	else if (frame->has_wasm_index)
		name = xasprintf("wasm-function[%" PRIu32 "]", frame->wasm_index);
	else if (module)
		name = xasprintf("%s+0x%" PRIx64, *module->path ? profile_base_name(module->path) : "vdso",
		                 frame->address - module->bias);
	else
		name = xasprintf("(unknown: %s)", unknown_name(frame->why));
	text = profile_text_of(profile, name);
	free(name);
	return text;
}

static uint32_t mapping_of(struct profile *profile, const struct module *module)
{
	size_t length = strlen(module->path), size = length + 1 + module->build_id_size;
	char *key = xmalloc(size);
	uint32_t number;

	memcpy(key, module->path, length + 1);
	if (module->build_id_size)
		memcpy(key + length + 1, module->build_id, module->build_id_size);
	number = number_of(&profile->tables->mappings, key, size, profile->mapping_count);
	free(key);
	if (number == profile->mapping_count) {
		array_room(profile->mappings, profile->mapping_count);
		profile->mappings[profile->mapping_count++] =
			(struct profile_mapping){module, profile_text_of(profile, module->path)};
	}
	return number;
}

static bool begins_known(const struct frame *frame)
{
	return frame->kind == FRAME_JS && frame->file && frame->module && !strcmp(frame->file, frame->module);
}

static uint32_t function_of(struct profile *profile, const struct frame *frame, const struct module *module)
{
	struct profile_function function = {
		.name = frame->function && *frame->function ? profile_text_of(profile, frame->function)
		                                            : made_name(profile, frame, module),
		.file = profile_text_of(profile, frame->file ? frame->file : ""),
		.module = profile_text_of(profile, frame->module ? frame->module : ""),
		.kind = frame->kind, .named = frame->function && *frame->function,
	};
	/* Builds that are compared may be called otherwise, as their folders are. */
	bool anywhere = profile->wanted & PROFILE_BASE_NAMES && frame->kind == FRAME_NATIVE;
	/* A name is the same wherever its module is installed; a place without a name, in one build only. */
	uint32_t in = function.named ? profile_text_of(profile, frame->module && !anywhere ? profile_base_name(frame->module) : "")
	                             : module ? ~mapping_of(profile, module) : function.module;
	uint32_t file = profile->wanted & PROFILE_BASE_NAMES && frame->file
	                        ? profile_text_of(profile, profile_base_name(frame->file)) : function.file;
	uint32_t key[4] = {function.name, file, in, (uint32_t)function.kind}, number;

	number = number_of(&profile->tables->functions, key, sizeof(key), profile->function_count);
	if (number == profile->function_count) {
		if (begins_known(frame))
			function.line = frame->own_line, function.column = frame->own_column;
		else if (frame->line_kind == LINE_FUNCTION)
			function.line = frame->line, function.column = frame->column;
		array_room(profile->functions, profile->function_count);
		profile->functions[profile->function_count++] = function;
	}
	return number;
}

static uint32_t frame_of(struct profile *profile, const struct frame *frame, const struct module *module)
{
	struct profile_frame made = {
		.function = function_of(profile, frame, module), .line = frame->line, .column = frame->column,
		.inlined = frame->inlined,
	};
	uint32_t key[4] = {made.function, made.line, made.column, made.inlined};
	uint32_t number = number_of(&profile->tables->frames, key, sizeof(key), profile->frame_count);

	if (number == profile->frame_count) {
		array_room(profile->frames, profile->frame_count);
		profile->frames[profile->frame_count++] = made;
	}
	return number;
}

/* The place with these frames, which are the last ones in frame_ids. */
static uint32_t place_of_frames(struct profile *profile, uint32_t mapping, uint64_t address, size_t first)
{
	size_t count = profile->frame_id_count - first;
	uint64_t *key = xcalloc(2 + count, sizeof(*key));
	uint32_t number;

	key[0] = mapping;
	key[1] = address;
	for (size_t i = 0; i < count; i++)
		key[2 + i] = profile->frame_ids[first + i];
	number = number_of(&profile->tables->places, key, (2 + count) * sizeof(*key), profile->place_count);
	free(key);
	if (number < profile->place_count) {
		profile->frame_id_count = first;
		return number;
	}
	array_room(profile->places, profile->place_count);
	profile->places[profile->place_count++] =
		(struct profile_place){mapping, address, (uint32_t)first, (uint32_t)count};
	return number;
}

static void add_frame(struct profile *profile, uint32_t frame)
{
	array_room(profile->frame_ids, profile->frame_id_count);
	profile->frame_ids[profile->frame_id_count++] = frame;
}

static uint32_t make_place(struct profile *profile, struct view_process *process, struct node_id node)
{
	const struct module *module = place_module(process, node);
	uint32_t mapping = module ? mapping_of(profile, module) : PROFILE_NONE;
	size_t first = profile->frame_id_count, count;
	const struct frame *frames;
	uint64_t address;

	count = names_resolve(process->input->names, process->id, node, &frames);
	address = count ? frames[0].address : 0;
	for (size_t i = 0; i < count; i++)
		if (!place_is_probe(&frames[i]) && !frames[i].machinery)
			add_frame(profile, frame_of(profile, &frames[i], module));
	if (module)
		address = address - module->start + profile->mappings[mapping].module->start;
	return place_of_frames(profile, mapping, address, first);
}

/* What stands for frames that are not there; `*place` is PROFILE_NONE until it is needed. */
static uint32_t standin(struct profile *profile, uint32_t *place, const char *name)
{
	struct frame frame = {.kind = FRAME_UNKNOWN, .function = name};
	size_t first = profile->frame_id_count;

	if (*place == PROFILE_NONE) {
		add_frame(profile, frame_of(profile, &frame, NULL));
		*place = place_of_frames(profile, PROFILE_NONE, 0, first);
	}
	return *place;
}

/* Of a stack whose outermost frames are not there; PROFILE_NONE: they are. */
static uint32_t ending_of(struct profile *profile, uint32_t ending)
{
	static const char *const names[TRACE_FIRST_NODE] = {
		[TRACE_STACK_NONE] = "(no stack was taken)", [TRACE_STACK_CUT] = "(outer frames were cut)",
		[TRACE_STACK_LOST] = "(outer frames are unknown)",
	};

	return ending >= TRACE_FIRST_NODE || !names[ending] ? PROFILE_NONE
	                                                    : standin(profile, &profile->tables->endings[ending], names[ending]);
}

/* A sample that was taken in libprobe.so itself is not its caller's. */
static uint32_t leaf_of(struct profile *profile, struct view_process *process, struct node_id stack)
{
	const struct frame *frames;

	if (!node_is_frame(process->info, stack) || !names_resolve(process->input->names, process->id, stack, &frames) ||
	    frames[0].kind != FRAME_NATIVE || !place_is_probe(&frames[0]))
		return PROFILE_NONE;
	return standin(profile, &profile->tables->library, "(libprobe, recording)");
}

/* ---- sites ----------------------------------------------------------------------------------------------------- */

static bool is_empty(const struct profile_site *site)
{
	for (size_t i = 0; i < PROFILE_VALUES; i++)
		if (site->values[i])
			return false;
	return true;
}

static uint32_t text_or_none(struct profile *profile, const char *text)
{
	return text ? profile_text_of(profile, text) : 0;
}

static void add_type(struct profile *profile, struct profile_site *site, const struct stack *stack)
{
	const struct site *from = site->site;
	struct block_type is = type_of_each(&profile->view->processes[site->process], from->domain, &from->claims, stack,
	                                    (struct block_sizes){from->allocs, from->bytes_allocated, from->live_blocks},
	                                    from->range);

	site->type = text_or_none(profile, is.type);
	site->owner = text_or_none(profile, is.owner);
	site->evidence = text_or_none(profile, is.evidence);
}

/* Looks its stack up; false: it has no value, and is left out. */
static bool add_stack(struct profile *profile, struct profile_site site)
{
	struct view_process *process = &profile->view->processes[site.process];
	uint32_t *places = profile->processes[site.process].places;
	struct stack stack;

	if (is_empty(&site))
		return false;
	for (struct node_id node = site.stack; node_is_frame(process->info, node);) {
		uint32_t *place = &places[node.index - TRACE_FIRST_NODE];

		/* What lies further out was looked up with it. */
		if (*place != PROFILE_NONE)
			break;
		*place = make_place(profile, process, node);
		node.index = process->info->nodes[node.index - TRACE_FIRST_NODE].parent;
	}
	stack = stack_resolve(process, site.stack);
	if (profile->typed && site.site)
		add_type(profile, &site, &stack);
	site.ending = ending_of(profile, stack.ending);
	site.leaf = site.cpu ? leaf_of(profile, process, site.stack) : PROFILE_NONE;
	site.blamed = PROFILE_NONE;
	if (stack.blame < stack.count)
		site.blamed = function_of(profile, stack.frames[stack.blame].frame,
		                          place_module(process, stack.frames[stack.blame].node));
	stack_free(&stack);
	for (size_t i = 0; i < PROFILE_VALUES; i++)
		profile->totals[i] += site.values[i];
	array_room(profile->sites, profile->site_count);
	profile->sites[profile->site_count++] = site;
	return true;
}

/* When the process had most; if blocks were counted one by one, when all processes had. */
static uint64_t peak_of(const struct process_info *info, const struct site *site)
{
	const struct churn *churn = info->churn;

	if (!churn || site->domain != churn->domain)
		return site->peak_bytes;
	return site->history < churn->site_count ? churn->sites[site->history].peak_bytes : 0;
}

static void add_site(struct profile *profile, size_t index, const struct site *from)
{
	add_stack(profile, (struct profile_site){
		.process = index, .domain = from->domain, .stack = from->stack, .site = from,
		.values = {
			[VALUE_ALLOCS] = from->allocs, [VALUE_BYTES] = from->bytes_allocated,
			[VALUE_LIVE_BLOCKS] = view_blocks(profile->view, from),
			[VALUE_LIVE_BYTES] = view_bytes(profile->view, from), [VALUE_PEAK] = peak_of(profile->view->processes[index].info, from),
			[VALUE_TEMPORARY] = from->temporary,
		},
	});
}

static void add_samples(struct profile *profile, size_t index)
{
	const struct cpu *cpu = profile->view->processes[index].info->cpu;
	struct profile_process *process = &profile->processes[index];

	process->sampled = xcalloc(cpu ? cpu->row_count + 1 : 1, sizeof(*process->sampled));
	for (size_t i = 0; cpu && i < cpu->row_count; i++) {
		const struct cpu_row *row = &cpu->rows[i];
		struct profile_site site = {.process = index, .domain = DOMAINS, .stack = row->stack, .cpu = row};

		for (int kind = 0; kind < TRACE_CPU_KINDS; kind++)
			site.values[VALUE_CPU + kind] = row->amounts[kind];
		site.values[VALUE_SAMPLES] = row->samples;
		process->sampled[i] = add_stack(profile, site) ? (uint32_t)profile->site_count - 1 : PROFILE_NONE;
	}
}

static void add_process(struct profile *profile, size_t index, int domain)
{
	const struct process_info *info = profile->view->processes[index].info;
	enum domain wanted = domain >= 0 ? (enum domain)domain : info->logged ? DOMAIN_LOG : DOMAIN_HEAP;
	struct profile_process *process = &profile->processes[index];

	process->name = profile_text_of(profile, *info->exe ? profile_base_name(info->exe) : info->stem);
	process->places = xmalloc((info->node_count + 1) * sizeof(*process->places));
	for (size_t i = 0; i < info->node_count; i++)
		process->places[i] = PROFILE_NONE;
	for (size_t i = 0; profile->wanted & PROFILE_MEMORY && i < info->site_count; i++)
		if (info->sites[i].domain == wanted)
			add_site(profile, index, &info->sites[i]);
	if (profile->wanted & PROFILE_CPU)
		add_samples(profile, index);
}

struct profile *profile_build(const struct view *view, int domain, bool typed, int wanted)
{
	struct profile *profile = xcalloc(1, sizeof(*profile));

	profile->view = view;
	profile->typed = typed;
	profile->wanted = wanted;
	profile->tables = xcalloc(1, sizeof(*profile->tables));
	for (size_t i = 0; i < TRACE_FIRST_NODE; i++)
		profile->tables->endings[i] = PROFILE_NONE;
	profile->tables->library = PROFILE_NONE;
	profile->processes = xcalloc(view->process_count + 1, sizeof(*profile->processes));
	profile_text_of(profile, "");
	for (size_t i = 0; i < view->process_count; i++)
		add_process(profile, i, domain);
	return profile;
}

size_t profile_stack(const struct profile *profile, const struct profile_site *site, uint32_t **places,
                     size_t *capacity)
{
	const struct process_info *info = profile->view->processes[site->process].info;
	bool leaf = site->leaf != PROFILE_NONE;
	size_t count = 0;

	for (struct node_id node = site->stack;;) {
		bool inner = leaf || node_is_frame(info, node);
		uint32_t place = leaf ? site->leaf : inner ? profile->processes[site->process].places[node.index - TRACE_FIRST_NODE]
		                                           : site->ending;

		if (place == PROFILE_NONE)
			return count;
		if (count == *capacity) {
			*capacity = *capacity ? *capacity * 2 : 128;
			*places = xreallocarray(*places, *capacity, sizeof(**places));
		}
		if (profile->places[place].count)
			(*places)[count++] = place;
		if (!inner)
			return count;
		if (!leaf)
			node.index = info->nodes[node.index - TRACE_FIRST_NODE].parent;
		leaf = false;
	}
}

void profile_free(struct profile *profile)
{
	for (size_t i = 0; i < profile->view->process_count; i++) {
		free(profile->processes[i].places);
		free(profile->processes[i].sampled);
	}
	cache_free(&profile->tables->texts, NULL);
	cache_free(&profile->tables->raw, NULL);
	cache_free(&profile->tables->functions, NULL);
	cache_free(&profile->tables->frames, NULL);
	cache_free(&profile->tables->places, NULL);
	cache_free(&profile->tables->mappings, NULL);
	free(profile->tables);
	free(profile->texts);
	free(profile->functions);
	free(profile->frames);
	free(profile->frame_ids);
	free(profile->places);
	free(profile->mappings);
	free(profile->sites);
	free(profile->processes);
	free(profile);
}
