/*
 * log.h: the chunks of a STEM.log: where they are, and one expanded at a time.
 */
#ifndef PROBE_LOG_H
#define PROBE_LOG_H

#include "probe/trace.h"
#include "trace/damage.h"
#include "trace/file.h"

/* A chunk whose header is right. */
struct chunk {
	uint64_t offset;         /* of its header in the file */
	uint64_t first;          /* sequence of its first event */
	uint64_t first_tick;     /* tick of that */
	uint64_t last_tick;      /* and of its last */
	uint32_t stream;         /* whose events */
	uint32_t count;          /* events, 1 to TRACE_CHUNK_EVENTS */
};

/* Finds all chunks, over damage too. A chunk cut by the end of the file is what a killed drain leaves: no damage. */
struct chunk *log_index(struct bytes file, size_t *count, struct damage *damage);

/* The columns of a chunk, followed by COLUMNS_PADDING bytes, and their size; to be freed. NULL: damaged. */
struct ZSTD_DCtx_s;
uint8_t *log_expand(struct ZSTD_DCtx_s *zstd, struct bytes file, const struct chunk *chunk, size_t *size,
	struct damage *damage);

#endif
