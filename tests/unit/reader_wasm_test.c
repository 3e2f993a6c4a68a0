/* reader_wasm_test.c: linear memories among a process's mappings, and what only looks like one. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "reader_check.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/recording.h"

#define GIB (1ull << 30)
#define PAGE 65536ull
#define SURPLUS 61440ull
#define AT 0x7f0000000000ull
#define RW (PROT_READ | PROT_WRITE)
#define V8 (TRACE_MAP_ANONYMOUS | TRACE_MAP_RUNTIME)

/* Nodes: JavaScript that makes a memory and grows it in two places, and V8's own functions below. */
enum { MAIN = TRACE_FIRST_NODE, MAKES, GROWS, GROWS_TOO, MAKER, MAPS, OPENS, GROWER, GROWER_TOO, NATIVE };

static void maker_tree(struct maker *maker)
{
	const struct trace_module v8 = {.start = 0x400000, .end = 0x500000};
	const struct trace_module addon = {.start = 0x600000, .end = 0x700000};

	maker_record(maker, TRACE_RECORD_MODULE, 1, &v8, sizeof v8, "/bin/node");
	maker_record(maker, TRACE_RECORD_MODULE, 1, &addon, sizeof addon, "addon.node");
	maker_node(maker, TRACE_STACK_ROOT, 0x401000);      /* MAIN */
	maker_node(maker, MAIN, 0x7e0000001000);            /* MAKES, JavaScript */
	maker_node(maker, MAIN, 0x7e0000002000);            /* GROWS */
	maker_node(maker, MAIN, 0x7e0000003000);            /* GROWS_TOO */
	maker_node(maker, MAKES, 0x402000);                 /* MAKER */
	maker_node(maker, MAKER, 0x403000);                 /* MAPS */
	maker_node(maker, MAKER, 0x404000);                 /* OPENS */
	maker_node(maker, GROWS, 0x404000);                 /* GROWER */
	maker_node(maker, GROWS_TOO, 0x404000);             /* GROWER_TOO */
	maker_node(maker, MAKES, 0x601000);                 /* NATIVE */
}

static struct recording *read_streams(const struct trace_event *const *events, const size_t *counts, size_t streams,
                                      uint64_t ending)
{
	struct recording *recording;
	struct maker maker;

	maker_init(&maker, 100, 0);
	maker_header(&maker)->ending_tick = ending;
	maker_tree(&maker);
	for (uint32_t i = 0; i < streams; i++)
		for (size_t first = 0; first < counts[i]; first += TRACE_CHUNK_EVENTS) {
			size_t count = counts[i] - first < TRACE_CHUNK_EVENTS ? counts[i] - first : TRACE_CHUNK_EVENTS;

			maker_chunk(&maker, i, first, events[i] + first, count, TRACE_CODEC_ZSTD);
		}
	recording = maker_open(&maker, 1);
	maker_free(&maker);
	ck_assert_uint_eq(recording->finding_count, 0);
	return recording;
}

static struct recording *read_events(const struct trace_event *events, size_t count)
{
	return read_streams(&events, &count, 1, 0);
}

#define READ(events) read_events((events), LENGTH(events))
#define EMPTY(recording) ck_assert_uint_eq((recording)->processes[0].wasm_memory_count, 0)

static struct trace_event map(uint64_t tick, uint64_t at, uint64_t size)
{
	return event_make(TRACE_EVENT_MAP, tick, at, size, MAPS, PROT_NONE, V8);
}

static struct trace_event unmap(uint64_t tick, uint64_t at, uint64_t size)
{
	return event_make(TRACE_EVENT_UNMAP, tick, at, size, 0, 0, 0);
}

static struct trace_event protect(uint64_t tick, uint64_t at, uint64_t pages, uint32_t stack)
{
	return event_make(TRACE_EVENT_PROTECT, tick, at, pages * PAGE, stack, RW, 0);
}

static void check(const struct recording *recording, size_t index, uint64_t base, uint64_t initial, uint64_t pages,
                  uint64_t grows)
{
	const struct process_info *process = &recording->processes[0];
	const struct wasm_memory *memory = &process->wasm_memories[index];

	ck_assert_uint_lt(index, process->wasm_memory_count);
	ck_assert_uint_eq(memory->id, index + 1);
	ck_assert_uint_eq(memory->base, base);
	ck_assert_uint_eq(memory->initial_bytes, initial * PAGE);
	ck_assert_uint_eq(memory->bytes, pages * PAGE);
	ck_assert_uint_eq(memory->grows, grows);
	ck_assert_uint_eq(memory->step_count, grows);
}

static void check_site(const struct recording *recording, uint32_t stack, uint64_t allocs, uint64_t frees,
                       uint64_t pages)
{
	const struct process_info *process = &recording->processes[0];

	for (size_t i = 0; i < process->site_count; i++)
		if (process->sites[i].domain == DOMAIN_WASM_MEMORY && process->sites[i].stack.index == stack) {
			ck_assert_uint_eq(process->sites[i].allocs, allocs);
			ck_assert_uint_eq(process->sites[i].frees, frees);
			ck_assert_uint_eq(process->sites[i].live_bytes, pages * PAGE);
			return;
		}
	ck_assert_uint_eq(allocs, 0);
}

/* As in node 22: the base lies 2 GiB in, and the surplus is before the start. */
START_TEST(guarded)
{
	uint64_t start = AT + SURPLUS + 4096, base = start + 2 * GIB;
	struct trace_event events[] = {
		map(1, start - SURPLUS, 10 * GIB + SURPLUS), unmap(2, start - SURPLUS, SURPLUS),
		protect(3, base, 2, OPENS), protect(4, base, 3, GROWER), protect(5, base, 8, GROWER_TOO),
		protect(6, base, 9, GROWER),
	};
	struct recording *recording = READ(events);
	const struct wasm_memory *memory = recording->processes[0].wasm_memories;

	check(recording, 0, base, 2, 9, 3);
	ck_assert_uint_eq(memory->stack.index, MAPS);
	ck_assert_uint_eq(memory->born, 1);
	ck_assert_uint_eq(memory->died, UINT64_MAX);
	ck_assert_uint_eq(memory->growth_count, 2);
	ck_assert_uint_eq(memory->growth[0].stack.index, GROWER_TOO);
	ck_assert_uint_eq(memory->growth[0].bytes, 5 * PAGE);
	ck_assert_uint_eq(memory->growth[1].stack.index, GROWER);
	ck_assert_uint_eq(memory->growth[1].grows, 2);
	ck_assert_uint_eq(memory->growth[1].bytes, 2 * PAGE);
	ck_assert_uint_eq(memory->steps[1].tick, 5);
	ck_assert_uint_eq(memory->steps[1].bytes, 5 * PAGE);
	ck_assert_int_eq(memory->shared, KNOWN_NOT);
	check_site(recording, MAPS, 1, 0, 2);
	check_site(recording, GROWER, 2, 0, 2);
	check_site(recording, GROWER_TOO, 1, 0, 5);
	recording_close(recording);
}
END_TEST

/* As in node 24, and where there are no trap handlers: surplus at both ends; it dies on another thread. */
START_TEST(dies)
{
	uint64_t start = AT + PAGE;
	struct trace_event events[] = {
		map(1, start - 4096, 100 * PAGE + SURPLUS), unmap(2, start - 4096, 4096),
		unmap(3, start + 100 * PAGE, SURPLUS - 4096), protect(4, start, 1, OPENS), protect(5, start, 4, GROWER),
	};
	struct trace_event other[] = {unmap(6, start, 100 * PAGE)};
	struct recording *recording = read_streams((const struct trace_event *[]){events, other},
	                                           (size_t[]){LENGTH(events), 1}, 2, 0);

	check(recording, 0, start, 1, 4, 1);
	ck_assert_uint_eq(recording->processes[0].wasm_memories[0].died, 6);
	check_site(recording, MAPS, 1, 1, 0);
	check_site(recording, GROWER, 1, 1, 0);
	recording_close(recording);
	/* What goes after the leak instant was alive. */
	recording = read_streams((const struct trace_event *[]){events, other}, (size_t[]){LENGTH(events), 1}, 2, 5);
	check(recording, 0, start, 1, 4, 1);
	ck_assert_uint_eq(recording->processes[0].wasm_memories[0].died, UINT64_MAX);
	check_site(recording, GROWER, 1, 0, 3);
	recording_close(recording);
}
END_TEST

/* No initial page: what comes first is a growth, also right after the birth and on the same thread. */
START_TEST(begins_empty)
{
	uint64_t size = 8 * GIB;
	struct trace_event events[] = {
		map(1, AT, size + SURPLUS), unmap(2, AT + size, SURPLUS), protect(3, AT, 3, GROWER),
		protect(4, AT, 4, GROWER),
	};
	struct trace_event never[] = {map(1, AT, 10 * GIB + SURPLUS), unmap(2, AT + 10 * GIB, SURPLUS)};
	struct recording *recording = READ(events);

	check(recording, 0, AT, 0, 4, 2);
	check_site(recording, MAPS, 1, 0, 0);
	check_site(recording, GROWER, 2, 0, 4);
	recording_close(recording);
	recording = READ(never);
	check(recording, 0, AT + 2 * GIB, 0, 0, 0);
	recording_close(recording);
}
END_TEST

/* Growth by another thread; one that came too late calls mprotect for what is there. */
START_TEST(grown_by_two_threads)
{
	struct trace_event first[] = {
		map(1, AT, 8 * GIB + SURPLUS), unmap(2, AT + 8 * GIB, SURPLUS), protect(3, AT, 1, OPENS),
		protect(10, AT, 2, GROWER), protect(14, AT, 4, GROWER),
	};
	struct trace_event second[] = {
		protect(11, AT, 2, GROWER_TOO), protect(12, AT, 3, GROWER_TOO), protect(15, AT, 3, GROWER_TOO),
	};
	struct recording *recording = read_streams((const struct trace_event *[]){first, second},
	                                           (size_t[]){LENGTH(first), LENGTH(second)}, 2, 0);
	const struct wasm_step *steps = recording->processes[0].wasm_memories[0].steps;

	check(recording, 0, AT, 1, 4, 3);
	ck_assert_uint_eq(steps[0].stream.index, 0);
	ck_assert_uint_eq(steps[1].stream.index, 1);
	ck_assert_uint_eq(steps[2].stream.index, 0);
	recording_close(recording);
}
END_TEST

START_TEST(several)
{
	struct trace_event events[20 + 10];
	struct recording *recording;
	size_t count = 0;

	for (uint64_t i = 0; i < 5; i++) { /* downwards, as the kernel gives addresses */
		uint64_t start = AT - i * 16 * GIB;

		events[count++] = map(10 * i + 1, start, 8 * GIB + SURPLUS);
		events[count++] = unmap(10 * i + 2, start + 8 * GIB, SURPLUS);
		events[count++] = protect(10 * i + 3, start, i + 1, OPENS);
	}
	for (uint64_t i = 0; i < 5; i++)
		events[count++] = protect(100 + i, AT - i * 16 * GIB, i + 3, GROWER);
	events[count++] = unmap(200, AT - 2 * 16 * GIB, 8 * GIB);
	/* Another where that one was, whose own end nobody saw. */
	events[count++] = map(201, AT - 3 * 16 * GIB, 8 * GIB + SURPLUS);
	events[count++] = unmap(202, AT - 3 * 16 * GIB + 8 * GIB, SURPLUS);
	events[count++] = protect(203, AT - 3 * 16 * GIB, 1, OPENS);
	recording = read_events(events, count);
	for (uint64_t i = 0; i < 5; i++) {
		const uint64_t died[5] = {UINT64_MAX, UINT64_MAX, 200, 201, UINT64_MAX};

		check(recording, i, AT - i * 16 * GIB, i + 1, i + 3, 1);
		ck_assert_uint_eq(recording->processes[0].wasm_memories[i].died, died[i]);
	}
	check(recording, 5, AT - 3 * 16 * GIB, 1, 1, 0);
	check_site(recording, MAPS, 6, 2, 1 + 2 + 5 + 1);
	check_site(recording, GROWER, 5, 2, 6);
	recording_close(recording);
}
END_TEST

START_TEST(lookalikes)
{
	uint64_t heap = AT + SURPLUS;
	struct trace_event buffer[] = { /* a resizable ArrayBuffer of that very size */
		map(1, AT, 10 * GIB + SURPLUS), protect(2, AT, 1, OPENS), protect(3, AT, 2, GROWER),
		unmap(4, AT, 10 * GIB + SURPLUS),
	};
	struct trace_event page[] = { /* a page of V8's heap, with its surplus of 258048 at the end, or at both */
		map(1, AT, 262144 + 258048), unmap(2, AT + 262144, 258048), protect(3, AT, 4, OPENS),
		map(4, heap - SURPLUS, 262144 + 258048), unmap(5, heap - SURPLUS, SURPLUS),
		unmap(6, heap + 262144, 258048 - SURPLUS), protect(7, heap, 4, OPENS),
	};
	struct trace_event native[] = { /* somebody else's calls, or V8's before there was an isolate */
		map(1, AT, 10 * GIB + SURPLUS), unmap(2, AT + 10 * GIB, SURPLUS), protect(3, AT + 2 * GIB, 1, NATIVE),
	};
	struct trace_event accessible[] = {
		map(1, AT, 8 * GIB + SURPLUS), unmap(2, AT + 8 * GIB, SURPLUS), protect(3, AT, 1, OPENS),
	};
	struct recording *recording;

	recording = READ(buffer);
	EMPTY(recording);
	recording_close(recording);
	recording = READ(page);
	EMPTY(recording);
	recording_close(recording);
	native[0].extra = TRACE_MAP_ANONYMOUS;
	recording = READ(native);
	EMPTY(recording);
	recording_close(recording);
	accessible[0].detail = RW;
	recording = READ(accessible);
	EMPTY(recording);
	recording_close(recording);
	accessible[0].detail = PROT_NONE;
	accessible[1].size -= 4096; /* not all of the surplus */
	recording = READ(accessible);
	EMPTY(recording);
	recording_close(recording);
}
END_TEST

/* What native code does to a memory of V8's is not V8's growth. */
START_TEST(others_touch_it)
{
	struct trace_event events[] = {
		map(1, AT, 8 * GIB + SURPLUS), unmap(2, AT + 8 * GIB, SURPLUS), protect(3, AT, 4, OPENS),
		protect(4, AT, 9, NATIVE), protect(5, AT + PAGE, 9, GROWER), unmap(6, AT, PAGE),
		event_make(TRACE_EVENT_PROTECT, 7, AT, 20 * PAGE, GROWER, PROT_READ, 0),
		event_make(TRACE_EVENT_PROTECT, 8, AT, 20 * PAGE + 4096, GROWER, RW, 0),
		event_make(TRACE_EVENT_PROTECT, 9, AT, 9 * GIB, GROWER, RW, 0),
		event_make(TRACE_EVENT_MAP, 10, AT, PAGE, NATIVE, RW, TRACE_MAP_SHARED), /* a file mapped into it */
	};
	struct recording *recording = READ(events);

	check(recording, 0, AT, 4, 4, 0);
	ck_assert_uint_eq(recording->processes[0].wasm_memories[0].died, UINT64_MAX);
	recording_close(recording);
}
END_TEST

/* From mark to mark, as a site; one that is gone has no trend. */
START_TEST(trend)
{
	enum { MARKS = 20 };
	struct trace_event events[5 + MARKS];
	struct recording *recording;
	struct maker maker;
	size_t count = 0;

	maker_init(&maker, 100, 0);
	maker_tree(&maker);
	events[count++] = map(1, AT, 8 * GIB + SURPLUS);
	events[count++] = unmap(2, AT + 8 * GIB, SURPLUS);
	events[count++] = protect(3, AT, 10, OPENS);
	events[count++] = map(4, AT - 9 * GIB, 8 * GIB + SURPLUS);
	events[count++] = unmap(5, AT - GIB, SURPLUS);
	for (uint64_t i = 0; i < MARKS; i++) {
		maker_record(&maker, TRACE_RECORD_MARK, 1000 * i + 500, NULL, 0, "round");
		events[count++] = protect(1000 * (i + 1), AT, 10 + 3 * (i + 1), GROWER);
	}
	maker_chunk(&maker, 0, 0, events, count, TRACE_CODEC_ZSTD);
	recording = maker_open(&maker, 1);
	maker_free(&maker);
	check(recording, 0, AT, 10, 10 + 3 * MARKS, MARKS);
	ck_assert_int_eq(recording->processes[0].wasm_memories[0].trend.trend, TREND_GROWING);
	ck_assert_double_eq(recording->processes[0].wasm_memories[0].trend.bytes_per_mark, 3.0 * PAGE);
	ck_assert_int_ne(recording->processes[0].wasm_memories[1].trend.trend, TREND_GROWING);
	for (size_t i = 0; i < recording->processes[0].site_count; i++) {
		const struct site *site = &recording->processes[0].sites[i];

		if (site->domain == DOMAIN_WASM_MEMORY && site->stack.index == GROWER) {
			ck_assert_int_eq(site->growth.trend, TREND_GROWING);
			ck_assert_double_eq(site->growth.bytes_per_mark, 3.0 * PAGE);
		}
	}
	recording_close(recording);
}
END_TEST

/* A program that makes and drops memories without end: those that are gone are kept up to a limit. */
START_TEST(bounded)
{
	enum { MEMORIES = 20000 };
	struct trace_event *events = calloc(4 * MEMORIES, sizeof *events);
	const struct process_info *process;
	struct recording *recording;
	size_t count = 0;

	for (uint64_t i = 0; i < MEMORIES; i++) {
		events[count++] = map(10 * i + 1, AT, 8 * GIB + SURPLUS);
		events[count++] = unmap(10 * i + 2, AT + 8 * GIB, SURPLUS);
		events[count++] = protect(10 * i + 3, AT, 1, OPENS);
		if (i + 1 < MEMORIES)
			events[count++] = unmap(10 * i + 4, AT, 8 * GIB);
	}
	recording = read_events(events, count);
	process = &recording->processes[0];
	ck_assert_uint_lt(process->wasm_memory_count, MEMORIES);
	ck_assert_uint_eq(process->wasm_memory_count + process->wasm_memories_left_off, MEMORIES);
	ck_assert_uint_eq(process->wasm_memories[process->wasm_memory_count - 1].id, MEMORIES);
	check_site(recording, MAPS, MEMORIES, MEMORIES - 1, 1);
	recording_close(recording);
	free(events);
}
END_TEST

/* Of those that are gone and grew, the growths are kept up to a limit, and their sums and their trend beyond it. */
START_TEST(bounded_steps)
{
	enum { MEMORIES = 5000, GROWTHS = 60, MARKS = 12 };
	const uint64_t tick = 1000 * MEMORIES;
	struct trace_event *events = calloc((GROWTHS + 4) * (MEMORIES + 1), sizeof *events);
	const struct wasm_memory *memory;
	struct recording *recording;
	struct maker maker;
	size_t count = 0, steps = 0;

	for (uint64_t i = 0; i <= MEMORIES; i++) {
		uint64_t last = i == MEMORIES, start = 1000 * i;

		events[count++] = map(start + 1, AT, 8 * GIB + SURPLUS);
		events[count++] = unmap(start + 2, AT + 8 * GIB, SURPLUS);
		events[count++] = protect(start + 3, AT, 1, OPENS);
		for (uint64_t growth = 0; growth < (last ? MARKS : GROWTHS); growth++)
			events[count++] = protect(start + 10 + 10 * growth, AT, 2 + growth, growth % 2 ? GROWER : GROWER_TOO);
		events[count++] = unmap(start + 900, AT, 8 * GIB);
	}
	maker_init(&maker, 100, 0);
	maker_header(&maker)->ending_tick = tick + 950;
	maker_tree(&maker);
	for (uint64_t i = 0; i < MARKS; i++)
		maker_record(&maker, TRACE_RECORD_MARK, tick + 15 + 10 * i, NULL, 0, "round");
	for (size_t first = 0; first < count; first += TRACE_CHUNK_EVENTS)
		maker_chunk(&maker, 0, first, events + first,
		            count - first < TRACE_CHUNK_EVENTS ? count - first : TRACE_CHUNK_EVENTS, TRACE_CODEC_ZSTD);
	recording = maker_open(&maker, 1);
	maker_free(&maker);
	ck_assert_uint_eq(recording->processes[0].wasm_memory_count, MEMORIES + 1);
	for (size_t i = 0; i < MEMORIES; i++) {
		memory = &recording->processes[0].wasm_memories[i];
		ck_assert_uint_eq(memory->grows, GROWTHS);
		ck_assert_uint_eq(memory->growth_count, 2);
		ck_assert_uint_eq(memory->growth[0].bytes + memory->growth[1].bytes, GROWTHS * PAGE);
		ck_assert(memory->step_count == GROWTHS || memory->step_count == 0);
		steps += memory->step_count;
	}
	ck_assert_uint_gt(steps, 0);
	ck_assert_uint_lt(steps, MEMORIES * GROWTHS);
	ck_assert_ptr_null(memory->steps);
	memory = &recording->processes[0].wasm_memories[MEMORIES];
	ck_assert_uint_eq(memory->grows, MARKS);
	ck_assert_int_eq(memory->trend.trend, TREND_GROWING);
	ck_assert_double_eq_tol(memory->trend.bytes_per_mark, PAGE, 1);
	check_site(recording, MAPS, MEMORIES + 1, MEMORIES + 1, 0);
	recording_close(recording);
	free(events);
}
END_TEST

SUITE_MAIN("wasm", guarded, dies, begins_empty, grown_by_two_threads, several, lookalikes, others_touch_it, trend,
	   bounded, bounded_steps)
