/* verdict_runtime.c: what a runtime says of itself, and what its heap has of pages; see verdicts.h. */
#include <stdlib.h>

#include "heap/wasm.h"
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
