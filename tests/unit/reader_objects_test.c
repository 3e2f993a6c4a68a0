/*
 * reader_objects_test.c: what a look through memory says of blocks: of which sites all are of one class, which are split, and
 * what is no evidence.
 */
#include <stdint.h>
#include <string.h>

#include "reader_check.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/recording.h"

#define A 0x7f0000001000ull

enum { LEAF = 5, OTHER = 6 };

struct word { uint64_t address; uint32_t table, before; };

static size_t put(uint8_t *out, uint64_t value)
{
	size_t n = 0;

	for (; value >= 128; value >>= 7)
		out[n++] = (uint8_t)(value | 128);
	out[n++] = (uint8_t)value;
	return n;
}

static void look_with(struct maker *maker, uint64_t began, uint64_t tick, const struct word *words, size_t count, unsigned one_of,
                      unsigned flags)
{
	struct { struct trace_vtables head; uint8_t words[4096]; } record = {
		{.began = began, .count = (uint32_t)count, .reason = TRACE_SAMPLE_END, .one_of = (uint8_t)one_of,
		 .flags = (uint16_t)flags}, {0},
	};
	uint64_t place = 0;
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		int64_t step = (int64_t)(words[i].address / 8 - place);

		place = words[i].address / 8;
		used += put(record.words + used, (uint64_t)step << 1 ^ (uint64_t)(step >> 63));
		used += put(record.words + used, words[i].table);
		used += put(record.words + used, words[i].before);
	}
	maker_record(maker, TRACE_RECORD_VTABLES, tick, &record, sizeof record.head + used, NULL);
}

static void look(struct maker *maker, uint64_t began, uint64_t tick, const struct word *words, size_t count, unsigned one_of)
{
	look_with(maker, began, tick, words, count, one_of, 0);
}

static void begin(struct maker *maker)
{
	maker_init(maker, 100, 0);
	maker_node(maker, TRACE_STACK_ROOT, 0x401000);
	maker_node(maker, 4, 0x402000);
	maker_node(maker, 4, 0x403000);
	for (uint32_t id = 1; id <= 2; id++) {
		struct trace_vtable table = {.address = 0x500000 + 64 * id, .id = id};

		maker_record(maker, TRACE_RECORD_VTABLE, 1, &table, sizeof table, id == 1 ? "3One" : "3Two");
	}
}

static struct recording *end(struct maker *maker, const struct trace_event *events, size_t count, uint64_t ending)
{
	struct recording *recording;

	maker_header(maker)->ending_tick = ending;
	maker_chunk(maker, 0, 0, events, count, TRACE_CODEC_ZSTD);
	recording = maker_open(maker, 1);
	maker_free(maker);
	return recording;
}

static const struct site *site(const struct recording *recording, uint32_t stack, uint32_t vtable)
{
	const struct process_info *process = &recording->processes[0];

	for (size_t i = 0; i < process->site_count; i++)
		if (process->sites[i].stack.index == stack && process->sites[i].claims.vtable == vtable)
			return &process->sites[i];
	ck_abort_msg("no site of node %u, class %u", stack, vtable);
}

static void check(const struct site *site, uint64_t allocs, uint64_t frees, uint64_t blocks, uint64_t bytes)
{
	ck_assert_uint_eq(site->allocs, allocs);
	ck_assert_uint_eq(site->frees, frees);
	ck_assert_uint_eq(site->live_blocks, blocks);
	ck_assert_uint_eq(site->live_bytes, bytes);
}

/* All that are alive are of one class: so were those that died. Words within blocks and elsewhere mean nothing. */
START_TEST(one_class)
{
	struct trace_event events[] = {
		event_alloc(10, A, 32, LEAF), event_alloc(11, A + 64, 32, LEAF), event_free(12, A), event_alloc(13, A + 128, 64, OTHER),
		event_alloc(90, A + 256, 8, OTHER),
	};
	struct word words[] = {{A, 1, 0}, {A + 64, 1, 9}, {A + 144, 2, 0}, {A + 256, 2, 0}};
	struct recording *recording;
	struct maker maker;

	begin(&maker);
	look(&maker, 80, 95, words, LENGTH(words), 0); /* the last block was born while it looked */
	recording = end(&maker, events, LENGTH(events), 100);
	check(site(recording, LEAF, 1), 2, 1, 1, 32);
	ck_assert(!site(recording, LEAF, 1)->alive_only);
	check(site(recording, OTHER, 0), 2, 0, 2, 72);
	ck_assert_uint_eq(recording->processes[0].site_count, 2);
	ck_assert_uint_eq(recording->finding_count, 0);
	recording_close(recording);
}
END_TEST

/* Several classes, or none of some: what is alive of each is a row, the rest is one. */
START_TEST(several)
{
	struct trace_event events[] = {
		event_alloc(10, A, 32, LEAF), event_alloc(11, A + 64, 48, LEAF), event_alloc(12, A + 128, 16, LEAF),
		event_alloc(13, A + 192, 8, LEAF), event_free(14, A + 192),
	};
	struct word words[] = {{A, 1, 0}, {A + 64, 2, 0}};
	struct recording *recording;
	struct maker maker;

	begin(&maker);
	look(&maker, 80, 81, words, LENGTH(words), 0);
	recording = end(&maker, events, LENGTH(events), 100);
	check(site(recording, LEAF, 1), 1, 0, 1, 32);
	check(site(recording, LEAF, 2), 1, 0, 1, 48);
	check(site(recording, LEAF, 0), 2, 1, 1, 16);
	ck_assert(site(recording, LEAF, 1)->alive_only && !site(recording, LEAF, 0)->alive_only);
	ck_assert(recording->processes[0].has_rows_by_class);
	ck_assert_uint_eq(recording->processes[0].totals.live_bytes, 96);
	recording_close(recording);
}
END_TEST

/* Some are objects, and some are not: what was a class's before, perhaps. Of those that died nothing is known. */
START_TEST(some)
{
	struct trace_event events[] = {event_alloc(10, A, 32, LEAF), event_alloc(11, A + 64, 32, LEAF), event_alloc(12, A + 128, 16, LEAF),
	                               event_free(13, A + 128)};
	struct word words[] = {{A, 1, 0}};
	struct recording *recording;
	struct maker maker;

	begin(&maker);
	look(&maker, 80, 81, words, LENGTH(words), 0);
	recording = end(&maker, events, LENGTH(events), 100);
	check(site(recording, LEAF, 1), 1, 0, 1, 32);
	check(site(recording, LEAF, 0), 2, 1, 1, 32);
	recording_close(recording);
}
END_TEST

/* One of many is no more than what was there before; nor is anything in a large buffer. */
START_TEST(chance)
{
	struct trace_event events[] = {
		event_alloc(10, A, 32, LEAF), event_alloc(11, A + 64, 32, LEAF), event_alloc(12, A + 128, 32, LEAF),
		event_alloc(13, A + (1 << 20), 1 << 20, OTHER), event_alloc(14, A + 192, 32, LEAF),
	};
	struct word words[] = {{A, 1, 0}, {A + (1 << 20), 1, 0}};
	struct recording *recording;
	struct maker maker;

	begin(&maker);
	look(&maker, 80, 81, words, LENGTH(words), 0);
	recording = end(&maker, events, LENGTH(events), 100);
	check(site(recording, LEAF, 0), 4, 0, 4, 128);
	check(site(recording, OTHER, 0), 1, 0, 1, 1 << 20);
	ck_assert_uint_eq(recording->processes[0].site_count, 2);
	recording_close(recording);
}
END_TEST

/* One in four was told, and all of these are of one class. */
START_TEST(sampled)
{
	struct trace_event events[] = {
		event_alloc(10, A, 32, LEAF), event_alloc(11, A + 64, 32, LEAF), event_alloc(12, A + 128, 32, LEAF),
	};
	struct word words[] = {{A + 64, 1, 0}};
	struct recording *recording;
	struct maker maker;

	begin(&maker);
	look(&maker, 80, 81, words, LENGTH(words), 2);
	recording = end(&maker, events, LENGTH(events), 100);
	check(site(recording, LEAF, 1), 3, 0, 3, 96);
	ck_assert_uint_eq(recording->finding_count, 0);
	recording_close(recording);
}
END_TEST

/* Cut, it may lack any; but not if only what is not malloc's is missing. */
START_TEST(cut)
{
	static const struct { unsigned flags; uint32_t vtable; bool told; } cases[] = {
		{TRACE_VTABLES_CUT, 1, true}, {TRACE_VTABLES_CUT | TRACE_VTABLES_MALLOC, 0, false},
	};
	struct trace_event events[] = {
		event_alloc(10, A, 32, LEAF), event_alloc(11, A + 64, 32, LEAF), event_alloc(12, A + 128, 32, LEAF),
		event_alloc(13, A + 192, 32, LEAF),
	};
	struct word words[] = {{A + 64, 1, 0}};
	struct recording *recording;
	struct maker maker;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		begin(&maker);
		look_with(&maker, 80, 81, words, LENGTH(words), 0, cases[i].flags);
		recording = end(&maker, events, LENGTH(events), 100);
		check(site(recording, LEAF, cases[i].vtable), 4, 0, 4, 128);
		ck_assert_uint_eq(recording->finding_count, cases[i].told);
		ck_assert(!recording->processes[0].unlooked == !cases[i].told);
		recording_close(recording);
	}
}
END_TEST

/* There was none, and what stands in place of words is text. What marks told holds. */
START_TEST(none)
{
	struct trace_event events[] = {event_alloc(10, A, 32, LEAF), event_alloc(11, A + 64, 32, OTHER)};
	struct { struct trace_vtables head; char why[8]; } record = {
		{.began = 90, .reason = TRACE_SAMPLE_END, .flags = TRACE_VTABLES_CUT | TRACE_VTABLES_NONE}, "\x01\x01why",
	};
	struct word words[] = {{A, 1, 0}};
	struct recording *recording;
	struct maker maker;

	begin(&maker);
	look(&maker, 80, 81, words, LENGTH(words), 0);
	maker_record(&maker, TRACE_RECORD_VTABLES, 90, &record, sizeof record.head + 5, NULL);
	recording = end(&maker, events, LENGTH(events), 100);
	check(site(recording, LEAF, 1), 1, 0, 1, 32);
	check(site(recording, OTHER, 0), 1, 0, 1, 32);
	ck_assert_str_eq(recording->processes[0].unlooked, "objects were not looked for: \x01\x01why");
	ck_assert_uint_eq(recording->finding_count, 0);
	recording_close(recording);
}
END_TEST

/* At a mark they were alive; at the end some are gone, and others are where they were. */
START_TEST(earlier)
{
	struct trace_event events[] = {
		event_alloc(10, A, 32, LEAF), event_alloc(11, A + 64, 32, OTHER), event_alloc(12, A + 128, 32, OTHER),
		event_free(60, A), event_free(61, A + 64), event_alloc(62, A + 64, 32, OTHER),
	};
	struct word words[] = {{A, 1, 0}, {A + 64, 1, 0}, {A + 128, 2, 0}};
	struct recording *recording;
	struct maker maker;

	begin(&maker);
	look(&maker, 50, 51, words, LENGTH(words), 0);
	recording = end(&maker, events, LENGTH(events), 0);
	check(site(recording, LEAF, 1), 1, 1, 0, 0);
	check(site(recording, OTHER, 2), 1, 0, 1, 32);
	check(site(recording, OTHER, 0), 2, 1, 1, 32);
	recording_close(recording);
}
END_TEST

/* operator new[] puts the number of elements first; of something else that looks like it there is no second element. */
START_TEST(arrays)
{
	struct trace_event events[] = {event_alloc(10, A, 8 + 3 * 24, LEAF), event_alloc(11, A + 256, 16 + 2 * 32, LEAF),
	                               event_alloc(12, A + 512, 8 + 3 * 24, OTHER)};
	struct word words[] = {
		{A + 8, 1, 3}, {A + 8 + 24, 1, 0}, {A + 8 + 48, 1, 0}, {A + 272, 1, 2}, {A + 272 + 32, 1, 0}, {A + 520, 1, 3},
	};
	struct recording *recording;
	struct maker maker;

	begin(&maker);
	look(&maker, 80, 81, words, LENGTH(words), 0);
	recording = end(&maker, events, LENGTH(events), 100);
	check(site(recording, LEAF, 1), 2, 0, 2, 80 + 80);
	ck_assert_uint_eq(site(recording, LEAF, 1)->claims.elements, VTABLE_SEVERAL);
	check(site(recording, OTHER, 0), 1, 0, 1, 80);
	recording_close(recording);
}
END_TEST

/* Cut words, tables that are not there, addresses that cannot be. */
START_TEST(damaged)
{
	struct trace_event events[] = {event_alloc(10, A, 32, LEAF), event_alloc(11, A + 64, 32, OTHER)};
	struct word words[] = {{A, 1, 0}, {A + 64, 70000, 0}, {A + 64, 1, 0}}, beyond[] = {{1ull << 60, 1, 0}};
	struct trace_vtable table = {.address = 1, .id = 65536};
	struct recording *recording;
	struct maker maker;

	begin(&maker);
	maker_record(&maker, TRACE_RECORD_VTABLE, 2, &table, sizeof table, "x");
	maker_record(&maker, TRACE_RECORD_VTABLE, 2, &table, 5, NULL);
	maker_record(&maker, TRACE_RECORD_VTABLES, 2, &table, 8, NULL);
	look(&maker, 81, 80, words, 1, 0);
	look(&maker, 82, 83, words, LENGTH(words), 0);
	look(&maker, 84, 85, beyond, 1, 0);
	look(&maker, 86, 87, words, LENGTH(words), 0);
	recording = end(&maker, events, LENGTH(events), 100);
	ck_assert_uint_eq(recording->finding_count, 1);
	ck_assert_uint_eq(recording->findings[0].count, 4);
	check(site(recording, OTHER, 0), 1, 0, 1, 32);
	recording_close(recording);
}
END_TEST

SUITE_MAIN("objects", one_class, several, some, chance, sampled, cut, none, earlier, arrays, damaged)
