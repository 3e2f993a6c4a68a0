/* text_garbage.c: what the collection at the program's end freed; see text.h. */
#include <stdlib.h>

#include "report/escape.h"
#include "report/human.h"
#include "report/text.h"
#include "util.h"

#define LISTED_MOST   3
#define HELD_LEAST    4096u          /* bytes: what node itself lets go of at its end is less, site by site */
#define GARBAGE_LEAST (256u << 10)   /* bytes: less is the usual garbage of a moment */

/* The words; to be freed. */
static char *explain(const struct garbage_sum *all)
{
	char *garbage = xasprintf("The collection at the end freed %s in %s blocks of the heap: garbage by then, and no leak.",
	                          BYTES(all->bytes), COUNT(all->blocks)), *text;

	if (!all->held_bytes)
		return garbage;
	text = xasprintf("%s But %s of them, %s, had been found alive by an earlier collection: they were held for most of the "
	                 "run, as by a variable at the top level of a script that has ended since. In a program that runs on "
	                 "they would stay.", garbage, COUNT(all->held_blocks), BYTES(all->held_bytes));
	free(garbage);
	return text;
}

void text_garbage(const struct page *page, const struct view *view, const struct text_options *options)
{
	static const struct column columns[] = {
		{"held", true, false, STYLE_SIZE, CUT_END}, {"freed", true, false, STYLE_DIM, CUT_END},
		{"blocks", true, false, STYLE_DIM, CUT_END}, {"allocated by", false, true, STYLE_PLACE, CUT_MIDDLE},
	};
	struct garbage_sum all = {0};
	struct grid *grid;
	size_t listed = 0;
	char *text;

	for (size_t i = 0; i < view->garbage_count; i++) {
		const struct view_site *site = &view->garbage[i];

		if (site->domain != options->domain)
			continue;
		all.blocks += site->garbage.blocks;
		all.bytes += site->garbage.bytes;
		if (site->garbage.held_bytes >= HELD_LEAST) {
			all.held_blocks += site->garbage.held_blocks;
			all.held_bytes += site->garbage.held_bytes;
		}
	}
	if (!all.held_bytes && all.bytes < GARBAGE_LEAST)
		return;
	page_title(page, "Freed by the collection at the end", NULL);
	text = explain(&all);
	fputs("  ", page->file);
	page_words(page, 2, 2, STYLE_PLAIN, text);
	free(text);
	grid = grid_open(columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < view->garbage_count && listed < LISTED_MOST; i++) {
		const struct view_site *site = &view->garbage[i];
		char *blame;

		if (site->domain != options->domain)
			continue;
		blame = text_blame(&view->processes[site->process], site->stack);
		grid_cell(grid, BYTES(site->garbage.held_bytes));
		grid_cell(grid, BYTES(site->garbage.bytes));
		grid_cell(grid, COUNT(site->garbage.blocks));
		grid_cell(grid, blame);
		free(blame);
		listed++;
	}
	grid_close(page, grid);
}
