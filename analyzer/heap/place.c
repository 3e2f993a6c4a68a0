/*
 * place.c: see place.h. In order of rank: libprobe's own memory and the stacks of threads that are alive, which the library
 * claims; files; what the program itself mapped; the zeroed data of modules; malloc's arenas; stacks that libc keeps for
 * threads to come.
 */
#include "heap/place.h"

#include <stdlib.h>
#include <string.h>

#include "trace/array.h"

#define MODULES_BACK 64          /* modules that may begin between an address and the module it is in */

struct placing {
	const struct ledgers *ledgers;
	const struct sample *sample;
	const struct maps *maps;
	const struct sample_area *area; /* in hand */
	struct sample_area *claims, *old; /* sorted; owned */
	size_t   claim_count, old_count;
	const struct module **modules; size_t module_count; /* there at the time, by start; owned */
	struct range *ranges; size_t count; /* made so far */
	const struct sample_area *file; /* the last one before the area; NULL none */
	uint64_t at;             /* up to here the area is placed, in maps_tell */
};

static void add(struct placing *placing, struct range range)
{
	if (range.start >= range.end)
		return;
	range.area = placing->area;
	range.resident = sample_resident(placing->sample, range.area, range.start, range.end);
	if (!range.resident)
		return;
	array_room(placing->ranges, placing->count);
	placing->ranges[placing->count++] = range;
}

/* The first of `areas` that ends above `address`. */
static size_t first_above(const struct sample_area *areas, size_t count, uint64_t address)
{
	size_t low = 0;

	while (low < count) {
		size_t middle = low + (count - low) / 2;

		if (areas[middle].end <= address)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

/* ---- what nobody mapped that we know of ---- */

static void place_rest(struct placing *placing, uint64_t start, uint64_t end)
{
	for (size_t i = first_above(placing->old, placing->old_count, start);
	     i < placing->old_count && placing->old[i].start < end; i++) {
		const struct sample_area *old = &placing->old[i];

		if (old->start > start)
			add(placing, (struct range){.start = start, .end = old->start, .kind = RANGE_UNKNOWN});
		if (old->start > start)
			start = old->start;
		add(placing, (struct range){.start = start, .end = old->end < end ? old->end : end,
		                            .kind = RANGE_STACK});
		start = old->end;
	}
	add(placing, (struct range){.start = start, .end = end, .kind = RANGE_UNKNOWN});
}

static bool holds_blocks(const struct ledgers *ledgers, uint64_t heap)
{
	return heap < HEAPS && ledgers->heaps[heap / 64] >> heap % 64 & 1;
}

/* The heaps of arenas that begin in [start, end): they end where their memory does, or where the next one may begin. */
static void place_arenas(struct placing *placing, uint64_t start, uint64_t end)
{
	uint64_t rest = start;

	for (uint64_t heap = (start + (1ull << HEAP_SHIFT) - 1) >> HEAP_SHIFT; heap << HEAP_SHIFT < end && heap < HEAPS;
	     heap++) {
		uint64_t from = heap << HEAP_SHIFT, to = (heap + 1) << HEAP_SHIFT;

		if (!holds_blocks(placing->ledgers, heap))
			continue;
		place_rest(placing, rest, from);
		rest = to < end ? to : end;
		add(placing, (struct range){.start = from, .end = rest, .kind = RANGE_ARENA, .arena = from});
	}
	place_rest(placing, rest, end);
}

static bool has_main_arena(const struct placing *placing)
{
	uint64_t first = placing->area->start >> HEAP_SHIFT, last = (placing->area->end - 1) >> HEAP_SHIFT;

	if (placing->ledgers->process->header.flags & TRACE_PROCESS_OWN_HEAP)
		return false;
	for (uint64_t heap = first; heap <= last && heap < HEAPS; heap++)
		if (holds_blocks(placing->ledgers, heap))
			return true;
	return placing->ledgers->process->forked;
}

static const struct module *module_at(const struct placing *placing, uint64_t address)
{
	size_t low = 0, high = placing->module_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (placing->modules[middle]->start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t back = 0; low > 0 && back < MODULES_BACK; back++)
		if (placing->modules[--low]->end > address)
			return placing->modules[low];
	return NULL;
}

/* A module's zeroed data is an anonymous mapping behind the file's. */
static void place_unrecorded(struct placing *placing, uint64_t start, uint64_t end)
{
	const struct module *module = module_at(placing, start);

	if (module) {
		uint64_t to = module->end < end ? module->end : end;

		/* The same file goes by two names where /lib is a link. */
		bool same = placing->file && placing->file->start >= module->start;
		const char *path = same ? placing->sample->text + placing->file->name : module->path;

		add(placing, (struct range){.start = start, .end = to, .kind = RANGE_FILE, .file = path});
		start = to;
	}
	if (start >= end)
		return;
	if (placing->area->kind == TRACE_AREA_BREAK && has_main_arena(placing))
		add(placing, (struct range){.start = start, .end = end, .kind = RANGE_ARENA});
	else
		place_arenas(placing, start, end);
}

/* ---- what was mapped ---- */

static void place_mapped(void *context, uint64_t start, uint64_t end, uint32_t stack)
{
	struct placing *placing = context;

	if (start > placing->at)
		place_unrecorded(placing, placing->at, start);
	add(placing, (struct range){.start = start, .end = end, .kind = RANGE_MAPPED, .stack = stack});
	placing->at = end;
}

static bool is_no_file(const char *name)
{
	return !strncmp(name, "/dev/zero", 9) || !strncmp(name, "/SYSV", 5);
}

static void place_unclaimed(struct placing *placing, uint64_t start, uint64_t end)
{
	const struct sample_area *area = placing->area;
	const char *name = area->kind == TRACE_AREA_FILE ? placing->sample->text + area->name : NULL;

	if (start >= end)
		return;
	if (name && !is_no_file(name)) {
		add(placing, (struct range){.start = start, .end = end, .kind = RANGE_FILE, .file = name});
		return;
	}
	if (area->kind == TRACE_AREA_MAIN) {
		add(placing, (struct range){.start = start, .end = end, .kind = RANGE_STACK});
		return;
	}
	placing->at = start;
	maps_tell(placing->maps, start, end, place_mapped, placing);
	if (placing->at < end)
		place_unrecorded(placing, placing->at, end);
}

static void place_area(struct placing *placing)
{
	const struct sample_area *area = placing->area;
	uint64_t at = area->start;

	for (size_t i = first_above(placing->claims, placing->claim_count, at);
	     i < placing->claim_count && placing->claims[i].start < area->end; i++) {
		const struct sample_area *own = &placing->claims[i];
		uint64_t end = own->end < area->end ? own->end : area->end;

		if (own->start > at) {
			place_unclaimed(placing, at, own->start);
			at = own->start;
		}
		add(placing, (struct range){.start = at, .end = end,
		                            .kind = own->kind == TRACE_CLAIM_OWN ? RANGE_OWN : RANGE_STACK});
		at = end;
	}
	place_unclaimed(placing, at, area->end);
}

/* ---- preparing ---- */

static int by_start(const void *left, const void *right)
{
	const struct sample_area *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

static int by_module(const void *left, const void *right)
{
	const struct module *a = *(const struct module *const *)left, *b = *(const struct module *const *)right;

	return (a->start > b->start) - (a->start < b->start);
}

/* Sorts, and takes away what overlaps with an earlier one. */
static size_t tidy(struct sample_area *areas, size_t count)
{
	size_t kept = 0;
	uint64_t end = 0;

	qsort(areas, count, sizeof *areas, by_start);
	for (size_t i = 0; i < count; i++) {
		if (areas[i].end <= end)
			continue;
		if (areas[i].start < end)
			areas[i].start = end;
		end = areas[i].end;
		areas[kept++] = areas[i];
	}
	return kept;
}

static void prepare(struct placing *placing)
{
	const struct process_info *process = placing->ledgers->process;
	const struct sample *sample = placing->sample;

	placing->claims = xcalloc(sample->claim_count + 1, sizeof *placing->claims);
	placing->old = xcalloc(sample->claim_count + 1, sizeof *placing->old);
	for (size_t i = 0; i < sample->claim_count; i++)
		if (sample->claims[i].kind == TRACE_CLAIM_OLD)
			placing->old[placing->old_count++] = sample->claims[i];
		else
			placing->claims[placing->claim_count++] = sample->claims[i];
	placing->claim_count = tidy(placing->claims, placing->claim_count);
	placing->old_count = tidy(placing->old, placing->old_count);
	placing->modules = xcalloc(process->module_count + 1, sizeof *placing->modules);
	for (size_t i = 0; i < process->module_count; i++)
		if (process->modules[i].loaded <= sample->tick && sample->tick < process->modules[i].unloaded)
			placing->modules[placing->module_count++] = &process->modules[i];
	qsort(placing->modules, placing->module_count, sizeof *placing->modules, by_module);
}

struct range *ranges_make(const struct ledgers *ledgers, const struct sample *sample, const struct maps *maps,
                          size_t *count)
{
	struct placing placing = {.ledgers = ledgers, .sample = sample, .maps = maps};

	prepare(&placing);
	for (size_t i = 0; i < sample->area_count; i++) {
		placing.area = &sample->areas[i];
		place_area(&placing);
		if (placing.area->kind == TRACE_AREA_FILE)
			placing.file = placing.area;
	}
	free(placing.claims);
	free(placing.old);
	free(placing.modules);
	*count = placing.count;
	return placing.ranges;
}

void ranges_free(struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(ranges[i].touched);
	free(ranges);
}

size_t ranges_from(const struct range *ranges, size_t count, uint64_t address)
{
	size_t low = 0;

	while (low < count) {
		size_t middle = low + (count - low) / 2;

		if (ranges[middle].end <= address)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}
