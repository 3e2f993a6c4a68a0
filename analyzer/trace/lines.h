/*
 * lines.h: where in its source generated code comes from: the table of a LINES record (trace.h), entry by entry.
 */
#ifndef PROBE_LINES_H
#define PROBE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* It holds from `offset` on, to the next one's. */
struct line_entry {
	uint32_t  offset;         /* bytes from the start of the code */
	uint32_t  line, column;   /* from 1; column 0 unknown */
};

struct lines {                /* a table that is being read; the entry is all zero before the first */
	const uint8_t *at, *end;  /* what is left of it */
	struct line_entry entry;  /* the last that was read */
};

/* Reads one more entry. False: there is none, or none that could be right; at == end tells which. */
bool lines_next(struct lines *lines);

#endif
