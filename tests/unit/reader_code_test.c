/*
 * reader_code_test.c: records of generated code: what they say reaches the model, and what they cannot mean is damage.
 */
#include <string.h>

#include "reader_check.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/lines.h"
#include "trace/recording.h"

#define AT 0x7f3300000000ull

static struct maker makers[2];

static void set_up(void)
{
	maker_init(&makers[0], 100, 0);
}

static void tear_down(void)
{
	maker_free(&makers[0]);
	maker_free(&makers[1]);
}

static uint64_t damage(const struct recording *recording)
{
	for (size_t i = 0; i < recording->finding_count; i++)
		if (strcmp(recording->findings[i].kind, "damage") == 0)
			return recording->findings[i].count;
	return 0;
}

static struct trace_code code(uint32_t id)
{
	return (struct trace_code){AT + id * 0x1000, 64, id, 0, TRACE_CODE_BYTECODE, 1};
}

START_TEST(told)
{
	static const uint32_t entries[][3] = {{0, 3, 1}, {0, 4000000000, 0}, {200, 1, 4000000000}, {4000000000, 1, 1}};
	struct recording *recording;
	struct process_info *process;
	struct lines lines;
	size_t count = 0;

	/* Out of the order of ids, and a table before its code. */
	maker_code(&makers[0], 5, code(2), "two");
	maker_lines(&makers[0], 6, 1, entries, LENGTH(entries));
	maker_new_extents(&makers[0]);
	maker_code(&makers[0], 7, code(1), "one");
	maker_moved(&makers[0], 8, (struct trace_code_moved){0x10, 2, 7});
	maker_runtime(&makers[0], 9, TRACE_RUNTIME_MISSING, "what");
	recording = maker_open(makers, 1);
	process = &recording->processes[0];
	ck_assert_uint_eq(damage(recording), 0);
	ck_assert_uint_eq(process->code_count, 2);
	ck_assert_str_eq(process->codes[0].name, "one");
	ck_assert_str_eq(process->codes[1].name, "two");
	ck_assert_uint_eq(process->codes[0].tick, 7);
	ck_assert_ptr_null(process->codes[1].lines);
	lines = (struct lines){.at = process->codes[0].lines, .end = lines.at};
	lines.end = lines.at + process->codes[0].lines_size;
	for (; lines_next(&lines); count++) {
		ck_assert_uint_lt(count, LENGTH(entries));
		ck_assert_uint_eq(lines.entry.offset, entries[count][0]);
		ck_assert_uint_eq(lines.entry.line, entries[count][1]);
		ck_assert_uint_eq(lines.entry.column, entries[count][2]);
	}
	ck_assert_uint_eq(count, LENGTH(entries));
	ck_assert_uint_eq(process->place_count, 3);
	ck_assert_ptr_eq(process->places[0].code, &process->codes[1]);
	ck_assert_ptr_eq(process->places[1].code, &process->codes[0]);
	ck_assert_ptr_eq(process->places[2].code, &process->codes[1]);
	ck_assert_uint_eq(process->places[2].address, 0x10);
	ck_assert_uint_eq(process->places[2].generation, 7);
	ck_assert_uint_eq(process->runtime_count, 1);
	ck_assert_str_eq(process->runtimes[0].text, "what");
	recording_close(recording);
}
END_TEST

static void bad_code(struct trace_code bad)
{
	maker_code(&makers[0], 5, bad, "bad");
}

START_TEST(impossible)
{
	static const uint32_t entries[][3] = {{0, 3, 1}};
	struct { struct trace_code_lines head; uint8_t table[16]; } table = {{1, 1}, {0}};
	struct recording *recording;
	uint64_t expected = 0;

	maker_code(&makers[0], 4, code(1), "good");
	bad_code((struct trace_code){AT, 1, 0, 0, TRACE_CODE_WASM, 0}), expected++; /* no id */
	bad_code((struct trace_code){AT, 1, 9, 0, 0, 0}), expected++;
	bad_code((struct trace_code){AT, 1, 9, 0, TRACE_CODE_GONE + 1, 0}), expected++;
	bad_code((struct trace_code){AT, 1, 9, TRACE_NODE_EXACT, TRACE_CODE_WASM, 0}), expected++;
	bad_code((struct trace_code){UINT64_MAX - 1, 4, 9, 0, TRACE_CODE_WASM, 0}), expected++;
	bad_code(code(1)), expected++; /* the same id again */
	maker_record(&makers[0], TRACE_RECORD_CODE, 5, "short", 5, NULL), expected++;
	maker_moved(&makers[0], 5, (struct trace_code_moved){AT, 0, 0}), expected++;
	maker_moved(&makers[0], 5, (struct trace_code_moved){AT, 1, TRACE_NODE_EXACT}), expected++;
	maker_moved(&makers[0], 5, (struct trace_code_moved){AT, 77, 0}), expected++; /* of none */
	maker_record(&makers[0], TRACE_RECORD_MOVED, 5, "short", 5, NULL), expected++;
	maker_lines(&makers[0], 5, 77, entries, 1), expected++; /* of none */
	maker_record(&makers[0], TRACE_RECORD_LINES, 5, "short", 5, NULL), expected++;
	memcpy(table.table, "\1\2\3", 3);
	maker_record(&makers[0], TRACE_RECORD_LINES, 5, &table, 8 + 2, NULL), expected++; /* cut */
	maker_record(&makers[0], TRACE_RECORD_LINES, 5, &table, 8 + 4, NULL), expected++; /* too long */
	memcpy(table.table, "\1\1\2", 3); /* line −1 */
	maker_record(&makers[0], TRACE_RECORD_LINES, 5, &table, 8 + 3, NULL), expected++;
	memset(table.table, 0xff, sizeof table.table); /* a number without end */
	maker_record(&makers[0], TRACE_RECORD_LINES, 5, &table, sizeof table, NULL), expected++;
	maker_runtime(&makers[0], 5, 0, "bad"), expected++;
	maker_runtime(&makers[0], 5, TRACE_RUNTIME_MISSING + 1, "bad"), expected++;
	maker_record(&makers[0], TRACE_RECORD_RUNTIME, 5, "short", 5, NULL), expected++;
	recording = maker_open(makers, 1);
	ck_assert_uint_eq(damage(recording), expected);
	ck_assert_uint_eq(recording->processes[0].code_count, 1);
	ck_assert_str_eq(recording->processes[0].codes[0].name, "good");
	ck_assert_ptr_null(recording->processes[0].codes[0].lines);
	ck_assert_uint_eq(recording->processes[0].runtime_count, 0);
	recording_close(recording);
}
END_TEST

/* A child moves what its parent had; what the parent generated after the fork is not the child's. */
START_TEST(moved_by_a_child)
{
	struct recording *recording;
	struct process_info *child;

	maker_code(&makers[0], 5, code(1), "old");
	maker_code(&makers[0], 50, code(2), "young");
	maker_init(&makers[1], 200, 0);
	maker_forked(&makers[1], &makers[0], 20, 30);
	maker_moved(&makers[1], 40, (struct trace_code_moved){AT, 1, 0});
	maker_moved(&makers[1], 41, (struct trace_code_moved){AT + 64, 2, 0});
	recording = maker_open(makers, 2);
	child = &recording->processes[1];
	ck_assert_uint_eq(child->parent.index, 0);
	ck_assert_uint_eq(child->place_count, 2);
	ck_assert_ptr_eq(child->places[0].code, &recording->processes[0].codes[0]);
	ck_assert_ptr_null(child->places[1].code);
	ck_assert_uint_eq(damage(recording), 1);
	recording_close(recording);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("code");

	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, told);
	tcase_add_test(test, impossible);
	tcase_add_test(test, moved_by_a_child);
	return suite_run("reader_code", test);
}
