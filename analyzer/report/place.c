/* place.c: which module an address of a call tree lies in; see view.h. Reads the model, fills view_process.places. */
#include <string.h>

#include "report/view.h"
#include "util.h"

enum { PLACE_UNKNOWN, PLACE_NOWHERE, PLACE_FIRST };

const struct module *place_module(struct view_process *process, struct node_id node)
{
	const struct process_info *info = process->info;
	const struct trace_node *entry;
	uint32_t *place, generation;
	uint64_t address;

	if (!node_is_frame(info, node))
		return NULL;
	if (!process->places)
		process->places = xcalloc(info->node_count, sizeof(*process->places));
	place = &process->places[node.index - TRACE_FIRST_NODE];
	entry = &info->nodes[node.index - TRACE_FIRST_NODE];
	if (*place == PLACE_UNKNOWN) {
		*place = PLACE_NOWHERE;
		/* A return address may be one past the end of its function, and of its module. */
		address = entry->address - !(entry->generation & TRACE_NODE_EXACT);
		generation = entry->generation & TRACE_NODE_GENERATION;
		for (size_t i = 0; i < info->module_count && i < UINT32_MAX - PLACE_FIRST; i++) {
			const struct module *module = &info->modules[i];

			if (address >= module->start && address < module->end && module->generation == generation) {
				*place = PLACE_FIRST + (uint32_t)i;
				break;
			}
		}
	}
	return *place >= PLACE_FIRST ? &info->modules[*place - PLACE_FIRST] : NULL;
}

bool place_is_runtime(const char *path)
{
	static const char *const runtimes[] = {
		"libc.so", "libc-", "libstdc++.so", "libc++.so", "libgcc_s", "libm.so", "libpthread", "ld-linux",
		"libprobe.so",
	};
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < sizeof(runtimes) / sizeof(*runtimes); i++)
		if (!strncmp(name, runtimes[i], strlen(runtimes[i])))
			return true;
	return false;
}

bool place_is_engine_file(const struct view_process *process, const char *path)
{
	const char *slash = strrchr(path, '/');

	return process->has_runtime && (!strcmp(path, process->info->exe) ||
	                                !strncmp(slash ? slash + 1 : path, "libnode.so", 10));
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

#define WRAPPER "@probe"         /* how names of wrappers in a rewritten module end (preload/node/rewrite/labels.h) */

static bool is_wrapper(const char *function)
{
	size_t length = function ? strlen(function) : 0, ending = strlen(WRAPPER);

	return length >= ending && !strcmp(function + length - ending, WRAPPER);
}

/* Of probe.h: inlined, so that its caller is the innermost frame but for this. */
static bool is_annotation(const struct frame *frame)
{
	return frame->inlined && frame->function && frame->file && !strncmp(frame->function, "probe_", 6) &&
	       !strcmp(file_name(frame->file), "probe.h");
}

bool place_is_probe(const struct frame *frame)
{
	if (frame->kind == FRAME_WASM)
		return is_wrapper(frame->function);
	if (frame->kind == FRAME_JS)
		return frame->file && !strcmp(file_name(frame->file), "libprobe.cjs");
	return is_annotation(frame) || (frame->module && !strcmp(file_name(frame->module), "libprobe.so"));
}

bool place_is_engine(const struct view_process *process, const struct frame *frame)
{
	switch (frame->kind) {
	case FRAME_BUILTIN:
		return true;
	case FRAME_JS: /* a regular expression has neither script nor line */
		return frame->file ? !strncmp(frame->file, "node:", 5) || place_is_probe(frame) : !frame->line;
	case FRAME_NATIVE:
	case FRAME_UNKNOWN:
		return frame->module && place_is_engine_file(process, frame->module);
	case FRAME_WASM:
	case FRAME_LOG:
		break;
	}
	return false;
}

const char *place_owner(struct view_process *process, struct node_id stack)
{
	const char *first = NULL;

	for (struct node_id node = stack; node_is_frame(process->info, node);
	     node.index = process->info->nodes[node.index - TRACE_FIRST_NODE].parent) {
		const struct module *module = place_module(process, node);
		const struct frame *frames;

		if (module && place_is_runtime(module->path))
			continue;
		if (module && !place_is_engine_file(process, module->path))
			return module->path;
		if (module) {
			first = first ? first : module->path;
			continue;
		}
		names_resolve(process->input->names, process->id, node, &frames);
		if (!frames[0].function && frames[0].kind == FRAME_UNKNOWN)
			return "";
		if (frames[0].kind == FRAME_LOG && frames[0].file)
			return frames[0].file;
		if (frames[0].module && !place_is_engine(process, &frames[0]))
			return frames[0].module;
	}
	if (!first && place_module(process, stack))
		first = place_module(process, stack)->path;
	return first ? first : "";
}

uint32_t place_ending(const struct process_info *process, struct node_id stack)
{
	while (node_is_frame(process, stack))
		stack.index = process->nodes[stack.index - TRACE_FIRST_NODE].parent;
	return stack.index < TRACE_FIRST_NODE ? stack.index : TRACE_STACK_LOST;
}
