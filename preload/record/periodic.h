/*
 * periodic.h: PROBE_MARK_EVERY: marks that the drain makes, at multiples of a time since the process's start.
 */
#ifndef PROBE_PERIODIC_H
#define PROBE_PERIODIC_H

#include "library.h"

/* When the first mark after `now` is due, nanoseconds of CLOCK_MONOTONIC; UINT64_MAX: none is wanted. */
uint64_t periodic_next(uint64_t now) HIDDEN;

/* Makes the mark that was due at `due`, if it is not later than `now`. Returns when the next one is due. */
uint64_t periodic_mark(uint64_t due, uint64_t now) HIDDEN;

#endif
