/* text_ledger.c: where the memory of the largest process was at its end, and how it came to that; see text.h. */
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "report/human.h"
#include "report/ledger.h"
#include "report/text.h"
#include "util.h"

#define DETAIL_MOST 3             /* files, arenas, sites named in a row */
#define BARS_MOST   60            /* of the line over time */

static const struct view_process *largest(const struct view *view, size_t *others, uint64_t *other_bytes)
{
	const struct view_process *found = NULL;
	uint64_t most = 0;

	*others = 0;
	*other_bytes = 0;
	for (size_t i = 0; i < view->process_count; i++) {
		const struct ledger *ledger = ledger_of_end(view->processes[i].info);

		if (!ledger || ledger->rss_bytes < LEDGER_TOLD)
			continue;
		++*others;
		*other_bytes += ledger->rss_bytes;
		if (!found || ledger->rss_bytes > most) {
			found = &view->processes[i];
			most = ledger->rss_bytes;
		}
	}
	*others -= found != NULL;
	*other_bytes -= most;
	return found;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* "node 36.0 MiB, libc.so.6 1.5 MiB, 8 more": parts are sorted by bytes. To be freed. */
static char *details(const struct ledger *ledger, enum ledger_kind kind)
{
	uint64_t trimmable = 0;
	size_t count = 0;
	char *text = xstrdup("");

	for (size_t i = 0; i < ledger->part_count; i++) {
		const struct ledger_part *part = &ledger->parts[i];
		char *name, *longer;

		if (part->kind != kind || !part->name)
			continue;
		trimmable += part->trimmable;
		if (count++ >= DETAIL_MOST)
			continue;
		name = escape_text(kind == LEDGER_FILE ? base_name(part->name) : part->name);
		longer = xasprintf("%s%s%s %s", text, *text ? ", " : "", name, BYTES(part->bytes));
		free(name);
		free(text);
		text = longer;
	}
	if (count > DETAIL_MOST) {
		char *longer = xasprintf("%s, %s more", text, COUNT(count - DETAIL_MOST));

		free(text);
		text = longer;
	}
	if (trimmable) {
		char *longer = xasprintf("malloc_trim would give back %s; %s", BYTES(trimmable), text);

		free(text);
		text = longer;
	}
	return text;
}

struct row { uint64_t bytes; int kind; };   /* −1: unexplained */

static int by_bytes(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if ((a->kind < 0) != (b->kind < 0))
		return a->kind < 0 ? 1 : -1;
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return a->kind - b->kind;
}

static void put_table(const struct page *page, const struct ledger *ledger)
{
	static const struct column columns[] = {
		{"resident", true, false, STYLE_SIZE, CUT_END}, {"share", true, false, STYLE_DIM, CUT_END},
		{"what", false, false, STYLE_PLAIN, CUT_END}, {"", false, true, STYLE_DIM, CUT_END},
	};
	struct row rows[LEDGER_KINDS + 1];
	struct grid *grid = grid_open(columns, 4);

	for (int kind = 0; kind < LEDGER_KINDS; kind++)
		rows[kind] = (struct row){0, kind};
	rows[LEDGER_KINDS] = (struct row){ledger->unexplained_bytes, -1};
	for (size_t i = 0; i < ledger->part_count; i++)
		rows[ledger->parts[i].kind].bytes += ledger->parts[i].bytes;
	qsort(rows, LEDGER_KINDS + 1, sizeof(*rows), by_bytes);
	for (size_t i = 0; i < LEDGER_KINDS + 1; i++) {
		char *detail;

		if (!rows[i].bytes)
			continue;
		detail = rows[i].kind < 0 ? xstrdup("nobody recorded who mapped it")
		                          : details(ledger, (enum ledger_kind)rows[i].kind);
		grid_cell(grid, BYTES(rows[i].bytes));
		grid_cell(grid, SHARE(rows[i].bytes, ledger->rss_bytes));
		grid_cell(grid, rows[i].kind < 0 ? "unexplained" : rows[i].kind == LEDGER_FILE ? "files" :
		                ledger_kind_name((enum ledger_kind)rows[i].kind));
		grid_cell(grid, detail);
		free(detail);
	}
	grid_close(page, grid);
}

/* The largest of each column's samples, from nothing to the most. */
static void put_history(const struct page *page, const struct process_info *info)
{
	static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	uint64_t first = info->ledgers[0].tick, last = info->ledgers[info->ledger_count - 1].tick, most = 0;
	uint64_t tops[BARS_MOST] = {0}, shown = 0;
	size_t width = info->ledger_count < BARS_MOST ? info->ledger_count : BARS_MOST;
	char line[BARS_MOST * 4 + 1] = "";

	width = width + 40 > page->width && page->width > 60 ? page->width - 40 : width;
	if (last <= first)
		return;
	for (size_t i = 0; i < info->ledger_count; i++) {
		const struct ledger *ledger = &info->ledgers[i];
		size_t column = (size_t)((double)(ledger->tick - first) / (double)(last - first) * (double)(width - 1));

		tops[column] = ledger->rss_bytes > tops[column] ? ledger->rss_bytes : tops[column];
		most = ledger->rss_bytes > most ? ledger->rss_bytes : most;
	}
	for (size_t i = 0; i < width; i++) {
		shown = tops[i] ? tops[i] : shown;
		strcat(line, bars[most ? (size_t)((double)shown / (double)most * 7.0) : 0]);
	}
	page_entry(page, "over time", STYLE_PLAIN, "%s %s at most", line, BYTES(most));
}

void text_ledger(const struct page *page, const struct view *view)
{
	uint64_t other_bytes;
	size_t others;
	const struct view_process *process = largest(view, &others, &other_bytes);
	const struct ledger *ledger;
	char *name, *at, *note;

	if (!process)
		return;
	ledger = ledger_of_end(process->info);
	name = text_process(process);
	if (!strcmp(ledger->at, "exit"))
		at = xstrdup("when it began to end");
	else
		at = xstrdup("when it was last looked at");
	note = xasprintf("%s: %s resident %s", name, BYTES(ledger->rss_bytes), at);
	page_title(page, "Where the memory is", note);
	put_table(page, ledger);
	if (process->info->ledger_count >= 4)
		put_history(page, process->info);
	if (others)
		page_entry(page, "others", STYLE_DIM, "%s in %s other %s; --process shows one", BYTES(other_bytes),
		           COUNT(others), PLURAL(others, "process", "processes"));
	free(name);
	free(at);
	free(note);
}
