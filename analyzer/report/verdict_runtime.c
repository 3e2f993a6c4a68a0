/* verdict_runtime.c: what a runtime says of itself, and what its heap has of pages; see verdicts.h. */
#include <stdlib.h>
#include <string.h>

#include "heap/wasm.h"
#include "report/stack.h"
#include "report/verdicts.h"
#include "util.h"

#define ISOLATES_MOST 1024u      /* that are looked at, one by one */

struct growth verdict_isolates(const struct process_info *info)
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

struct maker {                   /* of threads */
	struct node_id stack;
	const struct frame *frame; /* to blame; one of a script, and not of the runtime's own */
	size_t   threads;
};

static int by_creator(const void *left, const void *right)
{
	const struct maker *a = left, *b = right;

	return (a->stack.index > b->stack.index) - (a->stack.index < b->stack.index);
}

static const struct frame *script_frame(struct view_process *process, struct node_id node)
{
	struct stack stack = stack_resolve(process, node);
	const struct stack_frame *blamed = stack.blame < stack.count ? &stack.frames[stack.blame] : NULL;
	const struct frame *frame = blamed && !blamed->engine && blamed->frame->kind == FRAME_JS ? blamed->frame : NULL;

	stack_free(&stack);
	return frame && frame->function && frame->file ? frame : NULL;
}

/* The same function, in whatever tier. */
static bool is_same(const struct frame *a, const struct frame *b)
{
	return a->own_line == b->own_line && !strcmp(a->function, b->function) && !strcmp(a->file, b->file);
}

/* Adds those of the same function to the first of them, which becomes one that knows the line of the call. */
static size_t join_makers(struct maker *makers, size_t count)
{
	size_t joined = 0;

	for (size_t i = 0; i < count; i++) {
		size_t at = 0;

		while (at < joined && !is_same(makers[at].frame, makers[i].frame))
			at++;
		if (at == joined) {
			makers[joined++] = makers[i];
			continue;
		}
		if (makers[at].frame->line_kind != LINE_CALL && makers[i].frame->line_kind == LINE_CALL) {
			makers[at].stack = makers[i].stack;
			makers[at].frame = makers[i].frame;
		}
		makers[at].threads += makers[i].threads;
	}
	return joined;
}

struct node_id verdict_maker(struct view_process *process)
{
	const struct process_info *info = process->info;
	struct maker *makers = xcalloc(info->thread_count, sizeof(*makers)), most = {.stack = {TRACE_STACK_NONE}};
	size_t count = 0, distinct = 0;

	for (size_t i = 0; i < info->thread_count; i++)
		if (node_is_frame(info, info->threads[i].creator))
			makers[count++] = (struct maker){.stack = info->threads[i].creator, .threads = 1};
	qsort(makers, count, sizeof(*makers), by_creator);
	for (size_t i = 0; i < count; i++) {
		if (distinct && makers[distinct - 1].stack.index == makers[i].stack.index) {
			makers[distinct - 1].threads++;
			continue;
		}
		makers[distinct] = makers[i];
		makers[distinct].frame = script_frame(process, makers[i].stack);
		distinct += makers[distinct].frame != NULL;
	}
	distinct = join_makers(makers, distinct);
	for (size_t i = 0; i < distinct; i++)
		if (makers[i].threads > most.threads)
			most = makers[i];
	free(makers);
	return most.stack;
}

struct objects {                 /* of one isolate */
	uint64_t *least;         /* bytes, the least that was told between a mark and the next … */
	uint32_t *numbers;       /* … the mark's number; only of marks after which something was told */
	size_t   count;
	uint64_t end, limit;     /* as told last */
};

/* Of each isolate that is looked at. To be freed. */
static bool *find_ended(const struct process_info *info)
{
	bool *ended = xcalloc(ISOLATES_MOST + 1, sizeof(*ended));

	for (size_t i = 0; i < info->runtime_count; i++)
		if (info->runtimes[i].isolate <= ISOLATES_MOST && info->runtimes[i].state == TRACE_RUNTIME_ENDED &&
		    info->runtimes[i].tick <= info->instants.end)
			ended[info->runtimes[i].isolate] = true;
	return ended;
}

static int by_isolate(const void *left, const void *right)
{
	const struct runtime_heap *a = left, *b = right;

	if (a->record.isolate != b->record.isolate)
		return a->record.isolate > b->record.isolate ? 1 : -1;
	return (a->tick > b->tick) - (a->tick < b->tick);
}

/* What was told up to the leak instant, by isolate, then by time. To be freed. */
static struct runtime_heap *sort_told(const struct process_info *info, size_t *count)
{
	struct runtime_heap *told = xcalloc(info->runtime_heap_count, sizeof(*told));

	*count = 0;
	for (size_t i = 0; i < info->runtime_heap_count; i++)
		if (info->runtime_heaps[i].tick <= info->instants.end)
			told[(*count)++] = info->runtime_heaps[i];
	qsort(told, *count, sizeof(*told), by_isolate);
	return told;
}

/* Of one isolate: what it told, by time. */
static void objects_of(const struct instants *instants, const struct runtime_heap *heaps, size_t count,
                       struct objects *objects)
{
	size_t passed = 0;

	objects->count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct runtime_heap *told = &heaps[i];
		uint64_t used = told->record.used;

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

bool verdict_objects(const struct process_info *info, struct verdict_facts *facts)
{
	const struct instants *instants = &info->instants;
	struct objects objects = {.least = xcalloc(instants->count, sizeof(*objects.least)),
	                          .numbers = xcalloc(instants->count, sizeof(*objects.numbers))};
	bool *ended = find_ended(info);
	size_t count, next;
	struct runtime_heap *told = sort_told(info, &count);
	double largest = -1;

	for (size_t i = 0; i < count; i = next) {
		uint32_t isolate = told[i].record.isolate;
		struct growth growth;

		for (next = i + 1; next < count && told[next].record.isolate == isolate;)
			next++;
		if (isolate > ISOLATES_MOST || ended[isolate])
			continue;
		objects_of(instants, told + i, next - i, &objects);
		growth = growth_judge((struct series){objects.least, objects.numbers, objects.count, objects.end});
		if ((objects.count < MARKS_LEAST && growth.trend != TREND_GROWING) ||
		    verdict_rise(instants, &growth) <= largest)
			continue;
		largest = verdict_rise(instants, &growth);
		facts->runtime = growth;
		facts->runtime_bytes = objects.end;
		facts->runtime_limit = objects.limit;
		facts->collected = true;
	}
	free(told);
	free(ended);
	free(objects.least);
	free(objects.numbers);
	return largest >= 0;
}

/* What objects took after a collection at the end of each isolate that was there. False: not all of them were collected. */
static bool collected_at_end(const struct process_info *info, uint64_t *bytes)
{
	bool *ended = find_ended(info), all = true;
	size_t count;
	struct runtime_heap *told = sort_told(info, &count);

	*bytes = 0;
	for (size_t i = 0; i < count && all; i++) {
		const struct trace_runtime_heap *record = &told[i].record;

		if (i + 1 < count && told[i + 1].record.isolate == record->isolate)
			continue;
		if (record->isolate <= ISOLATES_MOST && ended[record->isolate])
			continue;
		all = record->collected && told[i].tick >= info->instants.ticks[info->instants.count - 1];
		*bytes += record->used;
	}
	free(told);
	free(ended);
	return all && count;
}

void verdict_pages(struct view_process *process, struct history_sum *sum, struct verdict_facts *facts)
{
	const struct process_info *info = process->info;
	uint64_t alive;

	history_sum_begin(sum, info);
	for (size_t i = 0; i < info->site_count; i++)
		if (info->sites[i].domain == DOMAIN_MAP && verdict_whose(process, &info->sites[i]) == WHOSE_RUNTIME &&
		    !wasm_has_stack(info, info->sites[i].stack))
			history_sum_add(sum, &info->sites[i]);
	if (!sum->count)
		return;
	facts->collected = false;
	facts->runtime_bytes = sum->bytes[sum->count - 1];
	facts->runtime = growth_judge((struct series){sum->bytes, info->instants.numbers, sum->count, facts->runtime_bytes});
	/* Room for young objects grows with how fast they come and go, too. */
	if (collected_at_end(info, &alive) && verdict_rise(&info->instants, &facts->runtime) > (double)alive)
		facts->runtime = (struct growth){.trend = TREND_STEADY, .marks = facts->runtime.marks};
}
