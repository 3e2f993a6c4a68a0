/* stream.c: see stream.h. */
#include "trace/stream.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "trace/array.h"

/* No stream has as many events; so that a damaged sequence number cannot overflow. */
#define SEQUENCES (1ull << 56)

/* By stream, then sequence; a chunk before a ring with the same events, the longer of two chunks first. */
static int compare(const void *left, const void *right)
{
	const struct segment *a = left, *b = right;

	if (a->stream != b->stream)
		return a->stream < b->stream ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	if (a->in_ring != b->in_ring)
		return a->in_ring < b->in_ring ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

static void collect(struct streams *streams)
{
	size_t count = 0;

	streams->segments = xcalloc(streams->chunk_count + streams->ring_count, sizeof *streams->segments);
	for (size_t i = 0; i < streams->chunk_count; i++) {
		const struct chunk *chunk = &streams->chunks[i];

		if (chunk->first < SEQUENCES)
			streams->segments[count++] = (struct segment){
				chunk->first, chunk->first_tick, chunk->stream, chunk->count, (uint32_t)i, 0};
		else
			damage_add(streams->damage, ".log", chunk->offset, "the chunk's sequence is impossible");
	}
	for (size_t i = 0; i < streams->ring_count; i++) {
		const struct ring_view *ring = &streams->rings[i];

		if (ring->first < SEQUENCES)
			streams->segments[count++] = (struct segment){
				ring->first, ring->events[0].tick, ring->stream, ring->count, (uint32_t)i, 1};
		else
			damage_add(streams->damage, ".shared", ring->offset, "the ring's sequence is impossible");
	}
	streams->segment_count = count;
	qsort(streams->segments, count, sizeof *streams->segments, compare);
}

void streams_open(struct streams *streams, struct bytes log, struct ring_view *rings, size_t ring_count,
	struct damage *damage)
{
	struct segment *segment, *end;

	*streams = (struct streams){
		.log = log, .rings = rings, .ring_count = ring_count, .budget = STREAM_COLUMNS, .damage = damage,
	};
	streams->chunks = log_index(log, &streams->chunk_count, damage);
	streams->zstd = ZSTD_createDCtx();
	if (!streams->zstd)
		fatal(3, "out of memory");
	collect(streams);
	segment = streams->segments;
	end = segment + streams->segment_count;
	while (segment < end) {
		struct stream stream = {.id = segment->stream, .segment = segment};

		while (segment < end && segment->stream == stream.id)
			segment++;
		stream.last = segment;
		array_room(streams->list, streams->count);
		streams->list[streams->count++] = stream;
	}
}

void streams_span(const struct streams *streams, uint64_t *first, uint64_t *last)
{
	*first = UINT64_MAX;
	*last = 0;
	for (size_t i = 0; i < streams->segment_count; i++) {
		const struct segment *segment = &streams->segments[i];
		const struct ring_view *ring = segment->in_ring ? &streams->rings[segment->index] : NULL;
		uint64_t end = ring ? ring->events[ring->count - 1].tick : streams->chunks[segment->index].last_tick;

		*first = segment->first_tick < *first ? segment->first_tick : *first;
		*last = end > *last ? end : *last;
	}
}

static void drop(struct streams *streams, struct stream *stream)
{
	if (!stream->data)
		return;
	free(stream->data);
	stream->data = NULL;
	streams->kept -= stream->size;
}

static void close_chunk(struct streams *streams, struct stream *stream)
{
	drop(streams, stream);
	free(stream->batch);
	stream->batch = NULL;
	stream->open = false;
	stream->segment++;
}

void streams_close(struct streams *streams)
{
	for (size_t i = 0; i < streams->count; i++)
		if (streams->list[i].open)
			close_chunk(streams, &streams->list[i]);
	rings_free(streams->rings, streams->ring_count);
	ZSTD_freeDCtx(streams->zstd);
	free(streams->chunks);
	free(streams->segments);
	free(streams->list);
	*streams = (struct streams){0};
}

/* The columns of the chunk in use. False: damaged. */
static bool expand(struct streams *streams, struct stream *stream)
{
	const struct chunk *chunk = &streams->chunks[stream->segment->index];

	stream->data = log_expand(streams->zstd, streams->log, chunk, &stream->size, streams->damage);
	if (!stream->data)
		return false;
	streams->kept += stream->size;
	return true;
}

static bool open_chunk(struct streams *streams, struct stream *stream)
{
	const struct segment *segment = stream->segment;

	if (!expand(streams, stream))
		return false;
	stream->open = true;
	stream->batch = xmalloc(STREAM_BATCH * sizeof *stream->batch);
	return columns_begin(&stream->columns, stream->data, stream->size, segment->count, segment->first_tick);
}

/* Takes events whose first has sequence `first`: leaves out doubles, counts a gap. */
static void give(struct streams *streams, struct stream *stream, const struct trace_event *events, uint64_t first,
	size_t count)
{
	uint64_t doubles = 0;

	if (first > stream->sequence)
		streams->lost += first - stream->sequence;
	else
		doubles = stream->sequence - first;
	if (doubles > count)
		doubles = count;
	stream->next = events + doubles;
	stream->end = events + count;
	if (first + count > stream->sequence)
		stream->sequence = first + count;
	streams->events += count - doubles;
}

/* The next batch of the chunk in use. False: it gives no more. */
static bool fill_chunk(struct streams *streams, struct stream *stream)
{
	uint64_t first = stream->segment->first + (stream->segment->count - stream->columns.left);
	size_t count;

	if (!stream->columns.left)
		return false;
	if (!stream->data && !expand(streams, stream))
		return false;
	count = columns_read(&stream->columns, stream->data, stream->batch, STREAM_BATCH);
	if (!count) {
		damage_add(streams->damage, ".log", streams->chunks[stream->segment->index].offset,
		           "the chunk's columns are damaged");
		return false;
	}
	if (streams->kept > streams->budget)
		drop(streams, stream);
	give(streams, stream, stream->batch, first, count);
	return true;
}

/*
 * Takes the events of a ring up to where the next chunk begins; what the ring holds of that and beyond waits behind
 * it. A chunk is protected by hashes, a ring is not: it must not hide one.
 */
static void use_ring(struct streams *streams, struct stream *stream)
{
	struct segment *segment = stream->segment, *chunk = segment + 1, rest = *segment;
	const struct ring_view *ring = &streams->rings[segment->index];
	const struct trace_event *events = ring->events + (segment->first - ring->first);
	uint64_t first = segment->first, count = segment->count;

	while (chunk < stream->last && chunk->in_ring)
		chunk++;
	if (chunk < stream->last && chunk->first < first + count) {
		count = chunk->first - first;
		rest.first += count;
		rest.count -= (uint32_t)count;
		rest.first_tick = events[count].tick;
		memmove(segment, segment + 1, (size_t)(chunk - segment) * sizeof *segment);
		*chunk = rest;
	} else {
		stream->segment++;
	}
	if (count) {
		give(streams, stream, events, first, count);
		streams->recovered += (size_t)(stream->end - stream->next);
	}
}

bool stream_fill(struct streams *streams, struct stream *stream)
{
	while (stream->next == stream->end) {
		const struct segment *segment = stream->segment;

		if (stream->open) {
			if (!fill_chunk(streams, stream))
				close_chunk(streams, stream);
			continue;
		}
		if (segment == stream->last)
			return false;
		if (segment->first + segment->count <= stream->sequence) {
			stream->segment++; /* all of it came from elsewhere */
			continue;
		}
		if (segment->in_ring) {
			use_ring(streams, stream);
			continue;
		}
		if (!open_chunk(streams, stream)) {
			if (stream->open) {
				damage_add(streams->damage, ".log", streams->chunks[segment->index].offset,
				           "the chunk's columns are damaged");
				close_chunk(streams, stream);
			} else {
				stream->segment++;
			}
		}
	}
	return true;
}
