/* log.c: see log.h. */
#include "trace/log.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zstd.h>

#include "trace/array.h"
#include "trace/columns.h"

#define CHUNK_ALIGN 8u
#define EVENT_MOST 44u           /* bytes of columns of an event, as trace.h promises; the columns' sizes need less */

/* A fuzzer cannot guess hashes; without them it reaches what they protect. */
static bool hash_fits(const void *data, size_t size, uint64_t hash)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	(void)data, (void)size, (void)hash;
	return true;
#else
	return XXH3_64bits(data, size) == hash;
#endif
}

static bool read_header(struct bytes file, size_t at, struct trace_chunk *header)
{
	if (at > file.size || file.size - at < sizeof *header)
		return false;
	memcpy(header, file.data + at, sizeof *header);
	return header->magic == TRACE_CHUNK_MAGIC &&
	       hash_fits(header, offsetof(struct trace_chunk, header_hash), header->header_hash) &&
	       header->version == TRACE_VERSION && header->codec <= TRACE_CODEC_ZSTD &&
	       header->count <= TRACE_CHUNK_EVENTS && header->raw_size / EVENT_MOST <= header->count &&
	       (header->codec == TRACE_CODEC_ZSTD || header->raw_size == header->stored_size);
}

/* Is the payload of this chunk there and unharmed? */
static bool payload_fits(struct bytes file, size_t at, const struct trace_chunk *header)
{
	return header->stored_size <= file.size - at - sizeof *header &&
	       hash_fits(file.data + at + sizeof *header, header->stored_size, header->payload_hash);
}

/* Bytes at `at` that are all zero, or too few for a header: space that was never written. */
static bool is_blank(struct bytes file, size_t at)
{
	static const uint8_t zero[sizeof(struct trace_chunk)];
	size_t left = file.size - at;

	return left < sizeof zero || memcmp(file.data + at, zero, sizeof zero) == 0;
}

struct chunk *log_index(struct bytes file, size_t *count, struct damage *damage)
{
	struct chunk *chunks = NULL;
	struct trace_chunk header;
	bool damaged = false;
	size_t at = 0;

	*count = 0;
	while (at < file.size) {
		if (!read_header(file, at, &header)) {
			if (!damaged && !is_blank(file, at)) {
				damage_add(damage, ".log", at, "no chunk where one should begin");
				damaged = true;
			}
			at += CHUNK_ALIGN;
			continue;
		}
		if (header.count == 0) {
			damaged = false;
			at += sizeof header +
			      (header.stored_size + (size_t)CHUNK_ALIGN - 1) / CHUNK_ALIGN * CHUNK_ALIGN;
			continue;
		}
		if (!payload_fits(file, at, &header)) {
			/* Where the file ends in the payload, the drain was killed. Else a chunk may lie inside. */
			if (header.stored_size <= file.size - at - sizeof header)
				damage_add(damage, ".log", at, "the payload of the chunk is damaged");
			damaged = true;
			at += CHUNK_ALIGN;
			continue;
		}
		damaged = false;
		file_forget(file, at, sizeof header + header.stored_size);
		array_room(chunks, *count);
		chunks[(*count)++] = (struct chunk){
			at, header.first, header.first_tick, header.last_tick, header.stream, header.count,
		};
		at += sizeof header +
			      (header.stored_size + (size_t)CHUNK_ALIGN - 1) / CHUNK_ALIGN * CHUNK_ALIGN;
	}
	return chunks;
}

uint8_t *log_expand(struct ZSTD_DCtx_s *zstd, struct bytes file, const struct chunk *chunk, size_t *size,
	struct damage *damage)
{
	const uint8_t *payload = file.data + chunk->offset + sizeof(struct trace_chunk);
	struct trace_chunk header;
	uint8_t *data;
	bool good;

	/* Headers are read twice: somebody may have written to the file since it was indexed. */
	if (!read_header(file, chunk->offset, &header) || header.count != chunk->count ||
	    header.stored_size > file.size - chunk->offset - sizeof header) {
		damage_add(damage, ".log", chunk->offset, "the chunk has changed");
		return NULL;
	}
	data = xmalloc(header.raw_size + COLUMNS_PADDING);
	if (header.codec == TRACE_CODEC_ZSTD) {
		good = ZSTD_decompressDCtx(zstd, data, header.raw_size, payload, header.stored_size) ==
		       header.raw_size;
	} else {
		memcpy(data, payload, header.raw_size);
		good = true;
	}
	file_forget(file, chunk->offset, sizeof header + header.stored_size);
	if (!good) {
		damage_add(damage, ".log", chunk->offset, "the payload of the chunk does not expand");
		free(data);
		return NULL;
	}
	memset(data + header.raw_size, 0, COLUMNS_PADDING);
	*size = header.raw_size;
	return data;
}
