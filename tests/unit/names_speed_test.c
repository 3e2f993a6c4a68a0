/*
 * names_speed_test.c: twenty thousand addresses in each of node (100 MB, no debug information of its own), libc and
 * libstdc++ are named in less than two seconds of CPU together. A linear search per address would take minutes.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "names/elf.h"
#include "names/names.h"
#include "names_build.h"
#include "names_recording.h"
#include "suite.h"
#include "util.h"

#define ADDRESSES 20000

/* Spread over the largest section of code. */
static void scatter(struct recording *recording, const char *path, uint64_t bias)
{
	struct process_id process = {0};
	struct elf_file *file;
	uint64_t start = 0, end = 0;

	ck_assert_int_eq(elf_file_open(path, &file), ELF_FINE);
	for (size_t i = 0; i < file->code_count; i++) {
		if (file->code[i].end - file->code[i].start <= end - start)
			continue;
		start = file->code[i].start;
		end = file->code[i].end;
	}
	elf_file_close(file);
	made_module(recording, process, path, bias);
	for (uint64_t i = 0; i < ADDRESSES; i++)
		made_call(recording, process, bias + start + i * ((end - start) / ADDRESSES));
}

/* Of CPU: other tests may run beside this one. */
static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

START_TEST(is_quick)
{
	struct recording *recording = made_recording();
	char *list = build_output("ls -1 /usr/lib/*/libstdc++.so.6 /usr/lib/*/libc.so.6 | grep $(uname -m); "
	                          "readlink -f \"$(command -v node)\" || :");
	char *rest = list, *path;
	uint64_t bias = 0;
	double begin;
	struct names *names;
	size_t nodes, named = 0;

	while ((path = strsep(&rest, "\n")) && *path)
		scatter(recording, path, bias += MADE_BIAS);
	nodes = recording->processes[0].node_count;
	ck_assert_uint_ge(nodes, 2 * ADDRESSES);
	begin = seconds();
	names = names_open(recording);
	for (size_t i = 0; i < nodes; i++) {
		struct node_id node = {(uint32_t)(TRACE_FIRST_NODE + i)};
		const struct frame *frames;
		size_t count = names_resolve(names, (struct process_id){0}, node, &frames);

		named += frames[count - 1].function != NULL;
	}
	names_close(names);
	printf("%zu addresses, %zu named, %.3f s\n", nodes, named, seconds() - begin);
	ck_assert_uint_gt(named, nodes / 2);
	ck_assert_double_lt(seconds() - begin, 2);
	free(list);
	made_recording_free(recording);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("speed");

	tcase_add_test(test, is_quick);
	return suite_run("names_speed", test);
}
