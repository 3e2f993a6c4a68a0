/* reader_instants_test.c: which marks growth is measured at, and marks from outside. */
#include <stdio.h>
#include <string.h>

#include "heap/growth.h"
#include "heap/instants.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/marks.h"
#include "util.h"

static void mark(struct process_info *process, const char *label, uint64_t tick)
{
	process->marks = xreallocarray(process->marks, process->mark_count + 1, sizeof *process->marks);
	process->marks[process->mark_count++] = (struct mark){xstrdup(label), tick};
}

static void marks(struct process_info *process, const char *format, unsigned from, unsigned to, uint64_t first_tick)
{
	for (unsigned i = from; i <= to; i++) {
		char label[64];

		snprintf(label, sizeof label, format, i);
		mark(process, label, first_tick + 100 * i);
	}
}

static void choose(struct process_info *process)
{
	process->ns_per_tick = 1;
	instants_choose(process, 1000, 2000);
}

static void drop(struct process_info *process)
{
	for (size_t i = 0; i < process->mark_count; i++)
		free(process->marks[i].label);
	free(process->marks);
	free(process->instants.ticks);
	free(process->instants.numbers);
}

/* Chosen: `count` marks of which the first and the last have these labels. */
static void expect(struct process_info *process, enum instants_kind kind, size_t count, const char *first,
                   const char *last)
{
	const struct instants *instants = &process->instants;

	choose(process);
	ck_assert_int_eq(instants->kind, kind);
	ck_assert_uint_eq(instants->marks, count);
	ck_assert_str_eq(process->marks[instants->first].label, first);
	ck_assert_str_eq(process->marks[instants->last].label, last);
	ck_assert_uint_eq(instants->ticks[instants->count - 1], process->marks[instants->last].tick);
	drop(process);
}

START_TEST(the_largest_group_of_the_users_own)
{
	struct process_info process = {0};

	mark(&process, "start", 10);
	marks(&process, "compile %u", 1, 4, 100);
	marks(&process, "proof %u of 12", 1, 12, 1000);
	for (unsigned i = 0; i < 30; i++)
		mark(&process, "gc()", 3000 + i);
	marks(&process, "%us", 1, 40, 4000);
	expect(&process, INSTANTS_MARKS, 12, "proof 1 of 12", "proof 12 of 12");
}
END_TEST

START_TEST(of_equal_groups_the_first)
{
	struct process_info process = {0};

	for (unsigned i = 0; i < 5; i++) {
		marks(&process, "begin %u", i, i, 1000);
		marks(&process, "end %u", i, i, 1050);
	}
	expect(&process, INSTANTS_MARKS, 5, "begin 0", "begin 4");
}
END_TEST

START_TEST(all_of_the_users_if_none_are_alike)
{
	struct process_info process = {0};

	mark(&process, "loaded", 1);
	mark(&process, "gc()", 2);
	mark(&process, "gc()", 3);
	mark(&process, "warm", 4);
	mark(&process, "gc()", 5);
	mark(&process, "done", 6);
	expect(&process, INSTANTS_MARKS, 3, "loaded", "done");
}
END_TEST

START_TEST(collections_before_times_before_slices)
{
	struct process_info process = {0};

	mark(&process, "start", 1);
	mark(&process, "500ms", 2);
	mark(&process, "1000ms", 3);
	mark(&process, "2s", 4);
	for (unsigned i = 0; i < 3; i++)
		mark(&process, "gc()", 5 + i);
	expect(&process, INSTANTS_COLLECTIONS, 3, "gc()", "gc()");

	process = (struct process_info){0};
	mark(&process, "start", 1);
	mark(&process, "500ms", 2);
	mark(&process, "1s", 3);
	mark(&process, "gc()", 4);
	mark(&process, "1500ms", 5);
	expect(&process, INSTANTS_PERIODIC, 3, "500ms", "1500ms");

	process = (struct process_info){0};
	mark(&process, "start", 1);
	mark(&process, "end", 9);
	choose(&process);
	ck_assert_int_eq(process.instants.kind, INSTANTS_SLICES);
	ck_assert_uint_eq(process.instants.count, 64);
	ck_assert_uint_eq(process.instants.ticks[0], 1015);
	ck_assert_uint_eq(process.instants.ticks[63], 2000);
	drop(&process);
}
END_TEST

START_TEST(none_after_the_leak_instant)
{
	struct process_info process = {.header.ending_tick = 1500};

	marks(&process, "proof %u", 1, 9, 1000);
	expect(&process, INSTANTS_MARKS, 5, "proof 1", "proof 5");

	process = (struct process_info){.header.ending_tick = 1500};
	marks(&process, "proof %u", 4, 9, 1000);
	choose(&process);
	ck_assert_int_eq(process.instants.kind, INSTANTS_SLICES);
	ck_assert_uint_eq(process.instants.ticks[63], 1500);
	drop(&process);
}
END_TEST

START_TEST(very_many_evenly)
{
	for (unsigned count = 120; count < 1000; count += 13) {
		struct process_info process = {0};
		const struct instants *instants = &process.instants;

		marks(&process, "%u", 1, count, 0);
		choose(&process);
		ck_assert_uint_le(instants->count, GROWTH_POINTS);
		ck_assert_uint_ge(instants->count, GROWTH_POINTS / 2);
		for (size_t i = 1; i < instants->count; i++)
			ck_assert_uint_eq(instants->numbers[i] - instants->numbers[i - 1],
			                  instants->numbers[1] - instants->numbers[0]);
		ck_assert_uint_eq(instants->numbers[instants->count - 1], count - 1);
		drop(&process);
	}
}
END_TEST

START_TEST(no_events_no_instants)
{
	struct process_info process = {.ns_per_tick = 1};

	instants_choose(&process, UINT64_MAX, 0);
	ck_assert_uint_eq(process.instants.count, 0);
	drop(&process);
	/* Times from a damaged file. */
	process = (struct process_info){.ns_per_tick = 1};
	instants_choose(&process, 0, UINT64_MAX);
	ck_assert_uint_eq(process.instants.count, 64);
	ck_assert_uint_eq(process.instants.ticks[63], UINT64_MAX);
	drop(&process);
}
END_TEST

START_TEST(marks_from_outside_are_put_in_order)
{
	static const char text[] = "1500 b\\nc \\\\ d\\e\n1100 a\nx\n1200\n0 zero\n18446744073709551616 large\n1300 ";
	struct process_info process = {.ns_per_tick = 0.5};
	struct damage damage = {.stem = "S"};

	process.header.anchor[0] = (struct trace_anchor){.tick = 10000, .monotonic_ns = 1000};
	mark(&process, "own", 10300);
	marks_add(&process, (struct bytes){(const uint8_t *)text, sizeof text - 1, false}, &damage);
	ck_assert_uint_eq(process.mark_count, 3);
	ck_assert_str_eq(process.marks[0].label, "a");
	ck_assert_uint_eq(process.marks[0].tick, 10200);
	ck_assert_str_eq(process.marks[1].label, "own");
	ck_assert_str_eq(process.marks[2].label, "b\nc \\ d\\e");
	ck_assert_uint_eq(process.marks[2].tick, 11000);
	ck_assert_uint_eq(damage.count, 5);
	ck_assert_str_eq(damage.examples[0], "S.marks at 24: no mark in this line");
	damage_free(&damage);
	drop(&process);
}
END_TEST

START_TEST(a_mark_that_is_asked_for)
{
	struct process_info processes[3] = {{.ns_per_tick = 1}, {.ns_per_tick = 1}, {.ns_per_tick = 2}};

	for (int i = 0; i < 3; i++) {
		processes[i].since = UINT64_MAX;
		processes[i].header.anchor[0] = (struct trace_anchor){.tick = 5000, .monotonic_ns = 1000};
	}
	mark(&processes[0], "a", 5010);
	mark(&processes[0], "b", 5100);
	mark(&processes[0], "b", 5200);
	mark(&processes[1], "b", 5300);
	mark(&processes[1], "#1", 5400);
	ck_assert(!marks_since(processes, 3, "c"));
	ck_assert(!marks_since(processes, 3, "#4"));
	ck_assert(!marks_since(processes, 3, "#99999999999999999999"));
	ck_assert_uint_eq(processes[0].since, UINT64_MAX);
	ck_assert(marks_since(processes, 3, "b"));
	ck_assert_uint_eq(processes[0].since, 5200);
	ck_assert_uint_eq(processes[1].since, 5300);
	ck_assert_uint_eq(processes[2].since, 5100); /* 200 ns later, in ticks of 2 */
	for (int i = 0; i < 3; i++)
		processes[i].since = UINT64_MAX;
	/* There is a label like that. */
	ck_assert(marks_since(processes, 3, "#1"));
	ck_assert_uint_eq(processes[0].since, 5400);
	for (int i = 0; i < 3; i++)
		processes[i].since = UINT64_MAX;
	ck_assert(marks_since(processes, 3, "#2"));
	ck_assert_uint_eq(processes[0].since, 5100);
	ck_assert_uint_eq(processes[1].since, 5400);
	ck_assert_uint_eq(processes[2].since, 5050);
	for (int i = 0; i < 3; i++)
		drop(&processes[i]);
}
END_TEST

SUITE_MAIN("instants", the_largest_group_of_the_users_own, of_equal_groups_the_first,
	all_of_the_users_if_none_are_alike, collections_before_times_before_slices, none_after_the_leak_instant,
	very_many_evenly, no_events_no_instants, marks_from_outside_are_put_in_order, a_mark_that_is_asked_for)
