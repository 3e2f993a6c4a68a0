/* Where the memory is, in the text report, against tests/golden/report, and in JSON. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "report/json.h"
#include "report/ledger.h"
#include "report_golden.h"
#include "report_model.h"
#include "suite.h"
#include "trace/sample.h"

#define MIB (1ull << 20)

static struct ledger_part parts[] = {
	{LEDGER_FILE, (char *)"/usr/local/bin/node", 36 * MIB, 0, {0}, false},
	{LEDGER_LIVE, NULL, 30 * MIB, 0, {0}, false},
	{LEDGER_RETAINED, (char *)"main arena", 20 * MIB, 18 * MIB, {0}, false},
	{LEDGER_MAPPED, (char *)"geometry::Arena::grow(\033[31m), arena.cc:12", 9 * MIB, 0, {4}, false},
	{LEDGER_RUNTIME_HEAP, NULL, 6 * MIB, 0, {0}, false},
	{LEDGER_FILE, (char *)"/lib/x86_64-linux-gnu/libc.so.6", MIB, 0, {0}, false},
	{LEDGER_RETAINED, (char *)"arena at 0x7f2290000000", MIB / 2, 0, {0}, false},
	{LEDGER_STACKS, NULL, 8192, 0, {0}, false},
	{LEDGER_FILE, (char *)"/lib/x86_64-linux-gnu/libm.so.6", 8192, 0, {0}, false},
	{LEDGER_FILE, (char *)"/lib/x86_64-linux-gnu/libdl.so.2", 4096, 0, {0}, false},
};
static struct ledger ledgers[] = {
	{.tick = 1000, .at = (char *)"", .rss_bytes = 20 * MIB, .unexplained_bytes = 20 * MIB},
	{.tick = 2000, .at = (char *)"half", .rss_bytes = 60 * MIB, .unexplained_bytes = 60 * MIB},
	{.tick = 2500, .at = (char *)"peak", .rss_bytes = 140 * MIB, .unexplained_bytes = 140 * MIB},
	{.tick = 4000, .at = (char *)"exit", .rss_bytes = 103 * MIB},
};
static struct sample samples[4];

static struct recording *model(void)
{
	struct recording *recording = model_leak();
	struct process_info *process = &recording->processes[0];
	uint64_t explained = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		explained += parts[i].bytes;
	ledgers[3].parts = parts;
	ledgers[3].part_count = sizeof(parts) / sizeof(*parts);
	ledgers[3].unexplained_bytes = ledgers[3].rss_bytes - explained;
	samples[3].head.cpu_ns = 500000000;
	process->header.sampling_us = 1500;
	process->ledgers = ledgers;
	process->ledger_count = 4;
	process->samples = samples;
	process->sample_count = 4;
	return recording;
}

static char *text(struct recording *recording, struct page page)
{
	struct view_input input = {recording, names_open(recording)};
	struct view *view = view_build(&input, 1, &(struct view_options){.join = true});
	char *printed = NULL;
	size_t size;

	page.file = open_memstream(&printed, &size);
	text_ledger(&page, view);
	text_trust(&page, view, &(struct name_sum){0});
	fclose(page.file);
	view_free(view);
	return printed;
}

START_TEST(a_table)
{
	char *printed = text(model(), (struct page){.width = 80, .cut = true});

	golden_width(printed, 80);
	golden("ledger-80", printed);
	golden("ledger-200", text(model(), (struct page){.width = 200, .cut = true}));
}
END_TEST

START_TEST(a_small_process_is_left_out)
{
	struct recording *recording = model();
	char *printed;

	ledgers[3].rss_bytes = 15 * MIB;
	printed = text(recording, (struct page){.width = 80, .cut = true});
	ck_assert_ptr_null(strstr(printed, "Where the memory is"));
	ck_assert_ptr_null(strstr(printed, "sampling"));
	ledgers[3].rss_bytes = 103 * MIB;
	free(printed);
}
END_TEST

START_TEST(in_json)
{
	struct recording *recording = model();
	struct view_input input = {recording, names_open(recording)};
	struct view *view = view_build(&input, 1, &(struct view_options){0});
	json_t *ledger = json_ledger(&view->processes[0]), *part;
	json_int_t sum = json_integer_value(json_object_get(ledger, "unexplained_bytes"));
	size_t i;

	json_array_foreach(json_object_get(ledger, "parts"), i, part)
		sum += json_integer_value(json_object_get(part, "bytes"));
	ck_assert_int_eq(sum, json_integer_value(json_object_get(ledger, "rss_bytes")));
	ck_assert_int_eq(sum, 103 * MIB);
	ck_assert_str_eq(json_string_value(json_object_get(ledger, "at")), "exit");
	part = json_array_get(json_object_get(ledger, "parts"), 2);
	ck_assert_str_eq(json_string_value(json_object_get(part, "name")), "free in malloc: main arena");
	ck_assert_int_eq(json_integer_value(json_object_get(part, "trimmable_bytes")), 18 * MIB);
	ck_assert_uint_eq(json_array_size(json_object_get(ledger, "samples")), 4);
	part = json_array_get(json_object_get(ledger, "samples"), 3);
	ck_assert_int_eq(json_integer_value(json_object_get(part, "time_ns")), 5000001500); /* as that of marks */
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(ledger, "sampling"), "cpu_ns")), 1500000);
	json_decref(ledger);
	view_free(view);
}
END_TEST

SUITE_MAIN("ledger", a_table, a_small_process_is_left_out, in_json)
