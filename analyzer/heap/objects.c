/* objects.c: see objects.h. */
#include "heap/objects.h"

#include <stdlib.h>

#include "trace/array.h"
#include "util.h"

#define LARGEST      (256u << 10) /* bytes of an object: what is larger is a buffer that was an object's place before */
#define MOST_OF(sum) ((sum) - (sum) / 100) /* some are just being made, or taken apart */

struct word { uint64_t address; uint32_t table, before; };

/* Blocks of one site and class. */
struct tally {
	uint32_t site, table;
	uint32_t elements;       /* of each, VTABLE_SEVERAL: they differ; 0: they are no arrays */
	uint32_t next;           /* of the same site, SITE_NONE: the last */
	uint64_t blocks, bytes, since_blocks, since_bytes; /* alive at the end */
	struct size_range range; /* of these */
};

struct match { uint64_t address, birth; uint32_t tally; };

struct of_site {
	uint32_t tallies;        /* the first, SITE_NONE: there is none */
	uint64_t looked_at, found; /* live blocks at looks that were complete; and which of them are objects */
};

struct objects {
	const struct process_info *process; /* not owned */
	struct sites *sites;     /* not owned */
	size_t   next;           /* of process->looks */
	bool     whole;          /* the look that it is of tells of all objects */
	struct tally *tallies; size_t count; /* owned */
	struct table index;      /* of them, by site, class and whether they are arrays */
	struct of_site *of; size_t of_count; /* by site; owned */
	struct match *matches; size_t match_count; /* of the last look; owned */
	struct word *words; size_t word_count; /* of a record; owned */
};

struct objects *objects_open(const struct process_info *process, struct sites *sites)
{
	struct objects *objects;

	if (!process->look_count)
		return NULL;
	objects = xcalloc(1, sizeof *objects);
	objects->process = process;
	objects->sites = sites;
	table_init(&objects->index);
	return objects;
}

uint64_t objects_next(const struct objects *objects)
{
	return objects && objects->next < objects->process->look_count ? objects->process->looks[objects->next].tick : UINT64_MAX;
}

/* ---- one record ------------------------------------------------------------------------------------------------ */

static bool take_number(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
		uint8_t byte = *(*at)++;

		*value |= (uint64_t)(byte & 127) << shift;
		if (!(byte & 128))
			return true;
	}
	return false;
}

/* What comes after damage is left out. */
static void decode(struct objects *objects, const struct look *look)
{
	const uint8_t *at = look->words, *end = at + look->size;
	uint64_t step, table, before, place = 0;

	objects->word_count = 0;
	while (take_number(&at, end, &step) && take_number(&at, end, &table) && take_number(&at, end, &before)) {
		place += step >> 1 ^ -(step & 1);
		if (!table || table >= objects->process->vtable_count || before > UINT32_MAX || place > ADDRESSES_END / 8)
			return;
		array_room(objects->words, objects->word_count);
		objects->words[objects->word_count++] = (struct word){place * 8, (uint32_t)table, (uint32_t)before};
	}
}

static bool has_word(const struct objects *objects, size_t from, uint64_t address, uint32_t table)
{
	while (from < objects->word_count && objects->words[from].address < address)
		from++;
	return from < objects->word_count && objects->words[from].address == address && objects->words[from].table == table;
}

/* The array whose first element this word begins, NULL: none. */
static const struct block *array_of(const struct objects *objects, size_t i, const struct table *live)
{
	const struct word *word = &objects->words[i];

	for (uint64_t cookie = 8; word->before > 1 && word->address > cookie && cookie <= 16; cookie += 8) {
		const struct block *block = table_find(live, word->address - cookie);
		uint64_t each;

		if (!block || block->size <= cookie || (block->size - cookie) % word->before)
			continue;
		each = (block->size - cookie) / word->before;
		if (each % cookie == 0 && has_word(objects, i + 1, word->address + each, word->table))
			return block;
	}
	return NULL;
}

static uint32_t tally_of(struct objects *objects, uint32_t site, uint32_t table, uint32_t elements)
{
	struct block *entry;
	struct tally *tally;
	bool existed;

	/* Numbers of tables are below 1 << 16. */
	entry = table_insert(&objects->index, 1ull << 63 | (uint64_t)site << 17 | (uint64_t)table << 1 | (elements != 0),
	                     &existed);
	if (existed) {
		tally = &objects->tallies[entry->site];
		if (tally->elements != elements)
			tally->elements = VTABLE_SEVERAL;
		return entry->site;
	}
	entry->site = (uint32_t)objects->count;
	array_room(objects->tallies, objects->count);
	objects->tallies[objects->count++] = (struct tally){
		.site = site, .table = table, .elements = elements, .next = objects->of[site].tallies,
	};
	return objects->of[site].tallies = entry->site;
}

static void match(struct objects *objects, const struct look *look, const struct table *live)
{
	decode(objects, look);
	for (size_t i = 0; i < objects->word_count; i++) {
		const struct word *word = &objects->words[i];
		const struct block *block = word->address ? table_find(live, word->address) : NULL;
		uint32_t elements = 0;

		if (!block && (block = array_of(objects, i, live)))
			elements = word->before;
		if (!block || block->size > LARGEST || block->tick >= look->head.began ||
		    block->site == SITE_NONE || block->site >= objects->of_count ||
		    objects->sites->list[block->site].told)
			continue;
		objects->of[block->site].found += objects->whole;
		array_room(objects->matches, objects->match_count);
		objects->matches[objects->match_count++] =
			(struct match){block->address, block->tick, tally_of(objects, block->site, word->table, elements)};
	}
}

/* ---- looks ----------------------------------------------------------------------------------------------------- */

static bool is_whole(const struct objects *objects, size_t first)
{
	const struct look *looks = objects->process->looks;

	for (;; first++) {
		if (looks[first].head.one_of ||
		    (looks[first].head.flags & (TRACE_VTABLES_CUT | TRACE_VTABLES_MALLOC)) == TRACE_VTABLES_CUT)
			return false;
		if (!(looks[first].head.flags & TRACE_VTABLES_MORE))
			return true;
		if (first + 1 == objects->process->look_count)
			return false;
	}
}

static void begin(struct objects *objects)
{
	objects->whole = is_whole(objects, objects->next);
	objects->match_count = 0;
	if (objects->of_count < objects->sites->count) {
		objects->of = xreallocarray(objects->of, objects->sites->count, sizeof *objects->of);
		while (objects->of_count < objects->sites->count)
			objects->of[objects->of_count++] = (struct of_site){.tallies = SITE_NONE};
	}
	for (size_t i = 0; objects->whole && i < objects->of_count; i++)
		objects->of[i].looked_at += objects->sites->list[i].allocs - objects->sites->list[i].frees;
}

static void next(struct objects *objects, const struct table *live)
{
	const struct look *looks = objects->process->looks;

	if (looks[objects->next].head.flags & TRACE_VTABLES_NONE) {
		objects->next++;
		return;
	}
	if (!objects->next || !(looks[objects->next - 1].head.flags & TRACE_VTABLES_MORE))
		begin(objects);
	match(objects, &looks[objects->next++], live);
}

void objects_instant(struct objects *objects, uint64_t tick, const struct table *live)
{
	while (objects_next(objects) < tick)
		next(objects, live);
}

void objects_end(struct objects *objects, const struct table *live)
{
	if (!objects)
		return;
	while (objects->next < objects->process->look_count)
		next(objects, live);
	for (size_t i = 0; i < objects->match_count; i++) {
		const struct match *found = &objects->matches[i];
		const struct block *block = table_find(live, found->address);
		struct tally *tally = &objects->tallies[found->tally];

		if (!block || block->tick != found->birth)
			continue;
		tally->blocks++;
		tally->bytes += block->size;
		size_range_join(&tally->range, (struct size_range){block->size, block->size});
		if (block->tick > objects->process->since) {
			tally->since_blocks++;
			tally->since_bytes += block->size;
		}
	}
}

/* ---- sites ----------------------------------------------------------------------------------------------------- */

static void take_off(struct site *rest, struct site *row, const struct tally *tally, bool among)
{
	double share = rest->live_bytes ? (double)tally->bytes / (double)rest->live_bytes : 0;

	*row = (struct site){
		.process = rest->process, .domain = rest->domain, .stack = rest->stack, .claims.vtable = tally->table,
		.claims.elements = tally->elements, .claims.among = among, .claims.family = rest->claims.family, .alive_only = true, .allocs = tally->blocks, .bytes_allocated = tally->bytes,
		.live_blocks = tally->blocks, .live_bytes = tally->bytes, .since_blocks = tally->since_blocks,
		.since_bytes = tally->since_bytes, .growth = rest->growth, .history = UINT32_MAX,
		.range = tally->range,
	};
	row->growth.bytes_per_mark *= share;
	row->growth.blocks_per_mark *= share;
}

static void subtract(struct site *rest, const struct tally *tally)
{
	rest->allocs -= tally->blocks;
	rest->bytes_allocated -= tally->bytes;
	rest->live_blocks -= tally->blocks;
	rest->live_bytes -= tally->bytes;
	rest->since_blocks -= tally->since_blocks;
	rest->since_bytes -= tally->since_bytes;
}

/* Adds rows behind `count` for what is not of one class. */
static size_t judge(struct objects *objects, struct process_info *process, struct site *site, size_t count)
{
	const struct of_site *of = site->history < objects->of_count ? &objects->of[site->history] : NULL;
	const struct tally *tally = of && of->tallies != SITE_NONE ? &objects->tallies[of->tallies] : NULL;
	struct site rest = *site;
	bool several = tally && tally->next != SITE_NONE;

	if (!tally || site->claims.told || site->domain != DOMAIN_HEAP)
		return count;
	/* Memory that was never written may hold what was there before. */
	if (of->found < of->looked_at / 2)
		return count;
	if (tally->next == SITE_NONE && of->found >= MOST_OF(of->looked_at)) {
		site->claims.vtable = tally->table;
		site->claims.elements = tally->elements;
		return count;
	}
	for (uint32_t i = of->tallies; i != SITE_NONE; i = objects->tallies[i].next) {
		tally = &objects->tallies[i];
		/* (The look was before the leak instant, so less is alive now; the reader of a damaged file must not rely on it.) */
		if (!tally->blocks || tally->blocks > site->live_blocks || tally->bytes > site->live_bytes ||
		    tally->since_blocks > site->since_blocks || tally->since_bytes > site->since_bytes)
			continue;
		site->claims.mixed = true;
		take_off(&rest, &process->sites[count++], tally, several);
		subtract(site, tally);
	}
	if (site->live_bytes != rest.live_bytes && rest.live_bytes) {
		site->growth.bytes_per_mark *= (double)site->live_bytes / (double)rest.live_bytes;
		site->growth.blocks_per_mark *= (double)site->live_bytes / (double)rest.live_bytes;
	}
	return count;
}

static int by_live_bytes(const void *left, const void *right)
{
	const struct site *a = left, *b = right;

	return (a->live_bytes < b->live_bytes) - (a->live_bytes > b->live_bytes);
}

void objects_close(struct objects *objects, struct process_info *process)
{
	size_t count = process->site_count;

	if (!objects)
		return;
	process->sites = xreallocarray(process->sites, count + objects->count, sizeof *process->sites);
	for (size_t i = 0; i < process->site_count; i++)
		count = judge(objects, process, &process->sites[i], count);
	if (count > process->site_count) {
		process->site_count = count;
		process->has_rows_by_class = true;
		qsort(process->sites, count, sizeof *process->sites, by_live_bytes);
	}
	table_free(&objects->index);
	free(objects->tallies);
	free(objects->of);
	free(objects->matches);
	free(objects->words);
	free(objects);
}
