/*
 * encode.h: events to columns, as trace.h describes them. Pure: no system call, and of memory of its own only a flag.
 */
#ifndef PROBE_ENCODE_H
#define PROBE_ENCODE_H

#include <stdbool.h>
#include <stddef.h>

#include "probe/trace.h"

/* Chooses the way that suits the processor; without it the way that suits all is taken. The result is the same. */
void encode_start(void) __attribute__((visibility("hidden")));
extern bool encode_fast __attribute__((visibility("hidden")));

/*
 * Writes the columns of events[0..count) (1 to TRACE_CHUNK_EVENTS) to `columns`, which has room for
 * encode_bound(count) bytes, and returns how many bytes it wrote.
 */
size_t encode_bound(size_t count) __attribute__((visibility("hidden")));
size_t encode_columns(const struct trace_event *events, size_t count, uint8_t *columns)
	__attribute__((visibility("hidden")));

#endif
