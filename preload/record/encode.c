/*
 * encode.c: events to columns. Two passes: the first fetches the events, which another core wrote, and finds what their
 * ticks and addresses have in common; the second writes all columns side by side, each where it can grow to its largest,
 * and at the end they are moved together. What a column leaves out is left out by arithmetic, because the kinds of
 * events are as good as random to a branch predictor. Runs in the drain, which has no libc: touches only its arguments.
 */
#include "encode.h"

#include <string.h>

/* Sets of kinds as bits, from the functions of trace.h, so that a test is a shift. */
#define BIT(test, kind) ((uint32_t)(test(kind) != 0) << (kind))
#define KINDS(test) (BIT(test, 0) | BIT(test, 1) | BIT(test, 2) | BIT(test, 3) | BIT(test, 4) | BIT(test, 5) | \
	BIT(test, 6) | BIT(test, 7) | BIT(test, 8) | BIT(test, 9) | BIT(test, 10) | BIT(test, 11) | \
	BIT(test, 12) | BIT(test, 13) | BIT(test, 14) | BIT(test, 15))

static inline uint64_t zigzag(uint64_t delta)
{
	return delta << 1 ^ (uint64_t)((int64_t)delta >> 63);
}

/*
 * `value` in groups of seven bits, a byte each. Above 56 bits the groups do not fit. Where the processor can do it in
 * one instruction, and fast: AMD's before Zen 3 take hundreds of cycles.
 */
static inline uint64_t spread(uint64_t value)
{
	uint64_t groups = (value & 0x0fffffff) | (value & 0x00fffffff0000000) << 4;

	groups = (groups & 0x00003fff00003fff) | (groups & 0x0fffc0000fffc000) << 2;
	return (groups & 0x007f007f007f007f) | (groups & 0x3f803f803f803f80) << 1;
}

static inline __attribute__((target("bmi2"))) uint64_t spread_bmi2(uint64_t value)
{
	return __builtin_ia32_pdep_di(value, 0x7f7f7f7f7f7f7f7f);
}

static __attribute__((noinline)) uint8_t *put_long(uint8_t *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*out++ = (uint8_t)(value | 0x80);
	*out++ = (uint8_t)value;
	return out;
}

/* The columns as they are written: the next byte of each. EXTRA is rare and has a pass of its own. */
struct places {
	uint8_t *tick, *address, *size, *stack;
};

/*
 * Appends `value` as LEB128 where `keep` is all ones; where it is 0 nothing is kept of what it wrote. Stores eight bytes
 * at once: what lies beyond the varint is overwritten by what comes next, and there is room behind the last.
 */
#define PUT(out, value, keep, spread_it) \
	do { \
		uint64_t value_ = (value) & (keep); \
		uint64_t groups_ = spread_it(value_); \
		unsigned last_ = ((unsigned)__builtin_clzll(groups_ | 1) ^ 63) & 56; /* bits before the last group */ \
\
		if (__builtin_expect(value_ >> 56 != 0, 0)) { \
			(out) = put_long(out, value_); \
			break; \
		} \
		groups_ |= 0x8080808080808080 & ~(~0ull << last_); \
		memcpy(out, &groups_, sizeof groups_); \
		(out) += ((last_ >> 3) + 1) & (keep); \
	} while (0)

#define WRITE(name, spread_it, attribute) \
	static attribute struct places name(const struct trace_event *events, size_t count, unsigned tick_shift, \
	                                    unsigned address_shift, struct places at) \
	{ \
		const uint32_t with_size = KINDS(trace_kind_has_size), with_stack = KINDS(trace_kind_has_stack); \
		uint64_t tick = events[0].tick, address = 0, stack = 0; \
\
		for (const struct trace_event *event = events; event < events + count; event++) { \
			uint64_t sized = -(uint64_t)(with_size >> (event->kind & 31) & 1); \
			uint64_t stacked = -(uint64_t)(with_stack >> (event->kind & 31) & 1); \
			uint64_t further = (event->stack - stack) & stacked; \
\
			PUT(at.tick, (event->tick - tick) >> tick_shift, ~0ull, spread_it); \
			PUT(at.address, zigzag((uint64_t)((int64_t)(event->address - address) >> address_shift)), ~0ull, \
			    spread_it); \
			PUT(at.size, event->size, sized, spread_it); \
			PUT(at.stack, zigzag(further), stacked, spread_it); \
			tick = event->tick; \
			address = event->address; \
			stack += further; \
		} \
		return at; \
	}

WRITE(write_plain, spread, __attribute__((noinline)))
WRITE(write_bmi2, spread_bmi2, __attribute__((noinline, target("bmi2"))))

/* Low bits that are 0 in all of `bits`, as far as a column's size has room to say it. */
static unsigned common_shift(uint64_t bits)
{
	return (unsigned)__builtin_ctzll(bits | 1ull << TRACE_COLUMN_SHIFT_MOST);
}

bool encode_fast;

void encode_start(void)
{
	__builtin_cpu_init();
	encode_fast = __builtin_cpu_supports("bmi2") &&
	              (__builtin_cpu_is("intel") || (__builtin_cpu_is("amd") && !__builtin_cpu_is("amdfam15h") &&
	                                             !__builtin_cpu_is("amdfam17h")));
}

size_t encode_bound(size_t count)
{
	return TRACE_COLUMNS * sizeof(uint32_t) + count * 44 + sizeof(uint64_t);
}

size_t encode_columns(const struct trace_event *events, size_t count, uint8_t *columns)
{
	uint8_t *kinds = columns + TRACE_COLUMNS * sizeof(uint32_t), *out;
	const uint32_t with_extra = KINDS(trace_kind_has_extra);
	/* Ten bytes are the longest varint; what PUT writes too much falls on what is not written yet. */
	const struct places begin = {kinds + count, kinds + count * 11, kinds + count * 21, kinds + count * 31};
	struct places end;
	uint64_t ticks = 0, addresses = 0;
	uint32_t sizes[TRACE_COLUMNS], seen = 0;
	unsigned tick_shift, address_shift;

	for (size_t i = 0; i < count; i++) {
		kinds[i] = (uint8_t)(events[i].kind | events[i].detail << 4);
		seen |= 1u << (events[i].kind & 31);
		ticks |= events[i].tick ^ events[0].tick;
		addresses |= events[i].address;
	}
	tick_shift = common_shift(ticks);
	address_shift = common_shift(addresses);
	end = (encode_fast ? write_bmi2 : write_plain)(events, count, tick_shift, address_shift, begin);

	sizes[TRACE_COLUMN_KIND] = (uint32_t)count;
	sizes[TRACE_COLUMN_TICK] = (uint32_t)(end.tick - begin.tick);
	sizes[TRACE_COLUMN_ADDRESS] = (uint32_t)(end.address - begin.address);
	sizes[TRACE_COLUMN_SIZE] = (uint32_t)(end.size - begin.size);
	sizes[TRACE_COLUMN_STACK] = (uint32_t)(end.stack - begin.stack);
	out = end.tick;
	memmove(out, begin.address, sizes[TRACE_COLUMN_ADDRESS]);
	out += sizes[TRACE_COLUMN_ADDRESS];
	memmove(out, begin.size, sizes[TRACE_COLUMN_SIZE]);
	out += sizes[TRACE_COLUMN_SIZE];
	memmove(out, begin.stack, sizes[TRACE_COLUMN_STACK]);
	out += sizes[TRACE_COLUMN_STACK];

	const uint8_t *extra = out;
	for (size_t i = 0; seen & with_extra && i < count; i++)
		if (with_extra >> (events[i].kind & 31) & 1)
			out = put_long(out, events[i].extra);
	sizes[TRACE_COLUMN_EXTRA] = (uint32_t)(out - extra);
	sizes[TRACE_COLUMN_TICK] |= tick_shift << TRACE_COLUMN_SHIFT;
	sizes[TRACE_COLUMN_ADDRESS] |= address_shift << TRACE_COLUMN_SHIFT;
	memcpy(columns, sizes, sizeof sizes);
	return (size_t)(out - columns);
}
