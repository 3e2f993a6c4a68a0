/*
 * garbage.h: what the collection at a program's end freed, by site. It is garbage, and no leak. But of a script that runs
 * to its end the variables of its top level are garbage, too, when the last collection comes: what they held was kept as
 * long as the program ran. Such blocks are known where an earlier full collection found them alive: *held* blocks.
 */
#ifndef PROBE_GARBAGE_H
#define PROBE_GARBAGE_H

#include "heap/sites.h"

struct garbage;

/* For a process; NULL if no collection at its end is recorded. */
struct garbage *garbage_open(const struct process_info *process);
void garbage_free(struct garbage *garbage);

/* The tick after which garbage_instant must be called, before an event is replayed; UINT64_MAX: never again. */
uint64_t garbage_next(const struct garbage *garbage);
/* The replay has come to `tick`. Returns true if garbage_death must be called from now on, up to the leak instant. */
bool garbage_instant(struct garbage *garbage, uint64_t tick, const struct sites *sites);

/* A block that was born at `birth` died at `death`. */
void garbage_death(struct garbage *garbage, uint32_t site, uint64_t birth, uint64_t death, uint64_t bytes);

/* The same of one that is known to have been held until the program's end. */
void garbage_death_held(struct garbage *garbage, uint32_t site, uint64_t birth, uint64_t death, uint64_t bytes);

/* After the leak instant, before the following. */
void garbage_complete(struct garbage *garbage);

/*
 * Calls `each` for every kept block: those that were held, and the younger ones of a site of which the earlier collection found
 * nearly all alive that was there.
 */
void garbage_each_kept(const struct garbage *garbage, void (*each)(void *context, uint32_t site, uint64_t birth, uint64_t bytes),
	void *context);

/* What was freed of the site with this index. */
struct garbage_sum garbage_of_site(const struct garbage *garbage, uint32_t site);

#endif
