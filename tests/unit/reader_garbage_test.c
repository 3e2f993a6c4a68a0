/*
 * reader_garbage_test.c: what the collection at the end frees: garbage, or what was held until then, by what an earlier
 * collection had found alive.
 */
#include "reader_maker.h"
#include "suite.h"
#include "trace/recording.h"

#define PID         100
#define FOUND_ALIVE 5000u
#define BEGAN       10000u
#define ENDING      12000u

static struct maker maker;
static struct trace_event events[64];
static size_t count;

static void set_up(void)
{
	maker_init(&maker, PID, 0);
	maker_header(&maker)->ending_tick = ENDING;
	for (uint64_t n = 0; n < 4; n++)
		maker_node(&maker, TRACE_STACK_ROOT, 0x1000 + 16 * n);
	count = 0;
}

static void tear_down(void)
{
	maker_free(&maker);
}

static void put(struct trace_event event)
{
	events[count++] = event;
}

static struct recording *replay(struct trace_collected record)
{
	record.isolate = 1;
	record.tid = record.tid ? record.tid : PID;
	maker_record(&maker, TRACE_RECORD_COLLECTED, ENDING - 1, &record, sizeof record, NULL);
	maker_ring(&maker, 0, 0, events, count, count);
	return maker_open(&maker, 1);
}

static struct garbage_sum garbage(const struct recording *recording, uint32_t stack)
{
	const struct process_info *process = &recording->processes[0];

	for (size_t i = 0; i < process->site_count; i++)
		if (process->sites[i].stack.index == stack)
			return process->sites[i].garbage;
	ck_abort_msg("no site of that stack");
}

static void check(struct garbage_sum sum, uint64_t blocks, uint64_t held, uint64_t kept)
{
	ck_assert_uint_eq(sum.blocks, blocks);
	ck_assert_uint_eq(sum.bytes, 100 * blocks);
	ck_assert_uint_eq(sum.held_blocks, held);
	ck_assert_uint_eq(sum.held_bytes, 100 * held);
	ck_assert_uint_eq(sum.kept_blocks, kept);
	ck_assert_uint_eq(sum.kept_bytes, 100 * kept);
}

/* Stack 4 keeps all, stack 5 nothing, stack 6 half of what the earlier collection looks at. */
static void fill(void)
{
	for (uint64_t i = 0; i < 4; i++) {
		put(event_alloc(100 + i, 0x10000 + 0x100 * i, 100, 4));
		put(event_alloc(200 + i, 0x20000 + 0x100 * i, 100, 5));
		put(event_alloc(300 + i, 0x30000 + 0x100 * i, 100, 6));
	}
	for (uint64_t i = 0; i < 4; i++) {
		put(event_free(FOUND_ALIVE + 100 + i, 0x20000 + 0x100 * i));
		if (i % 2)
			put(event_free(FOUND_ALIVE + 100 + i, 0x30000 + 0x100 * i));
	}
	/* Too young for the earlier collection. */
	put(event_alloc(6000, 0x11000, 100, 4));
	put(event_alloc(6001, 0x21000, 100, 5));
	put(event_alloc(6002, 0x31000, 100, 6));
}

static void free_all(uint64_t tick)
{
	for (uint64_t i = 0; i < 4; i++) {
		put(event_free(tick++, 0x10000 + 0x100 * i));
		if (i % 2 == 0)
			put(event_free(tick++, 0x30000 + 0x100 * i));
	}
	put(event_free(tick++, 0x11000));
	put(event_free(tick++, 0x21000));
	put(event_free(tick++, 0x31000));
}

START_TEST(freed_by_the_collection_at_the_end)
{
	struct recording *recording;

	fill();
	put(event_alloc(9000, 0x40000, 100, 7));
	put(event_free(9500, 0x40000)); /* before it */
	free_all(BEGAN + 100);
	put(event_alloc(BEGAN + 1000, 0x41000, 100, 7)); /* born while it runs */
	put(event_free(BEGAN + 1001, 0x41000));
	recording = replay((struct trace_collected){.why = TRACE_COLLECTED_ENDING, .began = BEGAN,
		.held_from = BEGAN, .found_alive = FOUND_ALIVE});
	check(garbage(recording, 4), 5, 4, 5);
	check(garbage(recording, 5), 1, 0, 0);
	check(garbage(recording, 6), 3, 2, 2);
	check(garbage(recording, 7), 0, 0, 0);
	ck_assert_uint_eq(recording->processes[0].totals.live_blocks, 0);
	recording_close(recording);
}
END_TEST

/* The only collection since the script's last line came by itself: what it freed is held if it was found alive before. */
START_TEST(freed_between_the_last_line_and_the_end)
{
	struct recording *recording;

	fill();
	free_all(8100);
	recording = replay((struct trace_collected){.why = TRACE_COLLECTED_ENDING, .began = BEGAN,
		.held_from = 8000, .found_alive = FOUND_ALIVE});
	check(garbage(recording, 4), 5, 4, 5);
	check(garbage(recording, 5), 0, 0, 0);
	check(garbage(recording, 6), 2, 2, 2);
	recording_close(recording);
}
END_TEST

START_TEST(without_an_earlier_collection_nothing_is_held)
{
	struct recording *recording;

	fill();
	free_all(BEGAN + 100);
	recording = replay((struct trace_collected){.why = TRACE_COLLECTED_ENDING, .began = BEGAN, .held_from = BEGAN});
	check(garbage(recording, 4), 5, 0, 0);
	check(garbage(recording, 6), 3, 0, 0);
	recording_close(recording);
}
END_TEST

/* A worker's collection is not that of the program's end. */
START_TEST(of_another_thread)
{
	struct recording *recording;

	fill();
	free_all(BEGAN + 100);
	recording = replay((struct trace_collected){.why = TRACE_COLLECTED_ENDING, .tid = PID + 1, .began = BEGAN,
		.held_from = BEGAN, .found_alive = FOUND_ALIVE});
	check(garbage(recording, 4), 0, 0, 0);
	recording_close(recording);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("garbage");

	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, freed_by_the_collection_at_the_end);
	tcase_add_test(test, freed_between_the_last_line_and_the_end);
	tcase_add_test(test, without_an_earlier_collection_nothing_is_held);
	tcase_add_test(test, of_another_thread);
	return suite_run("reader_garbage", test);
}
