/* stack_tree_test.c: the call tree against a simple model: same key same node, other key other node, ids in order. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "stack/stack.h"
#include "stack_stub.h"
#include "suite.h"

#define MANY 200000

static struct stack_process *tree;
static struct stack_lane *lane;

static void setup(void)
{
	stub_start();
	tree = wiped_take(sizeof(*tree));
	lane = wiped_take(sizeof(*lane));
}

static void check_node(uint32_t id, uint32_t parent, uint64_t address, uint32_t generation)
{
	const struct trace_node *node = stub_node(id);

	ck_assert_ptr_nonnull(node);
	ck_assert(node->address == address && node->parent == parent && node->generation == generation);
	ck_assert_uint_lt(parent, id);
}

START_TEST(many)
{
	static struct { uint32_t id, parent, generation; uint64_t address; } made[MANY];
	uint32_t count = 0, top = 0;

	setup();
	srand(5);
	for (uint32_t i = 0; i < MANY; i++) {
		made[i].parent = count && rand() % 8 ? made[(uint32_t)rand() % count].id : TRACE_STACK_ROOT;
		/* Few addresses under one parent, as in programs; equal low bits, as in aligned code. */
		made[i].address = 0x7f0000000000ull + (uint64_t)(rand() % 4000) * 4096;
		made[i].generation = rand() % 50 ? 0 : TRACE_NODE_EXACT | (uint32_t)rand() % 3;
		made[i].id = tree_intern(tree, lane, made[i].parent, made[i].address, made[i].generation);
		ck_assert_uint_ge(made[i].id, TRACE_FIRST_NODE);
		check_node(made[i].id, made[i].parent, made[i].address, made[i].generation);
		count++;
		top = made[i].id > top ? made[i].id : top;
	}
	for (uint32_t i = 0; i < MANY; i++)
		ck_assert_uint_eq(made[i].id,
			tree_intern(tree, lane, made[i].parent, made[i].address, made[i].generation));
	/* No node was made twice: each stored one is found under its own id. */
	for (uint32_t id = TRACE_FIRST_NODE; id <= top; id++) {
		const struct trace_node *node = stub_node(id);

		if (node && node->address)
			ck_assert_uint_eq(tree_intern(tree, lane, node->parent, node->address, node->generation), id);
	}
	ck_assert_uint_eq(tree->next, top);
	/* A parent with very many children, and a chain. */
	for (uint64_t i = 1; i < 100000; i++)
		check_node(tree_intern(tree, lane, TRACE_STACK_LOST, i, 0), TRACE_STACK_LOST, i, 0);
	for (uint32_t i = 0, parent = TRACE_STACK_CUT; i < 10000; i++) {
		uint32_t id = tree_intern(tree, lane, parent, 42, 0);

		check_node(id, parent, 42, 0);
		parent = id;
	}
}
END_TEST

START_TEST(no_room)
{
	uint32_t first, id, refused = 0;

	setup();
	stub_areas = 1;
	first = tree_intern(tree, lane, TRACE_STACK_ROOT, 1, 0);
	ck_assert_uint_eq(first, TRACE_FIRST_NODE);
	for (uint64_t i = 2; i < 100000; i++) {
		id = tree_intern(tree, lane, TRACE_STACK_ROOT, i, 0);
		if (id == TRACE_STACK_NONE)
			refused++;
		else
			check_node(id, TRACE_STACK_ROOT, i, 0);
	}
	ck_assert_uint_eq(refused, 100000 - 1 - 4093);
	/* What is known stays known, ids are not used up, and it goes on when there is room again. */
	ck_assert_uint_eq(tree_intern(tree, lane, TRACE_STACK_ROOT, 1, 0), first);
	ck_assert_uint_le(tree->next, 4096);
	stub_areas = UINT32_MAX;
	for (unsigned i = 0; i < 5000; i++)
		id = tree_intern(tree, lane, TRACE_STACK_ROOT, 200000 + i, 0);
	check_node(id, TRACE_STACK_ROOT, 200000 + 4999, 0);
}
END_TEST

/* A capture that was left in the middle of taking a table: the next one must not use half of it. */
START_TEST(left_over_table)
{
	setup();
	for (uint64_t i = 1; i < 50000; i++) {
		if (i % 7 == 0 && lane->tables != lane->tables_end) {
			lane->spare = lane->tables;
			memset(lane->spare, 0xff, 64);
			lane->tables += 64;
		}
		check_node(tree_intern(tree, lane, TRACE_STACK_ROOT, i * 16, 0), TRACE_STACK_ROOT, i * 16, 0);
	}
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("tree");

	tcase_add_test(test, many);
	tcase_add_test(test, no_room);
	tcase_add_test(test, left_over_table);
	return suite_run("stack tree", test);
}
