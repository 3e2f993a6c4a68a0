/* reader_columns_test.c: what encode.c writes, columns.c reads back; and it reads nothing else. */
#include <stdint.h>
#include <string.h>

#include "reader_check.h"
#include "reader_maker.h"
#include "record/encode.h"
#include "suite.h"
#include "trace/columns.h"
#include "util.h"

/* Numbers of all lengths, the smallest and the largest of each length too. */
static uint64_t any_number(uint64_t *state)
{
	unsigned bits = next_random(state) % 65;
	uint64_t value = bits == 0 ? 0 : next_random(state) >> (64 - bits);

	switch (next_random(state) % 4) {
	case 0:
		return bits == 0 ? 0 : ~0ull >> (64 - bits);
	case 1:
		return bits == 64 ? 0 : 1ull << bits;
	}
	return value;
}

static struct trace_event any_event(uint64_t *state)
{
	unsigned kind = 1 + (unsigned)(next_random(state) % (TRACE_EVENT_KINDS - 1));

	return event_make(kind, any_number(state), any_number(state),
	                  trace_kind_has_size(kind) ? any_number(state) : 0,
	                  trace_kind_has_stack(kind) ? (uint32_t)any_number(state) : 0,
	                  (unsigned)next_random(state) % 16,
	                  trace_kind_has_extra(kind) ? (unsigned)(any_number(state) & 0xffff) : 0);
}

/* Columns with their padding. */
static uint8_t *encode(const struct trace_event *events, size_t count, size_t *size)
{
	uint8_t *columns = xcalloc(1, encode_bound(count) + COLUMNS_PADDING);
	uint8_t *other = xcalloc(1, encode_bound(count));

	encode_fast = false;
	*size = encode_columns(events, count, columns);
	encode_start();
	ck_assert_uint_eq(encode_columns(events, count, other), *size);
	ck_assert_mem_eq(other, columns, *size);
	free(other);
	ck_assert_uint_le(*size, encode_bound(count));
	ck_assert_uint_le(*size, TRACE_CHUNK_RAW);
	return columns;
}

static void check_roundtrip(const struct trace_event *events, size_t count, size_t batch)
{
	struct trace_event *out = xcalloc(batch, sizeof *out);
	struct columns columns;
	size_t size, done = 0, got;
	uint8_t *exact, *data = encode(events, count, &size);

	/* No larger than promised, so that a sanitizer sees each byte too far. */
	exact = xmalloc(size + COLUMNS_PADDING);
	memcpy(exact, data, size + COLUMNS_PADDING);
	ck_assert(columns_begin(&columns, exact, size, (uint32_t)count, events[0].tick));
	while ((got = columns_read(&columns, exact, out, batch))) {
		ck_assert_mem_eq(out, events + done, got * sizeof *out);
		done += got;
	}
	ck_assert_uint_eq(done, count);
	ck_assert_uint_eq(columns.left, 0);
	for (int i = 0; i < TRACE_COLUMNS; i++)
		ck_assert_uint_eq(columns.at[i], columns.end[i]);
	free(exact);
	free(data);
	free(out);
}

START_TEST(roundtrip)
{
	uint64_t state = 0x2545f4914f6cdd1d;
	struct trace_event *events = xcalloc(TRACE_CHUNK_EVENTS, sizeof *events);

	for (int round = 0; round < 400; round++) {
		size_t count = round == 0 ? TRACE_CHUNK_EVENTS : 1 + next_random(&state) % 300;

		for (size_t i = 0; i < count; i++)
			events[i] = any_event(&state);
		check_roundtrip(events, count, 1 + next_random(&state) % 512);
	}
	free(events);
}
END_TEST

/* Ticks and addresses that have low bits of 0 in common: these are not stored. Back in time, and over all of memory. */
START_TEST(shifted)
{
	uint64_t state = 0x9e3779b97f4a7c15;
	struct trace_event *events = xcalloc(300, sizeof *events);

	for (unsigned shift = 0; shift < 20; shift++) {
		size_t size, whole;

		for (size_t i = 0; i < 300; i++) {
			events[i] = any_event(&state);
			events[i].tick = next_random(&state) << shift;
			events[i].address = next_random(&state) << shift;
		}
		check_roundtrip(events, 300, 77);
		free(encode(events, 300, &size));
		events[7].tick |= 1;
		events[7].address |= 1;
		check_roundtrip(events, 300, 77);
		free(encode(events, 300, &whole));
		ck_assert_uint_ge(whole, size);
		ck_assert(whole > size || shift < 7);
	}
	free(events);
}
END_TEST

/* The largest that columns can get must fit what trace.h and encode_bound promise. */
START_TEST(largest)
{
	struct trace_event *events = xcalloc(TRACE_CHUNK_EVENTS, sizeof *events);
	size_t size;

	for (size_t i = 0; i < TRACE_CHUNK_EVENTS; i++)
		events[i] = event_make(TRACE_EVENT_MAP, TRACE_CHUNK_EVENTS - i, i % 2 ? 1ull << 63 | 1 : 0, ~0ull,
		                       i % 2 ? 0x80000000 : 0, 15, 0xffff);
	free(encode(events, TRACE_CHUNK_EVENTS, &size));
	ck_assert_uint_gt(size, (TRACE_CHUNK_EVENTS - 1) * 39ull);
	check_roundtrip(events, TRACE_CHUNK_EVENTS, 512);
	for (size_t count = 1; count < 20; count++)
		check_roundtrip(events, count, 512);
	free(events);
}
END_TEST

/* Reads columns that may be damaged; returns how many events came. */
static size_t read_all(const uint8_t *data, size_t size, uint32_t count)
{
	uint8_t *exact = xmalloc(size + COLUMNS_PADDING);
	struct trace_event out[64];
	struct columns columns;
	size_t done = 0, got;

	memcpy(exact, data, size);
	memset(exact + size, 0xff, COLUMNS_PADDING); /* varints that never end */
	if (columns_begin(&columns, exact, size, count, 1))
		while ((got = columns_read(&columns, exact, out, LENGTH(out)))) {
			/* Check's own assertions are too slow for so many. */
			for (size_t i = 0; i < got; i++)
				if (out[i].kind == 0 || out[i].kind >= TRACE_EVENT_KINDS)
					ck_abort_msg("an event of kind %u", out[i].kind);
			done += got;
			if (got > LENGTH(out) || done > count)
				ck_abort_msg("more events than there are");
		}
	free(exact);
	return done;
}

START_TEST(damaged)
{
	uint64_t state = 0x9e3779b97f4a7c15;
	struct trace_event events[100];
	uint8_t *data;
	size_t size;

	for (size_t i = 0; i < LENGTH(events); i++)
		events[i] = any_event(&state);
	data = encode(events, LENGTH(events), &size);
	ck_assert_uint_eq(read_all(data, size, LENGTH(events)), LENGTH(events));
	for (size_t i = 0; i < size; i++)
		ck_assert_uint_eq(read_all(data, i, LENGTH(events)), 0);
	for (size_t i = 0; i < size; i++)
		for (int bit = 0; bit < 8; bit++) {
			data[i] ^= (uint8_t)(1 << bit);
			read_all(data, size, LENGTH(events));
			data[i] ^= (uint8_t)(1 << bit);
		}
	for (int round = 0; round < 20000; round++) {
		size_t at = next_random(&state) % size;
		uint8_t old = data[at];

		data[at] = (uint8_t)next_random(&state);
		read_all(data, size, LENGTH(events));
		if (round % 8)
			data[at] = old;
	}
	free(data);
}
END_TEST

/* A count that is not that of the columns is no such chunk. */
START_TEST(wrong_count)
{
	struct trace_event events[3] = {event_alloc(1, 16, 1, 1), event_free(2, 16), event_alloc(3, 32, 1, 1)};
	uint8_t *data;
	size_t size;

	data = encode(events, LENGTH(events), &size);
	ck_assert_uint_eq(read_all(data, size, 2), 0);
	ck_assert_uint_eq(read_all(data, size, 4), 0);
	ck_assert_uint_eq(read_all(data, size, 3), 3);
	free(data);
}
END_TEST

/* A column that ends too early ends the chunk, though later events need nothing of it. */
START_TEST(out_of_step)
{
	struct trace_event events[128], out[64];
	struct columns columns;
	uint32_t extra_size;
	uint8_t *data;
	size_t size;

	for (size_t i = 0; i < 64; i++)
		events[i] = event_make(TRACE_EVENT_MAP, i, i << 12, 4096, 1, 3, 1);
	for (size_t i = 64; i < 128; i++)
		events[i] = event_alloc(i, i << 12, 16, 1);
	data = encode(events, LENGTH(events), &size);
	memcpy(&extra_size, data + 4 * TRACE_COLUMN_EXTRA, 4);
	ck_assert_uint_eq(extra_size, 64);
	extra_size--;
	memcpy(data + 4 * TRACE_COLUMN_EXTRA, &extra_size, 4);
	ck_assert(columns_begin(&columns, data, size - 1, LENGTH(events), 0));
	ck_assert_uint_eq(columns_read(&columns, data, out, 64), 63);
	ck_assert_mem_eq(out, events, 63 * sizeof *out);
	ck_assert_uint_eq(columns_read(&columns, data, out, 64), 0);
	ck_assert_uint_eq(columns.left, 65);
	free(data);
}
END_TEST

SUITE_MAIN("columns", roundtrip, shifted, largest, damaged, wrong_count, out_of_step)
