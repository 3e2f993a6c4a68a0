/* intervals.c: sorted ranges, each knowing the one around it; see intervals.h. */
#include "names/intervals.h"

#include <stdlib.h>

#include "util.h"

/* Proper nesting is shallow. Only nonsense nests deeper, and must not make each look-up slow. */
#define MOST_STEPS 64

static bool contains(const struct interval *interval, uint64_t address)
{
	return interval->start <= address && address < interval->end;
}

static uint32_t first_around(const struct intervals *intervals, uint32_t index, uint64_t address)
{
	for (int steps = 0; index != INTERVAL_NONE && steps < MOST_STEPS; steps++) {
		if (contains(&intervals->items[index], address))
			return index;
		index = intervals->items[index].outer;
	}
	return INTERVAL_NONE;
}

uint32_t intervals_find(const struct intervals *intervals, uint64_t address)
{
	size_t low = 0, high = intervals->count; /* the first start above address is in [low, high] */

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (intervals->items[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? first_around(intervals, (uint32_t)(low - 1), address) : INTERVAL_NONE;
}

uint32_t intervals_outer(const struct intervals *intervals, uint32_t inner, uint64_t address)
{
	return first_around(intervals, intervals->items[inner].outer, address);
}

void intervals_add(struct intervals *intervals, struct interval interval)
{
	if (interval.start >= interval.end || intervals->count >= INTERVAL_NONE - 1)
		return;
	if (intervals->count == intervals->capacity) {
		intervals->capacity = intervals->capacity ? intervals->capacity * 2 : 64;
		intervals->items = xreallocarray(intervals->items, intervals->capacity, sizeof(*intervals->items));
	}
	intervals->items[intervals->count++] = interval;
}

/* Outer before inner, the open ones after those whose length is known, of equal ones the best last. */
static int compare(const void *left, const void *right)
{
	const struct interval *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->open != b->open)
		return a->open ? 1 : -1;
	if (a->end != b->end && !a->open)
		return a->end > b->end ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static bool supersedes(const struct interval *next, const struct interval *interval)
{
	return next->start == interval->start && next->open == interval->open &&
	       (next->end == interval->end || next->open);
}

void intervals_build(struct intervals *intervals)
{
	struct interval *items = intervals->items;
	uint32_t kept = 0, around = INTERVAL_NONE; /* `around`: innermost kept one that is not over yet */

	if (intervals->count)
		qsort(items, intervals->count, sizeof(*items), compare);
	for (size_t i = 0; i < intervals->count; i++) {
		struct interval item = items[i];
		const struct interval *next = i + 1 < intervals->count ? &items[i + 1] : NULL;

		if (next && supersedes(next, &item)) {
			items[i + 1].shared = true;
			continue;
		}
		while (around != INTERVAL_NONE && items[around].end <= item.start)
			around = items[around].outer;
		if (item.open) {
			if (around != INTERVAL_NONE)
				continue;
			if (next && next->start < item.end)
				item.end = next->start;
		}
		item.outer = around;
		items[kept] = item;
		around = kept++;
	}
	intervals->count = kept;
}

void intervals_free(struct intervals *intervals)
{
	free(intervals->items);
	*intervals = (struct intervals){0};
}
