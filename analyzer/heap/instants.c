/* instants.c: see instants.h. */
#include "heap/instants.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include "heap/growth.h"
#include "util.h"

struct keyed {                   /* a mark */
	uint64_t key;            /* equal for labels that are equal but for their numbers */
	size_t   mark;           /* its index */
	enum instants_kind kind;
};

static enum instants_kind kind_of(const char *label)
{
	size_t digits = strspn(label, "0123456789.");

	if (!strcmp(label, "gc()"))
		return INSTANTS_COLLECTIONS;
	if (digits && (!strcmp(label + digits, "s") || !strcmp(label + digits, "ms")))
		return INSTANTS_PERIODIC;
	return INSTANTS_MARKS;
}

/* The library's own mark, "worker 3 ends": it falls when it falls, and is no step of the program's. */
static bool is_worker_end(const char *label)
{
	size_t before = strlen("worker "), digits;

	if (strncmp(label, "worker ", before))
		return false;
	digits = strspn(label + before, "0123456789");
	return digits && !strcmp(label + before + digits, " ends");
}

static uint64_t key_of(const char *label)
{
	XXH3_state_t state;

	XXH3_64bits_reset(&state);
	while (*label) {
		size_t digits = strspn(label, "0123456789"), others = strcspn(label, "0123456789");

		XXH3_64bits_update(&state, digits ? "0" : label, digits ? 1 : others);
		label += digits ? digits : others;
	}
	return XXH3_64bits_digest(&state);
}

/* The user's first, groups side by side, each in order of time. */
static int by_group(const void *left, const void *right)
{
	const struct keyed *a = left, *b = right;

	if (a->kind != b->kind)
		return a->kind > b->kind ? -1 : 1;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (a->mark > b->mark) - (a->mark < b->mark);
}

static int by_mark(const void *left, const void *right)
{
	const struct keyed *a = left, *b = right;

	return (a->mark > b->mark) - (a->mark < b->mark);
}

/* The marks to take: a part of `marks`, which is sorted anew. NULL: they are too few. */
static struct keyed *choose(struct keyed *marks, size_t count, size_t *taken)
{
	struct keyed *best = NULL;
	size_t next;

	*taken = 0;
	for (size_t i = 0; i < count; i++) {
		/* All times are one group, "500ms" and "1s" too. */
		if (marks[i].kind == INSTANTS_PERIODIC)
			marks[i].key = 0;
	}
	qsort(marks, count, sizeof *marks, by_group);
	for (size_t i = 0; i < count; i = next) {
		for (next = i + 1; next < count && by_group(&marks[i], &marks[next]) < 0 &&
		     marks[i].kind == marks[next].kind && marks[i].key == marks[next].key;)
			next++;
		if (next - i >= GROWTH_MARKS_LEAST && (!best || (best->kind == marks[i].kind && (next - i > *taken ||
		    (next - i == *taken && marks[i].mark < best->mark))))) {
			best = &marks[i];
			*taken = next - i;
		}
	}
	if (best && best->kind == INSTANTS_MARKS)
		return best;
	for (next = 0; next < count && marks[next].kind == INSTANTS_MARKS;)
		next++;
	if (next < GROWTH_MARKS_LEAST)
		return best;
	qsort(marks, next, sizeof *marks, by_mark);
	*taken = next;
	return marks;
}

static void add(struct instants *instants, uint64_t tick, size_t number)
{
	instants->ticks[instants->count] = tick;
	instants->numbers[instants->count++] = (uint32_t)number;
}

static void slice(struct instants *instants, uint64_t from, uint64_t to)
{
	instants->marks = SLICES;
	for (unsigned i = 1; i <= SLICES; i++)
		add(instants, from + (uint64_t)((unsigned __int128)(to - from) * i / SLICES), i - 1);
}

/* The time that the library's own collections take at the end is not the program's. */
static uint64_t program_end(const struct process_info *process, uint64_t end)
{
	for (size_t i = 0; i < process->collection_count; i++) {
		const struct trace_collected *collected = &process->collections[i].record;

		if (collected->why == TRACE_COLLECTED_ENDING && collected->began < end)
			end = collected->began;
	}
	return end;
}

void instants_choose(struct process_info *process, uint64_t first_tick, uint64_t last_tick)
{
	struct instants *instants = &process->instants;
	struct keyed *marks = xcalloc(process->mark_count, sizeof *marks), *taken;
	uint64_t ending = process->header.ending_tick;
	size_t count = 0, taken_count;

	*instants = (struct instants){.end = ending ? ending : UINT64_MAX};
	instants->ticks = xcalloc(GROWTH_POINTS, sizeof *instants->ticks);
	instants->numbers = xcalloc(GROWTH_POINTS, sizeof *instants->numbers);
	for (size_t i = 0; i < process->mark_count; i++)
		if (process->marks[i].tick <= instants->end && !is_worker_end(process->marks[i].label))
			marks[count++] = (struct keyed){key_of(process->marks[i].label), i,
			                                kind_of(process->marks[i].label)};
	taken = choose(marks, count, &taken_count);
	if (taken) {
		size_t step = (taken_count + GROWTH_POINTS - 1) / GROWTH_POINTS;

		instants->kind = taken->kind;
		instants->marks = taken_count;
		instants->first = taken[0].mark;
		instants->last = taken[taken_count - 1].mark;
		/* Evenly, and the last is among them. */
		for (size_t i = (taken_count - 1) % step; i < taken_count; i += step)
			add(instants, process->marks[taken[i].mark].tick, i);
	} else {
		if (process->header.anchor[0].monotonic_ns && process->header.anchor[0].tick < first_tick)
			first_tick = process->header.anchor[0].tick;
		if (ending && ending < last_tick)
			last_tick = ending;
		last_tick = program_end(process, last_tick);
		if (first_tick <= last_tick)
			slice(instants, first_tick, last_tick);
	}
	free(marks);
}
