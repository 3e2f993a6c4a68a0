/* columns.h: events to the columns of a chunk (probe/trace.h). Pure. */
#ifndef PROBE_IMPORT_COLUMNS_H
#define PROBE_IMPORT_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

#include "probe/trace.h"

/* `columns` has room for TRACE_CHUNK_RAW; `count` is from 1 to TRACE_CHUNK_EVENTS. Gives the bytes that were written. */
size_t columns_write(const struct trace_event *events, size_t count, uint8_t *columns);

#endif
