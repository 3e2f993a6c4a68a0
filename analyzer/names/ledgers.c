/*
 * ledgers.c: see ledgers.h. V8 is known by the names of its own functions, which node exports: those through which
 * it gets memory from the system, and the allocators that it calls for ArrayBuffers.
 */
#include "names/ledgers.h"

#include <stdlib.h>
#include <string.h>

#include "heap/ledger.h"
#include "heap/wasm.h"
#include "util.h"

#define FRAMES_LOOKED_AT 8       /* of a stack, from the innermost */

struct naming {
	const struct process_info *process;
	struct process_id id;
	struct names *names;
};

static bool begins(const char *text, const char *with)
{
	return text && !strncmp(text, with, strlen(with));
}

/* The first frame among the innermost ones whose function has one of these names in it. */
static bool calls(const struct naming *naming, struct node_id node, const char *const *names, int depth)
{
	for (int i = 0; i < depth && node.index >= TRACE_FIRST_NODE &&
	     node.index - TRACE_FIRST_NODE < naming->process->node_count; i++) {
		const struct frame *frames;
		size_t count = names_resolve(naming->names, naming->id, node, &frames);

		for (size_t f = 0; f < count; f++)
			for (const char *const *name = names; frames[f].function && *name; name++)
				if (strstr(frames[f].function, *name))
					return true;
		node.index = naming->process->nodes[node.index - TRACE_FIRST_NODE].parent;
	}
	return false;
}

static bool is_runtime(const struct naming *naming, struct node_id node)
{
	static const char *const own[] = {"v8::", "cppgc::", "heap::base::"};
	const struct frame *frames;
	size_t count;

	if (node.index < TRACE_FIRST_NODE || node.index - TRACE_FIRST_NODE >= naming->process->node_count)
		return false;
	count = names_resolve(naming->names, naming->id, node, &frames);
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (begins(frames[count - 1].function, own[i]))
			return true;
	return false;
}

/* "function, file:line": the innermost frame that has a name. */
static char *site_name(const struct naming *naming, struct node_id node)
{
	for (int i = 0; i < FRAMES_LOOKED_AT && node.index >= TRACE_FIRST_NODE &&
	     node.index - TRACE_FIRST_NODE < naming->process->node_count; i++) {
		const struct frame *frames;
		size_t count = names_resolve(naming->names, naming->id, node, &frames);

		for (size_t f = 0; f < count; f++) {
			const char *slash = frames[f].file ? strrchr(frames[f].file, '/') : NULL;

			if (frames[f].function && frames[f].file && frames[f].line)
				return xasprintf("%s, %s:%u", frames[f].function,
				                 slash ? slash + 1 : frames[f].file, frames[f].line);
			if (frames[f].function)
				return xstrdup(frames[f].function);
		}
		node.index = naming->process->nodes[node.index - TRACE_FIRST_NODE].parent;
	}
	return xstrdup("unknown site");
}

static void name_live(const struct naming *naming, struct ledger_part *part)
{
	static const char *const allocators[] = {"ArrayBufferAllocator::", "AllocateExternalBackingStore", NULL};

	if (calls(naming, part->stack, allocators, 2))
		part->kind = LEDGER_ARRAY_BUFFERS;
	part->stack.index = TRACE_STACK_NONE;
}

static void name_mapped(const struct naming *naming, struct ledger_part *part)
{
	static const char *const stores[] = {"v8::internal::BackingStore::", NULL};
	static const char *const wasm[] = {"Wasm", "wasm::", NULL};

	if (part->stack.index == TRACE_STACK_NONE) {
		part->name = xstrdup("made inaccessible");
		return;
	}
	if (wasm_has_stack(naming->process, part->stack)) {
		part->kind = LEDGER_WASM;
	} else if (!is_runtime(naming, part->stack)) {
		part->name = site_name(naming, part->stack);
		return;
	} else if (calls(naming, part->stack, stores, FRAMES_LOOKED_AT)) {
		part->kind = calls(naming, part->stack, wasm, FRAMES_LOOKED_AT) ? LEDGER_WASM : LEDGER_ARRAY_BUFFERS;
	} else {
		part->kind = part->executable ? LEDGER_RUNTIME_CODE : LEDGER_RUNTIME_HEAP;
	}
	part->executable = false;
	part->stack.index = TRACE_STACK_NONE;
}

void names_ledgers(struct recording *recording, struct names *names)
{
	for (size_t p = 0; p < recording->process_count; p++) {
		struct process_info *process = &recording->processes[p];
		struct naming naming = {process, {(uint32_t)p}, names};

		for (size_t i = 0; i < process->ledger_count; i++) {
			struct ledger *ledger = &process->ledgers[i];

			for (size_t n = 0; n < ledger->part_count; n++)
				if (ledger->parts[n].kind == LEDGER_LIVE)
					name_live(&naming, &ledger->parts[n]);
				else if (ledger->parts[n].kind == LEDGER_MAPPED && !ledger->parts[n].name)
					name_mapped(&naming, &ledger->parts[n]);
			ledger_join(ledger);
		}
	}
}
