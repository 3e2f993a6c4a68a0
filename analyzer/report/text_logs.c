/* text_logs.c: imported logs in the report that a person reads; see text.h. There is no process here, and no stack. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/by_type.h"
#include "report/escape.h"
#include "report/human.h"
#include "report/logs.h"
#include "report/text.h"
#include "report/type_text.h"
#include "util.h"

#define NAMES_MOST 40            /* types that were dropped perfectly, by name */
#define TREND_LINES 1000         /* of a log: fewer are not worth 64 slices */

static void say(const struct page *page, enum style style, char *text)
{
	page_words(page, 0, 0, style, text);
	free(text);
}

/* Escaped, and where a person looks cut to so many columns. To be freed. */
static char *shown_type(const struct page *page, const char *type, size_t room)
{
	char *escaped = type ? escape_text(type) : xstrdup("(unknown)"), *text;

	if (!page->cut)
		return escaped;
	text = type_text(escaped, room);
	free(escaped);
	return text;
}

/* ---- the answer ------------------------------------------------------------------------------------------------ */

/* "much more than the 4.0 MiB by which memory grew" */
static char *comparison(const struct logged *logged)
{
	static const char *const words[] = {
		[LOG_FIT_MUCH_LARGER] = "much more than", [LOG_FIT_LARGER] = "more than", [LOG_FIT_EQUAL] = "as much as",
		[LOG_FIT_SMALLER] = "less than", [LOG_FIT_MUCH_SMALLER] = "much less than",
	};
	enum log_fit fit = log_fit(logged);
	char *growth = log_growth_text(logged->record.growth), *text;

	if (logged->record.growth > 0)
		text = xasprintf("%s %s the %s by which memory was seen to grow",
		                 fit == LOG_FIT_EQUAL ? "about" : "", words[fit], growth);
	else
		text = xasprintf(" %s memory was seen to grow, which is %s", words[fit], growth);
	free(growth);
	return text;
}

static const char *log_name(const struct view_process *process)
{
	return *process->info->exe ? process->info->exe : "the log";
}

static void answer_trust(const struct page *page, const struct view *view)
{
	static const enum style styles[] = {
		[LOG_FIT_UNKNOWN] = STYLE_DIM, [LOG_FIT_MUCH_LARGER] = STYLE_BAD, [LOG_FIT_LARGER] = STYLE_BAD,
		[LOG_FIT_EQUAL] = STYLE_GOOD, [LOG_FIT_SMALLER] = STYLE_BAD, [LOG_FIT_MUCH_SMALLER] = STYLE_BAD,
	};
	size_t logs = view_logs(view);

	for (size_t i = 0; i < view->process_count; i++) {
		const struct logged *logged = view->processes[i].info->logged;
		enum log_fit fit = logged ? log_fit(logged) : LOG_FIT_UNKNOWN;
		char *compared, *name;

		if (!logged || (fit == LOG_FIT_UNKNOWN && logs > 1))
			continue;
		if (fit == LOG_FIT_UNKNOWN) {
			say(page, styles[fit], xstrdup(log_fit_suggests(fit)));
			continue;
		}
		compared = comparison(logged);
		name = escape_text(log_name(&view->processes[i]));
		/* Memory holds what is suppressed too. */
		say(page, styles[fit], xasprintf("%s%sThe %s not dropped%s are %s. %s", logs > 1 ? name : "",
		                                 logs > 1 ? ": " : "", BYTES(logged->live_bytes),
		                                 view->suppressed[DOMAIN_LOG].blocks ? ", suppressed or not," : "",
		                                 compared + strspn(compared, " "), log_fit_suggests(fit)));
		free(compared);
		free(name);
	}
}

static void answer_largest(const struct page *page, const struct type_sum *sums, size_t count)
{
	if (count > 1 && sums->live_blocks && sums->type) {
		char *type = shown_type(page, sums->type, page->width - 1);

		say(page, STYLE_PLAIN, xasprintf("The largest type is %s: %s in %s %s.", type, BYTES(sums->live_bytes),
		                                 COUNT(sums->live_blocks), PLURAL(sums->live_blocks, "block", "blocks")));
		free(type);
	}
}

static void answer(const struct page *page, const struct view *view, const struct type_sum *sums, size_t count)
{
	struct logged sum = view_log_sum(view);
	const struct domain_sum *hidden = &view->suppressed[DOMAIN_LOG];
	uint64_t findings = 0;

	if (!sum.allocs)
		say(page, STYLE_BOLD, xstrdup("The log tells of no allocation."));
	else if (sum.live_blocks && sum.live_blocks == hidden->blocks)
		say(page, STYLE_BOLD, xstrdup("Nothing but what is suppressed was never dropped."));
	else if (!sum.live_blocks)
		say(page, STYLE_GOOD, xasprintf("Everything was dropped: all %s %s.", COUNT(sum.allocs),
		                                PLURAL(sum.allocs, "block", "blocks")));
	else
		say(page, STYLE_BOLD,
		    xasprintf("%s in %s of %s %s %s never dropped.", BYTES(sum.live_bytes - hidden->bytes),
		              COUNT(sum.live_blocks - hidden->blocks), COUNT(sum.allocs),
		              PLURAL(sum.allocs, "block", "blocks"),
		              PLURAL(sum.live_blocks - hidden->blocks, "was", "were")));
	answer_largest(page, sums, count);
	text_suppressed(page, view, DOMAIN_LOG);
	answer_trust(page, view);
	for (size_t i = 0; i < view->input_count; i++)
		for (size_t f = 0; f < view->inputs[i].recording->finding_count; f++)
			findings += text_is_log_finding(&view->inputs[i].recording->findings[f]);
	if (findings)
		say(page, STYLE_BAD,
		    xasprintf("%s %s of trouble with the log %s told at the end of this report.", COUNT(findings),
		              PLURAL(findings, "kind", "kinds"), PLURAL(findings, "is", "are")));
}

/* ---- by type --------------------------------------------------------------------------------------------------- */

static void perfect(const struct page *page, const struct type_sum *sums, size_t count)
{
	size_t named = 0, all = 0;
	char *names = xstrdup("");

	for (size_t i = 0; i < count; i++) {
		char *type, *longer;

		if (type_dropping(&sums[i]) != DROPPING_PERFECT || !sums[i].allocs)
			continue;
		if (all++ >= NAMES_MOST)
			continue;
		type = shown_type(page, sums[i].type, page->width / 2);
		longer = xasprintf("%s%s%s (%s)", names, named ? ", " : "", type, COUNT(sums[i].allocs));
		named++;
		free(names);
		free(type);
		names = longer;
	}
	if (all) {
		page_title(page, "Dropped perfectly", all == 1 ? "one type, with how many blocks it had"
		                                               : "types, with how many blocks each had");
		fputs("  ", page->file);
		if (all > named) {
			char *longer = xasprintf("%s, … and %zu more; --json has all", names, all - named);

			free(names);
			names = longer;
		}
		page_words(page, 2, 2, STYLE_GOOD, names);
	}
	free(names);
}

static void by_type(const struct page *page, const struct type_sum *sums, size_t count, const struct text_options *options)
{
	static const struct column columns[] = {
		{"not dropped", true, false, STYLE_SIZE, CUT_END}, {"blocks", true, false, STYLE_PLAIN, CUT_END},
		{"allocated", true, false, STYLE_DIM, CUT_END}, {"dropped", false, false, STYLE_DIM, CUT_END},
		{"type", false, true, STYLE_PLAIN, CUT_MIDDLE},
	};
	size_t kept = 0, alive = 0;
	struct grid *grid = NULL;
	char *note = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct type_sum *sum = &sums[i];
		char *type;

		if (!sum->live_blocks || alive++ >= options->top)
			continue;
		grid = grid ? grid : grid_open(columns, sizeof(columns) / sizeof(*columns));
		grid_fit_last(grid, type_texts_fit);
		type = sum->type ? escape_text(sum->type) : xstrdup("(unknown)");
		kept++;
		grid_cell(grid, BYTES(sum->live_bytes));
		grid_cell(grid, COUNT(sum->live_blocks));
		grid_cell(grid, COUNT(sum->allocs));
		grid_cell(grid, sum->frees ? SHARE(sum->frees, sum->allocs) : "none");
		grid_cell(grid, type);
		free(type);
	}
	if (kept < alive)
		note = xasprintf("the largest %s of %s", COUNT(kept), COUNT(alive));
	if (grid) {
		page_title(page, "Not dropped, by type", note);
		grid_close(page, grid);
	}
	perfect(page, sums, count);
	free(note);
}

/* ---- by place -------------------------------------------------------------------------------------------------- */

static char *shown_place(struct view_process *process, struct node_id node)
{
	const struct frame *frame;
	char *text, *escaped;

	names_resolve(process->input->names, process->id, node, &frame);
	if (!frame->file)
		return xstrdup("(unknown)");
	if (!frame->line)
		return escape_text(frame->file);
	if (frame->column)
		text = xasprintf("%s:%" PRIu32 ":%" PRIu32, frame->file, frame->line, frame->column);
	else
		text = xasprintf("%s:%" PRIu32, frame->file, frame->line);
	escaped = escape_text(text);
	free(text);
	return escaped;
}

static const char *trend_word(const struct process_info *info, enum trend trend)
{
	if (info->logged->record.lines < TREND_LINES)
		return "";
	return trend == TREND_GROWING ? "grows" : trend == TREND_ONCE ? "once" : trend == TREND_STEADY ? "steady" : "";
}

static void by_place(const struct page *page, const struct view *view, const struct text_options *options)
{
	static const struct column columns[] = {
		{"not dropped", true, false, STYLE_SIZE, CUT_END}, {"blocks", true, false, STYLE_PLAIN, CUT_END},
		{"allocated", true, false, STYLE_DIM, CUT_END}, {"trend", false, false, STYLE_DIM, CUT_END},
		{"where", false, true, STYLE_PLACE, CUT_START}, {"type", false, false, STYLE_PLAIN, CUT_MIDDLE},
	};
	struct grid *grid = NULL;
	size_t kept = 0, all = 0;
	char *note = NULL;

	for (size_t i = 0; i < view->site_count; i++) {
		const struct view_site *site = &view->sites[i];
		struct view_process *process = &view->processes[site->process];
		const struct frame *frame;
		char *place, *type;

		if (site->domain != DOMAIN_LOG || site->suppressed_by || all++ >= options->top)
			continue;
		grid = grid ? grid : grid_open(columns, sizeof(columns) / sizeof(*columns));
		grid_fit_last(grid, type_texts_fit);
		kept++;
		names_resolve(process->input->names, process->id, site->stack, &frame);
		place = shown_place(process, site->stack);
		type = frame->type ? escape_text(frame->type) : xstrdup("(unknown)");
		grid_cell(grid, BYTES(site->live_bytes));
		grid_cell(grid, COUNT(site->live_blocks));
		grid_cell(grid, COUNT(site->allocs));
		grid_cell(grid, trend_word(process->info, site->growth.trend));
		grid_cell(grid, place);
		grid_cell(grid, type);
		free(place);
		free(type);
	}
	if (kept < all)
		note = xasprintf("the largest %s of %s", COUNT(kept), COUNT(all));
	if (grid) {
		page_title(page, "Not dropped, by line", note);
		grid_close(page, grid);
	}
	free(note);
}

/* ---- the rest -------------------------------------------------------------------------------------------------- */

static void totals(const struct page *page, const struct view *view)
{
	struct logged sum = view_log_sum(view);

	page_title(page, "Totals", "of what the log tells");
	page_entry(page, "allocated", STYLE_PLAIN, "%s in %s %s", BYTES(sum.bytes_allocated), COUNT(sum.allocs),
	           PLURAL(sum.allocs, "block", "blocks"));
	page_entry(page, "dropped", STYLE_PLAIN, "%s %s", COUNT(sum.drops), PLURAL(sum.drops, "block", "blocks"));
	page_entry(page, "peak", STYLE_PLAIN, "%s at once", BYTES(sum.peak_bytes));
}

void report_logs_text(const struct page *page, const struct view *view, const struct text_options *options)
{
	size_t count;
	struct type_sum *sums = view_by_type(view, DOMAIN_LOG, &count);

	answer(page, view, sums, count);
	by_type(page, sums, count, options);
	by_place(page, view, options);
	totals(page, view);
	free(sums);
}

void text_logs(const struct page *page, const struct view *view, const struct text_options *options)
{
	page_title(page, "Imported logs", "what they tell for themselves");
	report_logs_text(page, view, options);
}

void leaks_logs_text(const struct page *page, const struct view *view, const struct text_options *options,
                     enum leaks_by by)
{
	size_t count;
	struct type_sum *sums = view_by_type(view, DOMAIN_LOG, &count);

	answer(page, view, sums, count);
	if (by == BY_TYPE)
		by_type(page, sums, count, options);
	else if (by == BY_SITE)
		by_place(page, view, options);
	else if (by == BY_MODULE)
		text_modules(page, view, options);
	else
		text_by_process(page, view, options);
	free(sums);
}
