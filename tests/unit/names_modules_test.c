/*
 * names_modules_test.c: an address belongs to the module that was there in its generation, and to none if that is
 * not certain; nodes of any kind get at least one frame.
 */
#include <check.h>
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/modules.h"
#include "names/names.h"
#include "names_build.h"
#include "names_recording.h"
#include "suite.h"
#include "util.h"

static struct recording *recording;
static struct process_id first;

static void set_up(void)
{
	recording = made_recording();
}

static void tear_down(void)
{
	made_recording_free(recording);
}

static void load(const char *path, uint64_t start, uint64_t end, uint32_t generation)
{
	struct module *module = made_module(recording, first, path, start);

	module->start = start;
	module->end = end;
	module->generation = generation;
}

static const char *path_at(uint64_t address, uint32_t generation)
{
	struct module_index index = {0};
	const struct module *module;
	const char *path;

	module_index_build(&index, &recording->processes[0]);
	module = module_at(&index, address, generation);
	path = module ? module->path : NULL;
	module_index_free(&index);
	return path;
}

START_TEST(generations)
{
	load("/b", 0x3000, 0x5000, 0);
	load("/a", 0x1000, 0x2000, 0);
	load("/c", 0x1000, 0x4000, 1);
	load("/d", 0x1800, 0x1900, 2);
	ck_assert_str_eq(path_at(0x1000, 0), "/a");
	ck_assert_str_eq(path_at(0x1fff, 0), "/a");
	ck_assert_ptr_null(path_at(0x2000, 0));
	ck_assert_ptr_null(path_at(0xfff, 0));
	ck_assert_str_eq(path_at(0x4fff, 0), "/b");
	ck_assert_str_eq(path_at(0x1000, 1), "/c");
	ck_assert_str_eq(path_at(0x3fff, 1), "/c");
	ck_assert_ptr_null(path_at(0x4000, 1));
	ck_assert_str_eq(path_at(0x1850, 2), "/d");
	ck_assert_ptr_null(path_at(0x1900, 2));
	ck_assert_ptr_null(path_at(0x1850, 3));
	ck_assert_ptr_null(path_at(UINT64_MAX, 0));
	ck_assert_ptr_null(path_at(0, 0));
}
END_TEST

START_TEST(of_two_minds)
{
	load("/a", 0x1000, 0x9000, 0);
	load("/b", 0x2000, 0x3000, 0);
	ck_assert_str_eq(path_at(0x1fff, 0), "/a");
	ck_assert_ptr_null(path_at(0x2000, 0));
	ck_assert_str_eq(path_at(0x3000, 0), "/a");
	/* Told twice is no contradiction. */
	load("/c", 0x10000, 0x11000, 0);
	load("/c", 0x10000, 0x11000, 0);
	ck_assert_str_eq(path_at(0x10800, 0), "/c");
}
END_TEST

START_TEST(none_at_all)
{
	ck_assert_ptr_null(path_at(0x1000, 0));
}
END_TEST

static struct frame resolved(struct names *names, struct process_id process, struct node_id node)
{
	const struct frame *frames;

	ck_assert_uint_eq(names_resolve(names, process, node, &frames), 1);
	return frames[0];
}

START_TEST(unknown)
{
	struct node_id vdso, nowhere, unused, lowest;
	struct frame frame;
	struct names *names;

	load("", 0x7000, 0x9000, 0);
	vdso = made_call(recording, first, 0x7100);
	nowhere = made_call(recording, first, 0xabc0);
	unused = made_node(recording, first, (struct trace_node){0});
	lowest = made_node(recording, first, (struct trace_node){.address = 1, .generation = 77});
	names = names_open(recording);
	frame = resolved(names, first, vdso);
	ck_assert_int_eq(frame.kind, FRAME_UNKNOWN);
	ck_assert_str_eq(frame.module, "[vdso]");
	ck_assert_uint_eq(frame.address, 0x7100);
	frame = resolved(names, first, nowhere);
	ck_assert_int_eq(frame.kind, FRAME_UNKNOWN);
	ck_assert_ptr_null(frame.module);
	ck_assert_ptr_null(frame.function);
	ck_assert_uint_eq(frame.address, 0xabc0);
	ck_assert(!frame.inlined);
	ck_assert_int_eq(resolved(names, first, unused).kind, FRAME_UNKNOWN);
	ck_assert_int_eq(resolved(names, first, lowest).kind, FRAME_UNKNOWN);
	ck_assert_int_eq(resolved(names, first, (struct node_id){TRACE_STACK_CUT}).kind, FRAME_UNKNOWN);
	ck_assert_int_eq(resolved(names, first, (struct node_id){UINT32_MAX}).kind, FRAME_UNKNOWN);
	ck_assert_int_eq(resolved(names, (struct process_id){7}, vdso).kind, FRAME_UNKNOWN);
	names_close(names);
}
END_TEST

/* The same file in two processes, at two places, and an exact address; the truth is this program's own loader. */
START_TEST(two_processes)
{
	struct process_id second = made_process(recording);
	struct node_id call, exact, other, outside;
	const struct frame *frames;
	struct link_map *map;
	struct names *names;
	uint64_t address = (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, "qsort_r");
	Dl_info info;

	ck_assert_int_ne(dladdr1((void *)(uintptr_t)address, &info, (void **)&map, RTLD_DL_LINKMAP), 0);
	address -= map->l_addr;
	made_module(recording, first, map->l_name, 0x10000000);
	made_module(recording, second, map->l_name, 0x70000000);
	call = made_call(recording, first, 0x10000000 + address);
	exact = made_node(recording, first, (struct trace_node){
		.address = 0x10000000 + address, .generation = TRACE_NODE_EXACT});
	outside = made_node(recording, first, (struct trace_node){
		.address = 0x10000000 + address, .generation = TRACE_NODE_EXACT | 1});
	other = made_call(recording, second, 0x70000000 + address);
	names = names_open(recording);

	ck_assert_uint_ge(names_resolve(names, first, call, &frames), 1);
	ck_assert_ptr_nonnull(strstr(frames[0].function, "qsort_r"));
	ck_assert_uint_eq(frames[0].address, 0x10000000 + address);
	ck_assert_uint_ge(names_resolve(names, first, exact, &frames), 1);
	ck_assert_ptr_nonnull(strstr(frames[0].function, "qsort_r"));
	ck_assert_uint_eq(frames[0].address, 0x10000000 + address);
	ck_assert_uint_ge(names_resolve(names, second, other, &frames), 1);
	ck_assert_ptr_nonnull(strstr(frames[0].function, "qsort_r"));
	ck_assert_uint_eq(frames[0].address, 0x70000000 + address);
	ck_assert_int_eq(frames[0].kind, FRAME_NATIVE);
	ck_assert_str_eq(frames[0].module, map->l_name);
	ck_assert_uint_eq(names_resolve(names, first, outside, &frames), 1);
	ck_assert_ptr_null(frames[0].module);
	names_close(names);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("modules");

	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, generations);
	tcase_add_test(test, of_two_minds);
	tcase_add_test(test, none_at_all);
	tcase_add_test(test, unknown);
	tcase_add_test(test, two_processes);
	return suite_run("names_modules", test);
}
