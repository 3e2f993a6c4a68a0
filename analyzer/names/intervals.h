/*
 * intervals.h: which of many address ranges holds an address. Ranges may nest; the innermost wins.
 */
#ifndef PROBE_NAMES_INTERVALS_H
#define PROBE_NAMES_INTERVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTERVAL_NONE UINT32_MAX

struct interval {
	uint64_t  start, end;     /* addresses, end exclusive */
	uint32_t  value;          /* the caller's */
	uint32_t  rank;           /* of two with the same range the higher one stays */
	uint32_t  outer;          /* index of the next one to try, INTERVAL_NONE at the end; made by
	                           * intervals_build */
	bool      shared;         /* others with the same range did not stay; made by intervals_build */
	bool      open;           /* of unknown length: it ends where the next one starts, at `end` at the latest, and
	                           * counts for nothing within another */
};

struct intervals {            /* all zero: empty */
	struct interval *items;   /* after intervals_build sorted by start */
	size_t    count, capacity; /* items in use, with room */
};

void intervals_add(struct intervals *intervals, struct interval interval);
void intervals_build(struct intervals *intervals);
void intervals_free(struct intervals *intervals);

/* Index of the innermost range with `address` in it, then of the next around it; INTERVAL_NONE if there is none. */
uint32_t intervals_find(const struct intervals *intervals, uint64_t address);
uint32_t intervals_outer(const struct intervals *intervals, uint32_t inner, uint64_t address);

#endif
