/*
 * code.c: a segment tree over the borders of all places; see code.h. A place is in the lists of the few nodes that
 * together span it, and a list is in the order in which its places hide each other. So a look-up is a binary search in
 * one list for each level of the tree, however places overlap.
 */
#include "names/code.h"

#include <stdlib.h>

#include "util.h"

/* ---- hot ----------------------------------------------------------------------------------------------------- */

/* How many entries come before the first with a higher generation. */
static size_t visible(const struct code_index *index, uint32_t generation)
{
	size_t low = 0, high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index->entries[middle].place->generation <= generation)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The number of borders at or below the address. */
static size_t rank_of(const struct code_index *index, uint64_t address)
{
	size_t low = 0, high = index->border_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index->borders[middle] <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct code_place *code_at(const struct code_index *index, uint64_t address, uint32_t generation)
{
	size_t limit = visible(index, generation), rank = rank_of(index, address), best = SIZE_MAX;

	if (!limit || !rank || rank == index->border_count)
		return NULL;
	for (size_t node = rank - 1 + index->border_count; node; node /= 2) {
		size_t low = index->starts[node], high = index->starts[node + 1], first = low;

		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (index->lists[middle] < limit)
				low = middle + 1;
			else
				high = middle;
		}
		if (low > first && (best == SIZE_MAX || index->lists[low - 1] > best))
			best = index->lists[low - 1];
	}
	return best == SIZE_MAX ? NULL : index->entries[best].place;
}

/* ---- cold ---------------------------------------------------------------------------------------------------- */

static int by_visibility(const void *left, const void *right)
{
	const struct code_entry *a = left, *b = right;

	if (a->place->generation != b->place->generation)
		return a->place->generation < b->place->generation ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static int by_address(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static uint64_t end_of(const struct code_place *place)
{
	uint64_t end = place->address + place->code->size;

	return end < place->address ? UINT64_MAX : end;
}

static void add_places(struct code_index *index, const struct process_info *process, uint64_t until, size_t room)
{
	for (size_t i = 0; i < process->place_count; i++) {
		const struct code_place *place = &process->places[i];

		if (place->code && place->code->size && place->tick <= until && index->count < room) {
			index->entries[index->count] = (struct code_entry){place, (uint32_t)index->count};
			index->count++;
		}
	}
}

/* Ancestors first, since what a process told itself came later. */
static void gather(struct code_index *index, const struct recording *recording, struct process_id id)
{
	const struct process_info **chain = xcalloc(recording->process_count, sizeof(*chain));
	uint64_t until = UINT64_MAX;
	size_t depth = 0, room = 0;

	while (id.index < recording->process_count && depth < recording->process_count) {
		const struct process_info *process = &recording->processes[id.index];

		chain[depth++] = process;
		room += process->place_count;
		if (!process->forked)
			break;
		id = process->parent;
	}
	if (room > UINT32_MAX)
		room = UINT32_MAX;
	index->entries = xcalloc(room, sizeof(*index->entries));
	for (size_t i = depth; i-- > 0;) {
		until = i ? chain[i - 1]->header.fork_before : UINT64_MAX;
		add_places(index, chain[i], until, room);
	}
	free(chain);
}

static void make_borders(struct code_index *index)
{
	size_t kept = 0;

	index->borders = xcalloc(index->count, 2 * sizeof(*index->borders));
	for (size_t i = 0; i < index->count; i++) {
		index->borders[2 * i] = index->entries[i].place->address;
		index->borders[2 * i + 1] = end_of(index->entries[i].place);
	}
	index->border_count = 2 * index->count;
	if (index->border_count)
		qsort(index->borders, index->border_count, sizeof(*index->borders), by_address);
	for (size_t i = 0; i < index->border_count; i++)
		if (!kept || index->borders[kept - 1] != index->borders[i])
			index->borders[kept++] = index->borders[i];
	index->border_count = kept;
}

/* Leaves are border_count + i for what lies from border i to the next; node n spans those of 2n and 2n + 1. */
static void put_entry(struct code_index *index, uint32_t entry, bool only_count)
{
	const struct code_place *place = index->entries[entry].place;
	size_t low = rank_of(index, place->address) - 1 + index->border_count;
	size_t high = rank_of(index, end_of(place)) - 1 + index->border_count;

	for (; low < high; low /= 2, high /= 2) {
		size_t nodes[2], count = 0;

		if (low & 1)
			nodes[count++] = low++;
		if (high & 1)
			nodes[count++] = --high;
		while (count--)
			if (only_count)
				index->starts[nodes[count] + 1]++;
			else
				index->lists[index->starts[nodes[count]]++] = entry;
	}
}

static void make_lists(struct code_index *index)
{
	size_t nodes = 2 * index->border_count;

	index->starts = xcalloc(nodes + 1, sizeof(*index->starts));
	for (size_t i = 0; i < index->count; i++)
		put_entry(index, (uint32_t)i, true);
	for (size_t i = 0; i < nodes; i++)
		index->starts[i + 1] += index->starts[i];
	index->lists = xcalloc(index->starts[nodes], sizeof(*index->lists));
	for (size_t i = 0; i < index->count; i++)
		put_entry(index, (uint32_t)i, false);
	/* Filling moved each start to its list's end, which is the next one's start. */
	for (size_t i = nodes; i > 0; i--)
		index->starts[i] = index->starts[i - 1];
	index->starts[0] = 0;
}

void code_index_build(struct code_index *index, const struct recording *recording, struct process_id process)
{
	index->built = true;
	gather(index, recording, process);
	if (index->count)
		qsort(index->entries, index->count, sizeof(*index->entries), by_visibility);
	make_borders(index);
	make_lists(index);
}

void code_index_free(struct code_index *index)
{
	free(index->entries);
	free(index->borders);
	free(index->lists);
	free(index->starts);
	*index = (struct code_index){0};
}
