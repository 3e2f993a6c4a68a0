/*
 * stack_bench.c: what one stack_capture costs, in nanoseconds, by depth, with and without frame pointers, with the
 * newest frames the same or changing. Built from preload/stack and the unit tests' stubs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "stack/stack.h"
#include "stack_stub.h"

#define CALLS  20000

static struct thread mine;
static volatile uint32_t sink;
static uint64_t spent;       /* steps of the TSC within captures */

static inline uint64_t tick(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

/* Timed here, not around the whole: 60 calls and returns are themselves dearer when something ran in between. */
static __attribute__((noinline)) void wrapper(void)
{
	struct stack_start at = STACK_CALLER();
	uint64_t start = tick();

	sink = stack_capture(&mine, &mine.lanes[0], at);
	spent += tick() - start;
	__asm__ volatile("" ::: "memory");
}

static __attribute__((noinline)) void empty(void)
{
	uint64_t start = tick();

	__asm__ volatile("" ::: "memory");
	spent += tick() - start;
}

/* Eight functions that call each other, so that a stack is not one return address over and over. */
#define RING(kind, options) \
	typedef void kind##_function(int, void (*)(void), uint64_t, unsigned); \
	static kind##_function *const kind##_ring[8]; \
	kind##_function kind##_0, kind##_1, kind##_2, kind##_3, kind##_4, kind##_5, kind##_6, kind##_7; \
	RING_ONE(kind, options, 0) RING_ONE(kind, options, 1) RING_ONE(kind, options, 2) RING_ONE(kind, options, 3) \
	RING_ONE(kind, options, 4) RING_ONE(kind, options, 5) RING_ONE(kind, options, 6) RING_ONE(kind, options, 7) \
	static kind##_function *const kind##_ring[8] = { \
		kind##_0, kind##_1, kind##_2, kind##_3, kind##_4, kind##_5, kind##_6, kind##_7};
#define RING_ONE(kind, options, n) \
	__attribute__((noinline, options)) void kind##_##n(int depth, void (*leaf)(void), uint64_t path, \
	                                                   unsigned times) \
	{ \
		volatile char room[16 + n * 24]; \
		room[n] = 0; \
		if (depth > 1) { \
			kind##_ring[(n + 1 + ((depth < 64 ? path >> depth : 0) & 1)) & 7](depth - 1, leaf, path, \
			                                                                  times); \
		} else { \
			for (unsigned i = 0; i < times; i++) \
				leaf(); \
		} \
		sink = (uint32_t)room[n]; \
	}

#ifdef __clang__
#define optimize(x) noinline
#endif
RING(framed, optimize("O2,no-omit-frame-pointer"))
RING(bare, optimize("O2,omit-frame-pointer"))

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double ticks_per_ns;

static void calibrate(void)
{
	double start = now();
	uint64_t first = tick();

	while (now() - start < 5e7)
		;
	ticks_per_ns = (double)(tick() - first) / (now() - start);
}

/* The best of several runs: the machine is shared. */
static double measure(framed_function *ring, int depth, uint64_t vary, void (*leaf)(void))
{
	double best = 1e18;

	for (int run = 0; run < 15; run++) {
		double start;

		spent = 0;
		if (vary)
			for (unsigned i = 0; i < CALLS; i++)
				ring(depth, leaf, i * 0x9e3779b97f4a7c15ull >> 20 & vary, 1);
		else
			ring(depth, leaf, 0, CALLS);
		start = (double)spent / CALLS / ticks_per_ns;
		if (start < best)
			best = start;
	}
	return best;
}

int main(void)
{
	static const int depths[] = {5, 20, 60, 120};

	stub_start();
	library.stack_depth = 256;
	stub_thread(&mine);
	calibrate();
	printf("%-28s %8s %8s %8s %8s   ns per capture\n", "", "depth 5", "20", "60", "120");
	for (unsigned which = 0; which < 8; which++) {
		/* A bit for each frame, from the newest, that may change. */
		static const struct { const char *name; uint64_t vary; } rows[] = {
			{"same", 0}, {"newest 4 vary", 0xf << 2}, {"the 5th to 7th vary", 7 << 5},
			{"all vary", 0xff << 2}};
		framed_function *ring = which & 1 ? (framed_function *)bare_0 : framed_0;
		uint64_t vary = rows[which / 2].vary;

		printf("%-22s%s", rows[which / 2].name, which & 1 ? "      " : "  fp  ");
		for (int i = 0; i < 4; i++)
			printf(" %8.1f",
			       measure(ring, depths[i], vary, wrapper) - measure(ring, depths[i], vary, empty));
		printf("\n");
	}
	printf("%lu rules, %lu full walks, %lu lost\n", mine.lanes[0].stack->counts.rules,
		mine.lanes[0].stack->counts.full, mine.lanes[0].stack->counts.lost);
	return 0;
}
