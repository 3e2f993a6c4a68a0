/* wasm_stacks.c: see wasm_stacks.h. */
#include "names/wasm_stacks.h"

#include <stdlib.h>
#include <string.h>

#include "names/demangle.h"
#include "util.h"

#define FRAMES_LOOKED_AT 24      /* of a stack, from the innermost */
#define HOOK "probe.hook"        /* how names of the hooks' functions begin (preload/node/hooks.wat) */

struct naming {
	const struct process_info *process;
	struct process_id id;
	struct names *names;
	uint32_t *watched; size_t watched_count; /* indices of functions, in order; owned */
};

static int by_index(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static void gather_watched(struct naming *naming)
{
	const struct process_info *process = naming->process;
	size_t count = 0;

	for (size_t i = 0; i < process->wasm_told_count; i++)
		count += process->wasm_told[i].repeats ? 0 : process->wasm_told[i].watched_count;
	naming->watched = xcalloc(count, sizeof *naming->watched);
	for (size_t i = 0; i < process->wasm_told_count; i++)
		for (size_t w = 0; !process->wasm_told[i].repeats && w < process->wasm_told[i].watched_count; w++)
			naming->watched[naming->watched_count++] = process->wasm_told[i].watched[w].index;
	if (count)
		qsort(naming->watched, count, sizeof *naming->watched, by_index);
}

static bool is_frame(const struct naming *naming, struct node_id node)
{
	return node.index >= TRACE_FIRST_NODE && node.index - TRACE_FIRST_NODE < naming->process->node_count;
}

static struct node_id caller(const struct naming *naming, struct node_id node)
{
	return (struct node_id){naming->process->nodes[node.index - TRACE_FIRST_NODE].parent};
}

static bool is_hook(const struct naming *naming, struct node_id node)
{
	const struct frame *frames;
	size_t count = names_resolve(naming->names, naming->id, node, &frames);

	for (size_t i = 0; i < count; i++)
		if (frames[i].kind == FRAME_WASM && frames[i].function &&
		    !strncmp(frames[i].function, HOOK, strlen(HOOK)))
			return true;
	return false;
}

/* Is it a function that is watched; of any module of the process: only the one above the hooks is asked about. */
static bool is_watched(const struct naming *naming, struct node_id node)
{
	const struct frame *frames;
	size_t count = names_resolve(naming->names, naming->id, node, &frames);
	const struct frame *frame = &frames[count - 1];

	return frame->kind == FRAME_WASM && frame->has_wasm_index && naming->watched_count &&
	       bsearch(&frame->wasm_index, naming->watched, naming->watched_count, sizeof *naming->watched, by_index);
}

/*
 * Who asked for the memory. `grows`: it was memory.grow, for which a function of the rewriter's own stands, and that is
 * no watched one.
 */
static struct node_id asker(const struct naming *naming, struct node_id stack, bool grows)
{
	struct node_id node = stack, outside = {TRACE_STACK_NONE};
	bool hooked = false;

	for (int i = 0; i < FRAMES_LOOKED_AT && is_frame(naming, node); i++, node = caller(naming, node))
		if (is_hook(naming, node)) {
			hooked = true;
			outside = caller(naming, node);
		} else if (hooked) {
			break;
		}
	if (!hooked)
		return stack;
	if (is_frame(naming, outside) && (grows || is_watched(naming, outside)))
		return caller(naming, outside);
	return outside;
}

/* As the frames' names are. */
static void name_watched(const struct process_info *process, struct demangler *demangler)
{
	for (size_t i = 0; i < process->wasm_told_count; i++)
		for (size_t w = 0; !process->wasm_told[i].repeats && w < process->wasm_told[i].watched_count; w++) {
			struct wasm_watched *watched = &process->wasm_told[i].watched[w];
			char *mangled = watched->name;

			if (!mangled || !is_mangled(mangled))
				continue;
			watched->name = xstrdup(demangle(demangler, mangled));
			free(mangled);
		}
}

void names_wasm_stacks(struct recording *recording, struct names *names)
{
	struct demangler demangler = {0};

	for (size_t p = 0; p < recording->process_count; p++) {
		struct process_info *process = &recording->processes[p];
		struct naming naming = {.process = process, .id = {(uint32_t)p}, .names = names};

		name_watched(process, &demangler);
		gather_watched(&naming);
		for (size_t i = 0; i < process->site_count; i++)
			if (process->sites[i].domain == DOMAIN_WASM_HEAP)
				process->sites[i].stack = asker(&naming, process->sites[i].stack, false);
		for (size_t i = 0; i < process->wasm_refused_count; i++) {
			struct wasm_refused *refused = &process->wasm_refused[i];

			refused->record.stack = asker(&naming, (struct node_id){refused->record.stack}, true).index;
		}
		free(naming.watched);
	}
	demangler_free(&demangler);
}

struct node_id names_wasm_stack(const struct recording *recording, struct names *names, struct process_id process,
                                struct node_id stack)
{
	struct naming naming = {.process = &recording->processes[process.index], .id = process, .names = names};

	gather_watched(&naming);
	stack = asker(&naming, stack, false);
	free(naming.watched);
	return stack;
}
