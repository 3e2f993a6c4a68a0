/* reader_stream_test.c: streams from chunks and rings, doubles and gaps; and their merge by time. */
#include <stdint.h>
#include <string.h>

#include "reader_check.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/ahead.h"
#include "trace/recording.h"
#include "util.h"

#define A 0x7f0000001000

/* What a merge gave: the events, told apart by their addresses. */
struct taken {
	uint64_t *ticks, *addresses; /* of `count` events; owned */
	uint32_t *streams;       /* indices; owned */
	size_t    count, room;   /* taken, and room for */
	size_t    calls;         /* of the sink */
	size_t    behind;        /* what lay behind events, of all calls, … */
	uint64_t  last;          /* … and the tick of the last of that */
};

static void take(void *context, uint32_t stream, const struct trace_event *events, size_t count, size_t behind)
{
	struct taken *taken = context;

	taken->calls++;
	taken->behind += behind;
	taken->last = behind ? events[count + behind - 1].tick : 0;
	for (size_t i = 0; i < count; i++) {
		if (taken->count == taken->room)
			ck_abort_msg("more events than were written");
		taken->ticks[taken->count] = events[i].tick;
		taken->addresses[taken->count] = events[i].address;
		taken->streams[taken->count++] = stream;
	}
}

static struct taken taken_init(size_t room)
{
	return (struct taken){
		.ticks = xcalloc(room, 8), .addresses = xcalloc(room, 8), .streams = xcalloc(room, 4), .room = room,
	};
}

static void taken_free(struct taken *taken)
{
	free(taken->ticks);
	free(taken->addresses);
	free(taken->streams);
}

/* Merges what the maker holds; the counts go to `counts`. */
static struct taken merge_all(const struct maker *maker, size_t room, struct streams *counts)
{
	struct damage damage = {.stem = "test"};
	struct bytes shared = {maker->shared, maker->shared_size, false}, log = {maker->log, maker->log_size, false};
	struct taken taken = taken_init(room);
	struct streams streams;
	size_t rings;
	struct ring_view *views = shared_rings(shared, false, &rings, &damage);

	streams_open(&streams, log, views, rings, &damage);
	merge(&streams, take, &taken);
	*counts = streams;
	ck_assert_uint_eq(damage.count, 0);
	ck_assert_uint_eq(streams.kept, 0);
	streams_close(&streams);
	return taken;
}

/* Events of one stream: address = A + sequence, tick = 10 × sequence. */
static void fill(struct trace_event *events, uint64_t first, size_t count)
{
	for (size_t i = 0; i < count; i++)
		events[i] = event_free(10 * (first + i), A + first + i);
}

static void check_sequence(const struct taken *taken, uint64_t from, size_t at, size_t count)
{
	ck_assert_uint_le(at + count, taken->count);
	for (size_t i = 0; i < count; i++)
		if (taken->addresses[at + i] != A + from + i)
			ck_abort_msg("event %zu is not number %zu", at + i, (size_t)from + i);
}

/* The drain was killed after the chunk and before the tail; another ring follows. */
START_TEST(doubles)
{
	struct trace_event events[3000];
	struct streams counts;
	struct taken taken;
	struct maker maker;

	fill(events, 0, LENGTH(events));
	maker_init(&maker, 100, 0);
	maker_ring(&maker, 0, 2500, events + 2500, 500, 600); /* the last one lies first in the file */
	maker_ring(&maker, 0, 1000, events + 1000, 1500, 1500);
	maker_chunk(&maker, 0, 1000, events + 1000, 900, TRACE_CODEC_ZSTD);
	maker_chunk(&maker, 0, 0, events, 1000, TRACE_CODEC_ZSTD);
	maker_chunk(&maker, 0, 0, events, 1000, TRACE_CODEC_NONE); /* twice */
	taken = merge_all(&maker, 3000, &counts);
	ck_assert_uint_eq(taken.count, 3000);
	check_sequence(&taken, 0, 0, 3000);
	ck_assert_uint_eq(counts.events, 3000);
	ck_assert_uint_eq(counts.recovered, 1100);
	ck_assert_uint_eq(counts.lost, 0);
	taken_free(&taken);
	maker_free(&maker);
}
END_TEST

/* A tail that moved: what lies below it is stale, and a free ring holds nothing. (Here the log is missing.) */
START_TEST(tails)
{
	struct trace_event events[100];
	struct streams counts;
	struct taken taken;
	struct maker maker;
	size_t offset;

	fill(events, 0, LENGTH(events));
	maker_init(&maker, 100, 0);
	offset = maker_ring(&maker, 0, 40, events + 40, 60, 64);
	maker_ring_at(&maker, offset)->tail = 20;
	offset = maker_ring(&maker, 0, 0, events, 40, 40);
	maker_ring_at(&maker, offset)->state = TRACE_RING_FREE;
	taken = merge_all(&maker, 100, &counts);
	check_sequence(&taken, 60, 0, 40);
	ck_assert_uint_eq(taken.count, 40);
	ck_assert_uint_eq(counts.recovered, 40);
	ck_assert_uint_eq(counts.lost, 60);
	taken_free(&taken);
	maker_free(&maker);
}
END_TEST

START_TEST(gaps)
{
	struct trace_event events[1000];
	struct streams counts;
	struct taken taken;
	struct maker maker;

	fill(events, 0, LENGTH(events));
	maker_init(&maker, 100, 0);
	maker_chunk(&maker, 0, 5, events + 5, 95, TRACE_CODEC_ZSTD); /* 5 missing before, 100 after */
	maker_chunk(&maker, 0, 200, events + 200, 300, TRACE_CODEC_ZSTD);
	maker_ring(&maker, 0, 510, events + 510, 400, 400);
	taken = merge_all(&maker, 1000, &counts);
	ck_assert_uint_eq(taken.count, 795);
	ck_assert_uint_eq(counts.lost, 115);
	check_sequence(&taken, 5, 0, 95);
	check_sequence(&taken, 200, 95, 300);
	check_sequence(&taken, 510, 395, 400);
	taken_free(&taken);
	maker_free(&maker);
}
END_TEST

/* A ring whose sequence is damaged must not hide what the log has, nor may it be given twice. */
START_TEST(ring_over_chunks)
{
	struct trace_event events[1000];
	struct streams counts;
	struct taken taken;
	struct maker maker;

	fill(events, 0, LENGTH(events));
	maker_init(&maker, 100, 0);
	maker_chunk(&maker, 0, 100, events + 100, 100, TRACE_CODEC_ZSTD);
	maker_chunk(&maker, 0, 300, events + 300, 100, TRACE_CODEC_ZSTD);
	maker_ring(&maker, 0, 50, events + 50, 450, 450);
	taken = merge_all(&maker, 1000, &counts);
	ck_assert_uint_eq(taken.count, 450);
	check_sequence(&taken, 50, 0, 450);
	ck_assert_uint_eq(counts.recovered, 250);
	ck_assert_uint_eq(counts.lost, 50);
	taken_free(&taken);
	maker_free(&maker);
}
END_TEST

/* Many streams of random lengths, from chunks and rings: by tick, then stream; each complete. */
START_TEST(merged)
{
	enum { STREAMS = 40, MOST = 3000 };
	uint64_t state = 0x2545f4914f6cdd1d;
	static struct trace_event events[MOST];
	size_t lengths[STREAMS], total = 0, next[STREAMS] = {0};
	struct streams counts;
	struct taken taken;
	struct maker maker;

	maker_init(&maker, 100, 0);
	for (uint32_t stream = 0; stream < STREAMS; stream++) {
		uint64_t tick = next_random(&state) % 10000, split;

		lengths[stream] = 1 + next_random(&state) % MOST;
		for (size_t i = 0; i < lengths[stream]; i++) {
			/* Long runs and short ones, and many equal ticks. */
			tick += next_random(&state) % 8 ? next_random(&state) % 3 : next_random(&state) % 500;
			events[i] = event_free(tick, A + i);
		}
		split = next_random(&state) % lengths[stream];
		if (split)
			maker_chunk(&maker, stream, 0, events, split, TRACE_CODEC_ZSTD);
		maker_ring(&maker, stream, split, events + split, lengths[stream] - split, MOST);
		total += lengths[stream];
	}
	taken = merge_all(&maker, total, &counts);
	ck_assert_uint_eq(taken.count, total);
	for (size_t i = 0; i < total; i++) {
		if (i && (taken.ticks[i] < taken.ticks[i - 1] ||
		          (taken.ticks[i] == taken.ticks[i - 1] && taken.streams[i] < taken.streams[i - 1])))
			ck_abort_msg("event %zu comes too late", i);
		if (taken.addresses[i] != A + next[taken.streams[i]]++)
			ck_abort_msg("event %zu is out of sequence", i);
	}
	for (size_t i = 0; i < STREAMS; i++)
		ck_assert_uint_eq(next[i], lengths[i]);
	taken_free(&taken);
	maker_free(&maker);
}
END_TEST

/* Ticks may step back within a stream: sequence counts. One stream comes in whole batches. */
START_TEST(steps_back)
{
	struct trace_event events[2000], other = event_free(10000, A);
	struct streams counts;
	struct taken taken;
	struct maker maker;

	fill(events, 0, LENGTH(events));
	for (size_t i = 0; i < LENGTH(events); i += 7)
		events[i].tick -= events[i].tick < 25 ? 0 : 25;
	maker_init(&maker, 100, 0);
	maker_chunk(&maker, 0, 0, events, LENGTH(events), TRACE_CODEC_ZSTD);
	taken = merge_all(&maker, 2000, &counts);
	ck_assert_uint_eq(taken.count, 2000);
	check_sequence(&taken, 0, 0, 2000);
	ck_assert_uint_le(taken.calls, 2000 / STREAM_BATCH + 2);
	taken_free(&taken);

	maker_ring(&maker, 1, 0, &other, 1, 1);
	taken = merge_all(&maker, 2001, &counts);
	ck_assert_uint_eq(taken.count, 2001);
	for (size_t i = 0, next = 0; i < 2001; i++)
		if (taken.streams[i] == 0 && taken.addresses[i] != A + next++)
			ck_abort_msg("event %zu is out of sequence", i);
	taken_free(&taken);
	maker_free(&maker);
}
END_TEST

/* Streams that together hold more than the budget: it is kept to, within a chunk, and nothing is missed. */
struct watch {
	struct taken taken;      /* what came */
	struct streams *streams; /* being merged */
	size_t most;             /* bytes of columns they ever held */
};

static void take_watched(void *context, uint32_t stream, const struct trace_event *events, size_t count, size_t behind)
{
	struct watch *watch = context;

	if (watch->streams->kept > watch->most)
		watch->most = watch->streams->kept;
	take(&watch->taken, stream, events, count, behind);
}

START_TEST(bounded)
{
	enum { STREAMS = 40, EVENTS = 5000, COLUMNS = EVENTS * 22, BUDGET = 4 * COLUMNS };
	static struct trace_event events[EVENTS];
	struct damage damage = {.stem = "test"};
	struct watch watch = {.taken = taken_init(STREAMS * EVENTS)};
	struct streams streams;
	struct maker maker;

	for (uint64_t i = 0; i < EVENTS; i++)
		events[i] = event_make(TRACE_EVENT_ALLOC, i, i % 2 ? A : 1ull << 63, ~0ull, 0, 0, 0);
	maker_init(&maker, 100, 0);
	for (uint32_t i = 0; i < STREAMS; i++)
		maker_chunk(&maker, i, 0, events, EVENTS, TRACE_CODEC_ZSTD);
	streams_open(&streams, (struct bytes){maker.log, maker.log_size, false}, NULL, 0, &damage);
	streams.budget = BUDGET;
	watch.streams = &streams;
	merge(&streams, take_watched, &watch);
	ck_assert_uint_eq(watch.taken.count, STREAMS * EVENTS);
	ck_assert_uint_gt(watch.most, BUDGET / 2);
	ck_assert_uint_le(watch.most, BUDGET + 2 * COLUMNS);
	ck_assert_uint_eq(streams.kept, 0);
	ck_assert_uint_eq(streams.lost, 0);
	ck_assert_uint_eq(damage.count, 0);
	for (size_t i = 0; i < STREAMS * EVENTS; i++)
		if (watch.taken.ticks[i] != i / STREAMS || watch.taken.streams[i] != i % STREAMS)
			ck_abort_msg("event %zu is out of order", i);
	streams_close(&streams);
	taken_free(&watch.taken);
	maker_free(&maker);
}
END_TEST

/* By a thread of its own, in lots. */
START_TEST(ahead)
{
	enum { STREAMS = 40, EVENTS = 8000 };
	static struct trace_event events[EVENTS];
	struct damage damage = {.stem = "test"};
	struct taken taken = taken_init(STREAMS * EVENTS + EVENTS);
	struct streams streams;
	struct maker maker;

	maker_init(&maker, 100, 0);
	for (uint64_t i = 0; i < EVENTS; i++)
		events[i] = event_make(TRACE_EVENT_ALLOC, i, A, 8, 0, 0, 0);
	for (uint32_t i = 0; i < STREAMS; i++)
		maker_chunk(&maker, i, 0, events, EVENTS, TRACE_CODEC_ZSTD);
	/* One stream alone at the end: a run that is longer than a lot. */
	for (uint64_t i = 0; i < EVENTS; i++)
		events[i] = event_make(TRACE_EVENT_ALLOC, EVENTS + i, A, 8, 0, 0, 0);
	maker_chunk(&maker, 7, EVENTS, events, EVENTS, TRACE_CODEC_ZSTD);
	streams_open(&streams, (struct bytes){maker.log, maker.log_size, false}, NULL, 0, &damage);
	merge_ahead(&streams, take, &taken);
	ck_assert_uint_eq(taken.count, STREAMS * EVENTS + EVENTS);
	ck_assert_uint_eq(streams.events, taken.count);
	ck_assert_uint_eq(damage.count, 0);
	ck_assert_uint_gt(taken.behind, 0);
	for (size_t i = 0; i < taken.count; i++)
		if (taken.ticks[i] != (i < STREAMS * EVENTS ? i / STREAMS : i - (STREAMS - 1) * EVENTS) ||
		    taken.streams[i] != (i < STREAMS * EVENTS ? i % STREAMS : 7))
			ck_abort_msg("event %zu is out of order", i);
	streams_close(&streams);
	taken_free(&taken);
	maker_free(&maker);
}
END_TEST

SUITE_MAIN("stream", doubles, tails, gaps, ring_over_chunks, merged, steps_back, bounded, ahead)
