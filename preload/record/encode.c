/*
 * encode.c: events to columns. One pass per column, so that each column is written where it belongs and nothing has
 * to be moved; what a column leaves out is left out by arithmetic, because the kinds of events are as good as random
 * to a branch predictor. Runs in the drain, which has no libc: touches only its arguments.
 */
#include "encode.h"

#include <string.h>

/* Sets of kinds as bits, from the functions of trace.h, so that a test is a shift. */
#define BIT(test, kind) ((uint32_t)(test(kind) != 0) << (kind))
#define KINDS(test) (BIT(test, 0) | BIT(test, 1) | BIT(test, 2) | BIT(test, 3) | BIT(test, 4) | BIT(test, 5) | \
	BIT(test, 6) | BIT(test, 7) | BIT(test, 8) | BIT(test, 9) | BIT(test, 10) | BIT(test, 11))

static inline uint64_t zigzag(uint64_t delta)
{
	return delta << 1 ^ (uint64_t)((int64_t)delta >> 63);
}

/*
 * Appends `value` as LEB128. Stores eight bytes at once: what lies beyond the varint is overwritten by what comes
 * next, and encode_bound leaves room behind the last.
 */
static inline uint8_t *put_varint(uint8_t *out, uint64_t value)
{
	unsigned length = ((63u - (unsigned)__builtin_clzll(value | 1)) * 9 + 73) / 64;
	uint64_t groups = (value & 0x0fffffff) | (value & 0x00fffffff0000000) << 4;

	if (__builtin_expect(length > 8, 0)) {
		for (; value >= 0x80; value >>= 7)
			*out++ = (uint8_t)(value | 0x80);
		*out++ = (uint8_t)value;
		return out;
	}
	groups = (groups & 0x00003fff00003fff) | (groups & 0x0fffc0000fffc000) << 2;
	groups = (groups & 0x007f007f007f007f) | (groups & 0x3f803f803f803f80) << 1;
	groups |= 0x8080808080808080 & ((1ull << 8 * (length - 1)) - 1);
	memcpy(out, &groups, sizeof groups);
	return out + length;
}

/* As put_varint where `keep` is 1; where it is 0 nothing is kept of what it wrote. */
static inline uint8_t *put_some(uint8_t *out, uint64_t value, uint32_t keep)
{
	uint8_t *next = put_varint(out, value & -(uint64_t)keep);

	return out + ((size_t)(next - out) & -(size_t)keep);
}

size_t encode_bound(size_t count)
{
	return TRACE_COLUMNS * sizeof(uint32_t) + count * 44;
}

size_t encode_columns(const struct trace_event *events, size_t count, uint8_t *columns)
{
	const uint32_t with_size = KINDS(trace_kind_has_size);
	const uint32_t with_stack = KINDS(trace_kind_has_stack);
	const uint32_t with_extra = KINDS(trace_kind_has_extra);
	uint8_t *out = columns + TRACE_COLUMNS * sizeof(uint32_t), *from;
	uint32_t sizes[TRACE_COLUMNS];
	uint64_t before;

	for (size_t i = 0; i < count; i++)
		*out++ = (uint8_t)(events[i].kind | events[i].detail << 4);
	sizes[TRACE_COLUMN_KIND] = (uint32_t)count;

	from = out;
	before = events[0].tick;
	for (size_t i = 0; i < count; i++) {
		out = put_varint(out, events[i].tick - before);
		before = events[i].tick;
	}
	sizes[TRACE_COLUMN_TICK] = (uint32_t)(out - from);

	from = out;
	before = 0;
	for (size_t i = 0; i < count; i++) {
		out = put_varint(out, zigzag(events[i].address - before));
		before = events[i].address;
	}
	sizes[TRACE_COLUMN_ADDRESS] = (uint32_t)(out - from);

	from = out;
	for (size_t i = 0; i < count; i++)
		out = put_some(out, events[i].size, with_size >> (events[i].kind & 31) & 1);
	sizes[TRACE_COLUMN_SIZE] = (uint32_t)(out - from);

	from = out;
	before = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t keep = with_stack >> (events[i].kind & 31) & 1;
		uint64_t delta = (events[i].stack - before) & -(uint64_t)keep;

		out = put_some(out, zigzag(delta), keep);
		before += delta;
	}
	sizes[TRACE_COLUMN_STACK] = (uint32_t)(out - from);

	from = out;
	for (size_t i = 0; i < count; i++)
		if (with_extra >> (events[i].kind & 31) & 1)
			out = put_varint(out, events[i].extra);
	sizes[TRACE_COLUMN_EXTRA] = (uint32_t)(out - from);

	memcpy(columns, sizes, sizeof sizes);
	return (size_t)(out - columns);
}
