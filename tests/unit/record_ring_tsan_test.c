/*
 * record_ring_tsan_test.c: rings under the thread sanitizer: eight threads record, two others drain all the while.
 * Then every event of every stream is in the log or in a ring, once.
 */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "record/area.h"
#include "record/drain.h"
#include "record/event.h"
#include "record_stub.h"

#define THREADS 8
#define EVENTS  60000u

static int finished;

/* No pattern: now and then a pair must not fit into the last room of a ring. */
static bool is_pair(uint32_t i)
{
	return i * 2654435761u >> 31;
}

static void *recorder(void *argument)
{
	struct thread *thread = thread_state();

	for (uint32_t i = 0; i < EVENTS; i++) {
		struct stack_start at = {.pc = i, .sp = (uintptr_t)&i};

		if (is_pair(i))
			event_pair(thread, TRACE_EVENT_REALLOC_OUT, TRACE_EVENT_REALLOC_IN, 0, argument, 0,
			           clock_tick(), argument, i, at);
		else
			event_with_stack(thread, TRACE_EVENT_ALLOC, 0, 0, argument, i, at);
	}
	__atomic_fetch_add(&finished, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void *drainer(void *argument)
{
	while (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) < THREADS)
		drain_one_here();
	return argument;
}

struct count {
	uint64_t *seen;          /* by sequence: how often */
	uint64_t size;
};

static void see(struct count *streams, uint32_t stream, uint64_t first, uint64_t count)
{
	ck_assert_uint_lt(stream, THREADS);
	for (uint64_t i = first; i < first + count; i++) {
		ck_assert_uint_lt(i, streams[stream].size);
		streams[stream].seen[i]++;
	}
}

static char *read_file(const char *directory, const char *name, size_t *size)
{
	char path[PATH_MAX];
	struct stat status;
	char *bytes;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &status), 0);
	*size = (size_t)status.st_size;
	bytes = malloc(*size);
	ck_assert_int_eq(read(fd, bytes, *size), (ssize_t)*size);
	close(fd);
	return bytes;
}

START_TEST(every_event_once)
{
	uint64_t total = 0;
	const char *directory = record_stub_start();
	struct count streams[THREADS];
	pthread_t threads[THREADS + 2];
	size_t size;
	char *bytes;

	for (uint32_t i = 0; i < EVENTS; i++)
		total += is_pair(i) ? 2 : 1;
	for (int i = 0; i < THREADS; i++)
		streams[i] = (struct count){calloc(total, sizeof(uint64_t)), total};
	for (int i = 0; i < THREADS + 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, i < THREADS ? recorder : drainer, &streams), 0);
	for (int i = 0; i < THREADS + 2; i++)
		pthread_join(threads[i], NULL);

	bytes = read_file(directory, "1-1-00000001-0.log", &size);
	for (size_t at = 0; at < size;) {
		struct trace_chunk *chunk = (struct trace_chunk *)(bytes + at);

		ck_assert_uint_eq(chunk->magic, TRACE_CHUNK_MAGIC);
		ck_assert_uint_eq(chunk->header_hash, XXH3_64bits(chunk, offsetof(struct trace_chunk, header_hash)));
		ck_assert_uint_eq(chunk->payload_hash, XXH3_64bits(chunk + 1, chunk->stored_size));
		see(streams, chunk->stream, chunk->first, chunk->count);
		at += (sizeof(*chunk) + chunk->stored_size + 7) & ~7ull;
	}
	free(bytes);
	bytes = read_file(directory, "1-1-00000001-0.shared", &size);
	for (size_t at = 0; at < size; at += TRACE_EXTENT_ALIGN) {
		struct trace_ring *ring = (struct trace_ring *)(bytes + at);

		if (ring->extent.magic != TRACE_EXTENT_MAGIC || ring->extent.kind != TRACE_EXTENT_RING ||
		    ring->state == TRACE_RING_FREE)
			continue;
		see(streams, ring->stream, ring->first + ring->tail, ring->head - ring->tail);
		for (uint64_t i = ring->tail; i < ring->head; i++) {
			struct trace_event *event = (struct trace_event *)(ring + 1) + i;

			if (event->kind != TRACE_EVENT_REALLOC_OUT)
				ck_assert_uint_eq(event->size, event->stack);
		}
	}
	free(bytes);
	for (int i = 0; i < THREADS; i++) {
		for (uint64_t j = 0; j < total; j++)
			ck_assert_msg(streams[i].seen[j] == 1, "stream %d, event %lu: seen %lu times", i, j,
			              streams[i].seen[j]);
		free(streams[i].seen);
	}
	for (int i = 0; i < TRACE_LOST_KINDS; i++)
		ck_assert_uint_eq(process->header->lost[i], 0);
	record_stub_end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rings");
	TCase *tests = tcase_create("rings");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, every_event_once);
	suite_add_tcase(suite, tests);
	srunner_set_fork_status(runner, CK_NOFORK); /* the thread sanitizer cannot follow */
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
