/*
 * text_collected.c: which of the isolates that were there at the end have been collected before the leaks were taken; see
 * text.h. Of the others garbage is among what was alive.
 */
#include "report/human.h"
#include "report/text.h"

struct sum {
	uint64_t collected, not_collected; /* isolates that were there at the end */
	uint64_t took_ns;        /* the longest of all processes */
	uint64_t without;        /* processes that ended without a collection */
};

static bool is_collected(const struct process_info *process, uint32_t isolate)
{
	for (size_t i = 0; i < process->collection_count; i++) {
		const struct collected *collected = &process->collections[i];

		if (collected->record.isolate == isolate && collected->record.why != TRACE_COLLECTED_BUSY &&
		    collected->tick <= process->header.ending_tick)
			return true;
	}
	return false;
}

static bool has_gone(const struct process_info *process, uint32_t isolate)
{
	for (size_t i = 0; i < process->runtime_count; i++)
		if (process->runtimes[i].isolate == isolate && process->runtimes[i].state == TRACE_RUNTIME_ENDED &&
		    process->runtimes[i].tick <= process->header.ending_tick)
			return true;
	return false;
}

static void add(struct sum *sum, const struct process_info *process)
{
	uint64_t ending = process->header.ending_tick, collected = 0, others = 0;

	for (size_t i = 0; i < process->runtime_count; i++) {
		const struct runtime_note *note = &process->runtimes[i];

		if (note->state != TRACE_RUNTIME_NAMED || note->tick > ending || has_gone(process, note->isolate))
			continue;
		if (is_collected(process, note->isolate))
			collected++;
		else
			others++;
	}
	if (!collected) {
		sum->without += others > 0;
		return;
	}
	sum->collected += collected;
	sum->not_collected += others;
	for (size_t i = 0; i < process->collection_count; i++) {
		const struct collected *last = &process->collections[i];
		uint64_t took;

		if (last->record.why != TRACE_COLLECTED_ENDING || last->tick < last->record.began)
			continue;
		took = (uint64_t)((double)(last->tick - last->record.began) * process->ns_per_tick);
		if (took > sum->took_ns)
			sum->took_ns = took;
	}
}

void text_collected(const struct page *page, const struct view *view)
{
	struct sum sum = {0};
	bool any;

	for (size_t i = 0; i < view->process_count; i++)
		if (view->processes[i].has_runtime && view->processes[i].end != END_EXEC)
			add(&sum, view->processes[i].info);
	any = sum.collected || sum.not_collected;
	if (any)
		page_entry(page, "garbage", sum.not_collected ? STYLE_PLAIN : STYLE_GOOD,
		           "collected in %s of %s V8 %s before the leaks were taken, within %s ms%s", COUNT(sum.collected),
		           COUNT(sum.collected + sum.not_collected),
		           PLURAL(sum.collected + sum.not_collected, "isolate", "isolates"),
		           COUNT((sum.took_ns + 999999) / 1000000),
		           sum.not_collected ? "; that of the others counts as alive" : "");
	if (sum.without)
		page_entry(page, any ? "" : "garbage", STYLE_PLAIN, "not collected in %s %s: it counts as alive", COUNT(sum.without),
		           PLURAL(sum.without, "process with V8", "processes with V8"));
}
