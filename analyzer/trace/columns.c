/*
 * columns.c: see columns.h. The hottest code of reading. A loop per column; what an event leaves out of a column is
 * left out by arithmetic, because kinds are as good as random to a branch predictor.
 */
#include "trace/columns.h"

#include <string.h>

/* Sets of kinds as bits, from the functions of trace.h, so that a test is a shift. */
#define BIT(test, kind) ((uint32_t)(test(kind) != 0) << (kind))
#define KINDS(test) (BIT(test, 0) | BIT(test, 1) | BIT(test, 2) | BIT(test, 3) | BIT(test, 4) | BIT(test, 5) | \
	BIT(test, 6) | BIT(test, 7) | BIT(test, 8) | BIT(test, 9) | BIT(test, 10) | BIT(test, 11) | \
	BIT(test, 12) | BIT(test, 13) | BIT(test, 14) | BIT(test, 15))

static inline uint64_t unzigzag(uint64_t value)
{
	return value >> 1 ^ -(value & 1);
}

/* The rare varint of nine or ten bytes. Reads at most ten; returns its length, 0 if it does not end. */
static __attribute__((noinline)) unsigned long_varint(const uint8_t *at, uint64_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < 10; i++) {
		*value |= (uint64_t)(at[i] & 0x7f) << 7 * i;
		if (!(at[i] & 0x80))
			return i + 1;
	}
	return 0;
}

/* The varint at `at` and its length; reads up to ten bytes from there. */
static inline unsigned varint(const uint8_t *at, uint64_t *value)
{
	uint64_t word, ends;
	unsigned bits;

	memcpy(&word, at, sizeof word);
	ends = ~word & 0x8080808080808080;
	if (__builtin_expect(ends == 0, 0))
		return long_varint(at, value);
	bits = (unsigned)__builtin_ctzll(ends) + 1;
	word &= ~0ull >> (64 - bits);
	word &= 0x7f7f7f7f7f7f7f7f;
	word = (word & 0x007f007f007f007f) | (word & 0x7f007f007f007f00) >> 1;
	word = (word & 0x00003fff00003fff) | (word & 0x3fff00003fff0000) >> 2;
	word = (word & 0x000000000fffffff) | (word & 0x0fffffff00000000) >> 4;
	*value = word;
	return bits / 8;
}

/* One column: where it is read, and where it ends. `at` may run past `end` by one varint, never further. */
struct cursor {
	const uint8_t *at, *end;
};

/* The next value, 0 and nothing read where `keep` is 0. False: the column ends here. */
static inline bool next(struct cursor *cursor, uint32_t keep, uint64_t *value)
{
	unsigned length = varint(cursor->at, value);

	if (__builtin_expect(keep && (cursor->at >= cursor->end || length == 0), 0))
		return false;
	cursor->at += length & -keep;
	*value &= -(uint64_t)keep;
	return true;
}

bool columns_begin(struct columns *columns, const uint8_t *data, size_t size, uint32_t count, uint64_t first_tick)
{
	uint32_t sizes[TRACE_COLUMNS];
	uint64_t at = sizeof sizes;

	*columns = (struct columns){.left = count, .tick = first_tick};
	if (size < sizeof sizes || size > TRACE_CHUNK_RAW)
		return false;
	memcpy(sizes, data, sizeof sizes);
	columns->tick_shift = (uint8_t)(sizes[TRACE_COLUMN_TICK] >> TRACE_COLUMN_SHIFT);
	columns->address_shift = (uint8_t)(sizes[TRACE_COLUMN_ADDRESS] >> TRACE_COLUMN_SHIFT);
	sizes[TRACE_COLUMN_TICK] &= (1u << TRACE_COLUMN_SHIFT) - 1;
	sizes[TRACE_COLUMN_ADDRESS] &= (1u << TRACE_COLUMN_SHIFT) - 1;
	for (int i = 0; i < TRACE_COLUMNS; i++) {
		columns->at[i] = (uint32_t)at;
		at += sizes[i];
		if (at > size)
			return false;
		columns->end[i] = (uint32_t)at;
	}
	return at == size && sizes[TRACE_COLUMN_KIND] == count;
}

size_t columns_read(struct columns *columns, const uint8_t *data, struct trace_event *events, size_t most)
{
	const uint32_t with_size = KINDS(trace_kind_has_size);
	const uint32_t with_stack = KINDS(trace_kind_has_stack);
	const uint32_t with_extra = KINDS(trace_kind_has_extra);
	struct cursor cursors[TRACE_COLUMNS], cursor;
	size_t wanted = columns->left < most ? columns->left : most, count = wanted, good, i;
	uint64_t value, tick = columns->tick, address = columns->address;
	uint32_t stack = columns->stack, kinds = 0;

	if (columns->broken)
		return 0;
	for (i = 0; i < TRACE_COLUMNS; i++)
		cursors[i] = (struct cursor){data + columns->at[i], data + columns->end[i]};

	cursor = cursors[TRACE_COLUMN_KIND];
	for (i = 0; i < count; i++) {
		uint8_t kind = cursor.at[i] & 15;

		if (kind == 0 || kind >= TRACE_EVENT_KINDS) {
			count = i;
			break;
		}
		kinds |= 1u << kind;
		events[i].kind = kind;
		events[i].detail = cursor.at[i] >> 4;
		events[i].extra = 0;
	}
	cursors[TRACE_COLUMN_KIND].at += count;
	good = count;

	cursor = cursors[TRACE_COLUMN_TICK];
	for (i = 0; i < count && next(&cursor, 1, &value); i++)
		events[i].tick = tick += value << columns->tick_shift;
	cursors[TRACE_COLUMN_TICK] = cursor;
	good = i < good ? i : good;

	cursor = cursors[TRACE_COLUMN_ADDRESS];
	for (i = 0; i < count && next(&cursor, 1, &value); i++)
		events[i].address = address += unzigzag(value) << columns->address_shift;
	cursors[TRACE_COLUMN_ADDRESS] = cursor;
	good = i < good ? i : good;

	cursor = cursors[TRACE_COLUMN_SIZE];
	for (i = 0; i < count && next(&cursor, with_size >> events[i].kind & 1, &value); i++)
		events[i].size = value;
	cursors[TRACE_COLUMN_SIZE] = cursor;
	good = i < good ? i : good;

	cursor = cursors[TRACE_COLUMN_STACK];
	for (i = 0; i < count; i++) {
		uint32_t keep = with_stack >> events[i].kind & 1;

		if (!next(&cursor, keep, &value))
			break;
		stack += (uint32_t)unzigzag(value);
		events[i].stack = stack & -keep;
	}
	cursors[TRACE_COLUMN_STACK] = cursor;
	good = i < good ? i : good;

	if (kinds & with_extra) {
		cursor = cursors[TRACE_COLUMN_EXTRA];
		for (i = 0; i < count; i++) {
			if (!next(&cursor, with_extra >> events[i].kind & 1, &value))
				break;
			events[i].extra = (uint16_t)value;
		}
		cursors[TRACE_COLUMN_EXTRA] = cursor;
		good = i < good ? i : good;
	}

	for (i = 0; i < TRACE_COLUMNS; i++)
		columns->at[i] = (uint32_t)(cursors[i].at - data);
	/* A column that ended too early, or an unknown kind: what follows would get others' values. */
	columns->broken |= good < count || count < wanted;
	columns->tick = tick;
	columns->address = address;
	columns->stack = stack;
	columns->left -= (uint32_t)good;
	return good;
}
