/* reader_maps_test.c: the domain `map`, by rule and against one flag a page. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "reader_check.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/recording.h"

#define PAGE 4096ull
#define BASE 0x7f0000000000ull
#define AT(page) (BASE + PAGE * (page))
#define RW (PROT_READ | PROT_WRITE)
#define ANY TRACE_MAP_ANONYMOUS

static struct recording *read_events(const struct trace_event *events, size_t count, uint64_t findings)
{
	struct recording *recording;
	struct maker maker;

	maker_init(&maker, 100, 0);
	for (uint64_t i = 0; i < 8; i++)
		maker_node(&maker, TRACE_STACK_ROOT, 0x401000 + 16 * i);
	maker_chunk(&maker, 0, 0, events, count, TRACE_CODEC_ZSTD);
	recording = maker_open(&maker, 1);
	maker_free(&maker);
	ck_assert_uint_eq(recording->finding_count, findings);
	return recording;
}

#define READ(events) read_events((events), LENGTH(events), 0)

static void check(const struct recording *recording, uint32_t stack, uint64_t allocs, uint64_t frees, uint64_t pages)
{
	const struct process_info *process = &recording->processes[0];

	for (size_t i = 0; i < process->site_count; i++)
		if (process->sites[i].domain == DOMAIN_MAP && process->sites[i].stack.index == stack) {
			ck_assert_uint_eq(process->sites[i].allocs, allocs);
			ck_assert_uint_eq(process->sites[i].frees, frees);
			ck_assert_uint_eq(process->sites[i].live_blocks, allocs - frees);
			ck_assert_uint_eq(process->sites[i].live_bytes, pages * PAGE);
			return;
		}
	ck_assert_uint_eq(allocs, 0);
}

static struct trace_event map(uint64_t tick, uint64_t page, uint64_t pages, uint32_t stack, unsigned prot)
{
	return event_make(TRACE_EVENT_MAP, tick, AT(page), PAGE * pages, stack, prot, ANY);
}

static struct trace_event unmap(uint64_t tick, uint64_t page, uint64_t pages)
{
	return event_make(TRACE_EVENT_UNMAP, tick, AT(page), PAGE * pages, 0, 0, 0);
}

static struct trace_event protect(uint64_t tick, uint64_t page, uint64_t pages, uint32_t stack, unsigned prot)
{
	return event_make(TRACE_EVENT_PROTECT, tick, AT(page), PAGE * pages, stack, prot, 0);
}

START_TEST(pieces)
{
	struct trace_event events[] = {
		map(1, 0, 10, 4, RW), unmap(2, 3, 2), /* a hole in it */
		map(3, 20, 5, 4, RW), unmap(4, 18, 9), /* all of it, and around */
		event_make(TRACE_EVENT_MAP, 5, AT(40), 100, 5, RW, ANY), /* 100 bytes are a page */
		event_make(TRACE_EVENT_UNMAP, 6, AT(0), 1, 0, 0, 0), /* 1 byte is one, too */
		unmap(7, 100, 1), /* never seen */
	};
	struct recording *recording = READ(events);

	check(recording, 4, 2, 1, 7);
	check(recording, 5, 1, 0, 1);
	ck_assert_uint_eq(recording->processes[0].totals.allocs, 0); /* totals are the heap's */
	recording_close(recording);
}
END_TEST

/* As a wasm memory: reserved, opened, grown by asking for the new total, freed. */
START_TEST(reservation)
{
	struct trace_event events[] = {
		map(1, 0, 1000, 4, PROT_NONE), protect(2, 100, 10, 5, RW), protect(3, 100, 12, 6, RW),
		protect(4, 100, 12, 6, PROT_READ), protect(5, 100, 15, 6, RW),
		event_make(TRACE_EVENT_ADVISE, 6, AT(100), PAGE * 10, 0, 0, MADV_DONTNEED),
	};
	struct trace_event freed[] = {events[0], events[1], events[2], events[4], unmap(6, 0, 1000)};
	struct trace_event closed[] = {events[0], events[1], protect(7, 0, 105, 7, PROT_NONE)};
	struct recording *recording = READ(events);

	check(recording, 4, 0, 0, 0);
	check(recording, 5, 1, 0, 10);
	check(recording, 6, 2, 0, 5);
	recording_close(recording);
	recording = READ(freed);
	check(recording, 5, 1, 1, 0);
	check(recording, 6, 2, 2, 0);
	recording_close(recording);
	recording = READ(closed);
	check(recording, 5, 1, 0, 5);
	recording_close(recording);
}
END_TEST

START_TEST(replaced)
{
	struct trace_event events[] = {map(1, 0, 10, 4, RW), map(2, 2, 3, 5, RW), map(3, 8, 4, 6, PROT_NONE)};
	struct recording *recording = READ(events);

	check(recording, 4, 1, 0, 5);
	check(recording, 5, 1, 0, 3);
	check(recording, 6, 0, 0, 0);
	recording_close(recording);
}
END_TEST

START_TEST(moved)
{
	struct trace_event events[] = {
		map(1, 0, 10, 4, RW), event_make(TRACE_EVENT_REMAP_OUT, 2, AT(0), 10 * PAGE, 0, 0, 0),
		event_make(TRACE_EVENT_REMAP_IN, 3, AT(100), 20 * PAGE, 5, 0, 0),
		map(4, 200, 10, 4, PROT_NONE), event_make(TRACE_EVENT_REMAP_OUT, 5, AT(200), 10 * PAGE, 0, 0, 0),
		event_make(TRACE_EVENT_REMAP_IN, 6, AT(300), 20 * PAGE, 6, 0, 0), protect(7, 300, 20, 7, RW),
	};
	struct recording *recording = READ(events);

	check(recording, 4, 1, 1, 0);
	check(recording, 5, 1, 0, 20);
	check(recording, 6, 0, 0, 0); /* the reservation stayed one */
	check(recording, 7, 1, 0, 20);
	recording_close(recording);
}
END_TEST

START_TEST(break_moves)
{
	struct trace_event events[] = {
		event_make(TRACE_EVENT_BREAK, 1, 0x1000000 + 5000, 0x1000000, 4, 0, 0),
		event_make(TRACE_EVENT_BREAK, 2, 0x1000000 + 9000, 0x1000000 + 5000, 5, 0, 0),
		event_make(TRACE_EVENT_BREAK, 3, 0x1000000 + 4096, 0x1000000 + 9000, 5, 0, 0),
	};
	struct recording *recording = READ(events);

	check(recording, 4, 1, 0, 1);
	check(recording, 5, 1, 1, 0);
	recording_close(recording);
}
END_TEST

/* Ranges that cannot be are counted, and change nothing. */
START_TEST(impossible)
{
	struct trace_event events[] = {
		map(1, 0, 1, 4, RW), event_make(TRACE_EVENT_MAP, 2, AT(1) + 1, PAGE, 4, RW, ANY),
		event_make(TRACE_EVENT_MAP, 3, AT(1), ~0ull, 4, RW, ANY),
		event_make(TRACE_EVENT_UNMAP, 4, ~0xfffull, 2 * PAGE, 0, 0, 0),
		event_make(TRACE_EVENT_REMAP_IN, 5, ~0xfffull, PAGE, 4, 0, 0),
		event_make(TRACE_EVENT_MAP, 6, AT(1), 1ull << 52, 4, RW, ANY), /* larger than any address space */
		event_make(TRACE_EVENT_BREAK, 7, 1ull << 52, AT(9), 4, 0, 0),
	};
	struct recording *recording = read_events(events, LENGTH(events), 1);

	check(recording, 4, 1, 0, 1);
	ck_assert_str_eq(recording->findings[0].kind, "damage");
	ck_assert_uint_eq(recording->findings[0].count, 6);
	recording_close(recording);
}
END_TEST

/* Random calls, against an array that says of each page whose it is. */
START_TEST(random_calls)
{
	enum { EVENTS = 20000, PAGES = 300, SITES = 8, UNMAPPED = 0, CLOSED = 1 };
	static struct trace_event events[EVENTS];
	uint64_t state = 0x853c49e6748fea9b;
	uint32_t pages[PAGES] = {0};
	struct recording *recording;

	for (uint64_t i = 0; i < EVENTS; i++) {
		uint64_t from = next_random(&state) % PAGES, count = 1 + next_random(&state) % 40;
		uint32_t stack = TRACE_FIRST_NODE + (uint32_t)(next_random(&state) % SITES);
		unsigned prot = next_random(&state) % 2 ? RW : PROT_NONE;

		if (from + count > PAGES)
			count = PAGES - from;
		switch (next_random(&state) % 4) {
		case 0:
			events[i] = map(10 + i, from, count, stack, prot);
			for (uint64_t page = from; page < from + count; page++)
				pages[page] = prot ? stack : CLOSED;
			break;
		case 1:
			events[i] = unmap(10 + i, from, count);
			memset(pages + from, 0, count * sizeof *pages);
			break;
		default:
			events[i] = protect(10 + i, from, count, stack, prot);
			for (uint64_t page = from; page < from + count; page++)
				if (pages[page] != UNMAPPED && !prot)
					pages[page] = CLOSED;
				else if (pages[page] == CLOSED && prot)
					pages[page] = stack;
		}
	}
	recording = READ(events);
	for (uint32_t site = 0; site < recording->processes[0].site_count; site++) {
		const struct site *found = &recording->processes[0].sites[site];
		uint64_t bytes = 0;

		for (size_t page = 0; page < PAGES; page++)
			bytes += pages[page] == found->stack.index ? PAGE : 0;
		ck_assert_uint_eq(found->live_bytes, bytes);
		ck_assert_int_eq(found->live_blocks > 0, bytes > 0);
	}
	ck_assert_uint_eq(recording->processes[0].site_count, SITES);
	recording_close(recording);
}
END_TEST

SUITE_MAIN("maps", pieces, reservation, replaced, moved, break_moves, impossible, random_calls)
