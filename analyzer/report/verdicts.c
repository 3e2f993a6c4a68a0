/* verdicts.c: the facts that a verdict is judged by; see verdicts.h. Reads the model and names. */
#include "report/verdicts.h"

#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* a state on the stack */
#include <xxhash.h>

#include "heap/history.h"
#include "report/stack.h"
#include "report/suppress.h"
#include "util.h"

/* ---- whose it is ---------------------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
	return text && !strncmp(text, with, strlen(with));
}

static enum whose whose_is(const struct view_process *process, const struct stack *stack)
{
	const struct stack_frame *maker = stack->maker < stack->count ? &stack->frames[stack->maker] : NULL;

	if (!process->has_runtime)
		return WHOSE_OWN;
	/* What V8 keeps for itself; Buffers are asked for by node's allocator. */
	if (maker && maker->engine && begins(maker->frame->function, "v8::"))
		return WHOSE_RUNTIME;
	return stack->blame < stack->count && !stack->frames[stack->blame].engine ? WHOSE_OWN : WHOSE_LIBRARY;
}

/* ---- sites of one line ---------------------------------------------------------------------------------------- */

struct keyed {                   /* a site of the model that may have grown */
	XXH128_hash_t key;       /* equal for those to be judged as one */
	const struct site *site;
	enum whose whose;
	bool     collectable;
};

static void add_text(XXH3_state_t *state, const char *text)
{
	XXH3_128bits_update(state, text ? text : "", text ? strlen(text) + 1 : 1);
}

/*
 * The same function, whatever tier it ran in: a script's has its own line, of machine code only the line of the call is
 * known.
 */
static XXH128_hash_t key_of(const struct site *site, const struct stack *stack, enum whose whose)
{
	XXH3_state_t state;
	uint32_t numbers[4] = {site->domain, whose};

	XXH3_128bits_reset(&state);
	if (stack->blame < stack->count) {
		const struct frame *frame = stack->frames[stack->blame].frame;
		bool whole = frame->own_line != 0;

		numbers[2] = whole ? frame->own_line : frame->line;
		numbers[3] = whole ? frame->own_column : frame->column;
		add_text(&state, frame->function);
		add_text(&state, frame->file);
		add_text(&state, frame->module);
	} else {
		numbers[2] = site->stack.index;
	}
	XXH3_128bits_update(&state, numbers, sizeof(numbers));
	return XXH3_128bits_digest(&state);
}

static int by_key(const void *left, const void *right)
{
	const struct keyed *a = left, *b = right;
	int order = XXH128_cmp(&a->key, &b->key);

	if (order)
		return order;
	if (a->site->live_bytes != b->site->live_bytes)
		return a->site->live_bytes > b->site->live_bytes ? -1 : 1;
	return (a->site->stack.index > b->site->stack.index) - (a->site->stack.index < b->site->stack.index);
}

/* Is something alive of it that is younger than the first mark? */
static bool may_have_grown(const struct process_info *info, const struct site *site, struct history_sum *sum)
{
	if (!site->live_blocks)
		return false;
	history_sum_begin(sum, info);
	history_sum_add(sum, site);
	return sum->count && sum->kept_blocks[sum->count - 1] > sum->kept_blocks[0];
}

static struct verdict_site judge(const struct keyed *sites, size_t count, const struct process_info *info,
                                 struct history_sum *sum)
{
	struct verdict_site judged = {.domain = sites->site->domain, .whose = sites->whose,
	                              .collectable = sites->collectable, .stack = sites->site->stack};
	const uint32_t *numbers = info->instants.numbers;
	size_t filled;

	history_sum_begin(sum, info);
	for (size_t i = 0; i < count; i++) {
		history_sum_add(sum, sites[i].site);
		judged.allocs += sites[i].site->allocs;
	}
	judged.growth = history_sum_judge(sum);
	judged.live_bytes = sum->end_bytes;
	judged.live_blocks = sum->end_blocks;
	for (filled = sum->count; filled > 0 && sum->bytes[filled - 1] >= sum->end_bytes - sum->end_bytes / 10;)
		filled--;
	judged.filled_mark = filled < sum->count ? numbers[filled] : UINT32_MAX;
	for (size_t i = 0; i <= filled && i < sum->count; i++)
		judged.steps += sum->bytes[i] > (i ? sum->bytes[i - 1] : 0);
	return judged;
}

/* The sites that may have grown, by line; to be freed. Adds to `pages` what V8 maps, the pages of its heaps. */
static struct verdict_site *lines(const struct view *view, struct view_process *process, struct history_sum *sum,
                                  struct history_sum *pages, size_t *line_count)
{
	const struct process_info *info = process->info;
	struct keyed *keyed = xcalloc(info->site_count, sizeof(*keyed));
	struct verdict_site *judged;
	size_t count = 0, next;

	for (size_t i = 0; i < info->site_count; i++) {
		const struct site *site = &info->sites[i];
		struct stack stack;

		if (site->domain >= DOMAINS || !may_have_grown(info, site, sum) ||
		    (view->suppressions && suppressions_match(view->suppressions, process, site->stack)))
			continue;
		stack = stack_resolve(process, site->stack);
		keyed[count].site = site;
		keyed[count].whose = whose_is(process, &stack);
		keyed[count].collectable = process->has_runtime && stack.maker < stack.count &&
		                           stack.frames[stack.maker].engine;
		keyed[count].key = key_of(site, &stack, keyed[count].whose);
		if (site->domain == DOMAIN_MAP && keyed[count].whose == WHOSE_RUNTIME)
			history_sum_add(pages, site);
		count++;
		stack_free(&stack);
	}
	qsort(keyed, count, sizeof(*keyed), by_key);
	judged = xcalloc(count, sizeof(*judged));
	*line_count = 0;
	for (size_t i = 0; i < count; i = next) {
		for (next = i + 1; next < count && XXH128_isEqual(keyed[i].key, keyed[next].key);)
			next++;
		judged[(*line_count)++] = judge(&keyed[i], next - i, info, sum);
	}
	free(keyed);
	return judged;
}

/* ---- the runtime ---------------------------------------------------------------------------------------------- */

/* How many isolates are alive, at each mark. */
static struct growth isolates(const struct process_info *info)
{
	const struct instants *instants = &info->instants;
	uint64_t *alive = xcalloc(instants->count, sizeof(*alive)), end = 0;
	struct growth growth;

	for (size_t i = 0; i < info->runtime_count; i++) {
		const struct runtime_note *note = &info->runtimes[i];

		if (!note->isolate || note->tick > instants->end)
			continue;
		end += note->state == TRACE_RUNTIME_NAMED;
		end -= note->state == TRACE_RUNTIME_ENDED && end;
		for (size_t at = 0; at < instants->count; at++)
			if (instants->ticks[at] >= note->tick)
				alive[at] = end;
	}
	growth = growth_judge((struct series){alive, instants->numbers, instants->count, end});
	free(alive);
	return growth;
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
	struct history_sum *sums = xcalloc(2, sizeof(*sums));
	struct verdict_facts facts = {.process = info, .has_runtime = process->has_runtime,
	                              .incomplete = info->lost || view->damaged,
	                              .isolates = isolates(info), .run_ns = run_ns(info)};
	struct verdict_site *sites;
	struct verdict_evidence evidence;

	history_sum_begin(&sums[1], info);
	facts.sites = sites = lines(view, process, &sums[0], &sums[1], &facts.site_count);
	facts.runtime = history_sum_judge(&sums[1]);
	facts.runtime_bytes = sums[1].end_bytes;
	evidence = verdict_judge(&facts);
	process->verdict = (struct verdict){
		.kind = evidence.kind, .reason = verdict_words(process, &facts, &evidence),
		.domain = evidence.memory ? DOMAIN_WASM_MEMORY : evidence.site ? evidence.site->domain : DOMAIN_HEAP,
		.stack = evidence.memory && evidence.memory->growth_count ? evidence.memory->growth[0].stack :
		         evidence.site ? evidence.site->stack : (struct node_id){TRACE_STACK_NONE},
		.weight = evidence.rise + (double)evidence.trimmable,
	};
	if (evidence.kind == VERDICT_NONE || evidence.kind == VERDICT_UNKNOWN)
		process->verdict.weight = (double)info->events;
	free(sites);
	free(sums);
}

void verdicts_make(struct view *view)
{
	for (size_t i = 0; i < view->process_count; i++) {
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
