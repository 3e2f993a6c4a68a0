/* survivors.c: see survivors.h. */
#include "heap/survivors.h"

#include "util.h"

static void measure(void *context, uint32_t site, uint64_t birth, uint64_t bytes)
{
	struct size_range *ranges = context;

	(void)birth;
	if (site != SITE_NONE)
		size_range_join(&ranges[site], (struct size_range){bytes, bytes});
}

struct taker {
	struct sites *sites;
	struct history *history;
	uint64_t since;          /* tick */
};

static void take(void *context, uint32_t site, uint64_t birth, uint64_t bytes)
{
	struct taker *taker = context;

	if (site == SITE_NONE)
		return;
	if (taker->history)
		history_block(taker->history, site, birth, bytes);
	if (taker->sites->since && birth > taker->since) {
		taker->sites->since[site].blocks++;
		taker->sites->since[site].bytes += bytes;
	}
}

static void keep(void *context, uint32_t site, uint64_t birth, uint64_t bytes)
{
	history_block(context, site, birth, bytes);
}

void survivors_take(const struct process_info *process, struct sites *sites, struct history *history,
	const struct table *live, const struct maps *maps, const struct wasm *wasm, const struct wasm_heaps *wasm_heaps,
	const struct told *told, const struct garbage *garbage)
{
	struct taker taker = {sites, history, process->since};

	history_end(history, sites);
	if (process->since != UINT64_MAX) {
		sites->since = xcalloc(sites->count, sizeof *sites->since);
		sites->since_count = sites->count;
	}
	sites->ranges = xcalloc(sites->count, sizeof *sites->ranges);
	sites->range_count = sites->count;
	for (size_t i = 0; i <= live->mask; i++)
		if (live->slots[i].address)
			measure(sites->ranges, live->slots[i].site, 0, live->slots[i].size);
	wasm_heaps_each(wasm_heaps, measure, sites->ranges);
	if (history || sites->since) {
		for (size_t i = 0; i <= live->mask; i++)
			if (live->slots[i].address)
				take(&taker, live->slots[i].site, live->slots[i].tick, live->slots[i].size);
		maps_each(maps, take, &taker);
		wasm_each(wasm, take, &taker);
		wasm_heaps_each(wasm_heaps, take, &taker);
		told_each(told, take, &taker);
	}
	if (history)
		garbage_each_kept(garbage, keep, history);
	history_complete(history);
}
