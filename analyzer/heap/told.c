/*
 * told.c: see told.h. A block in a pool is known by a key, the pool's number above the block's address, so that pools may lie
 * in each other; of a handle that is no address the key is a hash of both, which 63 bits make as good as the two. With that, births and deaths are matched like all others (space.h). A pool that ends as a whole needs a list
 * of its blocks: keys are added at births and left there at deaths, and the list is cleaned when it has grown to twice of what
 * is alive, so a step costs the same on average, and memory goes with what was alive at once.
 */
#include "heap/told.h"

#include <stdlib.h>
#include <xxhash.h>

#include "heap/space.h"
#include "trace/array.h"
#include "util.h"

#define POOL_SHIFT   47          /* addresses are below 1 << this */
#define POOLS_MOST   ((1u << (63 - POOL_SHIFT)) - 1) /* numbers of pools with blocks; the last is of all that there are beyond */
#define KEY_HASHED   (1ull << 63)
#define CLEAN_LEAST  64
_Static_assert(ADDRESSES_END == 1ull << POOL_SHIFT, "a key has room for an address");

struct entry { uint64_t key, birth; };

struct pool {
	uint64_t name;           /* the program's: its address */
	uint32_t number;         /* in keys */
	uint64_t live;           /* blocks; with none it is forgotten */
	struct entry *blocks; size_t count; /* that were born, of which some are dead; owned; not of pool 0, which never ends */
	size_t   clean_at;
};

struct spoken { uint64_t tick, pool; uint32_t type, moved; }; /* of a stream: of the TOLD_ALLOC to come; of the REALLOC_IN */

struct told {
	struct space space;
	struct table live;       /* blocks of all pools, by key */
	struct table names;      /* of pools → block.site: index in pools */
	struct pool *pools; size_t count; /* owned */
	uint32_t *unused; size_t unused_count; /* of pools; owned */
	struct spoken *spoken;   /* by stream; owned */
	struct told_sum sum;
};

static void unknown(void *context, uint64_t key)
{
	struct told *told = context;

	(void)key;
	told->sum.unknown_frees++;
}

struct told *told_open(const struct process_info *process, struct sites *sites, uint32_t streams)
{
	struct told *told = xcalloc(1, sizeof *told);

	space_open(&told->space, DOMAIN_POOL, sites, streams, process->ns_per_tick);
	told->space.unknown = unknown;
	told->space.context = told;
	table_init(&told->live);
	table_init(&told->names);
	told->spoken = xcalloc(streams, sizeof *told->spoken);
	array_room(told->pools, told->count);
	told->pools[told->count++] = (struct pool){0};
	return told;
}

/* ---- pools ---------------------------------------------------------------------------------------------------- */

static struct pool *pool_find(struct told *told, uint64_t name)
{
	struct block *entry = name ? table_find(&told->names, name) : NULL;

	return !name ? &told->pools[0] : entry ? &told->pools[entry->site] : NULL;
}

static struct pool *pool_make(struct told *told, uint64_t name)
{
	struct pool *pool = pool_find(told, name);
	uint32_t index;
	bool existed;

	if (pool)
		return pool;
	if (told->unused_count) {
		index = told->unused[--told->unused_count];
	} else {
		index = (uint32_t)told->count;
		array_room(told->pools, told->count);
		told->pools[told->count++] = (struct pool){0};
	}
	told->pools[index] = (struct pool){
		.name = name, .number = index < POOLS_MOST ? index : POOLS_MOST, .clean_at = CLEAN_LEAST,
	};
	table_insert(&told->names, name, &existed)->site = index;
	return &told->pools[index];
}

/* If it has no blocks any more. */
static void pool_forget(struct told *told, struct pool *pool)
{
	if (pool->live || !pool->name)
		return;
	free(pool->blocks);
	table_remove(&told->names, table_find(&told->names, pool->name));
	array_room(told->unused, told->unused_count);
	told->unused[told->unused_count++] = (uint32_t)(pool - told->pools);
	*pool = (struct pool){0};
}

static uint64_t key_of(const struct pool *pool, uint64_t address)
{
	uint64_t both[2] = {pool->number, address};

	if (address >= ADDRESSES_END)
		return KEY_HASHED | XXH3_64bits(both, sizeof both);
	return (uint64_t)pool->number << POOL_SHIFT | address;
}

static struct block *block_of(const struct told *told, struct entry entry)
{
	struct block *block = table_find(&told->live, entry.key);

	return block && block->tick == entry.birth ? block : NULL;
}

static void pool_note(struct told *told, struct pool *pool, const struct block *block)
{
	size_t kept = 0;

	pool->live++;
	if (!pool->name)
		return;
	if (pool->count >= pool->clean_at) {
		for (size_t i = 0; i < pool->count; i++)
			if (block_of(told, pool->blocks[i]))
				pool->blocks[kept++] = pool->blocks[i];
		pool->count = kept;
		pool->clean_at = 2 * kept + CLEAN_LEAST;
		pool->blocks = xreallocarray(pool->blocks, pool->clean_at, sizeof *pool->blocks);
	} else if (!pool->blocks) {
		pool->blocks = xreallocarray(NULL, pool->clean_at, sizeof *pool->blocks);
	}
	pool->blocks[pool->count++] = (struct entry){block->address, block->tick};
}

/* ---- events --------------------------------------------------------------------------------------------------- */

static bool birth(struct told *told, uint32_t stream, const struct trace_event *event)
{
	struct spoken *spoken = &told->spoken[stream];
	struct trace_event keyed = *event;
	struct block *block;
	struct pool *pool;
	bool existed = false;

	/* What came before it is missing: no pool, no block. */
	if (!spoken->tick || spoken->tick != event->tick || !event->address || event->size > ADDRESSES_END)
		return false;
	spoken->tick = 0;
	pool = pool_make(told, spoken->pool);
	keyed.address = key_of(pool, event->address);
	block = space_birth(&told->space, &told->live, stream, &keyed, &existed);
	pool->live -= existed;
	if (!block) {
		pool_forget(told, pool);
		return true;
	}
	if (spoken->type)
		site_retype(told->space.sites, block, spoken->type);
	pool_note(told, pool, block);
	return true;
}

static bool death(struct told *told, uint32_t stream, const struct trace_event *event)
{
	struct pool *pool = pool_find(told, event->size);
	struct block *block;
	uint64_t key;

	if (!event->address)
		return false;
	if (!pool) { /* nothing is alive in it */
		told->sum.unknown_frees++;
		return true;
	}
	key = key_of(pool, event->address);
	block = table_find(&told->live, key);
	if (!block) {
		space_orphan(&told->space, stream, key, event->tick);
		return true;
	}
	if (block->owed && space_pays_debt(&told->space, block, stream, event->tick))
		return true;
	space_death(&told->space, block, stream);
	table_remove(&told->live, block);
	pool->live--;
	pool_forget(told, pool);
	return true;
}

static void end(struct told *told, struct pool *pool)
{
	for (size_t i = 0; i < pool->count; i++) {
		struct block *block = block_of(told, pool->blocks[i]);

		if (!block)
			continue;
		space_count_death(&told->space, block, false);
		table_remove(&told->live, block);
	}
	pool->live = 0;
	pool_forget(told, pool);
}

static bool type(struct told *told, struct table *heap, const struct trace_event *event)
{
	struct block *block = event->address ? table_find(heap, event->address) : NULL;

	if (!event->size || event->size > TRACE_TYPES_MOST)
		return false;
	if (block)
		site_retype(told->space.sites, block, (uint32_t)event->size);
	else
		told->sum.misplaced++;
	return true;
}

bool told_event(struct told *told, struct table *heap, uint32_t stream, const struct trace_event *event)
{
	struct pool *pool;

	if (event->kind == TRACE_EVENT_TOLD_ALLOC)
		return birth(told, stream, event);
	switch (event->detail) {
	case TRACE_TOLD_TYPE:
		return type(told, heap, event);
	case TRACE_TOLD_POOL:
		if (event->size > TRACE_TYPES_MOST)
			return false;
		told->spoken[stream] = (struct spoken){
			.tick = event->tick, .pool = event->address, .type = (uint32_t)event->size,
		};
		return true;
	case TRACE_TOLD_FREE:
		return death(told, stream, event);
	case TRACE_TOLD_POOL_FREE:
		pool = event->address ? pool_find(told, event->address) : NULL;
		if (pool)
			end(told, pool);
		return event->address != 0;
	}
	return false;
}

void told_moves_out(struct told *told, uint32_t stream, const struct trace_event *event, const struct block *block)
{
	if (event->kind == TRACE_EVENT_REALLOC_OUT && block->site != SITE_NONE)
		told->spoken[stream].moved = told->space.sites->list[block->site].told;
}

void told_moved_in(struct told *told, uint32_t stream, const struct trace_event *event, struct block *block)
{
	if (event->kind == TRACE_EVENT_REALLOC_IN && told->spoken[stream].moved && block->site != SITE_NONE)
		site_retype(told->space.sites, block, told->spoken[stream].moved);
	told->spoken[stream].moved = 0;
}

/* ---- the end -------------------------------------------------------------------------------------------------- */

void told_each(const struct told *told, void (*each)(void *context, uint32_t site, uint64_t birth, uint64_t bytes),
	void *context)
{
	for (size_t i = 0; told && i <= told->live.mask; i++)
		if (told->live.slots[i].address)
			each(context, told->live.slots[i].site, told->live.slots[i].tick, told->live.slots[i].size);
}

void told_close(struct told *told, struct process_info *process)
{
	if (!told)
		return;
	space_settle(&told->space, UINT64_MAX);
	process->told = told->sum;
	for (size_t i = 0; i < told->count; i++)
		free(told->pools[i].blocks);
	free(told->pools);
	free(told->unused);
	free(told->spoken);
	table_free(&told->names);
	table_free(&told->live);
	space_close(&told->space);
	free(told);
}
