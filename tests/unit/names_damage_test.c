/*
 * names_damage_test.c: files that are cut off, or have wrong bytes in their headers, symbols and debug information,
 * are survived, and in bounded time. Run with the sanitizers it also shows that nothing is read outside of them.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "names/names.h"
#include "names_build.h"
#include "names_recording.h"
#include "suite.h"
#include "util.h"

#define ROUNDS 150

static char *folder;
static char *path;
static struct calls calls;
static unsigned char *bytes;     /* of the sound program */
static size_t size;

static void set_up(void)
{
	FILE *file;

	folder = build_folder();
	path = xasprintf("%s/program", folder);
	build("cd '%s' && g++ -O2 -g -o program '%s/shapes.cc'", folder, SOURCES);
	calls = build_calls(path);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	fseek(file, 0, SEEK_END);
	size = (size_t)ftell(file);
	rewind(file);
	bytes = xmalloc(size);
	ck_assert_uint_eq(fread(bytes, 1, size, file), size);
	fclose(file);
}

static void tear_down(void)
{
	free(bytes);
	free(calls.addresses);
	free(path);
	build_remove(folder);
}

/* A new file, not the old one's pages: a reader may have mapped these. */
static void write_program(const unsigned char *content, size_t length)
{
	FILE *file;

	unlink(path);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(content, 1, length, file), length);
	fclose(file);
}

/* Resolves all calls; how many got a function. */
static size_t resolve(struct recording *recording)
{
	struct names *names = names_open(recording);
	const char *const *sentences;
	size_t named = 0;

	for (size_t i = 0; i < calls.count; i++) {
		struct node_id node = {(uint32_t)(TRACE_FIRST_NODE + i)};
		const struct frame *frames;
		size_t count = names_resolve(names, (struct process_id){0}, node, &frames);

		ck_assert_uint_ge(count, 1);
		named += frames[count - 1].function != NULL;
		for (size_t j = 0; j < count; j++)
			if (frames[j].function)
				ck_assert_uint_lt(strlen(frames[j].function), size);
	}
	names_problems(names, &sentences);
	names_close(names);
	return named;
}

static struct recording *record(void)
{
	struct recording *recording = made_recording();

	made_module(recording, (struct process_id){0}, path, MADE_BIAS);
	for (size_t i = 0; i < calls.count; i++)
		made_call(recording, (struct process_id){0}, MADE_BIAS + calls.addresses[i]);
	return recording;
}

START_TEST(cut_off)
{
	struct recording *recording;

	write_program(bytes, size);
	recording = record();
	ck_assert_uint_gt(resolve(recording), calls.count / 2);
	for (size_t round = 0; round < ROUNDS; round++) {
		write_program(bytes, round < 64 ? round : size * round / ROUNDS);
		resolve(recording);
	}
	made_recording_free(recording);
}
END_TEST

/* Some bytes of what is not code: headers, symbols, debug information. The build-id stays. */
START_TEST(wrong_bytes)
{
	unsigned char *copy = xmalloc(size);
	struct recording *recording;
	size_t named = 0;

	srand((unsigned)_i);
	write_program(bytes, size);
	recording = record();
	for (size_t round = 0; round < ROUNDS; round++) {
		memcpy(copy, bytes, size);
		for (int i = 1 << round % 12; i > 0; i--) {
			size_t at = round % 4 ? size / 8 + (size_t)rand() % (size - size / 8) : (size_t)rand() % size;

			copy[at] = rand() % 2 ? (unsigned char)rand() : (unsigned char)(copy[at] ^ 1 << rand() % 8);
		}
		write_program(copy, size);
		named += resolve(recording);
	}
	/* Most of them get past the first check. */
	ck_assert_uint_gt(named, ROUNDS * calls.count / 8);
	made_recording_free(recording);
	free(copy);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("damage");

	tcase_add_unchecked_fixture(test, set_up, tear_down);
	tcase_add_test(test, cut_off);
	tcase_add_loop_test(test, wrong_bytes, 0, 4);
	return suite_run("names_damage", test);
}
