/* suppress_text.c: what each suppression hid, for a person; see suppress.h. Reads a view's suppressions. */
#include <stdlib.h>

#include "report/human.h"
#include "report/suppress.h"
#include "report/text.h"
#include "util.h"

/* " by the program itself", or ": 2 KiB by …, 1 KiB by …" where several hid something. To be freed. */
static char *sources(const struct view *view, enum domain domain)
{
	static const char *const names[] = {
		[FROM_FILE] = "the files that were given", [FROM_TARGET] = "the program itself",
		[FROM_SHIPPED] = "the list of what node, OpenSSL, ICU and glibc set up once",
	};
	struct domain_sum sums[FROM_SHIPPED + 1] = {0};
	char *text = xstrdup("");

	for (size_t i = 0; i < view->suppressions->count; i++) {
		const struct suppression *row = view->suppressions->rows[i];

		sums[row->from].sites += row->hid[domain].sites;
		sums[row->from].bytes += row->hid[domain].bytes;
	}
	for (size_t from = 0; from <= FROM_SHIPPED; from++) {
		char *longer;

		if (!sums[from].sites)
			continue;
		if (sums[from].sites == view->suppressed[domain].sites)
			longer = xasprintf(" by %s", names[from]);
		else
			longer = xasprintf("%s%s %s by %s", text, *text ? "," : ":", BYTES(sums[from].bytes),
			                   names[from]);
		free(text);
		text = longer;
	}
	return text;
}

void text_suppressed(const struct page *page, const struct view *view, enum domain domain)
{
	const struct domain_sum *sum = &view->suppressed[domain];
	char *by, *text;

	if (!sum->sites)
		return;
	by = sources(view, domain);
	text = xasprintf("Besides, %s in %s %s %s suppressed%s.", BYTES(sum->bytes), COUNT(sum->blocks),
	                 PLURAL(sum->blocks, "block", "blocks"), PLURAL(sum->blocks, "is", "are"), by);
	page_words(page, 0, 0, STYLE_DIM, text);
	free(by);
	free(text);
}

void suppressions_print(const struct page *page, const struct suppressions *suppressions, enum domain domain,
                        bool unused)
{
	static const struct column columns[] = {
		{"blocks", true, false, STYLE_PLAIN, CUT_END}, {"bytes", true, false, STYLE_SIZE, CUT_END},
		{"sites", true, false, STYLE_PLAIN, CUT_END}, {"from", false, false, STYLE_DIM, CUT_END},
		{"pattern", false, true, STYLE_PLAIN, CUT_MIDDLE},
	};
	struct grid *grid = grid_open(columns, sizeof(columns) / sizeof(*columns));
	size_t rows = 0;

	for (size_t i = 0; i < suppressions->count; i++) {
		const struct suppression *row = suppressions->rows[i];
		const struct domain_sum *hid = &row->hid[domain];
		char *pattern, *source;

		if (!hid->sites && !unused)
			continue;
		pattern = escape_text(row->pattern);
		source = escape_text(row->source);
		grid_cell(grid, COUNT(hid->blocks));
		grid_cell(grid, COUNT(hid->bytes));
		grid_cell(grid, COUNT(hid->sites));
		grid_cell(grid, source);
		grid_cell(grid, pattern);
		free(pattern);
		free(source);
		rows++;
	}
	page_title(page, unused ? "Suppressions" : "Suppressions used", rows ? NULL : "none");
	grid_close(page, grid);
}
