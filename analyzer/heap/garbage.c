/* garbage.c: see garbage.h. */
#include "heap/garbage.h"

#include <stdlib.h>

#include "trace/array.h"

struct dead {
	uint64_t birth, bytes;   /* tick; as requested */
	uint32_t site;           /* index */
	bool     early;          /* before the collection at the end began */
	bool     held;           /* until the program's end, as is known otherwise */
};

struct garbage {
	uint64_t begins, held_from; /* ticks; see struct trace_collected */
	uint64_t found_alive;    /* what was born before this tick was found alive by an earlier collection; 0: none was */
	struct dead *dead;       size_t dead_count; /* owned */
	uint64_t *looked_at;     size_t site_count; /* blocks of each site that the earlier collection looked at; owned */
	unsigned passed;         /* instants */
	struct garbage_sum *sums; size_t sum_count; /* by site; owned */
};

struct garbage *garbage_open(const struct process_info *process)
{
	struct garbage *garbage;
	const struct collected *last = NULL;

	/* That of the main program is the one that its end waits for. */
	for (size_t i = 0; i < process->collection_count; i++) {
		const struct collected *collected = &process->collections[i];

		if (collected->record.why == TRACE_COLLECTED_ENDING && collected->record.tid == process->header.pid &&
		    collected->tick <= process->header.ending_tick)
			last = collected;
	}
	if (!last)
		return NULL;
	garbage = xcalloc(1, sizeof *garbage);
	garbage->begins = last->record.began;
	garbage->held_from = last->record.held_from < last->record.began ? last->record.held_from : last->record.began;
	garbage->found_alive = last->record.found_alive;
	return garbage;
}

void garbage_free(struct garbage *garbage)
{
	if (!garbage)
		return;
	free(garbage->dead);
	free(garbage->looked_at);
	free(garbage->sums);
	free(garbage);
}

uint64_t garbage_next(const struct garbage *garbage)
{
	if (!garbage || garbage->passed == 2)
		return UINT64_MAX;
	return garbage->passed || !garbage->found_alive ? garbage->held_from : garbage->found_alive;
}

/* How many blocks of each site the earlier collection looks at. */
static void look(struct garbage *garbage, const struct sites *sites)
{
	garbage->site_count = sites->count;
	garbage->looked_at = xcalloc(sites->count, sizeof *garbage->looked_at);
	for (size_t i = 0; i < sites->count; i++)
		garbage->looked_at[i] = sites->list[i].allocs - sites->list[i].frees;
}

bool garbage_instant(struct garbage *garbage, uint64_t tick, const struct sites *sites)
{
	if (garbage_next(garbage) < tick && !garbage->passed) {
		garbage->passed = 1;
		if (garbage->found_alive)
			look(garbage, sites);
	}
	if (garbage_next(garbage) < tick)
		garbage->passed = 2;
	return garbage && garbage->passed == 2;
}

static void add(struct garbage *garbage, uint32_t site, uint64_t birth, uint64_t death, uint64_t bytes, bool held)
{
	bool early = death <= garbage->begins;
	struct garbage_sum *sum;

	if (birth > (early ? garbage->held_from : garbage->begins))
		return;
	while (garbage->sum_count <= site) {
		array_room(garbage->sums, garbage->sum_count);
		garbage->sums[garbage->sum_count++] = (struct garbage_sum){0};
	}
	array_room(garbage->dead, garbage->dead_count);
	garbage->dead[garbage->dead_count++] = (struct dead){birth, bytes, site, early, held};
	sum = &garbage->sums[site];
	if (held || birth < garbage->found_alive) {
		sum->held_blocks++;
		sum->held_bytes += bytes;
	}
}

void garbage_death(struct garbage *garbage, uint32_t site, uint64_t birth, uint64_t death, uint64_t bytes)
{
	add(garbage, site, birth, death, bytes, false);
}

void garbage_death_held(struct garbage *garbage, uint32_t site, uint64_t birth, uint64_t death, uint64_t bytes)
{
	add(garbage, site, birth, death, bytes, true);
}

/* Was nearly all of the site that the earlier collection looked at found alive, and freed at the end only? */
static bool all_kept(const struct garbage *garbage, uint32_t site)
{
	uint64_t held = garbage->sums[site].held_blocks, looked_at = site < garbage->site_count ? garbage->looked_at[site] : 0;

	return held && held >= looked_at - looked_at / 10;
}

static bool is_kept(const struct garbage *garbage, const struct dead *dead)
{
	return dead->held || dead->birth < garbage->found_alive || all_kept(garbage, dead->site);
}

void garbage_complete(struct garbage *garbage)
{
	for (size_t i = 0; garbage && i < garbage->dead_count; i++) {
		const struct dead *dead = &garbage->dead[i];
		struct garbage_sum *sum = &garbage->sums[dead->site];

		/* Of what died early only that is known to be no ordinary death. */
		if (dead->early && !is_kept(garbage, dead))
			continue;
		sum->blocks++;
		sum->bytes += dead->bytes;
		if (is_kept(garbage, dead)) {
			sum->kept_blocks++;
			sum->kept_bytes += dead->bytes;
		}
	}
}

void garbage_each_kept(const struct garbage *garbage, void (*each)(void *context, uint32_t site, uint64_t birth, uint64_t bytes),
	void *context)
{
	for (size_t i = 0; garbage && i < garbage->dead_count; i++)
		if (is_kept(garbage, &garbage->dead[i]))
			each(context, garbage->dead[i].site, garbage->dead[i].birth, garbage->dead[i].bytes);
}

struct garbage_sum garbage_of_site(const struct garbage *garbage, uint32_t site)
{
	struct garbage_sum sum = {0};

	if (garbage && site < garbage->sum_count)
		sum = garbage->sums[site];
	if (garbage && site < garbage->site_count)
		sum.looked_at = garbage->looked_at[site];
	return sum;
}
