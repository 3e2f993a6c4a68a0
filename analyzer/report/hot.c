/* hot.c: from the sites of a view to trees of functions; see hot.h. Reads names. */
#include "report/hot.h"

#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* a state on the stack */
#include <xxhash.h>

#include "report/by_type.h"
#include "report/suppress.h"
#include "trace/array.h"
#include "util.h"

#define DEPTH_MOST 4096          /* frames of a stack, the innermost: any bytes at all may be in a file */

/* ---- values -------------------------------------------------------------------------------------------------- */

uint64_t hot_value(const struct hot_counts *counts, enum hot_by by)
{
	switch (by) {
	case HOT_ALLOCS:
		return counts->allocs;
	case HOT_BYTES:
		return counts->bytes;
	case HOT_TEMPORARY:
		return counts->temporary;
	case HOT_PEAK:
		return counts->peak;
	case HOT_LIFETIME:
		return counts->brief;
	default:
		return 0;
	}
}

const char *hot_by_name(enum hot_by by)
{
	static const char *const names[HOT_BYS] = {
		[HOT_ALLOCS] = "allocs", [HOT_BYTES] = "bytes", [HOT_TEMPORARY] = "temporary", [HOT_PEAK] = "peak",
		[HOT_LIFETIME] = "lifetime", [HOT_CPU] = "cpu",
	};

	return names[by];
}

/* A peak of a domain is counted there; the model has that of the heap alone, and no series. */
bool hot_needs_churn(const struct hot_options *options)
{
	return options->from || options->to || options->by == HOT_PEAK || options->by == HOT_LIFETIME ||
	       options->thread_count;
}

/* Block by block it is counted for a whole stack: rows that were taken off one (alive_only) have nothing then. */
static struct hot_counts counts_of(const struct site *site, const struct churn_site *churn, bool needs_churn)
{
	struct hot_counts counts = {site->allocs, site->bytes_allocated, site->temporary, site->peak_bytes, 0};

	if (!needs_churn)
		return counts;
	if (!churn)
		return (struct hot_counts){0};
	counts = (struct hot_counts){churn->allocs, churn->bytes, churn->temporary, churn->peak_bytes, 0};
	for (unsigned class = 0; class < CHURN_SHORT; class++)
		counts.brief += churn->lifetimes[class];
	return counts;
}

static void add_counts(struct hot_counts *sum, const struct hot_counts *counts)
{
	sum->allocs += counts->allocs;
	sum->bytes += counts->bytes;
	sum->temporary += counts->temporary;
	sum->peak += counts->peak;
	sum->brief += counts->brief;
}

static void add_churn(struct churn_site *sum, const struct churn_site *churn)
{
	for (unsigned class = 0; churn && class < CHURN_LIFETIMES; class++)
		sum->lifetimes[class] += churn->lifetimes[class];
	for (unsigned class = 0; churn && class < CHURN_SIZES; class++)
		sum->sizes[class] += churn->sizes[class];
}

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
enum { IN_RUNTIME = TRACE_FIRST_NODE, STANDINS };

static uint32_t standin_of(struct hot *hot, uint32_t what)
{
	static const char *const labels[STANDINS] = {
		[TRACE_STACK_NONE] = "no stack was taken", [TRACE_STACK_ROOT] = "the root",
		[TRACE_STACK_CUT] = "… cut at the depth that was asked for", [TRACE_STACK_LOST] = "… the walk could not go on",
		[IN_RUNTIME] = "node itself",
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

struct path {
	uint32_t ids[DEPTH_MOST + 1]; /* innermost first */
	struct stack_frame at[DEPTH_MOST + 1]; /* .frame NULL: how the stack ends */
	uint32_t reversed[DEPTH_MOST + 1];
	size_t   length;
	uint32_t whole[DEPTH_MOST]; size_t whole_length; /* of all frames, … */
	size_t   own;             /* … of which this one has the value */
};

static bool is_outer_library(const struct frame *frame)
{
	return frame->module && place_is_runtime(frame->module);
}

static void push(struct path *path, uint32_t id, const struct stack_frame *at)
{
	path->ids[path->length] = id;
	path->at[path->length++] = at ? *at : (struct stack_frame){0};
}

/*
 * What a person wants to see of a stack: from the frame to blame outwards, without node's own frames where a script runs,
 * nor what the C library calls main from. What node does by itself is a function of "node itself". Unknown frames in a row
 * are one.
 */
static void make_path(struct hot *hot, const struct stack *stack, struct path *path)
{
	bool all = hot->options->all_frames;
	bool scripted = stack->blame < stack->count && !stack->frames[stack->blame].engine;
	size_t from = all || stack->blame == stack->count ? 0 : stack->blame, to = stack->count;

	path->length = path->whole_length = 0;
	for (size_t i = 0; i < stack->count && i < DEPTH_MOST; i++)
		path->whole[path->whole_length++] = id_of(hot, stack->frames[i].frame);
	path->own = from;
	while (!all && to > from + 1 && is_outer_library(stack->frames[to - 1].frame))
		to--;
	for (size_t i = from; i < to && path->length < DEPTH_MOST; i++) {
		const struct stack_frame *at = &stack->frames[i];
		uint32_t id;

		if (!all && at->engine && (scripted || i > from)) {
			id = standin_of(hot, IN_RUNTIME);
			if (!scripted && path->ids[path->length - 1] != id)
				push(path, id, NULL);
			continue;
		}
		id = i < DEPTH_MOST ? path->whole[i] : id_of(hot, at->frame);
		if (path->length && path->ids[path->length - 1] == id && !at->frame->function)
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

static void place_nodes(const struct hot_tree *tree, struct hot_place *places, uint32_t end, const struct path *path,
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

static void add_path(struct hot *hot, struct path *path, const struct hot_row *row)
{
	uint32_t down, up;

	for (size_t i = 0; i < path->length; i++)
		path->reversed[i] = path->ids[path->length - 1 - i];
	down = hot_tree_add(&hot->down, path->reversed, path->length, row->value);
	up = hot_tree_add(&hot->up, path->ids, path->length, row->value);
	/* Totals are of what is left out of trees, too. */
	if (path->whole_length)
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

/* ---- which sites --------------------------------------------------------------------------------------------- */

static bool text_matches(const char *pattern, const char *text)
{
	return text && suppressions_matches(pattern, text);
}

static bool pattern_matches(const char *pattern, const struct stack *stack, const struct block_type *is)
{
	if (text_matches(pattern, is->type) || text_matches(pattern, is->owner))
		return true;
	for (size_t i = 0; i < stack->count; i++) {
		const struct frame *frame = stack->frames[i].frame;

		if (text_matches(pattern, frame->function) || text_matches(pattern, frame->file) ||
		    text_matches(pattern, frame->module))
			return true;
	}
	return false;
}

static bool is_wanted(const struct hot *hot, const struct hot_row *row, const struct stack *stack)
{
	struct block_type is;

	if (!hot->options->match_count)
		return true;
	is = type_of_each(&hot->view->processes[row->process], row->site->domain, &row->site->claims, stack,
	                  (struct block_sizes){row->site->allocs, row->site->bytes_allocated, row->site->live_blocks > 0},
	                  row->site->range);
	for (size_t i = 0; i < hot->options->match_count; i++)
		if (!pattern_matches(hot->options->matches[i], stack, &is))
			return false;
	return true;
}

/* Largest first; what decides between equals is the same in every run. */
static int by_value(const void *left, const void *right)
{
	const struct hot_row *a = left, *b = right;

	if (a->value != b->value)
		return a->value < b->value ? 1 : -1;
	if (a->process != b->process)
		return a->process > b->process ? 1 : -1;
	if (a->site->stack.index != b->site->stack.index)
		return a->site->stack.index > b->site->stack.index ? 1 : -1;
	if (a->site->claims.told != b->site->claims.told)
		return a->site->claims.told > b->site->claims.told ? 1 : -1;
	if (a->site->claims.vtable != b->site->claims.vtable)
		return a->site->claims.vtable > b->site->claims.vtable ? 1 : -1;
	return (a->site > b->site) - (a->site < b->site);
}

static void collect(struct hot *hot)
{
	for (size_t p = 0; p < hot->view->process_count; p++) {
		const struct process_info *info = hot->view->processes[p].info;
		const struct churn *churn = hot_needs_churn(hot->options) ? info->churn : NULL;

		for (size_t i = 0; i < info->site_count; i++) {
			struct hot_row row = {.process = p, .site = &info->sites[i]};

			if (row.site->domain != hot->options->domain)
				continue;
			if (churn && row.site->history < churn->site_count)
				row.churn = &churn->sites[row.site->history];
			row.counts = counts_of(row.site, row.churn, hot_needs_churn(hot->options));
			row.value = hot_value(&row.counts, hot->options->by);
			add_counts(&hot->all, &row.counts);
			array_room(hot->rows, hot->row_count);
			hot->rows[hot->row_count++] = row;
		}
	}
	if (hot->row_count)
		qsort(hot->rows, hot->row_count, sizeof(*hot->rows), by_value);
}

struct hot *hot_build(const struct view *view, const struct hot_options *options)
{
	struct hot *hot = xcalloc(1, sizeof(*hot));
	struct path *path = xmalloc(sizeof(*path));
	size_t kept = 0;

	hot->options = options;
	hot->view = view;
	table_init(&hot->ids);
	hot_tree_init(&hot->down);
	hot_tree_init(&hot->up);
	collect(hot);
	for (size_t i = 0; i < hot->row_count; i++) {
		struct hot_row row = hot->rows[i];
		struct stack stack = {0};
		bool wanted = true;

		/* A name costs, and what has none of the value is shown in sums only. */
		if (row.value || options->match_count) {
			stack = stack_resolve(&view->processes[row.process], row.site->stack);
			wanted = is_wanted(hot, &row, &stack);
		}
		if (wanted) {
			add_counts(&hot->matching, &row.counts);
			add_churn(&hot->churn, row.churn);
		}
		if (wanted && row.value) {
			make_path(hot, &stack, path);
			add_path(hot, path, &row);
			hot->rows[kept++] = row;
		}
		stack_free(&stack);
	}
	hot->total = hot_value(&hot->matching, options->by);
	hot->row_count = kept;
	hot_tree_sort(&hot->down);
	hot_tree_sort(&hot->up);
	free(path);
	return hot;
}

void hot_free(struct hot *hot)
{
	for (size_t i = 0; i < hot->frame_count; i++)
		free(hot->frames[i].label);
	free(hot->frames);
	free(hot->rows);
	free(hot->down_places);
	free(hot->up_places);
	table_free(&hot->ids);
	hot_tree_free(&hot->down);
	hot_tree_free(&hot->up);
	hot_sums_free(&hot->functions);
	free(hot);
}

struct ranked { uint64_t self; uint32_t frame; };

static int by_self(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	if (a->self != b->self)
		return a->self < b->self ? 1 : -1;
	return (a->frame > b->frame) - (a->frame < b->frame);
}

uint32_t *hot_functions(const struct hot *hot, size_t *count)
{
	struct ranked *ranked = xcalloc(hot->frame_count, sizeof(*ranked));
	uint32_t *order = xcalloc(hot->frame_count, sizeof(*order));

	*count = 0;
	for (uint32_t frame = 0; frame < hot->frame_count; frame++)
		if (frame < hot->functions.count && hot->functions.list[frame].self)
			ranked[(*count)++] = (struct ranked){hot->functions.list[frame].self, frame};
	if (*count)
		qsort(ranked, *count, sizeof(*ranked), by_self);
	for (size_t i = 0; i < *count; i++)
		order[i] = ranked[i].frame;
	free(ranked);
	return order;
}

/* ---- threads -------------------------------------------------------------------------------------------------- */

static enum hot_by rank_by(const struct hot *hot)
{
	return hot->options->by == HOT_PEAK ? HOT_BYTES : hot->options->by;
}

static int by_rank(const void *left, const void *right, void *context)
{
	const struct hot_thread *a = left, *b = right;
	uint64_t x = hot_value(&a->counts, rank_by(context)), y = hot_value(&b->counts, rank_by(context));

	if (x != y)
		return x < y ? 1 : -1;
	if (a->process != b->process)
		return a->process > b->process ? 1 : -1;
	return (a->thread > b->thread) - (a->thread < b->thread);
}

/* A handler's stream is its thread's. */
static struct hot_thread *thread_at(struct hot_thread *threads, size_t from, size_t *count, struct hot_thread is)
{
	for (size_t i = from; i < *count; i++)
		if (threads[i].thread == is.thread || (threads[i].thread && is.thread && threads[i].thread->tid == is.thread->tid))
			return &threads[i];
	threads[*count] = is;
	return &threads[(*count)++];
}

struct hot_thread *hot_threads(const struct hot *hot, size_t *count)
{
	size_t most = 0;
	struct hot_thread *threads;

	*count = 0;
	for (size_t p = 0; p < hot->view->process_count; p++)
		most += hot->view->processes[p].info->churn ? hot->view->processes[p].info->churn->stream_count : 0;
	threads = xcalloc(most, sizeof(*threads));
	for (size_t p = 0; p < hot->view->process_count; p++) {
		const struct process_info *info = hot->view->processes[p].info;
		size_t from = *count;

		for (size_t i = 0; info->churn && i < info->churn->stream_count; i++) {
			const struct churn_stream *stream = &info->churn->streams[i];
			struct hot_counts counts = {stream->allocs, stream->bytes, stream->temporary, 0, stream->brief};

			if (hot_value(&counts, rank_by(hot)))
				add_counts(&thread_at(threads, from, count, (struct hot_thread){
					.process = p,
					.thread = stream->thread < info->thread_count ? &info->threads[stream->thread] : NULL,
				})->counts, &counts);
		}
	}
	if (*count)
		qsort_r(threads, *count, sizeof(*threads), by_rank, (void *)hot);
	return threads;
}
