/* reader_unfinalized_test.c: objects that wait for their finalizer reach the model; what no writer writes is damage. */
#include <string.h>

#include "reader_check.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/recording.h"
#include "trace/unfinalized.h"

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

/* A record that says `count`, and has `held` values. */
static void pending(uint64_t tick, struct trace_pending record, size_t held, const uint64_t *values)
{
	char payload[sizeof record + 4 * sizeof *values];

	memcpy(payload, &record, sizeof record);
	memcpy(payload + sizeof record, values, held * sizeof *values);
	maker_record(&maker, TRACE_RECORD_PENDING, tick, payload, sizeof record + held * sizeof *values, NULL);
}

static void isolate_ends(uint64_t tick, uint32_t isolate)
{
	struct trace_runtime record = {.isolate = isolate, .state = TRACE_RUNTIME_ENDED};

	maker_record(&maker, TRACE_RECORD_RUNTIME, tick, &record, sizeof record, NULL);
}

START_TEST(told)
{
	const uint64_t values[] = {16, UINT64_MAX, 0, 3ull << 30};
	struct recording *recording;
	struct process_info *process;

	pending(5, (struct trace_pending){1, 3, 40, 0}, 3, values);
	pending(6, (struct trace_pending){2, 2, 40, 0}, 2, values);
	pending(7, (struct trace_pending){1, 4, 40, 0}, 4, values);
	pending(8, (struct trace_pending){1, 1, 40, 50}, 1, values);
	pending(9, (struct trace_pending){1, 1, 41, 0}, 1, values + 1);
	recording = maker_open(&maker, 1);
	process = &recording->processes[0];
	ck_assert_uint_eq(damage(recording), 0);
	ck_assert_uint_eq(process->unfinalized_count, 4);
	ck_assert_uint_eq(process->unfinalized[0].count, 7);
	ck_assert_uint_eq(process->unfinalized[0].registry.index, 40);
	ck_assert_uint_eq(process->unfinalized[0].stack.index, TRACE_STACK_NONE);
	ck_assert_uint_eq(process->unfinalized[0].held_count, 5);
	ck_assert_uint_eq(process->unfinalized[0].held[0], 16);
	ck_assert_uint_eq(process->unfinalized[0].held[4], 3ull << 30);
	ck_assert_uint_eq(process->unfinalized[1].isolate, 2);
	ck_assert_uint_eq(process->unfinalized[1].count, 2);
	ck_assert_uint_eq(process->unfinalized[2].stack.index, 50);
	ck_assert_uint_eq(process->unfinalized[3].count, 1);
	ck_assert_uint_eq(process->unfinalized[3].held_count, 0);
	recording_close(recording);
}
END_TEST

START_TEST(impossible)
{
	const uint64_t values[4] = {0};
	struct recording *recording;
	uint64_t expected = 0;

	pending(5, (struct trace_pending){0, 1, 40, 0}, 1, values), expected++; /* of no isolate */
	pending(5, (struct trace_pending){1, 0, 40, 0}, 0, values), expected++; /* of no object */
	pending(5, (struct trace_pending){1, 3, 40, 0}, 2, values), expected++; /* less than it says */
	pending(5, (struct trace_pending){1, 3, 40, 0}, 4, values), expected++; /* and more */
	pending(5, (struct trace_pending){1, UINT32_MAX, 40, 0}, 1, values), expected++;
	maker_record(&maker, TRACE_RECORD_PENDING, 5, "short", 5, NULL), expected++;
	recording = maker_open(&maker, 1);
	ck_assert_uint_eq(damage(recording), expected);
	ck_assert_uint_eq(recording->processes[0].unfinalized_count, 0);
	recording_close(recording);
}
END_TEST

START_TEST(nobody_is_left_to_call_back)
{
	const uint64_t value = 16;
	struct recording *recording;
	struct process_info *process;

	isolate_ends(3, 3);
	for (uint32_t isolate = 1; isolate <= 3; isolate++)
		pending(5, (struct trace_pending){isolate, 1, 40, 0}, 1, &value);
	isolate_ends(10, 2);
	isolate_ends(21, 1);
	recording = maker_open(&maker, 1);
	process = &recording->processes[0];
	process->header.ending_tick = 20;
	ck_assert(!unfinalized_for_ever(process, &process->unfinalized[0]));
	ck_assert(unfinalized_for_ever(process, &process->unfinalized[1]));
	ck_assert(!unfinalized_for_ever(process, &process->unfinalized[2]));
	recording_close(recording);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("unfinalized");

	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, told);
	tcase_add_test(test, impossible);
	tcase_add_test(test, nobody_is_left_to_call_back);
	return suite_run("reader_unfinalized", test);
}
