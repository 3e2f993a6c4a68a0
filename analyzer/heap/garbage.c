/* garbage.c: see garbage.h. */
#include "heap/garbage.h"

#include <stdlib.h>

#include "trace/array.h"

struct held {
	uint64_t birth, bytes;   /* tick; as requested */
	uint32_t site;           /* index */
};

struct garbage {
	uint64_t begins;         /* tick */
	uint64_t found_alive;    /* what was born before this tick was found alive by an earlier collection; 0: none was */
	struct held *held;       size_t held_count; /* owned */
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
	garbage->found_alive = last->record.found_alive;
	return garbage;
}

void garbage_free(struct garbage *garbage)
{
	if (!garbage)
		return;
	free(garbage->held);
	free(garbage->sums);
	free(garbage);
}

uint64_t garbage_begins(const struct garbage *garbage)
{
	return garbage ? garbage->begins : UINT64_MAX;
}

void garbage_death(struct garbage *garbage, uint32_t site, uint64_t birth, uint64_t bytes)
{
	struct garbage_sum *sum;

	if (birth > garbage->begins)
		return;
	while (garbage->sum_count <= site) {
		array_room(garbage->sums, garbage->sum_count);
		garbage->sums[garbage->sum_count++] = (struct garbage_sum){0};
	}
	sum = &garbage->sums[site];
	sum->blocks++;
	sum->bytes += bytes;
	if (birth >= garbage->found_alive)
		return;
	sum->held_blocks++;
	sum->held_bytes += bytes;
	array_room(garbage->held, garbage->held_count);
	garbage->held[garbage->held_count++] = (struct held){birth, bytes, site};
}

void garbage_each_held(const struct garbage *garbage, void (*each)(void *context, uint32_t site, uint64_t birth, uint64_t bytes),
	void *context)
{
	for (size_t i = 0; garbage && i < garbage->held_count; i++)
		each(context, garbage->held[i].site, garbage->held[i].birth, garbage->held[i].bytes);
}

struct garbage_sum garbage_of_site(const struct garbage *garbage, uint32_t site)
{
	return garbage && site < garbage->sum_count ? garbage->sums[site] : (struct garbage_sum){0};
}
