/* The JSON report of hand-made recordings: the shape of probe.report/1, and its numbers. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "report/json.h"
#include "suite.h"
#include "report_model.h"

static json_t *document_of(const struct view_input *inputs, size_t count, const struct json_options *options, int by)
{
	struct view *view = view_build(inputs, count, &(struct view_options){.join = count > 1});
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	json_error_t error;
	json_t *value;

	if (by < 0)
		report_json(file, view, options);
	else
		leaks_json(file, view, options, (enum leaks_by)by);
	fclose(file);
	view_free(view);
	/* jansson refuses what is not valid UTF-8, and keys that stand twice. */
	value = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(value, "line %d: %s in:\n%s", error.line, error.text, text);
	free(text);
	return value;
}

static json_t *document(struct recording *recording, const struct json_options *options, int by)
{
	struct view_input input = {recording, names_open(recording)};

	return document_of(&input, 1, options, by);
}

static const struct json_options everything = {.domain = -1, .top = SIZE_MAX};

static void expect_keys(const json_t *object, const char *keys)
{
	char *list = strdup(keys), *rest;

	ck_assert(json_is_object(object));
	for (char *key = strtok_r(list, " ", &rest); key; key = strtok_r(NULL, " ", &rest))
		ck_assert_msg(json_object_get(object, key), "'%s' is missing", key);
	free(list);
}

static const json_t *at(const json_t *value, const char *key)
{
	value = json_object_get(value, key);
	ck_assert_msg(value, "'%s' is missing", key);
	return value;
}

static const json_t *row(const json_t *value, const char *key, size_t index)
{
	value = json_array_get(at(value, key), index);
	ck_assert_msg(value, "%s[%zu] is missing", key, index);
	return value;
}

static void expect_number(const json_t *object, const char *key, json_int_t wanted)
{
	ck_assert(json_is_integer(at(object, key)));
	ck_assert_int_eq(json_integer_value(at(object, key)), wanted);
}

static void expect_text(const json_t *object, const char *key, const char *wanted)
{
	if (!wanted) {
		ck_assert_msg(json_is_null(at(object, key)), "'%s' is not null", key);
		return;
	}
	ck_assert_msg(json_is_string(at(object, key)), "'%s' is no string", key);
	ck_assert_str_eq(json_string_value(at(object, key)), wanted);
}

START_TEST(every_promised_key_is_there)
{
	json_t *report = document(model_tree(), &everything, -1);
	const json_t *leaks = at(report, "leaks");

	expect_keys(report, "schema recording processes marks totals leaks wasm_memories findings");
	expect_keys(at(report, "recording"), "dir started warnings");
	expect_keys(row(report, "processes", 0),
	            "id pid ppid exe argv end status threads events lost recovered repaired "
	            "unmatched_frees ledger");
	expect_keys(row(report, "marks", 0), "process label time_ns");
	expect_keys(at(report, "totals"), "allocs frees bytes_allocated peak_bytes live_blocks live_bytes temporary");
	expect_keys(leaks, "domains by_site by_type");
	expect_keys(row(leaks, "by_site", 0),
	            "process domain bytes blocks allocs frees type type_evidence owner trend "
	            "growth_bytes_per_mark suppressed_by suppressed_from stack");
	expect_keys(row(row(leaks, "by_site", 1), "stack", 0),
	            "kind function file line line_kind column module address "
	            "inlined tier");
	expect_keys(row(report, "findings", 0), "kind count examples");
	expect_text(report, "schema", "probe.report/1");
	ck_assert(json_is_array(at(report, "wasm_memories")));
	expect_keys(row(leaks, "by_type", 0), "type domain bytes blocks owned_bytes allocs frees dropping");
	json_decref(report);
}
END_TEST

START_TEST(numbers_are_exact)
{
	json_t *report = document(model_leak(), &everything, -1);
	const json_t *process = row(report, "processes", 0), *totals = at(report, "totals"),
	             *leaks = at(report, "leaks");
	const json_t *site = row(leaks, "by_site", 1), *frame = row(site, "stack", 1);

	expect_text(at(report, "recording"), "started", "2026-11-20T06:55:37.123456789Z");
	expect_number(process, "pid", 4711);
	expect_number(process, "status", 0);
	expect_number(process, "threads", 2);
	expect_number(process, "recovered", 311);
	expect_text(process, "end", "exit");
	ck_assert_uint_eq(json_array_size(at(process, "argv")), 3);
	expect_number(totals, "allocs", 1203505);
	expect_number(totals, "bytes_allocated", 1291210444);
	expect_number(totals, "live_bytes", 156467);
	expect_number(at(at(leaks, "domains"), "heap"), "bytes", 98304 + 57651 + 512);
	expect_number(at(at(leaks, "domains"), "heap"), "blocks", 16);
	ck_assert_uint_eq(json_array_size(at(leaks, "by_site")), 3);
	expect_text(site, "process", "4711-1a2b-0badcafe-0");
	expect_text(site, "domain", "heap");
	expect_number(site, "bytes", 57651);
	expect_number(site, "allocs", 500);
	expect_number(site, "frees", 489);
	expect_text(site, "trend", NULL);
	expect_text(frame, "function", "copy_name");
	expect_text(frame, "kind", "native");
	expect_text(frame, "line_kind", "call");
	expect_text(frame, "address", "0x401150");
	expect_number(frame, "line", 21);
	ck_assert(json_is_true(at(frame, "inlined")));
	json_decref(report);
}
END_TEST

START_TEST(frames_of_a_script)
{
	json_t *report = document(model_script(), &everything, -1);
	const json_t *leaks = at(report, "leaks"), *first = row(leaks, "by_site", 0), *frame;

	/* The same stack at another address is the same site; a bytecode handler is no frame. */
	ck_assert_uint_eq(json_array_size(at(leaks, "by_site")), 6);
	ck_assert_uint_eq(json_array_size(at(first, "stack")), 6);
	frame = row(first, "stack", 2);
	expect_text(frame, "kind", "js");
	expect_text(frame, "function", "retainBuffers");
	expect_text(frame, "file", "/srv/app/src/leak.ts");
	expect_text(frame, "module", "/srv/app/dist/leak.js");
	expect_text(frame, "line_kind", "call");
	expect_text(frame, "tier", "interpreted");
	frame = row(first, "stack", 4);
	expect_text(frame, "kind", "js");
	expect_text(frame, "function", NULL);
	expect_text(frame, "unknown", "interpreter");
	frame = row(row(leaks, "by_site", 1), "stack", 1);
	expect_text(frame, "line_kind", "function");
	expect_text(frame, "tier", "optimized");
	expect_text(row(row(leaks, "by_site", 1), "stack", 2), "kind", "builtin");
	expect_text(row(row(leaks, "by_site", 1), "stack", 2), "tier", NULL);
	frame = row(row(leaks, "by_site", 2), "stack", 0);
	expect_text(frame, "kind", "wasm");
	expect_number(frame, "wasm_function", 123);
	expect_number(frame, "wasm_offset", 69);
	expect_text(row(leaks, "by_module", 0), "module", "/srv/app/dist/leak.js");
	expect_number(at(at(report, "names"), "unknown"), "code-untold", 1);
	expect_number(at(at(report, "names"), "unknown"), "interpreter", 5);
	json_decref(report);
}
END_TEST

START_TEST(what_is_unknown_is_null)
{
	json_t *report = document(model_tree(), &everything, -1);
	const json_t *processes = at(report, "processes"), *sites = at(at(report, "leaks"), "by_site");
	const json_t *killed = json_array_get(processes, 2), *frame = row(json_array_get(sites, 1), "stack", 5);

	expect_text(killed, "end", "killed");
	expect_text(killed, "status", NULL);
	expect_text(json_array_get(processes, 3), "end", "signal");
	expect_number(json_array_get(processes, 3), "status", 11);
	expect_text(json_array_get(processes, 4), "end", "running");
	expect_text(frame, "kind", "unknown");
	expect_text(frame, "function", NULL);
	expect_text(frame, "line", NULL);
	expect_text(frame, "line_kind", NULL);
	expect_text(frame, "module", NULL);
	expect_text(row(report, "marks", 0), "label", "proof 1 \xef\xbf\xbd done");
	expect_number(row(report, "marks", 0), "time_ns", 5000002000);
	json_decref(report);
}
END_TEST

START_TEST(sites_are_complete_and_sorted)
{
	json_t *report = document(model_tree(), &everything, -1);
	const json_t *sites = at(at(report, "leaks"), "by_site");
	json_int_t before = INT64_MAX, heap = 0;

	/* Not joined: each row has its process. */
	ck_assert_uint_eq(json_array_size(sites), 11);
	for (size_t i = 0; i < 11; i++) {
		const json_t *site = json_array_get(sites, i);
		json_int_t bytes = json_integer_value(at(site, "bytes"));

		ck_assert_int_le(bytes, before);
		before = bytes;
		heap += strcmp(json_string_value(at(site, "domain")), "heap") ? 0 : bytes;
	}
	ck_assert_int_eq(heap, json_integer_value(at(at(report, "totals"), "live_bytes")));
	json_decref(report);
}
END_TEST

START_TEST(names_problems_are_findings)
{
	static const char problem[] = "/usr/local/bin/node is gone";
	json_t *report;
	const json_t *finding;

	model_problems[0] = problem;
	report = document(model_tree(), &everything, -1);
	finding = row(report, "findings", 2);
	expect_text(finding, "kind", "names");
	ck_assert_str_eq(json_string_value(row(finding, "examples", 0)), problem);
	json_decref(report);
}
END_TEST

/* 1,404 Vectors of several processes, which one allocator made; and what is of no type. */
START_TEST(types_are_added_up)
{
	json_t *report = document(model_tree(), &(struct json_options){.domain = DOMAIN_HEAP, .top = SIZE_MAX}, -1), *script;
	const json_t *leaks = at(report, "leaks"), *types = at(leaks, "by_type"), *type;

	expect_text(row(leaks, "by_site", 0), "type", "Vector");
	expect_text(row(leaks, "by_site", 0), "type_evidence", "frame: by its allocator");
	expect_text(row(leaks, "by_site", 0), "owner", NULL);
	ck_assert_uint_eq(json_array_size(types), 2);
	type = row(leaks, "by_type", 0);
	expect_text(type, "type", "Vector");
	expect_text(type, "domain", "heap");
	expect_number(type, "blocks", 1404);
	expect_text(type, "dropping", "never");
	expect_text(row(leaks, "by_type", 1), "type", NULL);
	expect_number(type, "bytes", json_integer_value(at(at(at(leaks, "domains"), "heap"), "bytes")) -
	                             json_integer_value(at(row(leaks, "by_type", 1), "bytes")));
	json_decref(report);

	script = document(model_script(), &everything, -1);
	leaks = at(script, "leaks");
	type = row(leaks, "by_type", 2);
	expect_text(type, "type", "kimchi::circuits::polynomial::Polynomial");
	expect_number(type, "bytes", 0);
	expect_number(type, "owned_bytes", 65536 + 4096);
	expect_text(type, "dropping", NULL);
	json_decref(script);
	script = document(model_script(), &(struct json_options){.domain = -1, .top = 1}, BY_TYPE);
	ck_assert_uint_eq(json_array_size(at(at(script, "leaks"), "by_type")), 1);
	expect_number(at(script, "leaks"), "left_off", 2);
	json_decref(script);
}
END_TEST

START_TEST(leaks_lists_what_was_asked_for)
{
	json_t *leaks = document(model_tree(), &(struct json_options){.domain = DOMAIN_MAP, .top = SIZE_MAX},
	                         BY_SITE);

	expect_text(leaks, "schema", "probe.leaks/1");
	ck_assert_uint_eq(json_array_size(at(at(leaks, "leaks"), "by_site")), 1);
	ck_assert_ptr_null(json_object_get(at(at(leaks, "leaks"), "domains"), "heap"));
	json_decref(leaks);
	leaks = document(model_tree(), &(struct json_options){.domain = -1, .top = 4}, BY_SITE);
	ck_assert_uint_eq(json_array_size(at(at(leaks, "leaks"), "by_site")), 4);
	expect_number(at(leaks, "leaks"), "left_off", 7);
	json_decref(leaks);
	leaks = document(model_tree(), &(struct json_options){.domain = DOMAIN_HEAP, .top = 2}, BY_PROCESS);
	ck_assert_uint_eq(json_array_size(at(at(leaks, "leaks"), "by_process")), 2);
	expect_number(at(leaks, "leaks"), "left_off", 3);
	expect_number(row(at(leaks, "leaks"), "by_process", 0), "bytes", 1236076);
	json_decref(leaks);
	leaks = document(model_tree(), &everything, BY_MODULE);
	expect_number(row(at(leaks, "leaks"), "by_module", 0), "blocks", 1404);
	json_decref(leaks);
}
END_TEST

START_TEST(a_row_of_several_processes_names_none)
{
	struct view_input inputs[] = {{model_leak(), names_open(model_leak())},
	                              {model_leak(), names_open(model_leak())}};
	json_t *report = document_of(inputs, 2, &everything, -1);
	const json_t *site = row(at(report, "leaks"), "by_site", 0);

	expect_text(site, "process", NULL);
	expect_number(site, "processes", 2);
	expect_number(site, "bytes", 2 * 98304);
	ck_assert_uint_eq(json_array_size(at(report, "recordings")), 2);
	json_decref(report);
}
END_TEST

SUITE_MAIN("json", every_promised_key_is_there, numbers_are_exact, frames_of_a_script, what_is_unknown_is_null,
            sites_are_complete_and_sorted, names_problems_are_findings, types_are_added_up, leaks_lists_what_was_asked_for,
            a_row_of_several_processes_names_none)
