/*
 * columns.c: see columns.h. The hottest code of reading. Where a value of a column begins is known once the one before was
 * read, so the columns are read side by side: the processor waits for all of them at once. What an event leaves out of a
 * column is left out by arithmetic, because kinds are as good as random to a branch predictor.
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

/* Eight bytes of which seven bits each count, put together; by an instruction where there is one, and it is a fast one. */
static inline __attribute__((always_inline)) uint64_t pack(uint64_t word, bool by_instruction)
{
#ifdef __x86_64__
	if (by_instruction) {
		__asm__("pext %2, %1, %0" : "=r"(word) : "r"(word), "r"(0x7f7f7f7f7f7f7f7full));
		return word;
	}
#else
	(void)by_instruction;
#endif
	word &= 0x7f7f7f7f7f7f7f7f;
	word = (word & 0x007f007f007f007f) | (word & 0x7f007f007f007f00) >> 1;
	word = (word & 0x00003fff00003fff) | (word & 0x3fff00003fff0000) >> 2;
	return (word & 0x000000000fffffff) | (word & 0x0fffffff00000000) >> 4;
}

/* The varint at `at` and its length; reads up to ten bytes from there. */
static inline __attribute__((always_inline)) unsigned varint(const uint8_t *at, uint64_t *value, bool by_instruction)
{
	uint64_t word, ends;

	memcpy(&word, at, sizeof word);
	ends = ~word & 0x8080808080808080;
	if (__builtin_expect(ends == 0, 0))
		return long_varint(at, value);
	*value = pack(word & (ends ^ (ends - 1)), by_instruction);
	return ((unsigned)__builtin_ctzll(ends) >> 3) + 1;
}

/* One column: where it is read, and where it ends. `at` may run past `end` by one varint, never further. */
struct cursor {
	const uint8_t *at, *end;
};

/* The next value, 0 and nothing read where `keep` is 0. Not 0: the column ends here. */
static inline __attribute__((always_inline)) bool next(struct cursor *cursor, uint32_t keep, uint64_t *value,
	bool by_instruction)
{
	unsigned length = varint(cursor->at, value, by_instruction);
	bool over = keep & ((cursor->at >= cursor->end) | (length == 0));

	cursor->at += length & -keep;
	*value &= -(uint64_t)keep;
	return over;
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

/* Where the columns of a batch stand. */
struct batch {
	struct cursor cursors[TRACE_COLUMNS];
	uint64_t tick, address;
	uint32_t stack;
	uint8_t  tick_shift, address_shift;
};

/* Fills in all of `count` events but their extras, by their kinds; returns how many are good. */
static inline __attribute__((always_inline)) size_t read_batch(struct batch *batch, struct trace_event *events, size_t count,
	bool by_instruction)
{
	const uint32_t with_size = KINDS(trace_kind_has_size);
	const uint32_t with_stack = KINDS(trace_kind_has_stack);
	struct cursor ticks = batch->cursors[TRACE_COLUMN_TICK], addresses = batch->cursors[TRACE_COLUMN_ADDRESS];
	struct cursor sizes = batch->cursors[TRACE_COLUMN_SIZE], stacks = batch->cursors[TRACE_COLUMN_STACK];
	uint64_t tick = batch->tick, address = batch->address;
	uint32_t stack = batch->stack;
	size_t i;

	for (i = 0; i < count; i++) {
		uint32_t sized = with_size >> events[i].kind & 1, stacked = with_stack >> events[i].kind & 1;
		uint64_t later, away, size, other;
		bool over = next(&ticks, 1, &later, by_instruction);

		over |= next(&addresses, 1, &away, by_instruction);
		over |= next(&sizes, sized, &size, by_instruction);
		over |= next(&stacks, stacked, &other, by_instruction);
		if (__builtin_expect(over, 0))
			break;
		events[i].tick = tick += later << batch->tick_shift;
		events[i].address = address += unzigzag(away) << batch->address_shift;
		events[i].size = size;
		stack += (uint32_t)unzigzag(other);
		events[i].stack = stack & -stacked;
	}
	batch->cursors[TRACE_COLUMN_TICK] = ticks;
	batch->cursors[TRACE_COLUMN_ADDRESS] = addresses;
	batch->cursors[TRACE_COLUMN_SIZE] = sizes;
	batch->cursors[TRACE_COLUMN_STACK] = stacks;
	batch->tick = tick;
	batch->address = address;
	batch->stack = stack;
	return i;
}

static size_t read_by_arithmetic(struct batch *batch, struct trace_event *events, size_t count)
{
	return read_batch(batch, events, count, false);
}

static size_t read_by_instruction(struct batch *batch, struct trace_event *events, size_t count)
{
	return read_batch(batch, events, count, true);
}

/* Some processors have the instruction, and take a hundred times as long as others. */
static bool has_fast_instruction(void)
{
#ifdef __x86_64__
	return __builtin_cpu_supports("bmi2") && !__builtin_cpu_is("znver1") && !__builtin_cpu_is("znver2");
#else
	return false;
#endif
}

size_t columns_read(struct columns *columns, const uint8_t *data, struct trace_event *events, size_t most)
{
	const uint32_t with_extra = KINDS(trace_kind_has_extra);
	struct batch batch = {
		.tick = columns->tick, .address = columns->address, .stack = columns->stack, .tick_shift = columns->tick_shift,
		.address_shift = columns->address_shift,
	};
	size_t wanted = columns->left < most ? columns->left : most, count = wanted, good, i;
	struct cursor cursor;
	uint32_t kinds = 0;

	if (columns->broken)
		return 0;
	for (i = 0; i < TRACE_COLUMNS; i++)
		batch.cursors[i] = (struct cursor){data + columns->at[i], data + columns->end[i]};

	cursor = batch.cursors[TRACE_COLUMN_KIND];
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
	batch.cursors[TRACE_COLUMN_KIND].at += count;
	good = has_fast_instruction() ? read_by_instruction(&batch, events, count) : read_by_arithmetic(&batch, events, count);

	if (kinds & with_extra) {
		uint64_t value;

		cursor = batch.cursors[TRACE_COLUMN_EXTRA];
		for (i = 0; i < good; i++) {
			if (next(&cursor, with_extra >> events[i].kind & 1, &value, false))
				break;
			events[i].extra = (uint16_t)value;
		}
		batch.cursors[TRACE_COLUMN_EXTRA] = cursor;
		good = i;
	}

	for (i = 0; i < TRACE_COLUMNS; i++)
		columns->at[i] = (uint32_t)(batch.cursors[i].at - data);
	/* A column that ended too early, or an unknown kind: what follows would get others' values. */
	columns->broken |= good < wanted;
	columns->tick = batch.tick;
	columns->address = batch.address;
	columns->stack = batch.stack;
	columns->left -= (uint32_t)good;
	return good;
}
