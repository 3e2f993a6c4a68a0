/* join.c: a hash per call-tree node that is equal for the same stack in another process; see view.h. */
#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* a state on the stack */
#include <xxhash.h>

#include "report/view.h"
#include "util.h"

static void add_bytes(XXH3_state_t *state, const void *bytes, size_t size)
{
	uint64_t length = size;

	XXH3_128bits_update(state, &length, sizeof(length));
	XXH3_128bits_update(state, bytes, size);
}

static void add_text(XXH3_state_t *state, const char *text)
{
	add_bytes(state, text ? text : "", text ? strlen(text) : 0);
}

static void add_number(XXH3_state_t *state, uint64_t number)
{
	XXH3_128bits_update(state, &number, sizeof(number));
}

/* Where the address is: in which module, how far into it; alone in its process if it is in none. */
static void add_place(XXH3_state_t *state, struct view_process *process, struct node_id node)
{
	const struct module *module = place_module(process, node);
	uint64_t address = process->info->nodes[node.index - TRACE_FIRST_NODE].address;

	if (module) {
		add_text(state, module->path);
		add_bytes(state, module->build_id, module->build_id ? module->build_id_size : 0);
		add_number(state, address - module->bias);
	} else {
		add_text(state, process->info->stem);
		add_number(state, address);
	}
}

static void add_symbols(XXH3_state_t *state, struct view_process *process, struct node_id node)
{
	const struct frame *frames;
	size_t count = names_resolve(process->input->names, process->id, node, &frames);

	for (size_t i = 0; i < count; i++) {
		if (frames[i].machinery)
			continue;
		if (frames[i].kind == FRAME_LOG) {
			add_text(state, frames[i].file);
			add_text(state, frames[i].type);
			add_number(state, frames[i].line);
			add_number(state, frames[i].column);
			continue;
		}
		if (!frames[i].function) {
			add_place(state, process, node);
			continue;
		}
		add_number(state, frames[i].kind);
		add_text(state, frames[i].function);
		add_text(state, frames[i].file);
		add_number(state, frames[i].line);
		add_number(state, frames[i].column);
		/* Functions whose lines are not known are told apart by where they are in what ran. */
		add_number(state, frames[i].own_line);
		add_number(state, frames[i].own_column);
		if (!frames[i].file)
			add_text(state, frames[i].module);
	}
}

struct node_hash join_type(struct node_hash hash, const char *type)
{
	XXH128_hash_t made;
	XXH3_state_t state;

	if (!type)
		return hash;
	XXH3_128bits_reset(&state);
	add_number(&state, hash.low);
	add_number(&state, hash.high);
	add_text(&state, type);
	made = XXH3_128bits_digest(&state);
	return (struct node_hash){.low = made.low64, .high = made.high64};
}

struct node_hash join_hash(struct view_process *process, struct node_id stack, bool by_symbol)
{
	const struct process_info *info = process->info;
	struct node_hash hash;
	size_t depth = 0, capacity = 128;
	struct node_id *pending = xreallocarray(NULL, capacity, sizeof(*pending));
	struct node_id node = stack;

	if (!process->hashes)
		process->hashes = xcalloc(info->node_count, sizeof(*process->hashes));
	/* Outwards to the first frame whose hash is known, then back inwards. */
	for (; node_is_frame(info, node); node.index = info->nodes[node.index - TRACE_FIRST_NODE].parent) {
		hash = process->hashes[node.index - TRACE_FIRST_NODE];
		if (hash.low | hash.high)
			break;
		if (depth == capacity)
			pending = xreallocarray(pending, capacity *= 2, sizeof(*pending));
		pending[depth++] = node;
	}
	if (!node_is_frame(info, node))
		hash = (struct node_hash){.low = node.index, .high = 1};
	while (depth) {
		XXH3_state_t state;
		XXH128_hash_t made;

		node = pending[--depth];
		XXH3_128bits_reset(&state);
		add_number(&state, hash.low);
		add_number(&state, hash.high);
		if (by_symbol || !place_module(process, node))
			add_symbols(&state, process, node);
		else
			add_place(&state, process, node);
		made = XXH3_128bits_digest(&state);
		hash = (struct node_hash){.low = made.low64, .high = made.high64 ? made.high64 : 1};
		process->hashes[node.index - TRACE_FIRST_NODE] = hash;
	}
	free(pending);
	return hash;
}
