/* hot_draw.c: functions and trees of them on a page; see hot.h. */
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

char *hot_number(const struct hot *hot, uint64_t value)
{
	if (hot->options->by == HOT_CPU)
		return xstrdup(TIME(value));
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

static void count_name(const struct hot *hot, uint32_t frame, struct name_sum *names)
{
	const struct frame *is = hot->frames[frame].frame;

	if (!is || is->kind == FRAME_LOG)
		return;
	names->frames++;
	names->unknown[is->why] += !is->function;
}

/* Cut only if the page is. */
void hot_put_frame(const struct page *page, const struct hot *hot, uint32_t frame, const struct hot_place *place, size_t room,
                   struct name_sum *names)
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
	count_name(hot, frame, names);
	free(cut);
	free(shown);
	free(where);
	free(label);
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

/* What stands for the branches of a node that are folded; nothing if there are none. */
static void put_folded(const struct drawing *drawing, uint32_t node, unsigned indent)
{
	uint64_t sum;
	size_t count = hot_tree_folded(drawing->tree, node, drawing->least, &sum);
	char *total;

	/* What is left off is less than what is folded: not worth a line. */
	if (sum < drawing->least)
		return;
	total = hot_number(drawing->hot, sum);
	page_format(drawing->page, STYLE_DIM, "  %7s  %*s", SHARE(sum, drawing->hot->total), drawing->widths[0], total);
	if (drawing->down)
		fprintf(drawing->page->file, "  %*s", drawing->widths[1], "");
	page_format(drawing->page, STYLE_DIM, "  %*s%s… %s more %s\n", (int)indent, "", node ? FORK : "", COUNT(count),
	            PLURAL(count, "branch", "branches"));
	free(total);
}

static void put_node(const struct drawing *drawing, uint32_t node)
{
	const struct hot_node *is = &drawing->tree->nodes[node];
	const struct page *page = drawing->page;
	char *total = hot_number(drawing->hot, is->total), *self = hot_number(drawing->hot, is->self);
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
	hot_put_frame(page, drawing->hot, is->frame, &drawing->places[node], page->width > taken ? page->width - taken : 0,
	              drawing->names);
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
	const struct hot_tree *tree = drawing->tree;
	uint32_t parent = tree->nodes[node].parent, next = tree->nodes[node].next;
	uint64_t folded;

	if (!parent)
		return false;
	if (drawing->down ? tree->nodes[parent].self > 0 : tree->nodes[parent].parent == 0)
		return true;
	/* Another one is shown: children are in order of size. */
	if (tree->nodes[parent].child != node || (next != HOT_NONE && hot_tree_shows(tree, next, drawing->least)))
		return true;
	hot_tree_folded(tree, parent, drawing->least, &folded);
	return folded >= drawing->least;
}

static void measure(struct drawing *drawing)
{
	const struct hot_tree *tree = drawing->tree;
	unsigned most = drawing->page->width / 4;

	for (uint32_t node = hot_tree_next(tree, 0, drawing->least); node != HOT_NONE;
	     node = hot_tree_next(tree, node, drawing->least)) {
		char *total = hot_number(drawing->hot, tree->nodes[node].total);
		char *self = hot_number(drawing->hot, tree->nodes[node].self);
		unsigned indent = drawing->indents[tree->nodes[node].parent];

		drawing->forks[node] = is_fork(drawing, node);
		drawing->indents[node] = indent + STEP <= most && drawing->forks[node] ? indent + STEP : indent;
		drawing->widths[0] = (int)strlen(total) > drawing->widths[0] ? (int)strlen(total) : drawing->widths[0];
		drawing->widths[1] = (int)strlen(self) > drawing->widths[1] ? (int)strlen(self) : drawing->widths[1];
		free(total);
		free(self);
	}
}

void hot_put_tree(const struct page *page, const struct hot *hot, bool down, struct name_sum *names)
{
	struct drawing drawing = {
		.page = page, .hot = hot, .tree = down ? &hot->down : &hot->up,
		.places = down ? hot->down_places : hot->up_places, .down = down, .widths = {5, 4}, .names = names,
		.least = (uint64_t)((double)hot->total * hot->options->fold),
	};
	const char *order = down ? "callers first" : "who called the functions above";
	double fold = hot->options->fold;
	char *note = fold > 0 ? xasprintf("%s; branches below %.3g %% are folded", order, 100 * fold) : xstrdup(order);
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
