/*
 * merge.c: see merge.h. A heap of streams by their next event's tick; the first one is taken from until its tick
 * passes the second's, so that a process whose threads take turns, or which has one thread only, costs no heap.
 */
#include "trace/merge.h"

#include <stdlib.h>

#include "util.h"

struct entry {
	uint64_t tick;           /* of the stream's next event */
	uint32_t stream;         /* index in streams.list */
};

static inline bool before(struct entry a, struct entry b)
{
	return a.tick < b.tick || (a.tick == b.tick && a.stream < b.stream);
}

/* Moves heap[at] down to its place. */
static void sink_down(struct entry *heap, size_t count, size_t at)
{
	struct entry entry = heap[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= count)
			break;
		if (child + 1 < count && before(heap[child + 1], heap[child]))
			child++;
		if (!before(heap[child], entry))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = entry;
}

/* Takes from one stream until another's turn has come. False: the stream has ended. */
static bool take_run(struct streams *streams, struct entry *entry, struct entry other, merge_sink *sink,
	void *context)
{
	struct stream *stream = &streams->list[entry->stream];

	for (;;) {
		const struct trace_event *event = stream->next, *from = event;

		while (event < stream->end && before((struct entry){event->tick, entry->stream}, other))
			event++;
		stream->next = event;
		if (event > from)
			sink(context, entry->stream, from, (size_t)(event - from), (size_t)(stream->end - event));
		if (event < stream->end) {
			entry->tick = event->tick;
			return true;
		}
		if (!stream_fill(streams, stream))
			return false;
	}
}

void merge(struct streams *streams, merge_sink *sink, void *context)
{
	const struct entry never = {UINT64_MAX, UINT32_MAX};
	struct entry *heap = xcalloc(streams->count, sizeof *heap);
	size_t count = streams->count;

	for (size_t i = 0; i < count; i++)
		heap[i] = (struct entry){stream_tick(&streams->list[i]), (uint32_t)i};
	for (size_t i = count / 2; i > 0; i--)
		sink_down(heap, count, i - 1);
	while (count) {
		struct entry other = never;

		if (count > 1)
			other = heap[1];
		if (count > 2 && before(heap[2], other))
			other = heap[2];
		if (!take_run(streams, &heap[0], other, sink, context))
			heap[0] = heap[--count];
		if (count)
			sink_down(heap, count, 0);
	}
	free(heap);
}
