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

static struct wasm_heap inside = {
	.allocs = 1234567, .frees = 1134567, .live_blocks = 100000, .live_bytes = 20 * MIB, .unknown_frees = 3, .replaced = 2,
	.parts = {.static_bytes = MIB, .stack_bytes = 65536, .live_bytes = 20 * MIB, .overhead_bytes = MIB,
	          .free_bytes = 18 * MIB, .unused_bytes = 9 * MIB, .unattributed_bytes = MIB,
	          .layout = WASM_LAYOUT_DLMALLOC, .heap_known = true, .stack_known = true},
};
static struct wasm_heap collected = {.allocs = 50, .no_deaths = true, .parts = {.static_bytes = 2 * MIB}};

static struct wasm_heap refuted = {.dropped = {.until = 20, .allocs = 9, .frees = 8, .unknown_frees = 1247, .all = true}};

static struct wasm_memory memories[] = {
	{.id = 1, .base = 0x7f0000000000, .born = 1000, .died = 3000, .stack = {10}, .initial_bytes = 65536,
	 .bytes = 4 * MIB, .grows = 1, .growth = growth + 2, .growth_count = 1, .steps = late, .step_count = 1},
	{.id = 2, .base = 0x7e0000000000, .born = 1000, .died = UINT64_MAX, .stack = {13}, .initial_bytes = 17 * MIB,
	 .bytes = 50 * MIB + 65536, .maximum_bytes = 256 * MIB, .grows = 46, .shared = KNOWN_YES, .growth = growth,
	 .growth_count = COUNT_OF(growth), .steps = steps, .step_count = COUNT_OF(steps),
	 .trend = {TREND_GROWING, 3.1 * MIB, 0, 1, 12, 0}, .heap = &inside, .let_go = true},
	{.id = 3, .base = 0x7d0000000000, .born = 1000, .died = UINT64_MAX, .stack = {10}, .shared = KNOWN_NO},
	{.id = 4, .base = 0x7c0000000000, .born = 1000, .died = UINT64_MAX, .stack = {10}, .initial_bytes = MIB,
	 .bytes = 2 * MIB, .grows = 1, .growth = growth + 2, .growth_count = 1, .steps = late, .step_count = 1,
	 .trend = {TREND_GROWING, 65536, 0, 1, 12, 0}, .heap = &collected},
	{.id = 5, .base = 0x7b0000000000, .born = 1000, .died = UINT64_MAX, .stack = {10}, .initial_bytes = MIB,
	 .bytes = MIB, .heap = &refuted},
};

static struct wasm_watched watched[] = {
	{25, "malloc", "dlmalloc", "its name"}, {31, "free", NULL, "its shape"}, {32, "realloc", "re\033[2Jalloc", NULL},
};
static struct wasm_told told[] = {
	{{.base = 0x7b0000000000, .module = 4}, 12, 5, 0, false, "functions exported as an allocator's", watched, 2},
	{{.base = 0x7c0000000000, .module = 2}, 9, 4, 0, false, "", NULL, 0},
	{{.base = 0x7e0000000000, .module = 1}, 9, 2, 0, false, "functions named like an allocator's", watched, 2},
	{{.base = 0x7e0000000000, .module = 1}, 10, 2, 0, false, "functions named like an allocator's", watched, 2},
	{{.base = 0x7e0000000000, .module = 3}, 11, 2, 0, false, "", watched, 3},
};
static struct wasm_refused refused[] = {
	{{.pages = 1, .stack = 15}, 2, 100, 2}, {{.pages = 300, .stack = 23}, 7000, 101, 2},
	{{.pages = 16, .stack = 15}, 1, 102, 2}, {{.pages = 5, .stack = 15}, 1, 103, 0},
};
static char no_code[] = "it has no code", shapeless[] = "it has no allocator that could be found";
static struct wasm_unwatched unwatched[] = {
	{{.bytes = 90}, 1, 5, 0, no_code}, {{.bytes = 5 * MIB}, 1, 6, 0, shapeless}, {{.bytes = 1000}, 3, 7, 1, no_code},
};
static struct wasm_heap stray = {.allocs = 5, .unknown_frees = 2, .live_bytes = 100};

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
	process.wasm_told = told;
	process.wasm_told_count = COUNT_OF(told);
	process.wasm_refused = refused;
	process.wasm_refused_count = COUNT_OF(refused);
	process.wasm_unwatched = unwatched;
	process.wasm_unwatched_count = COUNT_OF(unwatched);
	process.wasm_stray = &stray;
	process.instants = (struct instants){.kind = INSTANTS_MARKS, .ticks = ticks, .numbers = numbers, .count = COUNT_OF(ticks),
	                                     .marks = COUNT_OF(ticks)};
	process.marks = marks;
	process.mark_count = COUNT_OF(marks);
	recording.processes = &process;
	return &recording;
}

/* What is in a JSON array of objects: how many have that value. */
static size_t count_of(const json_t *list, const char *key, const char *value)
{
	size_t found = 0, index;
	json_t *row;

	json_array_foreach(list, index, row)
		found += !strcmp(json_string_value(json_object_get(row, key)), value);
	return found;
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

/* What is not known of the insides of memories. */
START_TEST(untold_in_text)
{
	struct recording *recording = model_wasm();
	struct view_input input = {recording, names_open(recording)};
	struct view *view = view_build(&input, 1, &(struct view_options){0});
	struct page page = {.width = 80, .cut = true};
	char *text = NULL;
	size_t size;

	page.file = open_memstream(&text, &size);
	text_unwatched(&page, view);
	fclose(page.file);
	view_free(view);
	golden_width(text, 80);
	golden("untold-80", text);
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
	ck_assert_int_eq(json_unpack(row, "{s:i, s:i, s:i, s:i, s:b, s:b, s:n, s:I}", "id", &id, "bytes", &bytes,
	                             "maximum_bytes", &maximum, "grows", &grows, "shared", &shared, "freed", &freed,
	                             "freed_ns", "time_ns", &born), 0);
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

/* The parts, and who tells; growth that was refused, the wrapper of malloc left out. */
START_TEST(heap_in_json)
{
	struct recording *recording = model_wasm();
	struct view_input input = {recording, names_open(recording)};
	struct view *view = view_build(&input, 1, &(struct view_options){0});
	const struct json_options everything = {.domain = -1, .top = SIZE_MAX};
	static const char *const parts[] = {"overhead_bytes", "free_bytes", "unused_bytes", "static_bytes", "stack_bytes",
	                                    "unattributed_bytes"};
	static const int values[] = {MIB, 18 * MIB, 9 * MIB, MIB, 65536, MIB};
	char *text = NULL, *layout, *why, *function;
	json_t *report, *list, *heap, *row;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	int bytes, blocks, unknown, replaced, instances, index;

	report_json(file, view, &everything);
	fclose(file);
	view_free(view);
	report = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	list = json_object_get(report, "wasm_memories");
	heap = json_object_get(json_array_get(list, 1), "heap");
	ck_assert_int_eq(json_unpack(heap, "{s:i, s:i, s:i, s:i, s:s, s:s, s:i}", "live_bytes", &bytes, "live_blocks", &blocks,
	                             "unknown_frees", &unknown, "replaced", &replaced, "layout", &layout, "allocator_why",
	                             &why, "instances", &instances), 0);
	ck_assert_int_eq(bytes, 20 * MIB);
	ck_assert_int_eq(blocks, 100000);
	ck_assert_int_eq(unknown, 3);
	ck_assert_int_eq(replaced, 2);
	ck_assert_int_eq(instances, 3);
	ck_assert_str_eq(layout, "dlmalloc");
	ck_assert_str_eq(why, "functions named like an allocator's");
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		ck_assert_int_eq(json_integer_value(json_object_get(heap, parts[i])), values[i]);
		bytes += values[i];
	}
	ck_assert_int_eq(bytes, 50 * MIB + 65536);
	row = json_object_get(heap, "allocator");
	ck_assert_uint_eq(json_array_size(row), 3);
	ck_assert_int_eq(json_unpack(json_array_get(row, 0), "{s:s, s:i}", "name", &function, "index", &index), 0);
	ck_assert_str_eq(function, "dlmalloc");
	ck_assert_int_eq(index, 25);
	ck_assert_uint_eq(count_of(row, "role", "free"), 1);
	ck_assert(json_is_null(json_object_get(json_array_get(row, 1), "name")));
	row = json_object_get(json_array_get(list, 1), "refused");
	ck_assert_uint_eq(json_array_size(row), 2);
	row = json_array_get(row, 0);
	ck_assert_int_eq(json_integer_value(json_object_get(row, "grows")), 7000);
	ck_assert_int_eq(json_integer_value(json_object_get(row, "largest_bytes")), 300 * 65536);
	row = json_array_get(json_object_get(row, "stack"), 0);
	ck_assert_int_eq(json_unpack(row, "{s:s, s:i}", "function", &function, "wasm_function", &index), 0);
	ck_assert_str_eq(function, "dlmalloc");
	ck_assert_int_eq(index, 25); /* as in the module on disk */
	ck_assert(json_is_null(json_object_get(json_array_get(list, 0), "heap")));
	heap = json_object_get(json_array_get(list, 3), "heap");
	ck_assert(json_is_null(json_object_get(heap, "live_bytes")));
	ck_assert(json_is_null(json_object_get(heap, "stack_bytes")));
	ck_assert_int_eq(json_integer_value(json_object_get(heap, "allocs")), 50);
	heap = json_object_get(json_array_get(list, 4), "heap");
	ck_assert(json_is_null(json_object_get(heap, "live_blocks")));
	ck_assert(json_is_null(json_object_get(heap, "unused_bytes")));
	ck_assert_uint_eq(json_array_size(json_object_get(heap, "allocator")), 0);
	heap = json_object_get(heap, "dropped");
	ck_assert_int_eq(json_integer_value(json_object_get(heap, "allocs")), 9);
	ck_assert_int_eq(json_integer_value(json_object_get(heap, "frees")), 8);
	ck_assert_int_eq(json_integer_value(json_object_get(heap, "unknown_frees")), 1247);
	ck_assert_str_eq(json_string_value(json_object_get(heap, "allocator_why")), "functions exported as an allocator's");
	ck_assert_uint_eq(count_of(json_object_get(heap, "allocator"), "role", "free"), 1);
	ck_assert(json_is_null(json_object_get(json_object_get(json_array_get(list, 1), "heap"), "dropped")));
	list = json_object_get(report, "findings");
	ck_assert_uint_eq(count_of(list, "kind", "wasm-unwatched"), 1);
	row = json_array_get(list, json_array_size(list) - 1);
	ck_assert_str_eq(json_string_value(json_object_get(row, "kind")), "wasm-stray");
	ck_assert_int_eq(json_integer_value(json_object_get(row, "count")), 7);
	row = json_array_get(list, json_array_size(list) - 2);
	ck_assert_int_eq(json_integer_value(json_object_get(row, "count")), 5);
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(row, "examples"), 0)),
	                 "4 modules, of up to 1000 B: it has no code");
	json_decref(report);
	free(text);
}
END_TEST

SUITE_MAIN("wasm", heap_in_json, in_text, untold_in_text, nothing_without_memories, in_json)
