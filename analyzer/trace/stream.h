/*
 * stream.h: the streams of a process image, each a run of events without doubles: chunks of the log by sequence,
 * then what its rings still hold. Only the batch in use is expanded.
 */
#ifndef PROBE_STREAM_H
#define PROBE_STREAM_H

#include "trace/columns.h"
#include "trace/log.h"
#include "trace/shared.h"

#define STREAM_BATCH 512     /* events expanded at a time: 16 KiB, which stay in the first-level cache */
#define STREAM_COLUMNS (256u << 20) /* bytes of columns kept by all streams together; beyond, they are made again */

/* A run of events of one stream: a chunk or a ring. */
struct segment {
	uint64_t first;          /* sequence of its first event */
	uint64_t first_tick;     /* tick of that */
	uint32_t stream;         /* whose */
	uint32_t count;          /* events */
	uint32_t index;          /* of the chunk or ring */
	uint32_t in_ring;        /* 0: a chunk; else a ring */
};

struct stream {
	uint32_t id;             /* as in trace.h */
	const struct trace_event *next, *end; /* events of the batch in use that are not consumed */
	struct segment *segment, *last; /* the segment in use or to be used next; one past the stream's last */
	uint64_t sequence;       /* of the event after the batch */
	bool     open;           /* `segment` is a chunk in use: */
	struct columns columns;  /* where in it, */
	uint8_t *data;           /* its columns, owned; NULL: dropped, to be expanded again */
	size_t   size;           /* bytes of them */
	struct trace_event *batch; /* and the buffer for STREAM_BATCH events; owned, NULL while no chunk is open */
};

struct streams {
	struct bytes log;        /* mapped by the caller */
	struct chunk *chunks;    size_t chunk_count; /* owned */
	struct ring_view *rings; size_t ring_count; /* owned */
	struct segment *segments; size_t segment_count; /* owned; by stream, then sequence */
	struct stream *list;     size_t count; /* owned; by id */
	struct ZSTD_DCtx_s *zstd; /* owned */
	struct damage *damage;   /* not owned */
	size_t   kept;           /* bytes of columns that streams hold, */
	size_t   budget;         /* and beyond which they hold none: STREAM_COLUMNS */
	uint64_t events;         /* given out, and what of it */
	uint64_t recovered;      /* came from rings */
	uint64_t lost;           /* missing from sequences */
};

/*
 * `log` must stay mapped; so must the file that `rings` look into, which are owned from here on. Free with
 * streams_close.
 */
void streams_open(struct streams *streams, struct bytes log, struct ring_view *rings, size_t ring_count,
	struct damage *damage);
void streams_close(struct streams *streams);

/* The ticks of the first and of the last event; expands nothing. first > last: there is none. */
void streams_span(const struct streams *streams, uint64_t *first, uint64_t *last);

/* Makes next < end, if need be with another batch. False: the stream has ended. */
bool stream_fill(struct streams *streams, struct stream *stream);

/* The tick of the next event; expands nothing. Only for a stream that has one, or was never filled. */
static inline uint64_t stream_tick(const struct stream *stream)
{
	return stream->next < stream->end ? stream->next->tick : stream->segment->first_tick;
}

#endif
