/* text_trust.c: how far the numbers can be trusted, and why; see text.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "heap/cpu.h"
#include "heap/place.h"
#include "report/escape.h"
#include "report/human.h"
#include "report/ledger.h"
#include "report/logs.h"
#include "report/text.h"
#include "trace/sample.h"
#include "trace/unlooked.h"
#include "util.h"

#define SENTENCES_MOST 20

static void tell_events(const struct page *page, const struct view *view)
{
	static const char *const reasons[TRACE_LOST_KINDS] = {
		[TRACE_LOST_NO_SPACE] = "no room on the disk or within a limit",
		[TRACE_LOST_NESTED] = "signal handlers nested too deep",
		[TRACE_LOST_NO_STATE] = "no memory for a thread's state",
	};
	uint64_t counted[TRACE_LOST_KINDS] = {0}, known = 0, rescued = 0;

	for (size_t i = 0; i < view->process_count; i++)
		if (view->processes[i].end == END_KILLED || view->processes[i].end == END_SIGNAL)
			rescued += view->processes[i].info->recovered;
	if (rescued)
		page_entry(page, "events", STYLE_PLAIN, "%s read, %s of them from the memory of what was killed",
		           COUNT(view->events), COUNT(rescued));
	else
		page_entry(page, "events", STYLE_PLAIN, "%s read", COUNT(view->events));
	if (!view->lost) {
		if (view->damaged)
			page_entry(page, "lost", STYLE_BAD, "none known; files are damaged");
		else if (view->not_recorded)
			page_entry(page, "lost", STYLE_BAD, "none known; files are empty");
		else
			page_entry(page, "lost", STYLE_GOOD, "none");
		return;
	}
	page_entry(page, "lost", STYLE_BAD, "%s", COUNT(view->lost));
	for (size_t i = 0; i < view->process_count; i++)
		for (size_t reason = 0; reason < TRACE_LOST_KINDS; reason++)
			counted[reason] += view->processes[i].info->header.lost[reason];
	for (size_t reason = 0; reason < TRACE_LOST_KINDS; reason++) {
		if (counted[reason])
			page_entry(page, "", STYLE_PLAIN, "%s: %s", COUNT(counted[reason]),
			           reasons[reason] ? reasons[reason] : "for a reason that this probe does not know");
		known += counted[reason];
	}
	if (known < view->lost)
		page_entry(page, "", STYLE_PLAIN, "%s: missing from the files", COUNT(view->lost - known));
}

static void tell_matching(const struct page *page, const struct view *view)
{
	const struct totals *totals = &view->totals;

	if (!totals->unmatched_frees && !totals->repaired)
		page_entry(page, "matching", STYLE_GOOD, "every free has its allocation");
	if (totals->unmatched_frees)
		page_entry(page, "matching", STYLE_BAD, "%s %s of blocks that nobody was seen to allocate",
		           COUNT(totals->unmatched_frees), PLURAL(totals->unmatched_frees, "free", "frees"));
	if (totals->repaired)
		page_entry(page, totals->unmatched_frees ? "" : "matching", STYLE_PLAIN,
		           "%s repaired: an address was reused before its block was seen to end",
		           COUNT(totals->repaired));
	if (totals->inherited_frees)
		page_entry(page, "inherited", STYLE_PLAIN, "%s %s of blocks from before a fork, not counted",
		           COUNT(totals->inherited_frees), PLURAL(totals->inherited_frees, "free", "frees"));
}

static void tell_stacks(const struct page *page, const struct view *view)
{
	static const char *const words[] = {
		[TRACE_STACK_NONE] = "have none", [TRACE_STACK_CUT] = "have one cut at the depth that was asked for",
		[TRACE_STACK_LOST] = "have one that ends where the walk could not go on",
	};
	uint64_t allocs = 0, complete = view->endings[TRACE_STACK_ROOT].allocs;

	for (size_t i = 0; i < TRACE_FIRST_NODE; i++)
		allocs += view->endings[i].allocs;
	if (!allocs)
		return;
	if (complete == allocs) {
		page_entry(page, "stacks", STYLE_GOOD, "complete in all %s %s", COUNT(allocs),
		           PLURAL(allocs, "allocation", "allocations"));
		return;
	}
	page_entry(page, "stacks", STYLE_PLAIN, "complete in %s of %s allocations", SHARE(complete, allocs),
	           COUNT(allocs));
	for (size_t i = 0; i < TRACE_FIRST_NODE; i++)
		if (i != TRACE_STACK_ROOT && view->endings[i].allocs)
			page_entry(page, "", STYLE_PLAIN, "%s %s (%s still alive)", COUNT(view->endings[i].allocs),
			           words[i], COUNT(view->endings[i].live_blocks));
}

/* Likewise, of CPU samples. */
static void tell_sampled_stacks(const struct page *page, const struct view *view)
{
	static const char *const words[] = {
		[TRACE_STACK_NONE] = "no memory was to be had for it", [TRACE_STACK_CUT] = "cut at the depth that was asked for",
		[TRACE_STACK_LOST] = "the walk could not go on",
	};
	uint64_t endings[TRACE_FIRST_NODE] = {0}, all = 0;

	for (size_t i = 0; i < view->process_count; i++) {
		const struct process_info *info = view->processes[i].info;

		for (size_t row = 0; info->cpu && row < info->cpu->row_count; row++) {
			endings[place_ending(info, info->cpu->rows[row].stack)] += info->cpu->rows[row].samples;
			all += info->cpu->rows[row].samples;
		}
	}
	if (endings[TRACE_STACK_ROOT] == all)
		page_entry(page, "stacks", STYLE_GOOD, "complete in all %s %s", COUNT(all), PLURAL(all, "sample", "samples"));
	else
		page_entry(page, "stacks", STYLE_PLAIN, "complete in %s of %s samples", SHARE(endings[TRACE_STACK_ROOT], all),
		           COUNT(all));
	for (size_t i = 0; i < TRACE_FIRST_NODE; i++)
		if (i != TRACE_STACK_ROOT && endings[i])
			page_entry(page, "", STYLE_PLAIN, "%s: %s", COUNT(endings[i]), words[i]);
}

static void tell_ends(const struct page *page, const struct view *view)
{
	uint64_t killed = 0, unshared = 0;

	for (size_t i = 0; i < view->process_count; i++) {
		const struct view_process *process = &view->processes[i];

		killed += process->end == END_KILLED || process->end == END_SIGNAL;
		unshared += (process->info->header.flags & TRACE_PROCESS_UNSHARED) != 0;
	}
	if (killed)
		page_entry(page, "killed", STYLE_PLAIN, "%s %s: what would have been freed is not known",
		           COUNT(killed),
		           PLURAL(killed, "process was taken as it stood", "processes were taken as they stood"));
	if (unshared)
		page_entry(page, "unshared", STYLE_PLAIN,
		           "%s %s could not share memory with a file: had it been killed, "
		           "events would have died with it", COUNT(unshared),
		           PLURAL(unshared, "process", "processes"));
	if (view->process_count < view->process_total)
		page_entry(page, "left out", STYLE_PLAIN, "%s of %s processes, by --process",
		           COUNT(view->process_total - view->process_count), COUNT(view->process_total));
}

/* Samples of where the memory is are taken within the program's own time. */
static void tell_sampling(const struct page *page, const struct view *view)
{
	uint64_t samples = 0, cost = 0, cpu = 0;
	bool told = false;

	for (size_t i = 0; i < view->process_count; i++) {
		const struct process_info *info = view->processes[i].info;

		const struct ledger *ledger = ledger_of_end(info);

		if (!info->sample_count)
			continue;
		told |= ledger && ledger->rss_bytes >= LEDGER_TOLD;
		samples += info->sample_count;
		cost += info->header.sampling_us;
		cpu += info->samples[info->sample_count - 1].head.cpu_ns / 1000;
	}
	if (told && cpu > cost)
		page_entry(page, "sampling", STYLE_PLAIN, "%s %s of where the memory is took %s of the CPU time",
		           COUNT(samples), PLURAL(samples, "look", "looks"), SHARE(cost, cpu));
}

static void tell_finding(const struct page *page, const struct finding *finding)
{
	char *kind = escape_text(finding->kind), *text = xstrdup("");

	for (size_t i = 0; i < finding->example_count; i++) {
		char *example = escape_text(finding->examples[i]);
		char *longer = xasprintf("%s%s%s", text, i ? "; " : ": ", example);

		free(example);
		free(text);
		text = longer;
	}
	page_entry(page, kind, STYLE_BAD, "%s%s%s", COUNT(finding->count), text,
	           finding->example_count && finding->example_count < finding->count ? "; …" : "");
	free(kind);
	free(text);
}

/* ---- sentences ----------------------------------------------------------------------------------------------- */

/* The same sentence from a thousand processes is said once. */
struct sentences {
	const char **texts;       /* array owned, texts not */
	size_t   count, capacity;
};

static int by_text(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void add_sentences(struct sentences *sentences, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (sentences->count == sentences->capacity) {
			sentences->capacity = sentences->capacity * 2 + 16;
			sentences->texts = xreallocarray(sentences->texts, sentences->capacity,
			                                 sizeof(*sentences->texts));
		}
		sentences->texts[sentences->count++] = texts[i];
	}
}

/* Prints and frees them. */
static void tell_sentences(const struct page *page, const char *label, enum style style, struct sentences *sentences)
{
	size_t told = 0;

	if (sentences->count)
		qsort(sentences->texts, sentences->count, sizeof(*sentences->texts), by_text);
	for (size_t i = 0, next; i < sentences->count; i = next) {
		char *text = escape_text(sentences->texts[i]);

		for (next = i + 1; next < sentences->count && !strcmp(sentences->texts[i], sentences->texts[next]);)
			next++;
		if (told++ < SENTENCES_MOST && next - i > 1)
			page_entry(page, label, style, "%s (%zu times)", text, next - i);
		else if (told <= SENTENCES_MOST)
			page_entry(page, label, style, "%s", text);
		free(text);
	}
	if (told > SENTENCES_MOST)
		page_entry(page, "", style, "… and %zu more; --json has all", told - SENTENCES_MOST);
	free(sentences->texts);
}

static void tell_warnings(const struct page *page, const struct view *view)
{
	struct sentences warnings = {0};

	for (size_t i = 0; i < view->input_count; i++)
		add_sentences(&warnings, (const char *const *)view->inputs[i].recording->warnings,
		              view->inputs[i].recording->warning_count);
	for (size_t i = 0; i < view->process_count; i++)
		add_sentences(&warnings, (const char *const *)view->processes[i].info->warnings,
		              view->processes[i].info->warning_count);
	tell_sentences(page, "warning", STYLE_BAD, &warnings);
}

/* Of what is not looked at because it would take too long there is a finding. */
static void tell_objects(const struct page *page, const struct view *view)
{
	struct sentences clauses = {0};

	for (size_t i = 0; i < view->process_count; i++) {
		const struct process_info *info = view->processes[i].info;

		if (info->unlooked && !unlooked_in_part(info))
			add_sentences(&clauses, (const char *const *)&info->unlooked, 1);
	}
	tell_sentences(page, "classes", STYLE_PLAIN, &clauses);
}

/* ---- all of it ----------------------------------------------------------------------------------------------- */

static void tell_names(const struct page *page, const struct view *view, const struct name_sum *names)
{
	static const char *const reasons[UNKNOWN_KINDS] = {
		[UNKNOWN_SYMBOL] = "their module has no symbol there",
		[UNKNOWN_MODULE] = "in no module (generated code that nobody told of)",
		[UNKNOWN_SILENT] = "in generated code, of which its runtime told nothing",
		[UNKNOWN_UNTOLD] = "in generated code that was gone before its runtime told of it, or never told",
		[UNKNOWN_TWICE] = "in generated code that its runtime's own file names twice",
		[UNKNOWN_INTERPRETED] = "JavaScript that ran before node could be asked what it is",
	};
	struct sentences problems = {0};
	uint64_t unknown = 0;

	for (size_t why = 0; why < UNKNOWN_KINDS; why++)
		unknown += names->unknown[why];
	if (names->frames == 1)
		page_entry(page, "names", unknown ? STYLE_PLAIN : STYLE_GOOD, "the one frame above is %s",
		           unknown ? "unknown" : "known");
	else if (names->frames && !unknown)
		page_entry(page, "names", STYLE_GOOD, "all %s frames above are known", COUNT(names->frames));
	else if (names->frames)
		page_entry(page, "names", STYLE_PLAIN, "%s of the %s frames above unknown", COUNT(unknown),
		           COUNT(names->frames));
	for (size_t why = 0; why < UNKNOWN_KINDS; why++)
		if (names->unknown[why])
			page_entry(page, "", STYLE_PLAIN, "%s: %s", COUNT(names->unknown[why]), reasons[why]);
	for (size_t i = 0; i < view->input_count; i++) {
		const char *const *texts;
		size_t count = names_problems(view->inputs[i].names, &texts);

		add_sentences(&problems, texts, count);
	}
	tell_sentences(page, "", STYLE_PLAIN, &problems);
}

static void tell_findings(const struct page *page, const struct view *view)
{
	for (size_t i = 0; i < view->input_count; i++) {
		const struct recording *recording = view->inputs[i].recording;

		for (size_t f = 0; f < recording->finding_count; f++)
			if (!text_log_finding(page, &recording->findings[f]))
				tell_finding(page, &recording->findings[f]);
	}
}

void text_trust_cpu(const struct page *page, const struct view *view, const struct name_sum *names)
{
	page_title(page, "How far to trust this", NULL);
	tell_events(page, view);
	tell_sampled_stacks(page, view);
	tell_names(page, view, names);
	tell_ends(page, view);
	tell_findings(page, view);
	tell_warnings(page, view);
}

void text_trust(const struct page *page, const struct view *view, const struct name_sum *names)
{
	if (view_domain(view) == DOMAIN_LOG) {
		trust_logs_text(page, view);
		tell_findings(page, view);
		tell_warnings(page, view);
		return;
	}
	page_title(page, "How far to trust this", NULL);
	tell_events(page, view);
	tell_matching(page, view);
	tell_stacks(page, view);
	tell_names(page, view, names);
	tell_ends(page, view);
	text_unwatched(page, view);
	tell_objects(page, view);
	text_collected(page, view);
	text_measured(page, view);
	tell_sampling(page, view);
	if (view_logs(view))
		text_log_trust(page, view);
	tell_findings(page, view);
	tell_warnings(page, view);
}
