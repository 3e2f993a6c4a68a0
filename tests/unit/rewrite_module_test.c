/*
 * rewrite_module_test.c: damaged modules are left alone with a reason, and what is rewritten reads again as what it
 * was with more behind it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "node/rewrite/module.h"
#include "rewrite_make.h"
#include "../rewrite/old_names.h"

/* Rewrites the allocator of a module, and reads what came out. */
static void reread(const struct made *made, struct rewrite_module *before, struct made *after)
{
	struct rewrite rewrite, again;
	struct rewrite_result result;

	ck_assert_msg(make_read(&rewrite, made), "%s", rewrite.reason);
	ck_assert_msg(rewrite_find(&rewrite, NULL, false), "%s", rewrite.reason);
	ck_assert_msg(rewrite_make(&rewrite, rewrite.candidates[0], 0, &result), "%s", rewrite.reason);
	ck_assert_uint_le(result.size, sizeof(after->bytes));
	memcpy(after->bytes, result.bytes, result.size);
	after->size = result.size;
	ck_assert_msg(make_read(&again, after), "%s", again.reason);
	*before = rewrite.module;
	ck_assert(names_come_back(before, &result));
	ck_assert_uint_eq(again.module.function_count, rewrite.module.function_count + rewrite.candidates[0]->count);
	ck_assert_uint_eq(again.module.type_count, rewrite.module.type_count + 3);
	ck_assert_uint_eq(again.module.table_count, rewrite.module.table_count + 1);
	ck_assert_uint_eq(again.module.global_count, rewrite.module.global_count + 1);
	ck_assert_uint_eq(again.module.export_count, rewrite.module.export_count + 2 + (result.memory[0] != 0));
	for (uint32_t i = 0; i < rewrite.candidates[0]->count; i++) {
		const struct rewrite_function *inner = &again.module.functions[result.functions + i];
		const struct rewrite_function *old = &rewrite.module.functions[rewrite.candidates[0]->watches[i].function];
		bool wrapper;

		ck_assert_uint_eq(inner->size, old->size);
		ck_assert_mem_eq(after->bytes + inner->body, made->bytes + old->body, old->size);
		ck_assert_uint_eq(rewrite_offset_of(&result, inner->body), old->body);
		ck_assert_uint_eq(rewrite_function_of(&result, result.functions + i, &wrapper),
			rewrite.candidates[0]->watches[i].function);
		ck_assert(!wrapper);
		rewrite_function_of(&result, rewrite.candidates[0]->watches[i].function, &wrapper);
		ck_assert(wrapper);
	}
	ck_assert_uint_eq(rewrite_function_of(&result, result.functions + rewrite.candidates[0]->count, &(bool){0}),
		REWRITE_NONE);
	ck_assert_uint_eq(rewrite_offset_of(&result, (uint32_t)result.size), REWRITE_NONE);
	rewrite_free(&rewrite);
	rewrite_free(&again);
	ck_assert_int_eq(make_pieces, 0);
}

START_TEST(test_rewritten)
{
	struct made made, after;
	struct rewrite_module before;

	make_allocator(&made, "malloc", "free");
	reread(&made, &before, &after);
	/* Rewriting what was rewritten: the wrappers are the allocator, and the names of exports are taken. */
	reread(&after, &before, &made);
}
END_TEST

START_TEST(test_names)
{
	static const uint8_t names[] = {4, 'n', 'a', 'm', 'e', 0, 2, 1, 'm', 1, 17,
		2, 0, 6, 'm', 'a', 'l', 'l', 'o', 'c', 1, 6, '_', '_', 'f', 'r', 'e', 'e', 2, 3, 1, 0, 0};
	struct made made, after;
	struct rewrite_module before;
	struct rewrite again;

	make_allocator(&made, "malloc", "free");
	make_section(&made, 0, names, sizeof(names));
	reread(&made, &before, &after);
	ck_assert(make_read(&again, &after));
	ck_assert(text_is(again.module.function_names[0], "malloc@probe"));
	ck_assert(text_is(again.module.function_names[1], "__free@probe"));
	ck_assert(text_is(again.module.function_names[2], "malloc"));
	ck_assert(text_is(again.module.function_names[3], "__free"));
	rewrite_free(&again);
}
END_TEST

/* However the names are written, they come back: numbers in more bytes than they need, functions that are there twice,
 * not in order, or not at all, other subsections around them, what cannot be read, a second section. */
START_TEST(test_odd_names)
{
	static const struct { const char *content; size_t size; bool changes; } cases[] = {
		{"\x04name\x01\x90\x80\x00\x82\x80\x00\x80\x80\x00\x86\x00malloc\x01\x00", 25, true},
		{"\x04name\x07\x03\xff\xff\xff\x01\x0b\x02\x01\x04" "free\x00\x02mm\x02\x03\x01\x00\x00\x63\x01\xaa", 31, true},
		{"\x04name\x01\x0f\x03\x00\x06malloc\x00\x01m\x01\x01z", 22, true},
		{"\x04name\x01\x09\x02\x07\x01x\x05\x03yyy\x01\x04\x01\x00\x01w", 22, true},
		{"\x04name\x01\x01\x00", 8, true},
		{"\x04name\x01\x09\x03\x00\x06malloc", 16, false},
		{"\x04name\x01\x7f\x01\x00\x06malloc", 16, false},
		{"\x04name\x00\x02\x01m", 9, false},
		{"\x04name", 5, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made made, after;
		struct rewrite_module before;

		make_allocator(&made, "malloc", "free");
		make_section(&made, 0, cases[i].content, cases[i].size);
		make_section(&made, 0, cases[0].content, cases[0].size);
		reread(&made, &before, &after);
		ck_assert_msg((memmem(after.bytes, after.size, "__probe_names", 13) != NULL) == cases[i].changes, "%zu", i);
	}
}
END_TEST

/* One function's name as often as there is room: the section stays as it is when it is too often. */
START_TEST(test_many_names)
{
	for (unsigned count = REWRITE_WATCHES - 1; count <= REWRITE_WATCHES + 1; count++) {
		uint8_t names[9 + 2 * (REWRITE_WATCHES + 1)] = {4, 'n', 'a', 'm', 'e', 1};
		struct rewrite_module before;
		struct made made, after;
		size_t size = 6;

		names[size++] = (uint8_t)(1 + 2 * count) | 0x80;
		names[size++] = (uint8_t)((1 + 2 * count) >> 7);
		names[size++] = (uint8_t)count;
		for (unsigned i = 0; i < count; i++, size += 2)
			names[size] = names[size + 1] = 0;
		make_allocator(&made, "malloc", "free");
		make_section(&made, 0, names, size);
		reread(&made, &before, &after);
		ck_assert((memmem(after.bytes, after.size, "__probe_names", 13) != NULL) == (count <= REWRITE_WATCHES));
	}
}
END_TEST

/* What is no description of these names is none; whatever it says, nothing beyond is read or written. */
START_TEST(test_damaged_changes)
{
	static const uint8_t names[] = "0123456789";
	uint8_t changes[] = {2, 3, 2, 'a', 'b', 1, 1, 0}, old[16];

	ck_assert_uint_eq(rewrite_old_names(names, 10, changes, sizeof(changes), old, sizeof(old)), 8);
	ck_assert_mem_eq(old, "01ab5789", 8);
	for (size_t size = 0; size < sizeof(changes); size++) {
		uint8_t *exact = malloc(size + 1);

		memcpy(exact, changes, size);
		rewrite_old_names(names, 10, exact, size, old, 4);
		free(exact);
	}
	for (size_t i = 0; i < sizeof(changes); i++)
		for (int value = 0; value < 256; value++) {
			uint8_t other[sizeof(changes)];

			memcpy(other, changes, sizeof(other));
			other[i] = (uint8_t)value;
			rewrite_old_names(names, 10, other, sizeof(other), old, sizeof(old));
		}
	changes[0] = 8;
	ck_assert_uint_eq(rewrite_old_names(names, 10, changes, sizeof(changes), NULL, 0), 0);
}
END_TEST

/* No prefix and no changed byte may be a crash; a prefix is never a module. */
START_TEST(test_damage)
{
	struct made made, damaged;

	make_allocator(&made, "malloc", "free");
	for (size_t size = 0; size < made.size; size++) {
		struct rewrite rewrite;

		damaged = made;
		damaged.size = size;
		ck_assert(!make_read(&rewrite, &damaged) || !rewrite_find(&rewrite, NULL, false));
		ck_assert_ptr_nonnull(rewrite.reason);
		rewrite_free(&rewrite);
	}
	for (size_t i = 0; i < made.size; i++) {
		for (int value = 0; value < 256; value++) {
			struct rewrite rewrite;
			struct rewrite_result result;

			damaged = made;
			damaged.bytes[i] = (uint8_t)value;
			if (make_read(&rewrite, &damaged) && rewrite_find(&rewrite, NULL, true))
				rewrite_make(&rewrite, rewrite.candidates[0], REWRITE_HOLD_START | REWRITE_CATCH, &result);
			rewrite_free(&rewrite);
		}
	}
	ck_assert_int_eq(make_pieces, 0);
}
END_TEST

START_TEST(test_unknown)
{
	static const uint8_t group[] = {1, 0x4d, 0}, tag[] = {0};
	static const struct { uint8_t id; const uint8_t *content; size_t size; const char *reason; } cases[] = {
		{14, tag, 1, "it has a section of a kind that is not known"},
		{1, group, sizeof(group), "its sections are not in order"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made made;
		struct rewrite rewrite;

		make_allocator(&made, "malloc", "free");
		make_section(&made, cases[i].id, cases[i].content, cases[i].size);
		ck_assert(!make_read(&rewrite, &made));
		ck_assert_str_eq(rewrite.reason, cases[i].reason);
		rewrite_free(&rewrite);
	}
}
END_TEST

static void *map_none(void *context, size_t bytes)
{
	int *left = context;

	return (*left)-- > 0 ? calloc(1, bytes) : NULL;
}

static void unmap(void *context, void *memory, size_t bytes)
{
	(void)context;
	(void)bytes;
	free(memory);
}

START_TEST(test_no_memory)
{
	struct made made;
	bool done = false;

	make_allocator(&made, "malloc", "free");
	for (int most = 0; !done; most++) {
		int left = most;
		struct rewrite rewrite = {.arena.memory = {.map = map_none, .unmap = unmap, .context = &left}};
		struct rewrite_result result;

		done = rewrite_read(&rewrite, made.bytes, made.size) && rewrite_find(&rewrite, NULL, false) &&
			rewrite_make(&rewrite, rewrite.candidates[0], 0, &result);
		ck_assert(done || rewrite.reason);
		rewrite_free(&rewrite);
		ck_assert_int_lt(most, 10);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rewrite_module");
	TCase *tests = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, test_rewritten);
	tcase_add_test(tests, test_names);
	tcase_add_test(tests, test_odd_names);
	tcase_add_test(tests, test_many_names);
	tcase_add_test(tests, test_damaged_changes);
	tcase_add_test(tests, test_damage);
	tcase_add_test(tests, test_unknown);
	tcase_add_test(tests, test_no_memory);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
