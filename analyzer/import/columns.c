/* columns.c: see columns.h. Of kinds that have no EXTRA, which is all that a log has. */
#include "import/columns.h"

#include <string.h>

static inline uint64_t zigzag(uint64_t delta)
{
	return delta << 1 ^ (uint64_t)((int64_t)delta >> 63);
}

static inline uint8_t *put(uint8_t *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at++ = (uint8_t)value;
	return at;
}

size_t columns_write(const struct trace_event *events, size_t count, uint8_t *columns)
{
	uint32_t sizes[TRACE_COLUMNS] = {0};
	uint8_t *at = columns + sizeof sizes, *begin;
	uint64_t before;
	uint32_t stack = 0;

	for (size_t i = 0; i < count; i++)
		*at++ = (uint8_t)(events[i].kind | events[i].detail << 4);
	sizes[TRACE_COLUMN_KIND] = (uint32_t)count;

	begin = at;
	before = events[0].tick;
	for (size_t i = 0; i < count; i++) {
		at = put(at, events[i].tick - before);
		before = events[i].tick;
	}
	sizes[TRACE_COLUMN_TICK] = (uint32_t)(at - begin);

	begin = at;
	before = 0;
	for (size_t i = 0; i < count; i++) {
		at = put(at, zigzag(events[i].address - before));
		before = events[i].address;
	}
	sizes[TRACE_COLUMN_ADDRESS] = (uint32_t)(at - begin);

	begin = at;
	for (size_t i = 0; i < count; i++)
		if (trace_kind_has_size(events[i].kind))
			at = put(at, events[i].size);
	sizes[TRACE_COLUMN_SIZE] = (uint32_t)(at - begin);

	begin = at;
	for (size_t i = 0; i < count; i++)
		if (trace_kind_has_stack(events[i].kind)) {
			at = put(at, zigzag((uint64_t)(int64_t)(int32_t)(events[i].stack - stack)));
			stack = events[i].stack;
		}
	sizes[TRACE_COLUMN_STACK] = (uint32_t)(at - begin);
	memcpy(columns, sizes, sizeof sizes);
	return (size_t)(at - columns);
}
