/* text_pending.c: objects that are gone, and whose finalizers had no turn before the program ended; see text.h. */
#include <stdlib.h>

#include "report/human.h"
#include "report/text.h"
#include "trace/unfinalized.h"
#include "util.h"

#define LISTED_MOST 5

struct row {
	struct view_process *process;
	const struct unfinalized *objects;
};

struct rows {
	struct row list[LISTED_MOST]; size_t count; /* the largest, in order */
	uint64_t objects, for_ever;  /* of all; of these, nobody is left to call back */
	uint64_t blocks, bytes;      /* that are known to be what they held */
};

static void add(struct rows *rows, struct view_process *process, const struct unfinalized *objects)
{
	size_t at = rows->count < LISTED_MOST ? rows->count++ : LISTED_MOST;

	rows->objects += objects->count;
	rows->blocks += objects->blocks;
	rows->bytes += objects->bytes;
	if (unfinalized_for_ever(process->info, objects))
		rows->for_ever += objects->count;
	for (; at > 0 && rows->list[at - 1].objects->count < objects->count; at--)
		if (at < LISTED_MOST)
			rows->list[at] = rows->list[at - 1];
	if (at < LISTED_MOST)
		rows->list[at] = (struct row){process, objects};
}

/* The words; to be freed. */
static char *explain(const struct rows *rows)
{
	char *known = NULL, *gone = NULL, *text;

	if (rows->blocks)
		known = xasprintf(" %s in %s %s of linear memories %s known to be that, and not counted as alive; what these own in "
		                  "turn still is.", BYTES(rows->bytes), COUNT(rows->blocks),
		                  PLURAL(rows->blocks, "block", "blocks"), PLURAL(rows->blocks, "is", "are"));
	if (rows->for_ever)
		gone = xasprintf(" But %s of them belonged to a worker that has ended: nobody is left to free that.",
		                 COUNT(rows->for_ever));
	text = xasprintf("%s %s gone, and what %s is freed by the callback of a FinalizationRegistry, which had no turn before "
	                 "the program ended: no leak.%s%s", COUNT(rows->objects),
	                 PLURAL(rows->objects, "object is", "objects are"), PLURAL(rows->objects, "it held", "they held"),
	                 known ? known : "", gone ? gone : "");
	free(known);
	free(gone);
	return text;
}

void text_pending(const struct page *page, const struct view *view)
{
	static const struct column columns[] = {
		{"objects", true, false, STYLE_SIZE, CUT_END}, {"bytes", true, false, STYLE_DIM, CUT_END},
		{"registry made by", false, true, STYLE_PLACE, CUT_MIDDLE},
	};
	struct rows rows = {0};
	struct grid *grid;
	char *text;

	for (size_t i = 0; i < view->process_count; i++) {
		const struct process_info *info = view->processes[i].info;

		for (size_t u = 0; u < info->unfinalized_count; u++)
			add(&rows, &view->processes[i], &info->unfinalized[u]);
	}
	if (!rows.objects)
		return;
	page_title(page, "Waiting for a finalizer", NULL);
	text = explain(&rows);
	fputs("  ", page->file);
	page_words(page, 2, 2, STYLE_PLAIN, text);
	free(text);
	grid = grid_open(columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < rows.count; i++) {
		char *blame = text_blame(rows.list[i].process, rows.list[i].objects->registry);

		grid_cell(grid, COUNT(rows.list[i].objects->count));
		grid_cell(grid, rows.list[i].objects->memory ? BYTES(rows.list[i].objects->bytes) : "?");
		grid_cell(grid, blame);
		free(blame);
	}
	grid_close(page, grid);
}
