/*
 * ahead_tsan_test.c: events that one thread merges ahead of another, under the thread sanitizer: all arrive, in their order, with
 * their streams, whichever of the two is faster. merge() is this test's own: it counts.
 */
#include <check.h>
#include <stdlib.h>

#include "suite.h"
#include "trace/ahead.h"

#define EVENTS (3u << 17)

static uint64_t seed;
static unsigned slow_maker, slow_taker;   /* one run in so many takes long; 0 none */
static uint64_t taken;

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void linger(uint64_t *state, unsigned each)
{
	if (each && next_random(state) % each == 0)
		for (volatile unsigned i = 0; i < 20000; i++)
			;
}

void merge(struct streams *streams, merge_sink *sink, void *context)
{
	static struct trace_event run[10000];
	uint64_t state = seed;

	(void)streams;
	for (uint64_t made = 0; made < EVENTS;) {
		size_t count = 1 + next_random(&state) % (next_random(&state) % 4 ? 8 : 10000);

		if (count > EVENTS - made)
			count = EVENTS - made;
		for (size_t i = 0; i < count; i++)
			run[i] = (struct trace_event){.tick = made + i, .size = made};
		linger(&state, slow_maker);
		sink(context, (uint32_t)(made % 1000), run, count, 0);
		made += count;
	}
}

static void take(void *context, uint32_t stream, const struct trace_event *events, size_t count, size_t behind)
{
	uint64_t *state = context;

	linger(state, slow_taker);
	for (size_t i = 0; i < count; i++)
		if (events[i].tick != taken + i || events[i].size % 1000 != stream)
			ck_abort_msg("event %zu behind %lu is %lu", i, (unsigned long)taken, (unsigned long)events[i].tick);
	/* What is behind may be looked at, too. */
	if (behind)
		ck_assert_uint_eq(events[count + behind - 1].tick, taken + count + behind - 1);
	taken += count;
}

START_TEST(all_in_order)
{
	static const unsigned paces[][2] = {{0, 0}, {50, 0}, {0, 50}, {200, 200}};
	struct chunk chunk = {.count = EVENTS};
	struct streams streams = {.chunks = &chunk, .chunk_count = 1};

	for (unsigned i = 0; i < sizeof(paces) / sizeof(paces[0]); i++) {
		uint64_t state = 4711 + i;

		seed = 88172645463325252ull + i;
		slow_maker = paces[i][0];
		slow_taker = paces[i][1];
		taken = 0;
		merge_ahead(&streams, take, &state);
		ck_assert_uint_eq(taken, EVENTS);
	}
}
END_TEST

SUITE_MAIN("ahead", all_in_order)
