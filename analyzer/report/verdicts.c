/* verdicts.c: the facts that a verdict is judged by; see verdicts.h. Reads the model and names. */
#include "report/verdicts.h"

#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* a state on the stack */
#include <xxhash.h>

#include "heap/history.h"
#include "heap/wasm.h"
#include "report/stack.h"
#include "report/suppress.h"
#include "util.h"

#define SCRIPTS_MOST  64u        /* that are looked at as a whole */
#define ISOLATES_MOST 1024u      /* that are looked at, one by one */
#define TOLD_LEAST    10u        /* of what V8 told of its objects: with fewer, its pages tell more */

/* ---- whose it is ---------------------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
	return text && !strncmp(text, with, strlen(with));
}

static enum whose whose_is(const struct view_process *process, const struct stack *stack, enum domain domain)
{
	const struct stack_frame *maker = stack->maker < stack->count ? &stack->frames[stack->maker] : NULL;

	if (!process->has_runtime || domain == DOMAIN_WASM_MEMORY || domain == DOMAIN_WASM_HEAP)
		return WHOSE_OWN;
	/* What V8 keeps for itself, pages of its heap above all; Buffers are asked for by node's allocator. */
	if (maker && maker->engine && (domain == DOMAIN_MAP || begins(maker->frame->function, "v8::")))
		return WHOSE_RUNTIME;
	return stack->blame < stack->count && !stack->frames[stack->blame].engine ? WHOSE_OWN : WHOSE_LIBRARY;
}

/* ---- sites of one line ---------------------------------------------------------------------------------------- */

struct keyed {                   /* a site of the model that may have grown */
	XXH128_hash_t key;       /* equal for those to be judged as one: the line's, */
	XXH128_hash_t script;    /* or the script's; 0: it is in none */
	const struct site *site;
	enum whose whose;
	bool     collectable;
	uint32_t line, column;   /* of the call to blame; 0: only its function is known */
};

static void add_text(XXH3_state_t *state, const char *text)
{
	XXH3_128bits_update(state, text ? text : "", text ? strlen(text) + 1 : 1);
}

/*
 * The same function, whatever tier it ran in: a script's has its own line, of machine code only the line of the call is
 * known.
 */
static XXH128_hash_t key_of_script(const struct site *site, const struct stack *stack)
{
	const struct frame *frame = stack->blame < stack->count ? stack->frames[stack->blame].frame : NULL;
	XXH3_state_t state;

	if (!frame || frame->kind != FRAME_JS || !frame->module)
		return (XXH128_hash_t){0};
	XXH3_128bits_reset(&state);
	XXH3_128bits_update(&state, &site->domain, sizeof(site->domain));
	add_text(&state, frame->module);
	return XXH3_128bits_digest(&state);
}

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

/* What it had when the program began to end: blocks that only the last collection freed were kept, too. */
static struct domain_sum held(const struct site *site)
{
	return (struct domain_sum){.bytes = site->live_bytes + site->garbage.kept_bytes,
	                           .blocks = site->live_blocks + site->garbage.kept_blocks};
}

static int by_key(const void *left, const void *right)
{
	const struct keyed *a = left, *b = right;
	int order = XXH128_cmp(&a->key, &b->key);

	if (order)
		return order;
	if (held(a->site).bytes != held(b->site).bytes)
		return held(a->site).bytes > held(b->site).bytes ? -1 : 1;
	return (a->site->stack.index > b->site->stack.index) - (a->site->stack.index < b->site->stack.index);
}

/* Is something alive of it that is younger than the first mark? */
static bool may_have_grown(const struct process_info *info, const struct site *site, struct history_sum *sum)
{
	if (!held(site).blocks)
		return false;
	history_sum_begin(sum, info);
	history_sum_add(sum, site);
	return sum->count && sum->kept_blocks[sum->count - 1] > sum->kept_blocks[0];
}

/*
 * The stack that stands for all, which are sorted by size: the largest; but where that one's code knows no more than its
 * function, one that knows the line of the call, if all that know it know the same, and of blocks like these.
 */
static struct node_id representative(const struct keyed *sites, size_t count)
{
	const struct keyed *called = NULL;
	struct domain_sum largest = held(sites->site), other;

	for (size_t i = 0; i < count; i++) {
		if (!sites[i].line || !held(sites[i].site).blocks)
			continue;
		if (called && (called->line != sites[i].line || called->column != sites[i].column))
			return sites->site->stack;
		called = called ? called : &sites[i];
	}
	if (!called || sites->line || !largest.blocks)
		return sites->site->stack;
	other = held(called->site);
	return other.bytes / other.blocks == largest.bytes / largest.blocks ? called->site->stack : sites->site->stack;
}

/*
 * What the last collection freed of a site that is younger than the one before tells nothing by itself; but if that one found
 * nearly all alive of the line's other sites, such as those of its function in another tier, it was kept like these.
 */
static void add_young(struct garbage_sum *sum, const struct garbage_sum *garbage)
{
	sum->looked_at += garbage->looked_at;
	sum->held_blocks += garbage->held_blocks;
	if (!garbage->looked_at) {
		sum->blocks += garbage->blocks;
		sum->bytes += garbage->bytes;
	}
}

static struct verdict_site judge(const struct keyed *sites, size_t count, const struct process_info *info,
                                 struct history_sum *sum)
{
	struct verdict_site judged = {.domain = sites->site->domain, .whose = sites->whose,
	                              .collectable = sites->collectable, .stack = representative(sites, count)};
	const uint32_t *numbers = info->instants.numbers;
	struct garbage_sum young = {0};
	size_t filled;

	history_sum_begin(sum, info);
	for (size_t i = 0; i < count; i++) {
		history_sum_add(sum, sites[i].site);
		judged.allocs += sites[i].site->allocs;
		judged.garbage_bytes += sites[i].site->garbage.kept_bytes;
		add_young(&young, &sites[i].site->garbage);
	}
	judged.growth = history_sum_judge(sum);
	if (young.bytes && !young.looked_at) {
		judged.untold_bytes = young.bytes;
		judged.untold = growth_judge((struct series){sum->bytes, numbers, sum->count, sum->end_bytes + young.bytes});
	} else if (young.bytes && young.held_blocks >= young.looked_at - young.looked_at / 10) {
		sum->end_bytes += young.bytes;
		sum->end_blocks += young.blocks;
		judged.garbage_bytes += young.bytes;
		judged.growth = growth_judge((struct series){sum->bytes, numbers, sum->count, sum->end_bytes});
		if (judged.growth.trend == TREND_GROWING)
			judged.growth.blocks_per_mark = growth_slope(
				(struct series){sum->blocks, numbers, sum->count, sum->end_blocks}, judged.growth.from);
	}
	judged.live_bytes = sum->end_bytes;
	judged.live_blocks = sum->end_blocks;
	for (filled = sum->count; filled > 0 && sum->bytes[filled - 1] >= sum->end_bytes - sum->end_bytes / 10;)
		filled--;
	judged.filled_mark = filled < sum->count ? numbers[filled] : UINT32_MAX;
	for (size_t i = 0; i <= filled && i < sum->count; i++)
		judged.steps += sum->bytes[i] > (i ? sum->bytes[i - 1] : 0);
	return judged;
}

/* All with that key, largest first. NULL: none. */
static struct keyed *find_key(struct keyed *keyed, size_t count, XXH128_hash_t key)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (XXH128_cmp(&keyed[middle].key, &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && XXH128_isEqual(keyed[low].key, key) ? &keyed[low] : NULL;
}

static struct keyed key_site(struct view_process *process, const struct site *site)
{
	struct stack stack = stack_resolve(process, site->stack);
	struct keyed keyed = {.site = site, .whose = whose_is(process, &stack, site->domain)};

	keyed.collectable = process->has_runtime && stack.maker < stack.count && stack.frames[stack.maker].engine;
	keyed.key = key_of(site, &stack, keyed.whose);
	keyed.script = key_of_script(site, &stack);
	if (stack.blame < stack.count && stack.frames[stack.blame].frame->line_kind == LINE_CALL) {
		keyed.line = stack.frames[stack.blame].frame->line;
		keyed.column = stack.frames[stack.blame].frame->column;
	}
	stack_free(&stack);
	return keyed;
}

static bool is_suppressed(const struct view *view, struct view_process *process, struct node_id stack, enum domain domain,
                          enum trend trend)
{
	return view->suppressions && suppressions_match(view->suppressions, process, stack, domain, trend);
}

/*
 * By a person, or by the program. The list that comes with probe hides single sites that are steady, which are a part of the
 * line all the same.
 */
static bool is_put_up_with(const struct view *view, struct view_process *process, const struct site *site)
{
	return is_suppressed(view, process, site->stack, site->domain, TREND_GROWING);
}

/* The sites that may have grown. */
static size_t candidates(const struct view *view, struct view_process *process, struct history_sum *sum,
                         struct keyed *keyed, bool *suppressed)
{
	const struct process_info *info = process->info;
	size_t count = 0;

	for (size_t i = 0; i < info->site_count; i++) {
		const struct site *site = &info->sites[i];

		if (site->domain >= DOMAINS || !may_have_grown(info, site, sum))
			continue;
		if (is_suppressed(view, process, site->stack, site->domain, site->growth.trend))
			*suppressed = *suppressed || site->growth.trend == TREND_GROWING;
		else
			keyed[count++] = key_site(process, site);
	}
	qsort(keyed, count, sizeof(*keyed), by_key);
	return count;
}

/*
 * What else is the same line's as one of `count` candidates: from before the first mark, or gone, as when a script's
 * function ran in another tier. Returns how many there are then.
 */
static size_t add_rest(const struct view *view, struct view_process *process, struct history_sum *sum, struct keyed *keyed,
                       size_t count)
{
	const struct process_info *info = process->info;
	size_t more = count;

	for (size_t i = 0; i < info->site_count; i++) {
		struct keyed site;

		if (info->sites[i].domain >= DOMAINS || may_have_grown(info, &info->sites[i], sum) ||
		    is_put_up_with(view, process, &info->sites[i]))
			continue;
		site = key_site(process, &info->sites[i]);
		if (find_key(keyed, count, site.key))
			keyed[more++] = site;
	}
	qsort(keyed, more, sizeof(*keyed), by_key);
	return more;
}

/* Whoever leaks nothing and keeps no cache need not be looked at as closely. */
static bool is_interesting(const struct verdict_site *site)
{
	return site->whose != WHOSE_RUNTIME &&
	       (site->growth.trend == TREND_GROWING || (double)site->live_bytes >= CACHE_LEAST);
}

static size_t judge_all(const struct process_info *info, const struct keyed *keyed, size_t count,
                        struct history_sum *sum, struct verdict_site *judged)
{
	size_t lines = 0, next;

	for (size_t i = 0; i < count; i = next) {
		for (next = i + 1; next < count && XXH128_isEqual(keyed[i].key, keyed[next].key);)
			next++;
		judged[lines++] = judge(&keyed[i], next - i, info, sum);
	}
	return lines;
}

static bool any_grows(const struct process_info *info, const struct verdict_site *judged, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (judged[i].whose == WHOSE_OWN && judged[i].growth.confidence >= SURE_LEAST &&
		    verdict_rise(&info->instants, &judged[i].growth) >= OWN_LEAST)
			return true;
	return false;
}

/*
 * The scripts that have grown, of which no line has: V8 makes a function's allocations another's when it compiles the one into
 * the other, in the middle of the run. To blame is the largest of their stacks. Returns how many, at most `most`.
 */
static size_t scripts(const struct view *view, struct view_process *process, struct keyed *keyed, struct history_sum *sum,
                      struct verdict_site *judged, size_t most)
{
	const struct process_info *info = process->info;
	static const XXH128_hash_t none = {0};
	size_t count = 0, found = 0, next;

	for (size_t i = 0; info->history && i < info->site_count; i++) {
		const struct site *site = &info->sites[i];

		if (site->domain >= DOMAINS || !(held(site).blocks || site->garbage.blocks) ||
		    is_put_up_with(view, process, site))
			continue;
		keyed[count] = key_site(process, site);
		keyed[count].key = keyed[count].script;
		count += !XXH128_isEqual(keyed[count].key, none);
	}
	qsort(keyed, count, sizeof(*keyed), by_key);
	for (size_t i = 0; i < count && found < most; i = next) {
		for (next = i + 1; next < count && XXH128_isEqual(keyed[i].key, keyed[next].key);)
			next++;
		judged[found] = judge(&keyed[i], next - i, info, sum);
		judged[found].whose = WHOSE_OWN;
		found += judged[found].growth.trend == TREND_GROWING || judged[found].untold.trend == TREND_GROWING;
	}
	return found;
}

/*
 * The lines that may have grown; to be freed. Adds to `pages` what V8 maps, the pages of its heaps. `suppressed` becomes true
 * if something that grows is.
 */
static struct verdict_site *lines(const struct view *view, struct view_process *process, struct history_sum *sum,
                                  size_t *line_count, bool *suppressed)
{
	const struct process_info *info = process->info;
	struct keyed *keyed = xcalloc(info->site_count, sizeof(*keyed));
	size_t count = candidates(view, process, sum, keyed, suppressed);
	size_t judged_most = count + SCRIPTS_MOST;
	struct verdict_site *judged = xcalloc(judged_most, sizeof(*judged));
	bool interesting = false;

	*line_count = judge_all(info, keyed, count, sum, judged);
	for (size_t i = 0; i < *line_count; i++)
		interesting = interesting || is_interesting(&judged[i]);
	if (interesting) {
		count = add_rest(view, process, sum, keyed, count);
		*line_count = judge_all(info, keyed, count, sum, judged);
	}
	if (!any_grows(info, judged, *line_count))
		*line_count += scripts(view, process, keyed, sum, judged + *line_count, judged_most - *line_count);
	free(keyed);
	return judged;
}

/* The linear memories, in their order, of which all that made them grow is suppressed; to be freed. */
static bool *hidden_memories(const struct view *view, struct view_process *process, bool *suppressed)
{
	const struct process_info *info = process->info;
	bool *hidden = xcalloc(info->wasm_memory_count + 1, sizeof(*hidden));

	for (size_t i = 0; i < info->wasm_memory_count; i++) {
		const struct wasm_memory *memory = &info->wasm_memories[i];

		hidden[i] = memory->growth_count > 0;
		for (size_t g = 0; g < memory->growth_count && hidden[i]; g++)
			hidden[i] = is_suppressed(view, process, memory->growth[g].stack, DOMAIN_WASM_MEMORY,
			                          TREND_GROWING);
		*suppressed = *suppressed || (hidden[i] && memory->trend.trend == TREND_GROWING);
	}
	return hidden;
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

struct objects {                 /* of one isolate */
	uint64_t *least;         /* bytes, the least that was told between a mark and the next … */
	uint32_t *numbers;       /* … the mark's number; only of marks after which something was told */
	size_t   count;
	uint64_t end, limit;     /* as told last */
};

static bool has_ended(const struct process_info *info, uint32_t isolate)
{
	for (size_t i = 0; i < info->runtime_count; i++)
		if (info->runtimes[i].isolate == isolate && info->runtimes[i].state == TRACE_RUNTIME_ENDED &&
		    info->runtimes[i].tick <= info->instants.end)
			return true;
	return false;
}

static void objects_of(const struct process_info *info, uint32_t isolate, struct objects *objects)
{
	const struct instants *instants = &info->instants;
	size_t passed = 0;

	for (size_t i = 0; i < info->runtime_heap_count; i++) {
		const struct runtime_heap *told = &info->runtime_heaps[i];
		uint64_t used = told->record.used;

		if (told->record.isolate != isolate || told->tick > instants->end)
			continue;
		objects->end = used;
		objects->limit = told->record.limit;
		while (passed < instants->count && instants->ticks[passed] <= told->tick)
			passed++;
		if (!passed)
			continue;
		if (!objects->count || objects->numbers[objects->count - 1] != instants->numbers[passed - 1]) {
			objects->numbers[objects->count] = instants->numbers[passed - 1];
			objects->least[objects->count++] = used;
		} else if (used < objects->least[objects->count - 1]) {
			objects->least[objects->count - 1] = used;
		}
	}
}

/*
 * What the objects of that isolate take, of those alive, which grew most, as V8 told at marks and after collections; what is garbage among
 * them is gone by the next collection. False: it told too little to judge by.
 */
static bool runtime_objects(const struct process_info *info, struct verdict_facts *facts)
{
	const struct instants *instants = &info->instants;
	struct objects objects = {.least = xcalloc(instants->count, sizeof(*objects.least)),
	                          .numbers = xcalloc(instants->count, sizeof(*objects.numbers))};
	uint32_t isolates = 0;
	double largest = -1;

	for (size_t i = 0; i < info->runtime_heap_count; i++)
		if (info->runtime_heaps[i].record.isolate > isolates)
			isolates = info->runtime_heaps[i].record.isolate;
	for (uint32_t isolate = 1; isolate <= isolates && isolate <= ISOLATES_MOST; isolate++) {
		struct growth growth;

		if (has_ended(info, isolate))
			continue;
		objects.count = 0;
		objects_of(info, isolate, &objects);
		growth = growth_judge((struct series){objects.least, objects.numbers, objects.count, objects.end});
		if (objects.count < MARKS_LEAST || verdict_rise(instants, &growth) <= largest)
			continue;
		largest = verdict_rise(instants, &growth);
		facts->runtime = growth;
		facts->runtime_bytes = objects.end;
		facts->runtime_limit = objects.limit;
		facts->collected = true;
	}
	free(objects.least);
	free(objects.numbers);
	return largest >= 0;
}

/*
 * What V8 maps, the pages of its heaps, up to the last mark: the collection at the end moves what is left to other pages.
 */
static void runtime_pages(struct view_process *process, struct history_sum *sum, struct verdict_facts *facts)
{
	const struct process_info *info = process->info;

	history_sum_begin(sum, info);
	for (size_t i = 0; i < info->site_count; i++)
		if (info->sites[i].domain == DOMAIN_MAP && key_site(process, &info->sites[i]).whose == WHOSE_RUNTIME &&
		    !wasm_has_stack(info, info->sites[i].stack))
			history_sum_add(sum, &info->sites[i]);
	if (!sum->count)
		return;
	facts->collected = false;
	facts->runtime_bytes = sum->bytes[sum->count - 1];
	facts->runtime = growth_judge((struct series){sum->bytes, info->instants.numbers, sum->count, facts->runtime_bytes});
}

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
	                              .isolates = isolates(info), .run_ns = run_ns(info)};
	struct verdict_site *sites;
	struct verdict_evidence evidence;
	bool *hidden;

	facts.sites = sites = lines(view, process, sum, &facts.site_count, &facts.suppressed);
	facts.hidden_memories = hidden = hidden_memories(view, process, &facts.suppressed);
	if ((!runtime_objects(info, &facts) || facts.runtime.marks < TOLD_LEAST) && process->has_runtime &&
	    facts.runtime.trend != TREND_GROWING)
		runtime_pages(process, sum, &facts);
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
	free(hidden);
	free(sum);
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
