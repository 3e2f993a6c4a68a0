/* reader_wasm_parts_test.c: what the bytes of a linear memory are. */
#include <stdint.h>
#include <string.h>

#include "reader_check.h"
#include "reader_inside.h"
#include "suite.h"
#include "trace/recording.h"

/* As wasi-libc's dlmalloc lays them out: data, stack, heap; a hole of one freed block, and one above them all. */
START_TEST(parts_of_dlmalloc)
{
	const struct trace_wasm_heap told = {
		.base = AT, .data_bytes = 3000, .data_end = 4096, .stack_top = 70000, .heap_base = 70000,
	};
	struct trace_event events[16];
	size_t count = inside_memory(events, 1, AT, 2);
	const struct wasm_parts *parts;
	struct recording *recording;
	struct maker maker;

	events[count++] = inside_born(10, AT + 70008, 1, ONE);      /* a chunk of 16 bytes: to 70020 */
	events[count++] = inside_born(11, AT + 70024, 20, ONE);     /* 24: to 70044 */
	events[count++] = inside_born(12, AT + 70048, 100, OTHER);  /* 104: to 70148, and freed */
	events[count++] = inside_born(13, AT + 70152, 13, ONE);     /* 24: to 70172 */
	events[count++] = inside_born(14, AT + 70176, 1000, OTHER); /* freed: up to 71176 */
	events[count++] = inside_dies(15, AT + 70048);
	events[count++] = inside_dies(16, AT + 70176);
	inside_begin(&maker);
	inside_told(&maker, 9, told, "");
	recording = inside_finish_one(&maker, events, count);
	parts = &inside_heap(recording, 0)->parts;
	ck_assert_int_eq(parts->layout, WASM_LAYOUT_DLMALLOC);
	ck_assert(parts->heap_known && parts->stack_known);
	ck_assert_uint_eq(parts->static_bytes, 4096);
	ck_assert_uint_eq(parts->stack_bytes, 70000 - 4096);
	ck_assert_uint_eq(parts->live_bytes, 34);
	ck_assert_uint_eq(parts->overhead_bytes, 4 + 64 - 34); /* the four bytes below the first chunk, too */
	ck_assert_uint_eq(parts->free_bytes, 104 + 1004);
	ck_assert_uint_eq(parts->unused_bytes, 2 * PAGE - 71176);
	ck_assert_uint_eq(parts->unattributed_bytes, 0);
	inside_check_sum(recording, 0);
	recording_close(recording);
}
END_TEST

/* As in Rust: the stack first; the heap begins behind the first pages, where nothing else is told. */
START_TEST(parts_of_rust)
{
	struct trace_event events[8];
	size_t count = inside_memory(events, 1, AT, 2);
	const struct wasm_parts *parts;
	struct recording *recording;
	struct maker maker;

	events[count++] = event_make(TRACE_EVENT_PROTECT, 8, AT, 3 * PAGE, MAPS, RW, 0);
	events[count++] = inside_born(10, AT + 2 * PAGE + 8, 4, ONE);
	inside_begin(&maker);
	inside_told(&maker, 9, (struct trace_wasm_heap){
		.base = AT, .data_bytes = 700, .data_end = 66700, .stack_top = PAGE}, inside_rust);
	recording = inside_finish_one(&maker, events, count);
	parts = &inside_heap(recording, 0)->parts;
	ck_assert_int_eq(parts->layout, WASM_LAYOUT_DLMALLOC); /* as its names say */
	ck_assert(!parts->heap_known && parts->stack_known);
	ck_assert_uint_eq(parts->stack_bytes, PAGE);
	ck_assert_uint_eq(parts->static_bytes, PAGE);
	ck_assert_uint_eq(parts->live_bytes, 4);
	ck_assert_uint_eq(parts->overhead_bytes, 4 + 12);
	ck_assert_uint_eq(parts->unused_bytes, PAGE - 20);
	inside_check_sum(recording, 0);
	recording_close(recording);
}
END_TEST

/* Neighbours tell other layouts; where none fits, small gaps are what the allocator adds. */
START_TEST(parts_of_others)
{
	static const struct { enum wasm_layout layout; uint64_t first, size, step; const char *text; } kinds[] = {
		{WASM_LAYOUT_EMMALLOC, 4, 25, 40, inside_rust},
		{WASM_LAYOUT_DLMALLOC, 4, 13, 32, "its names\nmalloc\t2\tdlmalloc\tits name\n"}, /* wasi-libc's */
		{WASM_LAYOUT_TLSF, 4, 13, 32, "its names\nallocateBlock\t1\t~lib/rt/tlsf/allocateBlock\tits name\n"},
		{WASM_LAYOUT_UNKNOWN, 16, 40, 65, ""},
	};

	for (size_t i = 0; i < LENGTH(kinds); i++) {
		struct trace_event events[16];
		size_t count = inside_memory(events, 1, AT, 2);
		const struct wasm_parts *parts;
		struct recording *recording;
		struct maker maker;

		for (uint64_t n = 0; n < 8; n++)
			if (n != 5)
				events[count++] = inside_born(10 + n, AT + 1024 + kinds[i].first + n * kinds[i].step,
				                       kinds[i].size, ONE);
		inside_begin(&maker);
		inside_told(&maker, 9, (struct trace_wasm_heap){.base = AT}, kinds[i].text);
		recording = inside_finish_one(&maker, events, count);
		parts = &inside_heap(recording, 0)->parts;
		ck_assert_int_eq(parts->layout, kinds[i].layout);
		ck_assert_uint_eq(parts->live_bytes, 7 * kinds[i].size);
		if (kinds[i].layout != WASM_LAYOUT_UNKNOWN) {
			ck_assert_uint_eq(parts->overhead_bytes, 7 * (kinds[i].step - kinds[i].size));
			ck_assert_uint_eq(parts->free_bytes, kinds[i].step);
		} else {
			ck_assert_uint_eq(parts->overhead_bytes, 5 * 25);
			ck_assert_uint_eq(parts->free_bytes, 25 + 65);
		}
		inside_check_sum(recording, 0);
		recording_close(recording);
	}
}
END_TEST

/* Blocks that lie within others, or outside of the memory: told, and no byte counts twice. */
START_TEST(parts_that_cannot_be)
{
	struct trace_event events[12];
	size_t count = inside_memory(events, 1, AT, 2);
	struct recording *recording;
	const struct wasm_heap *heap;
	struct maker maker;

	events[count++] = inside_born(10, AT + 1000, 1000, ONE);
	events[count++] = inside_born(11, AT + 1500, 100, ONE);
	events[count++] = inside_born(12, AT + 1900, 200, ONE);
	events[count++] = inside_born(13, AT + 2 * PAGE - 10, 20, ONE);
	events[count++] = inside_born(14, AT + 5 * PAGE, UINT64_MAX, ONE);
	inside_begin(&maker);
	inside_told(&maker, 9, (struct trace_wasm_heap){.base = AT, .data_bytes = UINT64_MAX, .data_end = UINT64_MAX,
	           .heap_base = UINT64_MAX, .stack_top = UINT64_MAX}, "");
	recording = inside_finish_one(&maker, events, count);
	heap = inside_heap(recording, 0);
	ck_assert_uint_eq(heap->overlapping, 2);
	ck_assert_uint_eq(heap->outside, 2);
	ck_assert_uint_eq(heap->parts.live_bytes, 1100 + 10);
	inside_check_sum(recording, 0);
	recording_close(recording);
}
END_TEST

SUITE_MAIN("wasm_parts", parts_of_dlmalloc, parts_of_rust, parts_of_others, parts_that_cannot_be)
