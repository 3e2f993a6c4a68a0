/* text_types.c: sites by the type of their blocks; see text.h. */
#include <stdlib.h>

#include "report/abbreviate.h"
#include "report/escape.h"
#include "report/human.h"
#include "report/text.h"
#include "util.h"

#define TYPE_MOST 100             /* columns, if a name can be said in as many */

/* Escaped and as short as need be. To be freed. */
static char *name_of(const char *type)
{
	char *escaped = escape_text(type), *name = abbreviate(escaped, TYPE_MOST);

	free(escaped);
	return name;
}

bool text_types(const struct page *page, const struct view *view, const struct text_options *options)
{
	static const struct column columns[] = {
		{"alive", true, false, STYLE_SIZE, CUT_END}, {"blocks", true, false, STYLE_PLAIN, CUT_END},
		{"owned", true, false, STYLE_DIM, CUT_END}, {"allocated", true, false, STYLE_DIM, CUT_END},
		{"dropped", false, false, STYLE_PLAIN, CUT_END}, {"type", false, true, STYLE_BOLD, CUT_MIDDLE},
	};
	size_t count, shown;
	struct view_type_sum *types = view_by_type(view, options->domain, &count);
	struct grid *grid;
	char *note;

	shown = count < options->top ? count : options->top;
	if (!count || (count == 1 && !types->type)) {
		free(types);
		return false;
	}
	if (shown < count)
		note = xasprintf("the largest %s of %s; owned: what else belongs to objects of the type", COUNT(shown), COUNT(count));
	else
		note = xstrdup("owned: what else belongs to objects of the type");
	page_title(page, "Inside WebAssembly memories, by type", note);
	free(note);
	grid = grid_open(columns, sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < shown; i++) {
		const struct view_type_sum *sum = &types[i];
		const char *dropping = view_dropping(sum);
		char *name = sum->type ? name_of(sum->type) : xstrdup("(unknown)");

		grid_cell(grid, BYTES(sum->live_bytes));
		grid_cell(grid, COUNT(sum->live_blocks));
		grid_cell(grid, sum->owned_bytes ? BYTES(sum->owned_bytes) : "");
		grid_cell(grid, sum->allocs ? COUNT(sum->allocs) : "");
		grid_cell(grid, !dropping ? "" : *dropping == 'p' && dropping[1] == 'e' ? "all" :
		                *dropping == 'n' ? "none" : "in part");
		grid_cell(grid, name);
		free(name);
	}
	grid_close(page, grid);
	free(types);
	return true;
}

void text_site_type(const struct page *page, const struct view *view, const struct view_site *site)
{
	struct block_type type = view_type(view, &view->processes[site->process], site->domain, site->stack,
	                                   (struct block_sizes){site->allocs, site->bytes_allocated});
	char *name, *owner, *evidence, *text;

	if (!type.type && !type.owner)
		return;
	name = type.type ? name_of(type.type) : NULL;
	owner = type.owner ? name_of(type.owner) : NULL;
	evidence = escape_text(type.evidence ? type.evidence : "");
	text = xasprintf("%s%s%s%s%s (%s)", name ? "of type " : "", name ? name : "", name && owner ? ", " : "",
	                 owner ? "belongs to " : "", owner ? owner : "", evidence);
	fprintf(page->file, "%*s", 7, "");
	page_words(page, 7, 9, STYLE_BOLD, text);
	free(text);
	free(evidence);
	free(owner);
	free(name);
}
