/* report_wasm_test.c: linear memories in the text and in the JSON report. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "report/json.h"
#include "report/text.h"
#include "report_golden.h"
#include "report_model.h"
#include "suite.h"

#define MIB (1u << 20)
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Nodes of model_script: 10 by a script, 15 by wasm that an optimized function called, 21 by the script again. */
static struct wasm_growth growth[] = {
	{{15}, 40, 30 * MIB}, {{10}, 3, 2 * MIB}, {{21}, 2, MIB}, {{12}, 1, 65536},
};
static struct wasm_step steps[] = {{1500, 30 * MIB, {0}, {15}}, {2500, 3 * MIB + 65536, {2}, {10}}};
static struct wasm_step late[] = {{2700, MIB, {0}, {21}}};

static struct wasm_memory memories[] = {
	{.id = 1, .base = 0x7f0000000000, .born = 1000, .died = 3000, .stack = {10}, .initial_bytes = 65536,
	 .bytes = 4 * MIB, .grows = 1, .growth = growth + 2, .growth_count = 1, .steps = late, .step_count = 1},
	{.id = 2, .base = 0x7e0000000000, .born = 1000, .died = UINT64_MAX, .stack = {13}, .initial_bytes = 17 * MIB,
	 .bytes = 50 * MIB + 65536, .maximum_bytes = 256 * MIB, .grows = 46, .shared = KNOWN_YES, .growth = growth,
	 .growth_count = COUNT_OF(growth), .steps = steps, .step_count = COUNT_OF(steps),
	 .trend = {TREND_GROWING, 3.1 * MIB, 0, 1, 12, 0}},
	{.id = 3, .base = 0x7d0000000000, .born = 1000, .died = UINT64_MAX, .stack = {10}, .shared = KNOWN_NO},
	{.id = 4, .base = 0x7c0000000000, .born = 1000, .died = UINT64_MAX, .stack = {10}, .initial_bytes = MIB,
	 .bytes = 2 * MIB, .grows = 1, .growth = growth + 2, .growth_count = 1, .steps = late, .step_count = 1,
	 .trend = {TREND_GROWING, 65536, 0, 1, 12, 0}},
};

static uint64_t ticks[] = {900, 1400, 1500, 1700, 1900, 2400, 2500, 2600};
static uint32_t numbers[] = {0, 1, 2, 3, 4, 5, 6, 7};
static struct mark marks[] = {{"proof 0", 900}, {"proof 1", 1500}, {"other", 1550}, {"proof \033[2", 2500},
                              {"proof 3", 2600}};

/* model_script with these. */
static struct recording *model_wasm(void)
{
	static struct process_info process;
	static struct recording recording;

	recording = *model_script();
	process = recording.processes[0];
	process.header.anchor[0] = (struct trace_anchor){1000, 5000000000};
	process.instants.kind = INSTANTS_MARKS;
	process.wasm_memories = memories;
	process.wasm_memory_count = COUNT_OF(memories);
	process.wasm_memories_left_off = 7;
	process.instants = (struct instants){.kind = INSTANTS_MARKS, .ticks = ticks, .numbers = numbers, .count = COUNT_OF(ticks),
	                                     .marks = COUNT_OF(ticks)};
	process.marks = marks;
	process.mark_count = COUNT_OF(marks);
	recording.processes = &process;
	return &recording;
}

static char *print(struct recording *recording, size_t width, size_t top)
{
	struct view_input input = {recording, names_open(recording)};
	struct view *view = view_build(&input, 1, &(struct view_options){.join = true});
	struct page page = {.width = (unsigned)width, .cut = true};
	struct text_options options = {.top = top};
	struct name_sum names = {0};
	char *text = NULL;
	size_t size;

	page.file = open_memstream(&text, &size);
	text_wasm(&page, view, &options, &names);
	fclose(page.file);
	view_free(view);
	return text;
}

START_TEST(in_text)
{
	char *text = print(model_wasm(), 80, TOP_DEFAULT);

	golden_width(text, 80);
	golden("wasm-80", text);
	golden("wasm-200", print(model_wasm(), 200, TOP_DEFAULT));
	golden("wasm-top-80", print(model_wasm(), 80, 1));
}
END_TEST

START_TEST(nothing_without_memories)
{
	char *text = print(model_script(), 80, TOP_DEFAULT);

	ck_assert_str_eq(text, "");
	free(text);
}
END_TEST

START_TEST(in_json)
{
	struct recording *recording = model_wasm();
	struct view_input input = {recording, names_open(recording)};
	struct view *view = view_build(&input, 1, &(struct view_options){0});
	const struct json_options everything = {.domain = -1, .top = SIZE_MAX};
	char *text = NULL;
	json_t *report, *list, *row;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	int bytes, maximum, grows, id, shared, freed, step, by, from;
	long long born, grown;

	report_json(file, view, &everything);
	fclose(file);
	view_free(view);
	report = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	list = json_object_get(report, "wasm_memories");
	ck_assert_uint_eq(json_array_size(list), COUNT_OF(memories));
	row = json_array_get(list, 1);
	ck_assert_int_eq(json_unpack(row, "{s:i, s:i, s:i, s:i, s:b, s:b, s:n, s:n, s:I}", "id", &id, "bytes", &bytes,
	                             "maximum_bytes", &maximum, "grows", &grows, "shared", &shared, "freed", &freed,
	                             "heap", "freed_ns", "time_ns", &born), 0);
	ck_assert_int_eq(id, 2);
	ck_assert_int_eq(bytes, 50 * MIB + 65536);
	ck_assert_int_eq(maximum, 256 * MIB);
	ck_assert_int_eq(grows, 46);
	ck_assert(shared && !freed);
	ck_assert_int_eq(born, 5000000000);
	row = json_array_get(json_object_get(json_array_get(list, 1), "growth"), 1);
	ck_assert_int_eq(json_unpack(row, "{s:i, s:i}", "bytes", &bytes, "grows", &grows), 0);
	ck_assert_int_eq(bytes, 2 * MIB);
	ck_assert_int_eq(grows, 3);
	ck_assert_uint_eq(json_array_size(json_object_get(row, "stack")), 6);
	row = json_array_get(json_object_get(json_array_get(list, 1), "steps"), 1);
	ck_assert_int_eq(json_unpack(row, "{s:i, s:i, s:i, s:I}", "bytes", &step, "growth", &by, "tid", &from,
	                             "time_ns", &grown), 0);
	ck_assert_int_eq(step, 3 * MIB + 65536);
	ck_assert_int_eq(by, 1);
	ck_assert_int_eq(from, 4712);
	ck_assert_int_eq(grown, 5000001500);
	ck_assert(json_is_true(json_object_get(json_array_get(list, 0), "freed")));
	ck_assert(json_is_null(json_object_get(json_array_get(list, 0), "shared")));
	ck_assert(json_is_null(json_object_get(json_array_get(list, 0), "maximum_bytes")));
	ck_assert(json_is_false(json_object_get(json_array_get(list, 2), "shared")));
	json_decref(report);
	free(text);
}
END_TEST

SUITE_MAIN("wasm", in_text, nothing_without_memories, in_json)
