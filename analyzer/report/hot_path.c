/* hot_path.c: from a stack to the functions that a tree shows of it; see hot.h. Reads names. */
#include "report/hot.h"

#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* a state on the stack */
#include <xxhash.h>

#include "trace/array.h"
#include "util.h"

#define DEPTH_MOST 4096          /* frames of a stack, the innermost: any bytes at all may be in a file */

/* ---- frames -------------------------------------------------------------------------------------------------- */

static void add_text(XXH3_state_t *state, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	XXH3_64bits_update(state, &length, sizeof(length));
	XXH3_64bits_update(state, text, length);
}

/* Equal for frames that are one function to a person: in whatever tier it runs, inlined or not. */
static uint64_t hash_of(const struct frame *frame)
{
	uint32_t numbers[3] = {frame->kind, frame->kind == FRAME_JS ? frame->own_line : 0,
	                       frame->kind == FRAME_JS ? frame->own_column : 0};
	XXH3_state_t state;

	XXH3_64bits_reset(&state);
	if (frame->kind == FRAME_LOG) {
		numbers[1] = frame->line;
		numbers[2] = frame->column;
	}
	XXH3_64bits_update(&state, numbers, sizeof(numbers));
	add_text(&state, frame->kind == FRAME_LOG ? frame->type : frame->function);
	add_text(&state, frame->function || frame->kind == FRAME_LOG ? frame->file : NULL);
	add_text(&state, frame->function && frame->file ? NULL : frame->module);
	return XXH3_64bits_digest(&state) | 1;
}

static char *label_of(const struct frame *frame)
{
	const char *slash = frame->module ? strrchr(frame->module, '/') : NULL;

	if (frame->kind == FRAME_LOG)
		return xstrdup(frame->type ? frame->type : "unknown type");
	if (frame->function)
		return xstrdup(frame->function);
	if (!frame->module)
		return xstrdup("unknown, in no module");
	return xasprintf("unknown, in %s", slash ? slash + 1 : *frame->module ? frame->module : "vdso");
}

/* `hash` is odd, so never 0. */
static uint32_t add_frame(struct hot *hot, uint64_t hash, const struct frame *frame)
{
	bool existed;
	struct block *entry = table_insert(&hot->ids, hash, &existed);

	if (!existed) {
		entry->site = (uint32_t)hot->frame_count;
		array_room(hot->frames, hot->frame_count);
		hot->frames[hot->frame_count++] = (struct hot_frame){.frame = frame};
	}
	return entry->site;
}

static uint32_t id_of(struct hot *hot, const struct frame *frame)
{
	uint32_t id = add_frame(hot, hash_of(frame), frame);

	if (!hot->frames[id].label)
		hot->frames[id].label = label_of(frame);
	return id;
}

/* What is no frame, but stands for some: how a stack ends that has no root, and frames of the runtime. */
enum { IN_RUNTIME = TRACE_FIRST_NODE, IN_PROBE, IN_LIBRARY, STANDINS };

static uint32_t standin_of(struct hot *hot, uint32_t what)
{
	static const char *const labels[STANDINS] = {
		[TRACE_STACK_NONE] = "no stack was taken", [TRACE_STACK_ROOT] = "the root",
		[TRACE_STACK_CUT] = "… cut at the depth that was asked for", [TRACE_STACK_LOST] = "… the walk could not go on",
		[IN_RUNTIME] = "node itself", [IN_PROBE] = "libprobe, in node", [IN_LIBRARY] = "libprobe, recording",
	};
	uint32_t id = add_frame(hot, (uint64_t)what << 1 | 1, NULL);

	if (!hot->frames[id].label)
		hot->frames[id].label = xstrdup(labels[what]);
	return id;
}

/* A call says more than where a function begins. */
static void merge_place(struct hot_place *place, size_t process, const struct stack_frame *at)
{
	const struct frame *had = place->at.frame, *has = at->frame;

	if (!had || (had->line_kind == LINE_FUNCTION && has->line_kind == LINE_CALL && has->line)) {
		*place = (struct hot_place){.at = *at, .process = process};
		return;
	}
	if (had->line_kind == LINE_CALL && has->line_kind == LINE_FUNCTION)
		return;
	if (had->file ? had->line != has->line : had->address != has->address)
		place->several = true;
}

/* ---- paths --------------------------------------------------------------------------------------------------- */

struct hot_path {
	uint32_t ids[DEPTH_MOST + 1]; /* innermost first */
	struct stack_frame at[DEPTH_MOST + 1]; /* .frame NULL: how the stack ends */
	uint32_t reversed[DEPTH_MOST + 1];
	size_t   length;
	uint32_t whole[DEPTH_MOST]; size_t whole_length; /* of all frames, … */
	size_t   own;             /* … of which this one has the value */
};

struct hot_path *hot_path_new(void)
{
	return xmalloc(sizeof(struct hot_path));
}

static bool is_library(const struct frame *frame)
{
	return frame->module && place_is_runtime(frame->module);
}

static void push(struct hot_path *path, uint32_t id, const struct stack_frame *at)
{
	path->ids[path->length] = id;
	path->at[path->length++] = at ? *at : (struct stack_frame){0};
}

/*
 * Does node do it only because it is recorded: tell of its code, run what libprobe loads at the start, collect garbage at the
 * end? What a program calls of its own accord, and libprobe looks at, is the program's.
 */
static bool is_probes_own(const struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct frame *frame = stack->frames[i].frame;

		if (!stack->frames[i].engine || !frame->function)
			continue;
		if (frame->kind == FRAME_NATIVE && strstr(frame->function, "::SetCodeEventHandler("))
			return true;
		if (frame->kind == FRAME_JS && frame->file &&
		    (!strcmp(frame->file, "node:internal/probe/watch") ||
		     (!strcmp(frame->file, "node:internal/probe") && !strcmp(frame->function, "last"))))
			return true;
	}
	return false;
}

/* Was it interrupted in libprobe.so itself, which stacks do not show? */
static bool is_in_library(const struct hot *hot, const struct hot_row *row)
{
	struct view_process *process = &hot->view->processes[row->process];
	const struct frame *frames;

	return node_is_frame(process->info, row->stack) &&
	       names_resolve(process->input->names, process->id, row->stack, &frames) && frames[0].kind == FRAME_NATIVE &&
	       place_is_probe(&frames[0]);
}

/* Is it node's own, and another frame stands for it? */
static bool is_left_out(const struct stack *stack, size_t at, bool sampled, bool scripted, bool engine, size_t from)
{
	const struct stack_frame *frame = &stack->frames[at];

	if (sampled)
		return scripted && at > stack->blame && frame->engine;
	return (frame->engine || (engine && is_library(frame->frame))) && (scripted || at > from);
}

/*
 * What a person wants to see of a stack: from the frame to blame outwards, without node's own frames where a script runs,
 * nor what the C library calls main from. What node does by itself is a function of "node itself". Unknown frames in a row
 * are one. Of a sample of CPU time, from the innermost: what its function did, in node and in libraries, too; a function that
 * calls itself is there once.
 */
static void make_path(struct hot *hot, const struct stack *stack, const struct hot_row *row, struct hot_path *path)
{
	bool all = hot->options->all_frames, sampled = row->cpu != NULL;
	bool scripted = stack->blame < stack->count && !stack->frames[stack->blame].engine;
	bool engine = stack->blame < stack->count && stack->frames[stack->blame].engine && !sampled;
	size_t from = all || sampled || stack->blame == stack->count ? 0 : stack->blame, to = stack->count, inner;

	path->length = path->whole_length = 0;
	if (sampled && is_in_library(hot, row)) {
		path->whole[path->whole_length++] = standin_of(hot, IN_LIBRARY);
		push(path, path->whole[0], NULL);
	}
	inner = path->length;
	for (size_t i = 0; i < stack->count && path->whole_length < DEPTH_MOST; i++)
		path->whole[path->whole_length++] = id_of(hot, stack->frames[i].frame);
	path->own = inner ? 0 : from;
	if (!all && is_probes_own(stack)) {
		size_t own = stack->maker < stack->count ? stack->maker : 0;

		path->length = 0;
		path->own = inner + own;
		push(path, id_of(hot, stack->frames[own].frame), &stack->frames[own]);
		push(path, standin_of(hot, IN_PROBE), NULL);
		return;
	}
	while (!all && to > from + 1 && is_library(stack->frames[to - 1].frame))
		to--;
	for (size_t i = from; i < to && path->length < DEPTH_MOST; i++) {
		const struct stack_frame *at = &stack->frames[i];
		uint32_t id;

		if (!all && is_left_out(stack, i, sampled, scripted, engine, from)) {
			id = standin_of(hot, IN_RUNTIME);
			if (!scripted && path->ids[path->length - 1] != id)
				push(path, id, NULL);
			continue;
		}
		id = id_of(hot, at->frame);
		if (path->length && path->ids[path->length - 1] == id && (!at->frame->function || (sampled && !all)))
			continue;
		push(path, id, at);
	}
	if (stack->ending != TRACE_STACK_ROOT || !path->length)
		push(path, standin_of(hot, stack->ending), NULL);
}

/* Room for the places of all nodes. */
static void room(struct hot_place **places, size_t *count, size_t wanted)
{
	size_t more;

	if (wanted <= *count)
		return;
	more = wanted * 2 + 64;
	*places = xreallocarray(*places, more, sizeof(**places));
	memset(*places + *count, 0, (more - *count) * sizeof(**places));
	*count = more;
}

static void place_nodes(const struct hot_tree *tree, struct hot_place *places, uint32_t end, const struct hot_path *path,
                        size_t process, bool down)
{
	uint32_t node = end;

	/* From the end of the path back to the root. */
	for (size_t i = 0; i < path->length; i++, node = tree->nodes[node].parent) {
		const struct stack_frame *at = &path->at[down ? i : path->length - 1 - i];

		if (at->frame)
			merge_place(&places[node], process, at);
	}
}

void hot_add_path(struct hot *hot, struct hot_path *path, const struct stack *stack, const struct hot_row *row)
{
	uint32_t down, up;

	make_path(hot, stack, row, path);
	for (size_t i = 0; i < path->length; i++)
		path->reversed[i] = path->ids[path->length - 1 - i];
	down = hot_tree_add(&hot->down, path->reversed, path->length, row->value);
	up = hot_tree_add(&hot->up, path->ids, path->length, row->value);
	/* Totals are of what is left out of trees, too. */
	if (path->own < path->whole_length)
		hot_sums_add(&hot->functions, path->whole, path->whole_length, path->own, row->value);
	else
		hot_sums_add(&hot->functions, path->ids, path->length, 0, row->value);
	room(&hot->down_places, &hot->down_count, hot->down.count);
	room(&hot->up_places, &hot->up_count, hot->up.count);
	place_nodes(&hot->down, hot->down_places, down, path, row->process, true);
	place_nodes(&hot->up, hot->up_places, up, path, row->process, false);
	if (path->at[0].frame)
		merge_place(&hot->frames[path->ids[0]].place, row->process, &path->at[0]);
}
