/* reader_match_test.c: each rule of matching births and deaths. Ticks are nanoseconds. */
#include <stdint.h>
#include <string.h>

#include "reader_check.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/recording.h"

#define A 0x7f0000001000
#define B 0x7f0000002000
#define C 0x7f0000003000
#define SKEW 10000u /* clocks may differ by as much */

/* One process with nodes 4 and 5 and up to three streams in rings. */
static struct recording *read_streams(uint64_t ending, const struct trace_event *const streams[3],
                                      const size_t counts[3])
{
	struct recording *recording;
	struct maker maker;

	maker_init(&maker, 100, 0);
	maker_node(&maker, TRACE_STACK_ROOT, 0x401000);
	maker_node(&maker, 4, 0x402000);
	maker_header(&maker)->ending_tick = ending;
	for (uint32_t i = 0; i < 3; i++)
		if (counts[i])
			maker_ring(&maker, i, 0, streams[i], counts[i], counts[i]);
	recording = maker_open(&maker, 1);
	maker_free(&maker);
	ck_assert_uint_eq(recording->process_count, 1);
	ck_assert_uint_eq(recording->finding_count, 0);
	return recording;
}

#define READ(ending, one, two) \
	read_streams((ending), (const struct trace_event *const[3]){(one), (two), NULL}, \
		(const size_t[3]){LENGTH(one), LENGTH(two), 0})
#define READ1(ending, one) \
	read_streams((ending), (const struct trace_event *const[3]){(one), NULL, NULL}, \
	             (const size_t[3]){LENGTH(one), 0, 0})

static const struct site *site_of_stack(const struct recording *recording, uint32_t stack)
{
	const struct process_info *process = &recording->processes[0];

	for (size_t i = 0; i < process->site_count; i++)
		if (process->sites[i].domain == DOMAIN_HEAP && process->sites[i].stack.index == stack)
			return &process->sites[i];
	ck_abort_msg("no site of node %u", stack);
}

static void check(const struct recording *recording, uint64_t allocs, uint64_t frees, uint64_t live_bytes,
	uint64_t unmatched, uint64_t repaired)
{
	const struct totals *totals = &recording->processes[0].totals;

	ck_assert_uint_eq(totals->allocs, allocs);
	ck_assert_uint_eq(totals->frees, frees);
	ck_assert_uint_eq(totals->live_blocks, allocs - frees);
	ck_assert_uint_eq(totals->live_bytes, live_bytes);
	ck_assert_uint_eq(totals->unmatched_frees, unmatched);
	ck_assert_uint_eq(totals->repaired, repaired);
}

START_TEST(plain)
{
	struct trace_event one[] = {
		event_alloc(10, A, 100, 4), event_alloc(20, B, 50, 5), event_free(30, A), event_alloc(40, A, 7, 4),
		event_alloc(50, C, 0, 5),
	};
	struct recording *recording = READ1(0, one);

	check(recording, 4, 1, 57, 0, 0);
	ck_assert_uint_eq(recording->processes[0].totals.bytes_allocated, 157);
	ck_assert_uint_eq(recording->processes[0].totals.peak_bytes, 150);
	ck_assert_uint_eq(recording->processes[0].events, 5);
	ck_assert_uint_eq(recording->processes[0].recovered, 5);
	ck_assert_uint_eq(site_of_stack(recording, 4)->live_bytes, 7);
	ck_assert_uint_eq(site_of_stack(recording, 4)->allocs, 2);
	ck_assert_uint_eq(site_of_stack(recording, 5)->live_blocks, 2);
	ck_assert_uint_eq(recording->processes[0].sites[0].live_bytes, 50); /* largest first */
	recording_close(recording);
}
END_TEST

START_TEST(across_threads)
{
	struct trace_event one[] = {event_alloc(10, A, 100, 4), event_alloc(30, A, 11, 4)};
	struct trace_event two[] = {event_free(20, A), event_free(40, A)};
	struct recording *recording = READ(0, one, two);

	check(recording, 2, 2, 0, 0, 0);
	ck_assert_uint_eq(recording->processes[0].totals.temporary, 0); /* another thread freed them */
	recording_close(recording);
}
END_TEST

START_TEST(resizing)
{
	struct trace_event one[] = {
		event_alloc(10, A, 100, 4),
		event_out(20, A), event_in(21, A, 300, 5), /* in place */
		event_out(30, A), event_in(31, B, 40, 4),  /* moved */
		event_out(40, B),                          /* to size 0: freed */
		event_in(50, C, 9, 5),                     /* realloc(NULL) as the library may write it */
	};
	struct recording *recording = READ1(0, one);

	check(recording, 4, 3, 9, 0, 0);
	ck_assert_uint_eq(recording->processes[0].totals.bytes_allocated, 449);
	ck_assert_uint_eq(recording->processes[0].totals.peak_bytes, 300);
	recording_close(recording);
}
END_TEST

START_TEST(temporary)
{
	struct trace_event one[] = {
		event_alloc(10, A, 1, 4), event_free(11, A),                          /* yes */
		event_alloc(20, A, 1, 4), event_alloc(21, B, 1, 5), event_free(22, B), /* B is, */
		event_free(23, A),                                                    /* A is not */
		event_alloc(30, A, 1, 4),
		event_alloc(50, B, 1, 5), event_free(60, B), event_free(61, A),       /* B is */
	};
	/* Another thread's allocations in between do not matter. */
	struct trace_event two[] = {
		event_alloc(55, C, 1, 4), event_free(70, C), /* C is; */
		event_free(90, C),                           /* not this one, at the same address but the other's */
	};
	struct trace_event last = event_alloc(80, C, 1, 4), three[LENGTH(one) + 1];
	struct recording *recording;

	memcpy(three, one, sizeof one);
	three[LENGTH(one)] = last;
	recording = READ(0, three, two);
	check(recording, 7, 7, 0, 0, 0);
	ck_assert_uint_eq(recording->processes[0].totals.temporary, 4);
	ck_assert_uint_eq(site_of_stack(recording, 4)->temporary, 2);
	ck_assert_uint_eq(site_of_stack(recording, 5)->temporary, 2);
	recording_close(recording);
}
END_TEST

/* Thread 2's clock is late: its free of A seems to come after thread 1 was given A again. */
START_TEST(death_late)
{
	struct trace_event one[] = {event_alloc(10, A, 100, 4), event_alloc(1000, A, 20, 5)};
	struct trace_event two[] = {event_free(1500, A)};
	struct recording *recording = READ(0, one, two);

	check(recording, 2, 1, 20, 0, 1);
	ck_assert_uint_eq(site_of_stack(recording, 4)->live_blocks, 0);
	ck_assert_uint_eq(site_of_stack(recording, 5)->live_blocks, 1);
	ck_assert_uint_eq(recording->processes[0].totals.peak_bytes, 100);
	recording_close(recording);
}
END_TEST

/* As above, but the new block is gone as well before the late free is seen. */
START_TEST(death_later)
{
	struct trace_event one[] = {event_alloc(10, A, 100, 4), event_alloc(1000, A, 20, 5), event_free(1100, A)};
	struct trace_event two[] = {event_free(1500, A)};
	struct recording *recording = READ(0, one, two);

	check(recording, 2, 2, 0, 0, 1);
	recording_close(recording);
}
END_TEST

/* And once more: a third block is alive at A by then. */
START_TEST(death_latest)
{
	struct trace_event one[] = {
		event_alloc(10, A, 100, 4), event_alloc(1000, A, 20, 5), event_free(1100, A),
		event_alloc(1200, A, 3, 5),
	};
	struct trace_event two[] = {event_free(1500, A)};
	struct recording *recording = READ(0, one, two);

	check(recording, 3, 2, 3, 0, 1);
	recording_close(recording);
}
END_TEST

/* The free was never seen: a module bypasses the wrappers, say. What comes much later is the new block's. */
START_TEST(death_unseen)
{
	struct trace_event one[] = {event_alloc(10, A, 100, 4), event_alloc(1000, A, 20, 5)};
	struct trace_event two[] = {event_free(1000 + SKEW + 1, A)};
	struct recording *recording = READ(0, one, two);

	check(recording, 2, 2, 0, 0, 1);
	recording_close(recording);
}
END_TEST

/* Within a stream the order is the truth: a free right after is that of the new block. */
START_TEST(death_of_same_stream)
{
	struct trace_event one[] = {event_alloc(10, A, 100, 4), event_alloc(1000, A, 20, 5), event_free(1001, A)};
	struct trace_event two[] = {event_alloc(5, C, 1, 4)};
	struct recording *recording = READ(0, one, two);

	check(recording, 3, 2, 1, 0, 1);
	recording_close(recording);
}
END_TEST

/* Thread 2's clock is early: its free of A seems to come before thread 1 was given A. */
START_TEST(birth_late)
{
	struct trace_event one[] = {event_alloc(1500, A, 100, 4), event_alloc(1600, B, 1, 5)};
	struct trace_event two[] = {event_free(1000, A)};
	struct recording *recording = READ(0, one, two);

	check(recording, 2, 1, 1, 0, 1);
	ck_assert_uint_eq(recording->processes[0].totals.temporary, 0);
	recording_close(recording);
}
END_TEST

START_TEST(birth_too_late)
{
	struct trace_event one[] = {event_alloc(1000 + SKEW + 1, A, 100, 4)};
	struct trace_event two[] = {event_free(1000, A)};
	struct recording *recording = READ(0, one, two);

	check(recording, 1, 0, 100, 1, 0);
	recording_close(recording);
}
END_TEST

START_TEST(birth_of_same_stream)
{
	struct trace_event one[] = {event_free(1000, A), event_alloc(1001, A, 100, 4)};
	struct recording *recording = READ1(0, one);

	check(recording, 1, 0, 100, 1, 0);
	recording_close(recording);
}
END_TEST

START_TEST(freed_twice)
{
	struct trace_event one[] = {event_alloc(10, A, 100, 4), event_free(20, A), event_free(30, A),
	                            event_free(40, A)};
	struct recording *recording = READ1(0, one);

	check(recording, 1, 1, 0, 2, 0);
	recording_close(recording);
}
END_TEST

/* After the leak instant nothing counts but teardown_*. */
START_TEST(teardown)
{
	struct trace_event one[] = {
		event_alloc(10, A, 100, 4), event_alloc(20, B, 50, 5), event_free(100, B), /* at the instant: before
		                                                                            * it */
		event_free(101, A), event_alloc(102, A, 1000, 5), event_alloc(103, C, 1, 4), event_free(104, C),
		event_free(105, 0x1230), event_make(TRACE_EVENT_MAP, 106, 0x10000, 4096, 4, 3, 1),
	};
	struct recording *recording = READ1(100, one);
	const struct totals *totals = &recording->processes[0].totals;

	check(recording, 2, 1, 100, 0, 0);
	ck_assert_uint_eq(totals->teardown_allocs, 2);
	ck_assert_uint_eq(totals->teardown_frees, 3);
	ck_assert_uint_eq(totals->peak_bytes, 150);
	ck_assert_uint_eq(totals->bytes_allocated, 150);
	ck_assert_uint_eq(recording->processes[0].site_count, 2);
	ck_assert_uint_eq(recording->processes[0].events, 9);
	recording_close(recording);
}
END_TEST

/* An address used again in teardown, its death not seen, is no repair of what counts. */
START_TEST(teardown_reuse)
{
	struct trace_event one[] = {event_alloc(10, A, 100, 4), event_alloc(102, A, 1000, 5)};
	struct recording *recording = READ1(100, one);

	check(recording, 1, 0, 100, 0, 0);
	ck_assert_uint_eq(recording->processes[0].totals.teardown_allocs, 1);
	recording_close(recording);
}
END_TEST

/* A birth after the instant is no birth of what died before it, near as they are. */
START_TEST(teardown_is_no_repair)
{
	struct trace_event one[] = {event_alloc(10, B, 5, 4), event_alloc(105, A, 100, 4)};
	struct trace_event two[] = {event_free(95, A)};
	struct recording *recording = READ(100, one, two);

	check(recording, 1, 0, 5, 1, 0);
	ck_assert_uint_eq(recording->processes[0].totals.teardown_allocs, 1);
	recording_close(recording);
}
END_TEST

/* What was alive of each site when the heap was largest. */
START_TEST(peak)
{
	struct trace_event one[] = {
		event_alloc(10, A, 100, 4), event_alloc(20, B, 200, 5), /* the first peak, 300: 100 and 200 */
		event_free(30, A), event_alloc(40, A, 90, 4),           /* 290 */
		event_free(50, B), event_alloc(60, B, 240, 5),          /* the second, 330: 90 and 240 */
		event_free(70, B), event_free(80, A), event_alloc(90, C, 330, TRACE_STACK_CUT), /* as large: the first
		                                                                                 * counts */
	};
	struct recording *recording = READ1(0, one);

	ck_assert_uint_eq(recording->processes[0].totals.peak_bytes, 330);
	ck_assert_uint_eq(site_of_stack(recording, 4)->peak_bytes, 90);
	ck_assert_uint_eq(site_of_stack(recording, 5)->peak_bytes, 240);
	ck_assert_uint_eq(site_of_stack(recording, TRACE_STACK_CUT)->peak_bytes, 0);
	recording_close(recording);
}
END_TEST

/* The same by brute force: random events over several sites. */
START_TEST(peak_random)
{
	enum { EVENTS = 3000, SITES = 6, SLOTS = 64 };
	uint64_t state = 0x853c49e6748fea9b, live[SITES] = {0}, best[SITES] = {0}, total = 0, most = 0;
	uint64_t sizes[SLOTS] = {0};
	uint32_t sites[SLOTS] = {0};
	struct trace_event events[EVENTS];
	struct recording *recording;
	struct maker maker;

	maker_init(&maker, 100, 0);
	for (int i = 0; i < SITES; i++)
		maker_node(&maker, TRACE_STACK_ROOT, 0x401000 + 16 * (uint64_t)i);
	for (int i = 0; i < EVENTS; i++) {
		size_t slot = next_random(&state) % SLOTS;
		uint64_t address = A + 64 * slot;

		if (sizes[slot]) {
			events[i] = event_free(10 + (uint64_t)i, address);
			live[sites[slot]] -= sizes[slot];
			total -= sizes[slot];
			sizes[slot] = 0;
			continue;
		}
		sites[slot] = (uint32_t)(next_random(&state) % SITES);
		sizes[slot] = 1 + next_random(&state) % 1000;
		events[i] = event_alloc(10 + (uint64_t)i, address, sizes[slot], TRACE_FIRST_NODE + sites[slot]);
		live[sites[slot]] += sizes[slot];
		total += sizes[slot];
		if (total > most) {
			most = total;
			for (int j = 0; j < SITES; j++)
				best[j] = live[j];
		}
	}
	maker_chunk(&maker, 0, 0, events, EVENTS, TRACE_CODEC_ZSTD);
	recording = maker_open(&maker, 1);
	ck_assert_uint_eq(recording->processes[0].totals.peak_bytes, most);
	ck_assert_uint_eq(recording->processes[0].totals.live_bytes, total);
	for (uint32_t i = 0; i < SITES; i++) {
		ck_assert_uint_eq(site_of_stack(recording, TRACE_FIRST_NODE + i)->peak_bytes, best[i]);
		ck_assert_uint_eq(site_of_stack(recording, TRACE_FIRST_NODE + i)->live_bytes, live[i]);
	}
	recording_close(recording);
	maker_free(&maker);
}
END_TEST

/* Clocks that differ by up to 100 ns: blocks go from thread to thread, and nothing is unmatched or left alive. */
START_TEST(skewed_clocks)
{
	enum { BLOCKS = 20000, THREADS = 3, SLOTS = 8 };
	static struct trace_event events[THREADS][2 * BLOCKS];
	size_t counts[THREADS] = {0};
	uint64_t state = 0x2545f4914f6cdd1d, tick = 10000;
	const uint64_t skew[THREADS] = {0, 100, 50};
	struct recording *recording;
	struct maker maker;
	uint64_t repaired;

	for (int i = 0; i < BLOCKS; i++) {
		uint64_t address = A + 64 * (next_random(&state) % SLOTS);
		size_t birth = next_random(&state) % THREADS, death = next_random(&state) % THREADS;

		tick += 20 + next_random(&state) % 200;
		events[birth][counts[birth]++] = event_alloc(tick + skew[birth], address, 10, 4);
		tick += 20 + next_random(&state) % 200;
		events[death][counts[death]++] = event_free(tick + skew[death], address);
	}
	maker_init(&maker, 100, 0);
	maker_node(&maker, TRACE_STACK_ROOT, 0x401000);
	for (uint32_t i = 0; i < THREADS; i++)
		maker_chunk(&maker, i, 0, events[i], counts[i], TRACE_CODEC_ZSTD);
	recording = maker_open(&maker, 1);
	repaired = recording->processes[0].totals.repaired;
	check(recording, BLOCKS, BLOCKS, 0, 0, repaired);
	ck_assert_uint_gt(repaired, BLOCKS / 100);
	recording_close(recording);
	maker_free(&maker);
}
END_TEST

/* Blocks that no address space has room for are counted, and neither they nor their deaths change anything. */
START_TEST(impossible)
{
	struct trace_event events[] = {
		event_alloc(10, A, 100, 4),
		event_alloc(20, B, 4ull << 50, 4), event_free(30, B),
		event_alloc(40, 1ull << 50, 8, 4),
		event_alloc(50, 0x10000, 1ull << 46, 4), event_alloc(60, 0x20000, 1ull << 46, 4), /* not both */
		event_alloc(70, C, ADDRESSES_END - C, 4), event_free(80, 0x10000),
		event_in(90, B, ADDRESSES_END - B + 1, 4),
		event_alloc(100, 0, 8, 4),
	};
	struct recording *recording;
	struct maker maker;

	maker_init(&maker, 100, 0);
	maker_node(&maker, TRACE_STACK_ROOT, 0x401000);
	maker_ring(&maker, 0, 0, events, LENGTH(events), LENGTH(events));
	recording = maker_open(&maker, 1);
	maker_free(&maker);
	check(recording, 3, 1, 100 + ADDRESSES_END - C, 1, 0);
	ck_assert_uint_le(recording->processes[0].totals.peak_bytes, ADDRESSES_END);
	ck_assert_str_eq(recording->findings[0].kind, "damage");
	ck_assert_uint_eq(recording->findings[0].count, 5);
	recording_close(recording);
}
END_TEST

SUITE_MAIN("match", impossible, plain, across_threads, resizing, temporary, death_late, death_later, death_latest, death_unseen,
	death_of_same_stream, birth_late, birth_too_late, birth_of_same_stream, freed_twice, teardown, teardown_reuse,
	teardown_is_no_repair, peak, peak_random, skewed_clocks)
