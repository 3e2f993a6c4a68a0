/*
 * encode.h: events to columns, as trace.h describes them. Pure: no memory of its own, no system call.
 */
#ifndef PROBE_ENCODE_H
#define PROBE_ENCODE_H

#include <stddef.h>

#include "probe/trace.h"

/*
 * Writes the columns of events[0..count) (1 to TRACE_CHUNK_EVENTS) to `columns`, which has room for
 * encode_bound(count) bytes, and returns how many bytes it wrote.
 */
size_t encode_bound(size_t count) __attribute__((visibility("hidden")));
size_t encode_columns(const struct trace_event *events, size_t count, uint8_t *columns)
	__attribute__((visibility("hidden")));

#endif
