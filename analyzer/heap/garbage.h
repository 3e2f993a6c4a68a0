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

/* The tick after which garbage_death must be called; UINT64_MAX without a collection. It ends with the leak instant. */
uint64_t garbage_begins(const struct garbage *garbage);

/* A block that was born at `birth` died. */
void garbage_death(struct garbage *garbage, uint32_t site, uint64_t birth, uint64_t bytes);

/* Calls `each` for every held block. */
void garbage_each_held(const struct garbage *garbage, void (*each)(void *context, uint32_t site, uint64_t birth, uint64_t bytes),
	void *context);

/* What was freed of the site with this index. */
struct garbage_sum garbage_of_site(const struct garbage *garbage, uint32_t site);

#endif
