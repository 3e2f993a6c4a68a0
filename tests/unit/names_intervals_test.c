/* names_intervals_test.c: ranges that nest, touch, overlap, have no length; checked against a search of all. */
#include <check.h>
#include <stdlib.h>

#include "names/intervals.h"
#include "suite.h"

/* What the sorted search should find, in plain words: the innermost, then the better one. Proper nesting only. */
static uint32_t search(const struct interval *items, size_t count, uint64_t address)
{
	const struct interval *best = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct interval *item = &items[i];

		if (address < item->start || address >= item->end)
			continue;
		if (!best || item->end - item->start < best->end - best->start ||
		    (item->end - item->start == best->end - best->start && item->rank > best->rank))
			best = item;
	}
	return best ? best->value : INTERVAL_NONE;
}

static uint32_t found(const struct intervals *intervals, uint64_t address)
{
	uint32_t index = intervals_find(intervals, address);

	return index == INTERVAL_NONE ? index : intervals->items[index].value;
}

static void nest(struct intervals *intervals, uint64_t start, uint64_t end, int depth)
{
	uint64_t at = start;

	while (at < end) {
		uint64_t size = 1 + (uint64_t)rand() % (end - at);

		if (rand() % 3)
			for (int aliases = rand() % 3; aliases >= 0; aliases--)
				intervals_add(intervals, (struct interval){.start = at, .end = at + size,
					.value = (uint32_t)intervals->count,
					.rank = (uint32_t)intervals->count * 7919 % 1009});
		if (depth > 0 && size > 1)
			nest(intervals, at, at + size, depth - 1);
		at += size;
	}
}

START_TEST(agrees_with_search)
{
	struct intervals intervals = {0}, copy = {0};

	srand((unsigned)_i);
	nest(&intervals, 100, 400, 4);
	for (size_t i = 0; i < intervals.count; i++)
		intervals_add(&copy, intervals.items[i]);
	intervals_build(&intervals);
	for (uint64_t address = 0; address < 500; address++)
		ck_assert_uint_eq(found(&intervals, address), search(copy.items, copy.count, address));
	intervals_free(&intervals);
	intervals_free(&copy);
}
END_TEST

START_TEST(outer_ones_follow)
{
	struct intervals intervals = {0};
	uint32_t index;

	intervals_add(&intervals, (struct interval){.start = 10, .end = 20, .value = 1});
	intervals_add(&intervals, (struct interval){.start = 0, .end = 100, .value = 0});
	intervals_add(&intervals, (struct interval){.start = 12, .end = 14, .value = 2});
	intervals_add(&intervals, (struct interval){.start = 20, .end = 30, .value = 3});
	intervals_build(&intervals);
	index = intervals_find(&intervals, 13);
	ck_assert_uint_eq(intervals.items[index].value, 2);
	index = intervals_outer(&intervals, index, 13);
	ck_assert_uint_eq(intervals.items[index].value, 1);
	index = intervals_outer(&intervals, index, 13);
	ck_assert_uint_eq(intervals.items[index].value, 0);
	ck_assert_uint_eq(intervals_outer(&intervals, index, 13), INTERVAL_NONE);
	ck_assert_uint_eq(found(&intervals, 20), 3);
	ck_assert_uint_eq(found(&intervals, 30), 0);
	ck_assert_uint_eq(found(&intervals, 100), INTERVAL_NONE);
	intervals_free(&intervals);
}
END_TEST

START_TEST(open_ones_end_at_the_next)
{
	struct intervals intervals = {0};

	intervals_add(&intervals, (struct interval){.start = 10, .end = 100, .value = 0, .open = true});
	intervals_add(&intervals, (struct interval){.start = 20, .end = 30, .value = 1});
	intervals_add(&intervals, (struct interval){.start = 20, .end = 100, .value = 2, .open = true, .rank = 9});
	intervals_add(&intervals, (struct interval){.start = 25, .end = 100, .value = 3, .open = true});
	intervals_add(&intervals, (struct interval){.start = 40, .end = 100, .value = 4, .open = true, .rank = 1});
	intervals_add(&intervals, (struct interval){.start = 40, .end = 100, .value = 5, .open = true, .rank = 2});
	intervals_build(&intervals);
	ck_assert_uint_eq(found(&intervals, 9), INTERVAL_NONE);
	ck_assert_uint_eq(found(&intervals, 19), 0);
	ck_assert_uint_eq(found(&intervals, 20), 1);
	ck_assert_uint_eq(found(&intervals, 29), 1);
	ck_assert_uint_eq(found(&intervals, 30), INTERVAL_NONE);
	ck_assert_uint_eq(found(&intervals, 40), 5);
	ck_assert_uint_eq(found(&intervals, 99), 5);
	ck_assert_uint_eq(found(&intervals, 100), INTERVAL_NONE);
	intervals_free(&intervals);
}
END_TEST

START_TEST(nonsense_is_bounded)
{
	struct intervals intervals = {0};

	ck_assert_uint_eq(found(&intervals, 5), INTERVAL_NONE);
	intervals_build(&intervals);
	intervals_add(&intervals, (struct interval){.start = 5, .end = 5});
	intervals_add(&intervals, (struct interval){.start = 6, .end = 5});
	ck_assert_uint_eq(intervals.count, 0);
	/* 300,000 within each other: a look-up that went through all would take minutes here. */
	for (uint32_t i = 0; i < 300000; i++)
		intervals_add(&intervals, (struct interval){.start = i, .end = 1000000 - i, .value = i});
	intervals_build(&intervals);
	ck_assert_uint_eq(found(&intervals, 0), 0);
	ck_assert_uint_eq(found(&intervals, 500000), 299999);
	for (uint64_t i = 0; i < 300000; i++)
		found(&intervals, 700000 + i);
	intervals_free(&intervals);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("intervals");

	tcase_add_loop_test(test, agrees_with_search, 0, 50);
	tcase_add_test(test, outer_ones_follow);
	tcase_add_test(test, open_ones_end_at_the_next);
	tcase_add_test(test, nonsense_is_bounded);
	return suite_run("names_intervals", test);
}
