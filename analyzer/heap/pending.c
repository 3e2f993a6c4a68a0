/* pending.c: see pending.h. */
#include "heap/pending.h"

#include <stdlib.h>

#include "heap/table.h"
#include "trace/array.h"
#include "trace/unfinalized.h"

#define MEMORIES_MOST 64             /* with more alive nothing is told: it would take long, and say little */
#define LOOKED_AT     1024           /* held values of a registry that decide */
#define ANY_STREAM    UINT32_MAX
#define NEARLY_ALL(n) ((n) - (n) / 10)

/* A held pointer is that of the block, or of what a reference count stands before: 8 bytes, or 16 for what is so aligned. */
static const uint64_t distances[] = {0, 8, 16};
#define DISTANCES (sizeof distances / sizeof distances[0])

struct pending {
	const struct wasm_memory *memories[MEMORIES_MOST]; size_t memory_count; /* alive, with live blocks */
	bool     too_many;
	struct pending_sum *sums; size_t sum_count; /* by site; owned */
};

struct choice {
	const struct wasm_memory *memory; /* NULL: none, or more than one */
	uint64_t distance;
};

static void add_memory(void *context, const struct wasm_memory *memory)
{
	struct pending *pending = context;

	if (!memory->heap || !memory->heap->live || !memory->heap->live->count)
		return;
	if (pending->memory_count == MEMORIES_MOST)
		pending->too_many = true;
	else
		pending->memories[pending->memory_count++] = memory;
}

/* The live block that the pointer lies in, so far from its beginning. */
static struct block *block_at(const struct wasm_memory *memory, uint64_t pointer, uint64_t distance)
{
	struct block *block;

	if (pointer <= distance || pointer > UINT64_MAX - memory->base)
		return NULL;
	block = table_find(memory->heap->live, memory->base + pointer - distance);
	return block && (block->size > distance || !distance) ? block : NULL;
}

/* How many of the held pointers fit; of blocks that this stream bore, if it is not ANY_STREAM. */
static size_t count_hits(const struct unfinalized *objects, struct choice choice, uint32_t stream)
{
	size_t looked_at = objects->held_count < LOOKED_AT ? objects->held_count : LOOKED_AT, hits = 0;

	for (size_t i = 0; i < looked_at; i++) {
		const struct block *block = block_at(choice.memory, objects->held[i], choice.distance);

		hits += block && (stream == ANY_STREAM || block->stream == (stream & 0xffffff));
	}
	return hits;
}

/* The only memory that nearly all fits, and how; *several: there is more than one. */
static struct choice choose_by(const struct pending *pending, const struct unfinalized *objects, uint32_t stream, bool *several)
{
	size_t looked_at = objects->held_count < LOOKED_AT ? objects->held_count : LOOKED_AT;
	struct choice only = {0};

	*several = false;
	for (size_t m = 0; m < pending->memory_count; m++)
		for (size_t d = 0; d < DISTANCES; d++) {
			struct choice choice = {pending->memories[m], distances[d]};

			if (count_hits(objects, choice, stream) < NEARLY_ALL(looked_at))
				continue;
			*several = only.memory != NULL;
			only = choice;
			if (*several)
				return (struct choice){0};
		}
	return only;
}

/* The stream of the isolate's thread; ANY_STREAM: it is not known. */
static uint32_t stream_of(const struct process_info *process, uint32_t isolate)
{
	for (size_t i = 0; i < process->collection_count; i++)
		if (process->collections[i].record.isolate == isolate && process->collections[i].record.why != TRACE_COLLECTED_BUSY)
			return process->collections[i].record.stream;
	return ANY_STREAM;
}

/* Isolates that each have an instance of a module hold the same pointers; but what a class makes, its own thread allocates. */
static struct choice choose(const struct process_info *process, const struct pending *pending,
	const struct unfinalized *objects)
{
	bool several;
	struct choice choice = choose_by(pending, objects, ANY_STREAM, &several);
	uint32_t stream = several ? stream_of(process, objects->isolate) : ANY_STREAM;

	return stream != ANY_STREAM ? choose_by(pending, objects, stream, &several) : choice;
}

static void take(struct pending *pending, struct sites *sites, struct unfinalized *objects, struct block *block)
{
	struct pending_sum *sum;

	while (pending->sum_count <= block->site) {
		array_room(pending->sums, pending->sum_count);
		pending->sums[pending->sum_count++] = (struct pending_sum){0};
	}
	sum = &pending->sums[block->site];
	sum->blocks++;
	sum->bytes += block->size;
	objects->blocks++;
	objects->bytes += block->size;
	site_death_inside(sites, block->site, block->size, false);
	block->site = SITE_NONE; /* taken: it counts for no site, nor twice */
}

struct pending *pending_take(struct process_info *process, struct sites *sites, const struct wasm_heaps *heaps)
{
	struct pending *pending;

	if (!heaps || !process->unfinalized_count)
		return NULL;
	pending = xcalloc(1, sizeof *pending);
	wasm_heaps_each_memory(heaps, add_memory, pending);
	for (size_t i = 0; i < process->unfinalized_count && !pending->too_many; i++) {
		struct unfinalized *objects = &process->unfinalized[i];
		struct choice choice = {0};

		if (objects->held_count && !unfinalized_for_ever(process, objects))
			choice = choose(process, pending, objects);
		if (!choice.memory)
			continue;
		objects->memory = choice.memory->id;
		for (size_t h = 0; h < objects->held_count; h++) {
			struct block *block = block_at(choice.memory, objects->held[h], choice.distance);

			if (block && block->site != SITE_NONE)
				take(pending, sites, objects, block);
		}
	}
	return pending;
}

void pending_free(struct pending *pending)
{
	if (pending)
		free(pending->sums);
	free(pending);
}

struct pending_sum pending_of_site(const struct pending *pending, uint32_t site)
{
	return pending && site < pending->sum_count ? pending->sums[site] : (struct pending_sum){0};
}
