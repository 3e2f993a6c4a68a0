/* history.c: see history.h. What is new at an instant is found by a look at all sites: an event costs nothing. */
#include "heap/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "heap/table.h"
#include "trace/array.h"

#define CHANGES_LEAST (2u << 20) /* that are kept at most; of very many sites, four each */

struct change {                  /* what a site has from an instant on */
	uint64_t bytes, blocks;  /* alive */
	uint32_t site, instant;  /* indices */
};

struct level { uint64_t bytes, blocks; };

struct range { size_t from, to; }; /* of a site, in an array that is sorted by site */

struct history {
	uint64_t *ticks;         /* of the instants that are measured at; owned */
	uint32_t *numbers;       /* of them; owned */
	size_t    count, next;   /* instants, and the next one */
	struct level *levels;    size_t level_count; /* what each site had at the last instant; owned */
	struct change *changes;  size_t change_count; /* by instant; in the end by site, then instant; owned */
	struct table cells;      /* (site, instant) that a block was born before → sum of blocks alive at the end … */
	struct change *births;   size_t birth_count; /* … and in the end by site; owned */
	struct range *change_ranges, *birth_ranges; size_t site_count; /* by site; owned */
};

struct history *history_open(const struct process_info *process)
{
	const struct instants *instants = &process->instants;
	struct history *history;

	if (instants->count < GROWTH_MARKS_LEAST)
		return NULL;
	history = xcalloc(1, sizeof *history);
	history->count = instants->count;
	history->ticks = xcalloc(history->count, sizeof *history->ticks);
	history->numbers = xcalloc(history->count, sizeof *history->numbers);
	memcpy(history->ticks, instants->ticks, history->count * sizeof *history->ticks);
	memcpy(history->numbers, instants->numbers, history->count * sizeof *history->numbers);
	table_init(&history->cells);
	return history;
}

void history_free(struct history *history)
{
	if (!history)
		return;
	table_free(&history->cells);
	free(history->ticks);
	free(history->numbers);
	free(history->levels);
	free(history->changes);
	free(history->births);
	free(history->change_ranges);
	free(history->birth_ranges);
	free(history);
}

uint64_t history_next(const struct history *history)
{
	return history && history->next < history->count ? history->ticks[history->next] : UINT64_MAX;
}

const uint32_t *history_numbers(const struct history *history)
{
	return history->numbers;
}

/* ---- while events come ---- */

/* Every second instant is forgotten, and what changed at it goes to the one after it. */
static void thin(struct history *history)
{
	uint32_t *latest = xmalloc(history->level_count * sizeof *latest);
	size_t to = history->change_count;

	for (size_t i = 0; 2 * i < history->count; i++) {
		size_t from = 2 * i + 1 < history->count ? 2 * i + 1 : 2 * i;

		history->ticks[i] = history->ticks[from];
		history->numbers[i] = history->numbers[from];
	}
	history->count = (history->count + 1) / 2;
	history->next /= 2;
	memset(latest, 0xff, history->level_count * sizeof *latest);
	for (size_t i = history->change_count; i > 0; i--) {
		struct change change = history->changes[i - 1];

		change.instant /= 2;
		if (latest[change.site] == change.instant)
			continue;
		latest[change.site] = change.instant;
		history->changes[--to] = change;
	}
	history->change_count -= to;
	memmove(history->changes, history->changes + to, history->change_count * sizeof *history->changes);
	free(latest);
}

static void measure(struct history *history, const struct sites *sites)
{
	while (history->level_count < sites->count) {
		array_room(history->levels, history->level_count);
		history->levels[history->level_count++] = (struct level){0};
	}
	for (size_t i = 0; i < sites->count; i++) {
		const struct site_count *site = &sites->list[i];
		struct level *level = &history->levels[i], now = {site->live_bytes, site->allocs - site->frees};

		if (level->bytes == now.bytes && level->blocks == now.blocks)
			continue;
		*level = now;
		array_room(history->changes, history->change_count);
		history->changes[history->change_count++] =
			(struct change){now.bytes, now.blocks, (uint32_t)i, (uint32_t)history->next};
	}
	history->next++;
	if (history->change_count > CHANGES_LEAST && history->change_count > 4 * sites->count &&
	    history->count > 2 * GROWTH_MARKS_LEAST)
		thin(history);
}

void history_instant(struct history *history, const struct sites *sites, uint64_t tick)
{
	while (history && history->next < history->count && history->ticks[history->next] < tick)
		measure(history, sites);
}

/* ---- the leak instant ---- */

void history_end(struct history *history, const struct sites *sites)
{
	if (!history)
		return;
	while (history->next < history->count)
		measure(history, sites);
	history->site_count = sites->count;
}

void history_block(struct history *history, uint32_t site, uint64_t birth, uint64_t bytes)
{
	size_t low = 0, high = history->count;
	struct block *cell;
	bool existed;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (history->ticks[middle] < birth)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == history->count)
		return;
	cell = table_insert(&history->cells, ((uint64_t)site << 8 | low) + 1, &existed);
	cell->size += bytes;
	cell->tick++;
}

/* Where each site's entries begin and end once they are sorted by site; the entries stay in order. */
static struct range *sort_by_site(struct change **entries, size_t count, size_t site_count)
{
	struct range *ranges = xcalloc(site_count, sizeof *ranges);
	struct change *sorted = xcalloc(count, sizeof *sorted);
	size_t at = 0;

	for (size_t i = 0; i < count; i++)
		ranges[(*entries)[i].site].to++;
	for (size_t site = 0; site < site_count; site++) {
		at += ranges[site].to;
		ranges[site].from = ranges[site].to = at - ranges[site].to;
	}
	for (size_t i = 0; i < count; i++)
		sorted[ranges[(*entries)[i].site].to++] = (*entries)[i];
	free(*entries);
	*entries = sorted;
	return ranges;
}

void history_complete(struct history *history)
{
	if (!history)
		return;
	history->births = xcalloc(history->cells.count, sizeof *history->births);
	for (size_t i = 0; history->cells.count && i <= history->cells.mask; i++) {
		const struct block *cell = &history->cells.slots[i];

		if (cell->address)
			history->births[history->birth_count++] = (struct change){
				cell->size, cell->tick, (uint32_t)((cell->address - 1) >> 8),
				(uint32_t)((cell->address - 1) & 0xff)};
	}
	table_free(&history->cells);
	table_init(&history->cells);
	history->change_ranges = sort_by_site(&history->changes, history->change_count, history->site_count);
	history->birth_ranges = sort_by_site(&history->births, history->birth_count, history->site_count);
	free(history->levels);
	history->levels = NULL;
	history->level_count = 0;
}

/* ---- judging ---- */

void history_sum_begin(struct history_sum *sum, const struct process_info *process)
{
	*sum = (struct history_sum){.history = process->history,
	                            .count = process->history ? process->history->count : 0,
	                            .logged = process->logged != NULL};
}

void history_sum_add(struct history_sum *sum, const struct site *site)
{
	const struct history *history = sum->history;
	struct range range;

	sum->end_bytes += site->live_bytes + site->garbage.kept_bytes;
	sum->end_blocks += site->live_blocks + site->garbage.kept_blocks;
	sum->frees += site->frees;
	if (!history || site->history >= history->site_count)
		return;
	range = history->change_ranges[site->history];
	sum->changes += range.to - range.from;
	for (size_t i = range.from; i < range.to; i++) {
		const struct change *change = &history->changes[i];
		size_t to = i + 1 < range.to ? change[1].instant : sum->count;

		for (size_t at = change->instant; at < to; at++) {
			sum->bytes[at] += change->bytes;
			sum->blocks[at] += change->blocks;
		}
	}
	range = history->birth_ranges[site->history];
	sum->changes += range.to - range.from;
	for (size_t i = range.from; i < range.to; i++)
		for (size_t at = history->births[i].instant; at < sum->count; at++) {
			sum->kept_bytes[at] += history->births[i].bytes;
			sum->kept_blocks[at] += history->births[i].blocks;
		}
}

struct growth history_sum_judge(const struct history_sum *sum)
{
	struct series bytes, kept_bytes, blocks, kept_blocks;
	struct growth growth;
	bool empty = true;

	if (!sum->history)
		return (struct growth){0};
	bytes = (struct series){sum->bytes, sum->history->numbers, sum->count, sum->end_bytes};
	blocks = (struct series){sum->blocks, sum->history->numbers, sum->count, sum->end_blocks};
	kept_bytes = (struct series){sum->kept_bytes, sum->history->numbers, sum->count, sum->end_bytes};
	kept_blocks = (struct series){sum->kept_blocks, sum->history->numbers, sum->count, sum->end_blocks};
	/* Most sites have one block for good, and there may be millions. */
	if (growth_is_possible(sum->changes, sum->count))
		growth = growth_judge_kept(bytes, kept_bytes);
	else
		growth = growth_judge_still(sum->end_bytes ? bytes : blocks);
	if (growth.trend == TREND_GROWING) {
		growth.blocks_per_mark = growth_slope(blocks, growth.from);
		return growth;
	}
	/* Blocks of no size grow, too. */
	if (sum->end_bytes == 0 && sum->end_blocks && growth_is_possible(sum->changes, sum->count)) {
		growth = growth_judge_kept(blocks, kept_blocks);
		growth.blocks_per_mark = growth.bytes_per_mark;
		growth.bytes_per_mark = 0;
	}
	/*
	 * Of what is kept the bytes would tell, whatever their sizes; of what is alive a few large blocks among small ones say
	 * nothing, and their number does.
	 */
	if (sum->logged && growth.trend == TREND_STEADY && growth_is_possible(sum->changes, sum->count)) {
		struct growth number = growth_judge(blocks);

		if (number.trend == TREND_GROWING) {
			number.blocks_per_mark = number.bytes_per_mark;
			number.bytes_per_mark = fmax(growth_slope(bytes, number.from), 0);
			return number;
		}
	}
	for (size_t i = 0; i < sum->count; i++)
		empty = empty && sum->blocks[i] == 0;
	/* All of it is younger than the last mark. */
	if (empty && growth.trend == TREND_ONCE && sum->frees)
		growth.trend = TREND_STEADY;
	return growth;
}

void history_judge(struct process_info *process)
{
	struct history_sum sum;

	for (size_t i = 0; process->history && i < process->site_count; i++) {
		if (!process->sites[i].live_blocks && !process->sites[i].garbage.kept_blocks)
			continue;
		history_sum_begin(&sum, process);
		history_sum_add(&sum, &process->sites[i]);
		process->sites[i].growth = history_sum_judge(&sum);
	}
}
