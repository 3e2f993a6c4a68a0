/* shared.c: the process header and the rings; see shared.h. Records are in meta.c, nodes in tree.c. */
#include "trace/shared.h"

#include <stdlib.h>
#include <string.h>

#include "trace/array.h"
#include "trace/extent.h"

bool shared_header(struct bytes file, struct trace_process *header, struct damage *damage)
{
	struct extent extent;
	bool found = false;
	size_t at = 0;

	memset(header, 0, sizeof *header);
	while (extent_next(file, &at, &extent, damage)) {
		if (extent.kind != TRACE_EXTENT_PROCESS || found)
			continue;
		if (extent.offset != 0 || extent.size < sizeof *header) {
			damage_add(damage, ".shared", extent.offset, "the process header is out of place");
			continue;
		}
		memcpy(header, extent.data, sizeof *header);
		found = true;
	}
	if (!found)
		return false;
	if (header->version == 0) { /* the extent was taken, then the process was killed */
		memset(header, 0, sizeof *header);
		return false;
	}
	if (header->version != TRACE_VERSION) {
		damage_add(damage, ".shared", 0, "written in another version of the format");
		memset(header, 0, sizeof *header);
		return false;
	}
	if (header->clock > TRACE_CLOCK_TSC || header->end > TRACE_END_EXEC) {
		damage_add(damage, ".shared", 0, "the process header holds impossible values");
		if (header->clock > TRACE_CLOCK_TSC)
			header->clock = TRACE_CLOCK_NS;
		if (header->end > TRACE_END_EXEC)
			header->end = TRACE_END_NONE;
	}
	return true;
}

/* What of a ring can be used, or count 0. */
static struct ring_view view(const struct extent *extent, struct damage *damage)
{
	const struct trace_ring *ring = (const void *)extent->data;
	uint64_t capacity, head, tail;
	struct ring_view result = {0};

	if (extent->size < sizeof *ring)
		return result;
	/* State first: a ring that is taken for another stream is FREE before anything else in it changes. */
	if (__atomic_load_n(&ring->state, __ATOMIC_ACQUIRE) == TRACE_RING_FREE)
		return result;
	capacity = (extent->size - sizeof *ring) / sizeof(struct trace_event);
	tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
	head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	if (head > ring->capacity || tail > head) {
		damage_add(damage, ".shared", extent->offset, "the ring holds impossible values");
		return result;
	}
	if (head > capacity) /* the file is cut: said by extent_next */
		head = capacity;
	if (tail >= head || head > UINT32_MAX)
		return result;
	result.stream = ring->stream;
	result.first = ring->first + tail;
	result.offset = extent->offset;
	result.count = (uint32_t)(head - tail);
	result.events = (const struct trace_event *)(const void *)(extent->data + sizeof *ring) + tail;
	return result;
}

/* Copies the events out of a live ring; false if the ring was drained and taken for something else meanwhile. */
static bool copy_live(const struct extent *extent, struct ring_view *result)
{
	const struct trace_ring *ring = (const void *)extent->data;
	size_t bytes = result->count * sizeof *result->copy;
	uint64_t first = ring->first;

	result->copy = xmalloc(bytes);
	memcpy(result->copy, result->events, bytes);
	result->events = result->copy;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(&ring->state, __ATOMIC_ACQUIRE) != TRACE_RING_FREE && ring->stream == result->stream &&
	    ring->first == first && __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) >= result->count)
		return true;
	free(result->copy);
	return false;
}

struct ring_view *shared_rings(struct bytes file, bool running, size_t *count, struct damage *damage)
{
	struct ring_view *rings = NULL, ring;
	struct extent extent;
	size_t at = 0;

	*count = 0;
	while (extent_next(file, &at, &extent, NULL)) {
		if (extent.kind != TRACE_EXTENT_RING)
			continue;
		ring = view(&extent, damage);
		if (!ring.count || (running && !copy_live(&extent, &ring)))
			continue;
		array_room(rings, *count);
		rings[(*count)++] = ring;
	}
	return rings;
}

void rings_free(struct ring_view *rings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(rings[i].copy);
	free(rings);
}
