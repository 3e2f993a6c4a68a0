/* text_log_trust.c: how far an imported log can be trusted: what is wrong with it; see text.h. */
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "report/human.h"
#include "report/logs.h"
#include "report/text.h"
#include "util.h"

struct words { const char *kind, *label, *one, *many; };

static const struct words *words_of(const char *kind)
{
	static const struct words all[] = {
		{"allocated-twice", "double alloc", "id was allocated again: its blocks count each on its own",
		 "ids were allocated again: their blocks count each on its own"},
		{"dropped-twice", "double drop", "block was dropped again: not counted", "blocks were dropped again: not counted"},
		{"dropped-never-allocated", "orphan drop", "id was dropped and never allocated: not counted",
		 "ids were dropped and never allocated: not counted"},
		{"dropped-otherwise", "mismatch",
		 "block was dropped with another size or type than it was allocated with: it counts as it was allocated",
		 "blocks were dropped with another size or type than they were allocated with: they count as they were allocated"},
		{"id-gap", "gaps", "id is missing in between others: its lines may be lost",
		 "ids are missing in between others: their lines may be lost"},
		{"no-sequence", "ids", "log's ids are no sequence", "logs' ids are no sequence"},
		{"unparsable", "unreadable", "line begins with @ and cannot be understood",
		 "lines begin with @ and cannot be understood"},
		{"cut-short", "cut short", "file's last line is torn: not counted", "files' last lines are torn: not counted"},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!strcmp(kind, all[i].kind))
			return &all[i];
	return NULL;
}

bool text_is_log_finding(const struct finding *finding)
{
	return words_of(finding->kind) != NULL;
}

bool text_log_finding(const struct page *page, const struct finding *finding)
{
	const struct words *words = words_of(finding->kind);

	if (!words)
		return false;
	page_entry(page, words->label, STYLE_BAD, "%s %s", COUNT(finding->count),
	           PLURAL(finding->count, words->one, words->many));
	for (size_t i = 0; i < finding->example_count; i++) {
		char *example = escape_text(finding->examples[i]);

		page_entry(page, "", STYLE_PLAIN, "%s", example);
		free(example);
	}
	if (finding->example_count && finding->example_count < finding->count && strcmp(finding->kind, "id-gap") != 0)
		page_entry(page, "", STYLE_DIM, "…");
	return true;
}

void text_log_trust(const struct page *page, const struct view *view)
{
	struct logged sum = view_log_sum(view);

	page_entry(page, "lines", STYLE_PLAIN, "%s, of which %s begin with @", COUNT(sum.record.lines),
	           COUNT(sum.record.records));
	for (size_t i = 0; i < view->process_count; i++) {
		const struct logged *logged = view->processes[i].info->logged;
		char *growth;

		if (!logged || !logged->record.flags)
			continue;
		growth = log_growth_text(logged->record.growth);
		page_entry(page, "growth", STYLE_PLAIN, "%s, %s; not dropped: %s", growth,
		           logged->record.flags & TRACE_LOG_GROWTH_GIVEN ? "as --observed-growth said"
		                                                         : "from the first MEMORY line to the last",
		           BYTES(logged->live_bytes));
		free(growth);
	}
	if (sum.record.late_allocs)
		page_entry(page, "order", STYLE_PLAIN, "%s %s in the log, which is no fault: threads write as they come",
		           COUNT(sum.record.late_allocs),
		           PLURAL(sum.record.late_allocs, "ALLOCATE stands after its DROP",
		                  "ALLOCATE lines stand after their DROP"));
}

static bool is_clean(const struct view *view)
{
	for (size_t i = 0; i < view->input_count; i++)
		if (view->inputs[i].recording->finding_count)
			return false;
	return !view->damaged;
}

void trust_logs_text(const struct page *page, const struct view *view)
{
	page_title(page, "How far to trust this", NULL);
	text_log_trust(page, view);
	if (is_clean(view) && !view_log_sum(view).record.records)
		page_entry(page, "checks", STYLE_BAD, "no line begins with @, so nothing is known: is this the log?");
	else if (is_clean(view))
		page_entry(page, "checks", STYLE_GOOD,
		           "no id was allocated or dropped twice, every DROP fits its ALLOCATE, no id is missing, and every "
		           "line was understood");
}
