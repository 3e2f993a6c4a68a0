/*
 * stack_tree_tsan_test.c: eight threads insert the same stacks into one tree at once, under the thread sanitizer.
 * Each stack must have one node, whoever made it, and a node that is seen must be complete.
 */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "stack/stack.h"
#include "stack_stub.h"
#include "suite.h"

#define THREADS 8
#define PATHS   2400
#define DEPTH   12

static struct stack_process *tree;
static pthread_barrier_t barrier;
static uint32_t nodes[THREADS][PATHS][DEPTH];

static uint64_t address_of(unsigned path, unsigned depth)
{
	/* Paths share their outer parts. */
	return 0x400000 + depth * 64 + (uint64_t)(path >> (DEPTH - 1 - depth)) * 1024;
}

static void *insert(void *argument)
{
	unsigned which = (unsigned)(uintptr_t)argument;
	struct stack_lane *lane = wiped_take(sizeof(*lane));

	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < PATHS; i++) {
		/* Near each other and in different orders, so that they meet. */
		unsigned path = i ^ (which & 3);
		uint32_t node = TRACE_STACK_ROOT;

		for (unsigned depth = 0; depth < DEPTH; depth++) {
			uint32_t parent = node;
			const struct trace_node *stored;

			node = tree_intern(tree, lane, parent, address_of(path, depth), 0);
			ck_assert_uint_gt(node, parent);
			stored = stub_node(node);
			ck_assert(stored && stored->parent == parent && stored->address == address_of(path, depth));
			nodes[which][path][depth] = node;
		}
	}
	return NULL;
}

START_TEST(threads)
{
	pthread_t thread[THREADS];
	uint64_t distinct = 0, used = 0;

	stub_start();
	tree = wiped_take(sizeof(*tree));
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, insert, (void *)i);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (unsigned i = 1; i < THREADS; i++)
		for (unsigned path = 0; path < PATHS; path++)
			if (nodes[i][path][0] && nodes[0][path][0])
				ck_assert_mem_eq(nodes[i][path], nodes[0][path], sizeof(nodes[0][path]));
	/* Every stored node is somebody's: the losers of races took theirs back. */
	for (unsigned depth = 0; depth < DEPTH; depth++)
		distinct += (PATHS - 1) / (1u << (DEPTH - 1 - depth)) + 1;
	for (uint32_t id = TRACE_FIRST_NODE; id <= tree->next; id++) {
		const struct trace_node *node = stub_node(id);

		used += node && node->address;
	}
	ck_assert_uint_eq(used, distinct);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("threads");

	tcase_set_timeout(test, 240);
	tcase_add_loop_test(test, threads, 0, 3);
	return suite_run("stack tree, threads", test);
}
