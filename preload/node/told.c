/*
 * told.c: see told.h. The extent in use is known to the process alone (wiped memory), since a forked child does not have
 * its parent's mappings.
 */
#include "node/told.h"

#include <string.h>

#define EXTENT_BYTES (64u << 10)

bool told_write(enum trace_record_type type, const void *head, size_t head_size, const void *tail, size_t tail_size)
{
	size_t payload = head_size + tail_size, size = (sizeof(struct trace_record) + payload + 7) & ~7ull;
	struct trace_meta *extent;
	struct trace_record *record;

	if (!process || __atomic_load_n(&process->live, __ATOMIC_ACQUIRE) != PROCESS_LIVE)
		return false;
	extent = process->told;
	if (!extent || sizeof(*extent) + extent->used + size > extent->extent.size) {
		size_t bytes = sizeof(*extent) + size;

		extent = (struct trace_meta *)area_take(TRACE_EXTENT_META, bytes > EXTENT_BYTES ? bytes : EXTENT_BYTES);
		if (!extent)
			return false;
		process->told = extent;
	}
	record = (struct trace_record *)((char *)(extent + 1) + extent->used);
	record->size = (uint32_t)size;
	record->type = (uint16_t)type;
	record->padding = (uint16_t)(size - sizeof(*record) - payload);
	record->tick = clock_tick();
	memcpy(record + 1, head, head_size);
	if (tail_size)
		memcpy((char *)(record + 1) + head_size, tail, tail_size);
	__atomic_store_n(&extent->used, extent->used + size, __ATOMIC_RELEASE);
	return true;
}
