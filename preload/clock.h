/*
 * clock.h: starting the clock, and readings of both clocks at once. clock_tick itself is in library.h.
 */
#ifndef PROBE_CLOCK_H
#define PROBE_CLOCK_H

#include "library.h"

/* Chooses the clock, once per image. */
void clock_start(void) HIDDEN;
uint64_t clock_realtime_ns(void) HIDDEN;
/* Fills an anchor of the recording so that a kill at any instant leaves a whole one or none. */
void clock_anchor(struct trace_anchor *anchor) HIDDEN;

#endif
