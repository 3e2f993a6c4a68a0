/*
 * history.h: what each site had at each instant, and what of it was still there at the end; growth is judged by both.
 * Memory grows with the sites and with how often what they have changes from one instant to the next, never with the
 * events: where changes are more than a limit, every second instant is forgotten.
 */
#ifndef PROBE_HISTORY_H
#define PROBE_HISTORY_H

#include "heap/growth.h"
#include "heap/sites.h"

struct history;

/* For a process whose instants are chosen; NULL if it has none. Owned by the process in the end. */
struct history *history_open(const struct process_info *process);
void history_free(struct history *history);

/* The tick after which history_instant must be called before an event is replayed; UINT64_MAX: never again. */
uint64_t history_next(const struct history *history);
/* The replay has come to `tick`. */
void history_instant(struct history *history, const struct sites *sites, uint64_t tick);

/* The leak instant; then history_block for each block that is alive, and history_complete. */
void history_end(struct history *history, const struct sites *sites);
void history_block(struct history *history, uint32_t site, uint64_t birth, uint64_t bytes);
void history_complete(struct history *history);

/* Sums over sites that are to be judged as one. */
struct history_sum {
	const struct history *history; /* of their process; NULL: nothing was measured */
	size_t    count;         /* instants; their numbers are history_numbers */
	uint64_t  bytes[GROWTH_POINTS], blocks[GROWTH_POINTS]; /* alive at each instant, */
	uint64_t  kept_bytes[GROWTH_POINTS], kept_blocks[GROWTH_POINTS]; /* of it: still alive at the end */
	uint64_t  end_bytes, end_blocks; /* alive at the end */
	uint64_t  frees;
	size_t    changes;       /* of what is alive, and of what is kept, from one instant to the next */
	bool      logged;        /* it is of a log, which tells how many blocks are dropped, not which */
};

/* The numbers of its instants, as in struct instants. */
const uint32_t *history_numbers(const struct history *history);

void history_sum_begin(struct history_sum *sum, const struct process_info *process);
void history_sum_add(struct history_sum *sum, const struct site *site);
struct growth history_sum_judge(const struct history_sum *sum);

/* Judges all sites of a process that is complete. */
void history_judge(struct process_info *process);

#endif
