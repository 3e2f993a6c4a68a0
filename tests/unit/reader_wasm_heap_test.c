/* reader_wasm_heap_test.c: blocks inside linear memories: whose they are, how they end, and the records about them. */
#include <stdint.h>
#include <string.h>

#include "reader_check.h"
#include "reader_inside.h"
#include "suite.h"
#include "trace/recording.h"

#define SKEW 10000u

static const struct site *site_at(const struct recording *recording, enum domain domain, uint32_t stack)
{
	const struct process_info *process = &recording->processes[0];

	for (size_t i = 0; i < process->site_count; i++)
		if (process->sites[i].domain == domain && process->sites[i].stack.index == stack)
			return &process->sites[i];
	ck_abort_msg("no site of node %u", stack);
}

static void check_site(const struct recording *recording, uint32_t stack, uint64_t allocs, uint64_t frees,
                       uint64_t live_bytes)
{
	const struct site *site = site_at(recording, DOMAIN_WASM_HEAP, stack);

	ck_assert_uint_eq(site->allocs, allocs);
	ck_assert_uint_eq(site->frees, frees);
	ck_assert_uint_eq(site->live_blocks, allocs - frees);
	ck_assert_uint_eq(site->live_bytes, live_bytes);
}

/* ---- matching ------------------------------------------------------------------------------------------------- */

START_TEST(apart_from_the_heap)
{
	struct trace_event events[12] = {0};
	size_t count = inside_memory(events, 1, AT, 2);
	struct recording *recording;
	struct maker maker;

	inside_begin(&maker);
	events[count++] = event_alloc(10, 0x10001000, 100, ONE);
	events[count++] = inside_born(11, AT + 1024, 1000, ONE);
	events[count++] = inside_born(12, AT + 4096, 50, OTHER);
	events[count++] = inside_dies(13, AT + 4096);                    /* temporary */
	events[count++] = inside_of(event_out(14, AT + 1024));
	events[count++] = inside_of(event_in(15, AT + 8192, 3000, OTHER));
	events[count++] = event_free(16, 0x10001000);
	recording = inside_finish_one(&maker, events, count);
	check_site(recording, ONE, 1, 1, 0);
	check_site(recording, OTHER, 2, 1, 3000);
	ck_assert_uint_eq(site_at(recording, DOMAIN_WASM_HEAP, OTHER)->temporary, 1);
	ck_assert_uint_eq(site_at(recording, DOMAIN_WASM_HEAP, OTHER)->bytes_allocated, 3050);
	/* What malloc gave is counted as if nothing else were there. */
	ck_assert_uint_eq(recording->processes[0].totals.allocs, 1);
	ck_assert_uint_eq(recording->processes[0].totals.frees, 1);
	ck_assert_uint_eq(recording->processes[0].totals.peak_bytes, 100);
	ck_assert_uint_eq(recording->processes[0].totals.bytes_allocated, 100);
	ck_assert_uint_eq(recording->processes[0].totals.temporary, 1);
	ck_assert_uint_eq(inside_heap(recording, 0)->allocs, 3);
	ck_assert_uint_eq(inside_heap(recording, 0)->frees, 2);
	ck_assert_uint_eq(inside_heap(recording, 0)->live_blocks, 1);
	ck_assert_uint_eq(inside_heap(recording, 0)->live_bytes, 3000);
	inside_check_sum(recording, 0);
	recording_close(recording);
}
END_TEST

/* Two threads of a shared memory, whose clocks differ: deaths before births, and births before deaths. */
START_TEST(two_threads)
{
	struct trace_event one[10], two[] = {
		inside_dies(90, AT + 1024),                     /* of the birth at 100, by this thread's clock */
		inside_born(200, AT + 2048, 7, OTHER),          /* its predecessor dies at 210 */
		inside_dies(20000 + SKEW, AT + 4096),           /* too far off to be that birth's */
		inside_born(50000 + SKEW, AT + 8192, 3, OTHER), /* its predecessor dies at … + 20, … */
		inside_dies(50010 + SKEW, AT + 8192),           /* … and it itself before that */
	};
	size_t count = inside_memory(one, 1, AT, 2);
	struct recording *recording;
	struct maker maker;

	one[count++] = inside_born(100, AT + 1024, 10, ONE);
	one[count++] = inside_born(150, AT + 2048, 20, ONE);
	one[count++] = inside_dies(210, AT + 2048);
	one[count++] = inside_born(40000 + SKEW, AT + 4096, 5, ONE);
	one[count++] = inside_born(45000 + SKEW, AT + 8192, 6, ONE);
	one[count++] = inside_dies(50020 + SKEW, AT + 8192);
	inside_begin(&maker);
	recording = inside_finish(&maker, (const struct trace_event *[]){one, two}, (size_t[]){count, LENGTH(two)}, 2);
	check_site(recording, ONE, 4, 3, 5);
	check_site(recording, OTHER, 2, 1, 7);
	ck_assert_uint_eq(inside_heap(recording, 0)->unknown_frees, 1);
	ck_assert_uint_eq(inside_heap(recording, 0)->replaced, 0);
	ck_assert_uint_eq(inside_heap(recording, 0)->allocs, 6);
	ck_assert_uint_eq(inside_heap(recording, 0)->frees, 4);
	ck_assert_uint_eq(recording->processes[0].totals.repaired, 0);
	ck_assert_uint_eq(recording->processes[0].totals.unmatched_frees, 0);
	recording_close(recording);
}
END_TEST

START_TEST(memory_dies)
{
	struct trace_event events[20];
	size_t count = inside_memory(events, 1, AT, 2);
	struct recording *recording;
	const struct wasm_heap *heap;
	struct maker maker;

	count += inside_memory(events + count, 5, NEXT, 1);
	events[count++] = inside_born(10, AT + 1024, 1000, ONE);
	events[count++] = inside_born(11, AT + 4096, 500, ONE);
	events[count++] = inside_born(12, NEXT + 1024, 70, ONE);
	events[count++] = inside_dies(13, AT + 512);                     /* still pending when it is unmapped */
	events[count++] = event_make(TRACE_EVENT_UNMAP, 14, AT, 8 * GIB, 0, 0, 0);
	count += inside_memory(events + count, 20, AT, 1);               /* another at the same address */
	events[count++] = inside_born(30, AT + 1024, 9, OTHER);
	events[count++] = inside_dies(31, AT + 4096);
	inside_begin(&maker);
	inside_told(&maker, 9, (struct trace_wasm_heap){.base = AT}, "one\n");
	inside_told(&maker, 9, (struct trace_wasm_heap){.base = NEXT}, "two\n");
	inside_told(&maker, 25, (struct trace_wasm_heap){.base = AT}, "three\n");
	inside_told(&maker, 26, (struct trace_wasm_heap){.base = AT}, "four\n");
	inside_told(&maker, 26, (struct trace_wasm_heap){.base = AT + PAGE}, "five\n");
	recording = inside_finish_one(&maker, events, count);
	check_site(recording, ONE, 3, 2, 70);
	check_site(recording, OTHER, 1, 0, 9);
	heap = inside_heap(recording, 0);
	ck_assert_uint_eq(heap->live_blocks, 2); /* when it died */
	ck_assert_uint_eq(heap->live_bytes, 1500);
	ck_assert_uint_eq(heap->frees, 0);
	ck_assert_uint_eq(heap->unknown_frees, 1);
	inside_check_sum(recording, 0);
	ck_assert_uint_eq(inside_heap(recording, 1)->live_bytes, 70);
	ck_assert_uint_eq(inside_heap(recording, 2)->live_bytes, 9);
	ck_assert_uint_eq(inside_heap(recording, 2)->unknown_frees, 1);
	for (size_t i = 0; i < recording->processes[0].wasm_told_count; i++) {
		const struct wasm_told *told = &recording->processes[0].wasm_told[i];
		uint32_t memory = !strcmp(told->why, "one") ? 1 : !strcmp(told->why, "two") ? 2 :
		                  !strcmp(told->why, "five") ? 0 : 3;

		ck_assert_uint_eq(told->memory, memory);
	}
	recording_close(recording);
}
END_TEST

/*
 * What the collection at the end frees: a memory that was in use to the end counts as alive, one in whose place another of
 * the same module was made is garbage.
 */
START_TEST(let_go_at_the_end)
{
	struct trace_event events[24];
	size_t count = inside_memory(events, 1, AT, 2);
	struct trace_collected collected = {.isolate = 1, .why = TRACE_COLLECTED_ENDING, .tid = 100, .began = 1000};
	struct recording *recording;
	struct maker maker;

	count += inside_memory(events + count, 5, AT + 64 * GIB, 1);
	events[count++] = inside_born(10, AT + 1024, 1000, ONE);
	events[count++] = inside_born(11, AT + 64 * GIB + 1024, 50, ONE);
	count += inside_memory(events + count, 100, NEXT, 1);            /* in the place of the second */
	events[count++] = inside_born(200, AT + 4096, 500, ONE);
	events[count++] = inside_born(201, NEXT + 1024, 70, ONE);
	events[count++] = event_make(TRACE_EVENT_UNMAP, 1010, AT, 8 * GIB, 0, 0, 0);
	events[count++] = event_make(TRACE_EVENT_UNMAP, 1011, AT + 64 * GIB, 8 * GIB, 0, 0, 0);
	events[count++] = event_make(TRACE_EVENT_UNMAP, 1012, NEXT, 8 * GIB, 0, 0, 0);
	inside_begin(&maker);
	maker_header(&maker)->ending_tick = 2000;
	maker_record(&maker, TRACE_RECORD_COLLECTED, 1999, &collected, sizeof collected, NULL);
	inside_told(&maker, 9, (struct trace_wasm_heap){.base = AT, .module = 1}, "one");
	inside_told(&maker, 9, (struct trace_wasm_heap){.base = AT + 64 * GIB, .module = 2}, "two");
	inside_told(&maker, 110, (struct trace_wasm_heap){.base = NEXT, .module = 2}, "");
	recording = inside_finish_one(&maker, events, count);
	check_site(recording, ONE, 4, 1, 1570);
	for (size_t i = 0; i < 3; i++) {
		const struct wasm_memory *memory = &recording->processes[0].wasm_memories[i];
		bool second = memory->base == AT + 64 * GIB;

		ck_assert_int_eq(memory->let_go, !second);
		ck_assert_int_eq(memory->died == UINT64_MAX, !second);
	}
	for (size_t i = 0; i < 3; i++) {
		const struct wasm_told *told = &recording->processes[0].wasm_told[i];

		ck_assert_str_eq(told->why, told->record.module == 1 ? "one" : "two");
	}
	recording_close(recording);
}
END_TEST

/* A death of what was never born, and a birth where a block is alive. */
START_TEST(mistaken)
{
	struct trace_event events[12];
	size_t count = inside_memory(events, 1, AT, 2);
	struct recording *recording;
	struct maker maker;

	count += inside_memory(events + count, 5, NEXT, 1);
	events[count++] = inside_dies(20, AT + 1024);
	events[count++] = inside_dies(21, AT + 1024);
	events[count++] = inside_born(30, AT + 2048, 10, ONE);
	events[count++] = inside_born(100000, AT + 2048, 20, OTHER);
	events[count++] = inside_dies(200000, NEXT + 1024);
	inside_begin(&maker);
	recording = inside_finish_one(&maker, events, count);
	ck_assert_uint_eq(inside_heap(recording, 0)->unknown_frees, 2);
	ck_assert_uint_eq(inside_heap(recording, 0)->replaced, 1);
	ck_assert_uint_eq(inside_heap(recording, 1)->unknown_frees, 1);
	ck_assert_uint_eq(inside_heap(recording, 1)->replaced, 0);
	check_site(recording, ONE, 1, 1, 0);
	check_site(recording, OTHER, 1, 0, 20);
	ck_assert_uint_eq(recording->processes[0].totals.unmatched_frees, 0);
	recording_close(recording);
}
END_TEST

/* Where no memory is known, blocks count all the same; address 0 is damage. */
START_TEST(stray)
{
	struct trace_event events[] = {
		inside_born(10, AT, 10, ONE), inside_dies(11, AT + 64), inside_born(12, 0, 1, ONE), inside_dies(13, 0),
	};
	const struct trace_event *list = events;
	size_t count = LENGTH(events);
	struct recording *recording;
	struct maker maker;

	inside_begin(&maker);
	recording = inside_finish(&maker, &list, &count, 1);
	check_site(recording, ONE, 1, 0, 10);
	ck_assert_uint_eq(recording->processes[0].wasm_memory_count, 0);
	ck_assert_ptr_nonnull(recording->processes[0].wasm_stray);
	ck_assert_uint_eq(recording->processes[0].wasm_stray->live_bytes, 10);
	ck_assert_uint_eq(recording->processes[0].wasm_stray->unknown_frees, 1);
	ck_assert_uint_eq(recording->finding_count, 1);
	ck_assert_str_eq(recording->findings[0].kind, "damage");
	recording_close(recording);
}
END_TEST

/* Alive at the leak instant is what lives then; of it, what is younger than a mark; and it grows from mark to mark. */
START_TEST(leak_instant)
{
	enum { MARKS = 12 };
	struct trace_event events[8 + 2 * MARKS];
	size_t count = inside_memory(events, 1, AT, 2);
	struct recording *recording;
	const struct site *site;
	struct maker maker;
	char *dir;

	inside_begin(&maker);
	for (uint64_t i = 0; i < MARKS; i++) {
		char label[16];

		snprintf(label, sizeof label, "round %d", (int)i);
		events[count++] = inside_born(1000 * i + 100, AT + 1024 * (i + 1), 96, ONE);
		maker_record(&maker, TRACE_RECORD_MARK, 1000 * i + 500, NULL, 0, label);
	}
	maker_header(&maker)->ending_tick = 50000;
	events[count++] = inside_dies(60000, AT + 1024);
	events[count++] = inside_born(60001, AT + 65000, 10, OTHER);
	maker_ring(&maker, 0, 0, events, count, count);
	dir = maker_directory();
	maker_write(&maker, dir);
	maker_write_own(dir);
	maker_free(&maker);
	recording = recording_open_since(dir, "round 9");
	check_site(recording, ONE, MARKS, 0, 96 * MARKS);
	site = site_at(recording, DOMAIN_WASM_HEAP, ONE);
	ck_assert_uint_eq(site->since_blocks, 2);
	ck_assert_uint_eq(site->since_bytes, 192);
	ck_assert_int_eq(site->growth.trend, TREND_GROWING);
	ck_assert_double_eq(site->growth.bytes_per_mark, 96);
	ck_assert_double_eq(site->growth.blocks_per_mark, 1);
	ck_assert_uint_eq(inside_heap(recording, 0)->live_blocks, MARKS);
	ck_assert_uint_eq(inside_heap(recording, 0)->highest, 1024 * MARKS + 96);
	recording_close(recording);
	maker_remove(dir);
}
END_TEST

/* What a collector inside the module frees is not told: nothing is taken for alive. */
START_TEST(collected)
{
	struct trace_event events[8];
	size_t count = inside_memory(events, 1, AT, 2);
	struct recording *recording;
	struct maker maker;

	events[count++] = inside_born(10, AT + 2048, 1000, ONE);
	events[count++] = inside_born(11, AT + 2048, 1000, ONE);
	events[count++] = inside_dies(12, AT + 8192);
	inside_begin(&maker);
	inside_told(&maker, 9, (struct trace_wasm_heap){.base = AT, .flags = TRACE_WASM_HEAP_NO_DEATHS}, "");
	recording = inside_finish_one(&maker, events, count);
	check_site(recording, ONE, 2, 2, 0);
	ck_assert(inside_heap(recording, 0)->no_deaths);
	ck_assert_uint_eq(inside_heap(recording, 0)->replaced, 0);
	ck_assert_uint_eq(inside_heap(recording, 0)->unknown_frees, 0);
	ck_assert_uint_eq(inside_heap(recording, 0)->parts.unattributed_bytes, 1000);
	ck_assert_uint_eq(inside_heap(recording, 0)->parts.free_bytes, 0);
	inside_check_sum(recording, 0);
	recording_close(recording);
}
END_TEST

/* ---- functions that were not the allocator --------------------------------------------------------------------- */

/* What they told counts nowhere; what another instance tells later does. */
START_TEST(refuted)
{
	const struct trace_wasm_unwatched unwatched = {.bytes = 5000, .base = AT};
	struct trace_event events[24];
	size_t count = inside_memory(events, 1, AT, 2);
	const struct process_info *process;
	struct recording *recording;
	struct maker maker;

	count += inside_memory(events + count, 4, NEXT, 2);
	inside_begin(&maker);
	inside_told(&maker, 9, (struct trace_wasm_heap){.base = AT, .module = 4}, inside_rust);
	inside_told(&maker, 10, (struct trace_wasm_heap){.base = NEXT, .module = 4}, inside_rust);
	maker_record(&maker, TRACE_RECORD_WASM_UNWATCHED, 20, &unwatched, sizeof unwatched, "others");
	inside_told(&maker, 30, (struct trace_wasm_heap){.base = AT, .module = 5, .heap_base = 1024}, "its shape\nfree\t2\t?\ty");
	events[count++] = inside_born(11, AT + 1024, 100, ONE);
	events[count++] = inside_born(12, AT + 2048, 100, ONE);
	events[count++] = inside_born(13, NEXT + 2048, 30, OTHER);
	events[count++] = inside_dies(14, AT + 2048);
	events[count++] = inside_dies(15, AT + 4096);
	events[count++] = inside_of(event_out(16, AT + 8192));
	events[count++] = inside_of(event_in(17, AT + 8192, 10, ONE));
	events[count++] = inside_born(31, AT + 1024, 7, OTHER);
	events[count++] = inside_born(32, AT + 4096, 8, OTHER);
	events[count++] = inside_dies(33, AT + 4096);
	events[count++] = inside_dies(34, AT + 8192);
	recording = inside_finish_one(&maker, events, count);
	process = &recording->processes[0];
	for (size_t i = 0; i < process->site_count; i++)
		ck_assert(process->sites[i].domain != DOMAIN_WASM_HEAP || process->sites[i].stack.index != ONE);
	check_site(recording, OTHER, 3, 1, 37);
	ck_assert_uint_eq(inside_heap(recording, 0)->dropped.until, 20);
	ck_assert_uint_eq(inside_heap(recording, 0)->dropped.allocs, 3);
	ck_assert_uint_eq(inside_heap(recording, 0)->dropped.frees, 1);
	ck_assert_uint_eq(inside_heap(recording, 0)->dropped.unknown_frees, 2);
	ck_assert(!inside_heap(recording, 0)->dropped.all);
	ck_assert_uint_eq(inside_heap(recording, 0)->allocs, 2);
	ck_assert_uint_eq(inside_heap(recording, 0)->live_bytes, 7);
	ck_assert_uint_eq(inside_heap(recording, 0)->unknown_frees, 1);
	ck_assert_uint_eq(inside_heap(recording, 0)->replaced, 0);
	ck_assert_uint_eq(inside_heap(recording, 0)->parts.static_bytes, 1024); /* as the second instance says */
	inside_check_sum(recording, 0);
	ck_assert_uint_eq(inside_heap(recording, 1)->dropped.until, 0);
	ck_assert_uint_eq(inside_heap(recording, 1)->live_bytes, 30);
	recording_close(recording);
}
END_TEST

/* With nothing but that, the memory dies. */
START_TEST(refuted_alone)
{
	const struct trace_wasm_unwatched unwatched = {.bytes = 5000, .base = AT};
	struct trace_event events[8];
	size_t count = inside_memory(events, 1, AT, 2);
	struct recording *recording;
	struct maker maker;

	for (int dies = 0; dies < 2; dies++) {
		inside_begin(&maker);
		inside_told(&maker, 9, (struct trace_wasm_heap){.base = AT, .module = 4}, inside_rust);
		maker_record(&maker, TRACE_RECORD_WASM_UNWATCHED, 20, &unwatched, sizeof unwatched, "others");
		events[count] = inside_born(11, AT + 1024, 100, ONE);
		events[count + 1] = event_make(TRACE_EVENT_UNMAP, 40, AT, 8 * GIB, 0, 0, 0);
		recording = inside_finish_one(&maker, events, count + 1 + dies);
		ck_assert(inside_heap(recording, 0)->dropped.all);
		ck_assert_uint_eq(inside_heap(recording, 0)->dropped.allocs, 1);
		ck_assert_uint_eq(inside_heap(recording, 0)->live_blocks, 0);
		ck_assert_uint_eq(inside_heap(recording, 0)->parts.unused_bytes, 0);
		for (size_t i = 0; i < recording->processes[0].site_count; i++)
			ck_assert_int_ne(recording->processes[0].sites[i].domain, DOMAIN_WASM_HEAP);
		recording_close(recording);
	}
}
END_TEST

/* ---- records -------------------------------------------------------------------------------------------------- */

START_TEST(records)
{
	const struct trace_wasm_refused refused = {.base = AT, .pages = 3, .stack = ONE, .tid = 77};
	const struct trace_wasm_unwatched unwatched = {.bytes = 5000}, wrong = {.bytes = 5000, .base = NEXT};
	struct trace_event events[6];
	size_t count = inside_memory(events, 1, AT, 2);
	const struct process_info *process;
	struct recording *recording;
	struct maker maker;

	count += inside_memory(events + count, 4, NEXT, 2);
	inside_begin(&maker);
	inside_told(&maker, 9, (struct trace_wasm_heap){.base = AT, .module = 4, .heap_base = 70000}, inside_rust);
	inside_told(&maker, 9, (struct trace_wasm_heap){.base = NEXT, .module = 4}, inside_rust);
	maker_record(&maker, TRACE_RECORD_WASM_REFUSED, 10, &refused, sizeof refused, "");
	maker_record(&maker, TRACE_RECORD_WASM_REFUSED, 11, &refused, sizeof refused, "");
	maker_record(&maker, TRACE_RECORD_WASM_UNWATCHED, 11, &unwatched, sizeof unwatched, "it has no code");
	maker_record(&maker, TRACE_RECORD_WASM_UNWATCHED, 12, &unwatched, sizeof unwatched, "it has no code");
	maker_record(&maker, TRACE_RECORD_WASM_UNWATCHED, 13, &unwatched, sizeof unwatched, "another");
	maker_record(&maker, TRACE_RECORD_WASM_UNWATCHED, 14, &wrong, sizeof wrong, "others");
	maker_record(&maker, TRACE_RECORD_WASM_UNWATCHED, 15, &wrong, sizeof wrong, "others");
	recording = inside_finish_one(&maker, events, count);
	process = &recording->processes[0];
	ck_assert_uint_eq(process->wasm_told_count, 2);
	ck_assert(process->wasm_told[1].repeats); /* the same text: kept once */
	ck_assert_ptr_eq(process->wasm_told[1].watched, process->wasm_told[0].watched);
	ck_assert_uint_eq(process->wasm_told[1].memory, 2);
	ck_assert_str_eq(process->wasm_told[0].why, "its names");
	ck_assert_uint_eq(process->wasm_told[0].memory, 1);
	ck_assert_uint_eq(process->wasm_told[0].record.module, 4);
	ck_assert_uint_eq(process->wasm_told[0].watched_count, 2);
	ck_assert_str_eq(process->wasm_told[0].watched[0].role, "__rust_alloc");
	ck_assert_uint_eq(process->wasm_told[0].watched[0].index, 25);
	ck_assert_str_eq(process->wasm_told[0].watched[0].name, "__rust_alloc");
	ck_assert_ptr_null(process->wasm_told[0].watched[1].name);
	ck_assert_str_eq(process->wasm_told[0].watched[1].why, "its shape");
	ck_assert_uint_eq(process->wasm_refused_count, 1);
	ck_assert_uint_eq(process->wasm_refused[0].count, 2);
	ck_assert_uint_eq(process->wasm_refused[0].record.pages, 3);
	ck_assert_uint_eq(process->wasm_refused[0].memory, 1);
	ck_assert_uint_eq(process->wasm_unwatched_count, 4); /* what is of a memory is one each */
	ck_assert_uint_eq(process->wasm_unwatched[0].count, 2);
	ck_assert_str_eq(process->wasm_unwatched[0].why, "it has no code");
	ck_assert_uint_eq(process->wasm_unwatched[0].memory, 0);
	ck_assert_uint_eq(process->wasm_unwatched[3].memory, 2);
	ck_assert_uint_eq(inside_heap(recording, 1)->dropped.until, 15);
	/* A heap without a block: all of it above the module's own is unused. */
	ck_assert_uint_eq(inside_heap(recording, 0)->parts.static_bytes, 70000);
	ck_assert_uint_eq(inside_heap(recording, 0)->parts.unused_bytes, 2 * PAGE - 70000);
	recording_close(recording);
}
END_TEST

/* Each is told as damage, and what can be read is kept. */
START_TEST(damaged_records)
{
	static const char *const texts[] = {
		"why\nmalloc", "why\nmalloc\t", "why\nmalloc\tx\t?\ty", "why\n\t1\t?\ty", "why\nmalloc\t-1\t?\ty",
		"why\nmalloc\t99999999999999999999\t?\ty", "why\nfree\t2\t?\ty\nmalloc\t1x\t?\ty",
	};

	for (size_t i = 0; i < LENGTH(texts); i++) {
		struct recording *recording;
		struct maker maker;

		inside_begin(&maker);
		inside_told(&maker, 9, (struct trace_wasm_heap){.base = AT}, texts[i]);
		recording = inside_finish(&maker, NULL, NULL, 0);
		ck_assert_uint_eq(recording->finding_count, 1);
		ck_assert_uint_eq(recording->findings[0].count, 1);
		ck_assert_uint_eq(recording->processes[0].wasm_told_count, 1);
		ck_assert_str_eq(recording->processes[0].wasm_told[0].why, "why");
		ck_assert_uint_eq(recording->processes[0].wasm_told[0].watched_count, i + 1 == LENGTH(texts));
		recording_close(recording);
	}
	for (uint16_t type = TRACE_RECORD_WASM_HEAP; type <= TRACE_RECORD_WASM_UNWATCHED; type++) {
		struct recording *recording;
		struct maker maker;

		inside_begin(&maker);
		maker_record(&maker, (enum trace_record_type)type, 9, "12345678", 8, "");
		recording = inside_finish(&maker, NULL, NULL, 0);
		ck_assert_uint_eq(recording->finding_count, 1);
		ck_assert_uint_eq(recording->processes[0].wasm_told_count + recording->processes[0].wasm_refused_count +
		                  recording->processes[0].wasm_unwatched_count, 0);
		recording_close(recording);
	}
}
END_TEST

SUITE_MAIN("wasm_heap", apart_from_the_heap, two_threads, memory_dies, let_go_at_the_end, mistaken, stray, leak_instant,
	   collected, refuted, refuted_alone, records, damaged_records)
