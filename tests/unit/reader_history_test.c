/*
 * reader_history_test.c: growth of sites, from events whose truth is known: what stays and what is alive, map blocks,
 * sites that are judged as one, and more changes than are kept.
 */
#include <string.h>
#include <sys/mman.h>

#include "heap/history.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/recording.h"
#include "util.h"

#define ROUNDS 40
#define ROUND  1000000u /* ticks */

/* Events of one stream, in order of time. */
struct events {
	struct trace_event *list;
	size_t   count;
	uint64_t tick;
};

static void put(struct events *events, struct trace_event event)
{
	events->list = xreallocarray(events->list, events->count + 1, sizeof *events->list);
	events->tick += 100;
	event.tick = events->tick;
	events->list[events->count++] = event;
}

static uint64_t address(unsigned kind, unsigned number)
{
	return (uint64_t)(kind + 1) << 40 | (uint64_t)number << 12;
}

/*
 * Nodes 4 to 9: 4 leaks a block a round among many that come and go; 5 replaces the oldest of ten blocks; 6 has a block
 * that is made anew twice as large when it is full; 7 maps a page a round; 8 leaks in even rounds, 9 in odd ones.
 */
static void round_of(struct events *events, unsigned round)
{
	static uint64_t size = 8;
	unsigned noise = round * 7919 % 100;

	events->tick = (uint64_t)round * ROUND;
	put(events, event_alloc(0, address(4, round), 24, 4));
	for (unsigned i = 0; i < noise; i++)
		put(events, event_alloc(0, address(40, i), 24, 4));
	if (round >= 10)
		put(events, event_free(0, address(5, round - 10)));
	put(events, event_alloc(0, address(5, round), 500, 5));
	if (round == 0) {
		put(events, event_alloc(0, address(6, 0), size = 8, 6));
	} else if (round * 8 > size) {
		put(events, event_out(0, address(6, 0)));
		put(events, event_in(0, address(6, 0), size *= 2, 6));
	}
	put(events, event_make(TRACE_EVENT_MAP, 0, address(7, round), 4096, 7, PROT_READ, TRACE_MAP_ANONYMOUS));
	put(events, event_alloc(0, address(8, round), 16, round % 2 ? 9 : 8));
	events->tick = (uint64_t)round * ROUND + ROUND / 2; /* the mark */
	for (unsigned i = 0; i < noise; i++)
		put(events, event_free(0, address(40, i)));
}

static struct recording *read_rounds(unsigned rounds, uint64_t ending, const char *since)
{
	struct events events = {0};
	struct recording *recording;
	char *dir = maker_directory();
	struct maker maker;

	maker_init(&maker, 100, 0);
	for (unsigned i = 0; i < 6; i++)
		maker_node(&maker, TRACE_STACK_ROOT, 0x401000 + 16 * i);
	for (unsigned round = 0; round < rounds; round++) {
		round_of(&events, round);
		maker_record(&maker, TRACE_RECORD_MARK, (uint64_t)round * ROUND + ROUND / 2, NULL, 0, "round");
	}
	maker_header(&maker)->ending_tick = ending;
	maker_ring(&maker, 0, 0, events.list, events.count, events.count);
	maker_write_own(dir);
	maker_write(&maker, dir);
	recording = recording_open_since(dir, since);
	maker_remove(dir);
	maker_free(&maker);
	free(events.list);
	ck_assert_uint_eq(recording->finding_count, 0);
	return recording;
}

static const struct site *site_of_node(const struct recording *recording, uint32_t stack)
{
	for (size_t i = 0; i < recording->processes[0].site_count; i++)
		if (recording->processes[0].sites[i].stack.index == stack)
			return &recording->processes[0].sites[i];
	ck_abort_msg("no site of node %u", stack);
}

static void expect(const struct recording *recording, uint32_t stack, enum trend trend, double bytes, double blocks)
{
	struct growth growth = site_of_node(recording, stack)->growth;

	ck_assert_int_eq(growth.trend, trend);
	ck_assert_double_eq_tol(growth.bytes_per_mark, bytes, 1e-9);
	ck_assert_double_eq_tol(growth.blocks_per_mark, blocks, 1e-9);
}

START_TEST(each_site_by_its_truth)
{
	struct recording *recording = read_rounds(ROUNDS, 0, NULL);
	struct growth growth;

	/* Up to 99 blocks that are given back hide a block a round: not in what stays. */
	growth = site_of_node(recording, 4)->growth;
	ck_assert_int_eq(growth.trend, TREND_GROWING);
	ck_assert_double_eq_tol(growth.bytes_per_mark, 24, 1e-9);
	ck_assert_double_gt(growth.confidence, 0.99);
	ck_assert_int_ne(site_of_node(recording, 5)->growth.trend, TREND_GROWING);
	ck_assert_int_eq(site_of_node(recording, 6)->growth.trend, TREND_GROWING);
	expect(recording, 7, TREND_GROWING, 4096, 1);
	expect(recording, 8, TREND_GROWING, 8, 0.5);
	recording_close(recording);
}
END_TEST

START_TEST(sites_that_are_one)
{
	struct recording *recording = read_rounds(ROUNDS, 0, NULL);
	struct history_sum sum;
	struct growth growth;

	history_sum_begin(&sum, &recording->processes[0]);
	history_sum_add(&sum, site_of_node(recording, 8));
	history_sum_add(&sum, site_of_node(recording, 9));
	for (size_t i = 0; i < sum.count; i++) {
		ck_assert_uint_eq(sum.blocks[i], i + 1);
		ck_assert_uint_eq(sum.kept_blocks[i], i + 1);
		ck_assert_uint_eq(sum.kept_bytes[i], 16 * (i + 1));
	}
	growth = history_sum_judge(&sum);
	ck_assert_int_eq(growth.trend, TREND_GROWING);
	ck_assert_double_eq(growth.bytes_per_mark, 16);
	ck_assert_double_eq(growth.blocks_per_mark, 1);
	ck_assert_uint_eq(growth.marks, ROUNDS);
	recording_close(recording);
}
END_TEST

START_TEST(nothing_after_the_leak_instant)
{
	/* What comes in the last ten rounds is teardown. */
	struct recording *recording = read_rounds(ROUNDS, 30 * ROUND - 1, NULL);
	const struct process_info *process = &recording->processes[0];

	ck_assert_uint_eq(process->instants.marks, 30);
	ck_assert_uint_eq(site_of_node(recording, 7)->live_blocks, 30);
	expect(recording, 7, TREND_GROWING, 4096, 1);
	expect(recording, 8, TREND_GROWING, 8, 0.5);
	recording_close(recording);
}
END_TEST

START_TEST(what_is_younger_than_a_mark)
{
	/* The 30th mark is in the middle of round 29; the last ten rounds come after it. */
	struct recording *recording = read_rounds(ROUNDS, 0, "#30");
	static const struct { uint32_t stack; uint64_t blocks, bytes; } expected[] = {
		{4, 10, 240}, {5, 10, 5000}, {6, 1, 512}, {7, 10, 40960}, {8, 5, 80}, {9, 5, 80},
	};

	ck_assert(!recording->since_unknown);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		ck_assert_uint_eq(site_of_node(recording, expected[i].stack)->since_blocks, expected[i].blocks);
		ck_assert_uint_eq(site_of_node(recording, expected[i].stack)->since_bytes, expected[i].bytes);
	}
	recording_close(recording);
	recording = read_rounds(ROUNDS, 30 * ROUND - 1, "#30");
	ck_assert_uint_eq(site_of_node(recording, 7)->since_blocks, 0);
	recording_close(recording);
	recording = read_rounds(ROUNDS, 0, "#41");
	ck_assert(recording->since_unknown);
	recording_close(recording);
}
END_TEST

START_TEST(a_block_of_no_size)
{
	struct events events = {0};
	struct recording *recording;
	struct maker maker;

	maker_init(&maker, 100, 0);
	maker_node(&maker, TRACE_STACK_ROOT, 0x401000);
	for (unsigned i = 0; i < 10; i++) {
		events.tick = i * ROUND;
		put(&events, event_alloc(0, address(1, i), 0, 4));
		maker_record(&maker, TRACE_RECORD_MARK, events.tick + 1, NULL, 0, "round");
	}
	maker_ring(&maker, 0, 0, events.list, events.count, events.count);
	recording = maker_open(&maker, 1);
	expect(recording, 4, TREND_GROWING, 0, 1);
	recording_close(recording);
	maker_free(&maker);
	free(events.list);
}
END_TEST

/* Sites by themselves, so many that they change more often than is kept. */
START_TEST(more_changes_than_are_kept)
{
	static uint64_t ticks[GROWTH_POINTS];
	static uint32_t numbers[GROWTH_POINTS];
	struct process_info process = {0};
	struct sites sites = {0};
	struct history *history;
	const size_t many = 40000;

	for (uint32_t i = 0; i < GROWTH_POINTS; i++) {
		ticks[i] = 10 * (i + 1);
		numbers[i] = i;
	}
	process.instants = (struct instants){.ticks = ticks, .numbers = numbers, .count = GROWTH_POINTS};
	history = history_open(&process);
	sites.list = xcalloc(many, sizeof *sites.list);
	sites.count = many;
	for (uint32_t at = 0; at < GROWTH_POINTS; at++) {
		ck_assert_uint_le(history_next(history), ticks[GROWTH_POINTS - 1]);
		for (size_t i = 0; i < many; i++) {
			sites.list[i].allocs++;
			sites.list[i].live_bytes += i % 3 ? 8 : at % 2 ? 800 : 16;
		}
		history_instant(history, &sites, ticks[at] + 1);
	}
	history_end(history, &sites);
	history_complete(history);
	process.history = history;
	for (size_t i = 0; i < many; i += 997) {
		struct site site = {.history = (uint32_t)i, .live_bytes = sites.list[i].live_bytes,
		                    .live_blocks = sites.list[i].allocs, .allocs = sites.list[i].allocs};
		struct history_sum sum;
		struct growth growth;

		history_sum_begin(&sum, &process);
		ck_assert_uint_lt(sum.count, GROWTH_POINTS);
		ck_assert_uint_ge(sum.count, 16);
		history_sum_add(&sum, &site);
		ck_assert_uint_eq(sum.bytes[sum.count - 1], site.live_bytes);
		for (size_t at = 0; at < sum.count; at++)
			ck_assert_uint_eq(sum.blocks[at], history_numbers(history)[at] + 1);
		growth = history_sum_judge(&sum);
		ck_assert_int_eq(growth.trend, TREND_GROWING);
		ck_assert_double_eq(growth.blocks_per_mark, 1);
		ck_assert_double_eq_tol(growth.bytes_per_mark, i % 3 ? 8 : 408, 1e-9);
	}
	history_free(history);
	free(sites.list);
}
END_TEST

SUITE_MAIN("history", each_site_by_its_truth, sites_that_are_one, nothing_after_the_leak_instant,
	what_is_younger_than_a_mark, a_block_of_no_size, more_changes_than_are_kept)
