/*
 * node_generations_tsan_test.c: generations of generated code, read by captures while one thread raises them and the table
 * grows. Whoever was told that a granule was raised to n finds at least n there.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "node/v8.h"
#include "node_stub.h"
#include "stack/stack.h"
#include "suite.h"

#define GRANULES 20000               /* the table grows four times */
#define READERS  3
#define BASE     0x7f1000000000ull

struct v8 v8;

static _Atomic uint32_t told[GRANULES];
static atomic_bool done, met_raised;

static void *reader(void *argument)
{
	uint32_t state = (uint32_t)(uintptr_t)argument;

	while (!atomic_load_explicit(&done, memory_order_relaxed)) {
		uint32_t granule = (state = state * 1664525u + 1013904223u) >> 8;
		uint32_t least, found;

		granule %= GRANULES;
		least = atomic_load_explicit(&told[granule], memory_order_acquire);
		found = code_generation(BASE + granule * 4096ull);
		ck_assert_uint_ge(found, least);
		if (found)
			atomic_store_explicit(&met_raised, true, memory_order_relaxed);
	}
	return NULL;
}

START_TEST(raised_under_readers)
{
	pthread_t threads[READERS];

	node_stub_start();
	for (uintptr_t i = 0; i < READERS; i++)
		pthread_create(&threads[i], NULL, reader, (void *)(i + 1));
	for (uint32_t i = 0; i < 3 * GRANULES; i++) {
		/* Neighbours are raised together, as code that spans them does. */
		uint32_t granule = i * 7919u % (GRANULES - 1), both;

		ck_assert(stack_code_raise(BASE + granule * 4096ull + 100, BASE + (granule + 1) * 4096ull + 100));
		both = code_generation(BASE + granule * 4096ull);
		ck_assert_uint_eq(both, code_generation(BASE + (granule + 1) * 4096ull));
		atomic_store_explicit(&told[granule], both, memory_order_release);
		atomic_store_explicit(&told[granule + 1], both, memory_order_release);
	}
	while (!atomic_load_explicit(&met_raised, memory_order_relaxed))
		sched_yield();
	atomic_store(&done, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(code_epoch, 3 * GRANULES);
}
END_TEST

SUITE_MAIN("node generations tsan", raised_under_readers)
