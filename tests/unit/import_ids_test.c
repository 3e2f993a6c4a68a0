/* Which blocks live under which id, against a list; which ids there were, and which are missing. */
#include <string.h>

#include "import/ids.h"
#include "suite.h"

#define BLOCKS 3000

static uint64_t state = 88172645463325252ull;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static bool fits(const void *context, uint32_t what)
{
	return *(const uint32_t *)context == what;
}

START_TEST(blocks_as_in_a_list)
{
	static struct log_block_entry list[BLOCKS];
	struct log_live live;
	size_t count = 0;

	log_live_open(&live);
	for (int step = 0; step < 200000; step++) {
		/* Few ids and sizes, so that ids are often taken; some of them far away. */
		uint64_t id = next_random() % 400;
		struct log_block_entry *found;

		id = id % 3 ? id : UINT64_MAX - id;
		found = log_live_find(&live, id);
		if (count < BLOCKS && next_random() % 2) {
			struct log_block_entry entry = {
				.id = id, .size = next_random() % 4, .line = (uint64_t)step, .what = (uint32_t)(1 + next_random() % 2),
			};

			log_live_add(&live, entry);
			list[count++] = entry;
		} else {
			uint64_t size = next_random() % 4;
			uint32_t what = (uint32_t)(1 + next_random() % 2);
			size_t latest = count, best = count, seen = 0;
			struct log_block_entry taken;

			for (size_t i = count; i-- > 0;) {
				if (list[i].id != id)
					continue;
				latest = latest == count ? i : latest;
				if (best == count && seen++ < 64 && list[i].size == size && list[i].what == what)
					best = i;
			}
			ck_assert_int_eq(found != NULL, latest != count);
			if (!found)
				continue;
			best = best == count ? latest : best;
			taken = log_live_take(&live, found, size, fits, &what);
			ck_assert_uint_eq(taken.line, list[best].line);
			memmove(&list[best], &list[best + 1], (count - best - 1) * sizeof *list);
			count--;
		}
	}
	log_live_free(&live);
}
END_TEST

START_TEST(gaps)
{
	struct id_set set;
	struct id_gaps found;

	id_set_open(&set);
	for (uint64_t id = 0; id < 100000; id++)
		if (id != 17 && !(id >= 1000 && id < 1200) && id != 99998)
			ck_assert(id_set_add(&set, id, id + 1));
	ck_assert(!id_set_add(&set, 5, 200000));
	ck_assert(id_set_has(&set, 16) && !id_set_has(&set, 17) && !id_set_has(&set, UINT64_MAX));
	ck_assert(id_set_add(&set, UINT64_MAX, 200001));
	found = id_set_gaps(&set);
	ck_assert_uint_eq(found.runs, 4);
	ck_assert_uint_eq(found.missing, 202 + (UINT64_MAX - 100000));
	ck_assert_uint_eq(found.gaps[0].first, 17);
	ck_assert_uint_eq(found.gaps[0].last, 17);
	ck_assert_uint_eq(found.gaps[1].first, 1000);
	ck_assert_uint_eq(found.gaps[1].last, 1199);
	ck_assert_uint_le(found.gaps[1].from, 1000);
	ck_assert_uint_ge(found.gaps[1].to, 1201);
	ck_assert_uint_eq(found.gaps[2].first, 99998);
	ck_assert_uint_eq(found.gaps[3].first, 100000);
	ck_assert_uint_eq(found.gaps[3].last, UINT64_MAX - 1);
	ck_assert_uint_eq(found.lowest, 0);
	ck_assert_uint_eq(found.highest, UINT64_MAX);
	ck_assert_uint_eq(found.ids, 100000 - 202 + 1);
	id_set_free(&set);
}
END_TEST

SUITE_MAIN("ids of a log", blocks_as_in_a_list, gaps)
