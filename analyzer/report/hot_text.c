/* hot_text.c: hot paths for a person: the answer, functions, and the two trees; see hot.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "report/hot.h"
#include "report/human.h"
#include "report/text.h"
#include "util.h"

/* What is counted, as in "by …". */
static const char *const titles[HOT_BYS] = {
	[HOT_ALLOCS] = "allocations", [HOT_BYTES] = "bytes allocated", [HOT_TEMPORARY] = "temporary blocks",
	[HOT_PEAK] = "bytes at the peak", [HOT_LIFETIME] = "short-lived blocks", [HOT_CPU] = "CPU time",
	[HOT_INSTRUCTIONS] = "instructions", [HOT_CYCLES] = "cycles", [HOT_CACHE_MISSES] = "cache misses",
	[HOT_PAGE_FAULTS] = "page faults",
};

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
		text = xasprintf(", between %s and %s", from, to);
	else if (from || to)
		text = xasprintf(", %s %s", from ? "after" : "up to", from ? from : to);
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
	/* Nor is it worth a word if it reads the same. */
	if (hot->options->moment.most <= hot->all.peak || !strcmp(BYTES(hot->options->moment.most), BYTES(hot->all.peak)))
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
		if (!hot_has_blocks(hot->options->domain))
			return xasprintf("%s: %s in %s %s", process, BYTES(all->bytes), COUNT(all->allocs),
			                 PLURAL(all->allocs, "allocation", "allocations"));
		return xasprintf("%s: %s in %s %s, of which %s (%s) were temporary", process, BYTES(all->bytes),
		                 COUNT(all->allocs), PLURAL(all->allocs, "allocation", "allocations"), COUNT(all->temporary),
		                 SHARE(all->temporary, all->allocs));
	}
}

/* Does a collector free in some linear memory, of which nothing is told? */
static bool has_untold_deaths(const struct view *view)
{
	for (size_t i = 0; i < view->process_count; i++)
		for (size_t m = 0; m < view->processes[i].info->wasm_memory_count; m++) {
			const struct wasm_heap *heap = view->processes[i].info->wasm_memories[m].heap;

			if (heap && heap->no_deaths)
				return true;
		}
	return false;
}

/* Sums, and what of them is shown. */
static void put_answer(const struct page *page, const struct hot *hot)
{
	char *all_of = who(hot->view), *during = stretch(hot->options), *process = xasprintf("%s%s", all_of, during);
	bool sampled = hot_is_cpu(hot->options->by);
	char *sum = sampled ? NULL : sum_sentence(hot, process), *text = sampled ? NULL : xasprintf("%s.", sum);
	uint64_t all = hot_value(&hot->all, hot->options->by);

	if (sampled)
		hot_cpu_answer(page, hot, process);
	else
		page_words(page, 0, 0, STYLE_BOLD, text);
	free(text);
	if (hot->options->match_count && all) {
		char *matching = hot_number(hot, hot->total);

		text = xasprintf("What matches is %s of that: %s. Shares are of this.", SHARE(hot->total, all), matching);
		page_words(page, 0, 0, STYLE_PLAIN, text);
		free(matching);
		free(text);
	}
	if (hot->options->domain != DOMAIN_HEAP && !sampled) {
		text = xasprintf("Domain: %s.", domain_name(hot->options->domain));
		page_words(page, 0, 0, STYLE_PLAIN, text);
		free(text);
	}
	if (hot->options->domain == DOMAIN_WASM_HEAP && !sampled && has_untold_deaths(hot->view))
		page_words(page, 0, 0, STYLE_PLAIN,
		           "A collector frees in some linear memory, which it does not tell: its blocks count as allocations, but "
		           "not as temporary, short-lived, or alive at a peak.");
	free(sum);
	free(during);
	free(process);
	free(all_of);
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
		char *self = hot_number(hot, hot->functions.list[order[i]].self);
		char *total = hot_number(hot, hot->functions.list[order[i]].total);

		widths[0] = (int)strlen(self) > widths[0] ? (int)strlen(self) : widths[0];
		widths[1] = (int)strlen(total) > widths[1] ? (int)strlen(total) : widths[1];
		free(self);
		free(total);
	}
	page_format(page, STYLE_DIM, "  %*s  %7s  %*s  %7s  %s\n", widths[0], "self", "", widths[1], "total", "", "function");
	for (size_t i = 0; i < shown; i++) {
		const struct hot_sum *sum = &hot->functions.list[order[i]];
		char *self = hot_number(hot, sum->self), *total = hot_number(hot, sum->total);
		size_t taken = 2 + (size_t)widths[0] + 2 + 7 + 2 + (size_t)widths[1] + 2 + 7 + 2;

		page_format(page, STYLE_SIZE, "  %*s", widths[0], self);
		page_format(page, STYLE_PLAIN, "  %7s", SHARE(sum->self, hot->total));
		page_format(page, STYLE_DIM, "  %*s  %7s  ", widths[1], total, SHARE(sum->total, hot->total));
		hot_put_frame(page, hot, order[i], &hot->frames[order[i]].place, page->width > taken ? page->width - taken : 0,
		              names);
		free(self);
		free(total);
	}
	free(order);
}

/* ---- threads -------------------------------------------------------------------------------------------------- */

static void put_thread_name(struct grid *grid, const struct hot *hot, const struct hot_thread *is)
{
	const struct thread_info *thread = is->thread;
	char *name = escape_text(thread && thread->name ? thread->name : "unknown");
	char *tid = thread ? xasprintf("%" PRIu32, thread->tid) : xstrdup("");
	char *process = hot->view->process_count > 1 ? text_process(&hot->view->processes[is->process]) : xstrdup("");

	grid_cell(grid, tid);
	grid_cell(grid, name);
	grid_cell(grid, process);
	free(name);
	free(tid);
	free(process);
}

/* Of CPU samples. */
static void put_sampled_threads(const struct page *page, const struct hot *hot)
{
	struct column columns[] = {
		{titles[hot->options->by], true, false, STYLE_SIZE, CUT_END}, {"", true, false, STYLE_PLAIN, CUT_END},
		{"samples", true, false, STYLE_PLAIN, CUT_END}, {"tid", true, false, STYLE_DIM, CUT_END},
		{"thread", false, false, STYLE_PLAIN, CUT_END}, {"", false, true, STYLE_DIM, CUT_END},
	};
	uint64_t all = hot_value(&hot->all, hot->options->by);
	size_t count;
	struct hot_thread *threads = hot_threads(hot, &count);
	char *note = count > hot->options->top ? xasprintf("%s of %s", COUNT(hot->options->top), COUNT(count)) : NULL;
	struct grid *grid;

	if (count > 1 || hot->options->thread_count) {
		page_title(page, "Threads", note ? note : hot->options->match_count ? "matching or not" : NULL);
		grid = grid_open(columns, 6);
		for (size_t i = 0; i < count && i < hot->options->top; i++) {
			uint64_t value = hot_value(&threads[i].counts, hot->options->by);
			char *number = hot_number(hot, value);

			grid_cell(grid, number);
			grid_cell(grid, SHARE(value, all));
			grid_cell(grid, COUNT(threads[i].counts.samples));
			put_thread_name(grid, hot, &threads[i]);
			free(number);
		}
		grid_close(page, grid);
	}
	free(note);
	free(threads);
}

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

			grid_cell(grid, COUNT(counts->allocs));
			grid_cell(grid, BYTES(counts->bytes));
			grid_cell(grid, COUNT(counts->temporary));
			grid_cell(grid, COUNT(counts->brief));
			put_thread_name(grid, hot, &threads[i]);
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
			return strcasestr(value, "UTF-8") || strcasestr(value, "UTF8");
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
	if (hot_is_cpu(options->by))
		put_sampled_threads(page, hot);
	if (hot_needs_churn(options))
		put_threads(page, hot);
	if (hot->total)
		put_functions(page, hot, &names);
	/* A log has no callers. */
	if (hot->total && (hot_is_cpu(options->by) || options->domain != DOMAIN_LOG)) {
		hot_put_tree(page, hot, true, &names);
		hot_put_tree(page, hot, false, &names);
	}
	if (hot_is_cpu(options->by))
		text_trust_cpu(page, view, &names);
	else
		text_trust(page, view, &names);
	text_source(page, view);
	hot_free(hot);
}
