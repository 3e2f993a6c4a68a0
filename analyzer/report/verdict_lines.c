/* verdict_lines.c: what may have grown, by line: the sites of a process, joined as a person would; see verdicts.h. */
#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* a state on the stack */
#include <xxhash.h>

#include "report/stack.h"
#include "report/suppress.h"
#include "report/verdicts.h"
#include "util.h"

#define SCRIPTS_MOST  64u        /* that are looked at as a whole */

/* ---- whose it is ---------------------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
	return text && !strncmp(text, with, strlen(with));
}

/* V8 itself, or where it posts what it wants done later, which may be in the middle of any line. */
static bool is_runtime(const struct frame *frame)
{
	static const char *const names[] = {"v8::", "node::TaskQueue<", "node::NodePlatform::", "node::WorkerThreadsTaskRunner::",
		"node::PerIsolatePlatformData::"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (begins(frame->function, names[i]))
			return true;
	return false;
}

static enum whose whose_is(const struct view_process *process, const struct stack *stack, enum domain domain)
{
	const struct stack_frame *maker = stack->maker < stack->count ? &stack->frames[stack->maker] : NULL;

	if (!process->has_runtime || domain == DOMAIN_WASM_MEMORY || domain == DOMAIN_WASM_HEAP)
		return WHOSE_OWN;
	/* What V8 keeps for itself, pages of its heap above all; Buffers are asked for by node's allocator. */
	if (maker && maker->engine && (domain == DOMAIN_MAP || is_runtime(maker->frame)))
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

enum whose verdict_whose(struct view_process *process, const struct site *site)
{
	struct stack stack = stack_resolve(process, site->stack);
	enum whose whose = whose_is(process, &stack, site->domain);

	stack_free(&stack);
	return whose;
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
		count += keyed[count].whose != WHOSE_RUNTIME && !XXH128_isEqual(keyed[count].key, none);
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

struct verdict_site *verdict_lines(const struct view *view, struct view_process *process, struct history_sum *sum,
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

bool *verdict_hidden_memories(const struct view *view, struct view_process *process, bool *suppressed)
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
