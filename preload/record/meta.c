/*
 * meta.c: records about modules, threads, children and marks: rare, so they are written under a lock, straight into
 * the shared file. The extent's `used` is stored after the record that it covers, so a kill leaves whole records.
 */
#include <string.h>

#include "lock.h"
#include "record/meta.h"

#define META_EXTENT (16u << 10)
#define WARNINGS_MAX 64

struct meta_state {
	struct lock lock;                /* guards the rest */
	struct trace_meta *extent;       /* the one in use */
	uint32_t warnings;               /* told so far; */
	uint64_t warned[WARNINGS_MAX];   /* hashes of their texts */
};

bool meta_start(void)
{
	process->meta = wiped_take(sizeof(*process->meta));
	if (!process->meta)
		return false;
	process->meta->extent = (struct trace_meta *)area_take(TRACE_EXTENT_META, META_EXTENT);
	return process->meta->extent != NULL;
}

/* Called with the lock held. */
static char *record_room(struct meta_state *meta, size_t size)
{
	struct trace_meta *extent = meta->extent;

	if (sizeof(*extent) + extent->used + size > extent->extent.size) {
		size_t bytes = sizeof(*extent) + size;

		extent = (struct trace_meta *)area_take(TRACE_EXTENT_META, bytes > META_EXTENT ? bytes : META_EXTENT);
		if (!extent)
			return NULL;
		meta->extent = extent;
	}
	return (char *)(extent + 1) + extent->used;
}

void meta_write(enum trace_record_type type, const void *head, size_t head_size, const void *tail, size_t tail_size)
{
	struct meta_state *meta = process ? process->meta : NULL;
	size_t payload = head_size + tail_size, size = (sizeof(struct trace_record) + payload + 7) & ~7ull;
	struct trace_record *record;
	struct lock_hold hold;

	if (!meta || !lock_take(&meta->lock, &hold))
		return;
	record = (struct trace_record *)record_room(meta, size);
	if (record) {
		record->size = (uint32_t)size;
		record->type = (uint16_t)type;
		record->padding = (uint16_t)(size - sizeof(*record) - payload);
		record->tick = clock_tick();
		if (head_size)
			memcpy(record + 1, head, head_size);
		if (tail_size)
			memcpy((char *)(record + 1) + head_size, tail, tail_size);
		__atomic_store_n(&meta->extent->used, meta->extent->used + size, __ATOMIC_RELEASE);
	}
	lock_give(&meta->lock, &hold);
}

void meta_warn(const char *text)
{
	struct meta_state *meta = process ? process->meta : NULL;
	size_t length = strlen(text);
	uint64_t hash = 1469598103934665603ull;
	struct lock_hold hold;
	bool told = false;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * 1099511628211ull;
	if (!meta || !lock_take(&meta->lock, &hold))
		return;
	for (uint32_t i = 0; i < meta->warnings; i++)
		told |= meta->warned[i] == hash;
	if (meta->warnings == WARNINGS_MAX)
		told = true;
	if (!told)
		meta->warned[meta->warnings++] = hash;
	lock_give(&meta->lock, &hold);
	if (!told)
		meta_write(TRACE_RECORD_WARNING, text, length, NULL, 0);
}
