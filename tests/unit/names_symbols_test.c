/* names_symbols_test.c: names by symbols alone: what has them, what lies between, which of several is taken. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/names.h"
#include "names_build.h"
#include "names_recording.h"
#include "suite.h"
#include "util.h"

static char *folder;
static uint64_t text;            /* vaddr of the fixture's first function */

static void set_up(void)
{
	char *output;

	folder = build_folder();
	build("cd '%s' && echo 'FIRST { global: alpha; gamma; delta; __delta; versioned; beyond; omega; "
	      "local: *; };' >map && "
	      "gcc -nostdlib -shared -Wl,--build-id,--version-script=map -o whole.so '%s/labels.S' && "
	      "strip -o stripped.so whole.so", folder, SOURCES);
	output = build_output("nm '%s/whole.so' | sed -n 's/ T alpha.*//p'", folder);
	text = strtoull(output, NULL, 16);
	ck_assert_uint_gt(text, 0);
	free(output);
}

static void tear_down(void)
{
	build_remove(folder);
}

static void expect(const char *file, uint64_t offset, const char *function)
{
	struct recording *recording = made_recording();
	struct process_id process = {0};
	char *path = xasprintf("%s/%s", folder, file);
	const struct frame *frames;
	struct node_id node;
	struct names *names;

	made_module(recording, process, path, MADE_BIAS);
	node = made_node(recording, process, (struct trace_node){
		.address = MADE_BIAS + text + offset, .generation = TRACE_NODE_EXACT});
	names = names_open(recording);
	ck_assert_uint_eq(names_resolve(names, process, node, &frames), 1);
	if (function)
		ck_assert_str_eq(frames[0].function, function);
	else
		ck_assert_ptr_null(frames[0].function);
	ck_assert_int_eq(frames[0].kind, function ? FRAME_NATIVE : FRAME_UNKNOWN);
	ck_assert_str_eq(frames[0].module, path);
	names_close(names);
	made_recording_free(recording);
	free(path);
}

static const struct {
	uint64_t offset;          /* from the first function */
	const char *whole, *stripped; /* what is found with .symtab, with .dynsym alone */
} places[] = {
	{0, "alpha", "alpha"},
	{8, "alpha", "alpha"},
	{15, "alpha", "alpha"},
	{16, NULL, NULL},
	{31, NULL, NULL},
	{32, "gamma", NULL},
	{63, "gamma", NULL},
	{64, "delta", "delta"},
	{79, "delta", "delta"},
	{80, "versioned", "versioned"},
	{111, NULL, NULL},
	{112, "omega", NULL},
	{127, "omega", NULL},
	{128, NULL, NULL},
	{4096, NULL, NULL},
	{(uint64_t)-1, NULL, NULL},
};

START_TEST(place)
{
	expect("whole.so", places[_i].offset, places[_i].whole);
	expect("stripped.so", places[_i].offset, places[_i].stripped);
}
END_TEST

/* V8's builtins lie in node's own file. A function that happens to be called like one is none. */
START_TEST(builtins_of_v8)
{
	struct recording *recording = made_recording();
	struct process_id process = {0};
	char *with = xasprintf("%s/with.so", folder), *without = xasprintf("%s/without.so", folder), *output;
	struct node_id map, alone, trampoline, above, other;
	const struct frame *frames;
	struct names *names;
	uint64_t first;

	build("cd '%s' && gcc -DV8 -nostdlib -shared -Wl,--build-id -o with.so '%s/builtins.S' && "
	      "gcc -nostdlib -shared -Wl,--build-id -o without.so '%s/builtins.S'", folder, SOURCES, SOURCES);
	output = build_output("nm '%s/with.so' | sed -n 's/ t Builtins_ArrayMap//p'", folder);
	first = MADE_BIAS + strtoull(output, NULL, 16);
	free(output);
	made_module(recording, process, with, MADE_BIAS);
	map = made_call(recording, process, first);
	alone = made_call(recording, process, first + 16);
	trampoline = made_call(recording, process, first + 32);
	above = made_node(recording, process, (struct trace_node){first + 17, trampoline.index, 0});
	output = build_output("nm '%s/without.so' | sed -n 's/ t Builtins_ArrayMap//p'", folder);
	made_module(recording, process, without, 2 * MADE_BIAS);
	other = made_call(recording, process, 2 * MADE_BIAS + strtoull(output, NULL, 16));
	free(output);
	names = names_open(recording);
	names_resolve(names, process, map, &frames);
	ck_assert_int_eq(frames[0].kind, FRAME_BUILTIN);
	ck_assert_str_eq(frames[0].function, "ArrayMap");
	ck_assert_str_eq(frames[0].module, with);
	names_resolve(names, process, alone, &frames);
	ck_assert_ptr_null(frames[0].function);
	ck_assert_int_eq(frames[0].why, UNKNOWN_INTERPRETED);
	names_resolve(names, process, trampoline, &frames);
	ck_assert_ptr_null(frames[0].function);
	ck_assert_int_eq(frames[0].kind, FRAME_JS);
	names_resolve(names, process, above, &frames);
	ck_assert(frames[0].machinery);
	names_resolve(names, process, other, &frames);
	ck_assert_int_eq(frames[0].kind, FRAME_NATIVE);
	ck_assert_str_eq(frames[0].function, "Builtins_ArrayMap");
	names_close(names);
	made_recording_free(recording);
	free(with);
	free(without);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("symbols");

	tcase_add_unchecked_fixture(test, set_up, tear_down);
	tcase_add_loop_test(test, place, 0, sizeof(places) / sizeof(places[0]));
	tcase_add_test(test, builtins_of_v8);
	return suite_run("names_symbols", test);
}
