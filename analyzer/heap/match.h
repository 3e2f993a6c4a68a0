/*
 * match.h: births and deaths of one process image, put together. Takes its events by time (trace/merge.h), and makes
 * sites and totals of them.
 */
#ifndef PROBE_MATCH_H
#define PROBE_MATCH_H

#include "heap/inherit.h"
#include "trace/damage.h"

struct matcher;

/*
 * For `process`, whose header, nodes, ns_per_tick and instants are known, with `streams` streams. `inherit` links it to its
 * parent and children, which are complete.
 */
struct matcher *matcher_open(struct process_info *process, struct inherit *inherit, uint32_t streams);

/* A merge_sink: `context` is the struct matcher. */
void matcher_events(void *context, uint32_t stream, const struct trace_event *events, size_t count, size_t behind);

/* After the last event: writes sites and totals into the process. */
void matcher_close(struct matcher *matcher, struct damage *damage);

#endif
