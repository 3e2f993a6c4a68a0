/* text.c: the sections of the text report, in order: the answer first; see text.h. */
#include "report/text.h"

#include <stdlib.h>

#include "report/escape.h"
#include "report/human.h"
#include "report/logs.h"
#include "report/usage.h"
#include "util.h"

void text_source(const struct page *page, const struct view *view)
{
	uint64_t bytes = 0;
	char *dir = escape_text(view->inputs[0].recording->dir);

	for (size_t i = 0; i < view->input_count; i++)
		bytes += view->inputs[i].recording->bytes_on_disk;
	fputc('\n', page->file);
	if (view->input_count == 1)
		page_format(page, STYLE_DIM, "%s, %s", dir, BYTES(bytes));
	else
		page_format(page, STYLE_DIM, "%s and %s more, %s together", dir, COUNT(view->input_count - 1),
		            BYTES(bytes));
	fputc('\n', page->file);
	free(dir);
}

/* Is the leak of the verdict one of linear memories? */
static bool leaks_inside(const struct view *view)
{
	const struct verdict *verdict = view->worst_process != NO_PROCESS ? &view->processes[view->worst_process].verdict : NULL;

	return verdict && verdict->kind == VERDICT_LEAK &&
	       (verdict->domain == DOMAIN_WASM_HEAP || verdict->domain == DOMAIN_WASM_MEMORY);
}

static void put_memories(const struct page *page, const struct view *view, const struct text_options *options,
                         struct name_sum *names)
{
	struct text_options inside = *options;

	inside.domain = DOMAIN_WASM_HEAP;
	text_wasm(page, view, options, names);
	text_by_type(page, view, &inside, true);
	text_sites(page, view, &inside, names);
}

/* What the program told of pools of its own. */
static void put_pools(const struct page *page, const struct view *view, const struct text_options *options)
{
	struct text_options pools = *options;

	pools.domain = DOMAIN_POOL;
	if (options->domain != DOMAIN_POOL)
		text_by_type(page, view, &pools, true);
}

void report_text(const struct page *page, const struct view *view, const struct text_options *options)
{
	bool memories_first = leaks_inside(view);
	struct name_sum names = {0};

	if (view_domain(view) == DOMAIN_LOG) {
		report_logs_text(page, view, options);
		text_trust(page, view, &names);
		text_source(page, view);
		return;
	}
	text_answer(page, view, options->domain);
	if (view->process_count) {
		text_processes(page, view);
		if (memories_first)
			put_memories(page, view, options, &names);
		text_ledger(page, view);
		text_sites(page, view, options, &names);
		text_garbage(page, view, options);
		text_pending(page, view);
		text_workers(page, view, options);
		text_by_type(page, view, options, true);
		put_pools(page, view, options);
		text_modules(page, view, options);
		if (!memories_first)
			put_memories(page, view, options, &names);
		text_elsewhere(page, view, options->domain);
		text_totals(page, view);
		usage_text(page, view, options->top);
		if (view_logs(view))
			text_logs(page, view, options);
	}
	text_trust(page, view, &names);
	text_source(page, view);
}

void leaks_text(const struct page *page, const struct view *view, const struct text_options *options,
                enum leaks_by by)
{
	struct name_sum names = {0};

	if (options->domain == DOMAIN_LOG && view_logs(view)) {
		leaks_logs_text(page, view, options, by);
		text_trust(page, view, &names);
		text_source(page, view);
		return;
	}
	text_answer(page, view, options->domain);
	if (by == BY_SITE) {
		text_sites(page, view, options, &names);
		text_garbage(page, view, options);
		text_pending(page, view);
		text_workers(page, view, options);
	} else if (by == BY_TYPE) {
		text_by_type(page, view, options, false);
	} else if (by == BY_MODULE) {
		text_modules(page, view, options);
	} else {
		text_by_process(page, view, options);
	}
	text_elsewhere(page, view, options->domain);
	text_trust(page, view, &names);
	text_source(page, view);
}
