/* text_types.c: what lies in the blocks, of one site and by type; see text.h. */
#include <stdlib.h>

#include "report/by_type.h"
#include "report/human.h"
#include "report/text.h"
#include "report/type_text.h"
#include "util.h"

/* Escaped, and short enough for a line if that can be. */
static char *shown(const struct page *page, const char *type, size_t room)
{
	char *escaped = escape_text(type), *text = page->cut ? type_text(escaped, room) : xstrdup(escaped);

	free(escaped);
	return text;
}

void text_type(const struct page *page, const struct block_type *is, size_t indent, bool evidence)
{
	size_t room = page->width > indent + 20 ? (page->width - indent - 20) / (is->type && is->owner ? 2 : 1) : 20;
	char *type = is->type ? shown(page, is->type, room) : NULL;
	char *owner = is->owner ? shown(page, is->owner, room) : NULL;

	if (type || owner)
		page_format(page, STYLE_DIM, "%*s%s%s%s%s%s\n", (int)indent, "", type ? "of type " : "", type ? type : "",
		            type && owner ? ", " : "", owner ? "belongs to " : "", owner ? owner : "");
	if (evidence && is->evidence) {
		char *escaped = escape_text(is->evidence), *words = xasprintf("(%s)", escaped);

		fprintf(page->file, "%*s", (int)indent, "");
		page_words(page, (unsigned)indent, (unsigned)indent + 1, STYLE_DIM, words);
		free(words);
		free(escaped);
	}
	free(type);
	free(owner);
}

static const char *dropping(const struct type_sum *sum)
{
	static const char *const words[] = {
		[DROPPING_PERFECT] = "all", [DROPPING_PARTIAL] = "some", [DROPPING_NEVER] = "none",
		[DROPPING_UNKNOWN] = "?",
	};

	return sum->allocs ? words[type_dropping(sum)] : "";
}

void text_by_type(const struct page *page, const struct view *view, const struct text_options *options,
                  bool only_known)
{
	static const struct column columns[] = {
		{"alive", true, false, STYLE_SIZE, CUT_END}, {"blocks", true, false, STYLE_PLAIN, CUT_END},
		{"owns", true, false, STYLE_PLAIN, CUT_END}, {"allocated", true, false, STYLE_DIM, CUT_END},
		{"freed", false, false, STYLE_DIM, CUT_END}, {"type", false, true, STYLE_PLAIN, CUT_MIDDLE},
	};
	size_t count, kept = 0;
	const char *source = options->domain == DOMAIN_POOL ? "as the program told" :
	                     "as far as debug information and names of functions tell";
	struct type_sum *sums = view_by_type(view, options->domain, &count);
	struct grid *grid;
	bool known = false;
	char *note;

	for (size_t i = 0; i < count; i++)
		known |= sums[i].type && (sums[i].live_blocks || sums[i].owned_bytes);
	if (!count || (only_known && !known)) {
		free(sums);
		return;
	}
	grid = grid_open(columns, 6);
	grid_fit_last(grid, type_texts_fit);
	for (size_t i = 0; i < count && kept < options->top; i++) {
		const struct type_sum *sum = &sums[i];
		char *type = sum->type ? escape_text(sum->type) : xstrdup("(unknown)");

		kept++;
		grid_cell(grid, sum->live_bytes ? BYTES(sum->live_bytes) : "");
		grid_cell(grid, sum->live_blocks ? COUNT(sum->live_blocks) : "");
		grid_cell(grid, sum->owned_bytes ? BYTES(sum->owned_bytes) : "");
		grid_cell(grid, sum->allocs ? COUNT(sum->allocs) : "");
		grid_cell(grid, dropping(sum));
		grid_cell(grid, type);
		free(type);
	}
	if (kept < count)
		note = xasprintf("the largest %s of %s, %s", COUNT(kept), COUNT(count), source);
	else
		note = xstrdup(source);
	page_title(page, options->domain == DOMAIN_WASM_HEAP ? "Inside WebAssembly memories, by type" :
	                 options->domain == DOMAIN_POOL ? "In the program's own pools, by type" : "By type", note);
	grid_close(page, grid);
	free(note);
	free(sums);
}
