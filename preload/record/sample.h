/*
 * sample.h: when it is recorded where the process's memory is.
 */
#ifndef PROBE_RECORD_SAMPLE_H
#define PROBE_RECORD_SAMPLE_H

#include "library.h"

/* At a mark, or at the end: on the calling thread, unless it costs too much or this is not the thread's own stack. */
void sample_take(enum trace_sample_reason reason) HIDDEN;

/* From the drain, as often as it likes. `now`: CLOCK_MONOTONIC, nanoseconds. */
void sample_now_and_then(uint64_t now) HIDDEN;

#endif
