/* report_export_test.c: profiles of recordings made by hand, in the formats that need no more than these. */
#include <jansson.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "export/formats.h"
#include "report_model.h"
#include "suite.h"

static struct view_input input;
static struct view *view;

static struct profile *profile_of(struct recording *recording)
{
	input = (struct view_input){recording, names_open(recording)};
	view = view_build(&input, 1, &(struct view_options){0});
	ck_assert_ptr_nonnull(view);
	return profile_build(view, -1, true, PROFILE_MEMORY | PROFILE_CPU);
}

static void release(struct profile *profile)
{
	profile_free(profile);
	view_free(view);
	names_close(input.names);
}

/* What a format writes; its size, too. To be freed. */
static char *written(bool (*format)(FILE *, struct profile *, const struct export_options *), struct profile *profile,
                     enum profile_value value, size_t *size)
{
	char *text;
	FILE *file = open_memstream(&text, size);

	ck_assert(format(file, profile, &(struct export_options){.value = value, .domain = -1}));
	ck_assert_int_eq(fclose(file), 0);
	return text;
}

START_TEST(folded_has_a_line_for_each_stack)
{
	struct profile *profile = profile_of(model_leak());
	size_t size;
	char *text = written(folded_export, profile, VALUE_LIVE_BYTES, &size);

	ck_assert_str_eq(text, "__libc_start_call_main;main;retain 98304\n"
	                       "__libc_start_call_main;main;fill_table;copy_name 512\n"
	                       "__libc_start_call_main;main;fill_table;copy_name;strdup 57651\n");
	free(text);
	text = written(folded_export, profile, VALUE_TEMPORARY, &size);
	ck_assert_str_eq(text, "__libc_start_call_main;main 963201\n");
	free(text);
	release(profile);
}
END_TEST

/* Of every model: its processes, broken stacks, names from all over the world, scripts. */
static struct recording *(*const models[])(void) = {
	model_leak, model_tree, model_script, model_startup, model_crowd, model_clean,
};

START_TEST(json_is_whole_and_has_the_sums)
{
	struct profile *profile = profile_of(models[_i]());
	size_t size;
	char *text = written(speedscope_export, profile, VALUE_LIVE_BYTES, &size);
	json_t *data = json_loadb(text, size, 0, NULL), *shown, *weight;
	uint64_t sum = 0;
	size_t at;

	ck_assert_ptr_nonnull(data);
	shown = json_array_get(json_object_get(data, "profiles"),
	                       (size_t)json_integer_value(json_object_get(data, "activeProfileIndex")));
	json_array_foreach(json_object_get(shown, "weights"), at, weight)
		sum += (uint64_t)json_integer_value(weight);
	ck_assert_uint_eq(sum, profile->totals[VALUE_LIVE_BYTES]);
	json_decref(data);
	free(text);

	text = written(firefox_export, profile, VALUE_LIVE_BYTES, &size);
	data = json_loadb(text, size, 0, NULL);
	ck_assert_ptr_nonnull(data);
	ck_assert_uint_eq(json_array_size(json_object_get(data, "threads")), view->process_count);
	json_decref(data);
	free(text);

	text = written(heapprofile_export, profile, VALUE_BYTES, &size);
	data = json_loadb(text, size, 0, NULL);
	ck_assert_ptr_nonnull(data);
	json_decref(data);
	free(text);

	text = written(svg_export, profile, VALUE_LIVE_BYTES, &size);
	ck_assert_ptr_nonnull(strstr(text, "</svg>\n"));
	free(text);
	release(profile);
}
END_TEST

START_TEST(binary_formats_are_whole)
{
	struct profile *profile = profile_of(models[_i]());
	sqlite3 *database;
	sqlite3_stmt *query;
	size_t size;
	char *bytes = written(pprof_export, profile, VALUE_LIVE_BYTES, &size);

	ck_assert_uint_gt(size, 20);
	ck_assert_int_eq(memcmp(bytes, "\x1f\x8b", 2), 0);
	free(bytes);
	bytes = written(sqlite_export, profile, VALUE_LIVE_BYTES, &size);
	ck_assert_int_eq(sqlite3_open(":memory:", &database), SQLITE_OK);
	ck_assert_int_eq(sqlite3_deserialize(database, "main", (unsigned char *)bytes, (sqlite3_int64)size, (sqlite3_int64)size,
	                                     SQLITE_DESERIALIZE_READONLY), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(database, "SELECT total(live_bytes) FROM sites", -1, &query, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(query), SQLITE_ROW);
	ck_assert_uint_eq((uint64_t)sqlite3_column_int64(query, 0), profile->totals[VALUE_LIVE_BYTES]);
	sqlite3_finalize(query);
	sqlite3_close(database);
	free(bytes);
	release(profile);
}
END_TEST

/* CPU samples of each model's first process, in all formats that have room for them. */
START_TEST(samples)
{
	struct profile *profile = profile_of(model_sampled(models[_i]()));
	const struct cpu *cpu = view->processes[0].info->cpu;
	bool (*const formats[])(FILE *, struct profile *, const struct export_options *) = {
		cpuprofile_export, speedscope_export, firefox_export,
	};
	size_t size, at;
	char *text;

	ck_assert_uint_eq(profile->totals[VALUE_CPU], cpu->amounts[TRACE_CPU_TIME]);
	ck_assert_uint_eq(profile->totals[VALUE_SAMPLES], cpu->taken);
	ck_assert_uint_eq(profile->totals[VALUE_CYCLES], cpu->amounts[TRACE_CPU_CYCLES]);
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		json_t *data, *node;
		uint64_t hits = 0;

		text = written(formats[i], profile, VALUE_CPU, &size);
		data = json_loadb(text, size, 0, NULL);
		ck_assert_ptr_nonnull(data);
		json_array_foreach(json_object_get(data, "nodes"), at, node)
			hits += (uint64_t)json_integer_value(json_object_get(node, "hitCount"));
		/* Of the one thread that took most. */
		ck_assert(formats[i] != cpuprofile_export || !cpu->taken || (hits > cpu->taken / 2 && hits < 2 * cpu->taken));
		json_decref(data);
		free(text);
	}
	text = written(pprof_export, profile, VALUE_CPU, &size);
	ck_assert_uint_gt(size, 20);
	free(text);
	text = written(sqlite_export, profile, VALUE_CPU, &size);
	ck_assert_uint_gt(size, 20);
	free(text);
	release(profile);
}
END_TEST

/* A recording compared with itself has the same on both sides, and what is later has its own numbers. */
START_TEST(differences)
{
	struct recording *recording = model_leak();
	struct view_input both[2] = {{recording, names_open(recording)}, {recording, names_open(recording)}};
	struct export_options options = {.value = VALUE_LIVE_BYTES, .domain = -1, .earlier = 1};
	struct profile *profile;
	char *text, *self, *before;
	size_t size, length;
	FILE *file = open_memstream(&text, &size);

	view = view_build(both, 2, &(struct view_options){0});
	profile = profile_build(view, -1, false, PROFILE_MEMORY | PROFILE_BASE_NAMES);
	ck_assert(svg_export(file, profile, &options));
	ck_assert_int_eq(fclose(file), 0);
	self = strstr(text, "self:[");
	before = strstr(text, "before:[");
	ck_assert(self && before && strstr(text, "against:true"));
	length = strcspn(self + strlen("self:["), "]");
	ck_assert_uint_gt(length, 10);
	ck_assert_int_eq(strncmp(self + strlen("self:["), before + strlen("before:["), length), 0);
	free(text);
	profile_free(profile);
	view_free(view);
	names_close(both[0].names);
	names_close(both[1].names);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("export");

	tcase_add_test(tcase, folded_has_a_line_for_each_stack);
	tcase_add_loop_test(tcase, json_is_whole_and_has_the_sums, 0, sizeof(models) / sizeof(*models));
	tcase_add_loop_test(tcase, binary_formats_are_whole, 0, sizeof(models) / sizeof(*models));
	tcase_add_loop_test(tcase, samples, 0, sizeof(models) / sizeof(*models));
	tcase_add_test(tcase, differences);
	return suite_run("export", tcase);
}
