/*
 * reader_collected_test.c: records of a runtime's heap and of its collections reach the model, and what they cannot mean is
 * damage.
 */
#include <string.h>

#include "reader_check.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/recording.h"

static struct maker maker;

static void set_up(void)
{
	maker_init(&maker, 100, 0);
}

static void tear_down(void)
{
	maker_free(&maker);
}

static uint64_t damage(const struct recording *recording)
{
	for (size_t i = 0; i < recording->finding_count; i++)
		if (strcmp(recording->findings[i].kind, "damage") == 0)
			return recording->findings[i].count;
	return 0;
}

static void collected(uint64_t tick, struct trace_collected record)
{
	maker_record(&maker, TRACE_RECORD_COLLECTED, tick, &record, sizeof record, NULL);
}

static void heap(uint64_t tick, struct trace_runtime_heap record)
{
	maker_record(&maker, TRACE_RECORD_RUNTIME_HEAP, tick, &record, sizeof record, NULL);
}

START_TEST(told)
{
	struct recording *recording;
	struct process_info *process;

	heap(5, (struct trace_runtime_heap){1, 0, 10, 20, 3, 15, 7, 8, 4000});
	collected(9, (struct trace_collected){2, TRACE_COLLECTED_WORKER, 101, 0, 8, 0, 0});
	collected(12, (struct trace_collected){1, TRACE_COLLECTED_BUSY, 100, 0, 11, 0, 0});
	recording = maker_open(&maker, 1);
	process = &recording->processes[0];
	ck_assert_uint_eq(damage(recording), 0);
	ck_assert_uint_eq(process->runtime_heap_count, 1);
	ck_assert_uint_eq(process->runtime_heaps[0].tick, 5);
	ck_assert_uint_eq(process->runtime_heaps[0].record.external, 7);
	ck_assert_uint_eq(process->runtime_heaps[0].record.limit, 4000);
	ck_assert_uint_eq(process->collection_count, 2);
	ck_assert_uint_eq(process->collections[0].tick, 9);
	ck_assert_uint_eq(process->collections[0].record.tid, 101);
	ck_assert_uint_eq(process->collections[0].record.began, 8);
	ck_assert_uint_eq(process->collections[1].record.why, TRACE_COLLECTED_BUSY);
	recording_close(recording);
}
END_TEST

START_TEST(impossible)
{
	struct recording *recording;
	uint64_t expected = 0;

	collected(5, (struct trace_collected){0, TRACE_COLLECTED_ENDING, 100, 0, 4, 0, 0}), expected++; /* of no isolate */
	collected(5, (struct trace_collected){1, 0, 100, 0, 4, 0, 0}), expected++;
	collected(5, (struct trace_collected){1, TRACE_COLLECTED_BUSY + 1, 100, 0, 4, 0, 0}), expected++;
	maker_record(&maker, TRACE_RECORD_COLLECTED, 5, "short", 5, NULL), expected++;
	heap(5, (struct trace_runtime_heap){.isolate = 0}), expected++;
	heap(5, (struct trace_runtime_heap){.isolate = 1, .collected = 2}), expected++;
	heap(5, (struct trace_runtime_heap){.isolate = 1, .used = 1ull << 52}), expected++;
	heap(5, (struct trace_runtime_heap){.isolate = 1, .total = 1ull << 52}), expected++;
	maker_record(&maker, TRACE_RECORD_RUNTIME_HEAP, 5, "short", 5, NULL), expected++;
	recording = maker_open(&maker, 1);
	ck_assert_uint_eq(damage(recording), expected);
	ck_assert_uint_eq(recording->processes[0].collection_count, 0);
	ck_assert_uint_eq(recording->processes[0].runtime_heap_count, 0);
	recording_close(recording);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("collected");

	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, told);
	tcase_add_test(test, impossible);
	return suite_run("reader_collected", test);
}
