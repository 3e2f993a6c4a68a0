/* extent.h: steps through the extents of a STEM.shared, over damage too. For shared.c, meta.c and tree.c. */
#ifndef PROBE_EXTENT_H
#define PROBE_EXTENT_H

#include "trace/damage.h"
#include "trace/file.h"

struct extent {
	uint32_t kind;           /* enum trace_extent_kind */
	uint64_t offset;         /* of its header in the file */
	const uint8_t *data;     /* its header */
	size_t   size;           /* bytes that are really there: never beyond the file or into another extent */
};

/*
 * The first extent at or after *at; moves *at behind it. False: there is no more. Each place where there should be
 * an extent and is none counts as damage.
 */
bool extent_next(struct bytes file, size_t *at, struct extent *extent, struct damage *damage);

#endif
