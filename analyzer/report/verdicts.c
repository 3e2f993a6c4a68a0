/* verdicts.c: gathers the facts that a verdict is judged by; see verdicts.h. Reads the model and names. */
#include "report/verdicts.h"

#include <stdlib.h>

#include "util.h"

#define TOLD_LEAST    10u        /* of what V8 told of its objects: with fewer, its pages tell more */

/* Was the heap collected in full when the program began to end, or at each mark? */
static bool is_collected(const struct process_info *info)
{
	bool collected = info->instants.kind == INSTANTS_COLLECTIONS;

	for (size_t i = 0; i < info->collection_count; i++)
		collected = collected || info->collections[i].record.why == TRACE_COLLECTED_ENDING;
	return collected;
}

static double run_ns(const struct process_info *info)
{
	const struct instants *instants = &info->instants;

	if (instants->count < 2)
		return 0;
	return (double)(instants->ticks[instants->count - 1] - instants->ticks[0]) * info->ns_per_tick;
}

static void make(const struct view *view, struct view_process *process)
{
	const struct process_info *info = process->info;
	struct history_sum *sum = xcalloc(1, sizeof(*sum));
	struct verdict_facts facts = {.process = info, .has_runtime = process->has_runtime,
	                              .incomplete = info->lost || view->damaged,
	                              .garbage = process->has_runtime && !is_collected(info),
	                              .isolates = verdict_isolates(info), .run_ns = run_ns(info)};
	struct verdict_site *sites;
	struct verdict_evidence evidence;
	bool *hidden;

	facts.sites = sites = verdict_lines(view, process, sum, &facts.site_count, &facts.suppressed);
	facts.hidden_memories = hidden = verdict_hidden_memories(view, process, &facts.suppressed);
	if ((!verdict_objects(info, &facts) || facts.runtime.marks < TOLD_LEAST) && process->has_runtime &&
	    facts.runtime.trend != TREND_GROWING)
		verdict_pages(process, sum, &facts);
	evidence = verdict_judge(&facts);
	if (evidence.workers)
		facts.maker = verdict_maker(process);
	process->verdict = (struct verdict){
		.kind = evidence.kind, .reason = verdict_words(process, &facts, &evidence),
		.domain = evidence.memory ? DOMAIN_WASM_MEMORY : evidence.site ? evidence.site->domain : DOMAIN_HEAP,
		.stack = facts.maker.index != TRACE_STACK_NONE ? facts.maker :
		         evidence.memory && evidence.memory->growth_count ? evidence.memory->growth[0].stack :
		         evidence.site ? evidence.site->stack : (struct node_id){TRACE_STACK_NONE},
		.weight = evidence.rise + (double)evidence.trimmable,
	};
	if (evidence.kind == VERDICT_NONE || evidence.kind == VERDICT_UNKNOWN)
		process->verdict.weight = (double)info->events;
	free(sites);
	free(hidden);
	free(sum);
}

void verdicts_make(struct view *view)
{
	for (size_t i = 0; i < view->process_count; i++) {
		if (view->processes[i].info->logged)
			continue;
		make(view, &view->processes[i]);
		if (view->worst_process == NO_PROCESS ||
		    verdict_worse(&view->processes[i].verdict, &view->processes[view->worst_process].verdict))
			view->worst_process = i;
	}
}

const char *verdict_name(enum verdict_kind kind)
{
	static const char *const names[] = {
		[VERDICT_UNKNOWN] = "unknown", [VERDICT_NONE] = "none", [VERDICT_LEAK] = "leak",
		[VERDICT_RETAINED] = "retained", [VERDICT_CACHE] = "cache", [VERDICT_RUNTIME_HEAP] = "v8-heap",
	};

	return names[kind];
}
