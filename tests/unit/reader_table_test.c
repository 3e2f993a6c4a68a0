/* reader_table_test.c: the table of live blocks against a plain array. */
#include <stdint.h>
#include <string.h>

#include "heap/table.h"
#include "reader_check.h"
#include "suite.h"

#define ADDRESSES 4096

static struct block truth[ADDRESSES];

static uint64_t address_of(size_t i, int shape)
{
	switch (shape) {
	case 0:
		return 0x7f0000000010 + i * 16;
	case 1:
		return (i + 1) << 20;
	case 2:
		return (i + 1) << 51; /* all but the upper bits alike */
	}
	return i + 1;
}

static void check_all(const struct table *table, int shape)
{
	size_t count = 0;

	for (size_t i = 0; i < ADDRESSES; i++) {
		const struct block *block = table_find(table, address_of(i, shape));

		count += truth[i].address != 0;
		ck_assert_int_eq(block != NULL, truth[i].address != 0);
		if (block)
			ck_assert_mem_eq(block, &truth[i], sizeof *block);
	}
	ck_assert_uint_eq(table->count, count);
}

START_TEST(random_operations)
{
	uint64_t state = 0x853c49e6748fea9b;

	for (int shape = 0; shape < 4; shape++) {
		struct table table;

		memset(truth, 0, sizeof truth);
		table_init(&table);
		for (int step = 0; step < 200000; step++) {
			/* The table grows, shrinks and grows again. */
			size_t i = next_random(&state) % (step < 100000 ? ADDRESSES : 256);
			uint64_t address = address_of(i, shape);
			struct block *block;
			bool existed;

			if (next_random(&state) % 2) {
				block = table_insert(&table, address, &existed);
				/* Check's own assertions are too slow for so many. */
				if (existed != (truth[i].address != 0) || block->address != address)
					ck_abort_msg("the wrong block at step %d", step);
				if (!existed && (block->size || block->tick || block->site || block->owed))
					ck_abort_msg("a new block is not empty at step %d", step);
				block->size = next_random(&state);
				block->tick = (uint64_t)step;
				block->site = (uint32_t)i;
				block->stream = step & 0xffffff;
				truth[i] = *block;
			} else if ((block = table_find(&table, address))) {
				table_remove(&table, block);
				truth[i].address = 0;
			}
			if (step % 20000 == 0)
				check_all(&table, shape);
		}
		check_all(&table, shape);
		table_free(&table);
	}
}
END_TEST

/* Addresses an allocator gives must not crowd together. */
START_TEST(spreads)
{
	for (int shape = 0; shape < 4; shape++) {
		size_t longest = 0, run = 0;
		struct table table;
		bool existed;

		table_init(&table);
		for (size_t i = 0; i < ADDRESSES; i++)
			table_insert(&table, address_of(i, shape), &existed);
		ck_assert_uint_ge((table.mask + 1) * 2, table.count * 3);
		for (size_t i = 0; i <= table.mask; i++) {
			run = table.slots[i].address ? run + 1 : 0;
			longest = run > longest ? run : longest;
		}
		ck_assert_uint_lt(longest, ADDRESSES / 4);
		table_free(&table);
	}
}
END_TEST

SUITE_MAIN("table", random_operations, spreads)
