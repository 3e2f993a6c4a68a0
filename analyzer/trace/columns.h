/*
 * columns.h: the columns of one chunk back to events, some at a time, so that a chunk in use costs its compact form
 * and not the expanded one. Pure.
 */
#ifndef PROBE_COLUMNS_H
#define PROBE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/trace.h"

#define COLUMNS_PADDING 16   /* readable bytes that must follow the columns: varints are read eight bytes at a time */

/* Where in the columns a reader stands. Holds offsets, so that the bytes may be dropped and come again. */
struct columns {
	uint32_t at[TRACE_COLUMNS];  /* next byte of each column, offset from the start of the columns */
	uint32_t end[TRACE_COLUMNS]; /* one past its last */
	uint32_t left;           /* events not yet read */
	bool     broken;         /* nothing more can be read: the columns are out of step */
	uint32_t stack;          /* of the previous event that has one */
	uint64_t tick, address;  /* of the previous event */
	uint8_t  tick_shift, address_shift; /* low bits that deltas leave out */
};

/* At the first of `count` events in the `size` bytes of columns at `data`. False: these are no such columns. */
bool columns_begin(struct columns *columns, const uint8_t *data, size_t size, uint32_t count, uint64_t first_tick);

/*
 * The next events, at most `most` (≤ 4096); returns how many. 0 with columns->left > 0: the columns are damaged here.
 */
size_t columns_read(struct columns *columns, const uint8_t *data, struct trace_event *events, size_t most);

#endif
