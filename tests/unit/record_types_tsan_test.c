/*
 * record_types_tsan_test.c: names of types under the thread sanitizer: threads name the same types at once, in orders of their
 * own. Each name has one number, which no other has, and its record stands in the file before its number is known.
 */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>
#include <limits.h>

#include "record/types.h"
#include "record_stub.h"

#define THREADS 8
#define ROUNDS  300u             /* in each of them every thread has a name of its own, and one that all have … */
#define POOL    60000u           /* … of these names: those of a round are looked for in the same slots */
#define SLOTS   8192u

static uint32_t slots[POOL];
static uint32_t chosen[ROUNDS][THREADS + 1];
static uint32_t numbers[ROUNDS][THREADS][2]; /* by thread: of its own, and of the common one */
static pthread_barrier_t barrier;

static void name_of(char *text, uint32_t i)
{
	snprintf(text, 300, "%s%u", i % 50 == 0 ? "std::map<std::string, std::vector<int>>" : "T", i);
}

/* As in types.c: so that threads meet, or this tests little. */
static uint32_t slot_of(const char *text)
{
	uint64_t hash = 1469598103934665603ull;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211ull;
	return (uint32_t)(hash * 0x9e3779b97f4a7c15u >> 40) % SLOTS;
}

static void choose(void)
{
	static uint32_t in_slot[SLOTS][THREADS + 1], counts[SLOTS];
	uint32_t round = 0;
	char text[300];

	for (uint32_t i = 0; i < POOL && round < ROUNDS; i++) {
		name_of(text, i);
		slots[i] = slot_of(text);
		if (counts[slots[i]] > THREADS)
			continue;
		in_slot[slots[i]][counts[slots[i]]++] = i;
		if (counts[slots[i]] == THREADS + 1)
			memcpy(chosen[round++], in_slot[slots[i]], sizeof(chosen[0]));
	}
	ck_assert_uint_eq(round, ROUNDS);
}

static void *naming(void *argument)
{
	uint32_t thread = (uint32_t)(uintptr_t)argument;
	char own[300], common[300];

	for (uint32_t round = 0; round < ROUNDS; round++) {
		name_of(own, chosen[round][thread]);
		name_of(common, chosen[round][THREADS]);
		pthread_barrier_wait(&barrier);
		if (round % 2)
			numbers[round][thread][0] = type_number(own);
		numbers[round][thread][1] = type_number(common);
		if (round % 2 == 0)
			numbers[round][thread][0] = type_number(own);
		memset(own, 0, sizeof(own)); /* the names were the caller's */
		memset(common, 0, sizeof(common));
	}
	return NULL;
}

/* Every TYPE record of the file: number → name. */
static void read_records(char *names[65536])
{
	char path[PATH_MAX + 32];
	struct stat status;
	char *file;
	int fd;

	snprintf(path, sizeof(path), "%s/1-1-00000001-0.shared", library.dir);
	fd = open(path, O_RDONLY);
	ck_assert(fd >= 0 && fstat(fd, &status) == 0);
	file = malloc((size_t)status.st_size);
	ck_assert_int_eq(read(fd, file, (size_t)status.st_size), status.st_size);
	for (off_t at = 0; at + (off_t)sizeof(struct trace_meta) <= status.st_size; at += TRACE_EXTENT_ALIGN) {
		const struct trace_meta *meta = (const void *)(file + at);

		if (meta->extent.magic != TRACE_EXTENT_MAGIC || meta->extent.kind != TRACE_EXTENT_META)
			continue;
		for (uint64_t used = 0; used < meta->used;) {
			const struct trace_record *record = (const void *)((const char *)(meta + 1) + used);
			const struct trace_type *type = (const void *)(record + 1);

			used += record->size;
			if (record->type != TRACE_RECORD_TYPE)
				continue;
			char *name = strndup((const char *)(type + 1),
			                     record->size - sizeof(*record) - sizeof(*type) - record->padding);
			ck_assert(!names[type->id] || !strcmp(names[type->id], name));
			free(names[type->id]);
			names[type->id] = name;
		}
	}
	free(file);
	close(fd);
}

START_TEST(threads_agree)
{
	static char *names[65536];
	pthread_t threads[THREADS];
	char text[300];

	record_stub_start();
	choose();
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (uintptr_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, naming, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	read_records(names);
	for (uint32_t round = 0; round < ROUNDS; round++)
		for (uint32_t i = 0; i < THREADS; i++)
			for (int common = 0; common < 2; common++) {
				uint32_t number = numbers[round][i][common];

				name_of(text, chosen[round][common ? THREADS : i]);
				ck_assert_uint_ne(number, 0);
				ck_assert_uint_eq(type_number(text), number);
				ck_assert_ptr_nonnull(names[number]);
				ck_assert_str_eq(names[number], text);
			}
	/* No name, no number; a long one is cut. */
	ck_assert_uint_eq(type_number(NULL), 0);
	ck_assert_uint_eq(type_number(""), 0);
	memset(text, 'a', 299);
	text[299] = '\0';
	uint32_t cut = type_number(text);
	text[255] = 'b';
	ck_assert_uint_ne(cut, 0);
	ck_assert_uint_eq(type_number(text), cut);
	for (int i = 0; i < 65536; i++)
		free(names[i]);
}
END_TEST

/* What has no room has no number; what had one keeps it. */
START_TEST(full)
{
	uint32_t first = type_number("first"), refused = 0;
	char text[300];

	for (uint32_t i = 0; i < 11000; i++) {
		snprintf(text, sizeof(text), "N%u", i);
		refused += !type_number(text);
	}
	ck_assert_uint_ge(refused, 3000);
	ck_assert_uint_le(refused, 6000);
	ck_assert_uint_eq(type_number("first"), first);
	record_stub_end();
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("types");
	Suite *suite = suite_create("types");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, threads_agree);
	tcase_add_test(tcase, full); /* goes on with the same table */
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK); /* the thread sanitizer cannot follow */
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
