/* text_answer.c: the first lines of a report, and the totals; see text.h. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "report/human.h"
#include "report/text.h"
#include "util.h"

#define CAUTION \
	"Alive at the end is not yet a leak: a table or a cache may be kept on purpose. Look for what was never " \
	"freed however often it was allocated."

/* Images that became another by exec are the same process. */
static size_t count_processes(const struct view *view)
{
	size_t count = 0;

	for (size_t i = 0; i < view->process_count; i++)
		count += view->processes[i].previous == NO_PROCESS && !view->processes[i].info->logged;
	return count;
}

/* "when node (pid 4711) began to end" */
static char *when(const struct view *view)
{
	const struct view_process *process = &view->processes[view->process_count - 1];
	size_t count = count_processes(view), running = 0;
	char *name, *text;

	/* Logs are no processes; there is one that is. */
	while (process > view->processes && process->info->logged)
		process--;
	for (size_t i = 0; i < view->process_count; i++)
		running += view->processes[i].end == END_RUNNING;
	if (count > 1)
		return xasprintf(running ? "in %s processes, some of which still run" : "when %s processes ended",
		                 COUNT(count));
	name = text_process(process);
	if (process->end == END_RUNNING)
		text = xasprintf("in %s, which is still running", name);
	else if (process->info->header.ending_tick)
		text = xasprintf("when %s began to end", name);
	else if (process->end == END_EXIT)
		text = xasprintf("when %s ended", name);
	else if (process->end == END_EXEC)
		text = xasprintf("when %s was replaced by exec", name);
	else if (process->end == END_SIGNAL)
		text = xasprintf("when %s was killed by %s", name, text_end((char[24]){0}, process));
	else
		text = xasprintf("when %s was killed", name);
	free(name);
	return text;
}

static const struct view_process *largest_process(const struct view *view, enum domain domain, uint64_t *bytes)
{
	size_t count;
	struct view_group *groups = view_by_process(view, domain, &count);
	const struct view_process *largest = count ? &view->processes[groups[0].process] : NULL;

	*bytes = count ? groups[0].live_bytes : 0;
	free(groups);
	return largest;
}

/* What is alive and not suppressed. */
static struct domain_sum shown_sum(const struct view *view, enum domain domain)
{
	struct domain_sum sum = view->domains[domain];

	sum.sites -= view->suppressed[domain].sites;
	sum.blocks -= view->suppressed[domain].blocks;
	sum.bytes -= view->suppressed[domain].bytes;
	return sum;
}

static void say(const struct page *page, enum style style, char *text)
{
	page_words(page, 0, 0, style, text);
	free(text);
}

static void answer_leaks(const struct page *page, const struct view *view, enum domain domain)
{
	struct domain_sum sum = shown_sum(view, domain);
	char *instant = when(view), *since = view->since ? escape_text(view->since) : NULL;
	const char *what = domain == DOMAIN_HEAP ? "" : domain_name(domain), *space = *what ? " " : "";

	say(page, STYLE_BOLD,
	    xasprintf("%s in %s %s%s%s%s%s %s still alive %s.", BYTES(sum.bytes), COUNT(sum.blocks), what,
	              space, PLURAL(sum.blocks, "block", "blocks"), since ? " born after the mark " : "",
	              since ? since : "", PLURAL(sum.blocks, "was", "were"), instant));
	free(instant);
	free(since);
	if (count_processes(view) > 1) {
		uint64_t bytes;
		const struct view_process *process = largest_process(view, domain, &bytes);

		if (process) {
			char *name = text_process(process);
			bool most = bytes > sum.bytes / 2;

			say(page, STYLE_PLAIN,
			    xasprintf("%s, %s, is kept by %s.", most ? "Most of it" : "The largest part",
			              BYTES(bytes), name));
			free(name);
		}
	}
	for (size_t i = 0; i < view->site_count; i++) {
		const struct view_site *site = &view->sites[i];
		char *place;

		if (site->domain != domain || site->suppressed_by)
			continue;
		place = text_blame(&view->processes[site->process], site->stack);
		say(page, STYLE_PLAIN, xasprintf("The largest site keeps %s in %s %s: %s.", BYTES(site->live_bytes),
		                                 COUNT(site->live_blocks),
		                                 PLURAL(site->live_blocks, "block", "blocks"), place));
		free(place);
		break;
	}
	text_suppressed(page, view, domain);
	if (view->worst_process == NO_PROCESS || view->processes[view->worst_process].verdict.kind == VERDICT_UNKNOWN)
		say(page, STYLE_DIM, xstrdup(CAUTION));
}

static void answer_suppressed(const struct page *page, const struct view *view, enum domain domain)
{
	char *instant = when(view);

	say(page, STYLE_BOLD, xasprintf("Nothing but what is suppressed was still alive %s.", instant));
	text_suppressed(page, view, domain);
	free(instant);
}

static void answer_nothing(const struct page *page, const struct view *view, enum domain domain)
{
	char *instant = when(view);

	if (view->since) {
		char *since = escape_text(view->since);

		say(page, STYLE_BOLD, xasprintf("No block born after the mark %s was alive %s.", since, instant));
		free(since);
	} else if (domain != DOMAIN_HEAP)
		say(page, STYLE_BOLD, xasprintf("No block of domain %s was alive %s.", domain_name(domain), instant));
	else if (!view->totals.allocs)
		say(page, STYLE_BOLD,
		    xasprintf("No allocation was recorded%s.",
		              view->lost ? ", but events were lost" : view->damaged ? ", but files are damaged" : ""));
	else if (!view->lost && !view->damaged && !view->not_recorded && view->totals.frees == view->totals.allocs)
		say(page, STYLE_GOOD, xasprintf("Nothing was still alive %s: all %s %s freed.", instant,
		                                COUNT(view->totals.allocs),
		                                PLURAL(view->totals.allocs, "block was", "blocks were")));
	else
		say(page, STYLE_BOLD, xasprintf("Nothing was seen to be alive %s.", instant));
	free(instant);
}

/* The worst verdict of all processes; it comes first if it is one. */
static void answer_verdict(const struct page *page, const struct view *view, bool known)
{
	static const enum style styles[] = {
		[VERDICT_UNKNOWN] = STYLE_DIM, [VERDICT_NONE] = STYLE_GOOD, [VERDICT_LEAK] = STYLE_BAD,
		[VERDICT_RETAINED] = STYLE_BOLD, [VERDICT_CACHE] = STYLE_GOOD, [VERDICT_RUNTIME_HEAP] = STYLE_BOLD,
	};
	const struct view_process *process;
	char *name, *text, *first;

	if (view->worst_process == NO_PROCESS)
		return;
	process = &view->processes[view->worst_process];
	/* What is said anyway: that nothing is left, that numbers are not exact. */
	if (known != (process->verdict.kind != VERDICT_UNKNOWN) || !process->info->totals.live_blocks)
		return;
	if (!known && (count_processes(view) > 1 || view->lost || view->damaged))
		return;
	if (count_processes(view) <= 1) {
		page_words(page, 0, 0, styles[process->verdict.kind], process->verdict.reason);
		return;
	}
	name = text_process(process);
	text = xasprintf("In %s: %s", name, process->verdict.reason);
	first = text + strlen(text) - strlen(process->verdict.reason);
	/* "V8's" stays. */
	if (!isdigit((unsigned char)first[1]))
		*first = (char)tolower((unsigned char)*first);
	say(page, styles[process->verdict.kind], text);
	free(name);
}

void text_answer(const struct page *page, const struct view *view, enum domain domain)
{
	size_t unseen = 0;

	if (!view->process_count) {
		say(page, STYLE_BAD, xstrdup("The recording holds no process."));
		return;
	}
	answer_verdict(page, view, true);
	if (shown_sum(view, domain).blocks)
		answer_leaks(page, view, domain);
	else if (view->domains[domain].blocks)
		answer_suppressed(page, view, domain);
	else
		answer_nothing(page, view, domain);
	answer_verdict(page, view, false);
	if (view->lost)
		say(page, STYLE_BAD,
		    xasprintf("%s %s lost: these numbers are not exact (see the end of this report).",
		              COUNT(view->lost), PLURAL(view->lost, "event was", "events were")));
	if (view->damaged)
		say(page, STYLE_BAD,
		    xasprintf("%s %s in its files %s damaged: these numbers are not exact (see the end of this "
		              "report).", COUNT(view->damaged), PLURAL(view->damaged, "place", "places"),
		              PLURAL(view->damaged, "is", "are")));
	if (view->not_recorded)
		say(page, STYLE_BAD,
		    xasprintf("%s %s not recorded: these numbers are not complete (see the end of this report).",
		              COUNT(view->not_recorded),
		              PLURAL(view->not_recorded, "process was", "processes were")));
	for (size_t i = 0; i < view->process_count; i++)
		unseen += (view->processes[i].info->header.flags & TRACE_PROCESS_OWN_HEAP) != 0;
	if (unseen)
		say(page, STYLE_BAD, xasprintf("%s %s an allocator of its own, which is not seen.", COUNT(unseen),
		                               PLURAL(unseen, "process brings", "processes bring")));
}

void text_totals(const struct page *page, const struct view *view)
{
	const struct totals *totals = &view->totals;

	page_title(page, "Totals", "of the heap");
	page_entry(page, "allocated", STYLE_PLAIN, "%s in %s %s", BYTES(totals->bytes_allocated),
	           COUNT(totals->allocs), PLURAL(totals->allocs, "block", "blocks"));
	if (!totals->frees)
		page_entry(page, "freed", STYLE_PLAIN, "nothing");
	else
		page_entry(page, "freed", STYLE_PLAIN,
		           "%s %s; %s of them temporary: no other allocation of the thread came between",
		           COUNT(totals->frees), PLURAL(totals->frees, "block", "blocks"),
		           SHARE(totals->temporary, totals->frees));
	if (view->peak_process != NO_PROCESS && view->process_count > 1) {
		char *name = text_process(&view->processes[view->peak_process]);

		page_entry(page, "peak", STYLE_PLAIN, "%s alive at once in %s, the largest",
		           BYTES(totals->peak_bytes), name);
		free(name);
	} else {
		page_entry(page, "peak", STYLE_PLAIN, "%s alive at once", BYTES(totals->peak_bytes));
	}
	if (totals->teardown_allocs || totals->teardown_frees)
		page_entry(page, "teardown", STYLE_PLAIN, "%s %s and %s %s after the end began, not counted above",
		           COUNT(totals->teardown_allocs),
		           PLURAL(totals->teardown_allocs, "allocation", "allocations"),
		           COUNT(totals->teardown_frees), PLURAL(totals->teardown_frees, "free", "frees"));
}
