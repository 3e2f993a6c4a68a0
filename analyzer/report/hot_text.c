/* hot_text.c: hot paths for a person: the answer, functions, and the two trees; see hot.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/abbreviate.h"
#include "report/escape.h"
#include "report/hot.h"
#include "report/human.h"
#include "report/text.h"
#include "util.h"

#define STEP       2              /* columns by which what branches is indented */
#define FORK       "└ "           /* of as many columns */
#define ROOM_LEAST 24             /* columns that are left for a function, however deep it is */

/* What is counted, as in "by …". */
static const char *const titles[HOT_BYS] = {
	[HOT_ALLOCS] = "allocations", [HOT_BYTES] = "bytes allocated", [HOT_TEMPORARY] = "temporary blocks",
	[HOT_PEAK] = "bytes at the peak", [HOT_LIFETIME] = "short-lived blocks",
};

static char *number(const struct hot *hot, uint64_t value)
{
	return xstrdup(hot_is_bytes(hot->options->by) ? BYTES(value) : COUNT(value));
}

/* ---- a frame -------------------------------------------------------------------------------------------------- */

/* "leak.c:12"; where lines are several, "leak.c". "" unknown. Escaped. To be freed. */
static char *place_text(const struct hot *hot, const struct hot_place *place)
{
	struct frame file;
	struct stack_frame at = place->at;
	char *text, *escaped;

	if (!at.frame)
		return xstrdup("");
	if (place->several) {
		file = *at.frame;
		file.line = 0;
		if (!file.file)
			return xstrdup("");
		at.frame = &file;
	}
	text = text_place(&hot->view->processes[place->process], &at);
	escaped = escape_text(text);
	free(text);
	return escaped;
}

/* A function and its place in `room` columns; cut only if the page is. */
static void put_frame(const struct page *page, const struct hot *hot, uint32_t frame, const struct hot_place *place,
                      size_t room)
{
	char *label = escape_text(hot->frames[frame].label), *where = place_text(hot, place), *shown, *cut;
	size_t width = text_width(where), most;

	room = room < ROOM_LEAST ? ROOM_LEAST : room;
	if (page->cut && width > room / 2) {
		char *shorter = text_cut(where, room / 2, CUT_START);

		free(where);
		where = shorter;
		width = text_width(where);
	}
	most = room > width + 2 ? room - width - 2 : 1;
	shown = abbreviate(label, width ? most : room);
	cut = page->cut ? text_cut(shown, width ? most : room, CUT_MIDDLE) : xstrdup(shown);
	page_put(page, STYLE_PLAIN, cut);
	if (width)
		page_format(page, STYLE_DIM, "  %s", where);
	fputc('\n', page->file);
	free(cut);
	free(shown);
	free(where);
	free(label);
}

static void count_name(const struct hot *hot, uint32_t frame, struct name_sum *names)
{
	const struct frame *is = hot->frames[frame].frame;

	if (!is || is->kind == FRAME_LOG)
		return;
	names->frames++;
	names->unknown[is->why] += !is->function;
}

/* ---- the answer ----------------------------------------------------------------------------------------------- */

static char *who(const struct view *view)
{
	if (view->process_count == 1)
		return text_process(&view->processes[0]);
	return xasprintf("%s processes", COUNT(view->process_count));
}

static char *stretch(const struct hot_options *options)
{
	char *from = options->from ? escape_text(options->from) : NULL, *to = options->to ? escape_text(options->to) : NULL;
	char *text;

	if (from && to)
		text = xasprintf(" between %s and %s", from, to);
	else if (from || to)
		text = xasprintf(" %s %s", from ? "after" : "up to", from ? from : to);
	else
		text = xstrdup("");
	free(from);
	free(to);
	return text;
}

static char *peak_sentence(const struct hot *hot, const char *process)
{
	const char *what = hot->options->domain == DOMAIN_HEAP ? "the heap" : hot->options->domain == DOMAIN_POOL ?
		"what its pools hold" : "what is inside linear memories";

	if (hot->view->process_count == 1)
		return xasprintf("%s: %s was largest at %s", process, what, BYTES(hot->all.peak));
	if (!hot->options->moment.at_ns)
		return xasprintf("In %s, each when %s was largest in it, %s were alive: not at the same time", process, what,
		                 BYTES(hot->all.peak));
	if (hot->options->moment.most <= hot->all.peak)
		return xasprintf("In %s together %s was largest at %s", process, what, BYTES(hot->all.peak));
	return xasprintf("In %s together %s was largest at %s, as far as can be told: it was never more than %s", process, what,
	                 BYTES(hot->all.peak), BYTES(hot->options->moment.most));
}

static char *sum_sentence(const struct hot *hot, const char *process)
{
	const struct hot_counts *all = &hot->all;

	switch (hot->options->by) {
	case HOT_PEAK:
		return peak_sentence(hot, process);
	case HOT_TEMPORARY:
		return xasprintf("%s: %s of %s blocks (%s) were temporary, freed with no other allocation of their thread in "
		                 "between", process, COUNT(all->temporary), COUNT(all->allocs),
		                 SHARE(all->temporary, all->allocs));
	case HOT_LIFETIME:
		return xasprintf("%s: %s of %s blocks (%s) lived less than 1.05 ms", process, COUNT(all->brief),
		                 COUNT(all->allocs), SHARE(all->brief, all->allocs));
	default:
		return xasprintf("%s: %s in %s %s, of which %s (%s) were temporary", process, BYTES(all->bytes),
		                 COUNT(all->allocs), PLURAL(all->allocs, "allocation", "allocations"), COUNT(all->temporary),
		                 SHARE(all->temporary, all->allocs));
	}
}

/* Sums, and what has most. */
static void put_answer(const struct page *page, const struct hot *hot)
{
	char *process = who(hot->view), *during = stretch(hot->options), *sum = sum_sentence(hot, process);
	char *text = xasprintf("%s%s.", sum, during);
	uint64_t all = hot_value(&hot->all, hot->options->by);

	page_words(page, 0, 0, STYLE_BOLD, text);
	free(text);
	if (hot->options->match_count && all) {
		char *matching = number(hot, hot->total);

		text = xasprintf("What matches is %s of that: %s. Shares are of this.", SHARE(hot->total, all), matching);
		page_words(page, 0, 0, STYLE_PLAIN, text);
		free(matching);
		free(text);
	}
	if (hot->options->domain != DOMAIN_HEAP) {
		text = xasprintf("Domain: %s.", domain_name(hot->options->domain));
		page_words(page, 0, 0, STYLE_PLAIN, text);
		free(text);
	}
	free(sum);
	free(during);
	free(process);
}

/* ---- functions ------------------------------------------------------------------------------------------------ */

static void put_functions(const struct page *page, const struct hot *hot, struct name_sum *names)
{
	size_t count, shown;
	uint32_t *order = hot_functions(hot, &count);
	int widths[2] = {4, 5};
	char *note;

	shown = count < hot->options->top ? count : hot->options->top;
	if (shown < count)
		note = xasprintf("by %s: %s of %s", titles[hot->options->by], COUNT(shown), COUNT(count));
	else
		note = xasprintf("by %s", titles[hot->options->by]);
	page_title(page, "Functions", note);
	free(note);
	for (size_t i = 0; i < shown; i++) {
		char *self = number(hot, hot->functions.list[order[i]].self), *total = number(hot, hot->functions.list[order[i]].total);

		widths[0] = (int)strlen(self) > widths[0] ? (int)strlen(self) : widths[0];
		widths[1] = (int)strlen(total) > widths[1] ? (int)strlen(total) : widths[1];
		free(self);
		free(total);
	}
	page_format(page, STYLE_DIM, "  %*s  %7s  %*s  %7s  %s\n", widths[0], "self", "", widths[1], "total", "", "function");
	for (size_t i = 0; i < shown; i++) {
		const struct hot_sum *sum = &hot->functions.list[order[i]];
		char *self = number(hot, sum->self), *total = number(hot, sum->total);
		size_t taken = 2 + (size_t)widths[0] + 2 + 7 + 2 + (size_t)widths[1] + 2 + 7 + 2;

		page_format(page, STYLE_SIZE, "  %*s", widths[0], self);
		page_format(page, STYLE_PLAIN, "  %7s", SHARE(sum->self, hot->total));
		page_format(page, STYLE_DIM, "  %*s  %7s  ", widths[1], total, SHARE(sum->total, hot->total));
		put_frame(page, hot, order[i], &hot->frames[order[i]].place, page->width > taken ? page->width - taken : 0);
		count_name(hot, order[i], names);
		free(self);
		free(total);
	}
	free(order);
}

/* ---- trees ---------------------------------------------------------------------------------------------------- */

struct drawing {
	const struct page *page;
	const struct hot *hot;
	const struct hot_tree *tree;
	const struct hot_place *places;
	bool     down;
	uint64_t least;           /* below this it is folded */
	int      widths[2];       /* of total and self */
	unsigned *indents;        /* by node; owned */
	bool    *forks;           /* does the node stand beside others? by node; owned */
	struct name_sum *names;
};

static size_t shown_children(const struct drawing *drawing, uint32_t node)
{
	size_t count = 0;

	for (uint32_t at = drawing->tree->nodes[node].child; at != HOT_NONE; at = drawing->tree->nodes[at].next)
		count += hot_tree_shows(drawing->tree, at, drawing->least);
	return count;
}

/* What stands for the branches of a node that are folded; nothing if there are none. */
static void put_folded(const struct drawing *drawing, uint32_t node, unsigned indent)
{
	uint64_t sum;
	size_t count = hot_tree_folded(drawing->tree, node, drawing->least, &sum);
	char *total;

	/* What is left off is less than what is folded: not worth a line. */
	if (sum < drawing->least)
		return;
	total = number(drawing->hot, sum);
	page_format(drawing->page, STYLE_DIM, "  %7s  %*s", SHARE(sum, drawing->hot->total), drawing->widths[0], total);
	if (drawing->down)
		fprintf(drawing->page->file, "  %*s", drawing->widths[1], "");
	page_format(drawing->page, STYLE_DIM, "  %*s%s… %s more %s\n", (int)indent, "", node && indent ? FORK : "", COUNT(count),
	            PLURAL(count, "branch", "branches"));
	free(total);
}

static void put_node(const struct drawing *drawing, uint32_t node)
{
	const struct hot_node *is = &drawing->tree->nodes[node];
	const struct page *page = drawing->page;
	char *total = number(drawing->hot, is->total), *self = number(drawing->hot, is->self);
	unsigned indent = drawing->indents[node];
	size_t taken = 2 + 7 + 2 + (size_t)drawing->widths[0] + 2 + indent;

	page_format(page, STYLE_PLAIN, "  %7s", SHARE(is->total, drawing->hot->total));
	page_format(page, STYLE_SIZE, "  %*s", drawing->widths[0], total);
	if (drawing->down) {
		page_format(page, STYLE_DIM, "  %*s", drawing->widths[1], is->self ? self : "");
		taken += 2 + (size_t)drawing->widths[1];
	}
	fprintf(page->file, "  %*s", (int)indent - (drawing->forks[node] ? STEP : 0), "");
	page_put(page, STYLE_DIM, drawing->forks[node] ? FORK : "");
	put_frame(page, drawing->hot, is->frame, &drawing->places[node], page->width > taken ? page->width - taken : 0);
	count_name(drawing->hot, is->frame, drawing->names);
	free(total);
	free(self);
}

/* What is folded stands behind the last branch that is shown: of each node that is left on the way to the next one. */
static void put_left(const struct drawing *drawing, uint32_t node, uint32_t next)
{
	uint32_t parent = next == HOT_NONE ? HOT_NONE : drawing->tree->nodes[next].parent;

	for (; node != HOT_NONE && node != parent; node = drawing->tree->nodes[node].parent)
		put_folded(drawing, node, drawing->indents[node]);
}

/* A line below its parent is its only branch; those of several, and those below a function of the list, are indented. */
static bool is_fork(const struct drawing *drawing, uint32_t node)
{
	uint32_t parent = drawing->tree->nodes[node].parent;
	uint64_t folded;

	if (!parent)
		return false;
	hot_tree_folded(drawing->tree, parent, drawing->least, &folded);
	return shown_children(drawing, parent) + (folded >= drawing->least) > 1 ||
	       (drawing->down ? drawing->tree->nodes[parent].self > 0 : drawing->tree->nodes[parent].parent == 0);
}

static void measure(struct drawing *drawing)
{
	const struct hot_tree *tree = drawing->tree;
	unsigned most = drawing->page->width / 4;

	for (uint32_t node = hot_tree_next(tree, 0, drawing->least); node != HOT_NONE;
	     node = hot_tree_next(tree, node, drawing->least)) {
		char *total = number(drawing->hot, tree->nodes[node].total), *self = number(drawing->hot, tree->nodes[node].self);
		unsigned indent = drawing->indents[tree->nodes[node].parent];

		drawing->forks[node] = is_fork(drawing, node);
		drawing->indents[node] = indent + STEP <= most && drawing->forks[node] ? indent + STEP : indent;
		drawing->widths[0] = (int)strlen(total) > drawing->widths[0] ? (int)strlen(total) : drawing->widths[0];
		drawing->widths[1] = (int)strlen(self) > drawing->widths[1] ? (int)strlen(self) : drawing->widths[1];
		free(total);
		free(self);
	}
}

static void put_tree(const struct page *page, const struct hot *hot, bool down, struct name_sum *names)
{
	struct drawing drawing = {
		.page = page, .hot = hot, .tree = down ? &hot->down : &hot->up,
		.places = down ? hot->down_places : hot->up_places, .down = down, .widths = {5, 4}, .names = names,
		.least = (uint64_t)((double)hot->total * hot->options->fold),
	};
	const char *order = down ? "callers first" : "who called the functions above";
	char *note = hot->options->fold > 0 ? xasprintf("%s; branches below %.3g %% are folded", order, 100 * hot->options->fold)
	                                    : xstrdup(order);
	uint32_t node = 0;

	drawing.least += drawing.least == 0;
	drawing.indents = xcalloc(drawing.tree->count, sizeof(*drawing.indents));
	drawing.forks = xcalloc(drawing.tree->count, sizeof(*drawing.forks));
	measure(&drawing);
	page_title(page, down ? "Top down" : "Bottom up", note);
	free(note);
	page_format(page, STYLE_DIM, "  %7s  %*s", "", drawing.widths[0], "total");
	if (down)
		page_format(page, STYLE_DIM, "  %*s", drawing.widths[1], "self");
	fputc('\n', page->file);
	do {
		uint32_t next = hot_tree_next(drawing.tree, node, drawing.least);

		if (node)
			put_node(&drawing, node);
		put_left(&drawing, node, next);
		node = next;
	} while (node != HOT_NONE);
	free(drawing.indents);
	free(drawing.forks);
}

/* ---- threads -------------------------------------------------------------------------------------------------- */

/* Where they were counted, and there are several. */
static void put_threads(const struct page *page, const struct hot *hot)
{
	static const struct column columns[] = {
		{"blocks", true, false, STYLE_SIZE, CUT_END}, {"bytes", true, false, STYLE_PLAIN, CUT_END},
		{"temporary", true, false, STYLE_PLAIN, CUT_END}, {"< 1.05 ms", true, false, STYLE_PLAIN, CUT_END},
		{"tid", true, false, STYLE_DIM, CUT_END}, {"thread", false, false, STYLE_PLAIN, CUT_END},
		{"", false, true, STYLE_DIM, CUT_END},
	};
	size_t count;
	struct hot_thread *threads = hot_threads(hot, &count);
	char *note = count > hot->options->top ? xasprintf("%s of %s", COUNT(hot->options->top), COUNT(count)) : NULL;
	struct grid *grid;

	if (count > 1 || hot->options->thread_count) {
		page_title(page, "Threads", note ? note : "by what they allocated, matching or not");
		grid = grid_open(columns, 7);
		for (size_t i = 0; i < count && i < hot->options->top; i++) {
			const struct hot_counts *counts = &threads[i].counts;
			char *name = escape_text(threads[i].thread && threads[i].thread->name ? threads[i].thread->name : "unknown");
			char *tid = threads[i].thread ? xasprintf("%" PRIu32, threads[i].thread->tid) : xstrdup("");
			char *process = hot->view->process_count > 1 ? text_process(&hot->view->processes[threads[i].process])
			                                             : xstrdup("");

			grid_cell(grid, COUNT(counts->allocs));
			grid_cell(grid, BYTES(counts->bytes));
			grid_cell(grid, COUNT(counts->temporary));
			grid_cell(grid, COUNT(counts->brief));
			grid_cell(grid, tid);
			grid_cell(grid, name);
			grid_cell(grid, process);
			free(name);
			free(tid);
			free(process);
		}
		grid_close(page, grid);
	}
	free(note);
	free(threads);
}

/* ---- the page ------------------------------------------------------------------------------------------------- */

/* By the environment, since probe sets no locale. */
static bool shows_utf8(void)
{
	static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		const char *value = getenv(variables[i]);

		if (value && *value)
			return strstr(value, "UTF-8") || strstr(value, "utf8") || strstr(value, "UTF8") || strstr(value, "utf-8");
	}
	return true;
}

void hot_text(const struct page *page, const struct view *view, const struct hot_options *options)
{
	struct hot *hot = hot_build(view, options);
	struct name_sum names = {0};

	put_answer(page, hot);
	if (options->by == HOT_PEAK)
		hot_graph(page, hot, shows_utf8());
	if (options->by == HOT_LIFETIME)
		hot_classes(page, hot, shows_utf8());
	if (hot_needs_churn(options))
		put_threads(page, hot);
	if (hot->total) {
		put_functions(page, hot, &names);
		put_tree(page, hot, true, &names);
		put_tree(page, hot, false, &names);
	}
	text_trust(page, view, &names);
	text_source(page, view);
	hot_free(hot);
}
