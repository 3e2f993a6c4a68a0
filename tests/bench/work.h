/*
 * work.h: what the measured programs share: what a thread is to do, one malloc/free pair, and the threads that do it
 * at once and say how long it took.
 */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* No clone, no inlining: each of these is a frame. */
#define FRAME __attribute__((noipa))
/* After a call, so that it is no tail call. */
#define KEEP_FRAME() __asm__ volatile("" ::: "memory")
/* A local array that is to be there. */
#define USE(array) __asm__ volatile("" ::"r"(array) : "memory")

struct work {
	uint64_t pairs;              /* to do */
	uint64_t warm_up;            /* pairs to do before the clock starts: page faults, symbols that heaptrack's
	                              * interpreter loads while its pipe is full */
	uint64_t random;             /* state of next_random, not 0 */
	void   **blocks;             /* blocks that stay alive, or NULL */
	uint64_t live;               /* number of them */
	unsigned depth;              /* frames from the first to malloc's caller */
	unsigned vary;               /* so many newest frames change from pair to pair */
	void (*body)(struct work *); /* what the thread calls */
	uint64_t began, ended;       /* CLOCK_MONOTONIC, nanoseconds */
};

static inline uint64_t next_random(struct work *work)
{
	work->random ^= work->random << 13;
	work->random ^= work->random >> 7;
	work->random ^= work->random << 17;
	return work->random;
}

/* One allocation and one free: the same block, or with blocks that stay alive another one, of another size. */
static inline void pair(struct work *work)
{
	if (work->live) {
		uint64_t random = next_random(work);
		void **slot = work->blocks + (random >> 32) % work->live;

		free(*slot);
		*slot = malloc(16 + (random & 1023));
		*(volatile char *)*slot = 1;
	} else {
		char *block = (char *)malloc(64);

		*(volatile char *)block = 1;
		free(block);
	}
}

static pthread_barrier_t start_line;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void *work_thread(void *argument)
{
	struct work *work = (struct work *)argument;
	uint64_t pairs = work->pairs;

	work->pairs = work->warm_up;
	work->body(work);
	work->pairs = pairs;
	pthread_barrier_wait(&start_line);
	work->began = now_ns();
	work->body(work);
	work->ended = now_ns();
	return NULL;
}

/* Does `model` in so many threads (one: the main thread) and prints the nanoseconds from first to last. */
static int work_run(const struct work *model, unsigned threads)
{
	struct work work[64];
	pthread_t ids[64];
	uint64_t began = UINT64_MAX, ended = 0;

	if (threads < 1 || threads > 64)
		return 2;
	pthread_barrier_init(&start_line, NULL, threads);
	for (unsigned i = 0; i < threads; i++) {
		work[i] = *model;
		work[i].random = 88172645463325252u + i;
		if (model->live)
			work[i].blocks = (void **)calloc(model->live, sizeof(void *));
	}
	for (unsigned i = 1; i < threads; i++)
		if (pthread_create(&ids[i], NULL, work_thread, &work[i]) != 0)
			return 1;
	work_thread(&work[0]);
	for (unsigned i = 1; i < threads; i++)
		pthread_join(ids[i], NULL);
	for (unsigned i = 0; i < threads; i++) {
		began = work[i].began < began ? work[i].began : began;
		ended = work[i].ended > ended ? work[i].ended : ended;
	}
	printf("%llu\n", (unsigned long long)(ended - began));
	return 0;
}

#endif
