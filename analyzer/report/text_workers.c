/* text_workers.c: what workers held until they ended; see text.h. */
#include <stdlib.h>

#include "report/human.h"
#include "report/text.h"
#include "util.h"

#define LISTED_MOST 3
#define BYTES_LEAST (1u << 20)       /* less is what an isolate has of its own */

void text_workers(const struct page *page, const struct view *view, const struct text_options *options)
{
	static const struct column columns[] = {
		{"held", true, false, STYLE_SIZE, CUT_END}, {"blocks", true, false, STYLE_DIM, CUT_END},
		{"allocated by", false, true, STYLE_PLACE, CUT_MIDDLE},
	};
	struct worker_sum all = {0};
	struct grid *grid;
	size_t listed = 0;
	char *text;

	for (size_t i = 0; i < view->held_count; i++) {
		all.blocks += view->held[i].held.blocks;
		all.bytes += view->held[i].held.bytes;
	}
	if (options->domain != DOMAIN_HEAP || all.bytes < BYTES_LEAST)
		return;
	page_title(page, "Held by workers until they ended", NULL);
	text = xasprintf("%s in %s blocks of the heap were still held when a worker's program ended, and freed with the worker: "
	                 "no leak of the process, but a worker that runs on would have kept them.", BYTES(all.bytes),
	                 COUNT(all.blocks));
	fputs("  ", page->file);
	page_words(page, 2, 2, STYLE_PLAIN, text);
	free(text);
	grid = grid_open(columns, sizeof(columns) / sizeof(columns[0]));
	for (; listed < view->held_count && listed < LISTED_MOST; listed++) {
		const struct view_site *site = &view->held[listed];
		char *blame = text_blame(&view->processes[site->process], site->stack);

		grid_cell(grid, BYTES(site->held.bytes));
		grid_cell(grid, COUNT(site->held.blocks));
		grid_cell(grid, blame);
		free(blame);
	}
	grid_close(page, grid);
}
