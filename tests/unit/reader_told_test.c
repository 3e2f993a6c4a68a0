/*
 * reader_told_test.c: types and pools that a program tells of: what each event does to sites, and that what cannot be is
 * counted and changes nothing. Ticks are nanoseconds.
 */
#include <stdint.h>
#include <string.h>

#include "reader_check.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/recording.h"

#define A 0x7f0000001000
#define B 0x7f0000002000
#define POOL 0x7f0000009000
#define INNER 0x7f0000009040

enum { LEAF = 5, OTHER = 6 };

static struct trace_event type(uint64_t tick, uint64_t address, uint64_t number)
{
	return event_make(TRACE_EVENT_TOLD, tick, address, number, 0, TRACE_TOLD_TYPE, 0);
}

static struct trace_event pool_of(uint64_t tick, uint64_t pool, uint64_t number)
{
	return event_make(TRACE_EVENT_TOLD, tick, pool, number, 0, TRACE_TOLD_POOL, 0);
}

static struct trace_event pool_alloc(uint64_t tick, uint64_t address, uint64_t size)
{
	return event_make(TRACE_EVENT_TOLD_ALLOC, tick, address, size, LEAF, 0, 0);
}

static struct trace_event pool_free(uint64_t tick, uint64_t pool, uint64_t address)
{
	return event_make(TRACE_EVENT_TOLD, tick, address, pool, 0, TRACE_TOLD_FREE, 0);
}

static struct trace_event pool_end(uint64_t tick, uint64_t pool)
{
	return event_make(TRACE_EVENT_TOLD, tick, pool, 0, 0, TRACE_TOLD_POOL_FREE, 0);
}

static void name_type(struct maker *maker, uint32_t id, const char *name)
{
	struct trace_type record = {.id = id};

	maker_record(maker, TRACE_RECORD_TYPE, 1, &record, sizeof record, name);
}

/* Types 1 "One" and 70 "Seventy"; the events are in one stream each, and in a chunk of the log. */
static struct recording *read_events(const struct trace_event *one, size_t ones, const struct trace_event *two, size_t twos)
{
	struct recording *recording;
	struct maker maker;

	maker_init(&maker, 100, 0);
	maker_node(&maker, TRACE_STACK_ROOT, 0x401000);
	maker_node(&maker, 4, 0x402000);
	maker_node(&maker, 4, 0x403000);
	name_type(&maker, 70, "Seventy");
	name_type(&maker, 1, "One");
	name_type(&maker, 1, "One");
	maker_chunk(&maker, 0, 0, one, ones, TRACE_CODEC_ZSTD);
	if (twos)
		maker_chunk(&maker, 1, 0, two, twos, TRACE_CODEC_NONE);
	recording = maker_open(&maker, 1);
	maker_free(&maker);
	ck_assert_uint_eq(recording->process_count, 1);
	return recording;
}

#define READ(one) read_events((one), LENGTH(one), NULL, 0)

static void check(const struct recording *recording, enum domain domain, uint32_t stack, uint32_t told, uint64_t allocs,
	uint64_t frees, uint64_t bytes)
{
	const struct process_info *process = &recording->processes[0];

	for (size_t i = 0; i < process->site_count; i++) {
		const struct site *site = &process->sites[i];

		if (site->domain != domain || site->stack.index != stack || site->claims.told != told)
			continue;
		ck_assert_uint_eq(site->allocs, allocs);
		ck_assert_uint_eq(site->frees, frees);
		ck_assert_uint_eq(site->live_blocks, allocs - frees);
		ck_assert_uint_eq(site->live_bytes, bytes);
		return;
	}
	ck_assert_msg(!allocs, "no site of node %u, type %u", stack, told);
}

static uint64_t found(const struct recording *recording, const char *kind)
{
	for (size_t i = 0; i < recording->finding_count; i++)
		if (!strcmp(recording->findings[i].kind, kind))
			return recording->findings[i].count;
	return 0;
}

/* A block goes from site to site with what is said of it; the heap's sums stay. */
START_TEST(types)
{
	struct trace_event events[] = {
		event_alloc(10, A, 100, LEAF), type(11, A, 1), event_alloc(12, B, 50, LEAF), type(13, B, 70), type(14, B, 1),
		type(15, A + 8, 1), event_free(16, A), type(17, A, 1), event_alloc(18, A, 7, OTHER), type(19, A, 9),
		event_alloc(20, A + 64, 3, OTHER),
	};
	struct recording *recording = READ(events);
	const struct process_info *process = &recording->processes[0];

	ck_assert_str_eq(process->type_names[1], "One");
	ck_assert_str_eq(process->type_names[70], "Seventy");
	check(recording, DOMAIN_HEAP, LEAF, 1, 2, 1, 50);
	check(recording, DOMAIN_HEAP, LEAF, 70, 0, 0, 0);
	check(recording, DOMAIN_HEAP, LEAF, 0, 0, 0, 0);
	check(recording, DOMAIN_HEAP, OTHER, 9, 1, 0, 7); /* nobody said what type 9 is */
	check(recording, DOMAIN_HEAP, OTHER, 0, 1, 0, 3);
	ck_assert_uint_eq(process->site_count, 3);
	ck_assert_uint_eq(process->totals.allocs, 4);
	ck_assert_uint_eq(process->totals.peak_bytes, 150);
	ck_assert_uint_eq(found(recording, "told-types"), 2);
	ck_assert_uint_eq(found(recording, "damage"), 0);
	recording_close(recording);
}
END_TEST

/* Of a block that is typed after its birth made the peak, the peak is the type's. */
START_TEST(peak)
{
	struct trace_event events[] = {
		event_alloc(10, A, 100, LEAF), type(11, A, 1), event_alloc(12, B, 60, LEAF), type(13, B, 70), event_free(14, A),
		event_free(15, B), event_alloc(16, A, 1, LEAF), type(17, A, 1), event_free(18, A),
	};
	struct recording *recording = READ(events);
	const struct process_info *process = &recording->processes[0];

	for (size_t i = 0; i < process->site_count; i++)
		ck_assert_uint_eq(process->sites[i].peak_bytes, process->sites[i].claims.told == 1 ? 100 : 60);
	ck_assert_uint_eq(process->site_count, 2);
	recording_close(recording);
}
END_TEST

START_TEST(moved_by_realloc)
{
	struct trace_event events[] = {
		event_alloc(10, A, 100, LEAF), type(11, A, 1), event_out(12, A), event_in(13, B, 300, OTHER),
		event_out(14, B), event_in(15, B, 400, OTHER), event_alloc(16, A, 5, OTHER), event_out(17, A),
		event_in(18, A, 6, OTHER),
	};
	struct recording *recording = READ(events);

	check(recording, DOMAIN_HEAP, LEAF, 1, 1, 1, 0);
	check(recording, DOMAIN_HEAP, OTHER, 1, 2, 1, 400);
	check(recording, DOMAIN_HEAP, OTHER, 0, 2, 1, 6);
	recording_close(recording);
}
END_TEST

/* The pool, its first block, a pool within that, and a block of the heap all begin at one address. */
START_TEST(pools)
{
	struct trace_event events[] = {
		event_alloc(10, POOL, 4096, OTHER),
		pool_of(11, POOL, 1), pool_alloc(11, POOL, 100), pool_of(12, POOL, 1), pool_alloc(12, INNER, 64),
		pool_of(13, INNER, 70), pool_alloc(13, INNER, 16), pool_of(14, INNER, 0), pool_alloc(14, POOL, 8),
		pool_free(15, INNER, INNER), pool_free(16, POOL, POOL), pool_free(17, POOL, A), pool_free(18, A, A),
		pool_of(19, 0, 1), pool_alloc(19, 1, 5), pool_of(20, 0, 1), pool_alloc(20, 2, 6), pool_free(21, 0, 1),
		event_free(22, POOL), pool_end(23, INNER), pool_end(24, INNER),
	};
	struct recording *recording = READ(events);

	check(recording, DOMAIN_HEAP, OTHER, 0, 1, 1, 0);
	check(recording, DOMAIN_POOL, LEAF, 1, 4, 2, 64 + 6);
	check(recording, DOMAIN_POOL, LEAF, 70, 1, 1, 0);
	check(recording, DOMAIN_POOL, LEAF, 0, 1, 1, 0);
	ck_assert_uint_eq(found(recording, "told-frees"), 2);
	ck_assert_uint_eq(found(recording, "damage"), 0);
	ck_assert_uint_eq(recording->processes[0].totals.allocs, 1);
	recording_close(recording);
}
END_TEST

/* A pool that lives for ever, with blocks that do not: what it knows of dead ones is forgotten in between. */
START_TEST(long_pool)
{
	enum { ROUNDS = 3000 };
	static struct trace_event events[ROUNDS * 3 + 2 * 40 + 1];
	struct recording *recording;
	size_t count = 0;
	uint64_t tick = 10;

	for (uint64_t i = 0; i < 40; i++, tick++) {
		events[count++] = pool_of(tick, POOL, 1);
		events[count++] = pool_alloc(tick, A + 16 * i, 16);
	}
	for (uint64_t i = 0; i < ROUNDS; i++, tick += 2) {
		events[count++] = pool_of(tick, POOL, 70);
		events[count++] = pool_alloc(tick, B, 16);
		events[count++] = pool_free(tick + 1, POOL, B);
	}
	events[count++] = pool_end(tick, POOL);
	recording = read_events(events, count - 1, NULL, 0);
	check(recording, DOMAIN_POOL, LEAF, 1, 40, 0, 640);
	check(recording, DOMAIN_POOL, LEAF, 70, ROUNDS, ROUNDS, 0);
	recording_close(recording);
	recording = read_events(events, count, NULL, 0);
	check(recording, DOMAIN_POOL, LEAF, 1, 40, 40, 0);
	recording_close(recording);
}
END_TEST

/* Another thread takes the address, by its clock before it was given back. */
START_TEST(clocks_differ)
{
	struct trace_event one[] = {pool_of(100, POOL, 1), pool_alloc(100, A, 16), pool_free(205, POOL, A)};
	struct trace_event two[] = {pool_of(200, POOL, 70), pool_alloc(200, A, 32)};
	struct recording *recording = read_events(one, LENGTH(one), two, LENGTH(two));

	check(recording, DOMAIN_POOL, LEAF, 1, 1, 1, 0);
	check(recording, DOMAIN_POOL, LEAF, 70, 1, 0, 32);
	ck_assert_uint_eq(found(recording, "told-frees"), 0);
	recording_close(recording);
}
END_TEST

/* A pool may give out handles: any number but 0, each that of one block in its pool. */
START_TEST(handles)
{
	const uint64_t handle = 7ull << 48, next = handle + 1, last = UINT64_MAX;
	struct trace_event events[] = {
		pool_of(10, POOL, 1), pool_alloc(10, handle, 16), pool_of(11, POOL, 1), pool_alloc(11, next, 32),
		pool_of(12, INNER, 70), pool_alloc(12, handle, 64), pool_of(13, INNER, 70), pool_alloc(13, last, 128),
		pool_free(14, POOL, handle), pool_free(15, POOL, handle), pool_free(16, INNER, last), pool_of(17, POOL, 1),
		pool_alloc(17, handle, 8), pool_end(18, INNER),
	};
	struct recording *recording = READ(events);

	check(recording, DOMAIN_POOL, LEAF, 1, 3, 1, 32 + 8);
	check(recording, DOMAIN_POOL, LEAF, 70, 2, 2, 0);
	ck_assert_uint_eq(found(recording, "told-frees"), 1);
	ck_assert_uint_eq(found(recording, "damage"), 0);
	recording_close(recording);
}
END_TEST

/* What belongs together is not together, or is nothing. */
START_TEST(damaged)
{
	struct trace_event events[] = {
		pool_alloc(10, A, 16), pool_of(11, POOL, 1), pool_alloc(12, A, 16), pool_of(13, POOL, 65536),
		pool_of(14, POOL, 1), pool_alloc(14, 0, 16), pool_of(15, POOL, 1), pool_alloc(15, A, 1ull << 60),
		type(16, A, 0), type(17, A, 65536), type(18, A, 1ull << 40), event_make(TRACE_EVENT_TOLD, 19, A, 1, 0, 0, 0),
		event_make(TRACE_EVENT_TOLD, 20, A, 1, 0, 9, 0), pool_free(21, POOL, 0), pool_end(22, 0),
		event_alloc(30, A, 16, LEAF),
	};
	struct recording *recording = READ(events);

	check(recording, DOMAIN_HEAP, LEAF, 0, 1, 0, 16);
	ck_assert_uint_eq(recording->processes[0].site_count, 1);
	ck_assert_uint_eq(found(recording, "damage"), 12);
	recording_close(recording);
}
END_TEST

/* Numbers and names that stand in files for good. */
START_TEST(pinned)
{
	ck_assert_int_eq(TRACE_RECORD_TYPE, 29);
	ck_assert_int_eq(TRACE_EVENT_TOLD, 14);
	ck_assert_int_eq(TRACE_EVENT_TOLD_ALLOC, 15);
	ck_assert_int_eq(TRACE_TOLD_TYPE, 1);
	ck_assert_int_eq(TRACE_TOLD_POOL, 2);
	ck_assert_int_eq(TRACE_TOLD_FREE, 3);
	ck_assert_int_eq(TRACE_TOLD_POOL_FREE, 4);
}
END_TEST

SUITE_MAIN("told", types, peak, moved_by_realloc, pools, long_pool, clocks_differ, handles, damaged, pinned)
